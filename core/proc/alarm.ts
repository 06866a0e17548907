import type { Effects } from "../effect.ts";
import type { State } from "../kernel.ts";
import { Request, ThreadState } from "../sched/tables.ts";
import { isInTransit, request } from "../sched/thread.ts";
import { armTimer, disarmTimer, TimerSlot } from "../sched/timer.ts";
import { sendSignal } from "./signal.ts";
import { ProcessState } from "./tables.ts";
import { Signal } from "./signal_numbers.ts";

/**
 * The interval timer of a process. One of its threads lends it a place in its hart's heap: the one
 * that armed it last, or who inherits it when that ends.
 */

/**
 * Arms the interval timer of the running thread's process, or turns it off.
 *
 * @param deadline first expiry, ns; 0 for off
 * @param period ns between expiries; 0 for one shot
 */
export function setAlarm(
  s: State,
  fx: Effects,
  hart: number,
  thread: number,
  deadline: number,
  period: number,
): void {
  const p = s.thread.process[thread];
  const old = s.process.alarmThread[p];
  s.process.alarmThread[p] = deadline > 0 ? thread : 0;
  s.process.alarmDeadline[p] = deadline;
  s.process.alarmPeriod[p] = deadline > 0 ? period : 0;
  if (old !== 0 && old !== thread) bringInLine(s, fx, hart, old);
  settleAlarm(s, hart, thread);
}

/** Lets a thread's hart take up what is its now, or no longer. */
function bringInLine(s: State, fx: Effects, hart: number, thread: number): void {
  if (s.thread.hart[thread] === hart && !isInTransit(s, thread)) settleAlarm(s, hart, thread);
  else request(s, fx, hart, thread, Request.Alarm);
}

/** Arms or disarms a thread's place in its own hart's heap, as its process says. */
export function settleAlarm(s: State, hart: number, thread: number): void {
  const p = s.thread.process[thread];
  disarmTimer(s, hart, thread, TimerSlot.Interval);
  s.thread.intervalDeadline[thread] = 0;
  if (s.process.alarmThread[p] !== thread) return;
  armTimer(s, hart, thread, TimerSlot.Interval, s.process.alarmDeadline[p]);
}

/** A thread's interval timer is due: SIGALRM, unless the timer is another thread's by now. */
export function expireAlarm(
  s: State,
  fx: Effects,
  hart: number,
  thread: number,
  now: number,
): void {
  const p = s.thread.process[thread];
  const due = s.process.alarmDeadline[p];
  const period = s.process.alarmPeriod[p];
  if (s.process.alarmThread[p] !== thread || due > now) return settleAlarm(s, hart, thread);
  const missed = period > 0 ? Math.floor((now - due) / period) : 0;
  s.process.alarmThread[p] = period > 0 ? thread : 0;
  s.process.alarmDeadline[p] = period > 0 ? due + (missed + 1) * period : 0;
  settleAlarm(s, hart, thread);
  s.process.senderPid[p] = 0;
  sendSignal(s, fx, hart, p, Signal.Alrm);
}

/** Gives the interval timer to another thread of the process before one ends; nobody's at the last. */
export function bequeathAlarm(s: State, fx: Effects, hart: number, thread: number): void {
  const p = s.thread.process[thread];
  if (s.process.alarmThread[p] !== thread) return;
  s.process.alarmThread[p] = 0;
  if (s.process.state[p] !== ProcessState.Live) return;
  let heir = s.process.firstThread[p];
  while (heir === thread || (heir !== 0 && s.thread.state[heir] === ThreadState.Dead)) {
    heir = s.thread.nextInProcess[heir];
  }
  s.process.alarmThread[p] = heir;
  if (heir !== 0) bringInLine(s, fx, hart, heir);
}
