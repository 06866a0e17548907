/** The program whose run is damaged: bursts of calls with sleeps in between, then a file and entropy. */
import { tinyElf } from "../cli/tiny_elf.ts";

const A0 = 10, A1 = 11, A2 = 12, A7 = 17, SP = 2, S1 = 9, S2 = 18, S3 = 19;
const ECALL = 0x73;

const addi = (rd: number, rs: number, value: number): number =>
  (((value & 0xfff) << 20) | (rs << 15) | (rd << 7) | 0x13) >>> 0;
const li = (rd: number, value: number): number => addi(rd, 0, value);
const auipc = (rd: number): number => (rd << 7) | 0x17;
const store = (value: number, base: number): number =>
  ((value << 20) | (base << 15) | 0x3023) >>> 0;

/** `bne rs, zero` back over a number of instructions. */
function again(rs: number, instructions: number): number {
  const offset = -4 * instructions;
  const bits = (high: number, low: number): number =>
    (offset >> low) & ((1 << (high - low + 1)) - 1);
  return ((bits(12, 12) << 31) | (bits(10, 5) << 25) | (rs << 15) | (1 << 12) |
    (bits(4, 1) << 8) | (bits(11, 11) << 7) | 0x63) >>> 0;
}

/** What the program prints in each burst. */
export const LINE = "a burst of calls\n";
/** The file it reads at the end, below its root. */
export const DATA_FILE = "data";

/**
 * An ELF file that makes `bursts` bursts of `calls` getppid calls, one write and one sleep of 1.2 s,
 * then reads 64 bytes of /data, prints them, and takes 8 random bytes.
 */
export function burstsElf(bursts: number, calls: number): Uint8Array {
  const texts = [`${LINE}`, `/${DATA_FILE}\0`];
  const data: number[] = [1, 0, 200_000_000, 0];
  const starts: number[] = [];
  for (const text of texts) {
    starts.push(4 * data.length);
    const bytes = new Uint8Array((text.length + 3) & ~3);
    bytes.set(new TextEncoder().encode(text));
    data.push(...new Uint32Array(bytes.buffer));
  }
  const [line, path] = starts;
  const code: number[] = [];
  const addresses: { readonly at: number; readonly register: number; readonly data: number }[] = [];
  const emit = (...words: number[]): void => void code.push(...words);
  const address = (register: number, offset: number): void => {
    addresses.push({ at: code.length, register, data: offset });
    emit(auipc(register), 0);
  };
  const call = (number: number): void => emit(li(A7, number), ECALL);

  emit(li(S2, bursts));
  const outer = code.length;
  emit(li(S1, calls));
  const inner = code.length;
  call(173);
  emit(addi(S1, S1, -1));
  emit(again(S1, code.length - inner));
  emit(li(A0, 1));
  address(A1, line);
  emit(li(A2, LINE.length));
  call(64);
  address(A0, 0);
  emit(li(A1, 0));
  call(101);
  emit(addi(S2, S2, -1));
  emit(again(S2, code.length - outer));
  emit(li(A0, -100));
  address(A1, path);
  emit(li(A2, 0));
  call(56);
  emit(addi(S3, A0, 0), addi(SP, SP, -256), addi(A0, S3, 0), addi(A1, SP, 0), li(A2, 64));
  call(63);
  emit(addi(A2, A0, 0), li(A0, 1), addi(A1, SP, 0));
  call(64);
  emit(addi(A0, SP, 0), li(A1, 8), li(A2, 0));
  call(278);
  // What was random must reach memory that a later state hash covers.
  emit(store(0, SP), li(A0, 0));
  call(93);
  for (const { at, register, data: offset } of addresses) {
    code[at + 1] = addi(register, register, 4 * (code.length - at) + offset);
  }
  return tinyElf([...code, ...data]);
}
