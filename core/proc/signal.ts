import type { Effects } from "../effect.ts";
import { abandonFifo } from "../fs/fifo.ts";
import { staysForReply } from "../ipc/end.ts";
import { pipeWrittenBy, serveWriters } from "../fs/pipe.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { Request, ThreadState, WaitKind, WakeReason } from "../sched/tables.ts";
import { request } from "../sched/thread.ts";
import { isWaiting, wakeAll, wakeThread } from "../sched/wait.ts";
import {
  ActionFlag,
  ChildCode,
  DefaultAction,
  defaultAction,
  highBit,
  lowBit,
  Signal,
  UNBLOCKABLE,
} from "./signal_numbers.ts";
import { ProcessState, SIGNALS } from "./tables.ts";

const SIGNAL_ROW = SIGNALS + 1;
const STOP_SIGNALS = lowBit(Signal.Stop) | lowBit(Signal.Tstp) | lowBit(Signal.Ttin) |
  lowBit(Signal.Ttou);

/** Handler values that are not addresses. */
export const Handler = { Default: 0, Ignore: 1 } as const;

/** Whether a process's handler of a signal is an address. */
export function hasHandler(s: State, process: number, signal: number): boolean {
  const at = process * SIGNAL_ROW + signal;
  return s.process.handlerHi[at] !== 0 || s.process.handlerLo[at] > Handler.Ignore;
}

/** Whether a signal, once unblocked, would do nothing to a process. */
export function isIgnored(s: State, process: number, signal: number): boolean {
  const at = process * SIGNAL_ROW + signal;
  if (s.process.handlerHi[at] !== 0) return false;
  const handler = s.process.handlerLo[at];
  if (handler === Handler.Ignore) return true;
  return handler === Handler.Default && defaultAction(signal) === DefaultAction.Ignore;
}

/** Whether a signal without a handler is kept from process 1, which ends a boot only by itself. */
export function isGuarded(s: State, process: number, signal: number): boolean {
  return process === s.kernel.init[ONE] && !hasHandler(s, process, signal) &&
    s.kernel.runMode[ONE] === 0 && s.kernel.shutdown[ONE] === 0;
}

/** Whether a thread has the signal in its mask. */
export function isBlocked(s: State, thread: number, signal: number): boolean {
  return ((s.thread.blockedLo[thread] & lowBit(signal)) |
    (s.thread.blockedHi[thread] & highBit(signal))) !== 0;
}

/**
 * The signal a thread would act on next, or 0: a fault of its own first, then the lowest pending
 * number that is not blocked. KILL beats everything.
 */
export function nextSignal(s: State, thread: number): number {
  const p = s.thread.process[thread];
  if (s.process.killed[p] !== 0 || s.thread.doomed[thread] !== 0) return Signal.Kill;
  if (s.thread.faultSignal[thread] !== 0) return s.thread.faultSignal[thread];
  const pendingLo = s.thread.pendingLo[thread] | s.process.pendingLo[p];
  const pendingHi = s.thread.pendingHi[thread] | s.process.pendingHi[p];
  // At the end of nearly every event there is none.
  if ((pendingLo | pendingHi) === 0) return 0;
  const lo = pendingLo & ~s.thread.blockedLo[thread];
  if (lo !== 0) {
    if ((lo & lowBit(Signal.Kill)) !== 0) return Signal.Kill;
    return 32 - Math.clz32(lo & -lo);
  }
  const hi = pendingHi & ~s.thread.blockedHi[thread];
  return hi === 0 ? 0 : 64 - Math.clz32(hi & -hi);
}

/** Whether a thread has been told to go, and makes nothing that would outlive it. */
export function isDoomed(s: State, thread: number): boolean {
  return s.process.killed[s.thread.process[thread]] !== 0 || s.thread.doomed[thread] !== 0 ||
    s.thread.faultSignal[thread] === Signal.Kill;
}

/** Takes a signal out of the pending sets. */
export function takeSignal(s: State, thread: number, signal: number, account: number): void {
  if (s.thread.faultSignal[thread] === signal) {
    s.thread.faultSignal[thread] = 0;
    return;
  }
  const p = s.thread.process[thread];
  const lo = lowBit(signal);
  const hi = highBit(signal);
  if (((s.thread.pendingLo[thread] & lo) | (s.thread.pendingHi[thread] & hi)) !== 0) {
    s.thread.pendingLo[thread] &= ~lo;
    s.thread.pendingHi[thread] &= ~hi;
    post(s, Account.SignalPending, account, 1);
  } else if (((s.process.pendingLo[p] & lo) | (s.process.pendingHi[p] & hi)) !== 0) {
    s.process.pendingLo[p] &= ~lo;
    s.process.pendingHi[p] &= ~hi;
    post(s, Account.SignalPending, account, 1);
  }
}

