import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import { USER_END_PAGE } from "../isa/riscv64.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { PAGE_BYTES } from "../limits.ts";
import { attachRegion, detachRegion } from "../cap/node.ts";
import { allocRow, freeRow, freeRows } from "../state/table.ts";
import { holdObject, releaseObject } from "./object.ts";
import { Prot, RegionFlag } from "./tables.ts";

/** Regions a space may have: a quota, and the bound of a walk along the list. */
export const REGION_LIMIT = 1024;

/** What mprotect may ask for where nothing says otherwise. */
export const ANY_PROT = Prot.Read | Prot.Write | Prot.Execute;

/** The region that contains a page, or 0. */
export function findRegion(s: State, space: number, page: number): number {
  const region = firstFrom(s, space, page);
  return region !== 0 && s.region.start[region] <= page ? region : 0;
}

/** The lowest region that ends above a page, or 0. */
export function firstFrom(s: State, space: number, page: number): number {
  let region = s.addressSpace.firstRegion[space];
  while (region !== 0 && s.region.end[region] <= page) region = s.region.next[region];
  return region;
}

/** The region before the first that ends above a page, or 0. */
function lastBefore(s: State, space: number, page: number): number {
  let last = 0;
  let region = s.addressSpace.firstRegion[space];
  while (region !== 0 && s.region.end[region] <= page) {
    last = region;
    region = s.region.next[region];
  }
  return last;
}

/** Whether no region has a page in [start, end). */
export function isFree(s: State, space: number, start: number, end: number): boolean {
  const region = firstFrom(s, space, start);
  return region === 0 || s.region.start[region] >= end;
}

/** Whether every page of [start, end) has a region. */
export function isCovered(s: State, space: number, start: number, end: number): boolean {
  let region = firstFrom(s, space, start);
  let page = start;
  while (region !== 0 && s.region.start[region] <= page) {
    page = s.region.end[region];
    if (page >= end) return true;
    region = s.region.next[region];
  }
  return false;
}

/** Whether a page may be written and executed at once: never. */
export function breaksWriteXorExecute(prot: number): boolean {
  return (prot & (Prot.Write | Prot.Execute)) === (Prot.Write | Prot.Execute);
}

/** Whether a space may have `count` more regions. */
export function hasRegions(s: State, space: number, count: number): boolean {
  return freeRows(s.region) >= count && s.addressSpace.regions[space] + count <= REGION_LIMIT;
}

/** Links a region row into its space's list, behind `after` (0: as the first). */
export function linkRegion(s: State, space: number, after: number, region: number): void {
  if (after === 0) {
    s.region.next[region] = s.addressSpace.firstRegion[space];
    s.addressSpace.firstRegion[space] = region;
  } else {
    s.region.next[region] = s.region.next[after];
    s.region.next[after] = region;
  }
  s.addressSpace.regions[space]++;
}

/** Links a region row where its address belongs. */
export function insertRegion(s: State, space: number, region: number): void {
  linkRegion(s, space, lastBefore(s, space, s.region.start[region]), region);
}

/** Takes a region out of its space's list; the row stays. */
export function unlinkRegion(s: State, space: number, region: number): void {
  const previous = lastBefore(s, space, s.region.start[region]);
  const next = s.region.next[region];
  if (previous === 0) s.addressSpace.firstRegion[space] = next;
  else s.region.next[previous] = next;
  s.region.next[region] = 0;
  s.addressSpace.regions[space]--;
}

/** Makes an unlinked copy of a region row for a space; the caller has asked `hasRegions`. */
export function copyRegion(s: State, from: number, space: number): number {
  const r = s.region;
  const to = allocRow(r);
  assert(to !== 0, "region rows were counted before one is taken");
  post(s, Account.RegionFree, Account.RegionUsed, 1);
  r.space[to] = space;
  r.start[to] = r.start[from];
  r.end[to] = r.end[from];
  r.prot[to] = r.prot[from];
  r.maxProt[to] = r.maxProt[from];
  r.flags[to] = r.flags[from];
  r.object[to] = r.object[from];
  r.objectPage[to] = r.objectPage[from];
  r.fileBytes[to] = r.fileBytes[from];
  holdObject(s, r.object[to]);
  if (r.node[from] !== 0) attachRegion(s, to, r.node[from]);
  return to;
}

/** Frees an unlinked region row and its hold of the object. */
export function freeRegion(s: State, fx: Effects, region: number): void {
  detachRegion(s, fx, region);
  releaseObject(s, fx, s.region.object[region]);
  freeRow(s.region, region);
  post(s, Account.RegionUsed, Account.RegionFree, 1);
}

