import { D, FLAG, pushIsSpecialD, pushIsZeroD, ROUND, unpackD } from "./float_context.ts";
import type { FloatContext } from "./float_context.ts";
import { pushIsNanD } from "./nan.ts";
import { multiplyWide, pushShiftRightJam } from "./wide.ts";
import type { FunctionBuilder } from "../wasm/function_builder.ts";

const A = 0;
const B = 1;
const MODE = 2;

/** Adds `add_d`, `mul_d`, `div_d` (a, b, mode) and `sqrt_d` (a, mode): any operands, any mode. */
export function addDoubleExact(ctx: FloatContext): void {
  addSum(ctx);
  addProduct(ctx);
  addQuotient(ctx);
  addRoot(ctx);
}

function pushF64(f: FunctionBuilder, raw: number): void {
  f.local_get(raw).f64_reinterpret_i64();
}

/**
 * Emits: pops an f64 that the host computed from infinities, zeros or NaNs, where it is exact or a
 * NaN, and returns it from the function; a NaN goes through `nan_d` with A and `second`.
 */
function returnHostResult(ctx: FloatContext, f: FunctionBuilder, second: number): void {
  const bits = f.local("i64");
  f.i64_reinterpret_f64().local_set(bits);
  pushIsNanD(f, bits);
  f.if_("", "i64");
  f.local_get(A).local_get(second).call(ctx.index("nan_d"));
  f.else_().local_get(bits).end().return_();
}

/** Emits: pushes the zero that an exact sum x + (-x) delivers: negative only when rounding down. */
function pushCancelledZero(f: FunctionBuilder, mode: number): void {
  f.local_get(mode).i32_const(ROUND.RDN).i32_eq().i64_extend_i32_u().i64_const(63).i64_shl();
}

function addSum(ctx: FloatContext): void {
  const f = ctx.helper(ctx.module.function("add_d", ["i64", "i64", "i32"], ["i64"]));
  const [sigA, sigB, distance] = [f.local("i64"), f.local("i64"), f.local("i64")];
  const [expA, expB] = [f.local("i32"), f.local("i32")];
  const sign = f.local("i64");
  pushIsSpecialD(f, A);
  pushIsSpecialD(f, B);
  f.i32_or().if_();
  pushF64(f, A);
  pushF64(f, B);
  f.f64_add();
  returnHostResult(ctx, f, B);
  f.end();
  orderByMagnitude(f);
  pushIsZeroD(f, B);
  f.if_();
  returnSumWithZero(f);
  f.end();

  unpackD(f, A, expA, sigA);
  unpackD(f, B, expB, sigB);
  // Leading ones at bit 61 leave a bit above for the carry and nine below for what is shifted out.
  f.local_get(sigA).i64_const(9).i64_shl().local_set(sigA);
  f.local_get(sigB).i64_const(9).i64_shl().local_set(sigB);
  f.local_get(expA).local_get(expB).i32_sub().i64_extend_i32_u().local_set(distance);
  pushShiftRightJam(f, sigB, distance);
  f.local_set(sigB);
  f.local_get(sigA);
  f.local_get(sigB).i64_const(0).local_get(sigB).i64_sub();
  f.local_get(A).local_get(B).i64_xor().i64_const(0).i64_ge_s().select();
  f.i64_add().local_tee(sigA).i64_eqz().if_();
  pushCancelledZero(f, MODE);
  f.return_();
  f.end();
  // A is the larger, so its sign is the sum's.
  f.local_get(A).i64_const(D.SIGN).i64_and().local_set(sign);
  normaliseAndRound(ctx, f, sign, expA, sigA);
}

/** Emits: makes A the one of larger magnitude, so that a difference is never negative. */
function orderByMagnitude(f: FunctionBuilder): void {
  const kept = f.local("i64");
  f.local_get(A).i64_const(1).i64_shl().local_get(B).i64_const(1).i64_shl().i64_lt_u().if_();
  f.local_get(A).local_set(kept);
  f.local_get(B).local_set(A);
  f.local_get(kept).local_set(B);
  f.end();
}

