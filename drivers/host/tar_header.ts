import { HostError } from "./host_error.ts";

/**
 * Headers of tar archives: POSIX ustar (IEEE 1003.1 pax, "ustar Interchange Format") and the GNU
 * variant of it.
 */

/** Bytes of a tar block. */
export const TAR_BLOCK = 512;

/** Kinds of archive member, by the type byte of the header. */
export const TarType = {
  /** "0" and NUL, and "7", are all regular files. */
  File: 0x30,
  HardLink: 0x31,
  Symlink: 0x32,
  CharacterDevice: 0x33,
  BlockDevice: 0x34,
  Directory: 0x35,
  Fifo: 0x36,
  Contiguous: 0x37,
  GnuLongLink: 0x4b,
  GnuLongName: 0x4c,
  GnuSparse: 0x53,
  PaxGlobal: 0x67,
  PaxNext: 0x78,
} as const;

/** What one header block says. */
export interface TarHeader {
  readonly name: Uint8Array;
  readonly link: Uint8Array;
  readonly mode: number;
  readonly size: number;
  readonly type: number;
}

/** A field's bytes up to its first NUL. */
function field(block: Uint8Array, at: number, length: number): Uint8Array {
  let end = at;
  while (end < at + length && block[end] !== 0) end++;
  return block.slice(at, end);
}

/** A numeric field: octal digits, or base 256 with the top bit of the first byte set (GNU). */
function number(block: Uint8Array, at: number, length: number, what: string): number {
  let value = 0;
  if ((block[at] & 0x80) !== 0) {
    value = block[at] & 0x7f;
    for (let i = 1; i < length; i++) value = value * 256 + block[at + i];
  } else {
    let i = at;
    const end = at + length;
    while (i < end && block[i] === 0x20) i++;
    for (; i < end && block[i] >= 0x30 && block[i] <= 0x37; i++) {
      value = value * 8 + block[i] - 0x30;
    }
    if (i < end && block[i] !== 0 && block[i] !== 0x20) {
      throw new HostError("invalid", `a member's ${what} is not a number`);
    }
  }
  if (!Number.isSafeInteger(value)) {
    throw new HostError("invalid", `a member's ${what} is too large`);
  }
  return value;
}

/** Whether a block is all zero, as the two that end an archive are. */
export function isZeroBlock(block: Uint8Array): boolean {
  for (let i = 0; i < TAR_BLOCK; i++) if (block[i] !== 0) return false;
  return true;
}

/** Whether a block's checksum is right; both ways of summing that were ever used are taken. */
export function checksumHolds(block: Uint8Array): boolean {
  let unsigned = 8 * 0x20;
  let signed = 8 * 0x20;
  for (let i = 0; i < TAR_BLOCK; i++) {
    if (i >= 148 && i < 156) continue;
    unsigned += block[i];
    signed += (block[i] << 24) >> 24;
  }
  let told = 0;
  let digits = 0;
  for (let i = 148; i < 156; i++) {
    if (block[i] >= 0x30 && block[i] <= 0x37) {
      told = told * 8 + block[i] - 0x30;
      digits++;
    } else if (digits > 0) break;
  }
  return digits > 0 && (told === unsigned || told === signed);
}

/**
 * Takes a header block apart.
 *
 * @throws {HostError} for a field that is no number
 */
export function parseHeader(block: Uint8Array): TarHeader {
  let name = field(block, 0, 100);
  const posix = String.fromCharCode(...block.subarray(257, 263)) === "ustar\0";
  const prefix = posix ? field(block, 345, 155) : new Uint8Array(0);
  if (prefix.length > 0) {
    const joined = new Uint8Array(prefix.length + 1 + name.length);
    joined.set(prefix);
    joined[prefix.length] = 0x2f;
    joined.set(name, prefix.length + 1);
    name = joined;
  }
  const type = block[156];
  return {
    name,
    link: field(block, 157, 100),
    mode: number(block, 100, 8, "mode") & 0o7777,
    size: number(block, 124, 12, "size"),
    type: type === 0 || type === TarType.Contiguous ? TarType.File : type,
  };
}
