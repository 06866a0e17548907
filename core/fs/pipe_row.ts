import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { freeBuffer } from "../mem/buffer.ts";
import { allocRow, freeRow } from "../state/table.ts";
import { PIPE_PAGES } from "./tables.ts";

/**
 * Makes a pipe that nothing holds yet.
 *
 * @returns the pipe, or 0 when the table is full
 */
export function createPipe(s: State): number {
  const pipe = allocRow(s.pipe);
  if (pipe === 0) return 0;
  post(s, Account.PipeFree, Account.PipeUsed, 1);
  s.pipe.number[pipe] = ++s.fileSystem.nextNumber[ONE];
  return pipe;
}

/** Takes one more reference of a pipe. */
export function holdPipe(s: State, pipe: number): void {
  s.pipe.refs[pipe]++;
}

/** Gives a reference back; the last one discards what the pipe still holds. */
export function releasePipe(s: State, fx: Effects, pipe: number): void {
  assert(s.pipe.refs[pipe] > 0, "a pipe that is released was held");
  if (--s.pipe.refs[pipe] === 0) freePipe(s, fx, pipe);
}

/** Frees a pipe nothing holds. */
export function freePipe(s: State, fx: Effects, pipe: number): void {
  const p = s.pipe;
  assert(p.readHead[pipe] === 0 && p.writeHead[pipe] === 0, "nobody waits on a pipe that is freed");
  discardBytes(s, fx, pipe);
  freeRow(p, pipe);
  post(s, Account.PipeUsed, Account.PipeFree, 1);
}

/** Throws away the bytes in a pipe, with its buffer frames. */
export function discardBytes(s: State, fx: Effects, pipe: number): void {
  post(s, Account.PipeBytesHeld, Account.PipeBytesFree, s.pipe.head[pipe] - s.pipe.tail[pipe]);
  s.pipe.tail[pipe] = s.pipe.head[pipe];
  freeAllFrames(s, fx, pipe);
}

/** Frees every buffer frame of a pipe that holds no bytes. */
export function freeAllFrames(s: State, fx: Effects, pipe: number): void {
  for (let i = pipe * PIPE_PAGES; i < (pipe + 1) * PIPE_PAGES; i++) {
    const frame = s.pipe.frame[i];
    if (frame === 0) continue;
    s.pipe.frame[i] = 0;
    freeBuffer(s, fx, frame);
  }
}
