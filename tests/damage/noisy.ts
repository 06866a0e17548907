/** A program whose journal does not shrink: each write's first bytes are numbered noise. */
import { tinyElf } from "../cli/tiny_elf.ts";

const ECALL = 0x73;
const addi = (rd: number, rs: number, value: number): number =>
  (((value & 0xfff) << 20) | (rs << 15) | (rd << 7) | 0x13) >>> 0;
const A0 = 10, A1 = 11, A2 = 12, A7 = 17, SP = 2, S1 = 9, S2 = 18, S3 = 19;
const lui = (rd: number, upper: number): number => ((upper << 12) | (rd << 7) | 0x37) >>> 0;
const mul = (rd: number, a: number, b: number): number =>
  ((1 << 25) | (b << 20) | (a << 15) | (rd << 7) | 0x33) >>> 0;
const sd = (value: number, base: number, offset: number): number =>
  ((value << 20) | (base << 15) | (3 << 12) | (offset << 7) | 0x23) >>> 0;
/** Jumps back over a number of instructions. */
const back = (instructions: number): number => {
  const offset = -4 * instructions;
  const bits = (high: number, low: number): number =>
    (offset >> low) & ((1 << (high - low + 1)) - 1);
  return ((bits(20, 20) << 31) | (bits(10, 1) << 21) | (bits(11, 11) << 20) |
    (bits(19, 12) << 12) | 0x6f) >>> 0;
};

/** Bytes of each write: its number, counted from 1, in eight bytes, then 16 of noise. */
export const RECORD_BYTES = 24;

/** An ELF file that writes numbered records to standard output for ever. */
export function noisyElf(): Uint8Array {
  const code = [
    addi(S1, 0, 0),
    lui(S3, 0x41c65),
    addi(S3, S3, 0x66d),
    addi(S2, 0, 77),
    addi(SP, SP, -64),
    // Again from here.
    addi(S1, S1, 1),
    mul(S2, S2, S3),
    addi(S2, S2, 1013),
    sd(S1, SP, 0),
    sd(S2, SP, 8),
    mul(S2, S2, S3),
    addi(S2, S2, 1013),
    sd(S2, SP, 16),
    addi(A0, 0, 1),
    addi(A1, SP, 0),
    addi(A2, 0, RECORD_BYTES),
    addi(A7, 0, 64),
    ECALL,
  ];
  return tinyElf([...code, back(code.length - 5)]);
}
