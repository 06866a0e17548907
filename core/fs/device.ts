import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import type { State } from "../kernel.ts";
import { PAGE_BYTES } from "../limits.ts";
import { writeUser } from "../mem/user_copy.ts";
import { randomBytes } from "../proc/random.ts";
import { TERMINAL_STREAM } from "./line_discipline.ts";
import { zeroUser } from "./move.ts";
import { TRANSFER_BYTES } from "./regular.ts";
import { readStream, writeStream } from "./stream.ts";
import { Device } from "./tables.ts";
import { readTerminal, refuseWrite, terminalOf } from "./terminal.ts";

/** Most random bytes one event makes. */
export const RANDOM_BYTES = 8 * PAGE_BYTES;

/** Reads zeros, at most TRANSFER_BYTES; results as readDevice. */
function readZeros(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  address: number,
  length: number,
): number {
  const count = Math.min(length, TRANSFER_BYTES);
  let moved = 0;
  while (moved < count) {
    const piece = Math.min(PAGE_BYTES - (address + moved) % PAGE_BYTES, count - moved);
    const result = zeroUser(s, fx, h, t, address + moved, piece);
    if (result === Result.Pending) s.thread.callProgress[t] += moved;
    if (result < 0) return moved > 0 && result !== Result.Pending ? moved : result;
    moved += piece;
  }
  fx.charge(Math.ceil(moved / PAGE_BYTES));
  return moved;
}

/**
 * Reads random bytes, at most RANDOM_BYTES.
 *
 * @returns bytes read, -Err, or Result.Pending with t blocked and no output used
 */
export function readRandom(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  address: number,
  length: number,
): number {
  const count = Math.min(length, RANDOM_BYTES);
  if (count === 0) return 0;
  const at = fx.reserveBytes(count);
  const result = writeUser(s, fx, h, t, address, at, count);
  if (result < 0) {
    // Nobody gets them; but what an event leaves among its bytes is a function of the event.
    fx.bytes.fill(0, at, at + count);
    return result;
  }
  randomBytes(s, fx.bytes, at, count);
  fx.charge(Math.ceil(count / PAGE_BYTES));
  return count;
}

/**
 * Reads a device.
 *
 * @returns bytes read, 0 at the end, -Err, Result.Restart, or Result.Pending with t blocked (what
 * was moved is in its progress)
 */
export function readDevice(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  file: number,
  address: number,
  length: number,
): number {
  const inode = s.openFile.inode[file];
  const unit = s.inode.unit[inode];
  switch (s.inode.device[inode]) {
    case Device.Null:
      return 0;
    case Device.Zero:
    case Device.Full:
      return readZeros(s, fx, h, t, address, length);
    case Device.Random:
      return readRandom(s, fx, h, t, address, length);
    case Device.Terminal: {
      const row = terminalOf(s, s.thread.process[t], inode);
      return row === 0 ? -Err.Io : readTerminal(s, fx, h, t, file, row, address, length);
    }
    case Device.Stream:
      return readStream(s, fx, h, t, file, unit, address, length);
    default:
      return -Err.NoDevice;
  }
}

/**
 * Writes to a device.
 *
 * @param source 0: user memory of t at address `at`; else a frame, `at` an offset in it
 * @returns bytes written, -Err, Result.Restart, or Result.Pending with t blocked (what was moved is
 * in its progress)
 */
export function writeDevice(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  file: number,
  source: number,
  at: number,
  length: number,
): number {
  const inode = s.openFile.inode[file];
  switch (s.inode.device[inode]) {
    case Device.Null:
    case Device.Zero:
    case Device.Random:
      return length;
    case Device.Full:
      return -Err.NoSpace;
    case Device.Terminal: {
      const row = terminalOf(s, s.thread.process[t], inode);
      const refused = source !== 0 || row === 0 ? 0 : refuseWrite(s, fx, h, t, row);
      if (refused < 0) return refused;
      // What a terminal does to output (CR before LF) is left to the one on the host.
      return writeStream(s, fx, h, t, TERMINAL_STREAM, source, at, length);
    }
    case Device.Stream:
      return writeStream(s, fx, h, t, s.inode.unit[inode], source, at, length);
    default:
      return -Err.NoDevice;
  }
}
