import type { Effects } from "../effect.ts";
import { AccessKind, type Event } from "../event.ts";
import { Err, Result } from "../error.ts";
import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { PAGE_BYTES } from "../limits.ts";
import { copyToUser, resolve } from "../mem/user.ts";
import { WaitKind, WakeReason } from "../sched/tables.ts";
import { waitOn, wakeAll } from "../sched/wait.ts";
import { allocBuffer, freeBuffer } from "../mem/buffer.ts";
import { TRANSFER_BYTES } from "./regular.ts";
import { OpenFlag } from "./tables.ts";

/** Host streams there are: descriptors 0 to 2 of `run`. */
export const STREAM_UNITS = 3;

/** The stream row of a host descriptor. */
export function streamRow(unit: number): number {
  return unit + 1;
}

/** Whether a read of a host stream would find something: bytes or the end. */
export function streamReadable(s: State, unit: number): boolean {
  const row = streamRow(unit);
  return s.stream.ended[row] === 1 || s.stream.begin[row] < s.stream.end[row];
}

/**
 * Asks the host for the next block of a stream, unless one is under way. The frame it goes into is
 * taken now, so that its arrival cannot fail.
 *
 * @returns 0 or -Err.NoMemory
 */
export function askStream(s: State, fx: Effects, unit: number): number {
  const row = streamRow(unit);
  if (s.stream.requested[row] === 1) return 0;
  if (s.stream.object[row] === 0) {
    const frame = allocBuffer(s, fx);
    if (frame === 0) return -Err.NoMemory;
    s.stream.object[row] = frame;
  }
  s.stream.requested[row] = 1;
  post(s, Account.RequestSource, Account.RequestPending, 1);
  fx.requestStream(unit);
  return 0;
}

/**
 * Reads what has been read ahead of a host stream; waits for the next block when nothing has.
 *
 * @returns bytes read, 0 at the end, -Err.NoMemory, -Err.Again, -Err.BadAddress, or Result.Pending
 */
export function readStream(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  file: number,
  unit: number,
  address: number,
  length: number,
): number {
  const row = streamRow(unit);
  if (length === 0) return 0;
  if (s.stream.begin[row] === s.stream.end[row]) {
    if (s.stream.ended[row] === 1 || s.thread.callProgress[t] > 0) return 0;
    const asked = askStream(s, fx, unit);
    if (asked < 0) return asked;
    if ((s.openFile.flags[file] & OpenFlag.NonBlocking) !== 0) return -Err.Again;
    waitOn(s, t, WaitKind.Stream, row);
    return Result.Pending;
  }
  const begin = s.stream.begin[row];
  const count = Math.min(length, s.stream.end[row] - begin);
  const result = copyToUser(s, fx, h, t, address, s.stream.object[row], begin, count);
  if (result < 0) return result;
  s.stream.begin[row] = begin + count;
  if (s.stream.begin[row] === s.stream.end[row]) dropBlock(s, fx, row);
  fx.charge(1);
  return count;
}

function dropBlock(s: State, fx: Effects, row: number): void {
  s.stream.begin[row] = 0;
  s.stream.end[row] = 0;
  const frame = s.stream.object[row];
  if (frame === 0) return;
  s.stream.object[row] = 0;
  freeBuffer(s, fx, frame);
}

/**
 * Takes in a block of a host stream (InputKind.Stream) and lets its readers run again. One that was
 * not asked for, or that a shutdown no longer wants, is dropped.
 */
export function streamArrived(s: State, fx: Effects, h: number, e: Event): void {
  const row = streamRow(e.value());
  const length = e.argument(0);
  if (row > STREAM_UNITS || s.stream.requested[row] === 0) return;
  s.stream.requested[row] = 0;
  post(s, Account.RequestPending, Account.RequestAnswered, 1);
  if (length === 0) {
    s.stream.ended[row] = 1;
    dropBlock(s, fx, row);
  } else {
    fx.loadInput(0, s.stream.object[row], 0, length);
    s.stream.begin[row] = 0;
    s.stream.end[row] = length;
  }
  wakeAll(s, fx, h, WaitKind.Stream, row, WakeReason.Restart);
}

/**
 * Writes to a host stream.
 *
 * @param stream host descriptor
 * @param source 0: user memory of t at address `at`; else a frame, `at` an offset in it
 * @returns bytes written, -Err.BadAddress, or Result.Pending with t blocked
 */
export function writeStream(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  stream: number,
  source: number,
  at: number,
  length: number,
): number {
  if (source !== 0) {
    fx.hostWrite(stream, source, at, length);
    return length;
  }
  const count = Math.min(length, TRANSFER_BYTES);
  let moved = 0;
  while (moved < count) {
    const from = at + moved;
    const piece = Math.min(PAGE_BYTES - from % PAGE_BYTES, count - moved);
    const frame = resolve(s, fx, h, t, from, AccessKind.Read);
    if (frame < 0) {
      if (frame === Result.Pending) s.thread.callProgress[t] += moved;
      else if (moved > 0) return moved;
      return frame;
    }
    fx.hostWrite(stream, frame, from % PAGE_BYTES, piece);
    moved += piece;
  }
  fx.charge(Math.ceil(moved / PAGE_BYTES));
  return moved;
}

/** Gives back what host streams have read ahead, at shutdown. */
export function drainStreams(s: State, fx: Effects): void {
  for (let unit = 0; unit < STREAM_UNITS; unit++) {
    const row = streamRow(unit);
    if (s.stream.requested[row] === 1) {
      s.stream.requested[row] = 0;
      post(s, Account.RequestPending, Account.RequestAnswered, 1);
    }
    dropBlock(s, fx, row);
  }
}
