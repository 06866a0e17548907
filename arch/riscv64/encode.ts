import { insertImmediate, insertRegister } from "./formats.ts";
import { instructions } from "./instructions.ts";
import type { Instruction } from "./instructions.ts";

/** Operands of an instruction: register numbers, and what else its format has. */
export interface Operands {
  readonly d?: number;
  readonly s1?: number;
  readonly s2?: number;
  readonly s3?: number;
  /** In bytes for addresses and jumps; a CSR number for CSR instructions. */
  readonly imm?: number;
  /** Rounding mode, for instructions that have one; 7 (dynamic) when absent. */
  readonly rm?: number;
}

const byName = new Map(instructions.map((row) => [row.name, row]));

/** The table row of a mnemonic. Throws when there is none. */
export function instructionNamed(name: string): Instruction {
  const row = byName.get(name);
  if (row === undefined) throw new Error(`no instruction ${name}`);
  return row;
}

/** The bits of an instruction: the inverse of decoding, for tests and program generators. */
export function encode(name: string, operands: Operands = {}): number {
  const row = instructionNamed(name);
  const { d, s1, s2, s3, imm } = row.format;
  let bits = row.match;
  if (imm !== undefined) bits = insertImmediate(imm, bits, operands.imm ?? 0);
  // Absent operands stay zero; a field that is source and destination at once is given as either.
  const fields = [[d, operands.d], [s1, operands.s1], [s2, operands.s2], [
    s3,
    operands.s3,
  ]] as const;
  for (const [field, register] of fields) {
    if (field !== undefined && register !== undefined) bits = insertRegister(field, bits, register);
  }
  // What the opcode fixes wins over an operand that the format only seems to have.
  bits = (bits & ~row.mask) | row.match;
  if (row.hasRoundingMode) bits = (bits & ~0x7000) | ((operands.rm ?? 7) << 12);
  return row.length === 2 ? bits & 0xffff : bits;
}
