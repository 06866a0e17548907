import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { type State } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import { beginOperation, OperationKind } from "../sched/operation.ts";
import { WaitKind } from "../sched/tables.ts";
import { waitOn } from "../sched/wait.ts";
import { dropFrame } from "./frame.ts";
import { clearLeaf, leafTable, nextAfter, nextPresent, pruneTables } from "./pte.ts";
import { cutAt, cutsNeeded, firstFrom, freeRegion, hasRegions, unlinkRegion } from "./region.ts";
import {
  hasRemote,
  openShootdown,
  sendShootdown,
  shootdownOf,
  waitForShootdown,
} from "./shootdown.ts";
import { abandonSpace, holdSpace, leaveSlot, mayChange, spaceOf, takeSlot } from "./space.ts";

/** Pages invalidated one by one; more of them cost one invalidation of the whole space. */
const SINGLE_PAGES = 32;

/** Tells the machine that a translation went or narrowed; `nth` counts from 1 within the event. */
export function invalidate(s: State, fx: Effects, space: number, page: number, nth: number): void {
  if (nth <= SINGLE_PAGES) fx.invalidatePage(s.addressSpace.asid[space], page);
  else if (nth === SINGLE_PAGES + 1) fx.invalidateAsid(s.addressSpace.asid[space]);
}

/**
 * Unmaps present pages of [from, end), at most UNITS of them, with one shootdown for all.
 *
 * @returns the page to go on with, `end` when there is nothing left
 */
export function sweepUnmap(
  s: State,
  fx: Effects,
  h: number,
  space: number,
  from: number,
  end: number,
): number {
  let page = nextPresent(s, space, from, end);
  if (page === end) return end;
  const remote = hasRemote(s, h, space);
  const shootdown = remote ? openShootdown(s, space) : 0;
  if (remote && shootdown === 0) return page;
  let done = 0;
  while (page < end && done < UNITS) {
    const table = leafTable(s, space, page);
    dropFrame(s, clearLeaf(s, space, table, page));
    invalidate(s, fx, space, page, ++done);
    const next = nextAfter(s, space, table, page, end);
    if (s.pageTable.used[table] === 0) pruneTables(s, fx, space, page);
    page = next;
  }
  if (remote) sendShootdown(s, fx, h, shootdown);
  fx.charge(done);
  return page;
}

/** Removes the regions of [start, end), whose ends are cut, at most UNITS; true when none is left. */
function removeRegions(
  s: State,
  fx: Effects,
  space: number,
  start: number,
  end: number,
): boolean {
  for (let done = 0; done < UNITS; done++) {
    const region = firstFrom(s, space, start);
    if (region === 0 || s.region.start[region] >= end) {
      fx.charge(done);
      return true;
    }
    unlinkRegion(s, space, region);
    freeRegion(s, fx, region);
  }
  fx.charge(UNITS);
  return false;
}

/**
 * Ends a call that removed or narrowed translations: it returns after the last acknowledgement.
 *
 * @param value what the call returns, or Result.Restart to run it again
 * @param waiting what is returned here when the thread has to wait: Result.Pending from a call,
 * Result.NoReturn from a step
 */
export function finishChange(
  s: State,
  t: number,
  space: number,
  value: number,
  waiting: number,
): number {
  const row = shootdownOf(s, space);
  if (row === 0) return value;
  if (value === Result.Restart) waitOn(s, t, WaitKind.Shootdown, row);
  else waitForShootdown(s, t, row, value);
  return waiting;
}

/**
 * Begins a long operation over pages, with its progress in the thread's cursor. A space that is not
 * the thread's own is held until `endRange`: nothing else need keep it so long.
 */
export function beginRange(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  kind: number,
  space: number,
  from: number,
  end: number,
  value: number,
): number {
  takeSlot(s, t, space);
  if (space !== spaceOf(s, t)) {
    s.thread.sweeping[t] = space;
    holdSpace(s, space);
  }
  s.thread.cursor[6 * t] = from;
  s.thread.cursor[6 * t + 1] = end;
  s.thread.cursor[6 * t + 2] = value;
  beginOperation(s, fx, h, t, kind);
  return Result.Pending;
}

/** The space a thread's long operation over pages is about. */
export function changedSpace(s: State, t: number): number {
  return s.thread.sweeping[t] === 0 ? spaceOf(s, t) : s.thread.sweeping[t];
}

/** Ends a long operation over pages: others may change the space, and it may go. */
export function endRange(s: State, fx: Effects, h: number, t: number, space: number): number {
  leaveSlot(s, fx, h, t, space);
  const result = finishChange(s, t, space, s.thread.cursor[6 * t + 2], Result.NoReturn);
  if (s.thread.sweeping[t] !== 0) {
    s.thread.sweeping[t] = 0;
    abandonSpace(s, space);
  }
  return result;
}

/**
 * Unmaps [start, end) of a space. A mapping cut in the middle becomes two.
 *
 * @param value what to return at the end; Result.Restart when the call goes on by running again
 * @returns the value, -Err.NoMemory with nothing done, or Result.Pending: t waits for another
 * operation and runs the call again, or the call is completed later
 */
export function unmapRange(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  start: number,
  end: number,
  value: number,
  space: number = spaceOf(s, t),
): number {
  if (!mayChange(s, t, space)) return Result.Pending;
  const cuts = cutsNeeded(s, space, start, end);
  if (cuts > 0 && !hasRegions(s, space, cuts)) return -Err.NoMemory;

  // From here on it must succeed.
  cutAt(s, space, start);
  cutAt(s, space, end);
  let page = start;
  if (removeRegions(s, fx, space, start, end)) page = sweepUnmap(s, fx, h, space, start, end);
  if (page < end) return beginRange(s, fx, h, t, OperationKind.Unmap, space, page, end, value);
  return finishChange(s, t, space, value, Result.Pending);
}

/** One step of OperationKind.Unmap. */
export function stepUnmap(s: State, fx: Effects, h: number, t: number): number {
  const space = changedSpace(s, t);
  const from = s.thread.cursor[6 * t];
  const end = s.thread.cursor[6 * t + 1];
  if (!removeRegions(s, fx, space, from, end)) return Result.Pending;
  return sweepStep(s, fx, h, t, space, from, end);
}

function sweepStep(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  space: number,
  from: number,
  end: number,
): number {
  const page = sweepUnmap(s, fx, h, space, from, end);
  s.thread.cursor[6 * t] = page;
  return page < end ? Result.Pending : endRange(s, fx, h, t, space);
}

/**
 * Drops the pages of [start, end) and keeps the mappings: private memory reads zero again, files
 * are read again.
 *
 * @returns 0, -Err.NoMemory when part of it is not mapped, or Result.Pending as unmapRange
 */
export function discardRange(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  start: number,
  end: number,
): number {
  const space = spaceOf(s, t);
  if (!mayChange(s, t, space)) return Result.Pending;
  const page = sweepUnmap(s, fx, h, space, start, end);
  if (page < end) return beginRange(s, fx, h, t, OperationKind.Discard, space, page, end, 0);
  return finishChange(s, t, space, 0, Result.Pending);
}

/** One step of OperationKind.Discard. */
export function stepDiscard(s: State, fx: Effects, h: number, t: number): number {
  const from = s.thread.cursor[6 * t];
  return sweepStep(s, fx, h, t, spaceOf(s, t), from, s.thread.cursor[6 * t + 1]);
}
