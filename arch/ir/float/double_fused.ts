import {
  D,
  FLAG,
  pushIsOrdinaryD,
  pushIsSpecialD,
  pushIsZeroD,
  pushProductFits,
  pushSumError,
  ROUND,
  unpackD,
} from "./float_context.ts";
import type { FloatContext } from "./float_context.ts";
import { pushIsNanD } from "./nan.ts";
import { multiplyWide, shiftRightJamWide } from "./wide.ts";
import type { FunctionBuilder } from "../wasm/function_builder.ts";
import type { FloatFunctionName } from "./signatures.ts";

const A = 0;
const B = 1;
const C = 2;
const MODE = 3;

/** Adds FMADD.D, FMSUB.D, FNMSUB.D and FNMADD.D over the one exact helper `fma_d`. */
export function addDoubleFused(ctx: FloatContext): void {
  addExactFused(ctx);
  addEntry(ctx, "fmadd_d", false, false);
  addEntry(ctx, "fmsub_d", false, true);
  addEntry(ctx, "fnmsub_d", true, false);
  addEntry(ctx, "fnmadd_d", true, true);
}

function pushF64(f: FunctionBuilder, raw: number): void {
  f.local_get(raw).f64_reinterpret_i64();
}

function negate(f: FunctionBuilder, raw: number): void {
  f.local_get(raw).i64_const(D.SIGN).i64_xor().local_set(raw);
}

function addEntry(
  ctx: FloatContext,
  name: FloatFunctionName,
  negateProduct: boolean,
  negateAddend: boolean,
): void {
  const f = ctx.begin(name);
  if (negateProduct) negate(f, A);
  if (negateAddend) negate(f, C);
  f.block("exact");
  f.local_get(MODE).hint(false).br_if("exact");
  if (ctx.fused) tryHostFused(ctx, f);
  tryExactProduct(ctx, f);
  f.end();
  f.local_get(A).local_get(B).local_get(C).local_get(MODE).call(ctx.index("fma_d"));
}

/**
 * Emits: with NX accrued, the host's fused result when it is ordinary. The seam for the vector
 * instruction: it may round twice by its specification, so the caller has probed it.
 */
function tryHostFused(ctx: FloatContext, f: FunctionBuilder): void {
  const bits = f.local("i64");
  f.global_get(ctx.flags).i32_const(FLAG.NX).i32_and().if_();
  for (const x of [A, B, C]) {
    pushF64(f, x);
    f.f64x2_splat();
  }
  f.f64x2_relaxed_madd().f64x2_extract_lane(0).i64_reinterpret_f64().local_set(bits);
  pushIsOrdinaryD(f, bits);
  f.if_().local_get(bits).return_().end();
  f.end();
}

/**
 * Emits: when the product is exact (whole numbers, say) the host's sum is the fused result, and the
 * error of the sum decides NX.
 */
function tryExactProduct(ctx: FloatContext, f: FunctionBuilder): void {
  const [product, addend, sum, scratch] = ["f64", "f64", "f64", "f64"].map(() =>
    f.local("f64")
  ) as [
    number,
    number,
    number,
    number,
  ];
  const bits = f.local("i64");
  pushProductFits(f, A, B);
  f.i32_eqz().hint(false).br_if("exact");
  pushF64(f, A);
  pushF64(f, B);
  f.f64_mul().local_tee(product).i64_reinterpret_f64().local_set(bits);
  pushIsOrdinaryD(f, bits);
  f.i32_eqz().hint(false).br_if("exact");
  f.local_get(product);
  pushF64(f, C);
  f.local_tee(addend).f64_add().local_tee(sum).i64_reinterpret_f64().local_tee(bits);
  f.i64_const(D.MAGNITUDE).i64_and().i64_const(0x7fdn << 52n).i64_ge_u().hint(false).br_if("exact");
  ctx.pushNotInexactYet(f);
  f.if_();
  pushSumError(f, product, addend, sum, scratch);
  f.f64_const(0).f64_ne();
  ctx.raiseInexactIf(f);
  f.end();
  f.local_get(bits).return_();
}

function addExactFused(ctx: FloatContext): void {
  const f = ctx.helper(
    ctx.module.function("fma_d", ["i64", "i64", "i64", "i32"], ["i64"]),
  );
  returnExtremes(ctx, f);
  const [sigA, sigB, sigC] = [f.local("i64"), f.local("i64"), f.local("i64")];
  const [expA, expB, expC] = [f.local("i32"), f.local("i32"), f.local("i32")];
  const [high, low, addLow, distance] = [
    f.local("i64"),
    f.local("i64"),
    f.local("i64"),
    f.local("i64"),
  ];
  const sign = f.local("i64");
  unpackD(f, A, expA, sigA);
  unpackD(f, B, expB, sigB);
  unpackD(f, C, expC, sigC);
  // Reference is bit 125 of a 128-bit number: the product's leading one is there or one above.
  f.local_get(sigA).i64_const(10).i64_shl().local_set(sigA);
  f.local_get(sigB).i64_const(11).i64_shl().local_set(sigB);
  f.local_get(sigC).i64_const(9).i64_shl().local_set(sigC);
  multiplyWide(f, sigA, sigB, high, low);
  f.local_get(expA).local_get(expB).i32_add().i32_const(1023).i32_sub().local_set(expA);
  f.local_get(A).local_get(B).i64_xor().i64_const(D.SIGN).i64_and().local_set(sign);

  f.local_get(expA).local_get(expC).i32_ge_s().if_();
  f.local_get(expA).local_get(expC).i32_sub().i64_extend_i32_u().local_set(distance);
  shiftRightJamWide(f, sigC, addLow, distance);
  f.else_();
  f.local_get(expC).local_get(expA).i32_sub().i64_extend_i32_u().local_set(distance);
  shiftRightJamWide(f, high, low, distance);
  f.local_get(expC).local_set(expA);
  f.end();

  f.local_get(sign).local_get(C).i64_xor().i64_const(0).i64_ge_s().if_();
  addWide(f, high, low, sigC, addLow);
  f.else_();
  subtractWide(f, high, low, sigC, addLow, sign);
  f.end();
  roundWide(ctx, f, sign, expA, high, low);
}

