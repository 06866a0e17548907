import { grantOriginal, mayReceive } from "../../cap/delegate.ts";
import {
  createNotification,
  isBits,
  setBits,
  takeBits,
  waitForBits,
} from "../../cap/notification.ts";
import { CapKind, Right } from "../../cap/tables.ts";
import { checkToken } from "../../cap/token.ts";
import type { Effects } from "../../effect.ts";
import { Err } from "../../error.ts";
import type { Event } from "../../event.ts";
import type { State } from "../../kernel.ts";
import { HART_TIME_NS } from "../../limits.ts";
import { freeRows } from "../../state/table.ts";

/** The notification a token names, or -Err. */
function notificationOf(s: State, e: Event, t: number, rights: number): number {
  const p = s.thread.process[t];
  const node = checkToken(s, p, e.argument(0), CapKind.Notification, rights);
  return node < 0 ? node : s.capNode.object[node];
}

/** notification_create(). */
export function notificationCreate(s: State, _fx: Effects, _e: Event, t: number): number {
  const p = s.thread.process[t];
  if (freeRows(s.notification) === 0) return -Err.Exhausted;
  const full = mayReceive(s, p);
  if (full < 0) return full;
  // From here on it must succeed.
  const rights = Right.Grant | Right.Send | Right.Receive;
  return grantOriginal(s, p, CapKind.Notification, createNotification(s), rights);
}

/** notification_signal(token, bits). */
export function notificationSignal(s: State, fx: Effects, e: Event, t: number): number {
  const row = notificationOf(s, e, t, Right.Send);
  if (row < 0) return row;
  if (!isBits(e.argument(1))) return -Err.Invalid;
  setBits(s, fx, e.hart, row, e.uint(1));
  return 0;
}

/** notification_wait(token, deadline). */
export function notificationWait(s: State, fx: Effects, e: Event, t: number): number {
  const row = notificationOf(s, e, t, Right.Receive);
  if (row < 0) return row;
  const deadline = Math.min(e.argument(1), HART_TIME_NS);
  return waitForBits(s, fx, e.hart, t, row, e.time, deadline);
}

/** notification_poll(token). */
export function notificationPoll(s: State, _fx: Effects, e: Event, t: number): number {
  const row = notificationOf(s, e, t, Right.Receive);
  return row < 0 ? row : takeBits(s, row);
}
