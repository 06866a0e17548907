import assert from "node:assert/strict";
import { AccessKind } from "../event.ts";
import { ONE } from "../kernel.ts";
import { HEAP } from "../ledger/test_world.ts";
import { freeFrame } from "../mem/frame.ts";
import { leaveSlot, takeSlot } from "../mem/space.ts";
import { RegionFlag } from "../mem/tables.ts";
import { peekUser, resolve } from "../mem/user.ts";
import { Call } from "../proc/testing.ts";
import { Pass } from "./tables.ts";
import { E, MessageBench, Nr } from "./testing.ts";

const PAGE = 4096;
/** First byte of the heap that no page was touched of. */
const UNTOUCHED = HEAP + 16 * PAGE;
const BUFFER = UNTOUCHED + 8 * PAGE;

class PageBench extends MessageBench {
  /** The frame a thread has at a page, 0 where it cannot use it so. */
  frame(thread: number, address: number, access: number = AccessKind.Read): number {
    return peekUser(this.s, thread, address, access);
  }

  /** What a thread's store to a page comes to. */
  store(hart: number, thread: number, address: number): number {
    this.world.fx.clear();
    return resolve(this.s, this.world.fx, hart, thread, address, AccessKind.Write);
  }

  /** Pages of the client's own, none of which it shares with its parent. */
  own(pages: number): number[] {
    return Array.from(
      { length: pages },
      (_, i) => this.store(1, this.client, UNTOUCHED + i * PAGE),
    );
  }

  /** The client sends pages; the server gets them at BUFFER. */
  pass(how: number, pages: number, room = pages * PAGE, at = BUFFER, info = 0): number {
    this.blocks(1, Nr.sendPages, this.coid, UNTOUCHED, pages * PAGE, HEAP, 10, how);
    return this.done(0, Nr.receive, this.chid, at, room, info);
  }
}

Deno.test("handover: pages that are moved are the receiver's, and the sender's read zero", () => {
  const b = new PageBench();
  const frames = b.own(3);
  const replaced = b.store(0, b.server, BUFFER + PAGE);
  const receipt = b.pass(Pass.Moved, 3);
  assert.ok(receipt > 0);
  for (let i = 0; i < 3; i++) {
    assert.equal(b.frame(b.server, BUFFER + i * PAGE, AccessKind.Write), frames[i]);
    assert.equal(b.frame(b.client, UNTOUCHED + i * PAGE), 0);
    assert.equal(b.s.frame.refs[frames[i]], 1);
  }
  assert.equal(b.s.frame.refs[replaced], 0, "what the receiver had there is gone");
  b.check();
  assert.ok(b.store(1, b.client, UNTOUCHED) > 0);
  assert.equal(b.done(0, Nr.replyBytes, receipt, 0, BUFFER, 10), 0);
  b.check();
});

Deno.test("handover: pages that are shared are both's until either writes", () => {
  const b = new PageBench();
  const frames = b.own(2);
  b.pass(Pass.Shared, 2);
  for (let i = 0; i < 2; i++) {
    for (const [thread, at] of [[b.server, BUFFER], [b.client, UNTOUCHED]]) {
      assert.equal(b.frame(thread, at + i * PAGE), frames[i]);
      assert.equal(b.frame(thread, at + i * PAGE, AccessKind.Write), 0);
    }
    assert.equal(b.s.frame.refs[frames[i]], 2);
  }
  b.check();
  const copy = b.store(0, b.server, BUFFER);
  assert.notEqual(copy, frames[0]);
  assert.equal(b.store(1, b.client, UNTOUCHED), frames[0], "who is left writes in place");
  b.check();
});

Deno.test("handover: a page that a fork shares already goes as it is, and is not written by two", () => {
  const b = new PageBench();
  b.blocks(1, Nr.sendPages, b.coid, HEAP, PAGE, 0, 0, Pass.Moved);
  const frame = b.frame(b.client, HEAP);
  assert.equal(b.s.frame.refs[frame], 2);
  assert.ok(b.done(0, Nr.receive, b.chid, BUFFER, PAGE, 0) > 0);
  assert.equal(b.frame(b.server, BUFFER), frame);
  assert.equal(b.frame(b.server, BUFFER, AccessKind.Write), 0);
  assert.equal(b.s.frame.refs[frame], 2);
  b.check();
});

/** What makes the bytes be copied, the pages staying where they are. */
const COPIED: Readonly<Record<string, (b: PageBench) => number>> = {
  "a buffer that begins within a page": (b) => b.pass(Pass.Moved, 2, 2 * PAGE, BUFFER + 8),
  "room for part of a page": (b) => b.pass(Pass.Moved, 2, 2 * PAGE - 1),
  "information in the buffer": (b) => b.pass(Pass.Shared, 2, 2 * PAGE, BUFFER, BUFFER + PAGE - 1),
  "a buffer in shared memory": (b) => {
    const space = b.s.process.space[b.processOf(b.server)];
    const { flags } = b.s.region;
    const region = b.s.addressSpace.firstRegion[space];
    b.store(0, b.server, BUFFER);
    b.store(0, b.server, BUFFER + PAGE);
    flags[region] |= RegionFlag.Shared;
    const receipt = b.pass(Pass.Moved, 2);
    flags[region] &= ~RegionFlag.Shared;
    return receipt;
  },
};

