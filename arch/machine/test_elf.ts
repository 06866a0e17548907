import { encode } from "../riscv64/encode.ts";

/** Address at which {@link testElf} puts the code; the data follow on the next page. */
export const TEST_CODE_BASE = 0x10000;

const PAGE = 4096;

/** Instructions as bytes: 16-bit ones take two. */
export function codeBytes(code: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const bits of code) {
    bytes.push(bits & 255, (bits >>> 8) & 255);
    if ((bits & 3) === 3) bytes.push((bits >>> 16) & 255, bits >>> 24);
  }
  return Uint8Array.from(bytes);
}

/** `lui` and `addi` that load an address below 2^31. */
export function loadAddress(register: number, address: number): number[] {
  const high = (address + 0x800) & ~0xfff;
  return [
    encode("lui", { d: register, imm: high }),
    encode("addi", { d: register, s1: register, imm: address - high }),
  ];
}

/** `write(1, address, count)`, then `exit(0)`, as the Linux ABI has them. */
export function writeAndExit(address: number, count: number): number[] {
  return [
    encode("addi", { d: 10, imm: 1 }),
    ...loadAddress(11, address),
    ...loadAddress(12, count),
    encode("addi", { d: 17, imm: 64 }),
    encode("ecall"),
    encode("addi", { d: 10, imm: 0 }),
    encode("addi", { d: 17, imm: 93 }),
    encode("ecall"),
  ];
}

/** A part of an ELF file's memory image. */
export interface Segment {
  /** A multiple of 4,096. */
  readonly address: number;
  /** The first bytes; zeros follow up to `size`. */
  readonly bytes: Uint8Array;
  readonly size: number;
  /** ELF's bits: 4 read, 2 write, 1 execute. */
  readonly flags: number;
}

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;

/** A static RV64 ELF file made of segments, which must not share pages. */
export function segmentsElf(entry: number, segments: readonly Segment[]): Uint8Array<ArrayBuffer> {
  const headers = HEADER_BYTES + segments.length * PROGRAM_HEADER_BYTES;
  let end = Math.ceil(headers / PAGE) * PAGE;
  const offsets = segments.map(({ bytes }) => {
    const offset = end;
    end += Math.ceil(bytes.length / PAGE) * PAGE;
    return offset;
  });
  const file = new Uint8Array(end);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 243, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(entry), true);
  view.setBigUint64(32, BigInt(HEADER_BYTES), true);
  // Flags: compressed code, double-float ABI.
  view.setUint32(48, 5, true);
  view.setUint16(52, HEADER_BYTES, true);
  view.setUint16(54, PROGRAM_HEADER_BYTES, true);
  view.setUint16(56, segments.length, true);
  segments.forEach(({ address, bytes, size, flags }, index) => {
    const at = HEADER_BYTES + index * PROGRAM_HEADER_BYTES;
    view.setUint32(at, 1, true);
    view.setUint32(at + 4, flags, true);
    [offsets[index]!, address, address, bytes.length, size, PAGE]
      .forEach((value, i) => view.setBigUint64(at + 8 + i * 8, BigInt(value), true));
    file.set(bytes, offsets[index]!);
  });
  return file;
}

/**
 * A static RV64 ELF file with two segments: code (read, write, execute) at
 * {@link TEST_CODE_BASE}, and data (read, write) at `dataBase`, followed by zeroed space.
 */
export function testElf(
  code: Uint8Array,
  dataBase: number,
  data: Uint8Array,
  dataSize: number,
): Uint8Array<ArrayBuffer> {
  if (TEST_CODE_BASE + code.length > dataBase) throw new RangeError("code reaches into the data");
  return segmentsElf(TEST_CODE_BASE, [
    { address: TEST_CODE_BASE, bytes: code, size: code.length, flags: 7 },
    { address: dataBase, bytes: data, size: dataSize, flags: 6 },
  ]);
}
