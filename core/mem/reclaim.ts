import type { Effects } from "../effect.ts";
import { ONE, type State } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import { freeReleased } from "./frame.ts";
import { drainDying } from "./object.ts";

/**
 * Does deferred freeing, at most UNITS pages: objects nothing holds and frames whose quarantine has
 * ended. Called at the end of every event that finds `hasReclaim`.
 *
 * @returns 1 when nothing is left to reclaim, else 0
 */
export function reclaim(s: State, fx: Effects): number {
  const done = drainDying(s, UNITS) + freeReleased(s, UNITS);
  if (done > 0) fx.charge(done);
  return hasReclaim(s) ? 0 : 1;
}

/** Whether there is deferred freeing to do. */
export function hasReclaim(s: State): boolean {
  return s.memory.firstDying[ONE] !== 0 || s.memory.releasedHead[ONE] !== 0;
}
