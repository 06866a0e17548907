import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { completeCall } from "../sched/call.ts";
import { CallStage } from "../sched/call_stage.ts";
import { WaitKind, WakeReason } from "../sched/tables.ts";
import { addHart, hasHart, hasOtherHart, removeHart } from "../sched/hart_set.ts";
import { raiseIpi } from "../sched/thread.ts";
import { firstWaiter, linkWaiter, unlinkWaiter, waitOn, wakeThread } from "../sched/wait.ts";
import { allocRow, freeRow } from "../state/table.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { ShootdownFree, ShootdownUsed } = Account;
const { Shootdown } = WaitKind;
const { Restart } = WakeReason;
const one = ONE;

function ranOn(s: State, space: number, hart: number): boolean {
  return hasHart(s.addressSpace.ranOnLo[space], s.addressSpace.ranOnHi[space], hart);
}

/** Whether harts other than this one may hold translations of a space. */
export function hasRemote(s: State, hart: number, space: number): boolean {
  return hasOtherHart(s.addressSpace.ranOnLo[space], s.addressSpace.ranOnHi[space], hart);
}

/**
 * Makes the shootdown that the translations of this event go into; it is sent in the same event,
 * after they are gone, so that frames they let go already wait in quarantine.
 *
 * @returns the shootdown, or 0 when the table is full
 */
export function openShootdown(s: State, space: number): number {
  const row = allocRow(s.shootdown);
  if (row === 0) return 0;
  post(s, ShootdownFree, ShootdownUsed, 1);
  s.shootdown.space[row] = space;
  s.shootdown.sequence[row] = s.memory.shootdowns[one]++;
  const first = s.memory.firstShootdown[one];
  s.shootdown.next[row] = first;
  if (first !== 0) s.shootdown.previous[first] = row;
  s.memory.firstShootdown[one] = row;
  return row;
}

/** Sends a shootdown to every other hart that may hold the translations. */
export function sendShootdown(s: State, fx: Effects, hart: number, row: number): void {
  const space = s.shootdown.space[row];
  for (let h = 0; h < s.kernel.harts[one]; h++) {
    if (h === hart || !ranOn(s, space, h)) continue;
    addHart(s.shootdown.waitingLo, s.shootdown.waitingHi, row, h);
    raiseIpi(s, fx, hart, h);
  }
  assert(
    (s.shootdown.waitingLo[row] | s.shootdown.waitingHi[row]) !== 0,
    "a shootdown is sent to somebody",
  );
}

/** The newest shootdown in flight of a space, or 0. */
export function shootdownOf(s: State, space: number): number {
  let row = s.memory.firstShootdown[one];
  while (row !== 0 && s.shootdown.space[row] !== space) row = s.shootdown.next[row];
  return row;
}

/**
 * A shootdown in flight that is no newer than the last of some number of them.
 *
 * @param sent how many had been sent
 * @returns one of them, the newest, or 0
 */
export function shootdownBefore(s: State, sent: number): number {
  let row = s.memory.firstShootdown[one];
  while (row !== 0 && s.shootdown.sequence[row] >= sent) row = s.shootdown.next[row];
  return row;
}

/**
 * Lets a thread's call return only when the translations it removed are gone everywhere.
 *
 * @param row shootdown, or 0 for none
 * @param value what the call returns
 * @returns whether the thread waits; else the caller returns the value
 */
export function waitForShootdown(s: State, t: number, row: number, value: number): boolean {
  if (row === 0) return false;
  s.thread.callStage[t] = CallStage.Shootdown;
  s.thread.callArgument[4 * t] = value;
  waitOn(s, t, Shootdown, row);
  return true;
}

/**
 * Lets a new thread, placed on its hart, begin only when no hart holds translations from before a
 * copy of its parent's space.
 *
 * @returns whether it waits; else the caller starts it
 */
export function beginsAfterShootdown(s: State, t: number, row: number): boolean {
  if (row === 0) return false;
  waitOn(s, t, Shootdown, row);
  return true;
}

/** Notes that a hart's satp names a space: it may hold its translations from now on. */
export function markRanOn(s: State, hart: number, space: number): void {
  addHart(s.addressSpace.ranOnLo, s.addressSpace.ranOnHi, space, hart);
  s.hart.asidEpoch[hart + 1] = s.memory.asidEpoch[one];
}

