import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import type { State } from "../kernel.ts";
import { WaitKind } from "../sched/tables.ts";
import { waitOn } from "../sched/wait.ts";
import { ProcessState } from "./tables.ts";

/** What a wait looks for. */
export const WaitOption = { NoHang: 1, Stopped: 2, Continued: 8 } as const;

/** Which kind of news `findNews` found, beside the child's row. */
export const News = { None: 0, Zombie: 1, Stopped: 2, Continued: 3 } as const;

/** Children looked at for one unit of work: the whole process table is then UNITS of them. */
const CHILDREN_A_UNIT = 16;

function matches(s: State, parent: number, child: number, which: number): boolean {
  if (which > 0) return s.process.pid[child] === which;
  if (which === -1) return true;
  const group = which === 0 ? s.process.group[parent] : -which;
  return s.process.group[child] === group;
}

/** What a child has to report, as News. */
export function newsOf(s: State, child: number, options: number): number {
  if (s.process.state[child] === ProcessState.Zombie) return News.Zombie;
  const stops = s.process.stopsAwaited[child] !== 0;
  if ((options & WaitOption.Stopped) !== 0 && s.process.stopSignal[child] !== 0 && !stops) {
    return News.Stopped;
  }
  if ((options & WaitOption.Continued) !== 0 && s.process.continued[child] !== 0) {
    return News.Continued;
  }
  return News.None;
}

/**
 * Looks for a child with news, oldest first among equals; blocks when there is none yet.
 *
 * @param which pid > 0, -1 for any, 0 for the own group, -group
 * @returns the child's row, 0 with NoHang and no news, -Err.NoChild, or Result.Pending
 */
export function waitForChild(
  s: State,
  fx: Effects,
  thread: number,
  which: number,
  options: number,
): number {
  const parent = s.thread.process[thread];
  let candidates = 0;
  let found = 0;
  let seen = 0;
  for (let c = s.process.firstChild[parent]; c !== 0; c = s.process.nextSibling[c]) {
    seen++;
    if (!matches(s, parent, c, which)) continue;
    candidates++;
    // The list runs from newest to oldest: the last match is the one that waited longest.
    if (newsOf(s, c, options) !== News.None) found = c;
  }
  fx.charge(Math.floor(seen / CHILDREN_A_UNIT));
  if (found !== 0) return found;
  if (candidates === 0) return -Err.NoChild;
  if ((options & WaitOption.NoHang) !== 0) return 0;
  waitOn(s, thread, WaitKind.Child, parent);
  return Result.Pending;
}

/** The wait status a child's news has (as wait4 reports it). */
export function waitStatus(s: State, child: number, news: number): number {
  if (news === News.Zombie) return s.process.exitStatus[child];
  if (news === News.Stopped) return (s.process.stopSignal[child] << 8) | 0x7f;
  return 0xffff;
}
