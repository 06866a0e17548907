import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { PageTableLayout, Pte, USER_END_PAGE } from "../isa/riscv64.ts";
import type { State } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import { freeRows } from "../state/table.ts";
import {
  canMap,
  changeLeaf,
  ensureTable,
  leafFrame,
  leafOf,
  leafTable,
  nextAfter,
  nextPresent,
  setLeaf,
} from "./pte.ts";
import { copyRegion, findRegion, linkRegion } from "./region.ts";
import { hasRemote, openShootdown, sendShootdown } from "./shootdown.ts";
import { createSpace, leaveSlot, mayChange, spaceOf, takeSlot } from "./space.ts";
import { FrameRole, RegionFlag } from "./tables.ts";
import { invalidate } from "./unmap.ts";

/** Places in the parent thread's cursor; 4 and 5 belong to process creation. */
const Cursor = {
  Child: 0,
  Stage: 1,
  /** Parent region copied last; in the next stage the page to go on with. */
  At: 2,
  /** Child region linked last. */
  Tail: 3,
} as const;

/** Page number bits that index a leaf table. */
const TABLE_BITS = PageTableLayout.indexBits;

const Stage = { Regions: 0, Pages: 1 } as const;

/**
 * Starts the copy of the space of t's process: takes its operation slot and makes an empty child
 * space that nothing holds yet. The caller holds and stores it, begins OperationKind.Fork and calls
 * `stepForkSpace` until it no longer returns Result.Pending.
 *
 * @returns the child space, -Err.Exhausted, -Err.NoMemory, or Result.Pending with t blocked behind
 * another operation, to run the call again
 */
export function beginForkSpace(s: State, fx: Effects, t: number): number {
  const space = spaceOf(s, t);
  if (!mayChange(s, t, space)) return Result.Pending;
  if (freeRows(s.region) < s.addressSpace.regions[space]) return -Err.NoMemory;
  const child = createSpace(s, fx);
  if (child < 0) return child;

  // From here on it must succeed.
  const a = s.addressSpace;
  takeSlot(s, t, space);
  a.heapStart[child] = a.heapStart[space];
  a.heapEndBytes[child] = a.heapEndBytes[space];
  a.mmapTop[child] = a.mmapTop[space];
  a.stackTop[child] = a.stackTop[space];
  s.thread.cursor[6 * t + Cursor.Child] = child;
  s.thread.cursor[6 * t + Cursor.Stage] = Stage.Regions;
  s.thread.cursor[6 * t + Cursor.At] = 0;
  s.thread.cursor[6 * t + Cursor.Tail] = 0;
  return child;
}

/**
 * One step of the copy, at most UNITS regions and PTEs. The child's space is complete when it returns
 * the child. While a shootdown of the parent's space is in flight then (`shootdownOf`), other harts
 * may hold writable translations from before the copy: the parent waits for it before it runs.
 *
 * @returns Result.Pending when there is more to do; the child space; or -Err.NoMemory with a child
 * space for `drainSpace` and `releaseSpace` to tear down. At the end the slot is given back.
 */
export function stepForkSpace(s: State, fx: Effects, h: number, t: number): number {
  const space = spaceOf(s, t);
  const cursor = 6 * t;
  const child = s.thread.cursor[cursor + Cursor.Child];
  if (s.thread.cursor[cursor + Cursor.Stage] === Stage.Regions) {
    const r = copyRegions(s, fx, t, space, child);
    if (r < 0) leaveSlot(s, fx, h, t, space);
    if (r !== 1) return r === 0 ? Result.Pending : r;
    s.thread.cursor[cursor + Cursor.Stage] = Stage.Pages;
    s.thread.cursor[cursor + Cursor.At] = 0;
  }
  if (s.thread.cursor[cursor + Cursor.Stage] === Stage.Pages) {
    const r = copyPages(s, fx, h, space, child, s.thread.cursor[cursor + Cursor.At]);
    if (r < 0) {
      leaveSlot(s, fx, h, t, space);
      return r;
    }
    s.thread.cursor[cursor + Cursor.At] = r;
    if (r < USER_END_PAGE) return Result.Pending;
  }
  leaveSlot(s, fx, h, t, space);
  return child;
}

/** Copies region rows, at most UNITS; 1 when all are, else 0, or -Err.NoMemory. */
function copyRegions(s: State, fx: Effects, t: number, space: number, child: number): number {
  const cursor = 6 * t;
  const last = s.thread.cursor[cursor + Cursor.At];
  let region = last === 0 ? s.addressSpace.firstRegion[space] : s.region.next[last];
  let tail = s.thread.cursor[cursor + Cursor.Tail];
  for (let done = 0; done < UNITS; done++) {
    if (region === 0) {
      fx.charge(done);
      return 1;
    }
    // Other harts may have taken rows since the fork began.
    if (freeRows(s.region) === 0) return -Err.NoMemory;
    const copy = copyRegion(s, region, child);
    linkRegion(s, child, tail, copy);
    tail = copy;
    s.thread.cursor[cursor + Cursor.At] = region;
    s.thread.cursor[cursor + Cursor.Tail] = tail;
    region = s.region.next[region];
  }
  fx.charge(UNITS);
  return region === 0 ? 1 : 0;
}

/**
 * Shares private pages with the child and takes write permission from both. Pages that an object
 * still has are left out: the child faults them in.
 *
 * @returns the page to go on with, USER_END_PAGE at the end, or -Err.NoMemory
 */
function copyPages(
  s: State,
  fx: Effects,
  h: number,
  space: number,
  child: number,
  from: number,
): number {
  const remote = hasRemote(s, h, space);
  let shootdown = 0;
  let result = 0;
  let looked = 0;
  let narrowed = 0;
  let page = nextPresent(s, space, from, USER_END_PAGE);
  let region = 0;
  // The two leaf tables of the block of pages under way.
  let block = -1;
  let table = 0;
  let copy = 0;
  while (page < USER_END_PAGE && looked < UNITS) {
    looked++;
    if (region === 0 || page >= s.region.end[region]) region = findRegion(s, child, page);
    if (region === 0 || (s.region.flags[region] & RegionFlag.Shared) !== 0) {
      const next = region === 0 ? page + 1 : s.region.end[region];
      page = nextPresent(s, space, next, USER_END_PAGE);
      continue;
    }
    if (page >>> TABLE_BITS !== block) {
      block = page >>> TABLE_BITS;
      table = leafTable(s, space, page);
      copy = leafTable(s, child, page);
    }
    const frame = leafFrame(s, table, page);
    if (s.frame.role[frame] === FrameRole.Anonymous) {
      const flags = leafOf(s, table, page);
      const shared = flags & ~(Pte.Write | Pte.Dirty);
      if (copy === 0 && !canMap(s, child, page, 0)) {
        result = -Err.NoMemory;
        break;
      }
      if (shared !== flags) {
        if (remote && shootdown === 0) shootdown = openShootdown(s, space);
        if (remote && shootdown === 0) break;
        changeLeaf(s, table, page, shared);
        invalidate(s, fx, space, page, ++narrowed);
      }
      if (copy === 0) copy = ensureTable(s, fx, child, page);
      setLeaf(s, child, copy, page, frame, shared);
    }
    page = nextAfter(s, space, table, page, USER_END_PAGE);
  }
  if (shootdown !== 0) sendShootdown(s, fx, h, shootdown);
  fx.charge(looked);
  return result < 0 ? result : page;
}
