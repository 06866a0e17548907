import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { USER_END_PAGE } from "../isa/riscv64.ts";
import { ONE, type State } from "../kernel.ts";
import { PAGE_BYTES, UNITS } from "../limits.ts";
import { beginOperation, OperationKind } from "../sched/operation.ts";
import { dropFrame } from "./frame.ts";
import { findGap } from "./map.ts";
import {
  canMap,
  clearLeaf,
  ensureTable,
  ENTRIES,
  leafFrame,
  leafOf,
  leafTable,
  nextAfter,
  nextPresent,
  pruneTables,
  setLeaf,
} from "./pte.ts";
import {
  cutAt,
  cutsNeeded,
  findRegion,
  hasRegions,
  insertRegion,
  isFree,
  joinAround,
  unlinkRegion,
} from "./region.ts";
import { hasRemote, openShootdown, sendShootdown } from "./shootdown.ts";
import { leaveSlot, mayChange, spaceOf, takeSlot } from "./space.ts";
import { RegionFlag } from "./tables.ts";
import { finishChange, invalidate, unmapRange } from "./unmap.ts";

/** Places of the operation's progress in the thread's cursor. */
const Cursor = {
  /** Page of the old range to go on with. */
  Page: 0,
  OldEnd: 1,
  /** New start less old start, in pages. */
  Distance: 2,
} as const;

/**
 * Resizes a mapping of the space of t's process, or part of one.
 *
 * @param start first page, @param oldPages pages it has, @param newPages pages it shall have
 * @param mayMove whether it may go elsewhere where it cannot grow
 * @returns its address; -Err.BadAddress when the old range is not one mapping, -Err.Invalid for the
 * heap and the stack, -Err.NoMemory; or Result.Pending: the call runs again or is completed later
 */
export function remap(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  start: number,
  oldPages: number,
  newPages: number,
  mayMove: boolean,
): number {
  const space = spaceOf(s, t);
  if (!mayChange(s, t, space)) return Result.Pending;
  const region = findRegion(s, space, start);
  const oldEnd = start + oldPages;
  if (region === 0 || s.region.end[region] < oldEnd) return -Err.BadAddress;
  const fixed = RegionFlag.Heap | RegionFlag.GrowsDown;
  if ((s.region.flags[region] & fixed) !== 0) return -Err.Invalid;
  const address = start * PAGE_BYTES;
  if (newPages === oldPages) return address;
  if (newPages < oldPages) {
    return unmapRange(s, fx, h, t, start + newPages, oldEnd, address);
  }
  if (newPages > USER_END_PAGE || newPages - oldPages > s.memory.totalFrames[ONE]) {
    return -Err.NoMemory;
  }
  const newEnd = start + newPages;
  const inPlace = s.region.end[region] === oldEnd && newEnd <= s.addressSpace.mmapTop[space] &&
    isFree(s, space, oldEnd, newEnd);
  if (inPlace) {
    extend(s, region, newPages - oldPages);
    joinAround(s, fx, space, start, newEnd);
    return address;
  }
  if (!mayMove) return -Err.NoMemory;
  return move(s, fx, h, t, space, start, oldEnd, newPages);
}

/** Lets a region reach further; where all of it shows its object, what is added does too. */
function extend(s: State, region: number, pages: number): void {
  const r = s.region;
  const whole = r.fileBytes[region] === (r.end[region] - r.start[region]) * PAGE_BYTES;
  r.end[region] += pages;
  if (whole) r.fileBytes[region] += pages * PAGE_BYTES;
}

/**
 * Makes the tables that the present pages of [from, end) need elsewhere, so that moving them cannot
 * fail. It is one event's work: a mapping with pages in more than UNITS tables does not move.
 *
 * @returns whether all are there; if not, those made are gone again
 */
function prepareTables(
  s: State,
  fx: Effects,
  space: number,
  from: number,
  end: number,
  distance: number,
): boolean {
  let made = 0;
  for (let page = nextPresent(s, space, from, end); page < end;) {
    const to = page + distance;
    if (made === UNITS || !canMap(s, space, to, 0)) {
      dropTables(s, fx, space, from, page, distance);
      return false;
    }
    ensureTable(s, fx, space, to);
    made++;
    page = nextPresent(s, space, nextOfTable(page, to), end);
  }
  fx.charge(made);
  return true;
}