/** Moves a region's start up or down, with what it shows staying where it is. */
export function moveStart(s: State, region: number, start: number): void {
  const pages = start - s.region.start[region];
  s.region.start[region] = start;
  if (s.region.object[region] === s.memory.zeroObject[ONE]) return;
  s.region.objectPage[region] += pages;
  s.region.fileBytes[region] = Math.max(0, s.region.fileBytes[region] - pages * PAGE_BYTES);
}

/** Region rows that cutting at the ends of [start, end) takes: 0 to 2. */
export function cutsNeeded(s: State, space: number, start: number, end: number): number {
  const low = findRegion(s, space, start);
  const high = findRegion(s, space, end);
  return (low !== 0 && s.region.start[low] < start ? 1 : 0) +
    (high !== 0 && s.region.start[high] < end ? 1 : 0);
}

/** Makes a page the start of a region if it lies inside one; the caller has asked `hasRegions`. */
export function cutAt(s: State, space: number, page: number): void {
  const low = findRegion(s, space, page);
  if (low === 0 || s.region.start[low] === page) return;
  const high = copyRegion(s, low, space);
  moveStart(s, high, page);
  s.region.end[low] = page;
  linkRegion(s, space, low, high);
}

/** Joins a region with the next one where both are plain private memory of one kind. */
function joinNext(s: State, fx: Effects, space: number, region: number): void {
  const r = s.region;
  const next = r.next[region];
  if (next === 0 || r.end[region] !== r.start[next]) return;
  const zero = s.memory.zeroObject[ONE];
  if (r.object[region] !== zero || r.object[next] !== zero) return;
  if (r.prot[region] !== r.prot[next] || r.flags[region] !== r.flags[next]) return;
  if (r.maxProt[region] !== r.maxProt[next]) return;
  r.end[region] = r.end[next];
  r.next[region] = r.next[next];
  r.next[next] = 0;
  s.addressSpace.regions[space]--;
  freeRegion(s, fx, next);
}

/** Joins what may be joined at the two ends of [start, end). */
export function joinAround(s: State, fx: Effects, space: number, start: number, end: number): void {
  const before = lastBefore(s, space, start);
  if (before !== 0) joinNext(s, fx, space, before);
  const last = findRegion(s, space, end - 1);
  if (last !== 0) joinNext(s, fx, space, last);
}

/**
 * Maps part of an object where nothing is mapped.
 *
 * @param prot Prot bits; Write with Execute is refused, whoever asks
 * @param flags RegionFlag bits
 * @param objectPage page of the object shown at startPage
 * @param fileBytes bytes from startPage that come from the object; beyond them a private mapping
 * reads zero, and a last partial page is a private copy with a zeroed tail
 * @param maxProt Prot bits that mprotect may give it later; unsaid, a shared mapping stays as it is
 * @returns the region, which may reach further when it was joined to a neighbour; -Err.Access,
 * -Err.Invalid, -Err.Exists or -Err.NoMemory
 */
export function mapRegion(
  s: State,
  fx: Effects,
  space: number,
  startPage: number,
  endPage: number,
  prot: number,
  flags: number,
  object: number,
  objectPage: number,
  fileBytes: number,
  maxProt: number = (flags & RegionFlag.Shared) !== 0 ? prot : ANY_PROT,
): number {
  if (breaksWriteXorExecute(prot)) return -Err.Access;
  if (!(startPage < endPage) || endPage > USER_END_PAGE) return -Err.Invalid;
  const shared = (flags & RegionFlag.Shared) !== 0;
  if (shared && fileBytes !== (endPage - startPage) * PAGE_BYTES) return -Err.Invalid;
  if (!isFree(s, space, startPage, endPage)) return -Err.Exists;
  if (!hasRegions(s, space, 1)) return -Err.NoMemory;

  // From here on it must succeed.
  const region = allocRow(s.region);
  post(s, Account.RegionFree, Account.RegionUsed, 1);
  const r = s.region;
  r.space[region] = space;
  r.start[region] = startPage;
  r.end[region] = endPage;
  r.prot[region] = prot;
  r.maxProt[region] = maxProt;
  r.flags[region] = flags;
  r.object[region] = object;
  r.objectPage[region] = objectPage;
  r.fileBytes[region] = fileBytes;
  holdObject(s, object);
  insertRegion(s, space, region);
  joinAround(s, fx, space, startPage, endPage);
  return findRegion(s, space, startPage);
}
