import assert from "node:assert/strict";
import { beginClosingNames, LAST_LIFE, NAME_SLOTS, slotOf } from "../cap/namespace.ts";
import { CapKind, PAGE_SLOTS, Right } from "../cap/tables.ts";
import { DESCRIPTORS, NAME_PAGES } from "../proc/tables.ts";
import { Signal } from "../proc/signal_numbers.ts";
import { HEAP } from "../ledger/test_world.ts";
import { Call } from "../proc/testing.ts";
import { ChannelFlag } from "./tables.ts";
import { E, MessageBench, Nr } from "./testing.ts";

const HANDLER = 0x5_0000;
const SET_ROBUST_LIST = 99;
const STALE = -3;
const TAKES = 0x0800_0000;

/** The tag of a message of so many bytes with capabilities, of which some are moved. */
function tag(length: number, count: number, moved = 0, flags = 0): number {
  return length + moved * 2 ** 20 + count * 2 ** 24 + flags;
}

/** A server that takes capabilities, and a client that has some. */
class CarryBench extends MessageBench {
  constructor(flags = 0) {
    super(ChannelFlag.Capabilities | flags);
  }

  /** A memory object of the thread on a hart. */
  memoryOf(hart: number): number {
    return this.done(hart, Nr.memory, 1);
  }

  kind(hart: number, token: number): number {
    const told = this.done(hart, Nr.identify, token);
    return told < 0 ? told : told & 0xff;
  }

  /** A capability below one of the server's, which the client has: both tokens. */
  lent(): { root: number; lent: number } {
    const root = this.memoryOf(0);
    const derived = this.done(0, Nr.derive, root, 0xff);
    const client = this.done(0, Nr.process, this.s.process.pid[this.processOf(this.client)]);
    return { root, lent: this.done(0, Nr.move, derived, client) };
  }

  /** Nodes that messages carry. */
  flying(): number {
    return this.s.message.carried.reduce((sum, count) => sum + count, 0);
  }

  receive(): number {
    this.tokens.fill(-1);
    return this.done(0, Nr.receive, this.chid, 0, 0, 0);
  }
}

for (const waits of [true, false]) {
  const when = waits ? "to a receiver that waits" : "by the queue";
  Deno.test(`capabilities in messages: copies and moves reach the receiver, ${when}`, () => {
    const b = new CarryBench();
    const [kept, gone] = [b.memoryOf(1), b.memoryOf(1)];
    if (waits) {
      b.tokens.fill(-1);
      b.blocks(0, Nr.receive, b.chid, 0, 0, 0);
    }
    b.blocks(1, Nr.sendCaps, b.coid, tag(8, 3, 0b010), kept, gone, b.coid);
    b.check();
    assert.equal(b.flying(), waits ? 0 : 3);
    const receipt = waits ? b.results.get(b.server) ?? 0 : b.receive();
    assert.ok(receipt > 0);
    const [first, second, connection, none] = b.tokens;
    assert.equal(none, -1, "a slot that carries nothing is not written");
    assert.equal(b.kind(0, first), CapKind.Memory);
    assert.equal(b.kind(0, second), CapKind.Memory);
    assert.equal(b.done(0, Nr.reply, receipt, 8), 0);
    assert.equal(b.kind(1, kept), CapKind.Memory);
    assert.equal(b.kind(1, gone), STALE);
    // What was received sends: to oneself it never returns, but the call is taken.
    b.check();
    b.blocks(0, Nr.send, connection, 8);
    b.check();
  });
}

/** What ends a message before it is received. */
const ENDS: Readonly<Record<string, (b: CarryBench) => void>> = {
  "a time limit": (b) => b.timer(1, 1_000_000_000),
  "a signal": (b) => assert.equal(b.call(0, Call.kill, 2, Signal.Usr1), 0),
  "the end of the channel": (b) => assert.equal(b.done(0, Nr.channelDestroy, b.chid), 0),
  "revoking the connection": (b) => assert.equal(b.call(0, Nr.revoke, b.chid), 0),
  "a receiver without room": (b) => {
    b.s.process.nameSlots[b.processOf(b.server)] += NAME_SLOTS;
    b.blocks(0, Nr.receive, b.chid, 0, 0, 0);
    b.s.process.nameSlots[b.processOf(b.server)] -= NAME_SLOTS;
    assert.equal(b.results.get(b.client), E.ENOSPC);
  },
};

for (const [what, end] of Object.entries(ENDS)) {
  Deno.test(`capabilities in messages: ${what} brings everything back`, () => {
    const b = new CarryBench();
    b.handle(1, Signal.Usr1, HANDLER);
    const [copied, moved] = [b.memoryOf(1), b.memoryOf(1)];
    assert.equal(b.done(1, Nr.timeout, 2, 1000), 0);
    b.blocks(1, Nr.sendCaps, b.coid, tag(0, 2, 0b10), copied, moved);
    b.check();
    assert.equal(b.flying(), 2);
    end(b);
    assert.equal(b.s.thread.call[b.client], 0, "its call has ended");
    assert.equal(b.flying(), 0);
    assert.equal(b.kind(1, copied), CapKind.Memory);
    assert.equal(b.kind(1, moved), CapKind.Memory, "it has its name again");
    b.check();
  });
}

