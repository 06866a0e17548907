import { boot, isBootPayload } from "./boot.ts";
import type { ByteDriver } from "./driver.ts";
import type { Effects } from "./effect.ts";
import { Err, Result } from "./error.ts";
import { AccessKind, type Event, EventKind, SampleKind } from "./event.ts";
import { reduceExternal, reduceInput } from "./input.ts";
import { ONE, type State } from "./kernel.ts";
import { registerSample } from "./isa/signal_frame.ts";
import { giveBackOf, leaveCall } from "./ipc/carry.ts";
import { outlastsDeadline } from "./ipc/end.ts";
import { drainEnds, hasDyingEnds } from "./ipc/teardown.ts";
import { hasCommonWork, leaveKernel } from "./leave.ts";
import { Account } from "./ledger/accounts.ts";
import { post } from "./ledger/post.ts";
import { bookRetired } from "./ledger/retired.ts";
import { UNITS } from "./limits.ts";
import { pageFault } from "./mem/fault.ts";
import { hasReclaim, reclaim } from "./mem/reclaim.ts";
import { acknowledgeShootdowns } from "./mem/shootdown.ts";
import { resolve } from "./mem/user.ts";
import { answerOf, dispatch } from "./personality/dispatch.ts";
import { stepOperation } from "./personality/operations.ts";
import { exceptionSignal, segmentFault } from "./proc/exception.ts";
import { deliverSignal, failDelivery } from "./proc/deliver.ts";
import { takeImageSample } from "./proc/exec.ts";
import { expireAlarm, settleAlarm } from "./proc/alarm.ts";
import { interruptWait } from "./proc/signal.ts";
import { answerStop } from "./proc/stop.ts";
import { beginShutdown, continueShutdown, stepShutdown } from "./shutdown.ts";
import { CALL_LIMIT, rowOf } from "./syscall/rows.ts";
import { clearCall, isSameCall, keepArguments, returnFromCall } from "./sched/call.ts";
import { bookTime } from "./sched/hart_time.ts";
import { keepSources } from "./sched/irq.ts";
import { CallStage } from "./sched/call_stage.ts";
import { robustSampleBytes, takeRobustSample } from "./sched/futex_robust.ts";
import { endOperation, OperationKind } from "./sched/operation.ts";
import { InterruptRule, Request, ThreadState, WakeReason } from "./sched/tables.ts";
import { answerRequests, leaveForbiddenHart, takeFromInbox } from "./sched/thread.ts";
import { disarmTimer, dueTimer, TimerSlot } from "./sched/timer.ts";
import { answerTimers, asksTimers, expireTimers } from "./sched/timer_object.ts";
import { hasWaking, isWaiting, wakeSome, wakeThread } from "./sched/wait.ts";
import { isCallEvent, isInputEvent, isRecord } from "./well_formed.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { Execute } = AccessKind;
const { HartTimeSource, IpiPending, IpiTaken } = Account;
const { Interrupted } = Err;
const {
  Boot,
  Continue,
  Exception,
  External,
  Input,
  Ipi,
  PageFault,
  Sample,
  Shutdown,
  Syscall,
  SyscallFault,
  Timer,
} = EventKind;
const { Always, Interrupted: InterruptedRule, Progress, Restart } = InterruptRule;
const { RobustList } = OperationKind;
const { Alarm, Kill, Signal, Stop } = Request;
const { NoReturn, Pending } = Result;
const { Registers } = SampleKind;
const { Blocked, Running } = ThreadState;
const { Sleep } = TimerSlot;
const { Timeout } = WakeReason;
const one = ONE;

/** Why an event was refused: nothing was changed. */
export const Refusal = {
  None: 0,
  UnknownKind: 1,
  NotBooted: 2,
  NoSuchHart: 3,
  NoThread: 4,
  BadPayload: 5,
  AlreadyClosed: 6,
  Unexpected: 7,
  BadTime: 8,
  /** A field of its head holds what no record can. */
  BadRecord: 9,
  /** Not the next event of the boot: one is missing, doubled, or from elsewhere. */
  BadOrder: 10,
  /** Not the next event of its hart. */
  BadSequence: 11,
} as const;

