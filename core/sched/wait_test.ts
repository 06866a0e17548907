import assert from "node:assert/strict";
import { EffectKind, Effects } from "../effect.ts";
import { Account, AMPLE } from "../ledger/accounts.ts";
import { allocRow } from "../state/table.ts";
import { Request, ThreadState, WaitKind, WakeReason } from "./tables.ts";
import { schedState } from "./testing.ts";
import { answerRequests, takeFromInbox } from "./thread.ts";
import { ONE } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import { scheduler } from "./scheduler.ts";
import { firstWaiter, hasWaking, isWaiting, waitOn, wakeAll } from "./wait.ts";
import { wakeFirst, wakeSome, wakeThread } from "./wait.ts";

Deno.test("waiters wake in the order they came, and one taken from the middle leaves the rest", () => {
  const s = schedState(1, 4);
  const fx = new Effects();
  const pipe = allocRow(s.pipe);
  for (let t = 1; t <= 4; t++) waitOn(s, t, WaitKind.PipeRead, pipe);
  wakeThread(s, fx, 0, 2, WakeReason.Signal);
  assert.equal(firstWaiter(s, WaitKind.PipeRead, pipe), 1);
  assert.equal(wakeFirst(s, fx, 0, WaitKind.PipeRead, pipe, WakeReason.Restart), 1);
  assert.equal(wakeAll(s, fx, 0, WaitKind.PipeRead, pipe, WakeReason.Restart), 2);
  assert.equal(s.pipe.readHead[pipe], 0);
  assert.equal(s.pipe.readTail[pipe], 0);
  assert.equal(s.hart.ready[1], 4);
  assert.equal(s.thread.wakeReason[2], WakeReason.Signal);
});

Deno.test("a thread of another hart is woken by request and one IPI, and is in transit until then", () => {
  const s = schedState(2, 2);
  const fx = new Effects();
  s.thread.hart[1] = 1;
  s.thread.hart[2] = 1;
  waitOn(s, 1, WaitKind.Sleep, 0);
  waitOn(s, 2, WaitKind.Sleep, 0);
  wakeThread(s, fx, 0, 1, WakeReason.Restart);
  wakeThread(s, fx, 0, 2, WakeReason.Restart);
  assert.equal(fx.length, 2, "the second IPI is elided");
  assert.equal(fx.words[0], EffectKind.Ipi);
  assert.equal(fx.words[1], 1);
  assert.equal(s.account.balance[Account.IpiPending] - AMPLE, 1);
  assert.equal(s.thread.state[1], ThreadState.Blocked);
  assert.equal(isWaiting(s, 1), false);
  assert.equal(s.thread.requests[1], Request.Wake);
  assert.equal(s.hart.ready[2], 0);
  assert.equal(takeFromInbox(s, 1), 1);
  answerRequests(s, fx, 1, 1);
  assert.equal(takeFromInbox(s, 1), 2);
  answerRequests(s, fx, 1, 2);
  assert.equal(takeFromInbox(s, 1), 0);
  assert.equal(s.hart.ready[2], 2);
  assert.equal(s.thread.requests[1], 0);
});

Deno.test("a long queue is woken over several events, and a waiter in it may leave meanwhile", () => {
  const count = 3 * UNITS;
  const s = schedState(1, count);
  const fx = new Effects();
  const pipe = allocRow(s.pipe);
  for (let t = 1; t <= count; t++) waitOn(s, t, WaitKind.PipeRead, pipe);
  assert.equal(wakeAll(s, fx, 0, WaitKind.PipeRead, pipe, WakeReason.Restart), UNITS);
  assert.equal(s.pipe.readHead[pipe], 0);
  assert.equal(s.pipe.readTail[pipe], 0);
  // The first, the last and one between are taken by something else; the object gets new waiters.
  for (const t of [UNITS + 1, count, UNITS + 9]) wakeThread(s, fx, 0, t, WakeReason.Timeout);
  scheduler.remove(s, 0, 1);
  waitOn(s, 1, WaitKind.PipeRead, pipe);
  let events = 0;
  for (; hasWaking(s); events++) {
    const before = s.hart.ready[1];
    fx.clear();
    wakeSome(s, fx, 0);
    assert.ok(s.hart.ready[1] - before <= UNITS);
  }
  assert.equal(events, 2);
  assert.equal(s.hart.ready[1], count - 1);
  assert.equal(s.kernel.wakingTail[ONE], 0);
  assert.equal(firstWaiter(s, WaitKind.PipeRead, pipe), 1);
});
