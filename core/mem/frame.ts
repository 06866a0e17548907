import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { allocRow, freeRow, freeRows } from "../state/table.ts";
import { FrameRole } from "./tables.ts";

/** The account of each FrameRole. */
export const ROLE_ACCOUNT: readonly number[] = [
  Account.FrameFree,
  Account.FrameAnonymous,
  Account.FrameObject,
  Account.FramePageTable,
  Account.FrameBuffer,
  Account.FrameQuarantine,
];

/**
 * The physical frame number of a backing slot, less that of the start of memory. Odd slots fill
 * memory from below and even ones from above, so that high physical memory is always in use.
 */
export function pfnOf(s: State, frame: number): number {
  const half = frame >>> 1;
  return (frame & 1) === 1 ? half : s.memory.totalFrames[ONE] - half;
}

/** The backing slot of a physical frame number that has one: the inverse of pfnOf. */
export function frameOfPfn(s: State, pfn: number): number {
  const low = (s.memory.backingSlots[ONE] + 1) >>> 1;
  return pfn < low ? 2 * pfn + 1 : 2 * (s.memory.totalFrames[ONE] - pfn);
}

/** Frames an ordinary allocation may still take: those left beyond the reserve. */
export function framesAvailable(s: State): number {
  return Math.max(0, framesLeft(s) - s.memory.reserve[ONE]);
}

function framesLeft(s: State): number {
  const m = s.memory;
  return m.freeFrames[ONE] + m.releasedFrames[ONE] + m.backingSlots[ONE] - m.backed[ONE];
}

/** Gives the next frame its backing: from now on it is a free one. */
function backFrame(s: State, fx: Effects): number {
  if (s.memory.backed[ONE] === s.memory.backingSlots[ONE]) return 0;
  const frame = allocRow(s.frame);
  assert(frame === s.memory.backed[ONE] + 1, "a frame's row is its backing slot");
  s.memory.backed[ONE] = frame;
  s.frame.pfn[frame] = pfnOf(s, frame);
  post(s, Account.FrameUnbacked, Account.FrameFree, 1);
  post(s, Account.BackingFree, Account.BackingUsed, 1);
  fx.mapFrame(s.frame.pfn[frame], frame);
  return frame;
}

function takeFree(s: State): number {
  const m = s.memory;
  const frame = m.freeHead[ONE];
  if (frame === 0) return 0;
  m.freeHead[ONE] = s.frame.next[frame];
  if (m.freeHead[ONE] === 0) m.freeTail[ONE] = 0;
  m.freeFrames[ONE]--;
  s.frame.next[frame] = 0;
  return frame;
}

/**
 * Puts frames whose quarantine has ended into the free list.
 *
 * @param limit most frames to move
 * @returns frames moved
 */
export function freeReleased(s: State, limit: number): number {
  const m = s.memory;
  let moved = 0;
  while (moved < limit && m.releasedHead[ONE] !== 0) {
    const frame = m.releasedHead[ONE];
    m.releasedHead[ONE] = s.frame.next[frame];
    if (m.releasedHead[ONE] === 0) m.releasedTail[ONE] = 0;
    m.releasedFrames[ONE]--;
    s.frame.next[frame] = 0;
    post(s, Account.FrameQuarantine, Account.FrameFree, 1);
    enqueueFree(s, frame);
    moved++;
  }
  return moved;
}

/**
 * Takes a free frame and gives it a role; its bytes are whatever they were, except a page-table
 * page's, which are zero. The caller posts FrameFree to the role's account (and, for a page table,
 * PageTableFree to PageTableUsed).
 *
 * @param role a FrameRole
 * @param teardown 1 to take from the reserve
 * @returns the frame with no references, or 0
 */
export function allocFrame(s: State, fx: Effects, role: number, teardown = 0): number {
  if (teardown === 0 && framesAvailable(s) === 0) return 0;
  if (role === FrameRole.PageTable && freeRows(s.pageTable) === 0) return 0;
  let frame = takeFree(s);
  if (frame === 0) frame = backFrame(s, fx);
  if (frame === 0 && freeReleased(s, 1) === 1) frame = takeFree(s);
  if (frame === 0) return 0;
  s.frame.role[frame] = role;
  if (role === FrameRole.PageTable) {
    const row = allocRow(s.pageTable);
    s.pageTable.frame[row] = frame;
    s.frame.pageTable[frame] = row;
    fx.mapPageTable(s.frame.pfn[frame], row);
  }
  return frame;
}

/** Turns a page-table page back into an ordinary frame. The caller posts PageTableUsed to Free. */
export function dropPageTable(s: State, fx: Effects, frame: number): void {
  freeRow(s.pageTable, s.frame.pageTable[frame]);
  s.frame.pageTable[frame] = 0;
  fx.mapFrame(s.frame.pfn[frame], frame);
}

/** Puts a frame nothing refers to into the free list. The caller posts its account to FrameFree. */
export function freeFrame(s: State, frame: number): void {
  assert(s.frame.refs[frame] === 0, "a frame is freed unreferenced");
  assert(s.frame.pageTable[frame] === 0, "a freed frame is no page table");
  assert(s.frame.role[frame] !== FrameRole.Free, "a frame is freed once");
  enqueueFree(s, frame);
}

function enqueueFree(s: State, frame: number): void {
  const m = s.memory;
  s.frame.role[frame] = FrameRole.Free;
  if (m.freeTail[ONE] === 0) m.freeHead[ONE] = frame;
  else s.frame.next[m.freeTail[ONE]] = frame;
  m.freeTail[ONE] = frame;
  m.freeFrames[ONE]++;
}

/** Counts one more reference (leaf PTE, object page row or device hold) to a frame. */
export function holdFrame(s: State, frame: number): void {
  s.frame.refs[frame]++;
  post(s, Account.FrameRefFree, Account.FrameRefUsed, 1);
}

/**
 * Gives one reference back; the last one retires the frame: to quarantine while any shootdown is in
 * flight, else to the free list.
 */
export function dropFrame(s: State, frame: number): void {
  assert(s.frame.refs[frame] > 0, "a reference given back was taken");
  s.frame.refs[frame]--;
  post(s, Account.FrameRefUsed, Account.FrameRefFree, 1);
  if (s.frame.refs[frame] === 0) retireFrame(s, frame);
}

/**
 * Lets an unreferenced frame go. A hart that has not yet answered a shootdown may still reach any
 * frame that was mapped when it was sent, so while one is in flight the frame waits with the newest
 * and is handed on until all older ones are answered too.
 */
export function retireFrame(s: State, frame: number): void {
  const account = ROLE_ACCOUNT[s.frame.role[frame]];
  const shootdown = s.memory.firstShootdown[ONE];
  if (shootdown === 0) {
    post(s, account, Account.FrameFree, 1);
    freeFrame(s, frame);
    return;
  }
  post(s, account, Account.FrameQuarantine, 1);
  s.frame.role[frame] = FrameRole.Quarantine;
  const last = s.shootdown.lastFrame[shootdown];
  if (last === 0) s.shootdown.firstFrame[shootdown] = frame;
  else s.frame.next[last] = frame;
  s.shootdown.lastFrame[shootdown] = frame;
  s.shootdown.frames[shootdown]++;
}
