/**
 * Where the operand fields of RISC-V instructions lie (unprivileged ISA manual, chapters "RV32I",
 * "RV64I" and "C"). One description serves extraction (decoder) and insertion (test generators).
 */

/** A run of instruction bits `high..low` that holds immediate bits from `target` upwards. */
export type Scatter = readonly [high: number, low: number, target: number];

/** An immediate: its scattered bits, and whether the highest one is a sign. */
export interface ImmediateSpec {
  readonly scatter: readonly Scatter[];
  readonly signed: boolean;
}

/**
 * A register field: `bit` is its lowest bit, five bits wide, or three bits naming x8..x15 when
 * `short`; `fixed` says that the encoding implies the register.
 */
export interface RegisterField {
  readonly bit: number;
  readonly short: boolean;
  readonly fixed: number;
}

/** The fields of one encoding format. A missing field is not an operand. */
export interface Format {
  readonly d?: RegisterField;
  readonly s1?: RegisterField;
  readonly s2?: RegisterField;
  readonly s3?: RegisterField;
  readonly imm?: ImmediateSpec;
}

const at = (bit: number): RegisterField => ({ bit, short: false, fixed: -1 });
const shortAt = (bit: number): RegisterField => ({ bit, short: true, fixed: -1 });
const always = (fixed: number): RegisterField => ({ bit: 0, short: false, fixed });

const signed = (...scatter: Scatter[]): ImmediateSpec => ({ scatter, signed: true });
const unsigned = (...scatter: Scatter[]): ImmediateSpec => ({ scatter, signed: false });

const D = at(7), S1 = at(15), S2 = at(20), S3 = at(27);
const immI = signed([31, 20, 0]);
const immCi = signed([12, 12, 5], [6, 2, 0]);
const shiftCi = unsigned([12, 12, 5], [6, 2, 0]);
const immClw = unsigned([12, 10, 3], [6, 6, 2], [5, 5, 6]);
const immCld = unsigned([12, 10, 3], [6, 5, 6]);
const immLwsp = unsigned([12, 12, 5], [6, 4, 2], [3, 2, 6]);
const immLdsp = unsigned([12, 12, 5], [6, 5, 3], [4, 2, 6]);
const immSwsp = unsigned([12, 9, 2], [8, 7, 6]);
const immSdsp = unsigned([12, 10, 3], [9, 7, 6]);
const immCj = signed(
  [12, 12, 11],
  [11, 11, 4],
  [10, 9, 8],
  [8, 8, 10],
  [7, 7, 6],
  [6, 6, 7],
  [5, 3, 1],
  [2, 2, 5],
);
const immCb = signed([12, 12, 8], [11, 10, 3], [6, 5, 6], [4, 3, 1], [2, 2, 5]);
const immAddi4spn = unsigned([12, 11, 4], [10, 7, 6], [6, 6, 2], [5, 5, 3]);
const immAddi16sp = signed([12, 12, 9], [6, 6, 4], [5, 5, 6], [4, 3, 7], [2, 2, 5]);
const immClui = signed([12, 12, 17], [6, 2, 12]);

