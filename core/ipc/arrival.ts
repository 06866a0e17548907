import type { State } from "../kernel.ts";

/**
 * Counts something that has to wait at a channel: its arrival number. A pulse that comes next is not
 * equal to what came last, unless that is noted (`channel.newest`).
 */
export function nextArrival(s: State, channel: number): number {
  s.channel.newest[channel] = 0;
  return ++s.channel.arrivals[channel];
}
