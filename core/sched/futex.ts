/**
 * Waiting at words of user memory. Whether a word still has the value a thread expects, and the
 * thread's going to wait, are one event, so a wake-up that comes after the value changed always
 * finds its waiter. Waiters wake by priority and then arrival.
 */
import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import type { State } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import { isCurrent } from "../state/table.ts";
import { armSleep, completeCall } from "./call.ts";
import { createFutex, findFutex, freeFutex, futexRegion, joinFutex } from "./futex_row.ts";
import { beginOperation, OperationKind } from "./operation.ts";
import { WaitKind } from "./tables.ts";
import { linkWaiter, unlinkWaiter, waitOn } from "./wait.ts";

/** A bit set that meets every other one but the empty one. */
export const ANY_BITS = 0xffffffff;
/** Waiters moved to another futex in one event: each may take a step a priority to find its place. */
const MOVES = 64;

/**
 * Whether a futex cannot take more waiters with such a bit set. A wake-up looks at every waiter of a
 * futex some of whose waiters it may have to pass by, so of those there are never more than one
 * event's work.
 */
function isFull(s: State, row: number, bits: number, more: number): boolean {
  return (bits !== ANY_BITS || s.futex.selective[row] === 1) && s.futex.refs[row] + more > UNITS;
}

/**
 * Blocks t, which has seen that its word has the value it expects, until a wake-up whose bit set
 * meets its own.
 *
 * @param region what futexRegion said of the address
 * @param bits not 0
 * @param deadline ns, or Infinity
 * @returns Result.Pending, or -Err.NoMemory
 */
export function futexWait(
  s: State,
  fx: Effects,
  hart: number,
  t: number,
  region: number,
  address: number,
  bits: number,
  deadline: number,
): number {
  const found = findFutex(s, t, region, address);
  if (found !== 0 && s.futex.inherits[found] === 1) return -Err.Invalid;
  if (found !== 0 && isFull(s, found, bits, 1)) return -Err.NoMemory;
  const row = found !== 0 ? found : createFutex(s, t, region, address);
  if (row === 0) return -Err.NoMemory;

  // From here on it must succeed.
  if (deadline !== Infinity) armSleep(s, fx, hart, t, deadline);
  waitAtFutex(s, t, row, bits);
  return Result.Pending;
}

/** Links the running thread's waiter at a futex. */
export function waitAtFutex(s: State, t: number, row: number, bits: number): void {
  joinFutex(s, row, s.thread.waiter[t], bits);
  if (bits !== ANY_BITS) s.futex.selective[row] = 1;
  waitOn(s, t, WaitKind.Futex, row);
}

/**
 * Wakes waiters of a futex whose bits meet a set; their calls return 0.
 *
 * @param most how many at most
 * @param room how many waiters may be looked at
 * @returns how many woke
 */
function wakeSomeAt(
  s: State,
  fx: Effects,
  hart: number,
  row: number,
  most: number,
  bits: number,
  room: number,
): number {
  let woken = 0;
  let waiter = s.futex.waitHead[row];
  for (let seen = 0; seen < room && woken < most && waiter !== 0; seen++) {
    // The futex goes with its last waiter, so the next one is asked for first.
    const next = s.waiter.next[waiter];
    if ((s.waiter.bits[waiter] & bits) !== 0) {
      completeCall(s, fx, hart, s.waiter.thread[waiter], 0);
      woken++;
    }
    waiter = next;
  }
  if (woken > 0) fx.charge(woken);
  return woken;
}

/**
 * Wakes waiters of the word at a user address of t.
 *
 * @param row what findFutex said of the address
 * @param most how many at most, at least 1
 * @param bits the set their own must meet, not 0
 * @returns how many, or Result.Pending when they are so many that further events wake the rest
 */
export function futexWakeRow(
  s: State,
  fx: Effects,
  hart: number,
  t: number,
  row: number,
  most: number,
  bits: number,
): number {
  if (row === 0) return 0;
  const waiters = s.futex.refs[row];
  const generation = s.futex.$generation[row];
  const woken = wakeSomeAt(s, fx, hart, row, most, bits, UNITS);
  if (waiters <= UNITS || woken === most) return woken;
  // Those who come while it goes on are not waited for.
  return goOn(s, fx, hart, t, row, generation, Math.min(most, waiters) - woken, 0, woken);
}

