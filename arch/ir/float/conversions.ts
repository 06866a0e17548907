import { D, FLAG, ROUND, S } from "./float_context.ts";
import type { FloatContext } from "./float_context.ts";
import { pushIsNanD, pushIsSignallingD, pushIsSignallingS } from "./nan.ts";
import type { FunctionBuilder } from "../wasm/function_builder.ts";
import type { Format, IntegerKind } from "./signatures.ts";

const KINDS: readonly IntegerKind[] = ["w", "wu", "l", "lu"];

/** First values beyond each integer type, exact in binary64, and what it saturates to. */
const RANGES = {
  w: { below: -(2 ** 31), above: 2 ** 31, least: -(1n << 31n), most: (1n << 31n) - 1n },
  wu: { below: 0, above: 2 ** 32, least: 0n, most: -1n },
  l: { below: -(2 ** 63), above: 2 ** 63, least: -(1n << 63n), most: (1n << 63n) - 1n },
  lu: { below: 0, above: 2 ** 64, least: 0n, most: -1n },
} as const;

/** Adds all FCVT instructions, `unbox_s` and `box_s`. */
export function addConversions(ctx: FloatContext): void {
  addBoxing(ctx);
  addNarrowing(ctx);
  addWidening(ctx);
  addRoundIntegral(ctx);
  for (const kind of KINDS) {
    addToInteger(ctx, kind);
    for (const format of ["d", "s"] as const) addFromInteger(ctx, format, kind);
  }
}

function addBoxing(ctx: FloatContext): void {
  const unbox = ctx.begin("unbox_s");
  unbox.local_get(0).i32_wrap_i64().i32_const(S.NAN);
  unbox.local_get(0).i64_const(32).i64_shr_u().i64_const(0xffff_ffff).i64_eq().select();
  const box = ctx.begin("box_s");
  box.local_get(0).i64_extend_i32_u().i64_const(0, -1).i64_or();
}

function addNarrowing(ctx: FloatContext): void {
  const f = ctx.begin("fcvt_s_d");
  pushIsNanD(f, 0);
  f.if_("", "i32");
  pushIsSignallingD(f, 0);
  f.if_();
  ctx.raise(f, FLAG.NV);
  f.end();
  f.i32_const(S.NAN).else_();
  f.local_get(0).f64_reinterpret_i64().local_get(1).call(ctx.index("narrow_s"));
  f.end();
}

function addWidening(ctx: FloatContext): void {
  const f = ctx.begin("fcvt_d_s");
  const x = f.local("f32");
  f.local_get(0).f32_reinterpret_i32().local_tee(x).local_get(x).f32_eq().if_("", "i64");
  f.local_get(x).f64_promote_f32().i64_reinterpret_f64();
  f.else_();
  pushIsSignallingS(f, 0);
  f.if_();
  ctx.raise(f, FLAG.NV);
  f.end();
  f.i64_const(D.NAN).end();
}

/** `round_integral` (x f64, mode) → f64: x rounded to a whole number; no flags. */
function addRoundIntegral(ctx: FloatContext): void {
  const f = ctx.helper(ctx.module.function("round_integral", ["f64", "i32"], ["f64"]));
  const whole = f.local("f64");
  const { RNE, RTZ, RDN, RUP } = ROUND;
  for (
    const [mode, round] of [
      [RTZ, () => f.f64_trunc()],
      [RNE, () => f.f64_nearest()],
      [RDN, () => f.f64_floor()],
      [RUP, () => f.f64_ceil()],
    ] as const
  ) {
    f.local_get(1).i32_const(mode).i32_eq().if_().local_get(0);
    round();
    f.return_().end();
  }
  // RMM: the fraction left by truncation is exact; half or more goes away from zero.
  f.local_get(0).f64_trunc().local_set(whole);
  f.local_get(whole).f64_const(1).local_get(0).f64_copysign().f64_add();
  f.local_get(whole);
  f.local_get(0).local_get(whole).f64_sub().f64_abs().f64_const(0.5).f64_ge().select();
}

