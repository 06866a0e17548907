import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { freeMessage } from "../ipc/message.ts";
import { dropDeathPulse } from "../ipc/thread_death.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { allocRow, freeRow } from "../state/table.ts";
import { effectivePriority } from "./effective_priority.ts";
import { hasHart } from "./hart_set.ts";
import { scheduler } from "./scheduler.ts";
import { DEFAULT_PRIORITY, Request, ThreadState, WaitKind } from "./tables.ts";
import { enterTid, leaveTid } from "./tid.ts";
import { armTimer, disarmTimer, TimerSlot } from "./timer.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { IpiPending, IpiSource, ThreadFree, ThreadUsed, WaiterFree, WaiterUsed } = Account;
const { Migrate, Priority, Start, Wake } = Request;
const { Blocked, Dead, Embryo, Ready, Running, Stopped } = ThreadState;
const { Interval, Sleep } = TimerSlot;
const { None: NoneKind } = WaitKind;
const one = ONE;

/**
 * Makes a thread row with its waiter, as an embryo: the newest thread of a process.
 *
 * @returns the row, or 0 when a table is full
 */
export function createThread(s: State, process: number, tid: number): number {
  const thread = allocRow(s.thread);
  if (thread === 0) return 0;
  const waiter = allocRow(s.waiter);
  if (waiter === 0) {
    freeRow(s.thread, thread);
    return 0;
  }
  post(s, ThreadFree, ThreadUsed, 1);
  post(s, WaiterFree, WaiterUsed, 1);
  s.waiter.thread[waiter] = thread;
  s.thread.waiter[thread] = waiter;
  s.thread.process[thread] = process;
  s.thread.tid[thread] = tid;
  s.thread.state[thread] = Embryo;
  s.thread.priority[thread] = DEFAULT_PRIORITY;
  s.thread.affinityLo[thread] = 0xffffffff;
  s.thread.affinityHi[thread] = 0xffffffff;
  joinProcess(s, process, thread);
  enterTid(s, thread);
  return thread;
}

function joinProcess(s: State, process: number, thread: number): void {
  const last = s.process.lastThread[process];
  s.thread.previousInProcess[thread] = last;
  if (last === 0) s.process.firstThread[process] = thread;
  else s.thread.nextInProcess[last] = thread;
  s.process.lastThread[process] = thread;
  s.process.threads[process]++;
}

function leaveProcess(s: State, thread: number): void {
  const process = s.thread.process[thread];
  const next = s.thread.nextInProcess[thread];
  const previous = s.thread.previousInProcess[thread];
  if (previous === 0) s.process.firstThread[process] = next;
  else s.thread.nextInProcess[previous] = next;
  if (next === 0) s.process.lastThread[process] = previous;
  else s.thread.previousInProcess[next] = previous;
  if (s.thread.state[thread] !== Dead) s.process.threads[process]--;
}

/** Frees a thread that is on no queue, in no heap and in no inbox. */
export function freeThread(s: State, thread: number): void {
  assert(s.thread.queued[thread] === 0, "a freed thread is in no run queue");
  assert(s.thread.joinHead[thread] === 0, "nobody waits for the end of a freed thread");
  assert(s.thread.inInbox[thread] === 0, "a freed thread is in no inbox");
  assert(
    s.thread.timerIndex[thread] === 0 && s.thread.intervalIndex[thread] === 0,
    "a freed thread is in no heap",
  );
  // Its own waiter, and those of a poll it died in.
  for (let waiter = s.thread.waiter[thread]; waiter !== 0;) {
    assert(s.waiter.kind[waiter] === NoneKind, "a freed thread waits for nothing");
    const next = s.waiter.nextOfThread[waiter];
    freeRow(s.waiter, waiter);
    post(s, WaiterUsed, WaiterFree, 1);
    waiter = next;
  }
  freeMessage(s, thread);
  dropDeathPulse(s, thread);
  leaveTid(s, thread);
  leaveProcess(s, thread);
  freeRow(s.thread, thread);
  post(s, ThreadUsed, ThreadFree, 1);
}

