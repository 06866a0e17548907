import { ONE, type State } from "./kernel.ts";
import { reschedule } from "./leave.ts";
import { Account } from "./ledger/accounts.ts";
import { post } from "./ledger/post.ts";
import { QUANTUM_NS } from "./sched/fixed_priority.ts";
import { scheduler } from "./sched/scheduler.ts";
import { DEFAULT_PRIORITY, PRIORITY_LEVELS, ThreadState } from "./sched/tables.ts";
import { allocRow, freeRow } from "./state/table.ts";

/** What the scheduler's check of itself at boot found. */
export const SelfCheck = {
  /** It did not run. */
  None: 0,
  Passed: 1,
  /** There were no slots for its two threads: nothing was checked. */
  NoThread: 2,
  /** Not the best of the queued threads was named, or not the named one was taken. */
  Choice: 3,
  /** Naming it changed something. */
  Changed: 4,
  /** A preempted thread was not queued again, or queued twice. */
  Lost: 5,
} as const;

/** Places in the course of the check where a tick may come; one more is no tick at all. */
export const TICK_PLACES = 6;
/** Kinds of tick: right after a dispatch, and when a turn is over. */
export const TICKS: readonly number[] = [0, QUANTUM_NS];

const HART = 0;
const ROW = HART + 1;

/** A number that differs when a queue of the hart or a thread's place in it does. */
function fingerprint(s: State, low: number, high: number): number {
  let sum = Math.imul(s.hart.ready[ROW] + 1, 31) + s.hart.needsReschedule[ROW];
  const add = (value: number): void => {
    sum = Math.imul(sum, 0x01000193) ^ value;
  };
  for (let word = 0; word < PRIORITY_LEVELS / 32; word++) {
    add(s.hart.queueBitmap[ROW * (PRIORITY_LEVELS / 32) + word]);
  }
  for (let level = 0; level < PRIORITY_LEVELS; level++) {
    add(s.hart.queueHead[ROW * PRIORITY_LEVELS + level]);
    add(s.hart.queueTail[ROW * PRIORITY_LEVELS + level]);
  }
  for (let t = low; t !== 0; t = t === high ? 0 : high) {
    add(s.thread.queued[t]);
    add(s.thread.state[t]);
    add(s.thread.queueNext[t]);
    add(s.thread.queuePrevious[t]);
    add(s.thread.level[t]);
  }
  return sum;
}

/** Whether `best` is what the hart would take, said twice, with nothing changed by asking. */
function names(s: State, low: number, high: number, best: number): number {
  const before = fingerprint(s, low, high);
  for (let n = 0; n < 2; n++) {
    if (scheduler.peek(s, HART) !== best) return SelfCheck.Choice;
    if (fingerprint(s, low, high) !== before) return SelfCheck.Changed;
  }
  return SelfCheck.Passed;
}

/** The two threads as they were before anything ran. */
function reset(s: State, low: number, high: number): void {
  for (let t = low; t !== 0; t = t === high ? 0 : high) {
    if (scheduler.isQueued(s, HART, t)) scheduler.remove(s, HART, t);
    s.thread.state[t] = ThreadState.Embryo;
    s.thread.budget[t] = 0;
    s.thread.level[t] = 0;
    s.thread.dispatchedAt[t] = 0;
    s.hart.longestWait[ROW * PRIORITY_LEVELS + s.thread.priority[t]] = 0;
  }
  s.hart.current[ROW] = 0;
  s.hart.needsReschedule[ROW] = 0;
  s.hart.steal[ROW] = 0;
}

/**
 * One course: both threads are queued, the better one is named and taken, blocks, and takes the hart
 * back from the other when it wakes. A tick comes at one place, and the choice is the same.
 */
function course(s: State, low: number, high: number, place: number, after: number): number {
  let at = 0;
  let now = 0;
  const tick = (): void => {
    if (at++ !== place) return;
    now += after;
    s.hart.needsReschedule[ROW] = 1;
    reschedule(s, HART, now);
  };
  const runs = (thread: number): boolean => s.hart.current[ROW] === thread;
  const onlyQueued = (thread: number): boolean =>
    s.thread.queued[thread] === 1 && s.hart.ready[ROW] === 1;
  scheduler.enqueue(s, HART, low);
  tick();
  scheduler.enqueue(s, HART, high);
  // A tick between the two spawns lets the first run: then the second waits alone.
  let named = names(s, low, high, high);
  if (named !== SelfCheck.Passed) return named;
  tick();
  reschedule(s, HART, now);
  if (!runs(high) || s.thread.queued[high] === 1) return SelfCheck.Choice;
  if (!onlyQueued(low)) return SelfCheck.Lost;
  tick();
  if (!runs(high)) return SelfCheck.Choice;
  s.thread.state[high] = ThreadState.Blocked;
  named = names(s, low, high, low);
  if (named !== SelfCheck.Passed) return named;
  reschedule(s, HART, now);
  tick();
  if (!runs(low) || s.hart.ready[ROW] !== 0) return SelfCheck.Choice;
  scheduler.enqueue(s, HART, high);
  named = names(s, low, high, high);
  if (named !== SelfCheck.Passed) return named;
  tick();
  reschedule(s, HART, now);
  tick();
  if (!runs(high)) return SelfCheck.Choice;
  if (!onlyQueued(low)) return SelfCheck.Lost;
  return names(s, low, high, low);
}

function everyTick(s: State, low: number, high: number): number {
  for (const after of TICKS) {
    for (let place = 0; place <= TICK_PLACES; place++) {
      const found = course(s, low, high, place, after);
      reset(s, low, high);
      if (found !== SelfCheck.Passed) return found;
    }
  }
  return SelfCheck.Passed;
}

function takeThread(s: State): number {
  const thread = allocRow(s.thread);
  if (thread !== 0) post(s, Account.ThreadFree, Account.ThreadUsed, 1);
  return thread;
}

function giveThread(s: State, thread: number): void {
  if (thread === 0) return;
  freeRow(s.thread, thread);
  post(s, Account.ThreadUsed, Account.ThreadFree, 1);
}

/**
 * The scheduler's check of itself, on hart 0 before anything runs: with a better and a worse thread
 * ready, what is chosen is asserted by asking for it without taking it, and not by who came to write
 * first; so the verdict is the same wherever a tick comes. Both threads run, and are gone at the end.
 *
 * @returns a SelfCheck
 */
export function checkSelection(s: State): number {
  const low = takeThread(s);
  const high = takeThread(s);
  let found: number = SelfCheck.NoThread;
  if (low !== 0 && high !== 0) {
    s.thread.priority[low] = DEFAULT_PRIORITY;
    s.thread.priority[high] = DEFAULT_PRIORITY + 1;
    reset(s, low, high);
    found = everyTick(s, low, high);
  }
  giveThread(s, low);
  giveThread(s, high);
  s.kernel.selfCheck[ONE] = found;
  return found;
}
