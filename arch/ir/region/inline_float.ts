/**
 * Host instructions for the commonest float ops, in compiled code. Each applies only where it surely
 * gives the bits and flags that the exact function of `arch/ir/float` gives; a test decides at run
 * time, and the exact function does the rest.
 */
import type { OpName } from "../ops.ts";
import type { FunctionBuilder } from "../wasm/function_builder.ts";

/** What the emitters need of a region's context; operands are those of the current op. */
export interface InlineFloatContext {
  readonly f: FunctionBuilder;
  /** Whether `f64x2.relaxed_madd` rounds once on this host. */
  readonly fused: boolean;
  /** i32 local: 1 once NX has accrued, so that no operation needs to find out whether to raise it. */
  readonly inexact: number;
  /** f64 scratch. */
  readonly result: number;
  /** Whether the op rounds to nearest even: it says so, or frm does and the region checks that. */
  readonly roundsToNearest: boolean;
  readonly roundsToZero: boolean;
  /** Pushes an operand register as f64, or as i64. */
  getF64(operand: "b" | "c" | "d"): void;
  getI64(operand: "b" | "c" | "d"): void;
  sameOperands(): boolean;
  /** Pops an f64, or an i64, into the result register. */
  setF64(): void;
  setI64(): void;
}

/** Pushes whether the f64 in local `x` is finite. */
function isFinite(f: FunctionBuilder, x: number): void {
  f.local_get(x).f64_abs().f64_const(Infinity).f64_lt();
}

/**
 * Pushes whether the f64 in local `x` is finite and beyond the least normal number: then nothing but
 * NX can have been raised (see `pushIsOrdinaryD`).
 */
function isOrdinary(f: FunctionBuilder, x: number): void {
  isFinite(f, x);
  f.local_get(x).f64_abs().f64_const(2 ** -1022).f64_gt().i32_and();
}

type Emit = (c: InlineFloatContext, exact: () => void) => boolean;

/** Computes with `operate`, and takes the result when NX has accrued and `accept` holds of it. */
function arithmetic(
  operate: (c: InlineFloatContext) => void,
  accept: (f: FunctionBuilder, x: number) => void,
): Emit {
  return (c, exact) => {
    if (!c.roundsToNearest) return false;
    const { f, result } = c;
    operate(c);
    f.local_set(result);
    accept(f, result);
    f.local_get(c.inexact).i32_and().hint(true).if_();
    f.local_get(result);
    c.setF64();
    f.else_();
    exact();
    f.end();
    return true;
  };
}

function binary(operate: (f: FunctionBuilder) => void): (c: InlineFloatContext) => void {
  return (c) => {
    c.getF64("b");
    c.getF64("c");
    operate(c.f);
  };
}

function fused(negatesProduct: boolean, negatesAddend: boolean): Emit {
  const whole = arithmetic((c) => {
    c.getF64("b");
    if (negatesProduct) c.f.f64_neg();
    c.f.f64x2_splat();
    c.getF64("c");
    c.f.f64x2_splat();
    c.getF64("d");
    if (negatesAddend) c.f.f64_neg();
    c.f.f64x2_splat().f64x2_relaxed_madd().f64x2_extract_lane(0);
  }, isOrdinary);
  return (c, exact) => c.fused && whole(c, exact);
}

/** A comparison of two numbers raises nothing; of NaNs it may. */
function comparison(operate: (f: FunctionBuilder) => void): Emit {
  return (c, exact) => {
    const { f } = c;
    for (const operand of ["b", "c"] as const) {
      c.getF64(operand);
      c.getF64(operand);
      f.f64_eq();
    }
    f.i32_and().hint(true).if_();
    binary(operate)(c);
    f.i64_extend_i32_u();
    c.setI64();
    f.else_();
    exact();
    f.end();
    return true;
  };
}

/** Sign injection moves bits only. */
function signs(operate: (c: InlineFloatContext) => void): Emit {
  return (c) => {
    operate(c);
    c.setF64();
    return true;
  };
}

/** Always exact: raises nothing. */
function fromWord(convert: (f: FunctionBuilder) => void): Emit {
  return (c) => {
    c.getI64("b");
    c.f.i32_wrap_i64();
    convert(c.f);
    c.setF64();
    return true;
  };
}

function fromLong(convert: (f: FunctionBuilder) => void): Emit {
  return (c, exact) => {
    if (!c.roundsToNearest) return false;
    const { f } = c;
    f.local_get(c.inexact).hint(true).if_();
    c.getI64("b");
    convert(f);
    c.setF64();
    f.else_();
    exact();
    f.end();
    return true;
  };
}

/** Towards zero, as C casts do: in range nothing but NX can be raised. */
function toInteger(limit: number, convert: (f: FunctionBuilder) => void): Emit {
  return (c, exact) => {
    if (!c.roundsToZero) return false;
    const { f } = c;
    c.getF64("b");
    f.f64_abs().f64_const(limit).f64_lt().local_get(c.inexact).i32_and().hint(true).if_();
    c.getF64("b");
    convert(f);
    c.setI64();
    f.else_();
    exact();
    f.end();
    return true;
  };
}

const emitters: Partial<Record<OpName, Emit>> = {
  fadd_d: arithmetic(binary((f) => f.f64_add()), isFinite),
  fsub_d: arithmetic(binary((f) => f.f64_sub()), isFinite),
  fmul_d: arithmetic(binary((f) => f.f64_mul()), isOrdinary),
  fdiv_d: arithmetic(binary((f) => f.f64_div()), isOrdinary),
  fsqrt_d: arithmetic((c) => {
    c.getF64("b");
    c.f.f64_sqrt();
  }, isOrdinary),
  fmadd_d: fused(false, false),
  fmsub_d: fused(false, true),
  fnmsub_d: fused(true, false),
  fnmadd_d: fused(true, true),
  feq_d: comparison((f) => f.f64_eq()),
  flt_d: comparison((f) => f.f64_lt()),
  fle_d: comparison((f) => f.f64_le()),
  fsgnj_d: signs((c) => c.sameOperands() ? c.getF64("b") : binary((f) => f.f64_copysign())(c)),
  fsgnjn_d: signs((c) => {
    c.getF64("b");
    c.getF64("c");
    c.f.f64_neg().f64_copysign();
  }),
  fcvt_d_w: fromWord((f) => f.f64_convert_i32_s()),
  fcvt_d_wu: fromWord((f) => f.f64_convert_i32_u()),
  fcvt_d_l: fromLong((f) => f.f64_convert_i64_s()),
  fcvt_d_lu: fromLong((f) => f.f64_convert_i64_u()),
  fcvt_w_d: toInteger(2 ** 31, (f) => f.i32_trunc_sat_f64_s().i64_extend_i32_s()),
  fcvt_l_d: toInteger(2 ** 63, (f) => f.i64_trunc_sat_f64_s()),
};

/** Ops that test or need the accrued NX, or a rounding mode of nearest even. */
export function hasInlineFloat(name: OpName): boolean {
  return emitters[name] !== undefined;
}

/**
 * Emits an op by host instructions, `exact` emitting what it does otherwise.
 *
 * @returns false when there is no such form, and then nothing has been emitted
 */
export function inlineFloat(name: OpName, c: InlineFloatContext, exact: () => void): boolean {
  return emitters[name]?.(c, exact) ?? false;
}