/** Whether requests to a thread's hart are under way: it is between two places. */
export function isInTransit(s: State, thread: number): boolean {
  return s.thread.requests[thread] !== 0;
}

/**
 * Asks a thread's hart to act on it: sets request bits, links the thread once into that hart's
 * inbox, and raises an IPI unless one is pending.
 *
 * @param from number of the event's hart
 */
export function request(s: State, fx: Effects, from: number, thread: number, bits: number): void {
  const target = s.thread.hart[thread];
  s.thread.requests[thread] |= bits;
  if (s.thread.inInbox[thread] === 0) {
    const row = target + 1;
    const last = s.hart.inboxTail[row];
    if (last === 0) s.hart.inboxHead[row] = thread;
    else s.thread.inboxNext[last] = thread;
    s.thread.inboxPrevious[thread] = last;
    s.hart.inboxTail[row] = thread;
    s.thread.inInbox[thread] = 1;
  }
  raiseIpi(s, fx, from, target);
}

/** Raises an IPI unless one is pending, or the target is the hart that is reducing. */
export function raiseIpi(s: State, fx: Effects, from: number, target: number): void {
  if (s.hart.ipiPending[target + 1] !== 0) return;
  if (target === from) return;
  s.hart.ipiPending[target + 1] = 1;
  post(s, IpiSource, IpiPending, 1);
  fx.ipi(target);
}

/** Takes the next thread out of a hart's inbox, or 0. */
export function takeFromInbox(s: State, hart: number): number {
  const row = hart + 1;
  const thread = s.hart.inboxHead[row];
  if (thread === 0) return 0;
  unlinkFromInbox(s, hart, thread);
  return thread;
}

function unlinkFromInbox(s: State, hart: number, thread: number): void {
  const row = hart + 1;
  const next = s.thread.inboxNext[thread];
  const previous = s.thread.inboxPrevious[thread];
  if (previous === 0) s.hart.inboxHead[row] = next;
  else s.thread.inboxNext[previous] = next;
  if (next === 0) s.hart.inboxTail[row] = previous;
  else s.thread.inboxPrevious[next] = previous;
  s.thread.inboxNext[thread] = 0;
  s.thread.inboxPrevious[thread] = 0;
  s.thread.inInbox[thread] = 0;
}

/** Queues a thread of this hart that has something to do; its sleep timer goes first. */
export function makeReady(s: State, hart: number, thread: number): void {
  disarmTimer(s, hart, thread, Sleep);
  scheduler.wake(s, hart, thread);
}

/**
 * Answers the requests on a thread taken from the inbox of its own hart that are about where it is;
 * the others are the caller's to act on.
 *
 * @returns the Request bits there were
 */
export function answerRequests(s: State, fx: Effects, hart: number, thread: number): number {
  const bits = s.thread.requests[thread];
  s.thread.requests[thread] = 0;
  if ((bits & Start) !== 0) arrive(s, hart, thread);
  else if ((bits & Wake) !== 0) makeReady(s, hart, thread);
  if ((bits & Priority) !== 0) lookAtPriority(s, hart, thread);
  if ((bits & Migrate) !== 0) leaveForbiddenHart(s, fx, hart, thread);
  // It could not go to an idle hart as long as requests on it were open: now it may.
  if (scheduler.isQueued(s, hart, thread)) scheduler.offer(s, hart);
  return bits;
}

/** Takes up a priority that another hart changed, where this one schedules by it. */
function lookAtPriority(s: State, hart: number, thread: number): void {
  if (!scheduler.hasPlace(s, hart, thread)) return;
  if (s.thread.level[thread] === effectivePriority(s, thread)) return;
  scheduler.applyPriority(s, hart, thread);
}

/** Whether a thread's affinity lets it run on a hart. */
export function mayRunOn(s: State, thread: number, hart: number): boolean {
  return hasHart(s.thread.affinityLo[thread], s.thread.affinityHi[thread], hart);
}

/**
 * Moves a thread of this hart to where it was asked to go, unless it may stay by now. The steps of a
 * long operation stay on the hart it began on: its end asks again.
 */
