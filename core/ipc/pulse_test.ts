import assert from "node:assert/strict";
import { closeNames } from "../cap/naming.ts";
import { UNITS } from "../limits.ts";
import { Account } from "../ledger/accounts.ts";
import { makeRecount } from "../ledger/recount.ts";
import { makeWorld } from "../ledger/test_world.ts";
import { freeRows } from "../state/table.ts";
import { createChannel } from "./channel.ts";
import { attach } from "./connection.ts";
import { sendPulse } from "./pulse.ts";
import { ChannelFlag, CONNECTIONS, PULSES } from "./tables.ts";
import { drainEnds, hasDyingEnds, releaseEnds } from "./teardown.ts";
import { E, MessageBench, Nr } from "./testing.ts";

Deno.test("pulse: it goes before messages of less priority, and among equals as it came", () => {
  const b = new MessageBench();
  assert.equal(b.done(1, Nr.pulse, b.coid, 5, 1, 10), 0);
  assert.equal(b.done(1, Nr.pulse, b.coid, 20, 2, 20), 0);
  assert.equal(b.done(1, Nr.pulse, b.coid, 0xffff_ffff, 3, 30), 0, "the sender's own priority");
  b.blocks(1, Nr.send, b.coid, 8);
  const pulses = b.s.channel.firstPulse;
  const channel = b.s.process.firstChannel[b.processOf(b.server)];
  const codes: number[] = [];
  for (let i = 0; i < 4; i++) {
    const pulse = pulses[channel];
    const code = b.s.pulse.code[pulse];
    const result = b.done(0, Nr.receive, b.chid, 0, 0, 0);
    codes.push(result > 0 ? 0 : code);
    b.check();
  }
  assert.deepEqual(codes, [2, 3, 0, 1], "20, then 10 before 10, then 5");
});

Deno.test("pulse: what a receiver's buffer cannot hold stays", () => {
  const b = new MessageBench();
  b.blocks(0, Nr.receive, b.chid, 0, 23, 0);
  assert.equal(b.done(1, Nr.pulse, b.coid, 5, 1, 10), 0);
  assert.equal(b.results.get(b.server), E.EFAULT);
  assert.equal(b.done(0, Nr.receive, b.chid, 0, 24, 0), 0);
  b.check();
});

Deno.test("pulse: codes and priorities that are none are refused", () => {
  const b = new MessageBench();
  assert.equal(b.done(1, Nr.pulse, b.coid, 256, 1, 0), E.EINVAL);
  assert.equal(b.done(1, Nr.pulse, b.coid, 0xffff_fffe, 1, 0), E.EINVAL);
  assert.equal(b.done(1, Nr.pulse, b.coid, 5, 128, 0), E.EINVAL);
  assert.equal(b.done(1, Nr.pulse, b.coid, 5, 0xffff_ffff, 0), E.EINVAL, "the kernel's own");
  assert.equal(b.done(1, Nr.pulse, b.chid, 5, 1, 0), E.EBADF);
  b.check();
});

Deno.test("pulse: the last connection of a process announces its end, and only that", () => {
  const b = new MessageBench(ChannelFlag.Disconnect);
  const other = b.done(1, Nr.attach, 1, b.chid);
  assert.equal(b.done(1, Nr.detach, b.coid), 0);
  const channel = b.s.process.firstChannel[b.processOf(b.server)];
  assert.equal(b.s.channel.firstPulse[channel], 0);
  assert.equal(b.done(1, Nr.detach, other), 0);
  assert.equal(b.s.pulse.code[b.s.channel.firstPulse[channel]], -2);
  assert.equal(b.done(0, Nr.receive, b.chid, 0, 0, 0), 0);
  b.check();
});

Deno.test("pulse: a process is told which of its connections lost their channels", () => {
  const b = new MessageBench();
  const own = b.done(1, Nr.channelCreate, ChannelFlag.ConnectionDeath);
  b.blocks(1, Nr.receive, own, 0, 0, 0);
  assert.equal(b.done(0, Nr.channelDestroy, b.chid), 0);
  assert.equal(b.results.get(b.client), 0, "the pulse");
  assert.equal(b.done(1, Nr.send, b.coid, 8), E.EBADF);
  assert.equal(b.done(1, Nr.detach, b.coid), 0);
  b.check();
});