/** Emits: returns A + (±0), exact; two zeros of different sign cancel. */
function returnSumWithZero(f: FunctionBuilder): void {
  pushIsZeroD(f, A);
  f.local_get(A).local_get(B).i64_ne().i32_and().if_();
  pushCancelledZero(f, MODE);
  f.return_();
  f.end();
  f.local_get(A).return_();
}

/** Emits: rounds ±`significand` × 2^…, `exponent` belonging to bit 61, and leaves the bits. */
function normaliseAndRound(
  ctx: FloatContext,
  f: FunctionBuilder,
  sign: number,
  exponent: number,
  significand: number,
): void {
  const shift = f.local("i32");
  f.local_get(significand).i64_clz().i32_wrap_i64().i32_const(1).i32_sub().local_set(shift);
  f.local_get(sign);
  f.local_get(exponent).i32_const(1).i32_add().local_get(shift).i32_sub();
  f.local_get(significand).local_get(shift).i64_extend_i32_u().i64_shl();
  f.local_get(MODE).call(ctx.index("round_pack_d"));
}

/** Emits: pushes whether A or B is an infinity, a NaN or a zero. */
function pushEitherIsExtreme(f: FunctionBuilder): void {
  pushIsSpecialD(f, A);
  for (
    const push of [() => pushIsSpecialD(f, B), () => pushIsZeroD(f, A), () => pushIsZeroD(f, B)]
  ) {
    push();
    f.i32_or();
  }
}

function addProduct(ctx: FloatContext): void {
  const f = ctx.helper(ctx.module.function("mul_d", ["i64", "i64", "i32"], ["i64"]));
  const [sigA, sigB] = [f.local("i64"), f.local("i64")];
  const [high, low, sign] = [f.local("i64"), f.local("i64"), f.local("i64")];
  const [expA, expB] = [f.local("i32"), f.local("i32")];
  pushEitherIsExtreme(f);
  f.if_();
  pushF64(f, A);
  pushF64(f, B);
  f.f64_mul();
  returnHostResult(ctx, f, B);
  f.end();
  unpackD(f, A, expA, sigA);
  unpackD(f, B, expB, sigB);
  // Leading ones at bits 62 and 63 put the product's at bit 125 or 126: 61 or 62 of the high word.
  f.local_get(sigA).i64_const(10).i64_shl().local_set(sigA);
  f.local_get(sigB).i64_const(11).i64_shl().local_set(sigB);
  multiplyWide(f, sigA, sigB, high, low);
  f.local_get(high).local_get(low).i64_eqz().i32_eqz().i64_extend_i32_u().i64_or().local_set(high);
  f.local_get(expA).local_get(expB).i32_add().i32_const(1023).i32_sub().local_set(expA);
  f.local_get(A).local_get(B).i64_xor().i64_const(D.SIGN).i64_and().local_set(sign);
  normaliseAndRound(ctx, f, sign, expA, high);
}

function addQuotient(ctx: FloatContext): void {
  const f = ctx.helper(ctx.module.function("div_d", ["i64", "i64", "i32"], ["i64"]));
  const [sigA, sigB] = [f.local("i64"), f.local("i64")];
  const [quotient, rest] = [f.local("i64"), f.local("i64")];
  const [expA, expB] = [f.local("i32"), f.local("i32")];
  pushEitherIsExtreme(f);
  f.if_();
  raiseDivideByZero(ctx, f);
  pushF64(f, A);
  pushF64(f, B);
  f.f64_div();
  returnHostResult(ctx, f, B);
  f.end();
  unpackD(f, A, expA, sigA);
  unpackD(f, B, expB, sigB);
  f.local_get(expA).local_get(expB).i32_sub().i32_const(1023).i32_add().local_set(expA);
  // The quotient of the significands shall be in [1, 2).
  f.local_get(sigA).local_get(sigB).i64_lt_u().if_();
  f.local_get(sigA).i64_const(1).i64_shl().local_set(sigA);
  f.local_get(expA).i32_const(1).i32_sub().local_set(expA);
  f.end();
  // The host's quotient × 2^52 is off by one at most, so the rest is exact modulo 2^64.
  f.local_get(sigA).f64_convert_i64_s().local_get(sigB).f64_convert_i64_s().f64_div();
  f.f64_const(2 ** 52).f64_mul().i64_trunc_f64_s().local_set(quotient);
  f.local_get(sigA).i64_const(52).i64_shl();
  f.local_get(quotient).local_get(sigB).i64_mul().i64_sub().local_tee(rest);
  f.i64_const(0).i64_lt_s().if_();
  f.local_get(quotient).i64_const(1).i64_sub().local_set(quotient);
  f.local_get(rest).local_get(sigB).i64_add().local_set(rest);
  f.end();
  f.local_get(A).local_get(B).i64_xor().i64_const(D.SIGN).i64_and();
  f.local_get(expA);
  // Below the 53 bits of the floor: whether the rest is half a unit or more, and more than what.
  f.local_get(quotient).i64_const(10).i64_shl();
  f.local_get(rest).i64_const(1).i64_shl().local_get(sigB).i64_ge_u().i64_extend_i32_u();
  f.i64_const(9).i64_shl().i64_or();
  pushRestBeyondHalf(f, rest, sigB);
  f.i64_or().local_get(MODE).call(ctx.index("round_pack_d"));
}

