import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { armSleep, completeCall } from "../sched/call.ts";
import { WaitKind, WakeReason } from "../sched/tables.ts";
import { firstWaiter, waitOn, wakeAll } from "../sched/wait.ts";
import { allocRow, freeRow } from "../state/table.ts";

/**
 * Makes a notification that no capability names yet, with no bit set.
 *
 * @returns the row, or 0 when the table is full
 */
export function createNotification(s: State): number {
  const row = allocRow(s.notification);
  if (row !== 0) post(s, Account.NotificationFree, Account.NotificationUsed, 1);
  return row;
}

/**
 * Gives a node's hold back. Whoever waits looks again whether its own capability is still there;
 * the last hold frees the row.
 */
export function releaseNotification(s: State, fx: Effects, hart: number, row: number): void {
  const n = s.notification;
  assert(n.refs[row] > 0, "a notification counts its nodes");
  wakeAll(s, fx, hart, WaitKind.Notification, row, WakeReason.Restart);
  if (--n.refs[row] > 0) return;
  freeRow(n, row);
  post(s, Account.NotificationUsed, Account.NotificationFree, 1);
}

/** Whether bits may be set in a notification: of 31, so that an answer with them is positive. */
export function isBits(bits: number): boolean {
  return bits > 0 && bits < 2 ** 31;
}

/** Takes all bits that are set, and clears them; 0 for none. */
export function takeBits(s: State, row: number): number {
  const bits = s.notification.bits[row];
  s.notification.bits[row] = 0;
  return bits;
}

/** Sets bits. The thread that has waited longest gets all that are set then. */
export function setBits(s: State, fx: Effects, hart: number, row: number, bits: number): void {
  s.notification.bits[row] |= bits;
  if (s.notification.bits[row] === 0) return;
  const thread = firstWaiter(s, WaitKind.Notification, row);
  if (thread !== 0) completeCall(s, fx, hart, thread, takeBits(s, row));
}

/**
 * Takes the bits, or waits for one.
 *
 * @param now time of the event, ns
 * @param deadline absolute time the wait ends, ns; 0 for never
 * @returns the bits, -Err.TimedOut, or Result.Pending
 */
export function waitForBits(
  s: State,
  fx: Effects,
  hart: number,
  thread: number,
  row: number,
  now: number,
  deadline: number,
): number {
  const bits = takeBits(s, row);
  if (bits !== 0) return bits;
  if (deadline > 0) {
    if (now >= deadline) return -Err.TimedOut;
    // A wake disarms it, and a call that runs again has its deadline as it was.
    armSleep(s, fx, hart, thread, deadline);
  }
  waitOn(s, thread, WaitKind.Notification, row);
  return Result.Pending;
}
