import { formats } from "./formats.ts";
import type { Format, FormatName } from "./formats.ts";
import { compressedRows } from "./compressed.ts";
import type { OpName } from "../ir/ops.ts";

/**
 * Every user-mode instruction of RV64IMAFDC_Zicsr_Zifencei, each declared once (unprivileged ISA
 * manual, chapter "RV32/64G Instruction Set Listings"). The decoder, the disassembler and the test
 * generators derive from this table. An encoding that no row matches is an illegal instruction.
 */
export interface Instruction {
  readonly name: string;
  /** The instruction's bits under `mask` equal `match`. */
  readonly match: number;
  readonly mask: number;
  readonly formatName: FormatName;
  readonly format: Format;
  /**
   * The operands as the assembler writes them. `x…` are integer and `f…` floating-point registers,
   * by field: `xd`, `fs1`; `imm`, `csr`, `zimm`, `rm`, `pred`, `aqrl` and so on are not registers.
   */
  readonly syntax: string;
  /** The IR op this instruction becomes; near and far forms of a jump share the near one's name. */
  readonly op: OpName;
  /** In bytes. */
  readonly length: 2 | 4;
  /** A 16-bit instruction's 32-bit equivalent. */
  readonly expands?: string;
  /** Bits that must not all be zero: the encoding is reserved otherwise. */
  readonly nonZero: readonly number[];
  readonly hasRoundingMode: boolean;
}

const LOAD = 0x03, LOAD_FP = 0x07, MISC_MEM = 0x0f, OP_IMM = 0x13, AUIPC = 0x17, OP_IMM_32 = 0x1b;
const STORE = 0x23, STORE_FP = 0x27, AMO = 0x2f, OP = 0x33, LUI = 0x37, OP_32 = 0x3b;
const MADD = 0x43, MSUB = 0x47, NMSUB = 0x4b, NMADD = 0x4f, OP_FP = 0x53;
const BRANCH = 0x63, JALR = 0x67, JAL = 0x6f, SYSTEM = 0x73;

const list: Instruction[] = [];

function row(
  name: string,
  match: number,
  mask: number,
  formatName: FormatName,
  syntax: string,
  op: OpName,
): void {
  const hasRoundingMode = syntax.endsWith("rm");
  const format: Format = formats[formatName];
  list.push({
    name,
    match,
    mask,
    formatName,
    format,
    syntax,
    op,
    length: 4,
    nonZero: [],
    hasRoundingMode,
  });
}

const withFunct3 = (opcode: number, funct3: number): number => opcode | (funct3 << 12);
const withFunct7 = (opcode: number, funct3: number, funct7: number): number =>
  opcode | (funct3 << 12) | (funct7 << 25);

const OPCODE = 0x7f;
const FUNCT3 = 0x707f;
const FUNCT7 = 0xfe00707f | 0;
const EXACT = -1;

