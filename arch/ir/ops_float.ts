import { FLOAT_SIGNATURES } from "./float/signatures.ts";
import type { FloatFunctionName } from "./float/signatures.ts";
import type { OpContext, Operand, OpSpec } from "./op_context.ts";

/** Functions that are part of an op's operand handling rather than ops of their own. */
type Helper = "box_s" | "unbox_s";
type FloatOpName = Exclude<FloatFunctionName, Helper>;

const DYNAMIC_ROUNDING = 7;
const HIGHEST_ROUNDING = 4;
const UPPER_ONES = -0x1_0000_0000;

/** Leaves the rounding mode in a local; dynamic ones that name no mode are illegal. */
function roundingMode(c: OpContext): number {
  const f = c.f, mode = c.i32(2);
  f.global_get(c.frm);
  c.immediate32();
  c.immediate32();
  f.i32_const(DYNAMIC_ROUNDING).i32_eq().select().local_tee(mode);
  f.i32_const(HIGHEST_ROUNDING).i32_gt_u().hint(false).if_();
  c.trapIllegal();
  f.end();
  return mode;
}

const READ_OPERANDS = ["b", "c", "d"] as const satisfies readonly Operand[];
const SHAPES = ["a", "ab", "abc", "abcd"] as const;

function call(c: OpContext, name: FloatFunctionName): void {
  const index = c.helpers.float[name];
  if (index === undefined) throw new Error(`no float function ${name}`);
  c.f.call(index);
}

/** A call of the float function of the same name: operands in order, the mode last. */
function floatOp(name: FloatOpName): OpSpec {
  const { operands, result } = FLOAT_SIGNATURES[name];
  const registerCount = operands.filter((kind) => kind !== "R").length;
  return {
    shape: SHAPES[registerCount]!,
    emit(c) {
      const mode = operands.includes("R") ? roundingMode(c) : -1;
      c.set("a", () => {
        operands.forEach((kind, position) => {
          if (kind === "R") return void c.f.local_get(mode);
          c.get(READ_OPERANDS[position]!);
          if (kind === "S") call(c, "unbox_s");
        });
        call(c, name);
        if (result === "S") call(c, "box_s");
      });
    },
  };
}

const names = (Object.keys(FLOAT_SIGNATURES) as FloatFunctionName[])
  .filter((name): name is FloatOpName => name !== "box_s" && name !== "unbox_s");

/** The immediate of `csr_float`: which CSR, how it is written, and an immediate source. */
export const CSR_FLOAT = {
  write: 1,
  set: 2,
  clear: 3,
  /** The source is the five bits from `sourceShift`, not register b. */
  immediateSource: 4,
  sourceShift: 3,
  /** 1 fflags, 2 frm, 3 fcsr: from this bit upwards. */
  numberShift: 8,
} as const;

const FFLAGS = 1, FRM = 2;

/** Reads fflags, frm or fcsr into `a`, and writes, sets or clears bits of it (ISA manual, F). */
function accessFloatCsr(c: OpContext): void {
  const f = c.f, source = c.i32(0), old = c.i32(1), number = c.i32(2);
  const field = (): void => {
    c.immediate32();
    f.i32_const(3).i32_and();
  };
  c.immediate32();
  f.i32_const(CSR_FLOAT.immediateSource).i32_and().if_("", "i32");
  c.immediate32();
  f.i32_const(CSR_FLOAT.sourceShift).i32_shr_u().i32_const(31).i32_and().else_();
  c.get("b");
  f.i32_wrap_i64().end().local_set(source);
  c.immediate32();
  f.i32_const(CSR_FLOAT.numberShift).i32_shr_u().local_set(number);

  f.global_get(c.frm).i32_const(5).i32_shl().global_get(c.fflags).i32_or().local_set(old);
  f.local_get(number).i32_const(FFLAGS).i32_eq().if_()
    .global_get(c.fflags).local_set(old).end();
  f.local_get(number).i32_const(FRM).i32_eq().if_()
    .global_get(c.frm).local_set(old).end();

  field();
  f.i32_const(CSR_FLOAT.set).i32_eq().if_()
    .local_get(source).local_get(old).i32_or().local_set(source).end();
  field();
  f.i32_const(CSR_FLOAT.clear).i32_eq().if_()
    .local_get(old).local_get(source).i32_const(-1).i32_xor().i32_and().local_set(source).end();

  f.local_get(number).i32_const(FRM).i32_ne().if_()
    .local_get(source).i32_const(31).i32_and().global_set(c.fflags).end();
  f.local_get(number).i32_const(FFLAGS).i32_ne().if_();
  f.local_get(source).i32_const(0).i32_const(5);
  f.local_get(number).i32_const(FRM).i32_eq().select().i32_shr_u();
  f.i32_const(7).i32_and().global_set(c.frm).end();
  c.set("a", () => f.local_get(old).i64_extend_i32_u());
}

/** F, D and the CSRs that user mode has. */
export const floatOps = {
  ...Object.fromEntries(names.map((name) => [name, floatOp(name)])) as Record<FloatOpName, OpSpec>,
  box_s: {
    shape: "ab",
    emit(c) {
      c.set("a", () => {
        c.get("b");
        c.f.i64_const(UPPER_ONES).i64_or();
      });
    },
  },
  csr_float: { shape: "ab", emit: accessFloatCsr },
  read_time: { shape: "a", emit: (c) => c.set("a", () => c.readTime()) },
  read_retired: { shape: "a", emit: (c) => c.set("a", () => c.readRetired()) },
} satisfies Record<string, OpSpec>;
