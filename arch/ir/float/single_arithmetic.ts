import { FLAG, pushIsOrdinaryS, pushSumError, ROUND, S } from "./float_context.ts";
import type { FloatContext } from "./float_context.ts";
import { pushIsNanS } from "./nan.ts";
import type { FunctionBuilder } from "../wasm/function_builder.ts";
import type { FloatFunctionName } from "./signatures.ts";

// Binary64 has more than twice the digits of binary32 and a far wider exponent. A product of two
// singles is exact there; quotients and roots of singles, rounded to it, are equal to no single or
// midpoint of two unless they are exact (the nearest miss is about 2^-50 away, relatively); sums are
// rounded to odd. So binary64 keeps all that rounding to binary32 in any mode has to know.

const A = 0;
const B = 1;

/** Adds FADD.S, FSUB.S, FMUL.S, FDIV.S, FSQRT.S and the fused four of S. */
export function addSingleArithmetic(ctx: FloatContext): void {
  addNarrow(ctx);
  addSum(ctx);
  addSumEntry(ctx, "fadd_s");
  addSumEntry(ctx, "fsub_s");
  addProductEntry(ctx);
  addQuotientEntry(ctx);
  addRootEntry(ctx);
  addFusedEntry(ctx, "fmadd_s", false, false);
  addFusedEntry(ctx, "fmsub_s", false, true);
  addFusedEntry(ctx, "fnmsub_s", true, false);
  addFusedEntry(ctx, "fnmadd_s", true, true);
}

function pushWidened(f: FunctionBuilder, raw: number): void {
  f.local_get(raw).f32_reinterpret_i32().f64_promote_f32();
}

/**
 * `narrow_s` (x f64, mode) → raw S, for any x but a NaN: rounds x, which is the exact value or has
 * all that matters of it.
 */
function addNarrow(ctx: FloatContext): void {
  const f = ctx.helper(ctx.module.function("narrow_s", ["f64", "i32"], ["i32"]));
  const mode = 1;
  const bits = f.local("i64");
  const narrowed = f.local("i32");
  const single = f.local("f32");
  f.local_get(mode).i32_eqz().if_();
  f.local_get(0).f32_demote_f64().local_tee(single).i32_reinterpret_f32().local_set(narrowed);
  pushIsOrdinaryS(f, narrowed);
  f.if_();
  f.local_get(single).f64_promote_f32().local_get(0).f64_ne();
  ctx.raiseInexactIf(f);
  f.local_get(narrowed).return_();
  f.end();
  f.end();
  // Zeros and infinities are exact in both formats.
  f.local_get(0).f64_const(0).f64_eq();
  f.local_get(0).f64_abs().f64_const(Infinity).f64_eq().i32_or().if_();
  f.local_get(0).f32_demote_f64().i32_reinterpret_f32().return_();
  f.end();
  f.local_get(0).i64_reinterpret_f64().local_set(bits);
  f.local_get(bits).i64_const(1n << 63n).i64_and();
  // 896 is the difference of the biases. A subnormal's missing leading one is of no matter: so far
  // below the range of S only "not zero" counts.
  f.local_get(bits).i64_const(52).i64_shr_u().i32_wrap_i64().i32_const(0x7ff).i32_and();
  f.i32_const(896).i32_sub();
  f.local_get(bits).i64_const((1n << 52n) - 1n).i64_and().i64_const(1n << 52n).i64_or();
  f.i64_const(10).i64_shl();
  f.local_get(mode).call(ctx.index("round_pack_s"));
}

/** `sum_s` (x f64, y f64, mode) → raw S of x + y; a NaN comes out without flags. */
function addSum(ctx: FloatContext): void {
  const f = ctx.helper(ctx.module.function("sum_s", ["f64", "f64", "i32"], ["i32"]));
  const mode = 2;
  const [s, error] = [f.local("f64"), f.local("f64")];
  const scratch = f.local("f64");
  const bits = f.local("i64");
  f.local_get(0).local_get(1).f64_add().local_tee(s);
  f.local_get(s).f64_ne().if_().i32_const(S.NAN).return_().end();
  f.local_get(s).f64_const(0).f64_eq().if_();
  returnZeroSum(f, mode);
  f.end();
  f.local_get(s).f64_abs().f64_const(Infinity).f64_lt().if_();
  pushSumError(f, 0, 1, s, scratch);
  f.local_tee(error).f64_const(0).f64_ne().if_();
  // Round to odd: an even last digit with an error moves towards the error.
  f.local_get(s).i64_reinterpret_f64().local_tee(bits).i64_const(1).i64_and().i64_eqz().if_();
  f.local_get(bits);
  f.i64_const(1).i64_const(-1);
  f.local_get(error).f64_const(0).f64_gt().local_get(s).f64_const(0).f64_gt().i32_eq().select();
  f.i64_add().f64_reinterpret_i64().local_set(s);
  f.end();
  f.end();
  f.end();
  f.local_get(s).local_get(mode).call(ctx.index("narrow_s"));
}

