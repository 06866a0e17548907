import assert from "node:assert/strict";
import { Right } from "../../cap/tables.ts";
import { EFFECT_ARITY, EffectKind } from "../../effect.ts";
import { Account } from "../../ledger/accounts.ts";
import { KnownSlot } from "../../proc/tables.ts";
import { Bench, Call } from "../../proc/testing.ts";
import { keepSources } from "../../sched/irq.ts";
import { NativeError } from "./errors.ts";
import { family, made, native, nr } from "./testing.ts";

const SOURCE = 7;

/** What the last event wrote to the interrupt controller: sources and whether they are open. */
function written(b: Bench): [source: number, open: number][] {
  const { words: w, length } = b.world.fx;
  const found: [number, number][] = [];
  for (let at = 0; at < length; at += 1 + EFFECT_ARITY[w[at]]) {
    if (w[at] === EffectKind.DeviceWrite && w[at + 1] === 0) found.push([w[at + 2], w[at + 3]]);
  }
  return found;
}

/** Init with a source bound to bit 3 of a notification. */
function bound() {
  const b = new Bench();
  const before = b.s.account.balance.slice();
  const bell = made(b, 0, "notification_create");
  const irq = made(b, 0, "irq_bind", SOURCE, bell, 8);
  assert.deepEqual(written(b), [[SOURCE, 1]]);
  return { b, bell, irq, before, poll: () => native(b, 0, "notification_poll", bell) };
}

Deno.test("irqs: an interrupt is told once and masks its source until it is acknowledged", () => {
  const { b, bell, irq, poll } = bound();
  assert.equal(native(b, 0, "irq_ack", irq), 0);
  b.interrupt(0, SOURCE);
  assert.deepEqual(written(b), [[SOURCE, 0]]);
  assert.equal(poll(), 8);
  b.check();
  // A masked source does not interrupt; if it does all the same, nobody hears of it.
  b.interrupt(0, SOURCE);
  assert.deepEqual(written(b), []);
  assert.equal(poll(), 0);
  assert.equal(native(b, 0, "irq_ack", irq), 1);
  assert.deepEqual(written(b), [[SOURCE, 1]]);
  assert.equal(native(b, 0, "irq_ack", irq), 0);
  const waiter = b.on(0);
  assert.equal(native(b, 0, "notification_wait", bell, 0), undefined);
  b.interrupt(0, SOURCE);
  assert.equal(b.results.get(waiter), 8);
  b.check();
});

Deno.test("irqs: a source has one binding, and none that a driver of the kernel serves", () => {
  const { b, bell, poll } = bound();
  const bind = (source: number, bits = 1) => native(b, 0, "irq_bind", source, bell, bits);
  assert.equal(bind(SOURCE), NativeError.Busy);
  for (const source of [0, 96, 2 ** 32 + 7]) assert.equal(bind(source), NativeError.Invalid);
  assert.equal(bind(8, 0), NativeError.Invalid);
  keepSources(b.s, [{ source: 10 }]);
  assert.equal(bind(10), NativeError.Busy);
  for (const source of [8, 200, 0]) b.interrupt(0, source);
  assert.equal(poll(), 0);
  made(b, 0, "irq_bind", 95, bell, 1);
  b.interrupt(0, 95);
  assert.equal(poll(), 1);
  b.check();
});

Deno.test("irqs: a binding goes with its last capability, masked, and its source is free", () => {
  const { b, bell, irq, before } = bound();
  const second = made(b, 0, "cap_copy", irq, 0);
  b.interrupt(0, SOURCE);
  assert.equal(native(b, 0, "cap_delete", irq), 0);
  assert.deepEqual(written(b), []);
  assert.equal(native(b, 0, "cap_delete", second), 0);
  assert.deepEqual(written(b), [[SOURCE, 0]]);
  assert.equal(b.s.account.balance[Account.IrqDiscarded], 1);
  const again = made(b, 0, "irq_bind", SOURCE, bell, 1);
  assert.equal(native(b, 0, "cap_revoke", bell), 0);
  assert.equal(native(b, 0, "irq_ack", again), NativeError.Stale);
  assert.equal(native(b, 0, "cap_delete", bell), 0);
  for (const account of [Account.IrqUsed, Account.IrqPending, Account.NotificationUsed]) {
    assert.equal(b.s.account.balance[account], before[account]);
  }
  b.check();
});

Deno.test("irqs: who may bind sources says so itself, and a process that ends lets go of its own", () => {
  const { b, childToken } = family();
  const bell = made(b, 1, "notification_create");
  const deaf = made(b, 1, "cap_derive", bell, Right.Receive);
  assert.equal(native(b, 1, "irq_bind", SOURCE, deaf, 1), NativeError.FewerRights);
  assert.equal(native(b, 1, "irq_bind", SOURCE, 77, 1), NativeError.Absent);
  made(b, 1, "irq_bind", SOURCE, bell, 1);
  b.interrupt(0, SOURCE);
  b.enter(1, Call.exit, 0);
  b.pump();
  assert.equal(b.s.account.balance[Account.IrqUsed], 0);
  b.check();
  made(b, 0, "cap_renounce", KnownSlot.irqs);
  const own = made(b, 0, "notification_create");
  b.enter(0, nr("irq_bind"), SOURCE, own, 1);
  assert.equal(b.results.get(b.on(0)), NativeError.NoSlot);
  assert.equal(native(b, 0, "cap_delete", childToken), 0);
});

Deno.test("irqs: only root's programs bind a source", () => {
  const { b, bell } = bound();
  b.s.process.uid[b.world.init] = 1000;
  assert.equal(native(b, 0, "irq_bind", SOURCE + 1, bell, 1), NativeError.FewerRights);
  b.check();
});