/**
 * Whether an event may come while the boot ends: no guest runs then and nothing comes in, or what was
 * taken apart would be begun again.
 */
function isOfShutdown(kind: number): boolean {
  return kind === Ipi || kind === Continue || kind === Sample;
}

/** Whether bytes of a frame are what was asked for: of a robust list, or the head of a program. */
function isFrameSample(s: State, e: Event, thread: number): boolean {
  return s.thread.operation[thread] === RobustList
    ? e.payloadLength === robustSampleBytes(s, thread)
    : s.thread.callStage[thread] === CallStage.Sampling;
}

/** The rule an event breaks, or Refusal.None. */
export function refuse(s: State, e: Event): number {
  if (!isRecord(e)) return Refusal.BadRecord;
  if (e.kind < Boot || e.kind > Shutdown) return Refusal.UnknownKind;
  const booted = s.kernel.booted[one] === 1;
  if (e.kind === Boot) {
    if (booted) return Refusal.Unexpected;
    if (e.hart !== 0) return Refusal.NoSuchHart;
    if (e.order !== 0) return Refusal.BadOrder;
    if (e.sequence !== 0) return Refusal.BadSequence;
    return isBootPayload(s, e) ? Refusal.None : Refusal.BadPayload;
  }
  if (!booted) return Refusal.NotBooted;
  if (s.kernel.closed[one] === 1) return Refusal.AlreadyClosed;
  if (!(e.hart >= 0 && e.hart < s.kernel.harts[one])) return Refusal.NoSuchHart;
  if (e.order !== s.kernel.lastOrder[one]) return Refusal.BadOrder;
  if (e.sequence !== s.hart.lastSequence[e.hart + 1]) return Refusal.BadSequence;
  const passed = e.time - s.hart.lastTime[e.hart + 1];
  if (!(passed >= 0 && passed <= s.account.balance[HartTimeSource])) return Refusal.BadTime;
  if (!Number.isInteger(e.time)) return Refusal.BadTime;
  // A sample's reply is the very next event, and comes only when it was asked for.
  const sampling = s.kernel.sampling[one];
  if ((e.kind === Sample ? e.hart + 1 : 0) !== sampling) return Refusal.Unexpected;
  if (s.kernel.shutdown[one] !== 0 && !isOfShutdown(e.kind)) return Refusal.Unexpected;
  const thread = s.hart.current[e.hart + 1];
  switch (e.kind) {
    case Syscall:
    case SyscallFault:
    case PageFault:
    case Exception:
      if (thread === 0 || s.thread.state[thread] !== Running) return Refusal.NoThread;
      if (s.hart.operation[e.hart + 1] !== 0) return Refusal.Unexpected;
      if (e.kind === SyscallFault && e.access > Execute) {
        return Refusal.BadPayload;
      }
      return e.kind !== Syscall || isCallEvent(e) ? Refusal.None : Refusal.BadPayload;
    case Sample:
      if (thread === 0) return Refusal.NoThread;
      if (e.cause === Registers) {
        return s.thread.sampled[thread] === 1 && e.payloadLength === registerSample.bytes
          ? Refusal.None
          : Refusal.Unexpected;
      }
      return isFrameSample(s, e, thread) ? Refusal.None : Refusal.Unexpected;
    case Continue:
      return s.hart.continuePending[e.hart + 1] === 1 ? Refusal.None : Refusal.Unexpected;
    case Ipi:
      return s.hart.ipiPending[e.hart + 1] === 1 ? Refusal.None : Refusal.Unexpected;
    case Shutdown:
      return e.hart === 0 && s.kernel.shutdown[one] === 0 && e.cause >= 1 && e.cause <= 4
        ? Refusal.None
        : Refusal.Unexpected;
    case Input:
      return isInputEvent(e) ? Refusal.None : Refusal.BadPayload;
    default:
      return Refusal.None;
  }
}

/** By call number: the InterruptRule its row asks for. */
const interruptRules = Uint8Array.from({ length: CALL_LIMIT }, (_, call) => {
  const blocking = rowOf(call)?.blocking;
  if (blocking === "progress") return Progress;
  return blocking === "restart" ? Restart : InterruptedRule;
});

/**
 * What a handled signal does to a call that blocks, by its row, unless the call has said so itself.
 * One with a deadline does not run again: its time would begin anew.
 */
