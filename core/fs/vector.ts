import { lookupFile } from "../cap/descriptor.ts";
import type { Effects } from "../effect.ts";
import { Result } from "../error.ts";
import { type Event, payloadU64 } from "../event.ts";
import type { State } from "../kernel.ts";
import { beginOperation, OperationKind } from "../sched/operation.ts";
import { canStore, chunksOf, dropFirstChunk, freeText, storeText } from "./name.ts";
import { leaveSlot, mustQueue, takeSlot } from "./operation_slot.ts";
import { TRANSFER_BYTES } from "./regular.ts";
import { CHUNK_BYTES, InodeKind } from "./tables.ts";
import { OWN_POSITION, readSome, writeSome } from "./transfer.ts";

/** Bytes of one buffer of an array: address and length, 64 bits each. */
export const VECTOR_BYTES = 16;
/** Buffers one event moves. */
const BUFFERS_AN_EVENT = 100;

/** Slots of thread.cursor: the buffers stored are `Left` ones, from offset `Skip` of their text on. */
const Cursor = { Descriptor: 0, Total: 1, Begin: 2, Left: 3, Skip: 4, Inode: 5 } as const;

/** What `moveBuffer` returns when the call goes on with this buffer or the next in a later event. */
const NOT_YET = Result.Pending - 32;
/** What it returns when the buffer is done. */
const NEXT = Result.Pending - 33;

/** Whether a short count of one event may be followed by more: not at a file's end. */
function goesOn(s: State, file: number, writes: boolean): boolean {
  const inode = s.openFile.inode[file];
  if (s.inode.kind[inode] !== InodeKind.File) return false;
  return writes || s.openFile.offset[file] < s.inode.size[inode];
}

/**
 * Moves what is left of one buffer.
 *
 * @param begin bytes of the call before this buffer
 * @param total bytes of the whole call
 * @returns NEXT, NOT_YET, or the call's result
 */
function moveBuffer(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  file: number,
  address: number,
  length: number,
  begin: number,
  total: number,
  writes: boolean,
): number {
  const done = s.thread.callProgress[t];
  const skip = done - begin;
  if (skip >= length) return NEXT;
  const left = length - skip;
  const moved = writes
    ? writeSome(s, fx, h, t, file, 0, address + skip, left, OWN_POSITION, total, 0)
    : readSome(s, fx, h, t, file, address + skip, left, OWN_POSITION, 0);
  if (moved < 0) return moved > Result.Pending && done > 0 ? done : moved;
  s.thread.callProgress[t] = done + moved;
  if (moved === left) return NEXT;
  return moved === 0 || !goesOn(s, file, writes) ? done + moved : NOT_YET;
}

/**
 * Reads into or writes from the buffers of a copied-in array in order, from the call's progress on:
 * in one event if that is little, else as a long operation that holds the inode's operation slot.
 *
 * @param at where the array begins in the payload
 * @param count its buffers
 * @param total bytes of all of them
 * @returns bytes moved, -Err, Result.Restart or Result.Pending
 */
export function transferVector(
  s: State,
  fx: Effects,
  e: Event,
  t: number,
  fd: number,
  file: number,
  at: number,
  count: number,
  total: number,
  writes: boolean,
): number {
  const inode = s.openFile.inode[file];
  if (mustQueue(s, t, inode)) return Result.Pending;
  const earlier = s.thread.callProgress[t];
  let begin = 0;
  let buffers = 0;
  for (let i = 0; i < count; i++) {
    const entry = at + i * VECTOR_BYTES;
    const length = payloadU64(e, entry + 8);
    const busy = buffers === BUFFERS_AN_EVENT ||
      s.thread.callProgress[t] - earlier >= TRANSFER_BYTES;
    const address = payloadU64(e, entry);
    const moved = busy
      ? NOT_YET
      : moveBuffer(s, fx, e.hart, t, file, address, length, begin, total, writes);
    if (moved === NOT_YET) {
      return goOn(s, fx, e, t, fd, file, entry, count - i, begin, total, writes);
    }
    if (moved !== NEXT) return moved;
    if (s.thread.callProgress[t] > begin) buffers++;
    begin += length;
  }
  fx.charge(buffers);
  return s.thread.callProgress[t];
}