/** Emits: pushes 1 (i64) unless the rest is nothing or exactly half the divisor. */
function pushRestBeyondHalf(f: FunctionBuilder, rest: number, divisor: number): void {
  f.local_get(rest).i64_eqz().i32_eqz();
  f.local_get(rest).i64_const(1).i64_shl().local_get(divisor).i64_ne().i32_and();
  f.i64_extend_i32_u();
}

/** Emits: DZ for a finite non-zero A over a zero B. */
function raiseDivideByZero(ctx: FloatContext, f: FunctionBuilder): void {
  pushIsZeroD(f, B);
  pushIsZeroD(f, A);
  pushIsSpecialD(f, A);
  f.i32_or().i32_eqz().i32_and().if_();
  ctx.raise(f, FLAG.DZ);
  f.end();
}

function addRoot(ctx: FloatContext): void {
  const f = ctx.helper(ctx.module.function("sqrt_d", ["i64", "i32"], ["i64"]));
  const mode = 1;
  const [sig, root, rest] = [f.local("i64"), f.local("i64"), f.local("i64")];
  const exponent = f.local("i32");
  pushIsSpecialD(f, A);
  pushIsZeroD(f, A);
  f.i32_or().local_get(A).i64_const(0).i64_lt_s().i32_or().if_();
  pushF64(f, A);
  f.f64_sqrt();
  returnHostResult(ctx, f, A);
  f.end();
  unpackD(f, A, exponent, sig);
  // The bias is odd: an even biased exponent is an odd power of two, and one bit moves.
  f.local_get(sig);
  f.local_get(exponent).i32_const(1).i32_and().i32_eqz().i64_extend_i32_u().i64_shl();
  f.local_set(sig);
  f.local_get(exponent).i32_const(1023).i32_add().i32_const(1).i32_shr_s().local_set(exponent);
  // sqrt(sig) is in [2^26, 2^27); times 2^26 the host's root is off by one at most.
  f.local_get(sig).f64_convert_i64_s().f64_sqrt().f64_const(2 ** 26).f64_mul();
  f.i64_trunc_f64_s().local_set(root);
  f.local_get(sig).i64_const(52).i64_shl();
  f.local_get(root).local_get(root).i64_mul().i64_sub().local_tee(rest);
  f.i64_const(0).i64_lt_s().if_();
  f.local_get(root).i64_const(1).i64_sub().local_set(root);
  f.local_get(rest).local_get(root).i64_const(1).i64_shl().i64_add();
  f.i64_const(1).i64_add().local_set(rest);
  f.end();
  f.i64_const(0);
  f.local_get(exponent);
  // (root + 1/2)^2 is root^2 + root + 1/4, so a rest above root is more than half a unit.
  f.local_get(root).i64_const(10).i64_shl();
  f.local_get(rest).local_get(root).i64_gt_s().i64_extend_i32_u().i64_const(9).i64_shl().i64_or();
  f.local_get(rest).i64_eqz().i32_eqz().i64_extend_i32_u().i64_or();
  f.local_get(mode).call(ctx.index("round_pack_d"));
}
