import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import { AccessKind } from "../event.ts";
import { USER_END_PAGE } from "../isa/riscv64.ts";
import type { State } from "../kernel.ts";
import { PAGE_BYTES } from "../limits.ts";
import { allows, resolvePage, satisfies } from "./fault.ts";
import { leafFrame, leafOf, leafTable } from "./pte.ts";
import { findRegion } from "./region.ts";
import { spaceOf } from "./space.ts";

/** Most pages a user copy touches. */
export const COPY_PAGES = 16;

function pageOf(address: number): number {
  return Math.floor(address / PAGE_BYTES);
}

/**
 * Makes the page at a user address present, and private when the access is a write, in the space of
 * t's process or of another thread's. It never kills.
 *
 * @param h number of the event's hart
 * @param t the running thread
 * @param access an AccessKind
 * @param of thread whose memory it is
 * @returns its frame (> 0), -Err.BadAddress, -Err.NoMemory, or Result.Pending with t blocked, whose
 * call is to run again
 */
export function resolve(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  address: number,
  access: number,
  of: number = t,
): number {
  const page = pageOf(address);
  if (!(page < USER_END_PAGE)) return -Err.BadAddress;
  const r = resolvePage(s, fx, h, t, page, access, spaceOf(s, of));
  return r === -Err.Access || r === -Err.Io ? -Err.BadAddress : r;
}

/**
 * The frame at a user address if it can be used as it is mapped now; changes nothing.
 *
 * @param access an AccessKind
 * @returns the frame, or 0
 */
export function peekUser(s: State, t: number, address: number, access: number): number {
  const page = pageOf(address);
  if (!(page < USER_END_PAGE)) return 0;
  const space = spaceOf(s, t);
  const region = findRegion(s, space, page);
  if (region === 0 || !allows(s.region.prot[region], access)) return 0;
  const table = leafTable(s, space, page);
  return satisfies(leafOf(s, table, page), access) ? leafFrame(s, table, page) : 0;
}

/**
 * Makes every page of a user range usable, at most COPY_PAGES of them.
 *
 * @returns 0, -Err.BadAddress, -Err.NoMemory, -Err.TooBig, or Result.Pending with t blocked
 */
export function resolveRange(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  address: number,
  length: number,
  access: number,
): number {
  if (length === 0) return 0;
  const last = pageOf(address + length - 1);
  if (!(last < USER_END_PAGE)) return -Err.BadAddress;
  if (last - pageOf(address) >= COPY_PAGES) return -Err.TooBig;
  for (let page = pageOf(address); page <= last; page++) {
    const frame = resolve(s, fx, h, t, page * PAGE_BYTES, access);
    if (frame < 0) return frame;
  }
  return 0;
}

/**
 * Copies bytes of one frame to user memory: all of them or none.
 *
 * @param length at most what is left of the frame after offset
 * @returns 0, -Err.BadAddress, -Err.NoMemory, or Result.Pending with t blocked
 */
export function copyToUser(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  address: number,
  frame: number,
  offset: number,
  length: number,
): number {
  const r = resolveRange(s, fx, h, t, address, length, AccessKind.Write);
  if (r < 0) return r;
  for (let done = 0; done < length;) {
    const at = (address + done) % PAGE_BYTES;
    const piece = Math.min(length - done, PAGE_BYTES - at);
    const to = peekUser(s, t, address + done, AccessKind.Write);
    fx.copy(frame, offset + done, to, at, piece);
    done += piece;
  }
  return 0;
}

/**
 * Copies user memory to bytes of one frame: all of them or none.
 *
 * @param length at most what is left of the frame after offset
 * @returns 0, -Err.BadAddress, -Err.NoMemory, or Result.Pending with t blocked
 */
export function copyFromUser(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  address: number,
  frame: number,
  offset: number,
  length: number,
): number {
  const r = resolveRange(s, fx, h, t, address, length, AccessKind.Read);
  if (r < 0) return r;
  for (let done = 0; done < length;) {
    const at = (address + done) % PAGE_BYTES;
    const piece = Math.min(length - done, PAGE_BYTES - at);
    const from = peekUser(s, t, address + done, AccessKind.Read);
    fx.copy(from, at, frame, offset + done, piece);
    done += piece;
  }
  return 0;
}