/** Keeps the buffers still to do and makes the call a long operation. */
function goOn(
  s: State,
  fx: Effects,
  e: Event,
  t: number,
  fd: number,
  file: number,
  entry: number,
  left: number,
  begin: number,
  total: number,
  writes: boolean,
): number {
  const bytes = left * VECTOR_BYTES;
  // Without a place for them the count is short, as it may be.
  if (!canStore(s, chunksOf(bytes))) return s.thread.callProgress[t];
  const inode = s.openFile.inode[file];
  s.openFile.vector[file] = storeText(s, e.payload, entry, bytes);
  takeSlot(s, t, inode);
  beginOperation(s, fx, e.hart, t, writes ? OperationKind.WriteVector : OperationKind.ReadVector);
  const c = 6 * t;
  s.thread.cursor[c + Cursor.Descriptor] = fd;
  s.thread.cursor[c + Cursor.Total] = total;
  s.thread.cursor[c + Cursor.Begin] = begin;
  s.thread.cursor[c + Cursor.Left] = left;
  s.thread.cursor[c + Cursor.Skip] = 0;
  s.thread.cursor[c + Cursor.Inode] = inode;
  return Result.Pending;
}

function storedU64(s: State, at: number): number {
  const b = s.nameChunk.bytes;
  let value = 0;
  for (let i = 7; i >= 0; i--) value = value * 256 + b[at + i];
  return value;
}

/** One event's share of the buffers that are stored: NOT_YET or the call's result. */
function share(s: State, fx: Effects, h: number, t: number, file: number, writes: boolean): number {
  const cursor = s.thread.cursor;
  const c = 6 * t;
  const earlier = s.thread.callProgress[t];
  const total = cursor[c + Cursor.Total];
  for (let n = 0; cursor[c + Cursor.Left] > 0; n++) {
    if (n === BUFFERS_AN_EVENT || s.thread.callProgress[t] - earlier >= TRANSFER_BYTES) {
      return NOT_YET;
    }
    const at = s.openFile.vector[file] * CHUNK_BYTES + cursor[c + Cursor.Skip];
    const length = storedU64(s, at + 8);
    const begin = cursor[c + Cursor.Begin];
    const moved = moveBuffer(s, fx, h, t, file, storedU64(s, at), length, begin, total, writes);
    if (moved !== NEXT) return moved;
    cursor[c + Cursor.Begin] = begin + length;
    cursor[c + Cursor.Left]--;
    cursor[c + Cursor.Skip] += VECTOR_BYTES;
    if (cursor[c + Cursor.Skip] === CHUNK_BYTES) {
      s.openFile.vector[file] = dropFirstChunk(s, s.openFile.vector[file]);
      cursor[c + Cursor.Skip] = 0;
    }
  }
  return s.thread.callProgress[t];
}

/** The step of OperationKind.ReadVector and WriteVector. */
export function stepVector(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  writes: boolean,
): number {
  const c = 6 * t;
  const inode = s.thread.cursor[c + Cursor.Inode];
  const fd = s.thread.cursor[c + Cursor.Descriptor];
  const file = lookupFile(s, s.thread.process[t], fd, 0);
  let result: number = s.thread.callProgress[t];
  // The capability may have been revoked in between.
  if (file > 0 && s.openFile.inode[file] === inode) {
    result = share(s, fx, h, t, file, writes);
    if (result === NOT_YET) return Result.Pending;
    freeText(s, s.openFile.vector[file]);
    s.openFile.vector[file] = 0;
  }
  leaveSlot(s, fx, h, t, inode);
  // Blocked on a page or a chunk: the call runs again and goes on from its progress.
  return result === Result.Pending ? Result.NoReturn : result;
}
