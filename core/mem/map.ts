import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { USER_END_PAGE } from "../isa/riscv64.ts";
import { ONE, type State } from "../kernel.ts";
import { PAGE_BYTES } from "../limits.ts";
import { freeRows } from "../state/table.ts";
import { createObject, releaseObject, truncateObject } from "./object.ts";
import {
  ANY_PROT,
  breaksWriteXorExecute,
  cutsNeeded,
  hasRegions,
  isFree,
  mapRegion,
} from "./region.ts";
import { LOWEST_PAGE, mayChange, spaceOf } from "./space.ts";
import { ObjectKind, Prot, RegionFlag } from "./tables.ts";
import { unmapRange } from "./unmap.ts";

/** Where a new mapping goes. */
export const Placement = {
  /** At the page asked for if it is free, else wherever there is room. */
  Hint: 0,
  /** At the page asked for, in place of what is there. */
  Fixed: 1,
  /** At the page asked for, or not at all. */
  FixedFree: 2,
} as const;

/**
 * Finds room for a mapping: the highest gap below the space's mapping area top.
 *
 * @returns its first page, or 0
 */
export function findGap(s: State, space: number, pages: number): number {
  const top = s.addressSpace.mmapTop[space];
  let best = 0;
  let low = LOWEST_PAGE;
  let region = s.addressSpace.firstRegion[space];
  while (low < top) {
    const high = region === 0 ? top : Math.min(top, s.region.start[region]);
    if (high - low >= pages) best = high - pages;
    if (region === 0) break;
    low = Math.max(low, s.region.end[region]);
    region = s.region.next[region];
  }
  return best;
}

/** Where to map, or -Err; `Fixed` may name pages in use. */
function place(
  s: State,
  space: number,
  wanted: number,
  pages: number,
  placement: number,
): number {
  if (placement === Placement.Hint) {
    const fits = wanted >= LOWEST_PAGE && wanted + pages <= s.addressSpace.mmapTop[space];
    if (fits && isFree(s, space, wanted, wanted + pages)) return wanted;
    const gap = findGap(s, space, pages);
    return gap === 0 ? -Err.NoMemory : gap;
  }
  if (wanted < LOWEST_PAGE) return -Err.NotPermitted;
  if (wanted + pages > USER_END_PAGE) return -Err.NoMemory;
  if (placement === Placement.FixedFree && !isFree(s, space, wanted, wanted + pages)) {
    return -Err.Exists;
  }
  return wanted;
}

/**
 * Maps memory into the space of t's process.
 *
 * @param wanted page asked for; 0 for none
 * @param prot Prot bits; Write with Execute is refused
 * @param flags RegionFlag.Shared or 0
 * @param object object to map, or 0 for new zeros (shared ones get an object of their own)
 * @param objectPage page of the object shown first
 * @param placement a Placement
 * @param maxProt Prot bits that mprotect may give it later
 * @returns the address; -Err.Access, -Err.NoMemory, -Err.NotPermitted, -Err.Exists; or
 * Result.Pending: the call runs again
 */
export function mapMemory(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  wanted: number,
  pages: number,
  prot: number,
  flags: number,
  object: number,
  objectPage: number,
  placement: number,
  maxProt: number = ANY_PROT,
): number {
  const space = spaceOf(s, t);
  if (!mayChange(s, t, space)) return Result.Pending;
  if (breaksWriteXorExecute(prot)) return -Err.Access;
  const start = place(s, space, wanted, pages, placement);
  if (start < 0) return start;
  const end = start + pages;
  const shared = (flags & RegionFlag.Shared) !== 0;
  // More writable memory than there is can only end in a kill; say so now.
  if (object === 0 && (prot & Prot.Write) !== 0 && pages > s.memory.totalFrames[ONE]) {
    return -Err.NoMemory;
  }
  if (object === 0 && shared && freeRows(s.memoryObject) === 0) return -Err.NoMemory;
  if (!hasRegions(s, space, 1 + cutsNeeded(s, space, start, end))) return -Err.NoMemory;
  if (!isFree(s, space, start, end)) {
    const cleared = unmapRange(s, fx, h, t, start, end, Result.Restart);
    if (cleared !== Result.Restart) return cleared;
  }

  // From here on it must succeed.
  let shown = object;
  if (object === 0) {
    shown = shared ? createObject(s, ObjectKind.Anonymous) : s.memory.zeroObject[ONE];
    if (shared) truncateObject(s, fx, shown, pages);
  }
  const bytes = shown === s.memory.zeroObject[ONE] ? 0 : pages * PAGE_BYTES;
  const r = mapRegion(s, fx, space, start, end, prot, flags, shown, objectPage, bytes, maxProt);
  if (object === 0 && shared) releaseObject(s, fx, shown);
  assert(r > 0, "room for a mapping was made before it is mapped");
  return start * PAGE_BYTES;
}
