import { encode } from "../riscv64/encode.ts";

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
