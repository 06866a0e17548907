import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { allocRow, freeRow, freeRows } from "../state/table.ts";
import { FrameRole } from "./tables.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const {
  BackingFree,
  BackingUsed,
  FrameAnonymous,
  FrameBuffer,
  FrameFree,
  FrameObject,
  FramePageTable,
  FrameQuarantine,
  FrameRefFree,
  FrameRefUsed,
  FrameUnbacked,
} = Account;
const { Free, PageTable, Quarantine } = FrameRole;
const one = ONE;

/** The account of each FrameRole. */
export const ROLE_ACCOUNT: readonly number[] = [
  FrameFree,
  FrameAnonymous,
  FrameObject,
  FramePageTable,
  FrameBuffer,
  FrameQuarantine,
];

/**
 * The physical frame number of a backing slot, less that of the start of memory. Odd slots fill
 * memory from below and even ones from above, so that high physical memory is always in use.
 */
export function pfnOf(s: State, frame: number): number {
  const half = frame >>> 1;
  return (frame & 1) === 1 ? half : s.memory.totalFrames[one] - half;
}

/** The backing slot of a physical frame number that has one: the inverse of pfnOf. */
export function frameOfPfn(s: State, pfn: number): number {
  const low = (s.memory.backingSlots[one] + 1) >>> 1;
  return pfn < low ? 2 * pfn + 1 : 2 * (s.memory.totalFrames[one] - pfn);
}

/** Frames an ordinary allocation may still take: those left beyond the reserve. */
export function framesAvailable(s: State): number {
  return Math.max(0, framesLeft(s) - s.memory.reserve[one]);
}

function framesLeft(s: State): number {
  const m = s.memory;
  return m.freeFrames[one] + m.releasedFrames[one] + m.backingSlots[one] - m.backed[one];
}

/** Gives the next frame its backing: from now on it is a free one. */
function backFrame(s: State, fx: Effects): number {
  if (s.memory.backed[one] === s.memory.backingSlots[one]) return 0;
  const frame = allocRow(s.frame);
  assert(frame === s.memory.backed[one] + 1, "a frame's row is its backing slot");
  s.memory.backed[one] = frame;
  s.frame.pfn[frame] = pfnOf(s, frame);
  post(s, FrameUnbacked, FrameFree, 1);
  post(s, BackingFree, BackingUsed, 1);
  fx.mapFrame(s.frame.pfn[frame], frame);
  return frame;
}

function takeFree(s: State): number {
  const m = s.memory;
  const frame = m.freeHead[one];
  if (frame === 0) return 0;
  m.freeHead[one] = s.frame.next[frame];
  if (m.freeHead[one] === 0) m.freeTail[one] = 0;
  m.freeFrames[one]--;
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
  while (moved < limit && m.releasedHead[one] !== 0) {
    const frame = m.releasedHead[one];
    m.releasedHead[one] = s.frame.next[frame];
    if (m.releasedHead[one] === 0) m.releasedTail[one] = 0;
    m.releasedFrames[one]--;
    s.frame.next[frame] = 0;
    post(s, FrameQuarantine, FrameFree, 1);
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
  if (role === PageTable && freeRows(s.pageTable) === 0) return 0;
  let frame = takeFree(s);
  if (frame === 0) frame = backFrame(s, fx);
  if (frame === 0 && freeReleased(s, 1) === 1) frame = takeFree(s);
  if (frame === 0) return 0;
  s.frame.role[frame] = role;
  if (role === PageTable) {
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
  assert(s.frame.role[frame] !== Free, "a frame is freed once");
  enqueueFree(s, frame);
}

function enqueueFree(s: State, frame: number): void {
  const m = s.memory;
  s.frame.role[frame] = Free;
  if (m.freeTail[one] === 0) m.freeHead[one] = frame;
  else s.frame.next[m.freeTail[one]] = frame;
  m.freeTail[one] = frame;
  m.freeFrames[one]++;
}

/** Counts one more reference (leaf PTE, object page row or device hold) to a frame. */
export function holdFrame(s: State, frame: number): void {
  s.frame.refs[frame]++;
  post(s, FrameRefFree, FrameRefUsed, 1);
}

/**
 * Gives one reference back; the last one retires the frame: to quarantine while any shootdown is in
 * flight, else to the free list.
 */
export function dropFrame(s: State, frame: number): void {
  assert(s.frame.refs[frame] > 0, "a reference given back was taken");
  s.frame.refs[frame]--;
  post(s, FrameRefUsed, FrameRefFree, 1);
  if (s.frame.refs[frame] === 0) retireFrame(s, frame);
}

/**
 * Lets an unreferenced frame go. A hart that has not yet answered a shootdown may still reach any
 * frame that was mapped when it was sent, so while one is in flight the frame waits with the newest
 * and is handed on until all older ones are answered too.
 */
export function retireFrame(s: State, frame: number): void {
  const account = ROLE_ACCOUNT[s.frame.role[frame]];
  const shootdown = s.memory.firstShootdown[one];
  if (shootdown === 0) {
    post(s, account, FrameFree, 1);
    freeFrame(s, frame);
    return;
  }
  post(s, account, FrameQuarantine, 1);
  s.frame.role[frame] = Quarantine;
  const last = s.shootdown.lastFrame[shootdown];
  if (last === 0) s.shootdown.firstFrame[shootdown] = frame;
  else s.frame.next[last] = frame;
  s.shootdown.lastFrame[shootdown] = frame;
  s.shootdown.frames[shootdown]++;
}
