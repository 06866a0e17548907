import { lookupFile } from "../../cap/descriptor.ts";
import { Right } from "../../cap/tables.ts";
import type { Effects } from "../../effect.ts";
import { Err, Result } from "../../error.ts";
import { AccessKind, argumentAt, ArgumentLength, type Event } from "../../event.ts";
import { payloadI64, payloadU32, payloadU64 } from "../../event.ts";
import { InodeKind } from "../../fs/tables.ts";
import { sendFile } from "../../fs/sendfile.ts";
import { mustQueue, OWN_POSITION, readSome, transfer, writeSome } from "../../fs/transfer.ts";
import { readRandom } from "../../fs/device.ts";
import { TRANSFER_BYTES } from "../../fs/regular.ts";
import type { State } from "../../kernel.ts";
import { resolveRange } from "../../mem/user.ts";
import { writeUser } from "../../mem/user_copy.ts";

/** Longest read or write of one call; a longer one is cut. */
const LONGEST = 0x7ffff000;
const IOVEC_BYTES = 16;
const MOST_VECTORS = 1024;
/** Buffers of an iovec that one event moves. */
const BUFFERS_AN_EVENT = 100;

/** read. */
export function read(s: State, fx: Effects, e: Event, t: number): number {
  const length = Math.min(e.argument(2), LONGEST);
  return transfer(s, fx, e.hart, t, e.int(0), e.argument(1), length, OWN_POSITION, false);
}

/** write. */
export function write(s: State, fx: Effects, e: Event, t: number): number {
  const length = Math.min(e.argument(2), LONGEST);
  return transfer(s, fx, e.hart, t, e.int(0), e.argument(1), length, OWN_POSITION, true);
}

/** Why a descriptor takes no position: 0 or -Err. */
function refusePosition(s: State, t: number, fd: number, position: number): number {
  const file = lookupFile(s, s.thread.process[t], fd, 0);
  if (file < 0) return file;
  const kind = s.inode.kind[s.openFile.inode[file]];
  if (s.openFile.pipe[file] !== 0 || (kind !== InodeKind.File && kind !== InodeKind.Device)) {
    return -Err.Seek;
  }
  return position < 0 ? -Err.Invalid : 0;
}

/** pread64. */
export function pread64(s: State, fx: Effects, e: Event, t: number): number {
  const refused = refusePosition(s, t, e.int(0), e.signed(3));
  if (refused < 0) return refused;
  const length = Math.min(e.argument(2), LONGEST);
  return transfer(s, fx, e.hart, t, e.int(0), e.argument(1), length, e.argument(3), false);
}

/** pwrite64. */
export function pwrite64(s: State, fx: Effects, e: Event, t: number): number {
  const refused = refusePosition(s, t, e.int(0), e.signed(3));
  if (refused < 0) return refused;
  const length = Math.min(e.argument(2), LONGEST);
  return transfer(s, fx, e.hart, t, e.int(0), e.argument(1), length, e.argument(3), true);
}

/** Bytes of all buffers of a copied-in iovec array, or -Err. */
function vectorTotal(e: Event): number {
  const at = argumentAt(e, 0);
  const count = e.argument(2);
  if (count === 0) return 0;
  if (count > MOST_VECTORS || at < 0) return -Err.Invalid;
  const bytes = payloadU32(e, at);
  if (bytes === ArgumentLength.Absent) return -Err.BadAddress;
  if (bytes !== count * IOVEC_BYTES) return -Err.Invalid;
  let total = 0;
  for (let i = 0; i < count; i++) {
    const length = payloadI64(e, at + 4 + i * IOVEC_BYTES + 8);
    if (length < 0) return -Err.Invalid;
    total += length;
  }
  return total > LONGEST ? -Err.Invalid : total;
}

/**
 * Moves the buffers of an iovec in order, from the call's progress on. Once an event has moved what
 * it may, the call runs again from its `ecall` and goes on.
 */
function vector(s: State, fx: Effects, e: Event, t: number, writes: boolean): number {
  const right = writes ? Right.Write : Right.Read;
  const file = lookupFile(s, s.thread.process[t], e.int(0), right);
  if (file < 0) return file;
  const total = vectorTotal(e);
  if (total < 0) return total;
  if (mustQueue(s, t, file)) return Result.Pending;
  const at = argumentAt(e, 0) + 4;
  const earlier = s.thread.callProgress[t];
  let begin = 0;
  let buffers = 0;
  for (let i = 0; i < e.argument(2); i++) {
    const address = payloadU64(e, at + i * IOVEC_BYTES);
    const length = payloadU64(e, at + i * IOVEC_BYTES + 8);
    const done = s.thread.callProgress[t];
    const skip = done - begin;
    begin += length;
    if (skip >= length) continue;
    if (++buffers > BUFFERS_AN_EVENT || done - earlier >= TRANSFER_BYTES) return Result.Restart;
    const left = length - skip;
    const moved = writes
      ? writeSome(s, fx, e.hart, t, file, 0, address + skip, left, OWN_POSITION, total, 0)
      : readSome(s, fx, e.hart, t, file, address + skip, left, OWN_POSITION, 0);
    if (moved < 0) return moved > Result.Pending && done > 0 ? done : moved;
    s.thread.callProgress[t] = done + moved;
    if (moved === left) continue;
    if (moved === 0 || !goesOn(s, file, writes)) break;
    return Result.Restart;
  }
  return s.thread.callProgress[t];
}

/** Whether a short count of one event may be followed by more: not at a file's end. */
function goesOn(s: State, file: number, writes: boolean): boolean {
  const inode = s.openFile.inode[file];
  if (s.inode.kind[inode] !== InodeKind.File) return false;
  return writes || s.openFile.offset[file] < s.inode.size[inode];
}

/** readv. */
export function readv(s: State, fx: Effects, e: Event, t: number): number {
  return vector(s, fx, e, t, false);
}

/** writev. */
export function writev(s: State, fx: Effects, e: Event, t: number): number {
  return vector(s, fx, e, t, true);
}

/** sendfile. With a position of its own, that is read at sense and written back. */
export function sendfile(s: State, fx: Effects, e: Event, t: number): number {
  const p = s.thread.process[t];
  const output = lookupFile(s, p, e.int(0), Right.Write);
  if (output < 0) return output;
  const input = lookupFile(s, p, e.int(1), Right.Read);
  if (input < 0) return input;
  const length = Math.min(e.argument(3), LONGEST);
  const address = e.argument(2);
  if (address === 0) return sendFile(s, fx, e.hart, t, output, input, OWN_POSITION, length);
  const at = argumentAt(e, 0);
  if (at < 0 || payloadU32(e, at) !== 8) return -Err.BadAddress;
  const position = payloadI64(e, at + 4);
  if (position < 0) return -Err.Invalid;
  const usable = resolveRange(s, fx, e.hart, t, address, 8, AccessKind.Write);
  if (usable < 0) return usable;
  const sent = sendFile(s, fx, e.hart, t, output, input, position, length);
  if (sent < 0) return sent;
  const bytes = fx.reserveBytes(8);
  fx.setU64(bytes, position + sent);
  const wrote = writeUser(s, fx, e.hart, t, address, bytes, 8);
  return wrote < 0 ? wrote : sent;
}

const RANDOM_FLAGS = 7;

/** getrandom: at most 32 KiB a call, which is a short count for more. */
export function getrandom(s: State, fx: Effects, e: Event, t: number): number {
  if ((e.uint(2) & ~RANDOM_FLAGS) !== 0) return -Err.Invalid;
  return readRandom(s, fx, e.hart, t, e.argument(0), Math.min(e.argument(1), LONGEST));
}
