import { grantDependent, mayDepend } from "../../cap/delegate.ts";
import { isBits } from "../../cap/notification.ts";
import { CapKind, Right } from "../../cap/tables.ts";
import { checkToken } from "../../cap/token.ts";
import type { Effects } from "../../effect.ts";
import { Err } from "../../error.ts";
import type { Event } from "../../event.ts";
import type { State } from "../../kernel.ts";
import { HART_TIME_NS } from "../../limits.ts";
import {
  armTimerObject,
  cancelTimerObject,
  createTimer,
  PERIOD_LEAST_NS,
  takeOverruns,
} from "../../sched/timer_object.ts";
import { freeRows } from "../../state/table.ts";

/** What a timer's token has of the rights of the notification's it was made with. */
const TIMER_RIGHTS = Right.Send | Right.Grant;

/** The timer a token names, or -Err. */
function timerOf(s: State, e: Event, t: number): number {
  const node = checkToken(s, s.thread.process[t], e.argument(0), CapKind.Timer, Right.Send);
  return node < 0 ? node : s.capNode.object[node];
}

/** timer_create(notification, bits): it goes when the notification's token is revoked. */
export function timerCreate(s: State, _fx: Effects, e: Event, t: number): number {
  const p = s.thread.process[t];
  const node = checkToken(s, p, e.argument(0), CapKind.Notification, Right.Send);
  if (node < 0) return node;
  if (!isBits(e.argument(1))) return -Err.Invalid;
  if (freeRows(s.timer) === 0) return -Err.Exhausted;
  const refused = mayDepend(s, p, node);
  if (refused < 0) return refused;
  // From here on it must succeed.
  const timer = createTimer(s, s.capNode.object[node], e.uint(1));
  return grantDependent(s, p, node, CapKind.Timer, timer, TIMER_RIGHTS);
}

/** timer_arm(timer, deadline, period). */
export function timerArm(s: State, fx: Effects, e: Event, t: number): number {
  const timer = timerOf(s, e, t);
  if (timer < 0) return timer;
  const deadline = Math.min(e.argument(1), HART_TIME_NS);
  const period = Math.min(e.argument(2), HART_TIME_NS);
  if (deadline === 0 || (period > 0 && period < PERIOD_LEAST_NS)) return -Err.Invalid;
  armTimerObject(s, fx, e.hart, timer, deadline, period);
  return 0;
}

/** timer_cancel(timer): 1 when it was armed. */
export function timerCancel(s: State, fx: Effects, e: Event, t: number): number {
  const timer = timerOf(s, e, t);
  if (timer < 0) return timer;
  return cancelTimerObject(s, fx, e.hart, timer) ? 1 : 0;
}

/** timer_overruns(timer). */
export function timerOverruns(s: State, _fx: Effects, e: Event, t: number): number {
  const timer = timerOf(s, e, t);
  return timer < 0 ? timer : takeOverruns(s, timer);
}
