import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { PAGE_BYTES, UNITS } from "../limits.ts";
import { WaitKind, WakeReason } from "../sched/tables.ts";
import { waitOn, wakeAll } from "../sched/wait.ts";
import { allocRow, freeRow, freeRows } from "../state/table.ts";
import { retireAsid, takeAsid } from "./asid.ts";
import { dropFrame, framesAvailable } from "./frame.ts";
import {
  clearLeaf,
  ENTRIES,
  firstTablePage,
  freeTable,
  leafTable,
  makeTable,
  nextAfter,
  nextPresent,
  pruneTables,
} from "./pte.ts";
import { freeRegion } from "./region.ts";
import { orphanShootdowns } from "./shootdown.ts";

/** Pages the stack may have. */
export const STACK_PAGES = (8 * 1024 * 1024) / PAGE_BYTES;
/** Page after the stack, where exec names no other. */
export const STACK_TOP_PAGE = 0x3f_f000_0000 / PAGE_BYTES;
/** Page below which mappings without an address are placed: well below any stack. */
export const MMAP_TOP_PAGE = 0x3f_e000_0000 / PAGE_BYTES;
/** Lowest page that may be mapped, so that null pointers with small offsets fault. */
export const LOWEST_PAGE = 0x1_0000 / PAGE_BYTES;

/**
 * Makes an empty address space that nothing uses yet: the caller holds it (`holdSpace`) and stores
 * it in the same event.
 *
 * @returns the space, -Err.Exhausted without a row or ASID, or -Err.NoMemory without a root table
 */
export function createSpace(s: State, fx: Effects): number {
  if (freeRows(s.addressSpace) === 0) return -Err.Exhausted;
  if (framesAvailable(s) === 0 || freeRows(s.pageTable) === 0) return -Err.NoMemory;
  const asid = takeAsid(s, fx);
  if (asid === 0) return -Err.Exhausted;

  // From here on it must succeed.
  const space = allocRow(s.addressSpace);
  post(s, Account.SpaceFree, Account.SpaceUsed, 1);
  post(s, Account.AsidFree, Account.AsidUsed, 1);
  const a = s.addressSpace;
  a.root[space] = makeTable(s, fx);
  a.asid[space] = asid;
  a.asidEpoch[space] = s.memory.asidEpoch[ONE];
  a.mmapTop[space] = MMAP_TOP_PAGE;
  a.stackTop[space] = STACK_TOP_PAGE;
  a.tables[space] = 1;
  return space;
}

/** Counts one more process that uses a space. */
export function holdSpace(s: State, space: number): void {
  s.addressSpace.refs[space]++;
}

/**
 * Gives a process's use of a space back. The last user drains the space first (`drainSpace` until it
 * returns 1); this then frees its row and retires its ASID.
 */
export function releaseSpace(s: State, space: number): void {
  const a = s.addressSpace;
  if (a.refs[space] > 1) {
    a.refs[space]--;
    return;
  }
  assert(a.dying[space] === 1 && a.root[space] === 0, "the last user of a space has drained it");
  orphanShootdowns(s, space);
  retireAsid(s, a.asid[space]);
  post(s, Account.AsidUsed, Account.AsidRetired, 1);
  freeRow(a, space);
  post(s, Account.SpaceUsed, Account.SpaceFree, 1);
}

/**
 * Gives a hold of a space back that no process uses it by. The last one leaves the space to
 * `reclaim`, which drains it.
 */
export function abandonSpace(s: State, space: number): void {
  const a = s.addressSpace;
  assert(a.refs[space] > 0, "a space that is given back was held");
  if (--a.refs[space] > 0) return;
  a.dying[space] = 1;
  a.nextDying[space] = s.memory.firstDyingSpace[ONE];
  s.memory.firstDyingSpace[ONE] = space;
}

/**
 * Takes a step of draining the spaces nothing holds.
 *
 * @returns whether there was one
 */
export function drainDyingSpace(s: State, fx: Effects): boolean {
  const space = s.memory.firstDyingSpace[ONE];
  if (space === 0) return false;
  if (drainSpace(s, fx, space) === 0) return true;
  s.memory.firstDyingSpace[ONE] = s.addressSpace.nextDying[space];
  releaseSpace(s, space);
  return true;
}

/**
 * Tears a space down that only its last user holds, at most UNITS PTEs, tables and regions per call.
 * No hart's satp may name it any more. A dead space needs no shootdown: its ASID is not used again
 * before every hart has flushed.
 *
 * @returns 1 when it is empty, else 0
 */
export function drainSpace(s: State, fx: Effects, space: number): number {
  const a = s.addressSpace;
  assert(a.refs[space] <= 1, "a space that others use is not drained");
  a.dying[space] = 1;
  if (a.root[space] === 0) return 1;
  let left = drainPages(s, fx, space, UNITS);
  while (left > 0 && a.firstRegion[space] !== 0) {
    const region = a.firstRegion[space];
    a.firstRegion[space] = s.region.next[region];
    s.region.next[region] = 0;
    a.regions[space]--;
    freeRegion(s, fx, region);
    left--;
  }
  const done = left > 0;
  if (done) {
    freeTable(s, fx, a.root[space]);
    a.root[space] = 0;
    a.tables[space] = 0;
  }
  fx.charge(UNITS - left);
  return done ? 1 : 0;
}

/** Unmaps what is mapped and frees the tables; returns what is left of the budget. */
function drainPages(s: State, fx: Effects, space: number, budget: number): number {
  let left = budget;
  while (left > 0) {
    const page = firstTablePage(s, space);
    if (page < 0) return left;
    const end = page + ENTRIES;
    const table = leafTable(s, space, page);
    if (table !== 0) {
      for (
        let at = nextPresent(s, space, page, end);
        at < end && left > 0;
        at = nextAfter(s, space, table, at, end)
      ) {
        dropFrame(s, clearLeaf(s, space, table, at));
        left--;
      }
      if (s.pageTable.used[table] !== 0) return 0;
    }
    pruneTables(s, fx, space, page);
    left--;
  }
  return Math.max(0, left);
}

/**
 * Whether a thread may change a space now. While another thread's long operation holds the space's
 * operation slot, the thread is put to wait for it and its call runs again.
 */
export function mayChange(s: State, t: number, space: number): boolean {
  const holder = s.addressSpace.operation[space];
  if (holder === 0 || holder === t) return true;
  waitOn(s, t, WaitKind.SpaceOperation, space);
  return false;
}

/** Takes a space's operation slot, which `mayChange` has found free, for a long operation. */
export function takeSlot(s: State, t: number, space: number): void {
  assert(s.addressSpace.operation[space] === 0, "an operation slot is taken while free");
  s.addressSpace.operation[space] = t;
}

/** Gives a space's operation slot back and lets those who wait for it try again. */
export function leaveSlot(s: State, fx: Effects, h: number, t: number, space: number): void {
  if (s.addressSpace.operation[space] !== t) return;
  s.addressSpace.operation[space] = 0;
  wakeAll(s, fx, h, WaitKind.SpaceOperation, space, WakeReason.Restart);
}

/** The space of a thread's process. */
export function spaceOf(s: State, t: number): number {
  return s.process.space[s.thread.process[t]];
}
