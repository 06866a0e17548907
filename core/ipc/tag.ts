import { roleRegister } from "../isa/signal_frame.ts";
import { REGISTER_BYTES } from "./tables.ts";

/**
 * The tag of a message, register a1. Low word: length in bytes (24 bits), capabilities (4), flags
 * (4). High word: the sender's to use; in a reply it is what the client's call returns.
 */
export const TagFlag = {
  /** The bytes lie in memory: in the buffer the receiver named. */
  Memory: 0x1000_0000,
  /** It is a pulse: code in a2, value in a3, session in a4. */
  Pulse: 0x2000_0000,
  /** It was posted, and nobody waits for a reply: bytes from a2 on, session in a6. */
  Posted: 0x4000_0000,
} as const;

/** Whether the low word of a tag is one a program may send registers with. */
export function isRegisterTag(tag: number): boolean {
  return tag >= 0 && tag <= REGISTER_BYTES;
}

/** The registers that carry a message: a2 to a6, t0 to t2, eight bytes each. */
const PAYLOAD: readonly number[] = [12, 13, 14, 15, 16, 5, 6, 7];

/** Registers to copy for a message of so many words: its tag's too. */
const MASKS: Uint32Array = Uint32Array.from(
  { length: PAYLOAD.length + 1 },
  (_, words) =>
    PAYLOAD.slice(0, words).reduce(
      (mask, register) => mask | 1 << register,
      1 << roleRegister.a1,
    ),
);

/** The registers, one bit each, that carry a message with a tag. */
export function registersOf(tag: number): number {
  return MASKS[(tag + 7) >>> 3];
}
