import type { Effects } from "../../effect.ts";
import { Result } from "../../error.ts";
import type { Event } from "../../event.ts";
import { OWN_POSITION, transfer } from "../../fs/transfer.ts";
import type { State } from "../../kernel.ts";
import { moveBreak } from "../../mem/heap.ts";
import { beginExit } from "../../proc/exit.ts";
import { armSleep } from "../../sched/call.ts";
import { WaitKind } from "../../sched/tables.ts";
import { waitOn } from "../../sched/wait.ts";

/** The descriptor a toy process speaks through; it has no word for descriptors. */
const CONSOLE = 1;

/** say(text, length): bytes said. */
export function say(s: State, fx: Effects, e: Event, t: number): number {
  return transfer(s, fx, e.hart, t, CONSOLE, e.argument(0), e.argument(1), OWN_POSITION, true);
}

/** ticks(): virtual time in microseconds. */
export function ticks(_s: State, _fx: Effects, e: Event, _t: number): number {
  return Math.floor(e.value() / 1000);
}

/** rest(microseconds): 0 after at least that long. */
export function rest(s: State, fx: Effects, e: Event, t: number): number {
  const armed = s.thread.callDeadline[t];
  const until = armed > 0 ? armed : e.time + Math.min(e.argument(0), 2 ** 40) * 1000;
  if (e.time >= until) return 0;
  armSleep(s, fx, e.hart, t, until);
  waitOn(s, t, WaitKind.Sleep, 0);
  return Result.Pending;
}

/** grow(bytes): where the new room begins. */
export function grow(s: State, fx: Effects, e: Event, t: number): number {
  const old = moveBreak(s, fx, e.hart, t, 0);
  const moved = moveBreak(s, fx, e.hart, t, old + Math.min(e.argument(0), 2 ** 40));
  return moved < 0 ? moved : old;
}

/** leave(status). */
export function leave(s: State, fx: Effects, e: Event, t: number): number {
  return beginExit(s, fx, e.hart, t, (e.uint(0) & 0xff) << 8);
}