function countBits(word: number): number {
  let n = 0;
  for (let w = word; w !== 0; w &= w - 1) n++;
  return n;
}

/** Drops every pending signal of a set, of a process and its threads. */
export function discardPending(s: State, process: number, lo: number, hi: number): void {
  let dropped = countBits(s.process.pendingLo[process] & lo) +
    countBits(s.process.pendingHi[process] & hi);
  s.process.pendingLo[process] &= ~lo;
  s.process.pendingHi[process] &= ~hi;
  for (let t = s.process.firstThread[process]; t !== 0; t = s.thread.nextInProcess[t]) {
    dropped += countBits(s.thread.pendingLo[t] & lo) + countBits(s.thread.pendingHi[t] & hi);
    s.thread.pendingLo[t] &= ~lo;
    s.thread.pendingHi[t] &= ~hi;
  }
  if (dropped > 0) post(s, Account.SignalPending, Account.SignalDiscarded, dropped);
}

/** Drops every signal pending for one thread. */
export function discardOfThread(s: State, thread: number): void {
  const dropped = countBits(s.thread.pendingLo[thread]) + countBits(s.thread.pendingHi[thread]);
  s.thread.pendingLo[thread] = 0;
  s.thread.pendingHi[thread] = 0;
  if (dropped > 0) post(s, Account.SignalPending, Account.SignalDiscarded, dropped);
}

/** Whether a thread waits for something that ends by itself, which no signal cuts short. */
function isDeaf(s: State, thread: number): boolean {
  switch (s.waiter.kind[s.thread.waiter[thread]]) {
    case WaitKind.Shootdown:
    case WaitKind.Chunk:
    case WaitKind.SpaceOperation:
    case WaitKind.FileOperation:
      return true;
    case WaitKind.Vfork:
    case WaitKind.Threads:
      return s.process.killed[s.thread.process[thread]] === 0 && s.thread.doomed[thread] === 0;
    default:
      return false;
  }
}

/** Ends the wait of a thread of this hart that has a signal to act on, if a signal can. */
export function interruptWait(s: State, fx: Effects, hart: number, thread: number): void {
  if (!isWaiting(s, thread) || nextSignal(s, thread) === 0 || isDeaf(s, thread)) return;
  cutWait(s, fx, hart, thread);
}

function cutWait(s: State, fx: Effects, hart: number, thread: number): void {
  if (staysForReply(s, fx, hart, thread)) return;
  const pipe = pipeWrittenBy(s, thread);
  wakeThread(s, fx, hart, thread, WakeReason.Signal);
  abandonFifo(s, fx, thread);
  // It may have been first in the queue, and a shorter write behind it may fit.
  if (pipe !== 0) serveWriters(s, fx, hart, pipe);
}

/** Makes a thread look at its signals: wakes it, or asks its hart to. */
export function alertThread(s: State, fx: Effects, hart: number, thread: number): void {
  if (isWaiting(s, thread)) {
    if (!isDeaf(s, thread)) cutWait(s, fx, hart, thread);
    return;
  }
  if (s.thread.hart[thread] !== hart && s.thread.state[thread] === ThreadState.Running) {
    request(s, fx, hart, thread, Request.Signal);
  }
}

/**
 * Makes every thread of a process but one find out soon that it is to go: it ends where it next
 * leaves the kernel, on its own hart.
 *
 * @param except a thread left alone, or 0
 */
export function rouseThreads(
  s: State,
  fx: Effects,
  hart: number,
  process: number,
  except: number,
): void {
  for (let t = s.process.firstThread[process]; t !== 0; t = s.thread.nextInProcess[t]) {
    if (t !== except) rouse(s, fx, hart, t);
  }
}

/** Tells one thread of a process to go; the others go on. It may have been told already. */
export function doomThread(s: State, fx: Effects, hart: number, thread: number): void {
  if (s.thread.doomed[thread] !== 0) return;
  s.thread.doomed[thread] = 1;
  rouse(s, fx, hart, thread);
}

function rouse(s: State, fx: Effects, hart: number, thread: number): void {
  switch (s.thread.state[thread]) {
    case ThreadState.Stopped:
      s.thread.state[thread] = ThreadState.Blocked;
      return wakeThread(s, fx, hart, thread, WakeReason.Signal);
    case ThreadState.Blocked:
      if (isWaiting(s, thread) && !isDeaf(s, thread)) cutWait(s, fx, hart, thread);
      return;
    case ThreadState.Running:
      if (s.thread.hart[thread] !== hart) request(s, fx, hart, thread, Request.Kill);
  }
}

