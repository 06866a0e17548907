import { lookupFile } from "../../cap/descriptor.ts";
import { Right } from "../../cap/tables.ts";
import type { Effects } from "../../effect.ts";
import { Err } from "../../error.ts";
import { AccessKind, argumentAt, ArgumentLength, type Event } from "../../event.ts";
import { payloadI64, payloadU32, payloadU64 } from "../../event.ts";
import { InodeKind } from "../../fs/tables.ts";
import { sendFile } from "../../fs/sendfile.ts";
import { OWN_POSITION, transfer } from "../../fs/transfer.ts";
import { transferVector, VECTOR_BYTES } from "../../fs/vector.ts";
import { readRandom } from "../../fs/device.ts";
import { USER_END_PAGE } from "../../isa/riscv64.ts";
import type { State } from "../../kernel.ts";
import { PAGE_BYTES } from "../../limits.ts";
import { resolveRange } from "../../mem/user.ts";

/** Longest read or write of one call; a longer one is cut. */
const LONGEST = 0x7ffff000;
const MOST_VECTORS = 1024;

/** Whether no user has all of a range, whatever is mapped. */
function isBeyond(address: number, length: number): boolean {
  return address + length > USER_END_PAGE * PAGE_BYTES;
}

/** A read or write of one buffer, from a position of the file or from its own (OWN_POSITION). */
function transferBuffer(
  s: State,
  fx: Effects,
  e: Event,
  t: number,
  position: number,
  writes: boolean,
): number {
  const fd = e.int(0);
  const address = e.argument(1);
  if (isBeyond(address, e.argument(2))) {
    const file = lookupFile(s, s.thread.process[t], fd, writes ? Right.Write : Right.Read);
    return file < 0 ? file : -Err.BadAddress;
  }
  const length = Math.min(e.argument(2), LONGEST);
  return transfer(s, fx, e.hart, t, fd, address, length, position, writes);
}

/** read. */
export function read(s: State, fx: Effects, e: Event, t: number): number {
  return transferBuffer(s, fx, e, t, OWN_POSITION, false);
}

/** write. */
export function write(s: State, fx: Effects, e: Event, t: number): number {
  return transferBuffer(s, fx, e, t, OWN_POSITION, true);
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
  return transferBuffer(s, fx, e, t, e.argument(3), false);
}

/** pwrite64. */
export function pwrite64(s: State, fx: Effects, e: Event, t: number): number {
  const refused = refusePosition(s, t, e.int(0), e.signed(3));
  if (refused < 0) return refused;
  return transferBuffer(s, fx, e, t, e.argument(3), true);
}

/**
 * Bytes of all buffers of a copied-in iovec array, or -Err. A length that is none spoils the call
 * before an address that no user has, wherever either stands; too many bytes are cut.
 */
function vectorTotal(e: Event): number {
  const at = argumentAt(e, 0);
  const count = e.argument(2);
  if (count === 0) return 0;
  if (count > MOST_VECTORS || at < 0) return -Err.Invalid;
  const bytes = payloadU32(e, at);
  if (bytes === ArgumentLength.Absent) return -Err.BadAddress;
  if (bytes !== count * VECTOR_BYTES) return -Err.Invalid;
  let total = 0;
  let beyond = false;
  for (let i = 0; i < count; i++) {
    const entry = at + 4 + i * VECTOR_BYTES;
    const length = payloadI64(e, entry + 8);
    if (length < 0) return -Err.Invalid;
    beyond ||= isBeyond(payloadU64(e, entry), length);
    total += length;
  }
  return beyond ? -Err.BadAddress : Math.min(total, LONGEST);
}

/** readv and writev. */
function vector(s: State, fx: Effects, e: Event, t: number, writes: boolean): number {
  const right = writes ? Right.Write : Right.Read;
  const file = lookupFile(s, s.thread.process[t], e.int(0), right);
  if (file < 0) return file;
  const total = vectorTotal(e);
  if (total < 0) return total;
  const at = argumentAt(e, 0) + 4;
  return transferVector(s, fx, e, t, e.int(0), file, at, e.argument(2), total, writes);
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
  if (e.signed(3) < 0) return -Err.Invalid;
  const length = Math.min(e.argument(3), LONGEST);
  const address = e.argument(2);
  let position = OWN_POSITION;
  if (address !== 0) {
    const at = argumentAt(e, 0);
    if (at < 0 || payloadU32(e, at) !== 8) return -Err.BadAddress;
    position = payloadI64(e, at + 4);
    if (position < 0) return -Err.Invalid;
    const usable = resolveRange(s, fx, e.hart, t, address, 8, AccessKind.Write);
    if (usable < 0) return usable;
  }
  return sendFile(s, fx, e.hart, t, e.int(0), e.int(1), position, length, address);
}

const RANDOM_FLAGS = 7;

/** getrandom: at most 32 KiB a call, which is a short count for more. */
export function getrandom(s: State, fx: Effects, e: Event, t: number): number {
  if ((e.uint(2) & ~RANDOM_FLAGS) !== 0) return -Err.Invalid;
  return readRandom(s, fx, e.hart, t, e.argument(0), Math.min(e.argument(1), LONGEST));
}
