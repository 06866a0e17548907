import type { Effects } from "../effect.ts";
import { AccessKind } from "../event.ts";
import type { State } from "../kernel.ts";
import { PAGE_BYTES } from "../limits.ts";
import { peekUser, resolveRange } from "./user.ts";

/**
 * Writes immediate bytes to user memory of t's process: all of them or none, on at most COPY_PAGES
 * pages.
 *
 * @param h number of the event's hart
 * @param bytesAt offset of the bytes in `fx.bytes`
 * @returns 0, -Err.BadAddress, -Err.NoMemory, -Err.TooBig, or Result.Pending with t blocked, whose
 * call is to run again
 */
export function writeUser(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  address: number,
  bytesAt: number,
  length: number,
): number {
  const r = resolveRange(s, fx, h, t, address, length, AccessKind.Write);
  if (r < 0) return r;
  for (let done = 0; done < length;) {
    const at = (address + done) % PAGE_BYTES;
    const piece = Math.min(length - done, PAGE_BYTES - at);
    fx.write(peekUser(s, t, address + done, AccessKind.Write), at, bytesAt + done, piece);
    done += piece;
  }
  return 0;
}
