import { closeAll } from "../cap/descriptor.ts";
import { closeNames } from "../cap/naming.ts";
import type { Effects } from "../effect.ts";
import { Result } from "../error.ts";
import { AccessKind } from "../event.ts";
import { dropInode } from "../fs/inode.ts";
import { giveBackOf } from "../ipc/carry.ts";
import { releaseEnds } from "../ipc/teardown.ts";
import { announceDeath } from "../ipc/thread_death.ts";
import { USER_END_PAGE } from "../isa/riscv64.ts";
import { ONE, type State } from "../kernel.ts";
import { PAGE_BYTES, UNITS } from "../limits.ts";
import { drainSpace, releaseSpace } from "../mem/space.ts";
import { futexWake } from "../sched/futex.ts";
import { releaseOwned } from "../sched/futex_owner.ts";
import { beginRobustList, owesRobustList } from "../sched/futex_robust.ts";
import { peekUser, resolveRange } from "../mem/user.ts";
import { beginOperation, endOperation, OperationKind } from "../sched/operation.ts";
import { clearCall } from "../sched/call.ts";
import { Request, WaitKind, WakeReason } from "../sched/tables.ts";
import { endThread, freeThread } from "../sched/thread.ts";
import { disarmTimer, TimerSlot } from "../sched/timer.ts";
import { wakeAll, wakeFirst } from "../sched/wait.ts";
import { bequeathAlarm } from "./alarm.ts";
import { adopt, disown, freeProcess } from "./process.ts";
import {
  discardOfThread,
  discardPending,
  Handler,
  handOnSignals,
  notifyParent,
  rouseThreads,
} from "./signal.ts";
import { ActionFlag, Signal } from "./signal_numbers.ts";
import { answerStop } from "./stop.ts";
import { ProcessState, SIGNALS } from "./tables.ts";
import { releaseVfork } from "./vfork.ts";

/** Bytes of a thread id in user memory. */
const TID_BYTES = 4;

/** Stages of the exit operation, kept in the thread's first cursor. */
const Stage = { Files: 0, Space: 1, Children: 2, Zombie: 3 } as const;

/**
 * Ends the process whose thread runs on this hart. From now on no lookup finds it runnable, and
 * every other thread of it is told to go. Whichever thread is the last, in the order of events, takes
 * the process apart: the exit operation is its.
 *
 * @param status wait status: code << 8, or the signal that killed it; the first one given counts
 * @returns Result.Pending when this thread has begun the exit operation, Result.NoReturn when it is
 * gone and others are left
 */
export function beginExit(
  s: State,
  fx: Effects,
  hart: number,
  thread: number,
  status: number,
): number {
  // Told to go by a thread that executes a program: the process lives on.
  if (!isEvicted(s, thread)) condemn(s, fx, hart, thread, status);
  return finishLeaving(s, fx, hart, thread);
}

/** Makes the running thread's process one that ends, unless it already is. */
function condemn(s: State, fx: Effects, hart: number, thread: number, status: number): void {
  const p = s.thread.process[thread];
  if (s.process.state[p] !== ProcessState.Live) return;
  s.process.state[p] = ProcessState.Dying;
  s.process.exitStatus[p] = status;
  s.process.execThread[p] = 0;
  discardPending(s, p, 0xffffffff, 0xffffffff);
  killOthers(s, fx, hart, thread);
}

/**
 * Goes on with the end of the running thread: first its robust futexes, then itself, and the process
 * if it is the last.
 *
 * @returns as beginExit
 */
export function finishLeaving(s: State, fx: Effects, hart: number, thread: number): number {
  const p = s.thread.process[thread];
  if (owesRobustList(s, thread)) {
    s.thread.leaving[thread] = 1;
    beginRobustList(s, fx, hart, thread);
    return Result.Pending;
  }
  s.thread.leaving[thread] = 0;
  if (s.process.threads[p] > 1) return dismiss(s, fx, hart, thread);
  condemn(s, fx, hart, thread, s.process.exitStatus[p]);
  s.process.killed[p] = 0;
  lastWords(s, fx, hart, thread);
  disarmTimer(s, hart, thread, TimerSlot.Sleep);
  disarmTimer(s, hart, thread, TimerSlot.Interval);
  beginOperation(s, fx, hart, thread, OperationKind.Exit);
  return Result.Pending;
}

/**
 * Ends one thread, the process with it if it is the last. The process's status is then what its
 * first thread ended with.
 *
 * @returns as beginExit
 */
export function exitThread(
  s: State,
  fx: Effects,
  hart: number,
  thread: number,
  status: number,
): number {
  const p = s.thread.process[thread];
  const first = s.process.firstThread[p] === thread;
  if (first && s.process.state[p] === ProcessState.Live) s.process.exitStatus[p] = status;
  return finishLeaving(s, fx, hart, thread);
}

/**
 * Whether a thread was told to end while its process goes on. One that executes a program has nobody
 * left to go on with: with it the process ends.
 */
