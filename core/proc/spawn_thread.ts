import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import type { State } from "../kernel.ts";
import { leastLoadedHart, startThread } from "../sched/thread.ts";
import { addThread, mayHaveThread } from "./clone_thread.ts";
import { isDoomed } from "./signal.ts";
import { isStart, setStart } from "./spawn.ts";
import { ProcessState } from "./tables.ts";

/**
 * Makes a thread of a process, which need not be the running one's: it begins at an entry point with
 * a stack pointer and one argument, on the hart with the fewest threads among those its maker may run
 * on. In another process it blocks no signal; in its maker's own it blocks what that blocks.
 *
 * @param creator the running thread
 * @param entry,stack addresses in the space of that process
 * @param priority base priority, 0 to 255
 * @returns the thread row; -Err.Invalid for an address or a priority that is none, -Err.NoProcess for
 * a process that ends, -Err.Busy for one that is about to execute a program, -Err.Again when a table
 * or its quota is full, or Result.Restart: the call runs again, unless its thread ends
 */
export function spawnThread(
  s: State,
  fx: Effects,
  hart: number,
  creator: number,
  process: number,
  entry: number,
  stack: number,
  argument: number,
  priority: number,
): number {
  if (!isStart(entry, stack, argument) || priority > 255) return -Err.Invalid;
  if (s.process.state[process] !== ProcessState.Live) return -Err.NoProcess;
  const own = process === s.thread.process[creator];
  // A thread that is to go makes no more: those that were there have been told.
  if (own && isDoomed(s, creator)) return Result.Restart;
  if (s.process.killed[process] !== 0) return -Err.NoProcess;
  if (s.process.execThread[process] !== 0) return -Err.Busy;
  if (!mayHaveThread(s, process)) return -Err.Again;

  // From here on it must succeed.
  const thread = addThread(s, process, creator);
  if (!own) {
    s.thread.blockedLo[thread] = 0;
    s.thread.blockedHi[thread] = 0;
  }
  s.thread.priority[thread] = priority;
  // Turns without an end are Linux's to give, with the priorities they belong to.
  s.thread.untimed[thread] = 0;
  setStart(fx, thread, entry, stack, argument);
  startThread(s, fx, hart, thread, leastLoadedHart(s, thread, hart));
  return thread;
}
