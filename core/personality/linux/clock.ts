import type { Effects } from "../../effect.ts";
import { Err, Result } from "../../error.ts";
import { AccessKind, argumentAt, ArgumentLength, type Event } from "../../event.ts";
import { payloadI64, payloadU32 } from "../../event.ts";
import { ONE, type State } from "../../kernel.ts";
import { resolveRange } from "../../mem/user.ts";
import { writeUser } from "../../mem/user_copy.ts";
import { setAlarm } from "../../proc/alarm.ts";
import { armSleep } from "../../sched/call.ts";
import { ThreadState, WaitKind } from "../../sched/tables.ts";
import { waitOn } from "../../sched/wait.ts";
import { putRusage } from "./process.ts";

const NS = 1_000_000_000;
const TIMESPEC_BYTES = 16;
const ZONE_BYTES = 8;
const CLOCK_TICK_NS = 10_000_000;
/** Times beyond this many seconds never come: the clocks end at 2^53 ns. */
const FAR_SECONDS = 10_000_000;

const Clock = {
  Realtime: 0,
  Monotonic: 1,
  ProcessCpu: 2,
  ThreadCpu: 3,
  MonotonicRaw: 4,
  RealtimeCoarse: 5,
  MonotonicCoarse: 6,
  Boottime: 7,
} as const;

/** A reading of virtual time, ns: what sense put into the event of a call that reads a clock. */
function readTime(e: Event): number {
  return e.value();
}

/** Writes a struct timespec: whole seconds and ns, both exact although their sum may not be. */
function putTimespec(fx: Effects, at: number, seconds: number, ns: number): void {
  fx.setU64(at, seconds);
  fx.setU64(at + 8, ns);
}

/** Writes a struct timeval of a duration, ns. */
export function putTimeval(fx: Effects, at: number, ns: number): void {
  fx.setU64(at, Math.floor(ns / NS));
  fx.setU64(at + 8, Math.floor((ns % NS) / 1000));
}

function isRealtime(clock: number): boolean {
  return clock === Clock.Realtime || clock === Clock.RealtimeCoarse;
}

/** User time of all threads of a thread's process, the ended ones among them, ns. */
function userTimeOf(s: State, t: number): number {
  const p = s.thread.process[t];
  let sum = s.process.userTime[p];
  for (let u = s.process.firstThread[p]; u !== 0; u = s.thread.nextInProcess[u]) {
    if (s.thread.state[u] !== ThreadState.Dead) sum += s.thread.userTime[u];
  }
  return sum;
}

/** Reads a clock there is into `at` of the effect bytes. */
function putClock(s: State, fx: Effects, e: Event, t: number, clock: number, at: number): void {
  if (isRealtime(clock)) {
    const start = s.kernel.startTime[ONE];
    const startSeconds = Math.floor(start / 1_000_000);
    const ns = (start % 1_000_000) * 1000 + readTime(e) % NS;
    putTimespec(
      fx,
      at,
      startSeconds + Math.floor(readTime(e) / NS) + Math.floor(ns / NS),
      ns % NS,
    );
    return;
  }
  if (clock === Clock.ProcessCpu || clock === Clock.ThreadCpu) {
    const used = clock === Clock.ThreadCpu ? s.thread.userTime[t] : userTimeOf(s, t);
    putTimespec(fx, at, Math.floor(used / NS), used % NS);
    return;
  }
  putTimespec(fx, at, Math.floor(readTime(e) / NS), readTime(e) % NS);
}

/** clock_gettime. */
export function clockGettime(s: State, fx: Effects, e: Event, t: number): number {
  // Refused before bytes are reserved: what is reserved is written whole, by every event anew.
  if (e.int(0) < 0 || e.int(0) > Clock.Boottime) return -Err.Invalid;
  const at = fx.reserveBytes(TIMESPEC_BYTES);
  putClock(s, fx, e, t, e.int(0), at);
  return writeUser(s, fx, e.hart, t, e.argument(1), at, TIMESPEC_BYTES);
}