for (const [what, pass] of Object.entries(COPIED)) {
  Deno.test(`handover: ${what} has the bytes copied`, () => {
    const b = new PageBench();
    const frames = b.own(2);
    assert.ok(pass(b) > 0);
    for (let i = 0; i < 2; i++) {
      assert.equal(b.frame(b.client, UNTOUCHED + i * PAGE, AccessKind.Write), frames[i]);
      assert.notEqual(b.frame(b.server, BUFFER + i * PAGE), frames[i]);
    }
    b.check();
  });
}

Deno.test("handover: threads of one space copy", () => {
  const b = new PageBench();
  const own = b.done(1, Nr.channelCreate, 0);
  const self = b.done(1, Nr.attach, 0, own);
  const [frame] = b.own(1);
  b.blocks(1, Nr.sendPages, self, UNTOUCHED, PAGE, 0, 0, Pass.Moved);
  // Its own message, as another thread of it would receive it.
  const process = b.s.thread.process[b.server];
  b.s.thread.process[b.server] = b.processOf(b.client);
  assert.ok(b.done(0, Nr.receive, own, BUFFER, PAGE, 0) > 0);
  b.s.thread.process[b.server] = process;
  assert.equal(b.frame(b.client, UNTOUCHED), frame);
});

Deno.test("handover: the receiver goes on when no hart can reach the sender's pages", () => {
  const b = new PageBench();
  const [frame] = b.own(1);
  const old = b.store(0, b.server, BUFFER);
  b.blocks(1, Nr.sendPages, b.coid, UNTOUCHED, PAGE, 0, 0, Pass.Moved);
  b.held.add(1);
  b.blocks(0, Nr.receive, b.chid, BUFFER, PAGE, 0);
  assert.equal(b.waits(b.server), "Shootdown");
  assert.equal(b.frame(b.server, BUFFER), frame);
  assert.throws(() => freeFrame(b.s, frame), /unreferenced/);
  assert.equal(b.s.frame.refs[old], 0);
  b.check();
  b.held.delete(1);
  b.pump();
  assert.ok((b.results.get(b.server) ?? 0) > 0);
  assert.equal(b.s.memory.firstShootdown[ONE], 0);
  b.check();
});

Deno.test("handover: a receiver that ran elsewhere too has both sides' translations forgotten", () => {
  for (const [used, sent] of [[true, 2], [false, 1]]) {
    const b = new PageBench();
    b.own(1);
    if (used) b.store(0, b.server, BUFFER);
    b.s.addressSpace.ranOnLo[b.s.process.space[b.processOf(b.server)]] |= 2;
    b.blocks(1, Nr.sendPages, b.coid, UNTOUCHED, PAGE, 0, 0, Pass.Moved);
    b.held.add(1);
    const before = b.s.memory.shootdowns[ONE];
    b.blocks(0, Nr.receive, b.chid, BUFFER, PAGE, 0);
    assert.equal(b.s.memory.shootdowns[ONE] - before, sent);
    b.held.delete(1);
    b.pump();
    assert.ok((b.results.get(b.server) ?? 0) > 0);
    b.check();
  }
});

Deno.test("handover: it takes its turn with other changes of either space", () => {
  for (const side of ["server", "client"] as const) {
    const b = new PageBench();
    b.own(1);
    b.blocks(1, Nr.sendPages, b.coid, UNTOUCHED, PAGE, 0, 0, Pass.Shared);
    const space = b.s.process.space[b.processOf(b[side])];
    takeSlot(b.s, b.client, space);
    b.blocks(0, Nr.receive, b.chid, BUFFER, PAGE, 0);
    assert.equal(b.waits(b.server), "SpaceOperation");
    assert.equal(b.waits(b.client), "MessageSend");
    leaveSlot(b.s, b.world.fx, 0, b.client, space);
    b.timer(0, 1_000_000_000);
    assert.ok((b.results.get(b.server) ?? 0) > 0);
    b.check();
  }
});

Deno.test("handover: a receiver that waits already is passed them too", () => {
  const b = new PageBench();
  const [frame] = b.own(1);
  b.blocks(0, Nr.receive, b.chid, BUFFER, PAGE, 0);
  b.blocks(1, Nr.sendPages, b.coid, UNTOUCHED, PAGE, 0, 0, Pass.Moved);
  assert.ok((b.results.get(b.server) ?? 0) > 0);
  assert.equal(b.frame(b.server, BUFFER), frame);
  b.check();
});

Deno.test("handover: what is no page, and a reply into what is sent, are refused", () => {
  const b = new PageBench();
  const send = (at: number, length: number, reply: number, room: number, how: number) =>
    b.done(1, Nr.sendPages, b.coid, at, length, reply, room, how);
  for (const how of [0, 1, 4, -1]) assert.equal(send(HEAP, PAGE, 0, 0, how), E.EINVAL);
  assert.equal(send(HEAP + 8, PAGE, 0, 0, Pass.Moved), E.EINVAL);
  assert.equal(send(HEAP, PAGE + 8, 0, 0, Pass.Moved), E.EINVAL);
  assert.equal(send(HEAP, 2 * PAGE, HEAP + PAGE + 9, 10, Pass.Shared), E.EINVAL);
  assert.equal(send(HEAP, 65 * PAGE, 0, 0, Pass.Moved), E.E2BIG);
  assert.equal(send(8 * PAGE, PAGE, 0, 0, Pass.Moved), E.EFAULT);
  assert.equal(b.call(0, Call.yield), 0);
  b.check();
});