// RV32I and RV64I
row("lui", LUI, OPCODE, "U", "xd, upper", "li");
row("auipc", AUIPC, OPCODE, "U", "xd, upper", "auipc");
row("jal", JAL, OPCODE, "J", "xd, target", "jal");
row("jalr", JALR, FUNCT3, "I", "xd, imm(xs1)", "jalr");
for (
  const [name, funct3] of [
    ["beq", 0],
    ["bne", 1],
    ["blt", 4],
    ["bge", 5],
    ["bltu", 6],
    ["bgeu", 7],
  ] as const
) row(name, withFunct3(BRANCH, funct3), FUNCT3, "B", "xs1, xs2, target", name);
for (
  const [funct3, name] of (["lb", "lh", "lw", "ld", "lbu", "lhu", "lwu"] as const).entries()
) row(name, withFunct3(LOAD, funct3), FUNCT3, "I", "xd, imm(xs1)", name);
for (const [funct3, name] of (["sb", "sh", "sw", "sd"] as const).entries()) {
  row(name, withFunct3(STORE, funct3), FUNCT3, "S", "xs2, imm(xs1)", name);
}
for (
  const [name, funct3] of [
    ["addi", 0],
    ["slti", 2],
    ["sltiu", 3],
    ["xori", 4],
    ["ori", 6],
    ["andi", 7],
  ] as const
) row(name, withFunct3(OP_IMM, funct3), FUNCT3, "I", "xd, xs1, imm", name);
row("addiw", OP_IMM_32, FUNCT3, "I", "xd, xs1, imm", "addiw");
for (
  const [name, funct3, funct7] of [
    ["slli", 1, 0],
    ["srli", 5, 0],
    ["srai", 5, 0x20],
  ] as const
) {
  const wide = FUNCT7 & ~(1 << 25);
  row(name, withFunct7(OP_IMM, funct3, funct7), wide, "SHIFT64", "xd, xs1, imm", name);
  const word = `${name}w` as const;
  row(word, withFunct7(OP_IMM_32, funct3, funct7), FUNCT7, "SHIFT32", "xd, xs1, imm", word);
}
for (
  const [name, funct3, funct7] of [
    ["add", 0, 0],
    ["sub", 0, 0x20],
    ["sll", 1, 0],
    ["slt", 2, 0],
    ["sltu", 3, 0],
    ["xor", 4, 0],
    ["srl", 5, 0],
    ["sra", 5, 0x20],
    ["or", 6, 0],
    ["and", 7, 0],
    ["mul", 0, 1],
    ["mulh", 1, 1],
    ["mulhsu", 2, 1],
    ["mulhu", 3, 1],
    ["div", 4, 1],
    ["divu", 5, 1],
    ["rem", 6, 1],
    ["remu", 7, 1],
  ] as const
) row(name, withFunct7(OP, funct3, funct7), FUNCT7, "R", "xd, xs1, xs2", name);
for (
  const [name, funct3, funct7] of [
    ["addw", 0, 0],
    ["subw", 0, 0x20],
    ["sllw", 1, 0],
    ["srlw", 5, 0],
    ["sraw", 5, 0x20],
    ["mulw", 0, 1],
    ["divw", 4, 1],
    ["divuw", 5, 1],
    ["remw", 6, 1],
    ["remuw", 7, 1],
  ] as const
) row(name, withFunct7(OP_32, funct3, funct7), FUNCT7, "R", "xd, xs1, xs2", name);
// Fences ignore their reserved fields, as the manual asks; all memory here is one order anyway.
row("fence", MISC_MEM, FUNCT3, "FENCE", "pred, succ", "nop");
row("fence.i", withFunct3(MISC_MEM, 1), FUNCT3, "NONE", "", "nop");
row("ecall", SYSTEM, EXACT, "NONE", "", "ecall");
row("ebreak", SYSTEM | (1 << 20), EXACT, "NONE", "", "ebreak");

// Zicsr
for (
  const [funct3, name] of ["", "csrrw", "csrrs", "csrrc", "", "csrrwi", "csrrsi", "csrrci"]
    .entries()
) {
  if (name === "") continue;
  const syntax = funct3 < 4 ? "xd, csr, xs1" : "xd, csr, zimm";
  row(name, withFunct3(SYSTEM, funct3), FUNCT3, "CSR", syntax, "csr_float");
}

// A
for (const [suffix, funct3] of [["w", 2], ["d", 3]] as const) {
  const amo = (funct5: number): number => withFunct7(AMO, funct3, funct5 << 2);
  const mask = 0xf800707f | 0;
  row(`lr.${suffix}`, amo(2), mask | (31 << 20), "R", "aqrl xd, (xs1)", `lr_${suffix}`);
  row(`sc.${suffix}`, amo(3), mask, "R", "aqrl xd, xs2, (xs1)", `sc_${suffix}`);
  for (
    const [name, funct5] of [
      ["swap", 1],
      ["add", 0],
      ["xor", 4],
      ["and", 12],
      ["or", 8],
      ["min", 16],
      ["max", 20],
      ["minu", 24],
      ["maxu", 28],
    ] as const
  ) {
    const op = `amo${name}_${suffix}` as const;
    row(`amo${name}.${suffix}`, amo(funct5), mask, "R", "aqrl xd, xs2, (xs1)", op);
  }
}

