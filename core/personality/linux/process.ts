import type { Effects } from "../../effect.ts";
import { Err, Result } from "../../error.ts";
import { AccessKind, argumentAt, type Event, payloadU32 } from "../../event.ts";
import { type State } from "../../kernel.ts";
import { resolveRange } from "../../mem/user.ts";
import { writeUser } from "../../mem/user_copy.ts";
import { cloneThread } from "../../proc/clone_thread.ts";
import {
  beginExit,
  exitThread,
  isUserAddress,
  prepareClearTid,
  reap,
  setClearTid,
} from "../../proc/exit.ts";
import { execute } from "../../proc/exec.ts";
import { clone, CloneFlag, KNOWN_FLAGS } from "../../proc/fork.ts";
import { maySignal } from "../../proc/kill.ts";
import { setName } from "../../proc/process.ts";
import { NAME_BYTES } from "../../proc/tables.ts";
import { News, newsOf, waitForChild, WaitOption, waitStatus } from "../../proc/wait_child.ts";
import { ROBUST_HEAD_BYTES } from "../../sched/futex_robust.ts";
import { findThread } from "../../sched/tid.ts";
import { putTimeval } from "./clock.ts";

/** exit: the thread's end, the process's if it is the last. */
export function exit(s: State, fx: Effects, e: Event, t: number): number {
  if (prepareClearTid(s, fx, e.hart, t) === Result.Pending) return Result.Pending;
  return exitThread(s, fx, e.hart, t, (e.uint(0) & 0xff) << 8);
}

/** exit_group: the end of the process with all its threads. */
export function exitGroup(s: State, fx: Effects, e: Event, t: number): number {
  return beginExit(s, fx, e.hart, t, (e.uint(0) & 0xff) << 8);
}

/**
 * clone: a thread with CLONE_THREAD; else fork, or vfork when the space is shared. EINVAL for flags
 * that Linux refuses together, EOPNOTSUPP for those Daybook cannot combine.
 */
export function cloneCall(s: State, fx: Effects, e: Event, t: number): number {
  const flags = e.uint(0);
  const needs = (flag: number, other: number): boolean =>
    (flags & flag) !== 0 && (flags & other) === 0;
  if ((flags & ~KNOWN_FLAGS) !== 0) return -Err.Invalid;
  if (needs(CloneFlag.Thread, CloneFlag.SignalHandlers)) return -Err.Invalid;
  if (needs(CloneFlag.SignalHandlers, CloneFlag.Vm)) return -Err.Invalid;
  const make = (flags & CloneFlag.Thread) !== 0 ? cloneThread : clone;
  return make(s, fx, e, t, flags, 1, e.argument(2), e.argument(4), 3);
}

/** execve. */
export function execve(s: State, fx: Effects, e: Event, t: number): number {
  return execute(s, fx, e, t);
}

const RUSAGE_BYTES = 144;

/** Reserves a struct rusage with a user time, ns; returns its offset in the effect bytes. */
export function putRusage(fx: Effects, userTime: number): number {
  const at = fx.reserveBytes(RUSAGE_BYTES);
  fx.bytes.fill(0, at, at + RUSAGE_BYTES);
  putTimeval(fx, at, userTime);
  return at;
}

/** wait4: reports a child's end, stop or continuation. */
export function wait4(s: State, fx: Effects, e: Event, t: number): number {
  const options = e.uint(2);
  const known = WaitOption.NoHang | WaitOption.Stopped | WaitOption.Continued;
  // The __WALL, __WCLONE and __WNOTHREAD bits select among threads, of which there is one.
  if ((options & ~known & 0x1fffffff) !== 0) return -Err.Invalid;
  const child = waitForChild(s, fx, t, e.int(0), options);
  if (child <= 0) return child;
  const news = newsOf(s, child, options);
  const statusAddress = e.argument(1);
  const usageAddress = e.argument(3);
  // Both or none: the child is still there to be asked for.
  if (usageAddress !== 0) {
    const usable = resolveRange(s, fx, e.hart, t, usageAddress, RUSAGE_BYTES, AccessKind.Write);
    if (usable < 0) return usable;
  }
  if (statusAddress !== 0) {
    const at = fx.reserveBytes(4);
    fx.setU32(at, waitStatus(s, child, news));
    const wrote = writeUser(s, fx, e.hart, t, statusAddress, at, 4);
    if (wrote < 0) return wrote;
  }
  if (usageAddress !== 0) {
    const at = putRusage(fx, s.process.userTime[child] + s.process.childTime[child]);
    const wrote = writeUser(s, fx, e.hart, t, usageAddress, at, RUSAGE_BYTES);
    if (wrote < 0) return wrote;
  }
  const pid = s.process.pid[child];
  if (news === News.Zombie) reap(s, child);
  else if (news === News.Stopped) s.process.stopSignal[child] = 0;
  else s.process.continued[child] = 0;
  return pid;
}

/** set_tid_address: where the tid is cleared when the thread ends; the tid. */
export function setTidAddress(s: State, _fx: Effects, e: Event, t: number): number {
  setClearTid(s, t, e.argument(0));
  return s.thread.tid[t];
}

/**
 * set_robust_list: where the list begins whose futexes are marked when the thread ends, or executes
 * another program. EINVAL.
 */
export function setRobustList(s: State, _fx: Effects, e: Event, t: number): number {
  if (e.argument(1) !== ROBUST_HEAD_BYTES) return -Err.Invalid;
  const head = e.argument(0);
  s.thread.robustHead[t] = isUserAddress(head) ? head : 0;
  return 0;
}

/** get_robust_list of a thread that one may send signals to. ESRCH, EPERM, EFAULT. */
export function getRobustList(s: State, fx: Effects, e: Event, t: number): number {
  const thread = e.int(0) === 0 ? t : findThread(s, e.int(0));
  if (thread === 0) return -Err.NoProcess;
  const mayLook = maySignal(s, s.thread.process[t], s.thread.process[thread], 0);
  if (!mayLook) return -Err.NotPermitted;
  for (let i = 1; i <= 2; i++) {
    const usable = resolveRange(s, fx, e.hart, t, e.argument(i), 8, AccessKind.Write);
    if (usable < 0) return usable;
  }
  // Both or none: from here on it must succeed.
  for (let i = 1; i <= 2; i++) {
    const at = fx.reserveBytes(8);
    fx.setU64(at, i === 1 ? s.thread.robustHead[thread] : ROBUST_HEAD_BYTES);
    writeUser(s, fx, e.hart, t, e.argument(i), at, 8);
  }
  return 0;
}

const PR_SET_NAME = 15;
const PR_GET_NAME = 16;

/** prctl: the process name; other options are refused. */
export function prctl(s: State, fx: Effects, e: Event, t: number): number {
  const p = s.thread.process[t];
  switch (e.uint(0)) {
    case PR_GET_NAME: {
      const at = fx.putBytes(s.process.name, p * NAME_BYTES, NAME_BYTES);
      return writeUser(s, fx, e.hart, t, e.argument(1), at, NAME_BYTES);
    }
    case PR_SET_NAME: {
      const from = argumentAt(e, 0);
      if (from < 0 || payloadU32(e, from) !== NAME_BYTES) return -Err.BadAddress;
      setName(s, p, e.payload, from + 4, NAME_BYTES);
      return 0;
    }
    default:
      return -Err.Invalid;
  }
}
