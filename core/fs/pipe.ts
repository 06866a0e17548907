import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { PAGE_BYTES, UNITS } from "../limits.ts";
import { allocBuffer, freeBuffer } from "../mem/buffer.ts";
import { copyToUser, peekUser, resolve } from "../mem/user.ts";
import { AccessKind } from "../event.ts";
import { Signal } from "../proc/signal_numbers.ts";
import { sendSignalToThread } from "../proc/signal.ts";
import { completeCall } from "../sched/call.ts";
import { WaitKind, WakeReason } from "../sched/tables.ts";
import { waitOn, wakeAll, wakeThread } from "../sched/wait.ts";
import { moveIn } from "./move.ts";
import { freeAllFrames } from "./pipe_row.ts";
import { CallStage } from "../sched/call_stage.ts";
import { OpenFlag, PIPE_PAGES } from "./tables.ts";

/** Bytes a pipe holds at most. */
export const PIPE_BYTES = PIPE_PAGES * PAGE_BYTES;
/** A write of at most this many bytes is never split (PIPE_BUF). */
export const ATOMIC_BYTES = 4096;

/** Most bytes one event moves through a pipe for its writer. */
const BURST_BYTES = 8 * PIPE_BYTES;

/** Bytes in a pipe. */
export function pipeHeld(s: State, pipe: number): number {
  return s.pipe.head[pipe] - s.pipe.tail[pipe];
}

function slotOf(pipe: number, position: number): number {
  return pipe * PIPE_PAGES + Math.floor(position / PAGE_BYTES) % PIPE_PAGES;
}

/** Gives buffer frames to the ring for bytes [from, to); returns whether all are there. */
function reserveFrames(s: State, fx: Effects, pipe: number, from: number, to: number): boolean {
  for (let at = from - from % PAGE_BYTES; at < to; at += PAGE_BYTES) {
    const slot = slotOf(pipe, at);
    if (s.pipe.frame[slot] !== 0) continue;
    const frame = allocBuffer(s, fx);
    if (frame === 0) return false;
    s.pipe.frame[slot] = frame;
  }
  return true;
}

/** Frees every buffer frame if the pipe is empty: also those of a write that did not happen. */
function trim(s: State, fx: Effects, pipe: number): void {
  if (s.pipe.head[pipe] === s.pipe.tail[pipe]) freeAllFrames(s, fx, pipe);
}

/** Takes bytes off the tail of the ring and frees the buffer frames they leave empty. */
function consume(s: State, fx: Effects, pipe: number, count: number): void {
  const p = s.pipe;
  const before = p.tail[pipe];
  const after = before + count;
  p.tail[pipe] = after;
  post(s, Account.PipeBytesHeld, Account.PipeBytesFree, count);
  if (after === p.head[pipe]) {
    freeAllFrames(s, fx, pipe);
    return;
  }
  for (let page = before - before % PAGE_BYTES; page + PAGE_BYTES <= after; page += PAGE_BYTES) {
    // A full ring wraps into the page its tail is in: that page stays.
    if (p.head[pipe] > page + PIPE_BYTES) continue;
    const slot = slotOf(pipe, page);
    freeBuffer(s, fx, p.frame[slot]);
    p.frame[slot] = 0;
  }
}

/**
 * Moves bytes into the ring, as many as there is room for; a write of at most ATOMIC_BYTES in all
 * is moved whole or not at all.
 *
 * @param source 0: user memory of t at address `at`; else a frame, `at` an offset in it
 * @param least bytes of room without which nothing is moved: 1, or the whole of an atomic write
 * @returns bytes moved (0: no room), -Err, or Result.Pending with t blocked and nothing moved
 */
