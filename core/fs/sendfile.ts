import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import type { State } from "../kernel.ts";
import { PAGE_BYTES } from "../limits.ts";
import { ensurePage } from "../mem/object.ts";
import { PIPE_BYTES, pipeHeld } from "./pipe.ts";
import { filePage, TRANSFER_BYTES } from "./regular.ts";
import { InodeKind } from "./tables.ts";
import { mustQueue, OWN_POSITION, writeSome } from "./transfer.ts";

/** The frame with a page of a file, which a hole is given; results as filePage, but never 0. */
function sourcePage(s: State, fx: Effects, t: number, inode: number, page: number): number {
  const frame = filePage(s, fx, t, inode, page);
  if (frame !== 0) return frame;
  const row = ensurePage(s, fx, s.inode.object[inode], page);
  return row > 0 ? s.objectPage.frame[row] : row;
}

/**
 * Copies from a regular file to any open file, at most TRANSFER_BYTES: the count may be short.
 *
 * @param output,input open files, already checked for write and read
 * @param position bytes from the start of the input, or OWN_POSITION
 * @returns bytes copied in all by this call, -Err.Invalid when the input is no regular file, -Err, or
 * Result.Pending with t blocked
 */
export function sendFile(
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
  if (inode === 0 || s.inode.kind[inode] !== InodeKind.File) return -Err.Invalid;
  if (mustQueue(s, t, output) || mustQueue(s, t, input)) return Result.Pending;
  const own = position === OWN_POSITION;
  const pipe = s.openFile.pipe[output];
  const earlier = s.thread.callProgress[t];
  for (;;) {
    const done = s.thread.callProgress[t];
    const at = own ? s.openFile.offset[input] : position + done;
    const left = Math.min(length - done, s.inode.size[inode] - at);
    if (left <= 0 || done - earlier >= TRANSFER_BYTES) return done;
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
    if (moved === 0) return s.thread.callProgress[t];
  }
}
