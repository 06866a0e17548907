import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import type { State } from "../kernel.ts";
import { lookupFile } from "../cap/descriptor.ts";
import { Right } from "../cap/tables.ts";
import { beginOperation, OperationKind } from "../sched/operation.ts";
import { RANDOM_BYTES, readDevice, writeDevice } from "./device.ts";
import { leaveSlot, mustQueue, takeSlot } from "./operation_slot.ts";
import { readPipe, writePipe } from "./pipe.ts";
import { readRegular, TRANSFER_BYTES, writeRegular } from "./regular.ts";
import { Device, InodeKind, OpenFlag } from "./tables.ts";

/** The position that stands for the open file's own. */
export const OWN_POSITION = -1;

/** Slots of thread.cursor in a long read or write. */
const Cursor = { Descriptor: 0, Address: 1, Length: 2, Position: 3, Inode: 4 } as const;

/**
 * Reads as much as one event may.
 *
 * @param position bytes from the start of a regular file, or OWN_POSITION
 * @param plain 1 when address and length are all that is left of the call
 * @returns bytes read, 0 at the end, -Err, Result.Restart, or Result.Pending with t blocked (what
 * was moved is in its progress)
 */
export function readSome(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  file: number,
  address: number,
  length: number,
  position: number,
  plain: number,
): number {
  if (s.openFile.pipe[file] !== 0) {
    if (position !== OWN_POSITION) return -Err.Seek;
    return readPipe(s, fx, h, t, file, address, length, plain);
  }
  const inode = s.openFile.inode[file];
  const kind = s.inode.kind[inode];
  if (kind === InodeKind.Directory) return -Err.IsDirectory;
  if (kind !== InodeKind.File) return readDevice(s, fx, h, t, file, address, length);
  const at = position === OWN_POSITION ? s.openFile.offset[file] : position;
  const before = s.thread.callProgress[t];
  const moved = readRegular(s, fx, h, t, inode, at, address, length);
  if (position === OWN_POSITION) advance(s, t, file, before, moved);
  return moved;
}

/** Moves an open file's position past what was moved, also by a call that now waits. */
function advance(s: State, t: number, file: number, before: number, moved: number): void {
  if (moved > 0) s.openFile.offset[file] += moved;
  else s.openFile.offset[file] += s.thread.callProgress[t] - before;
}

/**
 * Writes as much as one event may.
 *
 * @param source 0: user memory of t at address `at`; else a frame, `at` an offset in it
 * @param position bytes from the start of a regular file, or OWN_POSITION
 * @param total bytes of the whole call
 * @param plain 1 when at and length are all that is left of the call
 * @returns as readSome
 */
export function writeSome(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  file: number,
  source: number,
  at: number,
  length: number,
  position: number,
  total: number,
  plain: number,
): number {
  if (s.openFile.pipe[file] !== 0) {
    if (position !== OWN_POSITION) return -Err.Seek;
    return writePipe(s, fx, h, t, file, source, at, length, total, plain);
  }
  const inode = s.openFile.inode[file];
  if (s.inode.kind[inode] !== InodeKind.File) {
    return writeDevice(s, fx, h, t, file, source, at, length);
  }
  if (length === 0) return 0;
  const append = (s.openFile.flags[file] & OpenFlag.Append) !== 0;
  const own = position === OWN_POSITION;
  if (append && own) s.openFile.offset[file] = s.inode.size[inode];
  const to = own ? s.openFile.offset[file] : append ? s.inode.size[inode] : position;
  const before = s.thread.callProgress[t];
  const moved = writeRegular(s, fx, h, t, inode, to, source, at, length);
  if (own) advance(s, t, file, before, moved);
  return moved;
}

/** Bytes after which a transfer goes on in a further event; 0 when a short count ends it. */
function burstOf(s: State, file: number, writes: boolean): number {
  const inode = s.openFile.inode[file];
  if (s.openFile.pipe[file] !== 0) return 0;
  if (s.inode.kind[inode] === InodeKind.File) return TRANSFER_BYTES;
  const device = s.inode.device[inode];
  if (writes) return TRANSFER_BYTES;
  if (device === Device.Random) return RANDOM_BYTES;
  return device === Device.Zero || device === Device.Full ? TRANSFER_BYTES : 0;
}