/**
 * Wakes one waiter of a word of t's process, as the end of a thread does where its id was.
 *
 * @returns how many woke
 */
export function futexWake(s: State, fx: Effects, hart: number, t: number, address: number): number {
  const region = futexRegion(s, t, address, true);
  if (region < 0) return 0;
  const row = findFutex(s, t, region, address);
  if (row === 0 || s.futex.inherits[row] === 1) return 0;
  return wakeSomeAt(s, fx, hart, row, 1, ANY_BITS, UNITS);
}

/**
 * Wakes waiters of one word and then of another.
 *
 * @param row,second what findFutex said of the words; they may be one
 * @param most,then how many at most at either; `then` may be 0
 * @returns as futexWakeRow
 */
export function futexWakeTwo(
  s: State,
  fx: Effects,
  hart: number,
  t: number,
  row: number,
  most: number,
  second: number,
  then: number,
): number {
  const total = Math.min(most, s.futex.refs[row]) + Math.min(then, s.futex.refs[second]);
  const generation = s.futex.$generation[second];
  if (total > UNITS) {
    s.thread.callArgument[4 * t + Then.Row] = second;
    s.thread.callArgument[4 * t + Then.Generation] = generation;
    s.thread.callProgress[t] = Math.min(then, s.futex.refs[second]);
    const wakes = Math.min(most, s.futex.refs[row]);
    return goOn(s, fx, hart, t, row, s.futex.$generation[row], wakes, 0, 0);
  }
  const woken = row === 0 ? 0 : wakeSomeAt(s, fx, hart, row, most, ANY_BITS, UNITS);
  if (then === 0 || second === 0 || !isCurrent(s.futex, second, generation)) return woken;
  return woken + wakeSomeAt(s, fx, hart, second, then, ANY_BITS, UNITS);
}

/** Places in the cursor of a long wake-up. */
const Cursor = { Row: 0, Generation: 1, Wakes: 2, Moves: 3, Done: 4 } as const;
/** Places in the call argument of a thread whose wake-up goes on at a second word. */
const Then = { Row: 2, Generation: 3 } as const;
/** Places in the call argument of a thread whose long wake-up moves waiters. */
const MoveTo = { Address: 0, Shared: 1 } as const;

function goOn(
  s: State,
  fx: Effects,
  hart: number,
  t: number,
  row: number,
  generation: number,
  wakes: number,
  moves: number,
  done: number,
): number {
  const cursor = 6 * t;
  s.thread.cursor[cursor + Cursor.Row] = row;
  s.thread.cursor[cursor + Cursor.Generation] = generation;
  s.thread.cursor[cursor + Cursor.Wakes] = wakes;
  s.thread.cursor[cursor + Cursor.Moves] = moves;
  s.thread.cursor[cursor + Cursor.Done] = done;
  beginOperation(s, fx, hart, t, OperationKind.FutexWake);
  return Result.Pending;
}

/** One step of OperationKind.FutexWake. */
export function stepFutexWake(s: State, fx: Effects, hart: number, t: number): number {
  const c = s.thread.cursor;
  const at = 6 * t;
  const row = c[at + Cursor.Row];
  if (!isCurrent(s.futex, row, c[at + Cursor.Generation])) return goOnAtSecond(s, t);
  const wakes = c[at + Cursor.Wakes];
  if (wakes > 0) {
    const woken = wakeSomeAt(s, fx, hart, row, wakes, ANY_BITS, UNITS);
    c[at + Cursor.Wakes] -= woken;
    c[at + Cursor.Done] += woken;
  } else moveSome(s, fx, hart, t, row);
  const left = c[at + Cursor.Wakes] + c[at + Cursor.Moves];
  if (left > 0 && isCurrent(s.futex, row, c[at + Cursor.Generation])) return Result.Pending;
  return goOnAtSecond(s, t);
}

/** Goes on to the second word of a long wake-up, if there is one; else what the call returns. */
function goOnAtSecond(s: State, t: number): number {
  const c = s.thread.cursor;
  const at = 6 * t;
  if (s.thread.callProgress[t] === 0) return c[at + Cursor.Done];
  c[at + Cursor.Row] = s.thread.callArgument[4 * t + Then.Row];
  c[at + Cursor.Generation] = s.thread.callArgument[4 * t + Then.Generation];
  c[at + Cursor.Wakes] = s.thread.callProgress[t];
  s.thread.callProgress[t] = 0;
  return Result.Pending;
}

