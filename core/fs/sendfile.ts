import { lookupFile } from "../cap/descriptor.ts";
import { Right } from "../cap/tables.ts";
import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import type { State } from "../kernel.ts";
import { PAGE_BYTES } from "../limits.ts";
import { ensurePage } from "../mem/object.ts";
import { writeUser } from "../mem/user_copy.ts";
import { beginOperation, OperationKind } from "../sched/operation.ts";
import { leaveSlot, mustQueue, takeSlot } from "./operation_slot.ts";
import { PIPE_BYTES, pipeHeld } from "./pipe.ts";
import { filePage, TRANSFER_BYTES } from "./regular.ts";
import { InodeKind } from "./tables.ts";
import { OWN_POSITION, writeSome } from "./transfer.ts";

/** Slots of thread.cursor in a long copy; both inodes are held by their operation slots. */
const Cursor = { Descriptors: 0, Inode: 1, Target: 2, Position: 3, Length: 4, Address: 5 } as const;
/** Two descriptors fit one slot. */
const DESCRIPTOR_BASE = 65536;

/** What `share` returns when the copy goes on in the next event. */
const NOT_YET = Result.Pending - 48;

/** The frame with a page of a file, which a hole is given; results as filePage, but never 0. */
function sourcePage(s: State, fx: Effects, t: number, inode: number, page: number): number {
  const frame = filePage(s, fx, t, inode, page);
  if (frame !== 0) return frame;
  const row = ensurePage(s, fx, s.inode.object[inode], page);
  return row > 0 ? s.objectPage.frame[row] : row;
}

/** One event's share of a copy: the call's result or NOT_YET. */
function share(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  output: number,
  input: number,
  position: number,
  length: number,
): number {
  const inode = s.openFile.inode[input];
  const own = position === OWN_POSITION;
  const pipe = s.openFile.pipe[output];
  const earlier = s.thread.callProgress[t];
  for (;;) {
    const done = s.thread.callProgress[t];
    const at = own ? s.openFile.offset[input] : position + done;
    const left = Math.min(length - done, s.inode.size[inode] - at);
    if (left <= 0) return done;
    if (done - earlier >= TRANSFER_BYTES) return NOT_YET;
    if (pipe !== 0 && done > 0 && pipeHeld(s, pipe) === PIPE_BYTES) return done;
    const frame = sourcePage(s, fx, t, inode, Math.floor(at / PAGE_BYTES));
    if (frame < 0) return done > 0 && frame !== Result.Pending ? done : frame;
    const offset = at % PAGE_BYTES;
    const piece = Math.min(left, PAGE_BYTES - offset);
    const moved = writeSome(s, fx, h, t, output, frame, offset, piece, OWN_POSITION, piece, 0);
    // A piece that waits has moved nothing: pipes take part of a frame or none.
    if (moved < 0) return done > 0 && moved > Result.Pending ? done : moved;
    s.thread.callProgress[t] = done + moved;
    if (own) s.openFile.offset[input] += moved;
    if (moved === 0) return done;
  }
}

/** Tells the caller how far a position of its own has come; the result of the call. */
function settlePosition(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  position: number,
  address: number,
  result: number,
): number {
  if (result < 0 || position === OWN_POSITION) return result;
  const bytes = fx.reserveBytes(8);
  fx.setU64(bytes, position + result);
  const wrote = writeUser(s, fx, h, t, address, bytes, 8);
  return wrote < 0 ? wrote : result;
}

/**
 * Copies from a regular file to any open file: in one event if that is little, else as a long
 * operation that holds the operation slots of both. A pipe that fills makes the count short.
 *
 * @param to,from descriptors, already checked for write and read
 * @param position bytes from the start of the input, or OWN_POSITION
 * @param address where the caller's position is, for one that is not the open file's own
 * @returns bytes copied in all by this call, -Err.Invalid when the input is no regular file, -Err, or
 * Result.Pending
 */
export function sendFile(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  to: number,
  from: number,
  position: number,
  length: number,
  address: number,
): number {
  const process = s.thread.process[t];
  const output = lookupFile(s, process, to, Right.Write);
  const input = lookupFile(s, process, from, Right.Read);
  const inode = s.openFile.inode[input];
  const target = s.openFile.inode[output];
  if (inode === 0 || s.inode.kind[inode] !== InodeKind.File) return -Err.Invalid;
  if (mustQueue(s, t, target) || mustQueue(s, t, inode)) return Result.Pending;
  const result = share(s, fx, h, t, output, input, position, length);
  if (result !== NOT_YET) return settlePosition(s, fx, h, t, position, address, result);
  takeSlot(s, t, inode);
  takeSlot(s, t, target);
  beginOperation(s, fx, h, t, OperationKind.SendFile);
  const c = 6 * t;
  s.thread.cursor[c + Cursor.Descriptors] = to * DESCRIPTOR_BASE + from;
  s.thread.cursor[c + Cursor.Inode] = inode;
  s.thread.cursor[c + Cursor.Target] = target;
  s.thread.cursor[c + Cursor.Position] = position;
  s.thread.cursor[c + Cursor.Length] = length;
  s.thread.cursor[c + Cursor.Address] = address;
  return Result.Pending;
}

/** The step of OperationKind.SendFile. */
export function stepSendFile(s: State, fx: Effects, h: number, t: number): number {
  const c = 6 * t;
  const cursor = s.thread.cursor;
  const inode = cursor[c + Cursor.Inode];
  const target = cursor[c + Cursor.Target];
  const position = cursor[c + Cursor.Position];
  const process = s.thread.process[t];
  const both = cursor[c + Cursor.Descriptors];
  const output = lookupFile(s, process, Math.floor(both / DESCRIPTOR_BASE), Right.Write);
  const input = lookupFile(s, process, both % DESCRIPTOR_BASE, Right.Read);
  let result: number = s.thread.callProgress[t];
  // The capabilities may have been revoked in between.
  if (
    output > 0 && input > 0 && s.openFile.inode[output] === target &&
    s.openFile.inode[input] === inode
  ) {
    result = share(s, fx, h, t, output, input, position, cursor[c + Cursor.Length]);
    if (result === NOT_YET) return Result.Pending;
  }
  leaveSlot(s, fx, h, t, inode);
  leaveSlot(s, fx, h, t, target);
  result = settlePosition(s, fx, h, t, position, cursor[c + Cursor.Address], result);
  // Blocked on a page, a chunk or a pipe: the call runs again and goes on from its progress.
  return result === Result.Pending ? Result.NoReturn : result;
}