function fill(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  pipe: number,
  source: number,
  at: number,
  length: number,
  least: number,
): number {
  const room = PIPE_BYTES - pipeHeld(s, pipe);
  if (room < least) return 0;
  const count = Math.min(room, length);
  // A split in mid-copy is allowed only where a short count is: both pages first otherwise.
  if (least > 1 && source === 0) {
    const last = resolve(s, fx, h, t, at + count - 1, AccessKind.Read);
    if (last < 0) return last;
  }
  const head = s.pipe.head[pipe];
  if (!reserveFrames(s, fx, pipe, head, head + count)) {
    trim(s, fx, pipe);
    return -Err.NoMemory;
  }
  let moved = 0;
  while (moved < count) {
    const position = s.pipe.head[pipe];
    const offset = position % PAGE_BYTES;
    const piece = Math.min(PAGE_BYTES - offset, count - moved);
    const frame = s.pipe.frame[slotOf(pipe, position)];
    const result = moveIn(s, fx, h, t, source, at + moved, frame, offset, piece);
    if (result < 0) {
      trim(s, fx, pipe);
      if (result !== Result.Pending) return moved > 0 ? moved : result;
      s.thread.callProgress[t] += moved;
      return result;
    }
    s.pipe.head[pipe] += piece;
    post(s, Account.PipeBytesFree, Account.PipeBytesHeld, piece);
    moved += piece;
  }
  fx.charge(Math.ceil(moved / PAGE_BYTES));
  return moved;
}

/**
 * Moves bytes out of the ring into user memory.
 *
 * @returns bytes moved, -Err, or Result.Pending with t blocked (what was moved is in its progress)
 */
function drain(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  pipe: number,
  address: number,
  length: number,
): number {
  const count = Math.min(length, pipeHeld(s, pipe));
  let moved = 0;
  while (moved < count) {
    const to = address + moved;
    const position = s.pipe.tail[pipe];
    const offset = position % PAGE_BYTES;
    const piece = Math.min(PAGE_BYTES - offset, count - moved);
    const frame = s.pipe.frame[slotOf(pipe, position)];
    // What lies in one page of the ring goes whole or not at all.
    const copied = copyToUser(s, fx, h, t, to, frame, offset, piece);
    if (copied < 0) {
      if (copied === Result.Pending) s.thread.callProgress[t] += moved;
      else if (moved > 0) return moved;
      return copied;
    }
    consume(s, fx, pipe, piece);
    moved += piece;
  }
  fx.charge(Math.ceil(moved / PAGE_BYTES));
  return moved;
}

/** Whether every page of a user range of at most a pipe's size is present for an access. */
function isPresent(s: State, t: number, address: number, length: number, access: number): boolean {
  const end = address + length;
  for (let at = address - address % PAGE_BYTES; at < end; at += PAGE_BYTES) {
    if (peekUser(s, t, at, access) === 0) return false;
  }
  return true;
}

/**
 * Hands what is in the pipe to those who wait for it: completes the blocked reads whose pages can
 * be written now, lets the others and the pollers run again.
 */
function serveReaders(s: State, fx: Effects, h: number, pipe: number): void {
  let served = 0;
  for (let w = s.pipe.readHead[pipe]; w !== 0 && pipeHeld(s, pipe) > 0;) {
    // So many have had their turn: the rest look for themselves, in the events that follow.
    if (fx.woken++ >= UNITS) {
      wakeAll(s, fx, h, WaitKind.PipeRead, pipe, WakeReason.Restart);
      break;
    }
    const next = s.waiter.next[w];
    const r = s.waiter.thread[w];
    if (s.waiter.events[w] !== 0) {
      // A poller may have waiters further down this queue: begin again at its head.
      wakeThread(s, fx, h, r, WakeReason.Restart);
      w = s.pipe.readHead[pipe];
      continue;
    }
    const address = s.thread.callArgument[4 * r];
    const count = Math.min(s.thread.callArgument[4 * r + 1], pipeHeld(s, pipe));
    if (
      s.thread.callStage[r] !== CallStage.PipeRead ||
      !isPresent(s, r, address, count, AccessKind.Write)
    ) {
      // The next in the queue may take the bytes: this one may never run again (a signal).
      wakeThread(s, fx, h, r, WakeReason.Restart);
      w = next;
      continue;
    }
    drain(s, fx, h, r, pipe, address, count);
    completeCall(s, fx, h, r, count);
    served++;
    w = next;
  }
  if (served > 0) fx.charge(served);
}