export function isToldToGo(s: State, thread: number): boolean {
  if (s.thread.doomed[thread] === 0) return false;
  const p = s.thread.process[thread];
  return s.process.killed[p] === 0 && s.process.execThread[p] !== thread;
}

/** Tells every thread of a process but the running one to go. */
function killOthers(s: State, fx: Effects, hart: number, thread: number): void {
  const p = s.thread.process[thread];
  if (s.process.threads[p] === 1) return;
  s.process.killed[p] = Signal.Kill;
  s.process.stopped[p] = 0;
  s.process.stopSignal[p] = 0;
  rouseThreads(s, fx, hart, p, thread);
}

/** Whether another thread of its process waits for a thread to end, to execute a program. */
function isEvicted(s: State, thread: number): boolean {
  const p = s.thread.process[thread];
  const executes = s.process.execThread[p];
  return executes !== 0 && executes !== thread && s.process.killed[p] === 0;
}

/** The end of the running thread of a process that has others. */
function dismiss(s: State, fx: Effects, hart: number, thread: number): number {
  const p = s.thread.process[thread];
  const { blockedLo, blockedHi } = s.thread;
  handOnSignals(s, fx, hart, thread, ~blockedLo[thread], ~blockedHi[thread]);
  lastWords(s, fx, hart, thread);
  clearCall(s, thread);
  // The space may be torn down by another hart before this one chooses what it runs next.
  leaveSpace(s, fx, hart);
  end(s, fx, hart, thread);
  const waits = s.process.execThread[p] !== 0 && s.process.threads[p] === 1;
  if (waits) wakeFirst(s, fx, hart, WaitKind.Threads, p, WakeReason.Restart);
  return Result.NoReturn;
}

/**
 * What a thread that ends leaves to others: what it was sending, its process's timer, the word for
 * its id, its futexes.
 */
function lastWords(s: State, fx: Effects, hart: number, thread: number): void {
  clearTid(s, fx, hart, thread);
  giveBackOf(s, fx, hart, thread);
  releaseOwned(s, fx, hart, thread);
  discardOfThread(s, thread);
  bequeathAlarm(s, fx, hart, thread);
  s.thread.robustHead[thread] = 0;
  s.thread.doomed[thread] = 0;
  s.thread.faultSignal[thread] = 0;
  s.thread.restoreMask[thread] = 0;
}

/** The end of a thread on its hart; a stop of its process no longer waits for it. */
function end(s: State, fx: Effects, hart: number, thread: number): void {
  if ((s.thread.requests[thread] & Request.Stop) !== 0) answerStop(s, fx, hart, thread);
  wakeAll(s, fx, hart, WaitKind.Join, thread, WakeReason.Restart);
  announceDeath(s, fx, hart, thread);
  endThread(s, hart, thread);
}

/** Takes the hart's satp off the space it names. */
function leaveSpace(s: State, fx: Effects, hart: number): void {
  if (s.hart.runningSpace[hart + 1] === 0) return;
  s.hart.runningSpace[hart + 1] = 0;
  s.hart.loaded[hart + 1] = 0;
  fx.switchTo(hart, 0, 0, 0);
}

/** Sets where a thread's id is cleared when it ends; what is no user address is nowhere. */
export function setClearTid(s: State, thread: number, address: number): void {
  s.thread.clearTid[thread] = isUserAddress(address) ? address : 0;
}

/** Whether user memory may lie at an address. */
export function isUserAddress(address: number): boolean {
  return address < USER_END_PAGE * PAGE_BYTES;
}

/**
 * Writes 0 where a thread asked for it, for whoever shares its memory, if that can be written as it
 * is mapped now: a thread that ends by itself has made sure of that.
 */
function clearTid(s: State, fx: Effects, hart: number, thread: number): void {
  const address = s.thread.clearTid[thread];
  s.thread.clearTid[thread] = 0;
  const offset = address % PAGE_BYTES;
  if (address === 0 || offset > PAGE_BYTES - TID_BYTES) return;
  const frame = peekUser(s, thread, address, AccessKind.Write);
  if (frame !== 0) fx.zero(frame, offset, TID_BYTES);
  futexWake(s, fx, hart, thread, address);
}

/**
 * Makes the place where a thread's id is to be cleared writable before it ends.
 *
 * @returns 0, or Result.Pending: the call runs again
 */
export function prepareClearTid(s: State, fx: Effects, hart: number, thread: number): number {
  const address = s.thread.clearTid[thread];
  const p = s.thread.process[thread];
  // Where nobody shares the memory nobody will look.
  const seen = s.process.threads[p] > 1 || s.addressSpace.refs[s.process.space[p]] > 1;
  if (address === 0 || !seen) return 0;
  const r = resolveRange(s, fx, hart, thread, address, TID_BYTES, AccessKind.Write);
  return r === Result.Pending ? r : 0;
}

