import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { Pte } from "../isa/riscv64.ts";
import { ONE, type State } from "../kernel.ts";
import { PAGE_BYTES } from "../limits.ts";
import { waitForOthers } from "../mem/fault.ts";
import { dropFrame } from "../mem/frame.ts";
import {
  canMap,
  changeLeaf,
  clearLeaf,
  ensureTable,
  ENTRIES,
  leafFlags,
  leafFrame,
  leafOf,
  leafTable,
  nextPresent,
  pruneTables,
  setLeaf,
  tablesNeeded,
} from "../mem/pte.ts";
import { findRegion } from "../mem/region.ts";
import { hasRemote, openShootdown, sendShootdown, shootdownBefore } from "../mem/shootdown.ts";
import { roleRegister } from "../isa/signal_frame.ts";
import { mayChange, spaceOf } from "../mem/space.ts";
import { FrameRole, Prot, RegionFlag } from "../mem/tables.ts";
import { invalidate } from "../mem/unmap.ts";
import { CallStage } from "../sched/call_stage.ts";
import { WaitKind } from "../sched/tables.ts";
import { waitOn } from "../sched/wait.ts";
import { freeRows } from "../state/table.ts";
import { Side } from "./parts.ts";
import { INFO_BYTES, PARTS, Pass } from "./tables.ts";
import { TagFlag } from "./tag.ts";

/** Page of a message's first part on one side. */
function pageOf(s: State, message: number, side: number): number {
  return s.message.partAddress[2 * PARTS * message + side] / PAGE_BYTES;
}

/** The private region that holds all of some pages, or 0. */
function privateRegion(s: State, space: number, page: number, pages: number): number {
  const region = findRegion(s, space, page);
  if (region === 0 || s.region.end[region] < page + pages) return 0;
  return (s.region.flags[region] & RegionFlag.Shared) === 0 ? region : 0;
}

/**
 * The pages that pass from the sender's space to the receiver's instead of being copied: all of
 * what is received, or none. Both sides are whole pages of private memory of different spaces, and
 * each of the sender's is a frame that no object has.
 *
 * @param length bytes that are received
 */
export function pagesToPass(s: State, from: number, to: number, length: number): number {
  const m = s.message;
  if (m.inMemory[from] <= Pass.Copied || m.replyParts[to] !== 1) return 0;
  const source = spaceOf(s, m.thread[from]);
  const target = spaceOf(s, m.thread[to]);
  const page = pageOf(s, from, Side.Send);
  const at = pageOf(s, to, Side.Fill);
  const pages = length / PAGE_BYTES;
  // Where the receiver wants information on the message it has a page of its own.
  const info = Math.floor((m.info[to] + INFO_BYTES - 1) / PAGE_BYTES);
  if (info >= at && Math.floor(m.info[to] / PAGE_BYTES) < at + pages) return 0;
  if (source === target || !Number.isInteger(at) || !Number.isInteger(pages)) return 0;
  if (pages === 0 || privateRegion(s, source, page, pages) === 0) return 0;
  const region = privateRegion(s, target, at, pages);
  if (region === 0 || (s.region.prot[region] & Prot.Write) === 0) return 0;
  for (let i = 0; i < pages; i++) {
    const table = leafTable(s, source, page + i);
    if ((leafOf(s, table, page + i) & Pte.Valid) === 0) return 0;
    if (s.frame.role[leafFrame(s, table, page + i)] !== FrameRole.Anonymous) return 0;
  }
  return pages;
}

/**
 * Whether `passPages` has what it needs now.
 *
 * @returns 0; -Err.NoMemory without room for page tables; or Result.Pending: the receiver waits for
 * a change of either space, or for a shootdown, and runs its call again
 */
export function mayPass(s: State, h: number, from: number, to: number, pages: number): number {
  const t = s.message.thread[to];
  const source = spaceOf(s, s.message.thread[from]);
  const target = spaceOf(s, t);
  if (!mayChange(s, t, target) || !mayChange(s, t, source)) return Result.Pending;
  const at = pageOf(s, to, Side.Fill);
  const last = at + pages - 1;
  const apart = Math.floor(at / ENTRIES) !== Math.floor(last / ENTRIES);
  const more = apart ? tablesNeeded(s, target, last) : 0;
  if (!canMap(s, target, at, more) || freeRows(s.pageTable) < more + tablesNeeded(s, target, at)) {
    return -Err.NoMemory;
  }
  const rows = (hasRemote(s, h, source) ? 1 : 0) + (hasRemote(s, h, target) ? 1 : 0);
  return freeRows(s.shootdown) < rows ? waitForOthers(s, t) : 0;
}

