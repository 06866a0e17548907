import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import { AccessKind } from "../event.ts";
import { USER_END_PAGE } from "../isa/riscv64.ts";
import type { State } from "../kernel.ts";
import { PAGE_BYTES } from "../limits.ts";
import { peekUser, resolve } from "../mem/user.ts";
import { PARTS } from "./tables.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { Read, Write } = AccessKind;
const { BadAddress } = Err;

/** Which parts of a message row: those it is gathered from, or those it fills. */
export const Side = { Send: 0, Fill: PARTS } as const;

/** Most parts of pages that copying one message has to look at, both sides. */
export const COPY_UNITS = 2 * 65 + 4 * PARTS;

/** Whether an address can be one of user memory; beyond, an end is not above its beginning. */
function isUser(address: number): boolean {
  return address < USER_END_PAGE * PAGE_BYTES;
}

function partsOf(s: State, message: number, side: number): number {
  return side === Side.Send ? s.message.sendParts[message] : s.message.replyParts[message];
}

/** Describes the one buffer a message is sent from or filled into. */
export function setPart(
  s: State,
  message: number,
  side: number,
  address: number,
  length: number,
): void {
  const m = s.message;
  const at = 2 * PARTS * message + side;
  m.partAddress[at] = address;
  m.partLength[at] = length;
  setExtent(s, message, side, 1, length);
}

/** Sets how many parts a message has on one side, and their bytes. */
export function setExtent(
  s: State,
  message: number,
  side: number,
  parts: number,
  length: number,
): void {
  const m = s.message;
  if (side === Side.Send) {
    m.sendParts[message] = parts;
    m.sendLength[message] = length;
  } else {
    m.replyParts[message] = parts;
    m.replyLength[message] = length;
  }
}

/**
 * Makes the first bytes of a message's parts usable in the space of its own thread.
 *
 * @param access an AccessKind
 * @param t the running thread: the message's own, or that of the other side
 * @returns 0, -Err.BadAddress, -Err.NoMemory, or Result.Pending with t blocked
 */
export function resolveParts(
  s: State,
  fx: Effects,
  h: number,
  message: number,
  side: number,
  length: number,
  access: number,
  t: number = s.message.thread[message],
): number {
  const m = s.message;
  const thread = m.thread[message];
  let left = length;
  for (let i = 0; left > 0 && i < partsOf(s, message, side); i++) {
    const at = 2 * PARTS * message + side + i;
    const count = Math.min(left, m.partLength[at]);
    if (count > 0 && !isUser(m.partAddress[at])) return -BadAddress;
    const end = m.partAddress[at] + count;
    for (let to = m.partAddress[at]; to < end; to += PAGE_BYTES - to % PAGE_BYTES) {
      const frame = resolve(s, fx, h, t, to, access, thread);
      if (frame < 0) return frame;
    }
    left -= count;
  }
  return 0;
}

/** Whether the first bytes of a message's parts can be used as they are mapped now. */
export function arePartsPresent(
  s: State,
  message: number,
  side: number,
  length: number,
  access: number,
): boolean {
  const m = s.message;
  const thread = m.thread[message];
  let left = length;
  for (let i = 0; left > 0 && i < partsOf(s, message, side); i++) {
    const at = 2 * PARTS * message + side + i;
    const count = Math.min(left, m.partLength[at]);
    if (count > 0 && !isUser(m.partAddress[at])) return false;
    const end = m.partAddress[at] + count;
    for (let to = m.partAddress[at]; to < end; to += PAGE_BYTES - to % PAGE_BYTES) {
      if (peekUser(s, thread, to, access) === 0) return false;
    }
    left -= count;
  }
  return true;
}

/**
 * Copies bytes from the parts of one message to those of another, frame to frame. Both sides must
 * be present as far as `length` goes, which is at most what either has.
 *
 * @param skip bytes of the first message that are left out
 */
export function copyParts(
  s: State,
  fx: Effects,
  from: number,
  fromSide: number,
  to: number,
  toSide: number,
  length: number,
  skip = 0,
): void {
  const m = s.message;
  let source = 2 * PARTS * from + fromSide;
  let target = 2 * PARTS * to + toSide;
  let sourceAt = skip;
  while (sourceAt > m.partLength[source]) sourceAt -= m.partLength[source++];
  let targetAt = 0;
  let pieces = 0;
  for (let left = length; left > 0;) {
    if (sourceAt === m.partLength[source]) {
      source++;
      sourceAt = 0;
      continue;
    }
    if (targetAt === m.partLength[target]) {
      target++;
      targetAt = 0;
      continue;
    }
    const a = m.partAddress[source] + sourceAt;
    const b = m.partAddress[target] + targetAt;
    const piece = Math.min(
      left,
      m.partLength[source] - sourceAt,
      m.partLength[target] - targetAt,
      PAGE_BYTES - a % PAGE_BYTES,
      PAGE_BYTES - b % PAGE_BYTES,
    );
    const out = peekUser(s, m.thread[from], a, Read);
    const into = peekUser(s, m.thread[to], b, Write);
    fx.copy(out, a % PAGE_BYTES, into, b % PAGE_BYTES, piece);
    sourceAt += piece;
    targetAt += piece;
    left -= piece;
    pieces++;
  }
  fx.charge(pieces);
}
