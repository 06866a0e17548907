import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import type { State } from "../kernel.ts";
import { FILE_CHUNK_BYTES, PAGE_BYTES } from "../limits.ts";
import { requestChunk } from "../mem/chunk.ts";
import {
  createObject,
  ensurePage,
  findPage,
  needsChunk,
  releaseObject,
  truncateObject,
} from "../mem/object.ts";
import { ObjectKind } from "../mem/tables.ts";
import { dropImage } from "../proc/image.ts";
import { copyToUser } from "../mem/user.ts";
import { freeRows } from "../state/table.ts";
import { moveIn, zeroUser } from "./move.ts";
import { wallClock } from "./time.ts";

/** Most bytes one event moves between a file and memory: its pages and the user's are the units. */
export const TRANSFER_BYTES = 120 * PAGE_BYTES;

const CHUNK_PAGES = FILE_CHUNK_BYTES / PAGE_BYTES;

/** Largest size of a file, bytes: an index of a page is 32 bits. */
export const FILE_LIMIT = 2 ** 43;

/**
 * The frame with a page of a file's contents.
 *
 * @returns the frame, 0 for a hole (all zero), -Err.Io, -Err.NoMemory, or Result.Pending with t
 * waiting for the chunk
 */
export function filePage(s: State, fx: Effects, t: number, inode: number, page: number): number {
  const object = s.inode.object[inode];
  const row = findPage(s, object, page);
  if (row !== 0) return s.objectPage.frame[row];
  if (!needsChunk(s, object, page)) return 0;
  return requestChunk(s, fx, t, object, Math.floor(page / CHUNK_PAGES));
}

/**
 * The frame with a page of a file's contents, to write into: a hole gets a page of zeros.
 *
 * @returns the frame, -Err.NoSpace, -Err.Io, or Result.Pending with t waiting for the chunk
 */
function writablePage(s: State, fx: Effects, t: number, inode: number, page: number): number {
  const present = filePage(s, fx, t, inode, page);
  if (present !== 0) return present;
  const row = ensurePage(s, fx, s.inode.object[inode], page);
  return row > 0 ? s.objectPage.frame[row] : -Err.NoSpace;
}

/**
 * Reads a regular file into user memory, at most TRANSFER_BYTES.
 *
 * @returns bytes read, 0 at the end, -Err, or Result.Pending with t blocked (what was moved is in
 * its progress)
 */
export function readRegular(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  inode: number,
  position: number,
  address: number,
  length: number,
): number {
  const left = Math.max(0, s.inode.size[inode] - position);
  const count = Math.min(length, left, TRANSFER_BYTES);
  let moved = 0;
  while (moved < count) {
    const at = position + moved;
    const offset = at % PAGE_BYTES;
    const piece = Math.min(PAGE_BYTES - offset, count - moved);
    const frame = filePage(s, fx, t, inode, Math.floor(at / PAGE_BYTES));
    let result = frame;
    if (frame > 0) result = copyToUser(s, fx, h, t, address + moved, frame, offset, piece);
    else if (frame === 0) result = zeroUser(s, fx, h, t, address + moved, piece);
    if (result < 0) return stopAt(s, t, moved, result);
    moved += piece;
  }
  s.inode.accessed[inode] = wallClock(s);
  fx.charge(2 * Math.ceil(moved / PAGE_BYTES));
  return moved;
}

/** Ends a move that met an error or had to wait after some bytes. */
function stopAt(s: State, t: number, moved: number, result: number): number {
  if (result === Result.Pending) {
    s.thread.callProgress[t] += moved;
    return result;
  }
  return moved > 0 ? moved : result;
}

/**
 * Writes to a regular file, at most TRANSFER_BYTES; it grows as needed.
 *
 * @param source 0: user memory at address `at`; else a frame, `at` an offset in it
 * @returns bytes written, -Err.TooLarge, -Err.NoSpace, -Err.Io, -Err.BadAddress, or Result.Pending
 * with t blocked (what was moved is in its progress)
 */
export function writeRegular(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  inode: number,
  position: number,
  source: number,
  at: number,
  length: number,
): number {
  if (position + length > FILE_LIMIT) return -Err.TooLarge;
  const count = Math.min(length, TRANSFER_BYTES);
  let moved = 0;
  let result = 0;
  while (moved < count) {
    const to = position + moved;
    const offset = to % PAGE_BYTES;
    const piece = Math.min(PAGE_BYTES - offset, count - moved);
    const frame = writablePage(s, fx, t, inode, Math.floor(to / PAGE_BYTES));
    result = frame;
    if (frame > 0) result = moveIn(s, fx, h, t, source, at + moved, frame, offset, piece);
    if (result < 0) break;
    moved += piece;
  }
  if (moved > 0) {
    dropImage(s, inode);
    const now = wallClock(s);
    s.inode.modified[inode] = now;
    s.inode.changed[inode] = now;
    if (position + moved > s.inode.size[inode]) s.inode.size[inode] = position + moved;
    fx.charge(2 * Math.ceil(moved / PAGE_BYTES));
  }
  return result < 0 ? stopAt(s, t, moved, result) : moved;
}

/**
 * Sets the size of a regular file. Bytes beyond the size are always zero in its pages.
 *
 * @returns 0, -Err.TooLarge, -Err.NoSpace, or Result.Restart when more pages are to go
 */
export function truncateInode(s: State, fx: Effects, inode: number, size: number): number {
  if (size > FILE_LIMIT) return -Err.TooLarge;
  const object = s.inode.object[inode];
  if (size === 0 && s.memoryObject.refs[object] === 1 && s.memoryObject.firstPage[object] !== 0) {
    // A new empty object is less work than emptying one nobody else maps: the old one drains.
    if (freeRows(s.memoryObject) === 0) return -Err.NoSpace;
    s.inode.object[inode] = createObject(s, ObjectKind.File);
    releaseObject(s, fx, object);
  } else if (size !== s.inode.size[inode]) {
    const cut = truncateObject(s, fx, object, Math.ceil(size / PAGE_BYTES), size);
    if (cut < 0) return cut;
  }
  dropImage(s, inode);
  s.inode.size[inode] = size;
  const now = wallClock(s);
  s.inode.modified[inode] = now;
  s.inode.changed[inode] = now;
  return 0;
}
