import { assert } from "./assert.ts";
import type { Effects } from "./effect.ts";
import { pfnOf } from "./mem/frame.ts";
import { hasReclaim } from "./mem/reclaim.ts";
import { markRanOn } from "./mem/shootdown.ts";
import { Account } from "./ledger/accounts.ts";
import { hasDyingEnds } from "./ipc/teardown.ts";
import { ONE, type State } from "./kernel.ts";
import { UNITS } from "./limits.ts";
import { finishExecute } from "./proc/exec.ts";
import { beginExit, exitThread, finishLeaving, isToldToGo } from "./proc/exit.ts";
import {
  Handler,
  hasHandler,
  isBlocked,
  isGuarded,
  nextSignal,
  setMask,
  takeSignal,
} from "./proc/signal.ts";
import { DefaultAction, defaultAction, Signal } from "./proc/signal_numbers.ts";
import { stopProcess } from "./proc/stop.ts";
import { ProcessState, SIGNALS } from "./proc/tables.ts";
import { scheduler } from "./sched/scheduler.ts";
import { answerIdleHarts, askForThread, stopAsking } from "./sched/steal.ts";
import { PRIORITY_LEVELS, ThreadState, WakeReason } from "./sched/tables.ts";
import { firstDeadline } from "./sched/timer.ts";
import { asksTimers, firstTimerDue } from "./sched/timer_object.ts";
import { hasWaking } from "./sched/wait.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { SignalConsumed, SignalDiscarded } = Account;
const { Continue, Ignore, Stop } = DefaultAction;
const { Ignore: IgnoreHandler } = Handler;
const { Live } = ProcessState;
const { Kill, Stop: StopSignal } = Signal;
const { Running, Stopped } = ThreadState;
const { Signal: SignalReason } = WakeReason;
const one = ONE;

/** Timers further away than this are not worth programming; the clock never gets there. */
const NEVER = 2 ** 53;

/**
 * Chooses what the hart runs; leaves it in hart.current.
 *
 * @param now the hart's time, ns
 */
export function reschedule(s: State, hart: number, now: number): void {
  const row = hart + 1;
  let current = s.hart.current[row];
  const running = current !== 0 && s.thread.state[current] === Running;
  // While the thread goes on that has the hart, the others wait in the queue.
  if (running) scheduler.settle(s, hart);
  if (running && s.hart.needsReschedule[row] === 0) return;
  s.hart.needsReschedule[row] = 0;
  if (current !== 0) {
    scheduler.charge(s, current, now - s.thread.dispatchedAt[current]);
    s.thread.dispatchedAt[current] = now;
  }
  if (running) {
    const expired = scheduler.expired(s, hart, current);
    if (!expired && !scheduler.shouldPreempt(s, hart, current)) return;
    scheduler.requeueCurrent(s, hart, current, expired);
  }
  current = scheduler.peek(s, hart);
  if (current !== 0) {
    scheduler.remove(s, hart, current);
    s.thread.state[current] = Running;
    s.thread.dispatchedAt[current] = now;
    noteWait(s, row, current, now);
    if (s.hart.current[row] === 0) stopAsking(s, hart);
  }
  s.hart.current[row] = current;
}

/** Keeps the longest time a thread of each level has waited for its hart. */
function noteWait(s: State, row: number, thread: number, now: number): void {
  const waited = now - s.thread.readySince[thread];
  const at = row * PRIORITY_LEVELS + s.thread.level[thread];
  if (waited > s.hart.longestWait[at]) s.hart.longestWait[at] = waited;
}

/**
 * Whether nobody of its session outside its group looks after a process, as far as its ancestors in
 * the group tell: then the terminal's stop signals do nothing, since nothing would continue it.
 */
function isOrphaned(s: State, p: number): boolean {
  let member = p;
  for (let n = 0; n < UNITS; n++) {
    const parent = s.process.parent[member];
    if (parent === 0 || s.process.session[parent] !== s.process.session[p]) return true;
    if (s.process.group[parent] !== s.process.group[p]) return false;
    member = parent;
  }
  return true;
}

/** Whether a signal that reached a process without a handler for it does nothing to it. */
function isHarmless(s: State, p: number, signal: number): boolean {
  if (s.process.handlerLo[p * (SIGNALS + 1) + signal] === IgnoreHandler) return true;
  const action = defaultAction(signal);
  if (action === Ignore || action === Continue) return true;
  // It was blocked when it came, so that sending it did not drop it.
  if (isGuarded(s, p, signal)) return true;
  return action === Stop && signal !== StopSignal && isOrphaned(s, p);
}

/**
 * Whether the call in progress runs again before signals are looked at. Only a wait that a signal
 * ended is interrupted: one that ended otherwise has its result to fetch, and a wait that no signal
 * ends (for a page, for other harts) is none the program may see.
 */
function runsCallFirst(s: State, thread: number, signal: number): boolean {
  return s.thread.call[thread] !== 0 && s.thread.wakeReason[thread] !== SignalReason &&
    signal !== Kill && s.thread.faultSignal[thread] === 0;
}

/**
 * Acts on a signal of the running thread.
 *
 * @returns true when the hart can go on choosing, false when a reply must come first
 */
