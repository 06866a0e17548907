/** Static RISC-V programs of a few instructions, made here so that these tests need no compiler. */

const EM_RISCV = 243;
const HEADER_BYTES = 64;
const SEGMENT_HEADER_BYTES = 56;
const BASE = 0x10000;

/** What may be wrong with a program. */
export interface ElfFaults {
  /** ELF machine number; RISC-V if absent. */
  readonly machine?: number;
  /** ELF class: 1 is 32-bit, 2 is 64-bit. */
  readonly fileClass?: number;
}

/** An ELF file with one readable, executable segment that holds the instructions. */
export function tinyElf(code: readonly number[], faults: ElfFaults = {}): Uint8Array {
  const start = HEADER_BYTES + SEGMENT_HEADER_BYTES;
  const size = start + code.length * 4;
  const view = new DataView(new ArrayBuffer(size));
  const u64 = (at: number, value: number): void => view.setBigUint64(at, BigInt(value), true);

  view.setUint32(0, 0x7f454c46);
  view.setUint8(4, faults.fileClass ?? 2);
  view.setUint8(5, 1); // little endian
  view.setUint8(6, 1); // version
  view.setUint16(16, 2, true); // an executable at fixed addresses
  view.setUint16(18, faults.machine ?? EM_RISCV, true);
  view.setUint32(20, 1, true);
  u64(24, BASE + start); // entry
  u64(32, HEADER_BYTES); // segment headers
  view.setUint32(48, 0x5, true); // compressed instructions, double floats
  view.setUint16(52, HEADER_BYTES, true);
  view.setUint16(54, SEGMENT_HEADER_BYTES, true);
  view.setUint16(56, 1, true);
  view.setUint16(58, 64, true);

  view.setUint32(HEADER_BYTES, 1, true); // loaded
  view.setUint32(HEADER_BYTES + 4, 5, true); // readable, executable
  u64(HEADER_BYTES + 16, BASE);
  u64(HEADER_BYTES + 24, BASE);
  u64(HEADER_BYTES + 32, size);
  u64(HEADER_BYTES + 40, size);
  u64(HEADER_BYTES + 48, 0x1000);

  code.forEach((word, index) => view.setUint32(start + index * 4, word, true));
  return new Uint8Array(view.buffer);
}

const addi = (rd: number, rs: number, value: number): number =>
  (((value & 0xfff) << 20) | (rs << 15) | (rd << 7) | 0x13) >>> 0;
const lui = (rd: number, upper: number): number => ((upper << 12) | (rd << 7) | 0x37) >>> 0;
const ECALL = 0x73;
const A0 = 10;
const A7 = 17;
const S0 = 8;
/** `bne s0, zero, -12`: back over three instructions. */
const LOOP_BACK = 0xfe041ae3;

/** Instructions that end the program with a status. */
export const exit = (status: number): number[] => [addi(A0, 0, status), addi(A7, 0, 93), ECALL];

/** Instructions that call getppid `pages` × 4,096 times, then end with status 0. */
export const manyCalls = (pages: number): number[] => [
  lui(S0, pages),
  addi(A7, 0, 173),
  ECALL,
  addi(S0, S0, -1),
  LOOP_BACK,
  ...exit(0),
];

/** Spins for ever. */
export const spin: readonly number[] = [0x6f];

/** An instruction that no RISC-V hart knows. */
export const illegal: readonly number[] = [0];
