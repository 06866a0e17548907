import { FLAG, ROUND } from "./float_context.ts";
import type { FloatContext } from "./float_context.ts";
import { pushShiftRightJam } from "./wide.ts";
import type { FunctionBuilder } from "../wasm/function_builder.ts";
import type { Format } from "./signatures.ts";

const FORMATS = {
  d: { fraction: 52, maxExponent: 0x7ff },
  s: { fraction: 23, maxExponent: 0xff },
} as const;

const SIGN = 0;
const EXPONENT = 1;
const SIG = 2;
const MODE = 3;

/**
 * Adds `round_pack_d` or `round_pack_s` (sign i64, exponent i32, significand i64, mode i32) → bits:
 * the one place where results are rounded and OF, UF and NX are found. The significand is not zero
 * and has its leading one at bit 62, all that was lost below ORed into bit 0; the exponent is the
 * biased exponent of bit 62 and unbounded; the sign stands at bit 63.
 */
export function addRoundPack(ctx: FloatContext, format: Format): void {
  const { fraction, maxExponent } = FORMATS[format];
  const drop = 62 - fraction;
  const half = 1n << BigInt(drop - 1);
  const mask = (1n << BigInt(drop)) - 1n;
  const f = ctx.helper(
    ctx.module.function(`round_pack_${format}`, ["i64", "i32", "i64", "i32"], [
      format === "d" ? "i64" : "i32",
    ]),
  );
  const increment = f.local("i64");
  const lost = f.local("i64");

  pushIncrement(f, half, mask);
  f.local_set(increment);
  // One unsigned comparison finds both ends: exponent <= 0 or exponent >= maxExponent - 1.
  f.local_get(EXPONENT).i32_const(1).i32_sub().i32_const(maxExponent - 2).i32_ge_u().if_();
  f.local_get(EXPONENT).i32_const(0).i32_le_s().if_();
  denormalise(ctx, f, increment, mask);
  f.else_();
  returnIfOverflow(ctx, f, increment, format);
  f.end();
  f.end();

  f.local_get(SIG).i64_const(mask).i64_and().local_tee(lost);
  f.i64_eqz().i32_eqz();
  ctx.raiseInexactIf(f);
  f.local_get(SIG).local_get(increment).i64_add().i64_const(drop).i64_shr_u().local_set(SIG);
  // A tie to even was rounded up like any half: its last bit goes.
  f.local_get(SIG);
  f.local_get(lost).i64_const(half).i64_eq().local_get(MODE).i32_eqz().i32_and();
  f.i64_extend_i32_u().i64_const(-1).i64_xor().i64_and().local_set(SIG);
  // Adding, not ORing: the leading one, or a carry, moves the exponent.
  f.local_get(EXPONENT).i32_const(1).i32_sub().i64_extend_i32_s().i64_const(fraction).i64_shl();
  f.local_get(SIG).i64_add();
  joinSign(f, format);
}

/** Pushes what to add before dropping the low bits, so that a carry means "away from zero". */
function pushIncrement(f: FunctionBuilder, half: bigint, mask: bigint): void {
  f.i64_const(half);
  f.i64_const(mask).i64_const(0);
  // RDN (2) rounds negative values away from zero, RUP (3) positive ones, RTZ (1) none.
  f.local_get(MODE).i32_const(1).i32_and();
  f.local_get(SIGN).i64_eqz().i32_eqz().i32_ne();
  f.local_get(MODE).i32_const(ROUND.RTZ).i32_ne().i32_and();
  f.select();
  f.local_get(MODE).i32_const(3).i32_and().i32_eqz().select();
}

/** Shifts a significand below the normal range to the least exponent; finds UF. */
function denormalise(ctx: FloatContext, f: FunctionBuilder, increment: number, mask: bigint): void {
  const tiny = f.local("i32");
  const shift = f.local("i64");
  // Tininess is judged after rounding with unbounded exponent: a carry into bit 63 escapes it.
  f.local_get(EXPONENT).i32_const(0).i32_lt_s();
  f.local_get(SIG).local_get(increment).i64_add().i64_const(0).i64_ge_s().i32_or().local_set(tiny);
  f.i32_const(1).local_get(EXPONENT).i32_sub().i64_extend_i32_s().local_set(shift);
  pushShiftRightJam(f, SIG, shift);
  f.local_set(SIG);
  f.i32_const(1).local_set(EXPONENT);
  f.local_get(SIG).i64_const(mask).i64_and().i64_eqz().i32_eqz().local_get(tiny).i32_and().if_();
  ctx.raise(f, FLAG.UF);
  f.end();
}

/** Beyond the largest number: infinity, or the largest number when the mode points to zero. */
function returnIfOverflow(
  ctx: FloatContext,
  f: FunctionBuilder,
  increment: number,
  format: Format,
): void {
  const { fraction, maxExponent } = FORMATS[format];
  f.local_get(EXPONENT).i32_const(maxExponent - 1).i32_gt_s();
  f.local_get(SIG).local_get(increment).i64_add().i64_const(0).i64_lt_s().i32_or().if_();
  ctx.raise(f, FLAG.OF | FLAG.NX);
  f.i64_const(BigInt(maxExponent) << BigInt(fraction));
  f.local_get(increment).i64_eqz().i64_extend_i32_u().i64_sub();
  joinSign(f, format);
  f.return_();
  f.end();
}

function joinSign(f: FunctionBuilder, format: Format): void {
  if (format === "d") {
    f.local_get(SIGN).i64_or();
  } else {
    f.i32_wrap_i64().local_get(SIGN).i64_const(32).i64_shr_u().i32_wrap_i64().i32_or();
  }
}