/** Drops every descriptor and directory of a process. */
export function releaseFiles(s: State, fx: Effects, hart: number, p: number): void {
  closeAll(s, fx, hart, p);
  const root = s.process.root[p];
  const cwd = s.process.cwd[p];
  const executable = s.process.executable[p];
  s.process.root[p] = 0;
  s.process.cwd[p] = 0;
  s.process.executable[p] = 0;
  if (root !== 0) dropInode(s, fx, hart, root);
  if (cwd !== 0) dropInode(s, fx, hart, cwd);
  if (executable !== 0) dropInode(s, fx, hart, executable);
}

/** Drops the space of a program whose execution was cut short, a step at a time; true when gone. */
function releaseExecSpaceStep(s: State, fx: Effects, hart: number, p: number): boolean {
  const space = s.process.execSpace[p];
  if (space === 0) return true;
  if (drainSpace(s, fx, space) === 0) return false;
  s.process.execSpace[p] = 0;
  releaseSpace(s, space);
  const inode = s.process.execInode[p];
  s.process.execInode[p] = 0;
  dropInode(s, fx, hart, inode);
  return true;
}

/** Drops a process's space, a step at a time; true when it is gone or left to others. */
function releaseSpaceStep(s: State, fx: Effects, p: number): boolean {
  const space = s.process.space[p];
  if (space === 0) return true;
  if (s.addressSpace.refs[space] > 1) {
    s.process.space[p] = 0;
    releaseSpace(s, space);
    return true;
  }
  if (drainSpace(s, fx, space) === 0) return false;
  s.process.space[p] = 0;
  releaseSpace(s, space);
  return true;
}

/** Gives children to init, a bounded number at a time; true when none are left. */
function reparentStep(s: State, fx: Effects, hart: number, p: number): boolean {
  const init = s.kernel.init[ONE];
  for (let n = 0; n < UNITS; n++) {
    const child = s.process.firstChild[p];
    if (child === 0) return true;
    disown(s, child);
    adopt(s, init, child);
    s.process.exitSignal[child] = Signal.Chld;
    if (s.process.state[child] !== ProcessState.Zombie) continue;
    notifyParent(s, fx, hart, child);
    if (vanishes(s, init)) reap(s, child);
  }
  fx.charge(UNITS);
  return false;
}

/** Whether a zombie goes at once because its parent lets its children vanish unwaited. */
function vanishes(s: State, parent: number): boolean {
  if (s.kernel.shutdown[ONE] !== 0) return false;
  const at = parent * (SIGNALS + 1) + Signal.Chld;
  return (s.process.handlerHi[at] === 0 && s.process.handlerLo[at] === Handler.Ignore) ||
    (s.process.actionFlags[at] & ActionFlag.NoChildWait) !== 0;
}

/** Frees a zombie and the slot of its first thread; its times go to its parent. */
export function reap(s: State, p: number): void {
  const parent = s.process.parent[p];
  if (parent !== 0) {
    s.process.childTime[parent] += s.process.userTime[p] + s.process.childTime[p];
  }
  freeThread(s, s.process.firstThread[p]);
  freeProcess(s, p);
}

/** One step of the exit operation. */
export function stepExit(s: State, fx: Effects, hart: number, thread: number): number {
  const p = s.thread.process[thread];
  const cursor = thread * 6 + 5;
  switch (s.thread.cursor[cursor]) {
    case Stage.Files:
      if (!releaseEnds(s, fx, p)) return Result.Pending;
      releaseFiles(s, fx, hart, p);
      if (closeNames(s, fx, hart, p) === 0) return Result.Pending;
      s.thread.cursor[cursor] = Stage.Space;
      return Result.Pending;
    case Stage.Space:
      // The page tables the hart's satp names are about to go.
      leaveSpace(s, fx, hart);
      if (!releaseExecSpaceStep(s, fx, hart, p)) return Result.Pending;
      if (!releaseSpaceStep(s, fx, p)) return Result.Pending;
      releaseVfork(s, fx, hart, p);
      s.thread.cursor[cursor] = Stage.Children;
      return Result.Pending;
    case Stage.Children:
      // When init ends the boot ends: its children stay its own until they are reaped.
      if (p !== s.kernel.init[ONE] && !reparentStep(s, fx, hart, p)) return Result.Pending;
      break;
  }
  becomeZombie(s, fx, hart, thread, p);
  return Result.NoReturn;
}

function becomeZombie(s: State, fx: Effects, hart: number, thread: number, p: number): void {
  // The thread's row may go, so the operation that runs on it ends first.
  endOperation(s, hart, thread);
  clearCall(s, thread);
  end(s, fx, hart, thread);
  s.process.state[p] = ProcessState.Zombie;
  s.kernel.alive[ONE]--;
  if (p === s.kernel.init[ONE]) {
    s.kernel.exitStatus[ONE] = s.process.exitStatus[p];
    fx.programEnded(s.process.exitStatus[p]);
    return;
  }
  const parent = s.process.parent[p];
  notifyParent(s, fx, hart, p);
  if (vanishes(s, parent)) reap(s, p);
}