// F and D
row("flw", withFunct3(LOAD_FP, 2), FUNCT3, "I", "fd, imm(xs1)", "flw");
row("fld", withFunct3(LOAD_FP, 3), FUNCT3, "I", "fd, imm(xs1)", "ld");
row("fsw", withFunct3(STORE_FP, 2), FUNCT3, "S", "fs2, imm(xs1)", "sw");
row("fsd", withFunct3(STORE_FP, 3), FUNCT3, "S", "fs2, imm(xs1)", "sd");
for (const [suffix, width] of [["s", 0], ["d", 1]] as const) {
  const fp = (funct5: number, funct3 = 0, rs2 = 0): number =>
    withFunct7(OP_FP, funct3, (funct5 << 2) | width) | (rs2 << 20);
  // The masks of: any rounding mode; a fixed funct3; both again with the rs2 field fixed too.
  const rounded = 0xfe00007f | 0, fixed = FUNCT7, unary = rounded | (31 << 20);
  const fixedUnary = fixed | (31 << 20);
  const multiplyAdd = 0x0600007f;
  for (
    const [name, opcode] of [
      ["fmadd", MADD],
      ["fmsub", MSUB],
      ["fnmsub", NMSUB],
      ["fnmadd", NMADD],
    ] as const
  ) {
    const syntax = "fd, fs1, fs2, fs3, rm";
    const op = `${name}_${suffix}` as const;
    row(`${name}.${suffix}`, opcode | (width << 25), multiplyAdd, "R4", syntax, op);
  }
  for (const [name, funct5] of [["fadd", 0], ["fsub", 1], ["fmul", 2], ["fdiv", 3]] as const) {
    const op = `${name}_${suffix}` as const;
    row(`${name}.${suffix}`, fp(funct5), rounded, "R", "fd, fs1, fs2, rm", op);
  }
  row(`fsqrt.${suffix}`, fp(0x0b), unary, "R", "fd, fs1, rm", `fsqrt_${suffix}`);
  for (
    const [name, funct5, funct3] of [
      ["fsgnj", 4, 0],
      ["fsgnjn", 4, 1],
      ["fsgnjx", 4, 2],
      ["fmin", 5, 0],
      ["fmax", 5, 1],
    ] as const
  ) {
    const op = `${name}_${suffix}` as const;
    row(`${name}.${suffix}`, fp(funct5, funct3), fixed, "R", "fd, fs1, fs2", op);
  }
  for (const [name, funct3] of [["feq", 2], ["flt", 1], ["fle", 0]] as const) {
    const op = `${name}_${suffix}` as const;
    row(`${name}.${suffix}`, fp(0x14, funct3), fixed, "R", "xd, fs1, fs2", op);
  }
  row(`fclass.${suffix}`, fp(0x1c, 1), fixedUnary, "R", "xd, fs1", `fclass_${suffix}`);
  for (const [rs2, integer] of (["w", "wu", "l", "lu"] as const).entries()) {
    const to = `fcvt_${integer}_${suffix}` as const, from = `fcvt_${suffix}_${integer}` as const;
    row(`fcvt.${integer}.${suffix}`, fp(0x18, 0, rs2), unary, "R", "xd, fs1, rm", to);
    row(`fcvt.${suffix}.${integer}`, fp(0x1a, 0, rs2), unary, "R", "fd, xs1, rm", from);
  }
  const toInteger = width === 0 ? "fmv.x.w" : "fmv.x.d";
  const fromInteger = width === 0 ? "fmv.w.x" : "fmv.d.x";
  row(toInteger, fp(0x1c), fixedUnary, "R", "xd, fs1", width === 0 ? "sext_w" : "mv");
  row(fromInteger, fp(0x1e), fixedUnary, "R", "fd, xs1", width === 0 ? "box_s" : "mv");
  const other = width === 0 ? "d" : "s";
  const op = width === 0 ? "fcvt_s_d" : "fcvt_d_s";
  row(`fcvt.${suffix}.${other}`, fp(8, 0, 1 - width), unary, "R", "fd, fs1, rm", op);
}

const byName = new Map(list.map((instruction) => [instruction.name, instruction]));

for (const { name, match, mask, format, syntax, expands, nonZero } of compressedRows) {
  const base = byName.get(expands);
  if (base === undefined) throw new Error(`${name} expands to unknown ${expands}`);
  list.push({
    name,
    match,
    mask,
    formatName: format,
    format: formats[format],
    syntax,
    op: base.op,
    length: 2,
    expands,
    nonZero: nonZero ?? [],
    hasRoundingMode: false,
  });
}

/** The table, in declaration order. Where two rows match, the later one is the more special. */
export const instructions: readonly Instruction[] = list;
