import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { PAGE_BYTES, UNITS } from "../limits.ts";
import { allocRow, freeRow, freeRows } from "../state/table.ts";
import { allocFrame, dropFrame, holdFrame } from "./frame.ts";
import { enterPage, findPage, leavePage } from "./page_hash.ts";
import { FrameRole, ObjectKind } from "./tables.ts";

export { findPage } from "./page_hash.ts";

/** Hash probes for absent pages that count as one unit of work. */
const PROBES_PER_UNIT = 16;

/**
 * Makes an empty memory object with one reference, which is the caller's to store.
 *
 * @param kind an ObjectKind
 * @returns the object, or 0 when the table is full
 */
export function createObject(s: State, kind: number): number {
  const object = allocRow(s.memoryObject);
  if (object === 0) return 0;
  post(s, Account.ObjectFree, Account.ObjectUsed, 1);
  s.memoryObject.kind[object] = kind;
  s.memoryObject.refs[object] = 1;
  return object;
}

/** Counts one more holder (region, inode, chunk request). */
export function holdObject(s: State, object: number): void {
  s.memoryObject.refs[object]++;
}

/**
 * Gives a reference back. An object nothing holds is freed at once when it has no pages; else it
 * joins the dying list, which `reclaim` drains a bounded number of pages per event.
 */
export function releaseObject(s: State, _fx: Effects, object: number): void {
  const o = s.memoryObject;
  assert(o.refs[object] > 0, "an object that is released was held");
  if (--o.refs[object] > 0 || o.kind[object] === ObjectKind.Zero) return;
  if (o.pages[object] === 0) {
    freeObject(s, object);
    return;
  }
  o.dying[object] = 1;
  o.nextDying[object] = s.memory.firstDying[ONE];
  s.memory.firstDying[ONE] = object;
}

function freeObject(s: State, object: number): void {
  freeRow(s.memoryObject, object);
  post(s, Account.ObjectUsed, Account.ObjectFree, 1);
}

/**
 * Drains objects nothing holds.
 *
 * @param limit most pages to free
 * @returns pages freed
 */
export function drainDying(s: State, limit: number): number {
  let freed = 0;
  while (s.memory.firstDying[ONE] !== 0) {
    const object = s.memory.firstDying[ONE];
    while (s.memoryObject.firstPage[object] !== 0) {
      if (freed === limit) return freed;
      removePage(s, s.memoryObject.firstPage[object]);
      freed++;
    }
    s.memory.firstDying[ONE] = s.memoryObject.nextDying[object];
    freeObject(s, object);
  }
  return freed;
}

/** Whether a page that is absent must come from the host, rather than being a hole of zeros. */
export function needsChunk(s: State, object: number, index: number): boolean {
  return s.memoryObject.hostFile[object] !== 0 &&
    index * PAGE_BYTES < s.memoryObject.hostBytes[object];
}

/**
 * Adds a page with undefined contents; the caller fills all of it in the same event.
 *
 * @returns the objectPage row, or -Err.NoMemory
 */
export function addPage(s: State, fx: Effects, object: number, index: number): number {
  if (freeRows(s.objectPage) === 0) return -Err.NoMemory;
  const frame = allocFrame(s, fx, FrameRole.Object);
  if (frame === 0) return -Err.NoMemory;
  // From here on it must succeed.
  post(s, Account.FrameFree, Account.FrameObject, 1);
  const row = allocRow(s.objectPage);
  post(s, Account.ObjectPageFree, Account.ObjectPageUsed, 1);
  const p = s.objectPage;
  p.object[row] = object;
  p.index[row] = index;
  p.frame[row] = frame;
  holdFrame(s, frame);
  const first = s.memoryObject.firstPage[object];
  p.next[row] = first;
  if (first !== 0) p.previous[first] = row;
  s.memoryObject.firstPage[object] = row;
  s.memoryObject.pages[object]++;
  if (index >= s.memoryObject.sizePages[object]) s.memoryObject.sizePages[object] = index + 1;
  enterPage(s, row);
  return row;
}

/**
 * Finds a page, or adds it filled with zeros. A page of a host file that is not here yet
 * (`needsChunk`) must be asked for instead, unless the caller overwrites all of it.
 *
 * @returns the objectPage row, or -Err.NoMemory
 */
export function ensurePage(s: State, fx: Effects, object: number, index: number): number {
  const row = findPage(s, object, index);
  if (row !== 0) return row;
  const added = addPage(s, fx, object, index);
  if (added > 0) fx.zero(s.objectPage.frame[added], 0, PAGE_BYTES);
  return added;
}

/** Takes a page out of its object. Mappings that still show its frame keep it as their own. */
function removePage(s: State, row: number): void {
  const p = s.objectPage;
  const object = p.object[row];
  const frame = p.frame[row];
  leavePage(s, row);
  const next = p.next[row];
  const previous = p.previous[row];
  if (next !== 0) p.previous[next] = previous;
  if (previous !== 0) p.next[previous] = next;
  else s.memoryObject.firstPage[object] = next;
  s.memoryObject.pages[object]--;
  freeRow(p, row);
  post(s, Account.ObjectPageUsed, Account.ObjectPageFree, 1);
  if (s.frame.refs[frame] > 1) {
    s.frame.role[frame] = FrameRole.Anonymous;
    post(s, Account.FrameObject, Account.FrameAnonymous, 1);
  }
  dropFrame(s, frame);
}

/**
 * Sets an object's size. Pages beyond it go, at most UNITS of them per call; what is kept of its
 * last page beyond `bytes` reads zero, and a page still to come from the host is cut there too.
 * Growing adds a hole.
 *
 * @param pages new size in pages
 * @param bytes new size in bytes, at most pages * PAGE_BYTES
 * @returns 0, or Result.Restart when more pages are to go: run the call again
 */
export function truncateObject(
  s: State,
  fx: Effects,
  object: number,
  pages: number,
  bytes: number = pages * PAGE_BYTES,
): number {
  const o = s.memoryObject;
  if (o.hostBytes[object] > bytes) o.hostBytes[object] = bytes;
  const tail = bytes % PAGE_BYTES;
  if (tail !== 0) {
    const last = findPage(s, object, Math.floor(bytes / PAGE_BYTES));
    if (last !== 0) fx.zero(s.objectPage.frame[last], tail, PAGE_BYTES - tail);
  }
  if (o.pages[object] <= UNITS) removeListed(s, fx, object, pages);
  else if (!removeFromEnd(s, fx, object, pages)) return Result.Restart;
  o.sizePages[object] = pages;
  return 0;
}

/** Removes the pages from an index on of an object that has few. */
function removeListed(s: State, fx: Effects, object: number, from: number): void {
  let row = s.memoryObject.firstPage[object];
  fx.charge(s.memoryObject.pages[object]);
  while (row !== 0) {
    const next = s.objectPage.next[row];
    if (s.objectPage.index[row] >= from) removePage(s, row);
    row = next;
  }
}

/** Removes pages from the end down; its size is the cursor, so a later call goes on below. */
function removeFromEnd(s: State, fx: Effects, object: number, from: number): boolean {
  const o = s.memoryObject;
  let probes = 0;
  while (o.sizePages[object] > from && probes < UNITS * PROBES_PER_UNIT) {
    const row = findPage(s, object, o.sizePages[object] - 1);
    probes += row === 0 ? 1 : PROBES_PER_UNIT;
    if (row !== 0) removePage(s, row);
    o.sizePages[object]--;
  }
  fx.charge(Math.ceil(probes / PROBES_PER_UNIT));
  return o.sizePages[object] <= from;
}