/** A shootdown of a space for the translations that go in this event, or 0 when it needs none. */
function openFor(s: State, h: number, space: number, changes: boolean): number {
  return changes && hasRemote(s, h, space) ? openShootdown(s, space) : 0;
}

/**
 * Passes pages of a message's sender to the receiver's space: with Pass.Moved the sender's are
 * absent then, with Pass.Shared both have them until either writes. What the receiver had there
 * goes.
 */
export function passPages(
  s: State,
  fx: Effects,
  h: number,
  from: number,
  to: number,
  pages: number,
): void {
  const m = s.message;
  const source = spaceOf(s, m.thread[from]);
  const target = spaceOf(s, m.thread[to]);
  const page = pageOf(s, from, Side.Send);
  const at = pageOf(s, to, Side.Fill);
  const prot = s.region.prot[findRegion(s, target, at)];
  const replaces = nextPresent(s, target, at, at + pages) < at + pages;
  const left = openFor(s, h, source, true);
  const right = openFor(s, h, target, replaces);
  for (let i = 0, replaced = 0; i < pages; i++) {
    const table = ensureTable(s, fx, target, at + i);
    if ((leafOf(s, table, at + i) & Pte.Valid) !== 0) {
      dropFrame(s, clearLeaf(s, target, table, at + i));
      invalidate(s, fx, target, at + i, ++replaced);
    }
    const own = leafTable(s, source, page + i);
    const frame = leafFrame(s, own, page + i);
    const moved = m.inMemory[from] === Pass.Moved;
    const writable = moved && s.frame.refs[frame] === 1;
    setLeaf(s, target, table, at + i, frame, leafFlags(prot, writable));
    if (moved) dropFrame(s, clearLeaf(s, source, own, page + i));
    else changeLeaf(s, own, page + i, leafOf(s, own, page + i) & ~(Pte.Write | Pte.Dirty));
    invalidate(s, fx, source, page + i, i + 1);
    if (s.pageTable.used[own] === 0) pruneTables(s, fx, source, page + i);
  }
  if (left !== 0) sendShootdown(s, fx, h, left);
  if (right !== 0) sendShootdown(s, fx, h, right);
  fx.charge(2 * pages);
}

/**
 * Ends a receive that was passed pages: it returns when no hart can reach what it changed, on
 * either side.
 *
 * @param receipt what the call returns
 * @param length bytes of the message
 * @returns the receipt, or Result.Pending: the call runs again
 */
export function awaitPassed(
  s: State,
  fx: Effects,
  t: number,
  receipt: number,
  length: number,
): number {
  return awaitSent(s, fx, t, receipt, length, s.memory.shootdowns[ONE]);
}

function awaitSent(
  s: State,
  fx: Effects,
  t: number,
  receipt: number,
  length: number,
  sent: number,
): number {
  const row = shootdownBefore(s, sent);
  if (row === 0) {
    // Not before: a call that runs again needs the registers it had.
    fx.setRegister(t, roleRegister.a1, TagFlag.Memory + length);
    return receipt;
  }
  s.thread.callStage[t] = CallStage.Handed;
  s.thread.callProgress[t] = sent;
  s.thread.callArgument[4 * t] = receipt;
  s.thread.callArgument[4 * t + 1] = length;
  waitOn(s, t, WaitKind.Shootdown, row);
  return Result.Pending;
}

/** Whether a receive has its message and only waits for other harts. */
export function isPassed(s: State, t: number): boolean {
  return s.thread.callStage[t] === CallStage.Handed;
}

/** Goes on with such a receive; its receipt, or Result.Pending. */
export function finishPassed(s: State, fx: Effects, t: number): number {
  const { callArgument, callProgress } = s.thread;
  return awaitSent(s, fx, t, callArgument[4 * t], callArgument[4 * t + 1], callProgress[t]);
}