/** Tells a parent that a child became a zombie, stopped or went on. */
export function notifyParent(s: State, fx: Effects, hart: number, child: number): void {
  const parent = s.process.parent[child];
  if (parent === 0) return;
  const zombie = s.process.state[child] === ProcessState.Zombie;
  const status = s.process.exitStatus[child];
  let code: number = ChildCode.Continued;
  let value: number = Signal.Cont;
  if (zombie) {
    code = (status & 0x7f) === 0 ? ChildCode.Exited : ChildCode.Killed;
    value = (status & 0x7f) === 0 ? status >>> 8 : status & 0x7f;
  } else if (s.process.stopped[child] !== 0) {
    code = ChildCode.Stopped;
    value = s.process.stopSignal[child];
  }
  s.process.childPid[parent] = s.process.pid[child];
  s.process.childCode[parent] = code;
  s.process.childStatus[parent] = value;
  const flags = s.process.actionFlags[parent * SIGNAL_ROW + Signal.Chld];
  if (zombie) sendSignal(s, fx, hart, parent, s.process.exitSignal[child]);
  else if ((flags & ActionFlag.NoChildStop) === 0) sendSignal(s, fx, hart, parent, Signal.Chld);
  wakeAll(s, fx, hart, WaitKind.Child, parent, WakeReason.Restart);
}

/** Ends a stop, and forgets stop signals that have not acted yet. */
function resume(s: State, fx: Effects, hart: number, process: number, signal: number): void {
  discardPending(s, process, STOP_SIGNALS, 0);
  if (s.process.stopped[process] === 0) return;
  s.process.stopped[process] = 0;
  s.process.stopSignal[process] = 0;
  for (let t = s.process.firstThread[process]; t !== 0; t = s.thread.nextInProcess[t]) {
    if (s.thread.state[t] !== ThreadState.Stopped) continue;
    s.thread.state[t] = ThreadState.Blocked;
    wakeThread(s, fx, hart, t, WakeReason.Restart);
  }
  if (signal !== Signal.Cont) return;
  s.process.continued[process] = 1;
  notifyParent(s, fx, hart, process);
}

/** Whether a thread waits for a signal by number, as sigtimedwait does. */
function isAwaited(s: State, thread: number, signal: number): boolean {
  return isWaiting(s, thread) &&
    ((s.thread.awaitedLo[thread] & lowBit(signal)) |
        (s.thread.awaitedHi[thread] & highBit(signal))) !== 0;
}

/**
 * The thread that takes a signal of its process: one that waits for it by number, else the first
 * that does not block it, in the order they were made, one that hears it now before the others. 0
 * when all block it.
 */
function takerOf(s: State, process: number, signal: number): number {
  let hears = 0;
  let taker = 0;
  for (let t = s.process.firstThread[process]; t !== 0; t = s.thread.nextInProcess[t]) {
    if (s.thread.state[t] === ThreadState.Dead) continue;
    if (isAwaited(s, t, signal)) return t;
    if (hears !== 0 || isBlocked(s, t, signal)) continue;
    if (!isWaiting(s, t) || !isDeaf(s, t)) hears = t;
    else if (taker === 0) taker = t;
  }
  return hears !== 0 ? hears : taker;
}

/** Tells a thread of a signal that has become pending. */
function tell(s: State, fx: Effects, hart: number, thread: number, signal: number): void {
  if (isAwaited(s, thread, signal)) wakeThread(s, fx, hart, thread, WakeReason.Restart);
  else if (!isBlocked(s, thread, signal)) alertThread(s, fx, hart, thread);
}

/**
 * What a signal does by being sent, whoever gets it: KILL and CONT end a stop, a stop drops CONT.
 *
 * @returns whether it is dropped at once, as seen by a thread
 */
function isDropped(s: State, fx: Effects, hart: number, thread: number, signal: number): boolean {
  const process = s.thread.process[thread];
  if (signal === Signal.Kill || signal === Signal.Cont) resume(s, fx, hart, process, signal);
  else if ((lowBit(signal) & STOP_SIGNALS) !== 0) {
    discardPending(s, process, lowBit(Signal.Cont), 0);
  }
  if (isBlocked(s, thread, signal)) return false;
  return isIgnored(s, process, signal) || isGuarded(s, process, signal);
}

/** The first thread of a process that is not dead, or 0. */
function firstLiving(s: State, process: number): number {
  const first = s.process.firstThread[process];
  const dead = first !== 0 && s.thread.state[first] === ThreadState.Dead;
  return dead ? s.thread.nextInProcess[first] : first;
}

/** Whether a process takes no signals any more. */
function isGone(s: State, process: number): boolean {
  const state = s.process.state[process];
  return state === ProcessState.Zombie || state === ProcessState.Dying;
}

/**
 * Makes a signal pending for a process and wakes a thread that can take it. Signals whose number is
 * already pending merge; ignored ones are dropped at once.
 *
 * @param hart number of the event's hart
 */