function actOnSignal(
  s: State,
  fx: Effects,
  hart: number,
  thread: number,
  signal: number,
): boolean {
  if (isToldToGo(s, thread)) {
    exitThread(s, fx, hart, thread, Kill);
    return true;
  }
  const p = s.thread.process[thread];
  const fault = s.thread.faultSignal[thread] === signal;
  if (
    signal !== Kill && hasHandler(s, p, signal) && !(fault && isBlocked(s, thread, signal))
  ) {
    s.thread.sampled[thread] = 1;
    fx.sampleRegisters(thread);
    return false;
  }
  if (!fault && signal !== Kill) {
    if (isHarmless(s, p, signal)) {
      takeSignal(s, thread, signal, SignalDiscarded);
      return true;
    }
    if (defaultAction(signal) === Stop) {
      takeSignal(s, thread, signal, SignalConsumed);
      stopProcess(s, fx, hart, thread, signal);
      return true;
    }
  }
  takeSignal(s, thread, signal, SignalConsumed);
  beginExit(s, fx, hart, thread, signal);
  return true;
}

/** Whether something is being taken apart or woken that any hart's events go on with. */
export function hasCommonWork(s: State): boolean {
  return hasReclaim(s) || hasWaking(s) || hasDyingEnds(s);
}

/** Whether the hart must take a Continue event before anything else. */
function hasSteps(s: State, hart: number, quiet: boolean): boolean {
  const row = hart + 1;
  if (s.hart.operation[row] !== 0) return true;
  if (s.hart.inboxHead[row] !== 0 && s.hart.ipiPending[row] === 0) return true;
  if (asksTimers(s, hart)) return true;
  if (!quiet && hasCommonWork(s)) return true;
  return hart === 0 && s.kernel.shutdownSteps[one] !== 0;
}

/** Gives the machine what the hart runs next, if that changed. */
function load(s: State, fx: Effects, hart: number): void {
  const row = hart + 1;
  const thread = s.hart.current[row];
  if (thread === 0) {
    if (s.hart.loaded[row] === 0 && s.hart.runningSpace[row] === 0) return;
    s.hart.loaded[row] = 0;
    s.hart.runningSpace[row] = 0;
    fx.switchTo(hart, 0, 0, 0);
    return;
  }
  const space = s.process.space[s.thread.process[thread]];
  assert(space !== 0, "a thread that runs has a space");
  if (s.hart.loaded[row] === thread && s.hart.runningSpace[row] === space) return;
  if (s.hart.loaded[row] !== thread) s.hart.switches[row]++;
  s.hart.loaded[row] = thread;
  s.hart.runningSpace[row] = space;
  markRanOn(s, hart, space);
  fx.switchTo(hart, thread, pfnOf(s, s.addressSpace.root[space]), s.addressSpace.asid[space]);
}

/** Programs the hart's timer for its first deadline or the end of the running thread's turn. */
function programTimer(s: State, fx: Effects, hart: number): void {
  const row = hart + 1;
  const thread = s.hart.current[row];
  let deadline = Math.min(firstDeadline(s, hart), firstTimerDue(s, hart));
  const stealAt = s.hart.stealAt[row];
  if (stealAt !== 0 && stealAt < deadline) deadline = stealAt;
  if (thread !== 0) {
    const turn = s.thread.dispatchedAt[thread] + scheduler.nextDeadline(s, hart, thread);
    if (turn < deadline) deadline = turn;
  }
  const programmed = deadline < NEVER ? deadline : 0;
  if (s.hart.timerProgrammed[row] === programmed) return;
  s.hart.timerProgrammed[row] = programmed;
  fx.setTimer(hart, programmed);
}

/**
 * The end of every event: chooses what the hart does next, and acts on signals of the thread that
 * would return to user code. A step or a sample that is due comes before any guest instruction.
 *
 * @param now the hart's time, ns
 * @param quiet whether it is known that there is no common work
 */
export function leaveKernel(
  s: State,
  fx: Effects,
  hart: number,
  now: number,
  quiet: boolean = false,
): void {
  const goesOn = choose(s, fx, hart, now, quiet);
  scheduler.settle(s, hart);
  if (!goesOn) return;
  if (s.hart.current[hart + 1] === 0) askForThread(s, fx, hart);
  if (s.hart.steal[hart + 1] !== 0) answerIdleHarts(s, fx, hart, now);
  load(s, fx, hart);
  programTimer(s, fx, hart);
}

/** Chooses what the hart runs; false when a step or a sample comes first. */
function choose(s: State, fx: Effects, hart: number, now: number, quiet: boolean): boolean {
  const row = hart + 1;
  // What is done for a signal may leave work.
  for (let known = quiet;; known = false) {
    if (fx.sampled === 1) return false;
    if (hasSteps(s, hart, known)) {
      if (s.hart.continuePending[row] === 0) {
        s.hart.continuePending[row] = 1;
        fx.continueOn(hart);
      }
      return false;
    }
    reschedule(s, hart, now);
    const thread = s.hart.current[row];
    if (thread === 0) return true;
    if (s.kernel.shutdown[one] !== 0) {
      const p = s.thread.process[thread];
      if (s.process.state[p] === Live) {
        beginExit(s, fx, hart, thread, Kill);
        continue;
      }
    }
    if (s.thread.leaving[thread] === 1) {
      finishLeaving(s, fx, hart, thread);
      continue;
    }
    // A call that set another mask and was not interrupted ends with the old one.
    if (s.thread.restoreMask[thread] === 1 && s.thread.call[thread] === 0) {
      s.thread.restoreMask[thread] = 0;
      setMask(s, fx, hart, thread, s.thread.savedMaskLo[thread], s.thread.savedMaskHi[thread]);
    }
    const signal = nextSignal(s, thread);
    const p = s.thread.process[thread];
    if (s.process.execThread[p] === thread && signal !== Kill) {
      finishExecute(s, fx, hart, thread);
      continue;
    }
    if (s.process.stopped[p] === 1 && signal !== Kill) {
      s.thread.state[thread] = Stopped;
      continue;
    }
    if (signal === 0 || runsCallFirst(s, thread, signal)) return true;
    if (!actOnSignal(s, fx, hart, thread, signal)) return false;
  }
}