/** Answers, for the hart of an Ipi event, every shootdown that waits for it. */
export function acknowledgeShootdowns(s: State, fx: Effects, hart: number): void {
  let row = s.memory.firstShootdown[one];
  let answered = 0;
  while (row !== 0) {
    const older = s.shootdown.next[row];
    if (hasHart(s.shootdown.waitingLo[row], s.shootdown.waitingHi[row], hart)) {
      removeHart(s.shootdown.waitingLo, s.shootdown.waitingHi, row, hart);
      answered++;
      forgetRanOn(s, hart, s.shootdown.space[row]);
      if ((s.shootdown.waitingLo[row] | s.shootdown.waitingHi[row]) === 0) {
        completeShootdown(s, fx, hart, row);
      }
    }
    row = older;
  }
  if (answered > 0) fx.charge(answered);
}

/** A hart that has flushed a space holds none of it until it runs there again. */
function forgetRanOn(s: State, hart: number, space: number): void {
  if (space === 0 || s.hart.runningSpace[hart + 1] === space) return;
  removeHart(s.addressSpace.ranOnLo, s.addressSpace.ranOnHi, space, hart);
}

/** The newest shootdown of a space that is older than a given one, or 0. */
function olderOf(s: State, row: number): number {
  const space = s.shootdown.space[row];
  let older = space === 0 ? 0 : s.shootdown.next[row];
  while (older !== 0 && s.shootdown.space[older] !== space) older = s.shootdown.next[older];
  return older;
}

/**
 * Lets those who wait for a shootdown wait for an older one of the same space. Another hart sent this
 * one, and need not have taken the older one itself: what they changed may be in that.
 */
function waitForOlder(s: State, row: number, older: number): void {
  for (;;) {
    const t = firstWaiter(s, Shootdown, row);
    if (t === 0) return;
    unlinkWaiter(s, s.thread.waiter[t]);
    linkWaiter(s, s.thread.waiter[t], Shootdown, older);
  }
}

function completeShootdown(s: State, fx: Effects, hart: number, row: number): void {
  const before = olderOf(s, row);
  if (before !== 0) waitForOlder(s, row, before);
  for (;;) {
    const t = firstWaiter(s, Shootdown, row);
    if (t === 0) break;
    if (s.thread.call[t] !== 0 && s.thread.callStage[t] === CallStage.Shootdown) {
      completeCall(s, fx, hart, t, s.thread.callArgument[4 * t]);
    } else wakeThread(s, fx, hart, t, Restart);
  }
  handOnFrames(s, row);
  const older = s.shootdown.next[row];
  const newer = s.shootdown.previous[row];
  if (newer === 0) s.memory.firstShootdown[one] = older;
  else s.shootdown.next[newer] = older;
  if (older !== 0) s.shootdown.previous[older] = newer;
  freeRow(s.shootdown, row);
  post(s, ShootdownUsed, ShootdownFree, 1);
}

/** Frames wait on with the next older shootdown; after the oldest they may be used again. */
function handOnFrames(s: State, row: number): void {
  const first = s.shootdown.firstFrame[row];
  if (first === 0) return;
  const last = s.shootdown.lastFrame[row];
  const older = s.shootdown.next[row];
  if (older !== 0) {
    s.frame.next[last] = s.shootdown.firstFrame[older];
    s.shootdown.firstFrame[older] = first;
    if (s.shootdown.lastFrame[older] === 0) s.shootdown.lastFrame[older] = last;
    s.shootdown.frames[older] += s.shootdown.frames[row];
    return;
  }
  const m = s.memory;
  const tail = m.releasedTail[one];
  if (tail === 0) m.releasedHead[one] = first;
  else s.frame.next[tail] = first;
  m.releasedTail[one] = last;
  m.releasedFrames[one] += s.shootdown.frames[row];
}

/** Cuts the shootdowns in flight of a space that goes away loose from it. */
export function orphanShootdowns(s: State, space: number): void {
  for (let row = s.memory.firstShootdown[one]; row !== 0; row = s.shootdown.next[row]) {
    if (s.shootdown.space[row] === space) s.shootdown.space[row] = 0;
  }
}