/** The pipe a blocked thread waits to write to, or 0. */
export function pipeWrittenBy(s: State, t: number): number {
  const waiter = s.thread.waiter[t];
  if (s.waiter.kind[waiter] !== WaitKind.PipeWrite) return 0;
  return s.thread.callStage[t] === CallStage.OpenFifo ? 0 : s.waiter.object[waiter];
}

/**
 * Hands a short write to the reader that waits first, from page to page: none of it is ever held.
 * What is asked is that the ring would come to the same: it is empty, the read takes all, and both
 * sides are there.
 *
 * @returns bytes moved, all of them, or 0 when they must go through the ring
 */
function passOn(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  pipe: number,
  at: number,
  length: number,
): number {
  const w = s.pipe.readHead[pipe];
  if (w === 0 || s.waiter.events[w] !== 0 || pipeHeld(s, pipe) !== 0) return 0;
  const r = s.waiter.thread[w];
  if (s.thread.callStage[r] !== CallStage.PipeRead) return 0;
  if (length > s.thread.callArgument[4 * r + 1]) return 0;
  const to = s.thread.callArgument[4 * r];
  const offset = at % PAGE_BYTES;
  const toOffset = to % PAGE_BYTES;
  if (offset + length > PAGE_BYTES || toOffset + length > PAGE_BYTES) return 0;
  const source = peekUser(s, t, at, AccessKind.Read);
  if (source === 0) return 0;
  const target = peekUser(s, r, to, AccessKind.Write);
  if (target === 0) return 0;

  // From here on it must succeed.
  fx.copy(source, offset, target, toOffset, length);
  fx.woken++;
  fx.charge(2);
  completeCall(s, fx, h, r, length);
  return length;
}

/** Lets blocked writers go on as far as there is room, and pollers run again. */
export function serveWriters(s: State, fx: Effects, h: number, pipe: number): void {
  for (let w = s.pipe.writeHead[pipe]; w !== 0 && pipeHeld(s, pipe) < PIPE_BYTES;) {
    if (fx.woken++ >= UNITS) {
      wakeAll(s, fx, h, WaitKind.PipeWrite, pipe, WakeReason.Restart);
      return;
    }
    const next = s.waiter.next[w];
    const t = s.waiter.thread[w];
    if (s.waiter.events[w] !== 0) {
      if (PIPE_BYTES - pipeHeld(s, pipe) < ATOMIC_BYTES) {
        w = next;
        continue;
      }
      wakeThread(s, fx, h, t, WakeReason.Restart);
      w = s.pipe.writeHead[pipe];
      continue;
    }
    if (s.thread.callStage[t] !== CallStage.PipeWrite) {
      wakeThread(s, fx, h, t, WakeReason.Restart);
      w = next;
      continue;
    }
    const done = s.thread.callProgress[t];
    const address = s.thread.callArgument[4 * t] + done;
    const total = s.thread.callArgument[4 * t + 1];
    const whole = total <= ATOMIC_BYTES;
    const room = PIPE_BYTES - pipeHeld(s, pipe);
    const count = Math.min(total - done, room);
    // First come, first served: a later, shorter write must not overtake an atomic one.
    if (whole && count < total) return;
    const present = isPresent(s, t, address, count, AccessKind.Read);
    const moved = present ? fill(s, fx, h, t, pipe, 0, address, count, count) : 0;
    if (moved <= 0) {
      wakeThread(s, fx, h, t, WakeReason.Restart);
      w = next;
      continue;
    }
    s.thread.callProgress[t] = done + moved;
    if (done + moved === total) completeCall(s, fx, h, t, total);
    w = next;
  }
}

