import { csrName } from "./csr.ts";
import { decode, instructionLength } from "./decoder.ts";
import { extractImmediate, extractRegister } from "./formats.ts";
import type { Instruction } from "./instructions.ts";

const INTEGER_NAMES =
  ("zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 " +
    "t3 t4 t5 t6").split(" ");
const FLOAT_NAMES =
  ("ft0 ft1 ft2 ft3 ft4 ft5 ft6 ft7 fs0 fs1 fa0 fa1 fa2 fa3 fa4 fa5 fa6 fa7 fs2 fs3 fs4 fs5 fs6 " +
    "fs7 fs8 fs9 fs10 fs11 ft8 ft9 ft10 ft11").split(" ");
const ROUNDING_NAMES = ["rne", "rtz", "rdn", "rup", "rmm", "", "", "dyn"];
const ORDER_SUFFIXES = ["", ".rl", ".aq", ".aqrl"];

/** ABI name of integer register `x<number>`. */
export function integerRegisterName(number: number): string {
  return INTEGER_NAMES[number]!;
}

/** ABI name of floating-point register `f<number>`. */
export function floatRegisterName(number: number): string {
  return FLOAT_NAMES[number]!;
}

/**
 * One instruction as assembler text without pseudo-instructions. `bits` holds it in its low 16 or
 * 32 bits. Jump targets are absolute when `pc` (a safe integer) is given, else distances from the
 * instruction. Reserved encodings read `unknown 0x…`.
 */
export function disassemble(bits: number, pc?: number): string {
  const row = decode(bits);
  if (row === undefined) {
    const wide = instructionLength(bits) === 4;
    const value = wide ? bits >>> 0 : bits & 0xffff;
    return `unknown 0x${value.toString(16).padStart(wide ? 8 : 4, "0")}`;
  }
  const aqrl = row.syntax.startsWith("aqrl ");
  const name = aqrl ? row.name + ORDER_SUFFIXES[(bits >>> 25) & 3]! : row.name;
  const operands = (aqrl ? row.syntax.slice(5) : row.syntax)
    .replace(/[a-z]+[0-9]?/g, (token) => operandText(row, token, bits, pc));
  return operands === "" ? name : `${name} ${operands}`;
}

function operandText(
  row: Instruction,
  token: string,
  bits: number,
  pc: number | undefined,
): string {
  const { format } = row;
  const value = format.imm === undefined ? 0 : extractImmediate(format.imm, bits);
  switch (token) {
    case "imm":
      return `${value}`;
    case "upper":
      return `${(value >>> 12) & 0xfffff}`;
    case "target":
      return pc === undefined ? `${value}` : `0x${(pc + value).toString(16)}`;
    case "csr":
      return csrName(value) ?? `${value}`;
    case "zimm":
      return `${(bits >>> 15) & 31}`;
    case "rm":
      return ROUNDING_NAMES[(bits >>> 12) & 7]!;
    case "pred":
      return fenceSet((value >>> 4) & 15);
    case "succ":
      return fenceSet(value & 15);
    default:
      return registerText(row, token, bits);
  }
}

function registerText(row: Instruction, token: string, bits: number): string {
  const field = row.format[token.slice(1) as "d" | "s1" | "s2" | "s3"];
  if (field === undefined) throw new Error(`${row.name}: no field for operand ${token}`);
  const register = extractRegister(field, bits);
  return token.startsWith("f") ? floatRegisterName(register) : integerRegisterName(register);
}

function fenceSet(set: number): string {
  const letters = [..."iorw"].filter((_, index) => ((set >> (3 - index)) & 1) === 1).join("");
  return letters === "" ? "0" : letters;
}