/** FCVT to an integer: saturates with NV, else NX when the fraction was not zero. */
function addToInteger(ctx: FloatContext, kind: IntegerKind): void {
  const { below, above, least, most } = RANGES[kind];
  const core = ctx.helper(ctx.module.function(`to_${kind}`, ["f64", "i32"], ["i64"]));
  const whole = core.local("f64");
  core.local_get(0).local_get(1).call(ctx.index("round_integral")).local_tee(whole);
  // False for NaN, which saturates upwards.
  core.f64_const(below).f64_ge().local_get(whole).f64_const(above).f64_lt().i32_and().if_();
  core.local_get(whole).local_get(0).f64_ne();
  ctx.raiseInexactIf(core);
  core.local_get(whole);
  if (kind === "lu") core.i64_trunc_sat_f64_u();
  else core.i64_trunc_sat_f64_s();
  if (kind === "w" || kind === "wu") core.i64_extend32_s();
  core.return_().end();
  ctx.raise(core, FLAG.NV);
  core.i64_const(least).i64_const(most).local_get(whole).f64_const(below).f64_lt().select();

  const d = ctx.begin(`fcvt_${kind}_d`);
  d.local_get(0).f64_reinterpret_i64().local_get(1).call(core.index);
  const s = ctx.begin(`fcvt_${kind}_s`);
  s.local_get(0).f32_reinterpret_i32().f64_promote_f32().local_get(1).call(core.index);
}

/** FCVT from an integer; exact below 2^53 in D, else through the shared rounding. */
function addFromInteger(ctx: FloatContext, format: Format, kind: IntegerKind): void {
  const f = ctx.begin(`fcvt_${format}_${kind}`);
  if (kind === "w") f.local_get(0).i64_extend32_s().local_set(0);
  if (kind === "wu") f.local_get(0).i64_const(0xffff_ffff).i64_and().local_set(0);
  if (kind === "w" || kind === "wu") {
    f.local_get(0).f64_convert_i64_s();
    settleExact(ctx, f, format);
    return;
  }
  // |x| <= 2^53 as one unsigned comparison; the conversion is exact and the mode does not matter.
  f.local_get(0);
  if (kind === "l") f.i64_const(1n << 53n).i64_add();
  f.i64_const(kind === "l" ? 1n << 54n : 1n << 53n).i64_le_u();
  f.if_("", format === "d" ? "i64" : "i32");
  f.local_get(0).f64_convert_i64_s();
  settleExact(ctx, f, format);
  f.else_();
  roundInteger(ctx, f, format, kind === "l");
  f.end();
}

/** Emits: pops an exact f64 and leaves it in the format. */
function settleExact(ctx: FloatContext, f: FunctionBuilder, format: Format): void {
  if (format === "d") f.i64_reinterpret_f64();
  else f.local_get(1).call(ctx.index("narrow_s"));
}

function roundInteger(
  ctx: FloatContext,
  f: FunctionBuilder,
  format: Format,
  signed: boolean,
): void {
  const [sign, magnitude, shift] = [f.local("i64"), f.local("i64"), f.local("i64")];
  f.local_get(0).local_set(magnitude);
  if (signed) {
    f.local_get(0).i64_const(D.SIGN).i64_and().local_set(sign);
    f.i64_const(0).local_get(0).i64_sub().local_get(0);
    f.local_get(0).i64_const(0).i64_lt_s().select().local_set(magnitude);
  }
  f.local_get(magnitude).i64_clz().local_set(shift);
  f.local_get(magnitude).local_get(shift).i64_shl().local_set(magnitude);
  f.local_get(sign);
  // The leading one is worth 2^(63 - shift).
  f.i32_const(63 + (format === "d" ? 1023 : 127)).local_get(shift).i32_wrap_i64().i32_sub();
  f.local_get(magnitude).i64_const(1).i64_shr_u();
  f.local_get(magnitude).i64_const(1).i64_and().i64_or();
  f.local_get(1).call(ctx.index(`round_pack_${format}`));
}