Deno.test("capabilities in messages: a sender that is stopped sends them again", () => {
  const b = new CarryBench();
  const [copied, moved] = [b.memoryOf(1), b.memoryOf(1)];
  b.blocks(1, Nr.sendCaps, b.coid, tag(0, 2, 0b10), copied, moved);
  assert.equal(b.call(0, Call.kill, 2, Signal.Stop), 0);
  b.check();
  assert.equal(b.call(0, Call.kill, 2, Signal.Cont), 0);
  assert.equal(b.waits(b.client), "MessageSend");
  assert.ok(b.receive() > 0);
  assert.equal(b.kind(0, b.tokens[0]), CapKind.Memory);
  assert.equal(b.kind(0, b.tokens[1]), CapKind.Memory);
  b.check();
});

Deno.test("capabilities in messages: a sender that dies leaves nothing in flight", () => {
  const b = new CarryBench();
  // Its futexes take events of their own, before the rest of its end.
  assert.equal(b.done(1, SET_ROBUST_LIST, HEAP, 24), 0);
  b.blocks(1, Nr.sendCaps, b.coid, tag(0, 2, 0b10), b.memoryOf(1), b.memoryOf(1));
  assert.equal(b.call(0, Call.kill, 2, Signal.Kill), 0);
  b.check();
  assert.equal(b.flying(), 0);
  assert.equal(b.call(0, Call.wait4, 2, 0, 0, 0), 2);
  b.check();
});

for (const moved of [0, 1]) {
  const how = moved === 1 ? "moved" : "copied";
  Deno.test(`capabilities in messages: what is ${how} and revoked on the way is an empty slot`, () => {
    const b = new CarryBench();
    const { root, lent } = b.lent();
    const other = b.memoryOf(1);
    const names = b.s.process.names[b.processOf(b.client)];
    b.blocks(1, Nr.sendCaps, b.coid, tag(0, 2, moved), lent, other);
    assert.equal(b.done(0, Nr.revoke, root), 0);
    b.check();
    const receipt = b.receive();
    assert.equal(b.tokens[0], 0);
    assert.equal(b.kind(0, b.tokens[1]), CapKind.Memory);
    assert.equal(b.done(0, Nr.reply, receipt, 8), 0);
    assert.equal(b.kind(1, lent), STALE);
    const left = b.s.process.names[b.processOf(b.client)];
    assert.equal(left, names - 1, "it goes with the name it was moved from");
    b.check();
  });
}

Deno.test("capabilities in messages: what is received is revoked with what it came from", () => {
  const b = new CarryBench();
  const { root, lent } = b.lent();
  b.blocks(1, Nr.sendCaps, b.coid, tag(0, 1), lent);
  const receipt = b.receive();
  assert.equal(b.done(0, Nr.revoke, root), 0);
  assert.equal(b.kind(0, b.tokens[0]), STALE);
  assert.equal(b.done(0, Nr.reply, receipt, 8), 0);
  b.check();
});

Deno.test("capabilities in messages: a moved name means nothing while its message waits", () => {
  const b = new CarryBench();
  const moved = b.memoryOf(1);
  b.blocks(1, Nr.sendCaps, b.coid, tag(0, 1, 1), moved);
  // Another thread of its process would ask; here the namespace itself does.
  const process = b.processOf(b.client);
  const other = b.s.thread.process[b.server];
  b.s.thread.process[b.server] = process;
  assert.equal(b.kind(0, moved), STALE);
  b.s.thread.process[b.server] = other;
  b.check();
});

Deno.test("capabilities in messages: open files come as descriptors, never as 0", () => {
  const b = new CarryBench();
  assert.equal(b.done(1, Call.pipe2, HEAP, 0), 0);
  b.blocks(1, Nr.sendCaps, b.coid, tag(0, 2), 0, 1);
  const receipt = b.receive();
  assert.deepEqual(b.tokens.slice(0, 2), [1, 2]);
  const at = DESCRIPTORS * b.processOf(b.server);
  assert.deepEqual([...b.s.process.descriptorFlags.slice(at, at + 4)], [0, 1, 1, 0]);
  assert.equal(b.done(0, Nr.reply, receipt, 8), 0);
  b.check();
  // Without a number left they do not come.
  const { descriptors } = b.s.process;
  descriptors[b.processOf(b.server)] = DESCRIPTORS - 2;
  assert.equal(b.done(1, Nr.sendCaps, b.coid, tag(0, 2), 0, 1), E.ENOSPC);
  descriptors[b.processOf(b.server)] = 2;
  b.check();
});