/** Codes of what is received until nothing waits, 100 for a message; the sender's session is one. */
function receiveAll(b: MessageBench): number[] {
  const channel = b.s.process.firstChannel[b.processOf(b.server)];
  const codes: number[] = [];
  while (b.s.channel.firstPulse[channel] + b.s.channel.sendHead[channel] !== 0) {
    const code = b.s.pulse.code[b.s.channel.firstPulse[channel]];
    codes.push(b.done(0, Nr.receive, b.chid, 0, 0, 0) > 0 ? 100 : code);
    b.check();
  }
  return codes;
}

Deno.test("pulse: equal ones in a row share one, and are received one by one", () => {
  const b = new MessageBench();
  const rows = freeRows(b.s.pulse);
  for (let i = 0; i < 40; i++) assert.equal(b.done(1, Nr.pulse, b.coid, 5, 1, 10), 0);
  assert.equal(freeRows(b.s.pulse), rows - 1);
  b.check();
  assert.equal(b.done(1, Nr.pulse, b.coid, 5, 1, 11), 0, "another value");
  assert.equal(b.done(1, Nr.pulse, b.coid, 5, 1, 11), 0);
  assert.equal(b.done(1, Nr.pulse, b.coid, 6, 1, 11), 0, "another priority");
  assert.equal(b.done(1, Nr.pulse, b.coid, 5, 2, 11), 0, "another code");
  assert.equal(freeRows(b.s.pulse), rows - 4, "each other one takes a row");
  const codes = receiveAll(b);
  assert.equal(codes.length, 44);
  assert.equal(codes.at(-1), 2);
  assert.equal(freeRows(b.s.pulse), rows);
});

Deno.test("pulse: none goes before what came between it and its like", () => {
  const b = new MessageBench();
  const own = b.done(0, Nr.attach, 0, b.chid);
  assert.equal(b.done(1, Nr.pulse, b.coid, 0xffff_ffff, 1, 0), 0);
  assert.equal(b.done(0, Nr.pulse, own, 0xffff_ffff, 1, 0), 0, "of another session");
  assert.equal(b.done(0, Nr.pulse, own, 0xffff_ffff, 2, 0), 0);
  b.blocks(1, Nr.send, b.coid, 8);
  assert.equal(b.done(0, Nr.pulse, own, 0xffff_ffff, 2, 0), 0);
  assert.equal(b.done(0, Nr.pulse, own, 0xffff_ffff, 2, 0), 0);
  const order = receiveAll(b);
  assert.deepEqual(order, [1, 1, 2, 100, 2, 2], `in order of arrival, not ${order}`);
});

Deno.test("pulse: those that share a row go with their channel, each of them in the books", () => {
  const b = new MessageBench();
  for (let i = 0; i < 5; i++) assert.equal(b.done(1, Nr.pulse, b.coid, 5, 1, 10), 0);
  assert.equal(b.done(0, Nr.receive, b.chid, 0, 0, 0), 0);
  const discarded = b.s.account.balance[Account.PulseDiscarded];
  assert.equal(b.done(0, Nr.channelDestroy, b.chid), 0);
  assert.equal(b.s.account.balance[Account.PulseDiscarded] - discarded, 4, "four were left");
  b.check();
});

Deno.test("teardown: no event of it does more than its units, and the books hold after each", () => {
  const w = makeWorld({ capNode: 600, connection: 600, pulse: 1200, process: 12 });
  const { s, fx } = w;
  const recount = makeRecount(s);
  const id = createChannel(s, w.init, 0);
  const channel = s.process.firstChannel[w.init];
  for (let i = 0; i < CONNECTIONS; i++) assert.ok(attach(s, fx, w.init, 0, id) > 0);
  assert.equal(attach(s, fx, w.init, 0, id), -31, "no more connections than may be looked through");
  for (let i = 0; i < PULSES; i++) sendPulse(s, fx, 0, channel, 1 + i % 7, 1, i, 0, 0, 0);
  let events = 0;
  do {
    fx.clear();
    assert.ok(++events < 50, "it comes to an end");
    if (releaseEnds(s, fx, w.init)) closeNames(s, fx, 0, w.init);
    drainEnds(s, fx, 0);
    assert.ok(fx.woken <= UNITS + CONNECTIONS, `${fx.woken} units`);
    assert.deepEqual(recount().map((f) => f.text), []);
  } while (hasDyingEnds(s) || s.process.namePages[w.init] !== 0);
  assert.ok(events > 2, `${events} events`);
  assert.equal(s.channel.$live[channel], 0);
});