/** Emits: returns results that need no alignment: infinities, NaNs, zeros. */
function returnExtremes(ctx: FloatContext, f: FunctionBuilder): void {
  const [product, sum] = [f.local("f64"), f.local("f64")];
  pushIsSpecialD(f, A);
  for (const push of [pushIsSpecialD, pushIsZeroD]) {
    push(f, B);
    f.i32_or();
  }
  pushIsZeroD(f, A);
  f.i32_or();
  pushIsSpecialD(f, C);
  f.i32_or().if_();
  // The product is exact, infinite or a NaN here, unless only C is special: returned before the sum.
  pushF64(f, A);
  pushF64(f, B);
  f.f64_mul().local_set(product);
  returnInfiniteAddend(f);
  f.local_get(product);
  pushF64(f, C);
  f.f64_add().local_tee(sum).local_get(sum).f64_ne().if_();
  f.local_get(A).local_get(B).local_get(C).call(ctx.index("nan3_d")).return_();
  f.end();
  // Two zeros of different sign cancel; rounding down that is -0.
  f.local_get(sum).f64_const(0).f64_eq().local_get(MODE).i32_const(ROUND.RDN).i32_eq().i32_and();
  f.local_get(product).i64_reinterpret_f64().local_get(C).i64_or().i64_eqz().i32_eqz().i32_and();
  f.if_().i64_const(D.SIGN).return_().end();
  f.local_get(sum).i64_reinterpret_f64().return_();
  f.end();

  pushIsZeroD(f, C);
  f.if_();
  f.local_get(A).local_get(B).local_get(MODE).call(ctx.index("mul_d")).return_();
  f.end();
}

/** Emits: returns C when it is infinite and A and B are finite; the host product may overflow. */
function returnInfiniteAddend(f: FunctionBuilder): void {
  pushIsNanD(f, C);
  f.i32_eqz();
  pushIsSpecialD(f, C);
  f.i32_and();
  pushIsSpecialD(f, A);
  pushIsSpecialD(f, B);
  f.i32_or().i32_eqz().i32_and().if_().local_get(C).return_().end();
}

/** Emits: (`high`, `low`) += (`addHigh`, `addLow`). */
function addWide(
  f: FunctionBuilder,
  high: number,
  low: number,
  addHigh: number,
  addLow: number,
): void {
  f.local_get(low).local_get(addLow).i64_add().local_set(low);
  f.local_get(high).local_get(addHigh).i64_add();
  f.local_get(low).local_get(addLow).i64_lt_u().i64_extend_i32_u().i64_add().local_set(high);
}

/** Emits: (`high`, `low`) -= (`subHigh`, `subLow`); a negative result is negated, `sign` flipped. */
function subtractWide(
  f: FunctionBuilder,
  high: number,
  low: number,
  subHigh: number,
  subLow: number,
  sign: number,
): void {
  f.local_get(high).local_get(subHigh).i64_sub();
  f.local_get(low).local_get(subLow).i64_lt_u().i64_extend_i32_u().i64_sub().local_set(high);
  f.local_get(low).local_get(subLow).i64_sub().local_set(low);
  f.local_get(high).i64_const(0).i64_lt_s().if_();
  f.i64_const(0).local_get(high).i64_sub();
  f.local_get(low).i64_eqz().i32_eqz().i64_extend_i32_u().i64_sub().local_set(high);
  f.i64_const(0).local_get(low).i64_sub().local_set(low);
  f.local_get(sign).i64_const(D.SIGN).i64_xor().local_set(sign);
  f.end();
}

/** Emits: rounds the 128-bit value, `exponent` belonging to bit 125, and leaves the bits. */
function roundWide(
  ctx: FloatContext,
  f: FunctionBuilder,
  sign: number,
  exponent: number,
  high: number,
  low: number,
): void {
  const shift = f.local("i64");
  f.local_get(high).i64_eqz().if_();
  f.local_get(low).i64_eqz().if_();
  f.local_get(MODE).i32_const(ROUND.RDN).i32_eq().i64_extend_i32_u().i64_const(63).i64_shl();
  f.return_();
  f.end();
  f.local_get(low).local_set(high);
  f.i64_const(0).local_set(low);
  f.local_get(exponent).i32_const(64).i32_sub().local_set(exponent);
  f.end();
  // Bring the leading one to bit 63, then down by one with all of `low` sticky.
  f.local_get(high).i64_clz().local_tee(shift).i64_eqz().i32_eqz().if_();
  f.local_get(high).local_get(shift).i64_shl();
  f.local_get(low).i64_const(64).local_get(shift).i64_sub().i64_shr_u().i64_or().local_set(high);
  f.local_get(low).local_get(shift).i64_shl().local_set(low);
  f.end();
  f.local_get(sign);
  f.local_get(exponent).i32_const(2).i32_add().local_get(shift).i32_wrap_i64().i32_sub();
  f.local_get(high).i64_const(1).i64_shr_u();
  f.local_get(high).i64_const(1).i64_and().local_get(low).i64_or();
  f.i64_eqz().i32_eqz().i64_extend_i32_u().i64_or();
  f.local_get(MODE).call(ctx.index("round_pack_d"));
}
