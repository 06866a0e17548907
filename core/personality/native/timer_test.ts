import assert from "node:assert/strict";
import { Right } from "../../cap/tables.ts";
import { Account } from "../../ledger/accounts.ts";
import { Call } from "../../proc/testing.ts";
import { NativeError } from "./errors.ts";
import { family, made, native } from "./testing.ts";

const PERIOD = 100_000;

/** Init on hart 0 and its child on hart 1, with a notification of both and a timer for it. */
function clock(bits = 2) {
  const { b, child, childToken } = family();
  const before = b.s.account.balance.slice();
  const bell = made(b, 0, "notification_create");
  const timer = made(b, 0, "timer_create", bell, bits);
  const there = made(b, 0, "cap_copy", timer, childToken);
  const heard = made(b, 0, "cap_copy", bell, childToken);
  const poll = () => native(b, 0, "notification_poll", bell);
  return { b, child, bell, timer, there, heard, poll, before };
}

Deno.test("timers: one that is due sets its bits, once, and whoever waits gets them", () => {
  const { b, bell, timer, poll } = clock();
  assert.equal(native(b, 0, "timer_arm", timer, 5_000_000, 0), 0);
  b.timer(0, 4_990_000);
  assert.equal(poll(), 0);
  const waiter = b.on(0);
  assert.equal(native(b, 0, "notification_wait", bell, 0), undefined);
  b.check();
  b.timer(0, 6_000_000);
  assert.equal(b.results.get(waiter), 2);
  b.timer(0, 9_000_000);
  assert.equal(poll(), 0);
  assert.equal(native(b, 0, "timer_cancel", timer), 0);
  assert.equal(native(b, 0, "timer_arm", timer, 0, 0), NativeError.Invalid);
  assert.equal(native(b, 0, "timer_arm", timer, 1, PERIOD - 1), NativeError.Invalid);
  assert.equal(native(b, 0, "timer_create", bell, 0), NativeError.Invalid);
  assert.equal(native(b, 0, "timer_create", bell, 2 ** 31), NativeError.Invalid);
  b.check();
});

Deno.test("timers: a period goes on from when it was due; what nobody saw is counted", () => {
  const { b, timer, poll } = clock();
  assert.equal(native(b, 0, "timer_arm", timer, 1_000_000, PERIOD), 0);
  b.timer(0, 1_000_001);
  assert.equal(poll(), 2);
  assert.equal(native(b, 0, "timer_overruns", timer), 0);
  // Three more that nobody saw before this one, and one that finds its bits still set.
  b.timer(0, 1_000_000 + 4 * PERIOD);
  b.timer(0, 1_000_000 + 5 * PERIOD);
  assert.equal(poll(), 2);
  assert.equal(native(b, 0, "timer_overruns", timer), 4);
  assert.equal(native(b, 0, "timer_overruns", timer), 0);
  assert.equal(native(b, 0, "timer_cancel", timer), 1);
  b.timer(0, 9_000_000);
  assert.equal(poll(), 0);
  b.check();
});

Deno.test("timers: many come due in order, also more than one event's work", () => {
  const { b, bell, poll } = clock();
  for (let n = 0; n < 20; n++) {
    const timer = made(b, 0, "timer_create", bell, 2 ** n);
    assert.equal(native(b, 0, "timer_arm", timer, 3_000_000 - 1000 * (n % 7), 0), 0);
  }
  b.check();
  b.timer(0, 3_000_000);
  b.check();
  // Those with n % 7 of 0 are the last; two of the three are left, and the older one of 1.
  assert.equal(poll(), 2 ** 20 - 1 - 2 ** 0 - 2 ** 7 - 2 ** 14 - 2 ** 15);
  b.timer(0, 3_000_000);
  assert.equal(poll(), 2 ** 0 + 2 ** 7 + 2 ** 14 + 2 ** 15);
  b.check();
});

Deno.test("timers: only the hart it is armed on takes it out of its list, when it is told", () => {
  const { b, timer, there, poll } = clock();
  assert.equal(native(b, 1, "timer_arm", there, 5_000_000, 0), 0);
  const [row] = [b.s.hart.firstTimer[2]];
  assert.notEqual(row, 0);
  b.held.add(1);
  assert.equal(native(b, 0, "timer_cancel", timer), 1);
  assert.equal(b.s.hart.firstTimer[2], row);
  b.check();
  // It comes due before its hart is told: it was cancelled all the same.
  b.timer(1, 6_000_000);
  assert.equal(poll(), 0);
  assert.equal(b.s.hart.firstTimer[2], 0);
  assert.equal(native(b, 1, "timer_arm", there, 20_000_000, 0), 0);
  assert.equal(native(b, 0, "timer_arm", timer, 15_000_000, 0), 0);
  b.held.delete(1);
  b.pump();
  assert.equal(b.s.timer.due[row], 15_000_000);
  assert.equal(b.s.hart.firstTimer[1], 0);
  b.check();
  b.timer(1, 15_000_000);
  assert.equal(poll(), 2);
  b.check();
});

Deno.test("timers: one armed elsewhere goes when its last capability has, and lets its bell go", () => {
  const { b, bell, timer, there, before } = clock();
  assert.equal(native(b, 1, "timer_arm", there, 5_000_000, PERIOD), 0);
  b.held.add(1);
  assert.equal(native(b, 0, "cap_revoke", bell), 0);
  assert.equal(native(b, 0, "timer_cancel", timer), NativeError.Stale);
  assert.equal(native(b, 1, "timer_cancel", there), NativeError.Stale);
  assert.equal(native(b, 0, "cap_delete", bell), 0);
  b.check();
  assert.equal(b.s.account.balance[Account.TimerObjectUsed], 1);
  b.held.delete(1);
  b.pump();
  assert.equal(b.s.account.balance[Account.TimerObjectUsed], 0);
  b.enter(1, Call.exit, 0);
  b.pump();
  b.check();
  for (const account of [Account.NotificationUsed, Account.TimerArmed]) {
    assert.equal(b.s.account.balance[account], before[account]);
  }
});

Deno.test("timers: with a token that may only wait none is made", () => {
  const { b, bell } = clock();
  const deaf = made(b, 0, "cap_derive", bell, Right.Receive | Right.Grant);
  assert.equal(native(b, 0, "timer_create", deaf, 1), NativeError.FewerRights);
  const mute = made(b, 0, "cap_derive", bell, Right.Send);
  const timer = made(b, 0, "timer_create", mute, 1);
  assert.equal(native(b, 0, "cap_copy", timer, 0), NativeError.FewerRights);
  b.check();
});
