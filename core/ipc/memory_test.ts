import assert from "node:assert/strict";
import { EFFECT_ARITY, EffectKind } from "../effect.ts";
import { AccessKind } from "../event.ts";
import { HEAP } from "../ledger/test_world.ts";
import { discardRange } from "../mem/unmap.ts";
import { resolveRange } from "../mem/user.ts";
import { E, MessageBench, Nr } from "./testing.ts";

/** First byte of the heap that no page was touched of. */
const UNTOUCHED = HEAP + 16 * 4096;

/** Bytes the last event asked to copy, frame to frame. */
function copied(b: MessageBench): number[] {
  const { words: w, length } = b.world.fx;
  const lengths: number[] = [];
  for (let at = 0; at < length; at += 1 + EFFECT_ARITY[w[at]]) {
    if (w[at] === EffectKind.Copy) lengths.push(w[at + 5]);
  }
  return lengths;
}

Deno.test("memory: a message is copied once, as much as both sides have", () => {
  for (const [length, room, moves] of [[5000, 3000, 3000], [100, 3000, 100], [0, 9, 0]]) {
    const b = new MessageBench();
    // What the fork made both share is each one's own again.
    for (const thread of [b.server, b.client]) {
      const hart = thread === b.server ? 0 : 1;
      const r = resolveRange(b.s, b.world.fx, hart, thread, HEAP, 8192, AccessKind.Write);
      assert.equal(r, 0);
    }
    b.blocks(0, Nr.receive, b.chid, HEAP, room, 0);
    b.enter(1, Nr.sendBytes, b.coid, HEAP + 100, length, HEAP, 10);
    assert.equal(copied(b).reduce((a, c) => a + c, 0), moves);
    b.pump();
    const receipt = b.results.get(b.server) ?? 0;
    assert.ok(receipt > 0);
    b.enter(0, Nr.replyBytes, receipt, 4, HEAP, 5000);
    assert.deepEqual(copied(b), [10], "as much as the client takes");
    b.pump();
    assert.equal(b.results.get(b.client), 4);
    b.check();
  }
});

Deno.test("memory: a server fetches what it wants of a message, from any byte on", () => {
  const b = new MessageBench();
  b.blocks(1, Nr.sendBytes, b.coid, HEAP, 9000, 0, 0);
  const receipt = b.done(0, Nr.receive, b.chid, 0, 0, 0);
  for (const [offset, length, moves] of [[0, 100, 100], [8990, 100, 10], [9000, 5, 0]]) {
    b.call(0, Nr.read, receipt, offset, UNTOUCHED, length);
    assert.equal(b.results.get(b.server), moves);
  }
  b.enter(0, Nr.read, receipt, 4000, UNTOUCHED, 200);
  assert.deepEqual(copied(b), [96, 104]);
  b.pump();
  assert.equal(b.done(0, Nr.read, receipt, 0, 8, 10), E.ESRVRFAULT);
  assert.equal(b.done(0, Nr.read, receipt + 4096, 0, UNTOUCHED, 10), E.ESRCH);
  assert.equal(b.done(0, Nr.reply, receipt, 0), 0);
  const second = b.received();
  assert.equal(b.done(0, Nr.read, second, 0, UNTOUCHED, 10), 0, "registers have no memory");
  b.check();
});

Deno.test("memory: a receiver whose buffer is not there makes it ready and finds the message", () => {
  const b = new MessageBench();
  b.blocks(0, Nr.receive, b.chid, UNTOUCHED, 100, UNTOUCHED + 4096);
  b.enter(1, Nr.sendBytes, b.coid, HEAP, 100, 0, 0);
  const channel = b.s.process.firstChannel[b.processOf(b.server)];
  assert.equal(b.s.channel.receiveHead[channel], 0, "I5: nobody waits beside the message");
  b.pump();
  assert.ok((b.results.get(b.server) ?? 0) > 0);
  assert.equal(b.waits(b.client), "MessageReply");
  b.check();
});