/** Every format of RV64GC, 32-bit ones in capitals, 16-bit ones beginning with `c`. */
export const formats = {
  NONE: {},
  R: { d: D, s1: S1, s2: S2 },
  R4: { d: D, s1: S1, s2: S2, s3: S3 },
  I: { d: D, s1: S1, imm: immI },
  SHIFT64: { d: D, s1: S1, imm: unsigned([25, 20, 0]) },
  SHIFT32: { d: D, s1: S1, imm: unsigned([24, 20, 0]) },
  S: { s1: S1, s2: S2, imm: signed([31, 25, 5], [11, 7, 0]) },
  B: { s1: S1, s2: S2, imm: signed([31, 31, 12], [7, 7, 11], [30, 25, 5], [11, 8, 1]) },
  U: { d: D, imm: signed([31, 12, 12]) },
  J: { d: D, imm: signed([31, 31, 20], [19, 12, 12], [20, 20, 11], [30, 21, 1]) },
  CSR: { d: D, s1: S1, imm: unsigned([31, 20, 0]) },
  FENCE: { imm: unsigned([27, 20, 0]) },
  cNone: {},
  cAddi4spn: { d: shortAt(2), s1: always(2), imm: immAddi4spn },
  cLoadWord: { d: shortAt(2), s1: shortAt(7), imm: immClw },
  cLoadDouble: { d: shortAt(2), s1: shortAt(7), imm: immCld },
  cStoreWord: { s1: shortAt(7), s2: shortAt(2), imm: immClw },
  cStoreDouble: { s1: shortAt(7), s2: shortAt(2), imm: immCld },
  cImmediate: { d: at(7), s1: at(7), imm: immCi },
  cLoadImmediate: { d: at(7), s1: always(0), imm: immCi },
  cAddi16sp: { d: always(2), s1: always(2), imm: immAddi16sp },
  cUpper: { d: at(7), imm: immClui },
  cShift: { d: shortAt(7), s1: shortAt(7), imm: shiftCi },
  cShiftLeft: { d: at(7), s1: at(7), imm: shiftCi },
  cAndImmediate: { d: shortAt(7), s1: shortAt(7), imm: immCi },
  cArithmetic: { d: shortAt(7), s1: shortAt(7), s2: shortAt(2) },
  cJump: { d: always(0), imm: immCj },
  cBranch: { s1: shortAt(7), s2: always(0), imm: immCb },
  cLoadWordSp: { d: at(7), s1: always(2), imm: immLwsp },
  cLoadDoubleSp: { d: at(7), s1: always(2), imm: immLdsp },
  cStoreWordSp: { s1: always(2), s2: at(2), imm: immSwsp },
  cStoreDoubleSp: { s1: always(2), s2: at(2), imm: immSdsp },
  cJumpRegister: { d: always(0), s1: at(7) },
  cJumpLink: { d: always(1), s1: at(7) },
  cMove: { d: at(7), s1: always(0), s2: at(2) },
  cAdd: { d: at(7), s1: at(7), s2: at(2) },
} satisfies Record<string, Format>;

/** Name of a format in {@link formats}. */
export type FormatName = keyof typeof formats;

/** The register number that `field` selects in `bits`. */
export function extractRegister(field: RegisterField, bits: number): number {
  if (field.fixed >= 0) return field.fixed;
  return field.short ? 8 + ((bits >>> field.bit) & 7) : (bits >>> field.bit) & 31;
}

/** The immediate that `spec` selects in `bits`, as a signed 32-bit number. */
export function extractImmediate(spec: ImmediateSpec, bits: number): number {
  let value = 0;
  let width = 0;
  for (const [high, low, target] of spec.scatter) {
    const count = high - low + 1;
    value |= ((bits >>> low) & mask(count)) << target;
    if (target + count > width) width = target + count;
  }
  return spec.signed ? (value << (32 - width)) >> (32 - width) : value;
}

/** `bits` with register `register` put into `field`; a fixed field changes nothing. */
export function insertRegister(field: RegisterField, bits: number, register: number): number {
  if (field.fixed >= 0) return bits;
  const width = field.short ? 7 : 31;
  return (bits & ~(width << field.bit)) | ((register & width) << field.bit);
}

/** `bits` with `value` scattered into `spec`; bits the format cannot hold are dropped. */
export function insertImmediate(spec: ImmediateSpec, bits: number, value: number): number {
  let result = bits;
  for (const [high, low, target] of spec.scatter) {
    const field = mask(high - low + 1);
    result = (result & ~(field << low)) | (((value >> target) & field) << low);
  }
  return result;
}

function mask(count: number): number {
  return count === 32 ? -1 : (1 << count) - 1;
}
