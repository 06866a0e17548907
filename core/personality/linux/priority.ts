/**
 * Linux's priorities as a thin view of the 256 levels. SCHED_OTHER and SCHED_BATCH are levels 1 to
 * 40, a nice value of 0 is 20; SCHED_IDLE is level 0; SCHED_FIFO and SCHED_RR are 100 plus their
 * priority. Which it is follows from the level, and of SCHED_OTHER only the nice value counts: equals
 * take turns in every policy but SCHED_FIFO, whose threads have turns without an end.
 */
import type { Effects } from "../../effect.ts";
import { Err } from "../../error.ts";
import { argumentAt, ArgumentLength, type Event, payloadU32 } from "../../event.ts";
import { type State } from "../../kernel.ts";
import { writeUser } from "../../mem/user_copy.ts";
import { isRoot } from "../../proc/root.ts";
import { QUANTUM_NS } from "../../sched/fixed_priority.ts";
import { setBasePriority, setUntimed } from "../../sched/priority.ts";
import { DEFAULT_PRIORITY, ThreadState } from "../../sched/tables.ts";
import { findThread } from "../../sched/tid.ts";

const Policy = { Other: 0, Fifo: 1, RoundRobin: 2, Batch: 3, Idle: 5, ResetOnFork: 0x40000000 };
const REAL_TIME = 100;
const REAL_TIME_MOST = 99;
const IDLE = 0;
const NICE_LEAST = -20;
const NICE_MOST = 19;
const PRIO_PROCESS = 0;
const WORD_BYTES = 4;
const TIMESPEC_BYTES = 16;

function policyOf(s: State, thread: number): number {
  const base = s.thread.priority[thread];
  if (base > REAL_TIME) return s.thread.untimed[thread] === 1 ? Policy.Fifo : Policy.RoundRobin;
  return base === IDLE ? Policy.Idle : Policy.Other;
}

/** The nice value of a base priority; that of a real-time thread is 0. */
function niceOf(base: number): number {
  return base > REAL_TIME || base === IDLE ? 0 : DEFAULT_PRIORITY - base;
}

function threadOf(s: State, t: number, tid: number): number {
  const thread = tid === 0 ? t : findThread(s, tid);
  return thread === 0 || s.thread.state[thread] === ThreadState.Dead ? 0 : thread;
}

/** Whether t may change a thread's priority: its own user's threads, or all as root. */
function mayChange(s: State, t: number, thread: number): boolean {
  const { process } = s.thread;
  const { uid } = s.process;
  return isRoot(s, process[t]) || uid[process[t]] === uid[process[thread]];
}

/** A base priority for a policy and its parameter, or -Err.Invalid. */
function levelFor(base: number, policy: number, parameter: number): number {
  switch (policy) {
    case Policy.Fifo:
    case Policy.RoundRobin:
      return parameter >= 1 && parameter <= REAL_TIME_MOST ? REAL_TIME + parameter : -Err.Invalid;
    case Policy.Other:
    case Policy.Batch:
      return parameter === 0 ? DEFAULT_PRIORITY - niceOf(base) : -Err.Invalid;
    case Policy.Idle:
      return parameter === 0 ? IDLE : -Err.Invalid;
    default:
      return -Err.Invalid;
  }
}

function change(
  s: State,
  fx: Effects,
  e: Event,
  t: number,
  given: number,
  parameterAt: number,
): number {
  if (e.int(0) < 0 || parameterAt < 0) return -Err.Invalid;
  if (payloadU32(e, parameterAt) === ArgumentLength.Absent) return -Err.Invalid;
  const thread = threadOf(s, t, e.int(0));
  if (thread === 0) return -Err.NoProcess;
  const base = s.thread.priority[thread];
  const policy = given < 0 ? policyOf(s, thread) : given;
  const level = levelFor(base, policy, payloadU32(e, parameterAt + 4) | 0);
  if (level < 0) return level;
  if (!mayChange(s, t, thread)) return -Err.NotPermitted;
  const root = isRoot(s, s.thread.process[t]);
  if (!root && level > REAL_TIME && level > base) return -Err.NotPermitted;

  // From here on it must succeed.
  setBasePriority(s, fx, e.hart, thread, level);
  setUntimed(s, fx, e.hart, thread, policy === Policy.Fifo);
  return 0;
}

