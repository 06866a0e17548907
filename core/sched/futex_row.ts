/**
 * The rows of futexes: what a key is, how it is found, who owns it. A row stands while somebody
 * waits, so there are never more of them than threads.
 */
import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import { AccessKind } from "../event.ts";
import { USER_END_PAGE } from "../isa/riscv64.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { PAGE_BYTES } from "../limits.ts";
import { allows } from "../mem/fault.ts";
import { findRegion } from "../mem/region.ts";
import { spaceOf } from "../mem/space.ts";
import { RegionFlag } from "../mem/tables.ts";
import { allocRow, freeRow, watermark } from "../state/table.ts";
import { lendPriority } from "./priority.ts";
import { FUTEX_BUCKETS, FutexSpace } from "./tables.ts";

/**
 * What a word's key is relative to: memory that is mapped shared is one place for all who map it,
 * any other belongs to the space of t's process.
 *
 * @param address user address of the word
 * @param shared whether other spaces may mean the same word
 * @returns the region of shared memory, 0 for a key of the space itself, or -Err.BadAddress
 */
export function futexRegion(s: State, t: number, address: number, shared: boolean): number {
  const page = Math.floor(address / PAGE_BYTES);
  if (!(page < USER_END_PAGE)) return -Err.BadAddress;
  if (!shared) return 0;
  const region = findRegion(s, spaceOf(s, t), page);
  if (region === 0 || !allows(s.region.prot[region], AccessKind.Read)) return -Err.BadAddress;
  return (s.region.flags[region] & RegionFlag.Shared) === 0 ? 0 : region;
}

function placeOf(s: State, t: number, region: number): number {
  return region === 0 ? spaceOf(s, t) : s.region.object[region];
}

function generationOf(s: State, space: number, place: number): number {
  const table = space === FutexSpace.Private ? s.addressSpace : s.memoryObject;
  return table.$generation[place];
}

function addressIn(s: State, region: number, address: number): number {
  if (region === 0) return address;
  return address + (s.region.objectPage[region] - s.region.start[region]) * PAGE_BYTES;
}

/** Position in `futexBucket` of the head for a key. */
function bucketOf(space: number, place: number, address: number): number {
  // Words lie at multiples of four; the upper half of an address seldom differs.
  let h = Math.imul(2 * place + space, 0x9e3779b1) ^ (address / 4);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  return ONE * FUTEX_BUCKETS + ((h ^ (h >>> 13)) & (FUTEX_BUCKETS - 1));
}

function bucketOfRow(s: State, row: number): number {
  return bucketOf(s.futex.space[row], s.futex.place[row], s.futex.address[row]);
}

/**
 * The row of the word at a user address, or 0 when nobody waits there.
 *
 * @param region what futexRegion said of the address
 */
export function findFutex(s: State, t: number, region: number, address: number): number {
  const f = s.futex;
  const space = region === 0 ? FutexSpace.Private : FutexSpace.Shared;
  const place = placeOf(s, t, region);
  const at = addressIn(s, region, address);
  const generation = generationOf(s, space, place);
  let row = s.kernel.futexBucket[bucketOf(space, place, at)];
  while (
    row !== 0 && (f.address[row] !== at || f.place[row] !== place || f.space[row] !== space ||
      f.placeGeneration[row] !== generation)
  ) row = f.hashNext[row];
  return row;
}

/**
 * Makes the row of a word nobody waits at yet.
 *
 * @returns the row, or 0 when the table is full
 */
export function createFutex(s: State, t: number, region: number, address: number): number {
  const row = allocRow(s.futex);
  if (row === 0) return 0;
  post(s, Account.FutexFree, Account.FutexUsed, 1);
  s.futex.space[row] = region === 0 ? FutexSpace.Private : FutexSpace.Shared;
  s.futex.place[row] = placeOf(s, t, region);
  s.futex.placeGeneration[row] = generationOf(s, s.futex.space[row], s.futex.place[row]);
  s.futex.address[row] = addressIn(s, region, address);
  enterHash(s, row);
  return row;
}

