import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { ONE, type State } from "../kernel.ts";
import { returnFromCall } from "./call.ts";
import { offerQueued } from "./steal.ts";
import { Request, ThreadState } from "./tables.ts";
import { handOver, isInTransit, leastLoadedHart, mayRunOn, request } from "./thread.ts";

/** The bits of a word of a hart set that stand for harts this machine has. */
function ofMachine(s: State, word: number, from: number): number {
  const harts = s.kernel.harts[ONE];
  if (harts <= from) return 0;
  return (word & (harts >= from + 32 ? -1 : 2 ** (harts - from) - 1)) >>> 0;
}

/**
 * Sets the harts a thread may run on. One that is outside its new set moves, by request when it is
 * another hart's.
 *
 * @param running the thread whose call this is; moved itself, its call returns 0 first
 * @param lo,hi harts 0 to 31 and 32 to 63, a bit each; bits of harts there are not do not count
 * @returns 0, -Err.Invalid for an empty set, or Result.NoReturn when the running thread has left
 */
export function setAffinity(
  s: State,
  fx: Effects,
  hart: number,
  running: number,
  thread: number,
  lo: number,
  hi: number,
): number {
  const setLo = ofMachine(s, lo, 0);
  const setHi = ofMachine(s, hi, 32);
  if (setLo === 0 && setHi === 0) return -Err.Invalid;

  // From here on it must succeed.
  s.thread.affinityLo[thread] = setLo;
  s.thread.affinityHi[thread] = setHi;
  const home = s.thread.hart[thread];
  const allowed = mayRunOn(s, thread, home);
  if (allowed) offerQueued(s, fx, hart, thread);
  if (allowed || s.thread.state[thread] === ThreadState.Dead) return 0;
  // A child that is still being made has no hart yet; its first one is chosen by the new set.
  if (s.thread.state[thread] === ThreadState.Embryo) return 0;
  const target = leastLoadedHart(s, thread, home);
  if (home !== hart || isInTransit(s, thread)) {
    s.thread.migrateTo[thread] = target;
    request(s, fx, hart, thread, Request.Migrate);
    return 0;
  }
  if (thread !== running) {
    handOver(s, fx, hart, thread, target);
    return 0;
  }
  // It leaves this hart in the same event: its call is complete before another hart may run it.
  returnFromCall(s, fx, running, 0);
  handOver(s, fx, hart, running, target);
  return Result.NoReturn;
}

/** One half of the harts of this machine that a thread may run on: word 0 or 1. */
export function affinityOf(s: State, thread: number, word: number): number {
  return word === 0
    ? ofMachine(s, s.thread.affinityLo[thread], 0)
    : ofMachine(s, s.thread.affinityHi[thread], 32);
}