/** sched_setscheduler. */
export function schedSetscheduler(s: State, fx: Effects, e: Event, t: number): number {
  const policy = e.int(1) & ~Policy.ResetOnFork;
  return policy < 0 ? -Err.Invalid : change(s, fx, e, t, policy, argumentAt(e, 0));
}

/** sched_setparam: the policy stays. */
export function schedSetparam(s: State, fx: Effects, e: Event, t: number): number {
  return change(s, fx, e, t, -1, argumentAt(e, 0));
}

/** sched_getscheduler. */
export function schedGetscheduler(s: State, _fx: Effects, e: Event, t: number): number {
  if (e.int(0) < 0) return -Err.Invalid;
  const thread = threadOf(s, t, e.int(0));
  return thread === 0 ? -Err.NoProcess : policyOf(s, thread);
}

/** sched_getparam: the real-time priority, 0 for other policies. */
export function schedGetparam(s: State, fx: Effects, e: Event, t: number): number {
  if (e.int(0) < 0 || e.argument(1) === 0) return -Err.Invalid;
  const thread = threadOf(s, t, e.int(0));
  if (thread === 0) return -Err.NoProcess;
  const base = s.thread.priority[thread];
  const at = fx.reserveBytes(WORD_BYTES);
  fx.setU32(at, base > REAL_TIME ? base - REAL_TIME : 0);
  return writeUser(s, fx, e.hart, t, e.argument(1), at, WORD_BYTES);
}

function isRealTime(policy: number): boolean {
  return policy === Policy.Fifo || policy === Policy.RoundRobin;
}

function isPolicy(policy: number): boolean {
  return isRealTime(policy) || policy === Policy.Other || policy === Policy.Batch ||
    policy === Policy.Idle;
}

/** sched_get_priority_max. */
export function schedGetPriorityMax(_s: State, _fx: Effects, e: Event): number {
  if (!isPolicy(e.int(0))) return -Err.Invalid;
  return isRealTime(e.int(0)) ? REAL_TIME_MOST : 0;
}

/** sched_get_priority_min. */
export function schedGetPriorityMin(_s: State, _fx: Effects, e: Event): number {
  if (!isPolicy(e.int(0))) return -Err.Invalid;
  return isRealTime(e.int(0)) ? 1 : 0;
}

/** sched_rr_get_interval: the time a thread may run before its equals; 0 for SCHED_FIFO. */
export function schedRrGetInterval(s: State, fx: Effects, e: Event, t: number): number {
  if (e.int(0) < 0) return -Err.Invalid;
  const thread = threadOf(s, t, e.int(0));
  if (thread === 0) return -Err.NoProcess;
  const at = fx.reserveBytes(TIMESPEC_BYTES);
  fx.setU64(at, 0);
  fx.setU64(at + 8, s.thread.untimed[thread] === 1 ? 0 : QUANTUM_NS);
  return writeUser(s, fx, e.hart, t, e.argument(1), at, TIMESPEC_BYTES);
}

/** The thread that a call of one process's priority means, or -Err; groups and users are refused. */
function processOf(s: State, e: Event, t: number): number {
  if (e.int(0) !== PRIO_PROCESS) return -Err.Invalid;
  const thread = threadOf(s, t, e.int(1));
  return thread === 0 ? -Err.NoProcess : thread;
}

/** getpriority of one thread: 20 less its nice value. */
export function getpriority(s: State, _fx: Effects, e: Event, t: number): number {
  const thread = processOf(s, e, t);
  return thread < 0 ? thread : 20 - niceOf(s.thread.priority[thread]);
}

/** setpriority of one thread; a real-time one keeps its priority. */
export function setpriority(s: State, fx: Effects, e: Event, t: number): number {
  const thread = processOf(s, e, t);
  if (thread < 0) return thread;
  if (!mayChange(s, t, thread)) return -Err.NotPermitted;
  const base = s.thread.priority[thread];
  const nice = Math.max(NICE_LEAST, Math.min(NICE_MOST, e.int(2)));
  const root = isRoot(s, s.thread.process[t]);
  if (!root && nice < niceOf(base)) return -Err.Access;
  if (base > REAL_TIME || base === IDLE) return 0;

  // From here on it must succeed.
  setBasePriority(s, fx, e.hart, thread, DEFAULT_PRIORITY - nice);
  return 0;
}
