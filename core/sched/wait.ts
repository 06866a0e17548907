import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { ONE, type State } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import { leaveFutex } from "./futex_row.ts";
import { isInTransit, makeReady, request } from "./thread.ts";
import { Request, ThreadState, WaitKind, WakeReason } from "./tables.ts";
import { headOf, isByPriority, linkWaiter, setWaking, unlinkWaiter } from "./wait_queue.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { Wake } = Request;
const { Blocked } = ThreadState;
const { None: NoneKind } = WaitKind;
const { None: NoneReason, Restart } = WakeReason;
const one = ONE;

export { linkWaiter, unlinkWaiter } from "./wait_queue.ts";

/**
 * Blocks the running thread on an object with its own waiter. The caller returns Result.Pending;
 * the thread's pc stays at its `ecall`.
 */
export function waitOn(s: State, thread: number, kind: number, object: number): void {
  linkWaiter(s, s.thread.waiter[thread], kind, object);
  s.thread.state[thread] = Blocked;
  s.thread.wakeReason[thread] = NoneReason;
}

/** Whether a thread still waits: nothing has unlinked it yet. */
export function isWaiting(s: State, thread: number): boolean {
  return s.thread.state[thread] === Blocked &&
    s.waiter.kind[s.thread.waiter[thread]] !== NoneKind;
}

/** The thread of the first waiter in an object's queue, or 0. */
export function firstWaiter(s: State, kind: number, object: number): number {
  const waiter = headOf(s, kind, object);
  return waiter === 0 ? 0 : s.waiter.thread[waiter];
}

/**
 * Ends a thread's wait: unlinks every waiter it has, and makes it ready on its own hart, by request
 * and IPI if that is another one.
 *
 * @param hart number of the event's hart
 * @param reason a WakeReason
 */
export function wakeThread(
  s: State,
  fx: Effects,
  hart: number,
  thread: number,
  reason: number,
): void {
  assert(s.thread.state[thread] === Blocked, "only a blocked thread is woken");
  for (let w = s.thread.waiter[thread]; w !== 0; w = s.waiter.nextOfThread[w]) {
    unlinkWaiter(s, w);
    if (s.waiter.futex[w] !== 0) leaveFutex(s, fx, hart, w);
  }
  s.thread.wakeReason[thread] = reason;
  if (s.thread.hart[thread] === hart && !isInTransit(s, thread)) makeReady(s, hart, thread);
  else request(s, fx, hart, thread, Wake);
}

/** Wakes the first waiter of an object's queue; returns its thread, or 0 when there is none. */
export function wakeFirst(
  s: State,
  fx: Effects,
  hart: number,
  kind: number,
  object: number,
  reason: number,
): number {
  const thread = firstWaiter(s, kind, object);
  if (thread !== 0) wakeThread(s, fx, hart, thread, reason);
  return thread;
}

/**
 * Wakes every waiter of an object's queue, to run its call again: at most UNITS in one event, and
 * the rest in the next ones. The queue is empty on return, and its object may go.
 *
 * @returns how many are awake already
 */
export function wakeAll(
  s: State,
  fx: Effects,
  hart: number,
  kind: number,
  object: number,
  reason: number,
): number {
  assert(!isByPriority(kind), "a queue ordered by priority is emptied by its own steps");
  let count = 0;
  while (fx.woken < UNITS && wakeFirst(s, fx, hart, kind, object, reason) !== 0) {
    fx.woken++;
    count++;
  }
  if (headOf(s, kind, object) !== 0) setWaking(s, kind, object);
  return count;
}

/** Whether waiters are left whose queue was woken. */
export function hasWaking(s: State): boolean {
  return s.kernel.wakingHead[one] !== 0;
}

/** Wakes waiters whose queue was woken, as far as the event's UNITS go. */
export function wakeSome(s: State, fx: Effects, hart: number): void {
  for (; fx.woken < UNITS && hasWaking(s); fx.woken++) {
    const waiter = s.kernel.wakingHead[one];
    wakeThread(s, fx, hart, s.waiter.thread[waiter], Restart);
  }
  fx.charge(fx.woken);
}
