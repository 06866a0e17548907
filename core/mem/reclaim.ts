import type { Effects } from "../effect.ts";
import { ONE, type State } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import { freeReleased } from "./frame.ts";
import { drainDying } from "./object.ts";
import { drainDyingSpace } from "./space.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const one = ONE;

/**
 * Does deferred freeing, at most UNITS pages: spaces and objects nothing holds, and frames whose
 * quarantine has ended. Called at the end of every event that finds `hasReclaim`.
 *
 * @returns 1 when nothing is left to reclaim, else 0
 */
export function reclaim(s: State, fx: Effects): number {
  // A step of a space is an event's work.
  if (!drainDyingSpace(s, fx)) {
    const done = drainDying(s, UNITS) + freeReleased(s, UNITS);
    if (done > 0) fx.charge(done);
  }
  return hasReclaim(s) ? 0 : 1;
}

/** Whether there is deferred freeing to do. */
export function hasReclaim(s: State): boolean {
  const m = s.memory;
  return m.firstDying[one] !== 0 || m.releasedHead[one] !== 0 || m.firstDyingSpace[one] !== 0;
}