export function sendSignal(
  s: State,
  fx: Effects,
  hart: number,
  process: number,
  signal: number,
): void {
  const first = firstLiving(s, process);
  if (isGone(s, process) || signal === 0 || first === 0) return;
  const dropped = isDropped(s, fx, hart, first, signal);
  const lo = lowBit(signal);
  const hi = highBit(signal);
  const again = ((s.process.pendingLo[process] & lo) | (s.process.pendingHi[process] & hi)) !== 0;
  if (dropped || again) {
    post(s, Account.SignalSource, Account.SignalDiscarded, 1);
    return;
  }
  post(s, Account.SignalSource, Account.SignalPending, 1);
  s.process.pendingLo[process] |= lo;
  s.process.pendingHi[process] |= hi;
  if (signal === Signal.Kill) {
    s.process.killed[process] = Signal.Kill;
    return rouseThreads(s, fx, hart, process, 0);
  }
  const taker = takerOf(s, process, signal);
  if (taker !== 0) tell(s, fx, hart, taker, signal);
}

/**
 * Makes a signal pending for one thread, which takes it itself. KILL is the whole process's.
 *
 * @param sender si_pid; 0 for the kernel
 */
export function sendSignalToThread(
  s: State,
  fx: Effects,
  hart: number,
  thread: number,
  signal: number,
  sender: number = 0,
): void {
  const process = s.thread.process[thread];
  if (signal === Signal.Kill) {
    s.process.senderPid[process] = sender;
    return sendSignal(s, fx, hart, process, signal);
  }
  if (isGone(s, process) || s.thread.state[thread] === ThreadState.Dead || signal === 0) return;
  const dropped = isDropped(s, fx, hart, thread, signal);
  const lo = lowBit(signal);
  const hi = highBit(signal);
  const again = ((s.thread.pendingLo[thread] & lo) | (s.thread.pendingHi[thread] & hi)) !== 0;
  if (dropped || again) {
    post(s, Account.SignalSource, Account.SignalDiscarded, 1);
    return;
  }
  post(s, Account.SignalSource, Account.SignalPending, 1);
  s.thread.pendingLo[thread] |= lo;
  s.thread.pendingHi[thread] |= hi;
  s.thread.senderPid[thread] = sender;
  tell(s, fx, hart, thread, signal);
}

/**
 * Tells other threads of the pending signals of a process that one thread no longer takes.
 *
 * @param thread one that blocks them now, or ends
 * @param lo,hi the signals
 */
export function handOnSignals(
  s: State,
  fx: Effects,
  hart: number,
  thread: number,
  lo: number,
  hi: number,
): void {
  const p = s.thread.process[thread];
  let restLo = s.process.pendingLo[p] & lo;
  let restHi = s.process.pendingHi[p] & hi;
  if ((restLo | restHi) === 0) return;
  for (let t = s.process.firstThread[p]; t !== 0; t = s.thread.nextInProcess[t]) {
    if (t === thread || s.thread.state[t] === ThreadState.Dead) continue;
    const awaits = isWaiting(s, t) &&
      ((restLo & s.thread.awaitedLo[t]) | (restHi & s.thread.awaitedHi[t])) !== 0;
    const takes = ((restLo & ~s.thread.blockedLo[t]) | (restHi & ~s.thread.blockedHi[t])) !== 0;
    if (awaits) wakeThread(s, fx, hart, t, WakeReason.Restart);
    else if (takes) alertThread(s, fx, hart, t);
    restLo &= s.thread.blockedLo[t];
    restHi &= s.thread.blockedHi[t];
    if ((restLo | restHi) === 0) return;
  }
}

/** Sets a thread's signal mask; signals of its process that it no longer takes go to another. */
export function setMask(
  s: State,
  fx: Effects,
  hart: number,
  thread: number,
  lo: number,
  hi: number,
): void {
  const addedLo = lo & ~UNBLOCKABLE & ~s.thread.blockedLo[thread];
  const addedHi = hi & ~s.thread.blockedHi[thread];
  s.thread.blockedLo[thread] = lo & ~UNBLOCKABLE;
  s.thread.blockedHi[thread] = hi;
  if (s.process.threads[s.thread.process[thread]] === 1) return;
  handOnSignals(s, fx, hart, thread, addedLo, addedHi);
}

/** Sends a signal of the kernel's own (a terminal's) to a group; returns how many are in it. */
export function sendSignalToGroup(
  s: State,
  fx: Effects,
  hart: number,
  group: number,
  signal: number,
): number {
  let count = 0;
  const top = s.process.$header[0];
  for (let p = 1; p <= top; p++) {
    if (s.process.$live[p] === 0 || s.process.group[p] !== group) continue;
    count++;
    s.process.senderPid[p] = 0;
    sendSignal(s, fx, hart, p, signal);
  }
  return count;
}
