import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { Pte } from "../isa/riscv64.ts";
import type { State } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import { OperationKind } from "../sched/operation.ts";
import { changeLeaf, leafFlags, leafOf, leafTable, nextAfter, nextPresent } from "./pte.ts";
import {
  breaksWriteXorExecute,
  cutAt,
  cutsNeeded,
  findRegion,
  firstFrom,
  hasRegions,
  isCovered,
  joinAround,
} from "./region.ts";
import { hasRemote, openShootdown, sendShootdown } from "./shootdown.ts";
import { mayChange, spaceOf } from "./space.ts";
import { beginRange, changedSpace, endRange, finishChange, invalidate } from "./unmap.ts";

const ALLOWED = Pte.Read | Pte.Write | Pte.Execute | Pte.User;

/**
 * Brings the PTEs of [from, end) in line with their regions' protection, at most UNITS of them. A
 * page that may now be written keeps faulting until a store finds out whether it is shared.
 *
 * @returns the page to go on with, `end` when there is nothing left
 */
function sweepProtect(
  s: State,
  fx: Effects,
  h: number,
  space: number,
  from: number,
  end: number,
): number {
  const remote = hasRemote(s, h, space);
  let shootdown = 0;
  let looked = 0;
  let narrowed = 0;
  let page = nextPresent(s, space, from, end);
  let region = firstFrom(s, space, page);
  while (page < end && looked < UNITS) {
    if (region === 0 || page >= s.region.end[region]) region = findRegion(s, space, page);
    const table = leafTable(s, space, page);
    const old = leafOf(s, table, page);
    const flags = leafFlags(s.region.prot[region], (old & Pte.Write) !== 0);
    if ((old & ~flags & ALLOWED) !== 0) {
      if (remote && shootdown === 0) shootdown = openShootdown(s, space);
      if (remote && shootdown === 0) break;
      invalidate(s, fx, space, page, ++narrowed);
    }
    changeLeaf(s, table, page, flags);
    looked++;
    page = nextAfter(s, space, table, page, end);
  }
  if (shootdown !== 0) sendShootdown(s, fx, h, shootdown);
  fx.charge(looked);
  return page;
}

/** Refuses a protection that a region of [start, end) may not have; 0 or -Err.Access. */
function refuseProt(s: State, space: number, start: number, end: number, prot: number): number {
  if (breaksWriteXorExecute(prot)) return -Err.Access;
  let region = firstFrom(s, space, start);
  while (region !== 0 && s.region.start[region] < end) {
    if ((prot & ~s.region.maxProt[region]) !== 0) return -Err.Access;
    region = s.region.next[region];
  }
  return 0;
}

/**
 * Changes the protection of [start, end) of a space: all of it or nothing.
 *
 * @param prot Prot bits; Write with Execute is refused
 * @returns 0; -Err.NoMemory where part of it is not mapped or a table is full; -Err.Access; or
 * Result.Pending: t waits for another operation and runs the call again, or it is completed later
 */
export function protectRange(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  start: number,
  end: number,
  prot: number,
  space: number = spaceOf(s, t),
): number {
  if (!mayChange(s, t, space)) return Result.Pending;
  if (!isCovered(s, space, start, end)) return -Err.NoMemory;
  const refused = refuseProt(s, space, start, end, prot);
  if (refused < 0) return refused;
  const cuts = cutsNeeded(s, space, start, end);
  if (cuts > 0 && !hasRegions(s, space, cuts)) return -Err.NoMemory;

  // From here on it must succeed.
  cutAt(s, space, start);
  cutAt(s, space, end);
  let region = firstFrom(s, space, start);
  while (region !== 0 && s.region.start[region] < end) {
    s.region.prot[region] = prot;
    region = s.region.next[region];
  }
  joinAround(s, fx, space, start, end);
  const page = sweepProtect(s, fx, h, space, start, end);
  if (page < end) return beginRange(s, fx, h, t, OperationKind.Protect, space, page, end, 0);
  return finishChange(s, t, space, 0, Result.Pending);
}

/** One step of OperationKind.Protect. */
export function stepProtect(s: State, fx: Effects, h: number, t: number): number {
  const space = changedSpace(s, t);
  const end = s.thread.cursor[6 * t + 1];
  const page = sweepProtect(s, fx, h, space, s.thread.cursor[6 * t], end);
  s.thread.cursor[6 * t] = page;
  return page < end ? Result.Pending : endRange(s, fx, h, t, space);
}
