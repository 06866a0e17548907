import type { ValueType } from "../wasm/types.ts";

/** The two formats: S is binary32, D is binary64. */
export type Format = "s" | "d";

/** Integer operand of a conversion: 32 or 64 bits, signed or unsigned. */
export type IntegerKind = "w" | "wu" | "l" | "lu";

// A shape lists operands, then the result: F a value of the function's own format, S and D values of
// that format, X an integer register, R a rounding mode.
const PER_FORMAT = {
  fadd: "FFR>F",
  fsub: "FFR>F",
  fmul: "FFR>F",
  fdiv: "FFR>F",
  fsqrt: "FR>F",
  fmadd: "FFFR>F",
  fmsub: "FFFR>F",
  fnmsub: "FFFR>F",
  fnmadd: "FFFR>F",
  fsgnj: "FF>F",
  fsgnjn: "FF>F",
  fsgnjx: "FF>F",
  fmin: "FF>F",
  fmax: "FF>F",
  feq: "FF>X",
  flt: "FF>X",
  fle: "FF>X",
  fclass: "F>X",
  fcvt_w: "FR>X",
  fcvt_wu: "FR>X",
  fcvt_l: "FR>X",
  fcvt_lu: "FR>X",
} as const;

const SINGLE_SHAPES = {
  fcvt_s_d: "DR>S",
  fcvt_d_s: "SR>D",
  unbox_s: "X>S",
  box_s: "S>X",
} as const;

/** The RISC-V mnemonics with `_` for `.`, and the two NaN-boxing helpers. */
export type FloatFunctionName =
  | `${keyof typeof PER_FORMAT}_${Format}`
  | `fcvt_${Format}_${IntegerKind}`
  | keyof typeof SINGLE_SHAPES;

/** Kinds of operand: raw binary32, raw binary64, integer register, rounding mode. */
export type OperandKind = "S" | "D" | "X" | "R";

/** Operand kinds of one function, in order, and the kind of its result. */
export interface FloatSignature {
  readonly operands: readonly OperandKind[];
  readonly result: OperandKind;
}

/** The WebAssembly type that carries an operand. */
export const OPERAND_TYPES: Readonly<Record<OperandKind, ValueType>> = {
  S: "i32",
  D: "i64",
  X: "i64",
  R: "i32",
};

function parse(shape: string, format: Format): FloatSignature {
  const [operands, result] = shape.replaceAll("F", format.toUpperCase()).split(">");
  return {
    operands: [...operands!] as OperandKind[],
    result: result as OperandKind,
  };
}

function allSignatures(): Record<FloatFunctionName, FloatSignature> {
  const all: Partial<Record<string, FloatSignature>> = {};
  for (const format of ["s", "d"] as const) {
    for (const [op, shape] of Object.entries(PER_FORMAT)) {
      all[`${op}_${format}`] = parse(shape, format);
    }
    for (const integer of ["w", "wu", "l", "lu"] as const) {
      all[`fcvt_${format}_${integer}`] = parse("XR>F", format);
    }
  }
  for (const [name, shape] of Object.entries(SINGLE_SHAPES)) all[name] = parse(shape, "s");
  return all as Record<FloatFunctionName, FloatSignature>;
}

/** Every function of this folder with its operands. */
export const FLOAT_SIGNATURES: Readonly<Record<FloatFunctionName, FloatSignature>> =
  allSignatures();