function interruptRule(s: State, thread: number, call: number): number {
  if (s.thread.callBlocking[thread] === Always) return Always;
  const rule = interruptRules[call];
  return rule !== Restart || s.thread.callDeadline[thread] === 0 ? rule : InterruptedRule;
}

/** Gives a call's result to its thread, or leaves the call in progress. */
function settle(s: State, fx: Effects, thread: number, call: number, result: number): void {
  if (result >= 0) returnFromCall(s, fx, thread, result);
  else if (result === NoReturn && s.thread.state[thread] !== Blocked) {
    clearCall(s, thread);
  } else if (result <= Pending) {
    s.thread.call[thread] = call + 1;
    s.thread.callBlocking[thread] = interruptRule(s, thread, call);
    // A signal that came before it blocked must not be slept through.
    interruptWait(s, fx, s.thread.hart[thread], thread);
  } else returnFromCall(s, fx, thread, result);
}

/** As settle, for a result in core's own error codes. */
function settleCore(s: State, fx: Effects, thread: number, result: number): void {
  const call = s.thread.call[thread] - 1;
  const isError = result < 0 && result > Pending;
  settle(s, fx, thread, call, isError ? answerOf(call, result) : result);
}

function syscall(s: State, fx: Effects, e: Event, thread: number): void {
  // Code that changed may have made another call of the one in progress.
  if (s.thread.call[thread] !== 0 && !isSameCall(s, e, thread)) leaveCall(s, fx, e.hart, thread);
  settle(s, fx, thread, e.cause, dispatch(s, fx, e, thread));
  if (s.thread.call[thread] !== 0) keepArguments(s, e, thread);
}

function syscallFault(s: State, fx: Effects, e: Event, thread: number): void {
  const inProgress = s.thread.call[thread];
  if (inProgress !== 0 && inProgress !== e.cause + 1) leaveCall(s, fx, e.hart, thread);
  const result = resolve(s, fx, e.hart, thread, e.value(), e.access);
  if (result > 0) return;
  if (result === Pending) {
    s.thread.call[thread] = e.cause + 1;
    return;
  }
  // A signal frame that cannot be read has no caller to tell: the process gets the fault.
  if (readsFrame(e.cause)) return segmentFault(s, e, thread);
  giveBackOf(s, fx, e.hart, thread);
  returnFromCall(s, fx, thread, answerOf(e.cause, result));
}

function readsFrame(call: number): boolean {
  return rowOf(call)?.args[0]?.how.kind === "frame";
}

function timer(s: State, fx: Effects, e: Event): void {
  const hart = e.hart;
  s.hart.timerProgrammed[hart + 1] = 0;
  s.hart.needsReschedule[hart + 1] = 1;
  expireTimers(s, fx, hart, e.time);
  for (let n = 0; n < UNITS; n++) {
    const entry = dueTimer(s, hart, e.time);
    if (entry === 0) return;
    const thread = entry >>> 1;
    if ((entry & 1) === Sleep) {
      disarmTimer(s, hart, thread, Sleep);
      if (isWaiting(s, thread) && !outlastsDeadline(s, fx, hart, thread)) {
        wakeThread(s, fx, hart, thread, Timeout);
      }
      continue;
    }
    expireAlarm(s, fx, hart, thread, e.time);
  }
}

/** Answers a bounded number of requests of this hart's inbox. */
function drainInbox(s: State, fx: Effects, hart: number): void {
  for (let n = 0; n < UNITS; n++) {
    const thread = takeFromInbox(s, hart);
    if (thread === 0) return;
    // Its timers are this hart's business only until it moves on.
    if ((s.thread.requests[thread] & Alarm) !== 0) settleAlarm(s, hart, thread);
    const bits = answerRequests(s, fx, hart, thread);
    // It may have blocked before the request came: then the signal ends the wait now.
    if ((bits & (Signal | Kill)) !== 0) interruptWait(s, fx, hart, thread);
    if ((bits & Stop) !== 0) answerStop(s, fx, hart, thread);
  }
}

