import { D, FLAG, S } from "./float_context.ts";
import type { FloatContext } from "./float_context.ts";
import { pushIsNanD, pushIsNanS, pushIsSignallingD, pushIsSignallingS } from "./nan.ts";
import type { FunctionBuilder } from "../wasm/function_builder.ts";
import type { Format } from "./signatures.ts";

const A = 0;
const B = 1;

/** Adds FMIN, FMAX, FEQ, FLT, FLE, FCLASS and the three FSGNJ of both formats. */
export function addComparisons(ctx: FloatContext): void {
  for (const format of ["d", "s"] as const) {
    addExtremum(ctx, format, "fmin");
    addExtremum(ctx, format, "fmax");
    addQuietEqual(ctx, format);
    addOrder(ctx, format, "flt");
    addOrder(ctx, format, "fle");
    addClass(ctx, format);
    addSignInjection(ctx, format);
  }
}

function pushFloat(f: FunctionBuilder, format: Format, raw: number): void {
  if (format === "d") f.local_get(raw).f64_reinterpret_i64();
  else f.local_get(raw).f32_reinterpret_i32();
}

function pushIsNan(f: FunctionBuilder, format: Format, raw: number): void {
  if (format === "d") pushIsNanD(f, raw);
  else pushIsNanS(f, raw);
}

/** Emits: NV when an operand is signalling. */
function raiseIfSignalling(ctx: FloatContext, f: FunctionBuilder, format: Format): void {
  const push = format === "d" ? pushIsSignallingD : pushIsSignallingS;
  push(f, A);
  push(f, B);
  f.i32_or().if_();
  ctx.raise(f, FLAG.NV);
  f.end();
}

/** Emits: pushes whether A and B are both no NaN. */
function pushOrdered(f: FunctionBuilder, format: Format): void {
  pushIsNan(f, format, A);
  pushIsNan(f, format, B);
  f.i32_or().i32_eqz();
}

/** IEEE 754-2019 minimumNumber and maximumNumber: a number beats a NaN, -0 is below +0. */
function addExtremum(ctx: FloatContext, format: Format, op: "fmin" | "fmax"): void {
  const f = ctx.begin(`${op}_${format}`);
  const type = format === "d" ? "i64" : "i32";
  pushOrdered(f, format);
  f.hint(true).if_("", type);
  pushFloat(f, format, A);
  pushFloat(f, format, B);
  const method = `${format === "d" ? "f64" : "f32"}_${op === "fmin" ? "min" : "max"}` as const;
  f[method]();
  if (format === "d") f.i64_reinterpret_f64();
  else f.i32_reinterpret_f32();
  f.else_();
  raiseIfSignalling(ctx, f, format);
  pushIsNan(f, format, A);
  f.if_("", type);
  f.local_get(B);
  if (format === "d") f.i64_const(D.NAN);
  else f.i32_const(S.NAN);
  pushIsNan(f, format, B);
  f.i32_eqz().select();
  f.else_().local_get(A).end();
  f.end();
}

function addQuietEqual(ctx: FloatContext, format: Format): void {
  const f = ctx.begin(`feq_${format}`);
  pushOrdered(f, format);
  f.i32_eqz().hint(false).if_();
  raiseIfSignalling(ctx, f, format);
  f.end();
  pushFloat(f, format, A);
  pushFloat(f, format, B);
  if (format === "d") f.f64_eq();
  else f.f32_eq();
  f.i64_extend_i32_u();
}

/** FLT and FLE are signalling comparisons: any NaN is invalid. */
function addOrder(ctx: FloatContext, format: Format, op: "flt" | "fle"): void {
  const f = ctx.begin(`${op}_${format}`);
  pushOrdered(f, format);
  f.i32_eqz().hint(false).if_();
  ctx.raise(f, FLAG.NV);
  f.end();
  pushFloat(f, format, A);
  pushFloat(f, format, B);
  const method = `${format === "d" ? "f64" : "f32"}_${op === "flt" ? "lt" : "le"}` as const;
  f[method]();
  f.i64_extend_i32_u();
}

/** FCLASS: -∞ 0, -normal 1, -subnormal 2, -0 3, +0 4, … +∞ 7, signalling 8, quiet 9. */
function addClass(ctx: FloatContext, format: Format): void {
  const f = ctx.begin(`fclass_${format}`);
  const [infinity, minNormal, signShift] = format === "d"
    ? [D.INFINITY, D.MIN_NORMAL, 63]
    : [BigInt(S.INFINITY), BigInt(S.MIN_NORMAL), 31];
  const magnitude = f.local("i64");
  const rank = f.local("i32");
  pushIsNan(f, format, A);
  f.if_();
  f.i64_const(1 << 8).i64_const(1 << 9);
  if (format === "d") pushIsSignallingD(f, A);
  else pushIsSignallingS(f, A);
  f.select().return_();
  f.end();
  f.local_get(A);
  if (format === "s") f.i64_extend_i32_u();
  f.i64_const((1n << BigInt(signShift)) - 1n).i64_and().local_set(magnitude);
  // Rank by magnitude: zero 0, subnormal 1, normal 2, infinity 3.
  f.local_get(magnitude).i64_eqz().i32_eqz();
  f.local_get(magnitude).i64_const(minNormal).i64_ge_u().i32_add();
  f.local_get(magnitude).i64_const(infinity).i64_ge_u().i32_add().local_set(rank);
  f.i64_const(1);
  f.i32_const(3).local_get(rank).i32_sub();
  f.i32_const(4).local_get(rank).i32_add();
  f.local_get(A);
  if (format === "d") f.i64_const(0).i64_lt_s();
  else f.i32_const(0).i32_lt_s();
  f.select().i64_extend_i32_u().i64_shl();
}

function addSignInjection(ctx: FloatContext, format: Format): void {
  for (const op of ["fsgnj", "fsgnjn", "fsgnjx"] as const) {
    const f = ctx.begin(`${op}_${format}`);
    const wide = format === "d";
    const sign = (): void => {
      if (wide) f.i64_const(D.SIGN).i64_and();
      else f.i32_const(S.SIGN).i32_and();
    };
    f.local_get(A);
    if (op !== "fsgnjx") {
      if (wide) f.i64_const(D.MAGNITUDE).i64_and();
      else f.i32_const(S.MAGNITUDE).i32_and();
    }
    f.local_get(B);
    if (op === "fsgnjn") {
      if (wide) f.i64_const(-1).i64_xor();
      else f.i32_const(-1).i32_xor();
    }
    sign();
    if (wide) f.i64_xor();
    else f.i32_xor();
  }
}
