import { ONE, type State } from "../kernel.ts";

/** Wall-clock time of the event being reduced, microseconds since 1970. */
export function wallClock(s: State): number {
  return s.kernel.startTime[ONE] + Math.floor(s.kernel.now[ONE] / 1000);
}