/** clock_getres: 1 ns for every clock. */
export function clockGetres(s: State, fx: Effects, e: Event, t: number): number {
  if (e.int(0) < 0 || e.int(0) > Clock.Boottime) return -Err.Invalid;
  if (e.argument(1) === 0) return 0;
  const at = fx.reserveBytes(TIMESPEC_BYTES);
  putTimespec(fx, at, 0, 1);
  return writeUser(s, fx, e.hart, t, e.argument(1), at, TIMESPEC_BYTES);
}

/** gettimeofday. */
export function gettimeofday(s: State, fx: Effects, e: Event, t: number): number {
  // Both or none.
  if (e.argument(0) !== 0) {
    const usable = resolveRange(s, fx, e.hart, t, e.argument(0), TIMESPEC_BYTES, AccessKind.Write);
    if (usable < 0) return usable;
  }
  if (e.argument(1) !== 0) {
    // The time zone: none.
    const zone = fx.reserveBytes(ZONE_BYTES);
    fx.bytes.fill(0, zone, zone + ZONE_BYTES);
    const told = writeUser(s, fx, e.hart, t, e.argument(1), zone, ZONE_BYTES);
    if (told < 0) return told;
  }
  if (e.argument(0) === 0) return 0;
  const at = fx.reserveBytes(TIMESPEC_BYTES);
  const micros = s.kernel.startTime[ONE] + Math.floor(readTime(e) / 1000);
  fx.setU64(at, Math.floor(micros / 1_000_000));
  fx.setU64(at + 8, micros % 1_000_000);
  return writeUser(s, fx, e.hart, t, e.argument(0), at, TIMESPEC_BYTES);
}

/** A copied-in timespec as ns; -1 when absent, NaN when malformed. */
export function timespecArgument(e: Event, nth: number): number {
  const at = argumentAt(e, nth);
  if (at < 0 || payloadU32(e, at) === ArgumentLength.Absent) return -1;
  const seconds = payloadI64(e, at + 4);
  const ns = payloadI64(e, at + 12);
  if (seconds < 0 || ns < 0 || ns >= NS) return NaN;
  return Math.min(seconds, FAR_SECONDS) * NS + ns;
}

/**
 * A copied-in timespec that says when, not how long, as virtual time in ns; NaN when malformed.
 *
 * @param realtime whether it counts from 1970
 */
export function untilTime(s: State, e: Event, nth: number, realtime: boolean): number {
  const at = argumentAt(e, nth);
  let seconds = payloadI64(e, at + 4);
  let rest = payloadI64(e, at + 12);
  if (seconds < 0 || rest < 0 || rest >= NS) return NaN;
  if (realtime) {
    // Seconds since 1970 as ns pass 2^53, so the start time is taken off before the product.
    const start = s.kernel.startTime[ONE];
    seconds -= Math.floor(start / 1_000_000);
    rest -= (start % 1_000_000) * 1000;
  }
  return Math.min(seconds, FAR_SECONDS) * NS + rest;
}

/** Sleeps until a deadline; on the way back from an interruption the rest is written. */
function sleepUntil(s: State, fx: Effects, e: Event, t: number, deadline: number): number {
  const armed = s.thread.callDeadline[t];
  const until = armed > 0 ? armed : deadline;
  if (e.time >= until) return 0;
  armSleep(s, fx, e.hart, t, until);
  waitOn(s, t, WaitKind.Sleep, 0);
  return Result.Pending;
}

/** nanosleep. */
export function nanosleep(s: State, fx: Effects, e: Event, t: number): number {
  const duration = timespecArgument(e, 0);
  if (duration === -1) return -Err.BadAddress;
  if (Number.isNaN(duration)) return -Err.Invalid;
  s.thread.callRemain[t] = e.argument(1);
  return sleepUntil(s, fx, e, t, e.time + duration);
}

const TIMER_ABSTIME = 1;

