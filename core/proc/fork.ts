import { forkDescriptors } from "../cap/descriptor.ts";
import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import type { Event } from "../event.ts";
import { holdInode } from "../fs/inode.ts";
import { roleRegister } from "../isa/signal_frame.ts";
import { ONE, type State } from "../kernel.ts";
import { beginForkSpace, stepForkSpace } from "../mem/fork.ts";
import { beginsAfterShootdown, shootdownOf, waitForShootdown } from "../mem/shootdown.ts";
import { drainSpace, holdSpace, releaseSpace, spaceOf } from "../mem/space.ts";
import { writeUser } from "../mem/user_copy.ts";
import { clearCall } from "../sched/call.ts";
import { beginOperation, OperationKind } from "../sched/operation.ts";
import { WaitKind } from "../sched/tables.ts";
import {
  createThread,
  freeThread,
  leastLoadedHart,
  mayRunOn,
  placeThread,
  startThread,
} from "../sched/thread.ts";
import { unlinkWaiter, waitOn } from "../sched/wait.ts";
import { freeRows } from "../state/table.ts";
import { releaseFiles, setClearTid } from "./exit.ts";
import { createProcess, freeProcess } from "./process.ts";
import { discardPending, handOnSignals, isDoomed } from "./signal.ts";
import { NAME_BYTES, ProcessState, SIGNALS } from "./tables.ts";

/** Flags of clone (Linux). */
export const CloneFlag = {
  Vm: 0x100,
  Fs: 0x200,
  Files: 0x400,
  SignalHandlers: 0x800,
  Vfork: 0x4000,
  Thread: 0x10000,
  UndoSemaphores: 0x40000,
  SetTls: 0x80000,
  ParentSetTid: 0x100000,
  ChildClearTid: 0x200000,
  Detached: 0x400000,
  Untraced: 0x800000,
  ChildSetTid: 0x1000000,
  Io: 0x80000000,
  SignalMask: 0xff,
} as const;

/** Flags that ask for nothing the kernel would do otherwise, or that it honours. */
export const KNOWN_FLAGS = CloneFlag.SignalMask | CloneFlag.Vm | CloneFlag.Vfork |
  CloneFlag.SetTls | CloneFlag.ParentSetTid | CloneFlag.ChildClearTid | CloneFlag.ChildSetTid |
  CloneFlag.UndoSemaphores | CloneFlag.Detached | CloneFlag.Untraced | CloneFlag.Io |
  CloneFlag.Thread | CloneFlag.SignalHandlers | CloneFlag.Files | CloneFlag.Fs;

/** Process rows only init's reserve may use. */
export const RESERVED_PROCESSES = 4;

function copyArray(view: Uint32Array | Uint8Array, from: number, to: number, count: number): void {
  view.copyWithin(to * count, from * count, from * count + count);
}

/** Copies what a child inherits and needs no allocation for. */
export function inherit(s: State, from: number, to: number): void {
  const p = s.process;
  p.group[to] = p.group[from];
  p.session[to] = p.session[from];
  p.terminal[to] = p.terminal[from];
  p.umask[to] = p.umask[from];
  p.uid[to] = p.uid[from];
  p.gid[to] = p.gid[from];
  p.root[to] = p.root[from];
  p.cwd[to] = p.cwd[from];
  p.executable[to] = p.executable[from];
  p.renounced[to] = p.renounced[from];
  holdInode(s, p.root[to]);
  holdInode(s, p.cwd[to]);
  if (p.executable[to] !== 0) holdInode(s, p.executable[to]);
  const actions = SIGNALS + 1;
  copyArray(p.handlerLo, from, to, actions);
  copyArray(p.handlerHi, from, to, actions);
  copyArray(p.actionFlags, from, to, actions);
  copyArray(p.actionMaskLo, from, to, actions);
  copyArray(p.actionMaskHi, from, to, actions);
  copyArray(p.name, from, to, NAME_BYTES);
}

