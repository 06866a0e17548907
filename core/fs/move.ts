import type { Effects } from "../effect.ts";
import { AccessKind } from "../event.ts";
import type { State } from "../kernel.ts";
import { PAGE_BYTES } from "../limits.ts";
import { copyFromUser, resolve } from "../mem/user.ts";

/**
 * Moves bytes into part of a frame, from user memory or from another frame.
 *
 * @param source 0: `at` is an address of t's process; else a frame and `at` an offset in it
 * @param length at most what is left of the frame after offset
 * @returns 0, -Err.BadAddress, -Err.NoMemory, or Result.Pending with t blocked
 */
export function moveIn(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  source: number,
  at: number,
  frame: number,
  offset: number,
  length: number,
): number {
  if (source === 0) return copyFromUser(s, fx, h, t, at, frame, offset, length);
  fx.copy(source, at, frame, offset, length);
  return 0;
}

/**
 * Zeroes user memory within at most two pages.
 *
 * @returns 0, -Err, or Result.Pending with t blocked
 */
export function zeroUser(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  address: number,
  length: number,
): number {
  const offset = address % PAGE_BYTES;
  const inFirst = Math.min(length, PAGE_BYTES - offset);
  const first = resolve(s, fx, h, t, address, AccessKind.Write);
  if (first < 0) return first;
  if (inFirst < length) {
    const second = resolve(s, fx, h, t, address + inFirst, AccessKind.Write);
    if (second < 0) return second;
    fx.zero(second, 0, length - inFirst);
  }
  fx.zero(first, offset, inFirst);
  return 0;
}