/** What a call returns that met an error after some bytes. */
function withProgress(s: State, t: number, result: number): number {
  if (result <= Result.Pending) return result;
  return result < 0 && s.thread.callProgress[t] > 0 ? s.thread.callProgress[t] : result;
}

/**
 * One event's share of a plain read or write.
 *
 * @returns the call's result, Result.Pending or Result.Restart, or NOT_YET with more to do at once
 */
function share(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  file: number,
  address: number,
  length: number,
  position: number,
  writes: boolean,
): number {
  const done = s.thread.callProgress[t];
  const at = address + done;
  const left = length - done;
  const from = position === OWN_POSITION ? position : position + done;
  const moved = writes
    ? writeSome(s, fx, h, t, file, 0, at, left, from, length, 1)
    : readSome(s, fx, h, t, file, at, left, from, 1);
  if (moved < 0) return withProgress(s, t, moved);
  s.thread.callProgress[t] = done + moved;
  const burst = burstOf(s, file, writes);
  return moved < left && moved > 0 && moved === burst ? NOT_YET : done + moved;
}

/** What `share` returns when the transfer goes on in the next event; no other result is it. */
const NOT_YET = Result.Pending - 16;

/**
 * A plain read or write of a descriptor: one event if it is short, else the first step of a long
 * operation that holds the inode's operation slot.
 *
 * @param address,length user memory of t
 * @param position bytes from the start, or OWN_POSITION
 * @param writes whether it writes
 * @returns bytes moved, -Err, Result.Restart or Result.Pending
 */
export function transfer(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  fd: number,
  address: number,
  length: number,
  position: number,
  writes: boolean,
): number {
  const right = writes ? Right.Write : Right.Read;
  const file = lookupFile(s, s.thread.process[t], fd, right);
  if (file < 0) return withProgress(s, t, file);
  const inode = s.openFile.inode[file];
  if (mustQueue(s, t, inode)) return Result.Pending;
  const result = share(s, fx, h, t, file, address, length, position, writes);
  if (result !== NOT_YET) return result;
  takeSlot(s, t, inode);
  beginOperation(s, fx, h, t, writes ? OperationKind.Write : OperationKind.Read);
  const cursor = s.thread.cursor;
  cursor[6 * t + Cursor.Descriptor] = fd;
  cursor[6 * t + Cursor.Address] = address;
  cursor[6 * t + Cursor.Length] = length;
  cursor[6 * t + Cursor.Position] = position;
  cursor[6 * t + Cursor.Inode] = inode;
  return Result.Pending;
}

function step(s: State, fx: Effects, h: number, t: number, writes: boolean): number {
  const c = 6 * t;
  const cursor = s.thread.cursor;
  const fd = cursor[c + Cursor.Descriptor];
  const inode = cursor[c + Cursor.Inode];
  const file = lookupFile(s, s.thread.process[t], fd, 0);
  // The capability may have been revoked in between.
  if (file < 0 || s.openFile.inode[file] !== inode) {
    leaveSlot(s, fx, h, t, inode);
    return s.thread.callProgress[t];
  }
  const address = cursor[c + Cursor.Address];
  const length = cursor[c + Cursor.Length];
  const position = cursor[c + Cursor.Position];
  const result = share(s, fx, h, t, file, address, length, position, writes);
  if (result === NOT_YET) return Result.Pending;
  leaveSlot(s, fx, h, t, inode);
  // Blocked on a page or a chunk: the call runs again and goes on from its progress.
  return result === Result.Pending ? Result.NoReturn : result;
}

/** The step of OperationKind.Read. */
export function stepRead(s: State, fx: Effects, h: number, t: number): number {
  return step(s, fx, h, t, false);
}

/** The step of OperationKind.Write. */
export function stepWrite(s: State, fx: Effects, h: number, t: number): number {
  return step(s, fx, h, t, true);
}
