import type { FormatName } from "./formats.ts";

/** A 16-bit instruction as declared: its 32-bit equivalent carries the meaning. */
export interface CompressedRow {
  readonly name: string;
  readonly match: number;
  readonly mask: number;
  readonly format: FormatName;
  readonly syntax: string;
  readonly expands: string;
  readonly nonZero?: readonly number[];
}

// Field masks whose all-zero value makes an encoding reserved.
const RD = 0x0f80, RS2 = 0x007c, IMMEDIATE = 0x107c, WIDE_IMMEDIATE = 0x1fe0;

const LOW = 0xe003;

/**
 * The C extension for RV64 (unprivileged ISA manual, chapter "C"). Hint encodings decode as what
 * they spell, which changes nothing visible; reserved ones fail `nonZero` or match no row. Where
 * two rows match, the later one is the more special.
 */
export const compressedRows: readonly CompressedRow[] = [
  // quadrant 0
  r("c.addi4spn", 0x0000, LOW, "cAddi4spn", "xd, xs1, imm", "addi", [WIDE_IMMEDIATE]),
  r("c.fld", 0x2000, LOW, "cLoadDouble", "fd, imm(xs1)", "fld"),
  r("c.lw", 0x4000, LOW, "cLoadWord", "xd, imm(xs1)", "lw"),
  r("c.ld", 0x6000, LOW, "cLoadDouble", "xd, imm(xs1)", "ld"),
  r("c.fsd", 0xa000, LOW, "cStoreDouble", "fs2, imm(xs1)", "fsd"),
  r("c.sw", 0xc000, LOW, "cStoreWord", "xs2, imm(xs1)", "sw"),
  r("c.sd", 0xe000, LOW, "cStoreDouble", "xs2, imm(xs1)", "sd"),
  // quadrant 1
  r("c.addi", 0x0001, LOW, "cImmediate", "xd, imm", "addi"),
  r("c.nop", 0x0001, 0xffff, "cNone", "", "fence"),
  r("c.addiw", 0x2001, LOW, "cImmediate", "xd, imm", "addiw", [RD]),
  r("c.li", 0x4001, LOW, "cLoadImmediate", "xd, imm", "addi"),
  r("c.lui", 0x6001, LOW, "cUpper", "xd, upper", "lui", [IMMEDIATE]),
  r("c.addi16sp", 0x6101, 0xef83, "cAddi16sp", "xd, imm", "addi", [IMMEDIATE]),
  r("c.srli", 0x8001, 0xec03, "cShift", "xd, imm", "srli"),
  r("c.srai", 0x8401, 0xec03, "cShift", "xd, imm", "srai"),
  r("c.andi", 0x8801, 0xec03, "cAndImmediate", "xd, imm", "andi"),
  r("c.sub", 0x8c01, 0xfc63, "cArithmetic", "xd, xs2", "sub"),
  r("c.xor", 0x8c21, 0xfc63, "cArithmetic", "xd, xs2", "xor"),
  r("c.or", 0x8c41, 0xfc63, "cArithmetic", "xd, xs2", "or"),
  r("c.and", 0x8c61, 0xfc63, "cArithmetic", "xd, xs2", "and"),
  r("c.subw", 0x9c01, 0xfc63, "cArithmetic", "xd, xs2", "subw"),
  r("c.addw", 0x9c21, 0xfc63, "cArithmetic", "xd, xs2", "addw"),
  r("c.j", 0xa001, LOW, "cJump", "target", "jal"),
  r("c.beqz", 0xc001, LOW, "cBranch", "xs1, target", "beq"),
  r("c.bnez", 0xe001, LOW, "cBranch", "xs1, target", "bne"),
  // quadrant 2
  r("c.slli", 0x0002, LOW, "cShiftLeft", "xd, imm", "slli"),
  r("c.fldsp", 0x2002, LOW, "cLoadDoubleSp", "fd, imm(xs1)", "fld"),
  r("c.lwsp", 0x4002, LOW, "cLoadWordSp", "xd, imm(xs1)", "lw", [RD]),
  r("c.ldsp", 0x6002, LOW, "cLoadDoubleSp", "xd, imm(xs1)", "ld", [RD]),
  r("c.mv", 0x8002, 0xf003, "cMove", "xd, xs2", "add", [RS2]),
  r("c.jr", 0x8002, 0xf07f, "cJumpRegister", "xs1", "jalr", [RD]),
  r("c.add", 0x9002, 0xf003, "cAdd", "xd, xs2", "add", [RS2]),
  r("c.jalr", 0x9002, 0xf07f, "cJumpLink", "xs1", "jalr", [RD]),
  r("c.ebreak", 0x9002, 0xffff, "cNone", "", "ebreak"),
  r("c.fsdsp", 0xa002, LOW, "cStoreDoubleSp", "fs2, imm(xs1)", "fsd"),
  r("c.swsp", 0xc002, LOW, "cStoreWordSp", "xs2, imm(xs1)", "sw"),
  r("c.sdsp", 0xe002, LOW, "cStoreDoubleSp", "xs2, imm(xs1)", "sd"),
];

function r(
  name: string,
  match: number,
  mask: number,
  format: FormatName,
  syntax: string,
  expands: string,
  nonZero?: readonly number[],
): CompressedRow {
  return nonZero === undefined
    ? { name, match, mask, format, syntax, expands }
    : { name, match, mask, format, syntax, expands, nonZero };
}
