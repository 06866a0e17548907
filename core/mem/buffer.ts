import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { allocFrame, freeFrame, holdFrame } from "./frame.ts";
import { FrameRole } from "./tables.ts";

/**
 * Takes a frame for a pipe or stream buffer, held once by the column the caller stores it in. Its
 * bytes are undefined: they are written before they are read.
 *
 * @returns the frame, or 0 when memory is short
 */
export function allocBuffer(s: State, fx: Effects): number {
  const frame = allocFrame(s, fx, FrameRole.Buffer);
  if (frame === 0) return 0;
  post(s, Account.FrameFree, Account.FrameBuffer, 1);
  holdFrame(s, frame);
  return frame;
}

/** Frees a buffer frame. No hart ever maps one, so it needs no quarantine. */
export function freeBuffer(s: State, _fx: Effects, frame: number): void {
  assert(s.frame.refs[frame] === 1, "a buffer frame has one holder");
  s.frame.refs[frame] = 0;
  post(s, Account.FrameRefUsed, Account.FrameRefFree, 1);
  post(s, Account.FrameBuffer, Account.FrameFree, 1);
  freeFrame(s, frame);
}
