/** Guest programs that make visible what a terminal, or any other standard input, gives them. */
import { tinyElf } from "../cli/tiny_elf.ts";

const ZERO = 0;
const SP = 2;
const T0 = 5;
const A0 = 10;
const A1 = 11;
const A2 = 12;
const A7 = 17;
const ECALL = 0x73;

const IOCTL = 29;
const READ = 63;
const WRITE = 64;
const EXIT = 93;
const TCGETS = 0x5401;
const TCSETS = 0x5402;
/** Offset of c_lflag in the kernel's termios, and the two bits of it that make a line of typing. */
const LOCAL_FLAGS = 12;
const ICANON = 2;
const ECHO = 8;

/** Bytes one read asks for. */
export const READ_BYTES = 1024;
/** Status of a program below that came to the end of its input. */
export const ENDED = 3;
const FRAME_BYTES = 1040;

const immediate = (op: number, f3: number, rd: number, rs: number, value: number): number =>
  (((value & 0xfff) << 20) | (rs << 15) | (f3 << 12) | (rd << 7) | op) >>> 0;
const addi = (rd: number, rs: number, value: number) => immediate(0x13, 0, rd, rs, value);
const andi = (rd: number, rs: number, value: number) => immediate(0x13, 7, rd, rs, value);
const add = (rd: number, a: number, b: number) => ((b << 20) | (a << 15) | (rd << 7) | 0x33) >>> 0;
const lw = (rd: number, rs: number, offset: number) => immediate(0x03, 2, rd, rs, offset);
const store = (f3: number, rs: number, base: number, offset: number): number =>
  (((offset >> 5) << 25) | (rs << 20) | (base << 15) | (f3 << 12) | ((offset & 31) << 7) | 0x23) >>>
  0;
/** `lui` and `addi`; the value is below 2^31. */
const load = (rd: number, value: number): number[] => [
  ((((value + 0x800) >>> 12) << 12) | (rd << 7) | 0x37) >>> 0,
  addi(rd, rd, value),
];
/** `bge zero, rs, bytes`: taken when rs is not positive. */
const unlessPositive = (rs: number, bytes: number): number =>
  ((((bytes >> 12) & 1) << 31) | (((bytes >> 5) & 63) << 25) | (rs << 20) | (ZERO << 15) |
    (5 << 12) | (((bytes >> 1) & 15) << 8) | (((bytes >> 11) & 1) << 7) | 0x63) >>> 0;
const jump = (bytes: number): number =>
  ((((bytes >> 20) & 1) << 31) | (((bytes >> 1) & 0x3ff) << 21) | (((bytes >> 11) & 1) << 20) |
    (((bytes >> 12) & 0xff) << 12) | 0x6f) >>> 0;

const call = (number: number): number[] => [addi(A7, ZERO, number), ECALL];
const byteAt = (offset: number, byte: string): number[] => [
  addi(T0, ZERO, byte.charCodeAt(0)),
  store(0, T0, SP, offset),
];
const read = [addi(A0, ZERO, 0), addi(A1, SP, 1), addi(A2, ZERO, READ_BYTES), ...call(READ)];
const exit = [addi(A0, ZERO, ENDED), ...call(EXIT)];
const reserve = addi(SP, SP, -FRAME_BYTES);

/** `before`, then `body` for ever, until the read at its place in the body gives nothing more. */
function untilEnd(asking: readonly number[], showing: readonly number[]): number[] {
  const back = jump(-4 * (asking.length + read.length + 1 + showing.length));
  return [...asking, ...read, unlessPositive(A0, 4 * (showing.length + 2)), ...showing, back];
}

const prompt = [
  ...byteAt(0, "?"),
  addi(A0, ZERO, 1),
  addi(A1, SP, 0),
  addi(A2, ZERO, 1),
  ...call(WRITE),
];
const bracketed = [
  add(T0, SP, A0),
  addi(A2, ZERO, ">".charCodeAt(0)),
  store(0, A2, T0, 1),
  addi(A2, A0, 2),
  ...byteAt(0, "<"),
  addi(A0, ZERO, 1),
  addi(A1, SP, 0),
  ...call(WRITE),
];
const plain = [
  addi(A2, A0, 0),
  addi(A0, ZERO, 1),
  addi(A1, SP, 1),
  ...call(WRITE),
];
const settings = (request: number): number[] => [
  addi(A0, ZERO, 0),
  ...load(A1, request),
  addi(A2, SP, 0),
  ...call(IOCTL),
];

/** Prints `?` before each read, and what the read gave between `<` and `>`; ends with ENDED. */
export const showReads: Uint8Array = tinyElf([reserve, ...untilEnd(prompt, bracketed), ...exit]);

/** The same, after it has turned line editing and echo off. */
export const showRawReads: Uint8Array = tinyElf([
  reserve,
  ...settings(TCGETS),
  lw(T0, SP, LOCAL_FLAGS),
  andi(T0, T0, ~(ICANON | ECHO)),
  store(2, T0, SP, LOCAL_FLAGS),
  ...settings(TCSETS),
  ...untilEnd(prompt, bracketed),
  ...exit,
]);

/** Copies its input to its output; ends with ENDED. */
export const copyInput: Uint8Array = tinyElf([reserve, ...untilEnd([], plain), ...exit]);

const printing = [addi(A0, ZERO, 1), addi(A1, SP, 0), addi(A2, ZERO, READ_BYTES), ...call(WRITE)];

/** Prints zero bytes for ever, whatever its writes answer. */
export const printForever: Uint8Array = tinyElf([
  reserve,
  ...printing,
  jump(-4 * printing.length),
]);
