import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import type { Event } from "../event.ts";
import { keepDeathPulse } from "../ipc/thread_death.ts";
import { ONE, type State } from "../kernel.ts";
import { writeUser } from "../mem/user_copy.ts";
import { THREADS_A_PROCESS, ThreadState } from "../sched/tables.ts";
import { createThread, leastLoadedHart, startThread } from "../sched/thread.ts";
import { freeRows } from "../state/table.ts";
import { CloneFlag, copyRegisters, inheritThread } from "./fork.ts";
import { setClearTid } from "./exit.ts";
import { isDoomed } from "./signal.ts";

/** Thread rows that only a new process may take. */
const RESERVED_THREADS = 4;

/** Whether a process, and the system, can have one more thread in a process that has some. */
export function mayHaveThread(s: State, p: number): boolean {
  if (rowsOf(s, p) >= THREADS_A_PROCESS) return false;
  if (s.process.threadDeath[p] !== 0 && freeRows(s.pulse) === 0) return false;
  return freeRows(s.thread) > RESERVED_THREADS && freeRows(s.waiter) > 0;
}

/** Thread rows a process has: of those that live, and of a dead first one. */
function rowsOf(s: State, p: number): number {
  const firstIsDead = s.thread.state[s.process.firstThread[p]] === ThreadState.Dead;
  return s.process.threads[p] + (firstIsDead ? 1 : 0);
}

/**
 * Makes one more thread of a process, with an id of its own and what it has from its maker. It has
 * no registers and no hart yet. `mayHaveThread` has said that there is room: it cannot fail.
 *
 * @param maker thread it inherits from, which may be another process's
 * @returns the thread row, an embryo
 */
export function addThread(s: State, p: number, maker: number): number {
  const thread = createThread(s, p, s.kernel.nextPid[ONE]++);
  s.kernel.tidsGiven[ONE]++;
  if (s.process.threadDeath[p] !== 0) keepDeathPulse(s, thread);
  inheritThread(s, maker, thread);
  return thread;
}

/** Writes the new thread's id where clone's flags ask for it; Result.Pending to run it again. */
function writeTid(
  s: State,
  fx: Effects,
  hart: number,
  thread: number,
  address: number,
): number {
  const at = fx.reserveBytes(4);
  fx.setU32(at, s.kernel.nextPid[ONE]);
  // As on Linux, an address that cannot be written is the caller's own trouble.
  return writeUser(s, fx, hart, thread, address, at, 4);
}

/**
 * clone with CLONE_THREAD: makes another thread of the running one's process. It goes to the hart
 * with the fewest threads among those it may run on.
 *
 * @param stack,tls arguments of the event with the new thread's stack pointer (0: the caller's) and
 * thread pointer; they may hold any 64-bit value
 * @param parentTid,childTid where the id goes, with the flags for it; at childTid it is cleared
 * when the thread ends, with CLONE_CHILD_CLEARTID
 * @returns the new thread's id; -Err.NotSupported unless files and directories are shared too;
 * -Err.Again when a table or the process's quota is full; or Result.Pending: the call runs again
 */
export function cloneThread(
  s: State,
  fx: Effects,
  e: Event,
  t: number,
  flags: number,
  stack: number,
  parentTid: number,
  childTid: number,
  tls: number,
): number {
  const shared = CloneFlag.Fs | CloneFlag.Files;
  if ((flags & shared) !== shared) return -Err.NotSupported;
  if ((flags & CloneFlag.Vfork) !== 0) return -Err.NotSupported;
  const p = s.thread.process[t];
  if (!mayHaveThread(s, p)) return -Err.Again;
  // A thread that is to go makes no more: those that were there have been told.
  if (isDoomed(s, t)) return Result.Restart;
  if ((flags & CloneFlag.ParentSetTid) !== 0) {
    if (writeTid(s, fx, e.hart, t, parentTid) === Result.Pending) return Result.Pending;
  }
  if ((flags & CloneFlag.ChildSetTid) !== 0) {
    if (writeTid(s, fx, e.hart, t, childTid) === Result.Pending) return Result.Pending;
  }

  // From here on it must succeed.
  const thread = addThread(s, p, t);
  if ((flags & CloneFlag.ChildClearTid) !== 0) setClearTid(s, thread, childTid);
  copyRegisters(fx, e, t, thread, flags, stack, tls);
  startThread(s, fx, e.hart, thread, leastLoadedHart(s, thread, e.hart));
  return s.thread.tid[thread];
}