function ipi(s: State, fx: Effects, e: Event): void {
  s.hart.ipiPending[e.hart + 1] = 0;
  post(s, IpiPending, IpiTaken, 1);
  acknowledgeShootdowns(s, fx, e.hart);
  answerTimers(s, fx, e.hart);
  drainInbox(s, fx, e.hart);
}

/** One step of whatever long work the hart has. */
function step(s: State, fx: Effects, e: Event): void {
  const hart = e.hart;
  s.hart.continuePending[hart + 1] = 0;
  if (s.hart.inboxHead[hart + 1] !== 0) drainInbox(s, fx, hart);
  if (asksTimers(s, hart)) answerTimers(s, fx, hart);
  const thread = s.hart.operation[hart + 1];
  if (thread !== 0) {
    const result = stepOperation(s, fx, hart, thread);
    if (result === Pending || s.hart.operation[hart + 1] === 0) return;
    endOperation(s, hart, thread);
    settleCore(s, fx, thread, result);
    leaveForbiddenHart(s, fx, hart, thread);
  } else if (hart === 0 && s.kernel.shutdownSteps[one] === 1) {
    stepShutdown(s, fx);
  }
}

function sample(s: State, fx: Effects, e: Event, thread: number): void {
  if (e.cause === Registers) {
    s.thread.sampled[thread] = 0;
    const interrupted = answerOf(s.thread.call[thread] - 1, -Interrupted);
    const result = deliverSignal(s, fx, e, thread, interrupted);
    if (result < 0 && result !== Pending) failDelivery(s, thread);
    return;
  }
  if (s.thread.operation[thread] === RobustList) {
    return takeRobustSample(s, fx, e, thread);
  }
  settleCore(s, fx, thread, takeImageSample(s, e, thread));
}

function apply(
  s: State,
  fx: Effects,
  e: Event,
  thread: number,
  drivers: readonly ByteDriver[],
): void {
  switch (e.kind) {
    case Syscall:
      return syscall(s, fx, e, thread);
    case SyscallFault:
      return syscallFault(s, fx, e, thread);
    case PageFault:
      pageFault(s, fx, e, thread);
      return;
    case Exception:
      return exceptionSignal(s, e, thread);
    case Timer:
      return timer(s, fx, e);
    case Ipi:
      return ipi(s, fx, e);
    case Continue:
      return step(s, fx, e);
    case Sample:
      return sample(s, fx, e, thread);
    case External:
      return reduceExternal(s, fx, e, drivers);
    case Input:
      return reduceInput(s, fx, e);
    case Shutdown:
      return beginShutdown(s, e.cause);
  }
}

/** What every event does a share of, whoever left it. */
function commonWork(s: State, fx: Effects, hart: number): void {
  if (hasReclaim(s)) reclaim(s, fx);
  if (hasDyingEnds(s)) drainEnds(s, fx, hart);
  if (hasWaking(s)) wakeSome(s, fx, hart);
  if (s.kernel.shutdown[one] !== 0) continueShutdown(s, fx, hart);
}

/**
 * Reduces one event: changes the state, fills `fx` with what the hardware is to do, and nothing
 * else. It is a function of (state, event).
 *
 * @returns Refusal.None, or why the event was refused and nothing changed
 * @throws {KernelDefect} when the kernel broke one of its own rules
 */
export function reduce(
  s: State,
  fx: Effects,
  e: Event,
  drivers: readonly ByteDriver[],
): number {
  fx.clear();
  const refusal = refuse(s, e);
  if (refusal !== Refusal.None) return refusal;
  if (e.kind === Boot) {
    boot(s, fx, e);
    keepSources(s, drivers);
  } else {
    bookTime(s, e.hart, e.time);
    apply(s, fx, e, s.hart.current[e.hart + 1], drivers);
    const quiet = !hasCommonWork(s) && s.kernel.shutdown[one] === 0;
    if (!quiet) commonWork(s, fx, e.hart);
    leaveKernel(s, fx, e.hart, e.time, quiet);
    bookRetired(s);
  }
  s.kernel.sampling[one] = fx.sampled === 1 ? e.hart + 1 : 0;
  s.hart.lastSequence[e.hart + 1] = e.sequence + 1;
  s.kernel.lastOrder[one] = e.order + 1;
  if (e.time > s.kernel.now[one]) s.kernel.now[one] = e.time;
  return Refusal.None;
}
