import { instructions } from "./instructions.ts";
import type { Instruction } from "./instructions.ts";

/** Static rounding-mode values that no mode has; 7 means dynamic. */
const RESERVED_ROUNDING = [5, 6];

/** Rows that can match, most special first: by opcode and funct3, and by quadrant and funct3. */
const wideRows: Instruction[][] = Array.from({ length: 256 }, () => []);
const compressedRows: Instruction[][] = Array.from({ length: 32 }, () => []);

for (const row of [...instructions].reverse()) {
  const rows = row.length === 4 ? wideRows : compressedRows;
  for (let key = 0; key < rows.length; key++) {
    const bits = row.length === 4
      ? 3 | ((key & 31) << 2) | ((key >> 5) << 12)
      : (key & 3) | ((key >> 2) << 13);
    const keyMask = row.length === 4 ? 0x707f : 0xe003;
    if (((bits ^ row.match) & row.mask & keyMask) === 0) rows[key]!.push(row);
  }
}

/**
 * Bytes of the instruction whose first halfword is given. Encodings that announce more than 32
 * bits exist in no extension here and count as 32-bit ones; they match no row.
 */
export function instructionLength(firstHalf: number): 2 | 4 {
  return (firstHalf & 3) === 3 ? 4 : 2;
}

/** The table row that `bits` encode, or undefined when they are reserved or not implemented. */
export function decode(bits: number): Instruction | undefined {
  const wide = instructionLength(bits) === 4;
  const rows = wide
    ? wideRows[((bits >>> 2) & 31) | (((bits >>> 12) & 7) << 5)]!
    : compressedRows[(bits & 3) | (((bits >>> 13) & 7) << 2)]!;
  const value = wide ? bits : bits & 0xffff;
  for (const row of rows) {
    if ((value & row.mask) !== row.match) continue;
    if (row.nonZero.some((field) => (value & field) === 0)) continue;
    if (row.hasRoundingMode && RESERVED_ROUNDING.includes((value >>> 12) & 7)) return undefined;
    return row;
  }
  return undefined;
}
