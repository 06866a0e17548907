import { CSR_FLOAT } from "../ir/ops_float.ts";
import { opcodeOf, ops } from "../ir/ops.ts";
import type { OpName } from "../ir/ops.ts";
import { OP, PAGE_SIZE, REGISTER } from "../machine/memory/layout.ts";
import { CSR } from "./csr.ts";
import { decode, instructionLength } from "./decoder.ts";
import { extractImmediate, extractRegister } from "./formats.ts";
import type { RegisterField } from "./formats.ts";
import type { Instruction } from "./instructions.ts";

/** An IR op before it is written to memory. Register operands are register-slot indexes. */
export interface LoweredOp {
  name: OpName;
  far: boolean;
  a: number;
  b: number;
  c: number;
  d: number;
  /** As the op's semantics want it: for jumps the distance in guest bytes. */
  immediate: number;
  /** Instruction bytes. */
  length: number;
}

/** An op to reuse for {@link lower}, so that decoding allocates nothing. */
export function newLoweredOp(): LoweredOp {
  return { name: "nop", far: false, a: 0, b: 0, c: 0, d: 0, immediate: 0, length: 4 };
}

const ROUNDING_SHIFT = 12;
const SOURCE_SHIFT = 15;

/**
 * Translates one instruction. `offset` is its byte offset in its page, or -1 when it lies in two
 * pages; it decides whether a jump is near. Reserved encodings become the op `illegal`.
 */
export function lower(bits: number, offset: number, out: LoweredOp): void {
  out.length = instructionLength(bits);
  const row = decode(bits);
  if (row === undefined) return lowerIllegal(out);
  const { format, syntax } = row;
  out.name = row.op;
  out.far = false;
  out.a = destination(format.d, syntax, bits);
  out.b = source(format.s1, syntax.includes("fs1"), bits);
  out.c = source(format.s2, syntax.includes("fs2"), bits);
  out.d = source(format.s3, true, bits);
  out.immediate = row.hasRoundingMode
    ? (bits >>> ROUNDING_SHIFT) & 7
    : format.imm === undefined
    ? 0
    : extractImmediate(format.imm, bits);
  if (row.op === "csr_float") lowerCsr(row, bits, out);
  if (row.op === "addi" && out.b === REGISTER.x0) out.name = "li";
  const control = ops[out.name].control;
  if (control === "branch" || control === "relative") {
    const target = offset + out.immediate;
    out.far = offset < 0 || target < 0 || target >= PAGE_SIZE;
  }
}

function lowerIllegal(out: LoweredOp): void {
  out.name = "illegal";
  out.far = false;
  out.a =
    out.b =
    out.c =
    out.d =
    out.immediate =
      0;
}

function destination(field: RegisterField | undefined, syntax: string, bits: number): number {
  if (field === undefined) return REGISTER.sink;
  const register = extractRegister(field, bits);
  if (syntax.includes("fd")) return REGISTER.f0 + register;
  return register === 0 ? REGISTER.sink : register;
}

function source(field: RegisterField | undefined, isFloat: boolean, bits: number): number {
  if (field === undefined) return REGISTER.x0;
  return (isFloat ? REGISTER.f0 : REGISTER.x0) + extractRegister(field, bits);
}

/** Zicsr: set and clear with x0 or immediate 0 only read; counters cannot be written. */
function lowerCsr(row: Instruction, bits: number, out: LoweredOp): void {
  const number = (bits >>> 20) & 0xfff;
  const mode = (bits >>> ROUNDING_SHIFT) & 3;
  const writes = mode === CSR_FLOAT.write || ((bits >>> SOURCE_SHIFT) & 31) !== 0;
  switch (number) {
    case CSR.fflags:
    case CSR.frm:
    case CSR.fcsr: {
      const immediate = row.syntax.includes("zimm");
      out.immediate = mode | (number << CSR_FLOAT.numberShift);
      if (immediate) {
        const value = (bits >>> SOURCE_SHIFT) & 31;
        out.b = REGISTER.x0;
        out.immediate |= CSR_FLOAT.immediateSource | (value << CSR_FLOAT.sourceShift);
      }
      return;
    }
    case CSR.cycle:
    case CSR.time:
    case CSR.instret:
      if (writes) return lowerIllegal(out);
      out.name = number === CSR.instret ? "read_retired" : "read_time";
      return;
    default:
      return lowerIllegal(out);
  }
}

/** Writes an op at a linear address (16-byte aligned) through views of linear memory. */
export function writeOp(
  op: LoweredOp,
  address: number,
  u16: Uint16Array<SharedArrayBuffer>,
  i32: Int32Array<SharedArrayBuffer>,
): void {
  const half = address / 2;
  const control = ops[op.name].control;
  const nearJump = !op.far && (control === "branch" || control === "relative");
  u16[half + OP.a / 2] = op.a * 8;
  u16[half + OP.b / 2] = op.b * 8;
  u16[half + OP.c / 2] = op.c * 8;
  u16[half + OP.d / 2] = op.d * 8;
  i32[(address + OP.immediate) / 4] = nearJump ? op.immediate * 8 : op.immediate;
  u16[half + OP.next / 2] = op.length * 8;
  u16[half + OP.code / 2] = opcodeOf(op.name, op.far);
}
