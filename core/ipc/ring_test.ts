import assert from "node:assert/strict";
import { EFFECT_ARITY, EffectKind } from "../effect.ts";
import { Account } from "../ledger/accounts.ts";
import { Call } from "../proc/testing.ts";
import { makeRecount } from "../ledger/recount.ts";
import { makeWorld } from "../ledger/test_world.ts";
import { UNITS } from "../limits.ts";
import { createChannel } from "./channel.ts";
import { attach } from "./connection.ts";
import { postMessage } from "./ring.ts";
import { RING_LIMIT, RING_QUOTA } from "./tables.ts";
import { TagFlag } from "./tag.ts";
import { drainEnds, hasDyingEnds, releaseEnds } from "./teardown.ts";
import { E, MessageBench, Nr } from "./testing.ts";

/** The client's connection to a channel of the server with a ring of `capacity`. */
function ringBench(capacity: number): { b: MessageBench; chid: number; coid: number } {
  const b = new MessageBench();
  const chid = b.done(0, Nr.createAsync, 0, capacity);
  return { b, chid, coid: b.done(1, Nr.attach, 1, chid) };
}

/** Registers a thread was given by the last event, by number. */
function given(b: MessageBench, thread: number): Map<number, number> {
  const { words, length } = b.world.fx;
  const registers = new Map<number, number>();
  for (let at = 0; at < length; at += 1 + EFFECT_ARITY[words[at]]) {
    if (words[at] !== EffectKind.SetRegister || words[at + 1] !== thread) continue;
    registers.set(words[at + 2], words[at + 3] >>> 0);
  }
  return registers;
}

/** The server receives from a channel: the first word of a post, 0 where it is something else. */
function receiveWord(b: MessageBench, chid: number): number {
  const result = b.done(0, Nr.receive, chid, 0, 0, 0);
  b.check();
  const registers = given(b, b.server);
  const posted = ((registers.get(11) ?? 0) & TagFlag.Posted) !== 0;
  assert.ok(!posted || result === 0, "a post has no receipt");
  return posted ? registers.get(12) ?? 0 : 0;
}

Deno.test("ring: posts come as they were sent, whoever waits, and say whose they are", () => {
  const { b, chid, coid } = ringBench(3);
  assert.equal(b.done(1, Nr.post, coid, 32, 1, 2, 3, 4), 0, "nobody waits");
  const channel = b.s.process.firstChannel[b.processOf(b.server)];
  assert.equal(b.s.channel.ringUsed[channel], 1);
  b.check();
  assert.equal(b.done(0, Nr.receive, chid, 0, 0, 0), 0);
  const late = given(b, b.server);
  b.blocks(0, Nr.receive, chid, 0, 0, 0);
  b.enter(1, Nr.post, coid, 32, 1, 2, 3, 4);
  const early = given(b, b.server);
  b.pump();
  assert.equal(b.results.get(b.server), 0);
  assert.deepEqual([...early], [...late], "the same registers either way");
  assert.equal(early.get(11), TagFlag.Posted + 32);
  assert.deepEqual([12, 13, 14, 15].map((r) => early.get(r)), [1, 2, 3, 4]);
  assert.ok((early.get(16) ?? 0) > 0, "the session");
  b.check();
});

Deno.test("ring: what it may hold is exact, and full is an error that costs nothing", () => {
  const { b, chid, coid } = ringBench(3);
  for (const word of [1, 2, 3]) assert.equal(b.done(1, Nr.post, coid, 8, word), 0);
  const pending = b.s.account.balance[Account.PostPending];
  assert.equal(b.done(1, Nr.post, coid, 8, 4), E.EAGAIN, "full");
  assert.equal(b.s.account.balance[Account.PostPending], pending);
  assert.equal(receiveWord(b, chid), 1);
  assert.equal(b.done(1, Nr.post, coid, 8, 5), 0, "room again");
  assert.deepEqual([2, 3, 5].map(() => receiveWord(b, chid)), [2, 3, 5]);
  b.blocks(0, Nr.receive, chid, 0, 0, 0);
  b.check();
});

Deno.test("ring: its first entry goes before others by priority, then by arrival", () => {
  const { b, chid, coid } = ringBench(8);
  assert.equal(b.done(1, Nr.pulse, coid, 0xffff_ffff, 1, 0), 0, "a pulse first");
  assert.equal(b.done(1, Nr.post, coid, 8, 7), 0);
  assert.equal(b.done(1, Nr.pulse, coid, 200, 2, 0), 0, "a pulse of more priority");
  assert.equal(b.done(1, Nr.pulse, coid, 0xffff_ffff, 3, 0), 0, "a later one");
  assert.equal(b.done(1, Nr.post, coid, 8, 8), 0);
  b.blocks(1, Nr.send, coid, 8);
  const order = [1, 2, 3, 4, 5, 6].map(() => receiveWord(b, chid));
  assert.deepEqual(order, [0, 0, 7, 0, 8, 0], `pulse, pulse, 7, pulse, 8, message, not ${order}`);
});

Deno.test("ring: what is no post, no ring or no capacity is refused", () => {
  const { b, coid } = ringBench(3);
  assert.equal(b.done(1, Nr.post, coid, 33), E.EINVAL);
  assert.equal(b.done(1, Nr.post, b.chid, 8), E.EBADF);
  assert.equal(b.done(1, Nr.post, b.coid, 8), E.EOPNOTSUPP, "a channel without a ring");
  for (const capacity of [0, RING_LIMIT + 1, 2 ** 40]) {
    assert.equal(b.done(0, Nr.createAsync, 0, capacity), E.EINVAL);
  }
  assert.equal(b.done(0, Nr.createAsync, 256, 4), E.EINVAL, "an unknown flag");
  b.check();
});