/** clock_nanosleep. */
export function clockNanosleep(s: State, fx: Effects, e: Event, t: number): number {
  const clock = e.int(0);
  if (clock < 0 || clock > Clock.Boottime || clock === Clock.ThreadCpu) return -Err.Invalid;
  const at = argumentAt(e, 0);
  if (at < 0 || payloadU32(e, at) === ArgumentLength.Absent) return -Err.BadAddress;
  const ns = payloadI64(e, at + 12);
  if (ns < 0 || ns >= NS) return -Err.Invalid;
  if ((e.uint(1) & TIMER_ABSTIME) === 0) {
    const duration = timespecArgument(e, 0);
    if (Number.isNaN(duration)) return -Err.Invalid;
    s.thread.callRemain[t] = e.argument(3);
    return sleepUntil(s, fx, e, t, e.time + duration);
  }
  const until = untilTime(s, e, 0, isRealtime(clock));
  if (Number.isNaN(until)) return -Err.Invalid;
  return sleepUntil(s, fx, e, t, until);
}

const ITIMER_REAL = 0;
const ITIMERVAL_BYTES = 32;

function putInterval(s: State, fx: Effects, e: Event, t: number): number {
  const at = fx.reserveBytes(ITIMERVAL_BYTES);
  const p = s.thread.process[t];
  putTimeval(fx, at, s.process.alarmPeriod[p]);
  const armed = s.process.alarmThread[p] !== 0;
  putTimeval(fx, at + 16, armed ? Math.max(s.process.alarmDeadline[p] - e.time, 1000) : 0);
  return at;
}

/** getitimer: the real-time timer. */
export function getitimer(s: State, fx: Effects, e: Event, t: number): number {
  if (e.int(0) !== ITIMER_REAL) return -Err.Invalid;
  const at = putInterval(s, fx, e, t);
  return writeUser(s, fx, e.hart, t, e.argument(1), at, ITIMERVAL_BYTES);
}

function timevalNs(e: Event, at: number): number {
  const seconds = payloadI64(e, at);
  const micros = payloadI64(e, at + 8);
  if (seconds < 0 || micros < 0 || micros >= 1_000_000) return NaN;
  return Math.min(seconds, FAR_SECONDS) * NS + micros * 1000;
}

/** setitimer: the real-time timer, which sends SIGALRM. */
export function setitimer(s: State, fx: Effects, e: Event, t: number): number {
  if (e.int(0) !== ITIMER_REAL) return -Err.Invalid;
  const at = argumentAt(e, 0);
  const absent = at < 0 || payloadU32(e, at) === ArgumentLength.Absent;
  const period = absent ? 0 : timevalNs(e, at + 4);
  const first = absent ? 0 : timevalNs(e, at + 20);
  if (Number.isNaN(period) || Number.isNaN(first)) return -Err.Invalid;
  if (e.argument(2) !== 0) {
    const old = putInterval(s, fx, e, t);
    const wrote = writeUser(s, fx, e.hart, t, e.argument(2), old, ITIMERVAL_BYTES);
    if (wrote < 0) return wrote;
  }
  setAlarm(s, fx, e.hart, t, first > 0 ? e.time + first : 0, period);
  return 0;
}

/** times: CPU times in ticks of 10 ms, and the ticks since boot. */
export function times(s: State, fx: Effects, e: Event, t: number): number {
  const p = s.thread.process[t];
  if (e.argument(0) !== 0) {
    const at = fx.reserveBytes(32);
    fx.setU64(at, Math.floor(userTimeOf(s, t) / CLOCK_TICK_NS));
    fx.setU64(at + 8, 0);
    fx.setU64(at + 16, Math.floor(s.process.childTime[p] / CLOCK_TICK_NS));
    fx.setU64(at + 24, 0);
    const wrote = writeUser(s, fx, e.hart, t, e.argument(0), at, 32);
    if (wrote < 0) return wrote;
  }
  return Math.floor(readTime(e) / CLOCK_TICK_NS);
}

/** getrusage of the process (0), its reaped children (-1) or the thread (1). */
export function getrusage(s: State, fx: Effects, e: Event, t: number): number {
  const who = e.int(0);
  if (who !== 0 && who !== -1 && who !== 1) return -Err.Invalid;
  const p = s.thread.process[t];
  const own = who === 1 ? s.thread.userTime[t] : userTimeOf(s, t);
  const at = putRusage(fx, who === -1 ? s.process.childTime[p] : own);
  return writeUser(s, fx, e.hart, t, e.argument(1), at, 144);
}