Deno.test("capabilities in messages: what may not go is refused, and nothing is done", () => {
  const b = new CarryBench();
  const memory = b.memoryOf(1);
  const bare = b.done(1, Nr.derive, memory, Right.Read);
  const stale = b.memoryOf(1);
  assert.equal(b.done(1, Nr.deleteToken, stale), 0);
  const send = (word: number, ...tokens: number[]) =>
    b.done(1, Nr.sendCaps, b.coid, word, ...tokens);
  assert.equal(send(tag(65, 0)), E.EINVAL);
  assert.equal(send(tag(8, 5)), E.EINVAL);
  assert.equal(send(tag(8, 1, 0b10), memory, memory), E.EINVAL, "a moved slot that is none");
  for (const bit of [7, 19, 28, 29, 30]) assert.equal(send(tag(0, 1) + 2 ** bit, memory), E.EINVAL);
  assert.equal(send(tag(8, 1), 77 * 4096), E.EBADF);
  assert.equal(send(tag(8, 1), stale), E.ESTALE);
  assert.equal(send(tag(8, 2), memory, bare), E.EPERM);
  assert.equal(b.done(1, Call.pipe2, HEAP, 0), 0);
  assert.equal(send(tag(8, 1, 1), 0), E.EINVAL, "a descriptor is not moved");
  assert.equal(send(tag(8, 2, 0b10), memory, memory), E.EINVAL, "moved, and named twice");
  assert.equal(b.done(1, Nr.sendCaps, b.coid + 4096, tag(8, 1), memory), E.EBADF);
  const server = b.processOf(b.server);
  beginClosingNames(b.s, server);
  assert.equal(send(tag(8, 1), memory), E.ENOSPC);
  b.s.process.namesClosing[server] = 0;
  assert.equal(b.flying(), 0);
  assert.equal(b.kind(1, memory), CapKind.Memory);
  const plain = b.done(0, Nr.channelCreate, 0);
  const coid = b.done(1, Nr.attach, 1, plain);
  assert.equal(b.done(1, Nr.sendCaps, coid, tag(8, 1), memory), E.EOPNOTSUPP);
  b.check();
});

Deno.test("capabilities in messages: room is counted to the name, in the order of the names", () => {
  const b = new CarryBench();
  const { namePage, process } = b.s;
  const server = b.processOf(b.server);
  const memory = b.memoryOf(1);
  const spare = [b.memoryOf(0), b.memoryOf(0)];
  for (const token of spare) assert.equal(b.done(0, Nr.deleteToken, token), 0);
  // Two slots are free, of which the first is good for a name, but not for a connection's.
  const page = process.namePage[server * NAME_PAGES] * PAGE_SLOTS;
  namePage.lives[page + slotOf(spare[0])] = LAST_LIFE >>> 1;
  const slots = process.nameSlots[server];
  b.blocks(1, Nr.sendCaps, b.coid, tag(0, 2), b.coid, memory);
  process.nameSlots[server] = NAME_SLOTS;
  b.blocks(0, Nr.receive, b.chid, 0, 0, 0);
  assert.equal(b.results.get(b.client), E.ENOSPC, "there was room when it was sent");
  const send = (...tokens: number[]) =>
    b.done(1, Nr.sendCaps, b.coid, tag(0, tokens.length), ...tokens);
  assert.equal(send(memory, memory, memory), E.ENOSPC);
  assert.equal(send(b.coid, memory), E.ENOSPC);
  b.tokens.fill(-1);
  b.blocks(1, Nr.sendCaps, b.coid, tag(0, 2), memory, b.coid);
  assert.deepEqual(b.tokens.slice(0, 2).map(slotOf), spare.map(slotOf));
  process.nameSlots[server] = slots;
  assert.equal(b.done(0, Nr.reply, b.results.get(b.server) ?? 0, 8), 0);
  b.check();
});

Deno.test("capabilities in messages: an answer carries them to a client that takes them", () => {
  const b = new CarryBench();
  const [copied, moved] = [b.memoryOf(0), b.memoryOf(0)];
  const answer = (receipt: number) =>
    b.done(0, Nr.replyCaps, receipt, tag(8, 2, 0b10), copied, moved);
  b.blocks(1, Nr.send, b.coid, 8);
  let receipt = b.receive();
  assert.equal(answer(receipt), E.EOPNOTSUPP, "its registers are its own");
  assert.equal(b.waits(b.client), "MessageReply");
  assert.equal(b.done(0, Nr.replyCaps, receipt, 5 * 2 ** 32 + 8), 0);
  assert.equal(b.results.get(b.client), 5);
  b.blocks(1, Nr.sendCaps, b.coid, tag(8, 0, 0, TAKES));
  receipt = b.receive();
  const client = b.processOf(b.client);
  b.s.process.nameSlots[client] += NAME_SLOTS;
  assert.equal(answer(receipt), E.ENOSPC);
  b.s.process.nameSlots[client] -= NAME_SLOTS;
  assert.equal(b.waits(b.client), "MessageReply", "it waits on");
  b.check();
  assert.equal(answer(receipt), 0);
  assert.equal(b.results.get(b.client), 0);
  assert.equal(b.kind(1, b.tokens[0]), CapKind.Memory);
  assert.equal(b.kind(1, b.tokens[1]), CapKind.Memory);
  assert.equal(b.kind(0, copied), CapKind.Memory);
  assert.equal(b.kind(0, moved), STALE);
  assert.equal(answer(receipt), E.ESRCH);
  b.check();
});