/** The page of the old range whose new place is the first of the next leaf table. */
function nextOfTable(page: number, to: number): number {
  return page + ENTRIES - to % ENTRIES;
}

/** Frees the empty tables made for the present pages of [from, end). */
function dropTables(
  s: State,
  fx: Effects,
  space: number,
  from: number,
  end: number,
  distance: number,
): void {
  for (let page = nextPresent(s, space, from, end); page < end;) {
    pruneTables(s, fx, space, page + distance);
    page = nextPresent(s, space, nextOfTable(page, page + distance), end);
  }
}

function move(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  space: number,
  start: number,
  oldEnd: number,
  newPages: number,
): number {
  const to = findGap(s, space, newPages);
  if (to === 0) return -Err.NoMemory;
  const cuts = cutsNeeded(s, space, start, oldEnd);
  if (cuts > 0 && !hasRegions(s, space, cuts)) return -Err.NoMemory;
  const distance = to - start;
  if (!prepareTables(s, fx, space, start, oldEnd, distance)) return -Err.NoMemory;

  // From here on it must succeed.
  cutAt(s, space, start);
  cutAt(s, space, oldEnd);
  const region = findRegion(s, space, start);
  const oldPages = oldEnd - start;
  unlinkRegion(s, space, region);
  s.region.start[region] = to;
  s.region.end[region] = to + oldPages;
  extend(s, region, newPages - oldPages);
  insertRegion(s, space, region);
  const page = moveLeaves(s, fx, h, space, start, oldEnd, distance);
  if (page === oldEnd) {
    joinAround(s, fx, space, to, to + newPages);
    return finishChange(s, t, space, to * PAGE_BYTES, Result.Pending);
  }
  takeSlot(s, t, space);
  s.thread.cursor[6 * t + Cursor.Page] = page;
  s.thread.cursor[6 * t + Cursor.OldEnd] = oldEnd;
  s.thread.cursor[6 * t + Cursor.Distance] = distance;
  s.thread.cursor[6 * t + 3] = to * PAGE_BYTES;
  beginOperation(s, fx, h, t, OperationKind.Remap);
  return Result.Pending;
}

/** Moves present pages of [from, end) to the tables made for them, at most UNITS; the next page. */
function moveLeaves(
  s: State,
  fx: Effects,
  h: number,
  space: number,
  from: number,
  end: number,
  distance: number,
): number {
  let page = nextPresent(s, space, from, end);
  if (page === end) return end;
  const remote = hasRemote(s, h, space);
  const shootdown = remote ? openShootdown(s, space) : 0;
  if (remote && shootdown === 0) return page;
  let moved = 0;
  while (page < end && moved < UNITS) {
    const table = leafTable(s, space, page);
    const flags = leafOf(s, table, page);
    const frame = leafFrame(s, table, page);
    const to = page + distance;
    setLeaf(s, space, leafTable(s, space, to), to, frame, flags);
    dropFrame(s, clearLeaf(s, space, table, page));
    invalidate(s, fx, space, page, ++moved);
    const next = nextAfter(s, space, table, page, end);
    if (s.pageTable.used[table] === 0) pruneTables(s, fx, space, page);
    page = next;
  }
  if (remote) sendShootdown(s, fx, h, shootdown);
  fx.charge(moved);
  return page;
}

/** One step of OperationKind.Remap. */
export function stepRemap(s: State, fx: Effects, h: number, t: number): number {
  const space = spaceOf(s, t);
  const cursor = 6 * t;
  const end = s.thread.cursor[cursor + Cursor.OldEnd];
  const distance = s.thread.cursor[cursor + Cursor.Distance];
  const page = moveLeaves(s, fx, h, space, s.thread.cursor[cursor + Cursor.Page], end, distance);
  s.thread.cursor[cursor + Cursor.Page] = page;
  if (page < end) return Result.Pending;
  leaveSlot(s, fx, h, t, space);
  return finishChange(s, t, space, s.thread.cursor[cursor + 3], Result.NoReturn);
}