/** Frees the row of a word nobody waits at any more. */
export function freeFutex(s: State, row: number): void {
  assert(s.futex.refs[row] === 0, "a futex goes with its last waiter");
  if (s.futex.owner[row] !== 0) unlinkOwned(s, row);
  leaveHash(s, row);
  freeRow(s.futex, row);
  post(s, Account.FutexUsed, Account.FutexFree, 1);
}

/** Counts a waiter that is about to be linked. */
export function joinFutex(s: State, row: number, waiter: number, bits: number): void {
  s.waiter.futex[waiter] = row;
  s.waiter.bits[waiter] = bits;
  s.futex.refs[row]++;
}

/**
 * Ends the hold of a waiter that was unlinked: its futex goes with its last waiter, and the owner
 * has one fewer to inherit from.
 */
export function leaveFutex(s: State, fx: Effects, hart: number, waiter: number): void {
  const row = s.waiter.futex[waiter];
  const owner = s.futex.owner[row];
  s.waiter.futex[waiter] = 0;
  s.waiter.bits[waiter] = 0;
  if (--s.futex.refs[row] === 0) freeFutex(s, row);
  lendPriority(s, fx, hart, owner);
}

/**
 * Gives a futex another owner, who inherits from its waiters; the former one no longer does.
 *
 * @param owner the thread, or 0 for none
 */
export function setOwner(
  s: State,
  fx: Effects,
  hart: number,
  row: number,
  owner: number,
): void {
  const former = s.futex.owner[row];
  if (former === owner) return;
  if (former !== 0) unlinkOwned(s, row);
  if (owner !== 0) linkOwned(s, row, owner);
  lendPriority(s, fx, hart, former);
  lendPriority(s, fx, hart, owner);
}

function linkOwned(s: State, row: number, owner: number): void {
  const first = s.thread.firstOwned[owner];
  s.futex.owner[row] = owner;
  s.futex.nextOwned[row] = first;
  s.futex.previousOwned[row] = 0;
  if (first !== 0) s.futex.previousOwned[first] = row;
  s.thread.firstOwned[owner] = row;
  s.thread.owned[owner]++;
}

function unlinkOwned(s: State, row: number): void {
  const owner = s.futex.owner[row];
  const next = s.futex.nextOwned[row];
  const previous = s.futex.previousOwned[row];
  if (previous === 0) s.thread.firstOwned[owner] = next;
  else s.futex.nextOwned[previous] = next;
  if (next !== 0) s.futex.previousOwned[next] = previous;
  s.futex.owner[row] = 0;
  s.futex.nextOwned[row] = 0;
  s.futex.previousOwned[row] = 0;
  s.thread.owned[owner]--;
}

function enterHash(s: State, row: number): void {
  const at = bucketOfRow(s, row);
  s.futex.hashNext[row] = s.kernel.futexBucket[at];
  s.kernel.futexBucket[at] = row;
}

function leaveHash(s: State, row: number): void {
  const f = s.futex;
  const at = bucketOfRow(s, row);
  let other = s.kernel.futexBucket[at];
  if (other === row) {
    s.kernel.futexBucket[at] = f.hashNext[row];
    return;
  }
  while (f.hashNext[other] !== row) {
    other = f.hashNext[other];
    assert(other !== 0, "a live futex is in its hash bucket");
  }
  f.hashNext[other] = f.hashNext[row];
}

/** Rebuilds the derived hash from the futex rows. */
export function rebuildFutexHash(s: State): void {
  s.kernel.futexBucket.fill(0);
  s.futex.hashNext.fill(0, 0, watermark(s.futex) + 1);
  for (let row = 1; row <= watermark(s.futex); row++) {
    if (s.futex.$live[row] === 1) enterHash(s, row);
  }
}
