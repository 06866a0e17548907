import { roleRegister } from "../isa/signal_frame.ts";
import { CARRIED, REGISTER_BYTES } from "./tables.ts";

/**
 * The tag of a message, register a1. Low word: bits 0 to 19 length in bytes; 20 to 23 which of its
 * capabilities are moved, the others are copied; 24 to 26 how many capabilities it carries; 27 to
 * 30 flags. High word: the sender's to use; in a reply it is what the client's call returns.
 */
export const TagFlag = {
  /** Its sender takes capabilities with the reply; only with msg_send_caps. */
  Takes: 0x0800_0000,
  /** The bytes lie in memory: in the buffer the receiver named. */
  Memory: 0x1000_0000,
  /** It is a pulse: code in a2, value in a3, session in a4. */
  Pulse: 0x2000_0000,
  /** It was posted, and nobody waits for a reply: bytes from a2 on, session in a6. */
  Posted: 0x4000_0000,
} as const;

/** Bits of a tag that are the length. */
export const TAG_LENGTH = 0xf_ffff;
/** The first bit that says of a capability that it is moved. */
const MOVED = 20;
/** The first bit of their number. */
const COUNT = 24;

/** Whether the low word of a tag is one a program may send registers with. */
export function isRegisterTag(tag: number): boolean {
  return tag >= 0 && tag <= REGISTER_BYTES;
}

/** How many capabilities a tag says a message carries; up to 7, of which CARRIED are allowed. */
export function capabilitiesOf(tag: number): number {
  return (tag >>> COUNT) & 7;
}

/** Which of them are moved, a bit each. */
export function movedOf(tag: number): number {
  return (tag >>> MOVED) & 15;
}

/**
 * Whether the low word of a tag is one a program may send registers and capabilities with.
 *
 * @param flags TagFlag bits that may be set
 */
export function isCarrierTag(tag: number, flags: number): boolean {
  const count = capabilitiesOf(tag);
  const known = TAG_LENGTH | 15 << MOVED | 7 << COUNT | flags;
  return (tag & ~known) === 0 && (tag & TAG_LENGTH) <= REGISTER_BYTES &&
    count <= CARRIED && movedOf(tag) >>> count === 0;
}

/** The registers that carry a message: a2 to a6, t0 to t2, eight bytes each. */
const PAYLOAD: readonly number[] = [12, 13, 14, 15, 16, 5, 6, 7];
/** The first of the four registers that name capabilities: t3. */
export const CAPABILITY_REGISTER = 28;

/** Registers to copy for a message of so many words: its tag's too. */
const MASKS: Uint32Array = Uint32Array.from(
  { length: PAYLOAD.length + 1 },
  (_, words) =>
    PAYLOAD.slice(0, words).reduce(
      (mask, register) => mask | 1 << register,
      1 << roleRegister.a1,
    ),
);

/** The registers, one bit each, that carry a message of so many bytes. */
export function registersOf(length: number): number {
  return MASKS[(length + 7) >>> 3];
}