/** Emits: returns the zero of an exact sum: +0 + +0 keeps its sign, so do two -0. */
function returnZeroSum(f: FunctionBuilder, mode: number): void {
  // In RNE the host is right; rounding down, everything but +0 + +0 is -0.
  f.local_get(mode).i32_const(ROUND.RDN).i32_eq();
  f.local_get(0).i64_reinterpret_f64().local_get(1).i64_reinterpret_f64().i64_or();
  f.i64_eqz().i32_eqz().i32_and().if_();
  f.i32_const(S.SIGN).return_();
  f.end();
  f.local_get(0).local_get(1).f64_add().f32_demote_f64().i32_reinterpret_f32().return_();
}

/** Emits: pops raw S and leaves it, a NaN replaced by the canonical one with the flags it raises. */
function settleNan(ctx: FloatContext, f: FunctionBuilder, operands: readonly number[]): void {
  const result = f.local("i32");
  f.local_set(result);
  pushIsNanS(f, result);
  f.if_("", "i32");
  for (const x of operands) f.local_get(x);
  f.call(ctx.index(operands.length === 3 ? "nan3_s" : "nan_s"));
  f.else_().local_get(result).end();
}

function negate(f: FunctionBuilder, raw: number): void {
  f.local_get(raw).i32_const(S.SIGN).i32_xor().local_set(raw);
}

function addSumEntry(ctx: FloatContext, name: "fadd_s" | "fsub_s"): void {
  const f = ctx.begin(name);
  const mode = 2;
  const bits = f.local("i32");
  if (name === "fsub_s") negate(f, B);
  // A tiny sum is exact, so with NX accrued a finite host sum in RNE raises nothing.
  f.local_get(mode).i32_eqz().global_get(ctx.flags).i32_and().if_();
  f.local_get(A).f32_reinterpret_i32().local_get(B).f32_reinterpret_i32().f32_add();
  f.i32_reinterpret_f32().local_tee(bits).i32_const(S.MAGNITUDE).i32_and();
  f.i32_const(S.INFINITY).i32_lt_u().if_();
  f.local_get(bits).return_();
  f.end();
  f.end();
  pushWidened(f, A);
  pushWidened(f, B);
  f.local_get(mode).call(ctx.index("sum_s"));
  settleNan(ctx, f, [A, B]);
}

/** Emits: returns the host's f32 result when RNE holds, NX has accrued and it is ordinary. */
function tryHost(
  ctx: FloatContext,
  f: FunctionBuilder,
  mode: number,
  pushResult: () => void,
): void {
  const bits = f.local("i32");
  f.local_get(mode).i32_eqz().global_get(ctx.flags).i32_and().if_();
  pushResult();
  f.i32_reinterpret_f32().local_set(bits);
  pushIsOrdinaryS(f, bits);
  f.if_().local_get(bits).return_().end();
  f.end();
}

/** Emits: pops an f64 result, rounds it and leaves raw S, NaNs and their flags included. */
function narrowResult(
  ctx: FloatContext,
  f: FunctionBuilder,
  mode: number,
  operands: readonly number[],
): void {
  const wide = f.local("f64");
  f.local_tee(wide).local_get(wide).f64_ne().if_("", "i32");
  for (const x of operands) f.local_get(x);
  f.call(ctx.index("nan_s"));
  f.else_();
  f.local_get(wide).local_get(mode).call(ctx.index("narrow_s"));
  f.end();
}

function addProductEntry(ctx: FloatContext): void {
  const f = ctx.begin("fmul_s");
  const mode = 2;
  tryHost(ctx, f, mode, () => {
    f.local_get(A).f32_reinterpret_i32().local_get(B).f32_reinterpret_i32().f32_mul();
  });
  pushWidened(f, A);
  pushWidened(f, B);
  f.f64_mul();
  narrowResult(ctx, f, mode, [A, B]);
}

function addQuotientEntry(ctx: FloatContext): void {
  const f = ctx.begin("fdiv_s");
  const mode = 2;
  tryHost(ctx, f, mode, () => {
    f.local_get(A).f32_reinterpret_i32().local_get(B).f32_reinterpret_i32().f32_div();
  });
  // DZ: a zero divisor under a finite number that is not zero.
  f.local_get(B).i32_const(1).i32_shl().i32_eqz();
  f.local_get(A).i32_const(S.MAGNITUDE).i32_and().i32_const(1).i32_sub();
  f.i32_const(S.INFINITY - 1).i32_lt_u().i32_and().if_();
  ctx.raise(f, FLAG.DZ);
  f.end();
  pushWidened(f, A);
  pushWidened(f, B);
  f.f64_div();
  narrowResult(ctx, f, mode, [A, B]);
}

function addRootEntry(ctx: FloatContext): void {
  const f = ctx.begin("fsqrt_s");
  const mode = 1;
  tryHost(ctx, f, mode, () => {
    f.local_get(A).f32_reinterpret_i32().f32_sqrt();
  });
  pushWidened(f, A);
  f.f64_sqrt();
  narrowResult(ctx, f, mode, [A, A]);
}

function addFusedEntry(
  ctx: FloatContext,
  name: FloatFunctionName,
  negateProduct: boolean,
  negateAddend: boolean,
): void {
  const f = ctx.begin(name);
  const [c, mode] = [2, 3];
  if (negateProduct) negate(f, A);
  if (negateAddend) negate(f, c);
  pushWidened(f, A);
  pushWidened(f, B);
  f.f64_mul();
  pushWidened(f, c);
  f.local_get(mode).call(ctx.index("sum_s"));
  settleNan(ctx, f, [A, B, c]);
}