export function leaveForbiddenHart(s: State, fx: Effects, hart: number, thread: number): void {
  if (mayRunOn(s, thread, hart) || s.hart.operation[hart + 1] === thread) return;
  if (s.thread.state[thread] === Dead) return;
  // The set may have changed again since it was asked to move.
  const asked = s.thread.migrateTo[thread];
  const target = mayRunOn(s, thread, asked) ? asked : leastLoadedHart(s, thread, hart);
  handOver(s, fx, hart, thread, target);
}

/** A thread handed over to this hart: ready ones queue, blocked ones take their timers along. */
function arrive(s: State, hart: number, thread: number): void {
  if (s.thread.intervalDeadline[thread] > 0) {
    armTimer(s, hart, thread, Interval, s.thread.intervalDeadline[thread]);
  }
  const waiting = s.waiter.kind[s.thread.waiter[thread]] !== NoneKind;
  if (s.thread.state[thread] === Blocked && waiting) {
    const deadline = s.thread.callDeadline[thread];
    if (deadline > 0) armTimer(s, hart, thread, Sleep, deadline);
    return;
  }
  if (s.thread.state[thread] === Stopped) return;
  makeReady(s, hart, thread);
}

/**
 * Moves a thread of this hart to another: out of the queue and the heap here, then a request there.
 * A running thread leaves the hart; the caller reschedules.
 */
export function handOver(
  s: State,
  fx: Effects,
  hart: number,
  thread: number,
  target: number,
): void {
  if (scheduler.isQueued(s, hart, thread)) scheduler.remove(s, hart, thread);
  disarmTimer(s, hart, thread, Sleep);
  disarmTimer(s, hart, thread, Interval);
  if (s.thread.state[thread] === Running) {
    s.thread.state[thread] = Ready;
    s.hart.needsReschedule[hart + 1] = 1;
  }
  s.hart.assigned[hart + 1]--;
  s.hart.assigned[target + 1]++;
  s.thread.hart[thread] = target;
  request(s, fx, hart, thread, Start);
}

/** Places an embryo on a hart without letting it run: it is blocked, and what it waits for wakes it. */
export function placeThread(s: State, thread: number, target: number): void {
  s.thread.hart[thread] = target;
  s.hart.assigned[target + 1]++;
}

/** Places an embryo on a hart and lets it run: here at once, elsewhere by request. */
export function startThread(
  s: State,
  fx: Effects,
  hart: number,
  thread: number,
  target: number,
): void {
  placeThread(s, thread, target);
  s.thread.state[thread] = Ready;
  if (target === hart) scheduler.enqueue(s, hart, thread);
  else request(s, fx, hart, thread, Start);
}

/**
 * Ends a thread of this hart that is its current one: it is dead, on no queue, and has no requests.
 * Its row goes too, unless it is the first of its process.
 */
export function endThread(s: State, hart: number, thread: number): void {
  assert(s.hart.current[hart + 1] === thread, "a thread ends on the hart it runs on");
  assert(s.hart.operation[hart + 1] !== thread, "a thread ends between long operations");
  const process = s.thread.process[thread];
  disarmTimer(s, hart, thread, Sleep);
  disarmTimer(s, hart, thread, Interval);
  if (s.thread.inInbox[thread] === 1) unlinkFromInbox(s, hart, thread);
  s.thread.requests[thread] = 0;
  s.process.userTime[process] += s.thread.userTime[thread];
  s.hart.current[hart + 1] = 0;
  s.hart.assigned[hart + 1]--;
  s.thread.state[thread] = Dead;
  s.process.threads[process]--;
  if (s.process.firstThread[process] !== thread) freeThread(s, thread);
}

/**
 * The hart a forked thread goes to: fewest assigned threads among those it may run on; of equals the
 * parent's, then the lowest.
 */
export function leastLoadedHart(s: State, thread: number, parentHart: number): number {
  const harts = s.kernel.harts[one];
  let best = -1;
  let fewest = Infinity;
  for (let h = 0; h < harts; h++) {
    if (!mayRunOn(s, thread, h)) continue;
    const n = s.hart.assigned[h + 1];
    if (n < fewest || (n === fewest && h === parentHart)) {
      best = h;
      fewest = n;
    }
  }
  return best < 0 ? parentHart : best;
}