/**
 * Wakes the first waiters of one word and lets the next ones wait at another.
 *
 * @param row what findFutex said of the first word
 * @param toRegion what futexRegion said of the other
 * @param shared as it was asked for the other
 * @param wakes most to wake
 * @param moves most to move
 * @returns how many woke or moved, -Err.NoMemory, -Err.Invalid where priorities are inherited, or
 * Result.Pending
 */
export function futexRequeue(
  s: State,
  fx: Effects,
  hart: number,
  t: number,
  row: number,
  toRegion: number,
  toAddress: number,
  shared: boolean,
  wakes: number,
  moves: number,
): number {
  if (row === 0) return 0;
  if (s.futex.inherits[row] === 1) return -Err.Invalid;
  const found = findFutex(s, t, toRegion, toAddress);
  if (found !== 0 && s.futex.inherits[found] === 1) return -Err.Invalid;
  const waiters = s.futex.refs[row];
  const most = Math.min(wakes, waiters);
  const rest = Math.min(moves, waiters - most);
  const bits = s.futex.selective[row] === 1 ? 0 : ANY_BITS;
  const elsewhere = found !== row && rest > 0;
  if (elsewhere && found !== 0 && isFull(s, found, bits, rest)) return -Err.NoMemory;
  // Waking comes first, and may take all of this event.
  const now = elsewhere && most <= UNITS ? Math.min(rest, MOVES) : 0;
  const to = found !== 0 || now === 0 ? found : createFutex(s, t, toRegion, toAddress);
  if (to === 0 && now > 0) return -Err.NoMemory;

  // From here on it must succeed.
  const generation = s.futex.$generation[row];
  const woken = wakeSomeAt(s, fx, hart, row, most, ANY_BITS, UNITS);
  const moved = moveWaiters(s, fx, row, to, now);
  // To where they are they need not go; as on Linux they count as moved.
  const left = elsewhere ? rest - moved : 0;
  if (woken === most && left === 0) return elsewhere ? woken + moved : woken + rest;
  s.thread.callArgument[4 * t + MoveTo.Address] = toAddress;
  s.thread.callArgument[4 * t + MoveTo.Shared] = shared ? 1 : 0;
  return goOn(s, fx, hart, t, row, generation, most - woken, left, woken + moved);
}

/** Moves some more waiters in a step; where they can no longer go they wake. */
function moveSome(s: State, fx: Effects, hart: number, t: number, row: number): void {
  const c = s.thread.cursor;
  const at = 6 * t;
  const moves = Math.min(c[at + Cursor.Moves], MOVES);
  const to = targetOf(s, t, row, moves);
  const done = to === 0
    ? wakeSomeAt(s, fx, hart, row, moves, ANY_BITS, UNITS)
    : moveWaiters(s, fx, row, to, moves);
  c[at + Cursor.Moves] -= done;
  c[at + Cursor.Done] += done;
}

/** The futex a long move goes to, found anew in each step, or 0 when there is none any more. */
function targetOf(s: State, t: number, from: number, moves: number): number {
  const address = s.thread.callArgument[4 * t + MoveTo.Address];
  const shared = s.thread.callArgument[4 * t + MoveTo.Shared] === 1;
  const region = futexRegion(s, t, address, shared);
  if (region < 0) return 0;
  const found = findFutex(s, t, region, address);
  if (found === 0) return createFutex(s, t, region, address);
  if (found === from || s.futex.inherits[found] === 1) return 0;
  return isFull(s, found, ANY_BITS, moves) ? 0 : found;
}

function moveWaiters(s: State, fx: Effects, from: number, to: number, most: number): number {
  let moved = 0;
  while (moved < most && s.futex.waitHead[from] !== 0) {
    const waiter = s.futex.waitHead[from];
    const bits = s.waiter.bits[waiter];
    assert(s.futex.owner[from] === 0, "waiters that lend their priority do not move");
    unlinkWaiter(s, waiter);
    joinFutex(s, to, waiter, bits);
    if (bits !== ANY_BITS) s.futex.selective[to] = 1;
    linkWaiter(s, waiter, WaitKind.Futex, to);
    moved++;
    if (--s.futex.refs[from] > 0) continue;
    freeFutex(s, from);
    break;
  }
  if (moved > 0) fx.charge(moved);
  return moved;
}