/** Blocks t in a read or write whose waker may finish it. */
function block(
  s: State,
  t: number,
  pipe: number,
  kind: number,
  stage: number,
  address: number,
  length: number,
): number {
  s.thread.callStage[t] = stage;
  s.thread.callArgument[4 * t] = address;
  s.thread.callArgument[4 * t + 1] = length;
  // What a poll left there would make this waiter look like a poller's.
  s.waiter.events[s.thread.waiter[t]] = 0;
  waitOn(s, t, kind, pipe);
  return Result.Pending;
}

/**
 * Reads what a pipe holds; waits while it is empty and has writers.
 *
 * @param file an open read end
 * @param plain 1 when address and length are all of the call, so that a writer may finish it
 * @returns bytes read, 0 at the end, -Err.Again, -Err.BadAddress, or Result.Pending
 */
export function readPipe(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  file: number,
  address: number,
  length: number,
  plain: number,
): number {
  const pipe = s.openFile.pipe[file];
  if (length === 0) return 0;
  if (pipeHeld(s, pipe) === 0) {
    if (s.thread.callProgress[t] > 0 || s.pipe.writers[pipe] === 0) return 0;
    if ((s.openFile.flags[file] & OpenFlag.NonBlocking) !== 0) return -Err.Again;
    const stage = plain === 1 ? CallStage.PipeRead : CallStage.None;
    return block(s, t, pipe, WaitKind.PipeRead, stage, address, length);
  }
  const moved = drain(s, fx, h, t, pipe, address, length);
  serveWriters(s, fx, h, pipe);
  // Whoever else waits to read may find more: another reader's share, or what a writer added.
  serveReaders(s, fx, h, pipe);
  return moved;
}

/**
 * Writes to a pipe, all of it; waits while it is full and has readers.
 *
 * @param source 0: user memory at `at`; else a frame, `at` an offset in it (never blocks then)
 * @param total bytes of the whole call, which decide whether it may be split
 * @param plain 1 when at and length are what is left of a plain write of `total` bytes
 * @returns bytes written, -Err.BrokenPipe (SIGPIPE is sent), -Err.Again, -Err.BadAddress,
 * -Err.NoMemory, or Result.Pending
 */
export function writePipe(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  file: number,
  source: number,
  at: number,
  length: number,
  total: number,
  plain: number,
): number {
  const pipe = s.openFile.pipe[file];
  if (length === 0) return 0;
  if (source === 0 && passOn(s, fx, h, t, pipe, at, length) > 0) return length;
  // Earlier buffers of the same writev are in the ring already: only the rest must find room.
  const least = total <= ATOMIC_BYTES && source === 0 ? total - s.thread.callProgress[t] : 1;
  let written = 0;
  for (;;) {
    if (s.pipe.readers[pipe] === 0) {
      sendSignalToThread(s, fx, h, t, Signal.Pipe);
      return written > 0 ? written : -Err.BrokenPipe;
    }
    const moved = fill(s, fx, h, t, pipe, source, at + written, length - written, least);
    serveReaders(s, fx, h, pipe);
    if (moved === Result.Pending) s.thread.callProgress[t] += written;
    if (moved < 0) return written > 0 && moved !== Result.Pending ? written : moved;
    written += moved;
    if (written === length) {
      serveWriters(s, fx, h, pipe);
      return written;
    }
    // Readers that were served made room.
    if (pipeHeld(s, pipe) < PIPE_BYTES && moved > 0) {
      if (written < BURST_BYTES) continue;
      s.thread.callProgress[t] += written;
      return Result.Restart;
    }
    if ((s.openFile.flags[file] & OpenFlag.NonBlocking) !== 0) {
      return written > 0 ? written : -Err.Again;
    }
    if (source !== 0 && written > 0) return written;
    s.thread.callProgress[t] += written;
    const done = s.thread.callProgress[t];
    const stage = plain === 1 ? CallStage.PipeWrite : CallStage.None;
    return block(s, t, pipe, WaitKind.PipeWrite, stage, at + written - done, total);
  }
}