/** Copies what the first thread of a child, or a new thread, has from the one that made it. */
export function inheritThread(s: State, from: number, to: number): void {
  const t = s.thread;
  t.affinityLo[to] = t.affinityLo[from];
  t.affinityHi[to] = t.affinityHi[from];
  t.priority[to] = t.priority[from];
  t.class[to] = t.class[from];
  t.untimed[to] = t.untimed[from];
  t.blockedLo[to] = t.blockedLo[from];
  t.blockedHi[to] = t.blockedHi[from];
}

/**
 * Gives a new thread the registers of the one that made it, and those clone names: its call returns
 * 0 in the new one.
 *
 * @param stack,tls arguments of the event, as clone's
 */
export function copyRegisters(
  fx: Effects,
  e: Event,
  from: number,
  to: number,
  flags: number,
  stack: number,
  tls: number,
): void {
  fx.copyRegisters(from, to);
  fx.returnValue(to, 0);
  const r = e.registers;
  if (e.argument(stack) !== 0) {
    fx.setRegisterWords(to, roleRegister.sp, r[2 * stack], r[2 * stack + 1]);
  }
  if ((flags & CloneFlag.SetTls) !== 0) {
    fx.setRegisterWords(to, roleRegister.tp, r[2 * tls], r[2 * tls + 1]);
  }
}

/**
 * clone as fork or vfork. The parent's thread gets the child's pid when the child is complete.
 *
 * @param flags CloneFlag bits and the exit signal
 * @param stack,tls arguments of the event with the child's stack pointer (0: the parent's) and
 * thread pointer; they may hold any 64-bit value
 * @param parentTid,childTid where the child's pid goes in either's memory, with the flags for it
 * @returns the child's pid, Result.Pending, or -Err
 */
export function clone(
  s: State,
  fx: Effects,
  e: Event,
  parent: number,
  flags: number,
  stack: number,
  parentTid: number,
  childTid: number,
  tls: number,
): number {
  const refused = CloneFlag.SignalHandlers | CloneFlag.Files | CloneFlag.Fs;
  if ((flags & refused) !== 0) return -Err.NotSupported;
  if ((flags & CloneFlag.SignalMask) > SIGNALS) return -Err.Invalid;
  if ((flags & CloneFlag.Vm) !== 0 && (flags & CloneFlag.Vfork) === 0) return -Err.NotSupported;
  // What somebody has told to go makes no more.
  if (isDoomed(s, parent)) return Result.Restart;
  if (freeRows(s.process) <= RESERVED_PROCESSES) return -Err.Again;
  if (freeRows(s.thread) === 0 || freeRows(s.waiter) === 0) return -Err.Again;
  const from = s.thread.process[parent];
  if (freeRows(s.capNode) < s.process.descriptors[from]) return -Err.Again;

  if ((flags & CloneFlag.ParentSetTid) !== 0) {
    const at = fx.reserveBytes(4);
    fx.setU32(at, s.kernel.nextPid[ONE]);
    // As on Linux, an address that cannot be written is the parent's own trouble.
    const wrote = writeUser(s, fx, e.hart, parent, parentTid, at, 4);
    if (wrote === Result.Pending) return wrote;
  }

  const shared = (flags & CloneFlag.Vm) !== 0;
  const space = shared ? s.process.space[from] : beginForkSpace(s, fx, parent);
  if (space < 0) return space;

  // From here on it must succeed; only the copy of the space may still run out of memory.
  const p = createProcess(s, from);
  const thread = createThread(s, p, s.process.pid[p]);
  inheritThread(s, parent, thread);
  if ((flags & CloneFlag.ChildClearTid) !== 0) setClearTid(s, thread, childTid);
  s.process.exitSignal[p] = flags & CloneFlag.SignalMask;
  inherit(s, from, p);
  forkDescriptors(s, fx, from, p);
  copyRegisters(fx, e, parent, thread, flags, stack, tls);
  s.thread.callArgument[thread * 4] = (flags & CloneFlag.ChildSetTid) !== 0 ? childTid : 0;
  s.process.space[p] = space;
  holdSpace(s, space);
  if (shared) return finishClone(s, fx, e.hart, parent, thread, true);
  s.thread.cursor[parent * 6 + 4] = p;
  beginOperation(s, fx, e.hart, parent, OperationKind.Fork);
  return Result.Pending;
}

