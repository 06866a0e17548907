import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { ONE, type State } from "../kernel.ts";
import { PAGE_BYTES } from "../limits.ts";
import { isFree, mapRegion } from "./region.ts";
import { mayChange, spaceOf } from "./space.ts";
import { Prot, RegionFlag } from "./tables.ts";
import { unmapRange } from "./unmap.ts";

/**
 * Moves the program break of the space of t's process.
 *
 * @param end new break, an address; 0 asks for the present one
 * @returns the break now, -Err.NoMemory where it cannot go, or Result.Pending as unmapRange
 */
export function moveBreak(s: State, fx: Effects, h: number, t: number, end: number): number {
  const space = spaceOf(s, t);
  const a = s.addressSpace;
  if (end === 0) return a.heapEndBytes[space];
  if (!mayChange(s, t, space)) return Result.Pending;
  if (end < a.heapStart[space] * PAGE_BYTES) return -Err.NoMemory;
  const oldPage = Math.ceil(a.heapEndBytes[space] / PAGE_BYTES);
  const newPage = Math.ceil(end / PAGE_BYTES);
  if (newPage < oldPage) {
    const r = unmapRange(s, fx, h, t, newPage, oldPage, end);
    if (r >= 0 || r === Result.Pending) a.heapEndBytes[space] = end;
    return r;
  }
  if (newPage > oldPage) {
    if (newPage > a.mmapTop[space]) return -Err.NoMemory;
    if (newPage - oldPage > s.memory.totalFrames[ONE]) return -Err.NoMemory;
    // A page stays free above the heap, so that running over its end is seen.
    if (!isFree(s, space, oldPage, newPage + 1)) return -Err.NoMemory;
    const prot = Prot.Read | Prot.Write;
    const zero = s.memory.zeroObject[ONE];
    const r = mapRegion(s, fx, space, oldPage, newPage, prot, RegionFlag.Heap, zero, 0, 0);
    if (r < 0) return -Err.NoMemory;
  }
  a.heapEndBytes[space] = end;
  return end;
}