Deno.test("ring: a process may have so many entries, and has them back with its channels", () => {
  const b = new MessageBench();
  const channels: number[] = [];
  for (let n = 0; n < RING_QUOTA / RING_LIMIT; n++) {
    channels.push(b.done(0, Nr.createAsync, 0, RING_LIMIT));
  }
  assert.equal(b.done(0, Nr.createAsync, 0, 1), E.EAGAIN, "its quota");
  assert.ok(b.done(1, Nr.createAsync, 0, RING_LIMIT) > 0, "another process has its own");
  b.check();
  assert.equal(b.done(0, Nr.channelDestroy, channels[0]), 0);
  b.check();
  assert.ok(b.done(0, Nr.createAsync, 0, RING_LIMIT) > 0);
  b.enter(1, Call.exit, 0);
  b.pump();
  b.check();
});

Deno.test("ring: a full one goes with its channel in bounded events, the books right after each", () => {
  const w = makeWorld({ ringEntry: 2 * RING_LIMIT + 1 });
  const { s, fx } = w;
  const recount = makeRecount(s);
  for (let n = 0; n < 2; n++) {
    const id = createChannel(s, w.init, 0, RING_LIMIT);
    assert.ok(attach(s, fx, w.init, 0, id) > 0);
    const channel = s.process.firstChannel[w.init];
    const words = new Uint32Array(8);
    const connection = s.process.firstConnection[w.init];
    for (let i = 0; i < RING_LIMIT; i++) {
      assert.equal(postMessage(s, fx, 0, channel, connection, 1 + i % 9, 32, words, 0), 0);
    }
  }
  assert.equal(createChannel(s, w.init, 0, 2), -31, "the rest of the rows is set aside");
  let events = 0;
  do {
    fx.clear();
    assert.ok(++events < 10, "it comes to an end");
    releaseEnds(s, fx, w.init);
    drainEnds(s, fx, 0);
    assert.ok(fx.woken <= UNITS, `${fx.woken} units`);
    assert.deepEqual(recount().map((f) => f.text), []);
  } while (hasDyingEnds(s));
  assert.ok(events >= 2, `${events} events`);
  assert.equal(s.account.balance[Account.RingReserved], 0);
});

Deno.test("bind: one thread waits for several channels, and is told of what waits already", () => {
  const { b, chid, coid } = ringBench(3);
  const token = b.done(0, Nr.notificationCreate);
  assert.equal(b.done(1, Nr.post, coid, 8, 1), 0);
  assert.equal(b.done(0, Nr.bind, chid, token, 4), 0);
  assert.equal(b.done(0, Nr.bind, b.chid, token, 2), 0);
  assert.equal(b.done(0, Nr.notificationPoll, token), 4, "of the post that waits");
  b.blocks(0, Nr.notificationWait, token, 0);
  b.blocks(1, Nr.send, b.coid, 8);
  assert.equal(b.results.get(b.server), 2, "of a message");
  assert.ok(b.done(0, Nr.receive, b.chid, 0, 0, 0) > 0);
  b.check();
});

Deno.test("bind: pulses signal too, each; what a receiver gets at once does not", () => {
  const { b, chid, coid } = ringBench(3);
  const token = b.done(0, Nr.notificationCreate);
  assert.equal(b.done(0, Nr.bind, chid, token, 4), 0);
  for (let i = 0; i < 2; i++) {
    assert.equal(b.done(1, Nr.pulse, coid, 5, 1, 1), 0);
    assert.equal(b.done(0, Nr.notificationPoll, token), 4, "equal ones each");
  }
  for (let i = 0; i < 2; i++) assert.equal(b.done(0, Nr.receive, chid, 0, 0, 0), 0);
  b.blocks(0, Nr.receive, chid, 0, 0, 0);
  assert.equal(b.done(1, Nr.post, coid, 8, 1), 0);
  assert.equal(b.done(0, Nr.notificationPoll, token), 0);
  assert.equal(b.done(0, Nr.bind, chid, 0, 0), 0);
  assert.equal(b.done(1, Nr.post, coid, 8, 1), 0);
  assert.equal(b.done(0, Nr.notificationPoll, token), 0, "not bound any more");
  b.check();
});

Deno.test("bind: it lasts as long as the capability it was made by", () => {
  const { b, chid, coid } = ringBench(3);
  const token = b.done(0, Nr.notificationCreate);
  const derived = b.done(0, 601, token, 0xff);
  const mute = b.done(0, 601, token, 32);
  assert.equal(b.done(0, Nr.bind, chid, mute, 1), E.EPERM, "no right to signal");
  assert.equal(b.done(0, Nr.bind, chid, b.chid, 1), E.EINVAL, "another kind");
  assert.equal(b.done(0, Nr.bind, chid, 9999, 1), E.EBADF);
  assert.equal(b.done(0, Nr.bind, chid, derived, 0), E.EINVAL);
  assert.equal(b.done(0, Nr.bind, chid, derived, 2 ** 31), E.EINVAL);
  assert.equal(b.done(0, Nr.bind, 9999, derived, 1), E.ESRCH);
  assert.equal(b.done(0, Nr.bind, chid, derived, 1), 0);
  assert.equal(b.done(1, Nr.post, coid, 8, 1), 0);
  assert.equal(b.done(0, Nr.notificationPoll, token), 1);
  assert.equal(b.done(0, Nr.revoke, token), 0);
  assert.equal(b.done(1, Nr.post, coid, 8, 1), 0);
  assert.equal(b.done(0, Nr.notificationPoll, token), 0, "it was revoked");
  b.check();
});