/** Lets a complete child run, and gives its pid to the parent. */
function finishClone(
  s: State,
  fx: Effects,
  hart: number,
  parent: number,
  child: number,
  shared: boolean,
): number {
  const p = s.thread.process[child];
  const pid = s.process.pid[p];
  s.process.state[p] = ProcessState.Live;
  s.kernel.alive[ONE]++;
  const tidAddress = s.thread.callArgument[child * 4];
  s.thread.callArgument[child * 4] = 0;
  if (tidAddress !== 0) {
    const at = fx.reserveBytes(4);
    fx.setU32(at, pid);
    // As on Linux, an address that cannot be written is the child's own trouble; nor does an
    // embryo wait for a page that is not here.
    writeUser(s, fx, hart, child, tidAddress, at, 4);
    unlinkWaiter(s, s.thread.waiter[child]);
  }
  if (shared) {
    // The parent may be on its way to another hart, and its child allowed on that one only.
    const stays = mayRunOn(s, child, hart);
    startThread(s, fx, hart, child, stays ? hart : leastLoadedHart(s, child, hart));
    waitOn(s, parent, WaitKind.Vfork, p);
    // It hears nothing now: what its process was sent meanwhile is another thread's.
    const { blockedLo, blockedHi } = s.thread;
    handOnSignals(s, fx, hart, parent, ~blockedLo[parent], ~blockedHi[parent]);
    return Result.Pending;
  }
  // Another thread of the parent's may still write to what the child has a copy of.
  const target = leastLoadedHart(s, child, hart);
  const row = shootdownOf(s, spaceOf(s, parent));
  if (beginsAfterShootdown(s, child, row)) placeThread(s, child, target);
  else startThread(s, fx, hart, child, target);
  return pid;
}

/** One step of copying the parent's space. */
export function stepFork(s: State, fx: Effects, hart: number, parent: number): number {
  const at = parent * 6;
  const p = s.thread.cursor[at + 4];
  if (s.thread.cursor[at + 5] !== 0) return stepAbandon(s, fx, hart, parent, p);
  const result = stepForkSpace(s, fx, hart, parent);
  if (result === Result.Pending) return Result.Pending;
  if (result < 0) {
    s.thread.cursor[at + 5] = result;
    return Result.Pending;
  }
  const pid = finishClone(s, fx, hart, parent, s.process.firstThread[p], false);
  // The parent runs when no hart can write through a translation from before the copy.
  const row = shootdownOf(s, spaceOf(s, parent));
  return waitForShootdown(s, parent, row, pid) ? Result.NoReturn : pid;
}

/** Tears down the child of a fork that failed half-way, a step at a time. */
function stepAbandon(s: State, fx: Effects, hart: number, parent: number, p: number): number {
  const space = s.process.space[p];
  if (space !== 0) {
    if (drainSpace(s, fx, space) === 0) return Result.Pending;
    s.process.space[p] = 0;
    releaseSpace(s, space);
  }
  const error = s.thread.cursor[parent * 6 + 5];
  releaseChild(s, fx, hart, p);
  return error;
}

/** Frees an embryo that has no space. */
function releaseChild(s: State, fx: Effects, hart: number, p: number): void {
  releaseFiles(s, fx, hart, p);
  // It may have been sent signals by others already.
  discardPending(s, p, 0xffffffff, 0xffffffff);
  const thread = s.process.firstThread[p];
  clearCall(s, thread);
  freeThread(s, thread);
  freeProcess(s, p);
}