Deno.test("memory: an answer of the wrong length or kind is refused, and the client waits on", () => {
  const b = new MessageBench();
  b.blocks(1, Nr.sendBytes, b.coid, HEAP, 100, HEAP, 100);
  const receipt = b.done(0, Nr.receive, b.chid, HEAP, 100, 0);
  assert.equal(b.done(0, Nr.replyBytes, receipt, 0, HEAP, 2 ** 19), E.E2BIG);
  assert.equal(b.done(0, Nr.info, receipt, 8), E.EFAULT);
  assert.equal(b.done(0, Nr.info, receipt, HEAP), 0);
  assert.equal(b.done(0, Nr.info, receipt + 4096, HEAP), E.ESRCH);
  assert.equal(b.waits(b.client), "MessageReply");
  assert.equal(b.done(0, Nr.replyBytes, receipt, 9, HEAP, 100), 0);
  assert.equal(b.results.get(b.client), 9);
  // One that sent registers has no memory for a reply.
  const second = b.received();
  assert.equal(b.done(0, Nr.replyBytes, second, 0, HEAP, 10), E.E2BIG);
  assert.equal(b.done(0, Nr.replyBytes, second, 6, HEAP, 0), 0);
  assert.equal(b.results.get(b.client), 6);
  b.check();
});

Deno.test("memory: pages that went while a client waits come back for its server", () => {
  const b = new MessageBench();
  b.blocks(1, Nr.sendBytes, b.coid, HEAP, 100, UNTOUCHED, 100);
  const { s, world: { fx } } = b;
  // As another thread of the client may do it.
  const away = (page: number) => discardRange(s, fx, 1, b.client, page, page + 1);
  assert.equal(away(HEAP / 4096), 0);
  const receipt = b.done(0, Nr.receive, b.chid, HEAP, 100, 0);
  assert.ok(receipt > 0, "what was sent is zeros by now, as its program asked for");
  assert.equal(away(UNTOUCHED / 4096), 0);
  assert.equal(b.done(0, Nr.replyBytes, receipt, 3, HEAP, 100), 0);
  assert.equal(b.results.get(b.client), 3);
  b.check();
});

Deno.test("memory: a sender whose memory went while it waited gets the error, the server the next", () => {
  const b = new MessageBench();
  b.blocks(1, Nr.sendBytes, b.coid, HEAP, 100, 0, 0);
  // Its other threads could do this: the region goes while it is blocked.
  const space = b.s.process.space[b.processOf(b.client)];
  const region = b.s.addressSpace.firstRegion[space];
  const end = b.s.region.end[region];
  b.s.region.end[region] = b.s.region.start[region];
  b.blocks(0, Nr.receive, b.chid, HEAP, 100, 0);
  b.s.region.end[region] = end;
  assert.equal(b.results.get(b.client), E.EFAULT);
  assert.equal(b.waits(b.server), "MessageReceive");
});

Deno.test("memory: a buffer at the end of all numbers is none, whoever comes first", () => {
  // There a number of 64 bits is rounded, and an end is not above its beginning.
  const b = new MessageBench();
  b.blocks(1, Nr.sendBytes, b.coid, HEAP, 8, 0, 0);
  assert.equal(b.done(0, Nr.receive, b.chid, -22, 24, 0), E.EFAULT);
  const receipt = b.done(0, Nr.receive, b.chid, 0, 0, 0);
  assert.equal(b.done(0, Nr.read, receipt, 0, -22, 8), E.EFAULT);
  assert.equal(b.done(0, Nr.reply, receipt, 0), 0);
  b.enter(0, Nr.receive, b.chid, -22, 24, 0);
  b.call(1, Nr.sendBytes, b.coid, HEAP, 8, 0, 0);
  assert.equal(b.results.get(b.server), E.EFAULT);
  b.check();
});
