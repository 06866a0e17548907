import { D, FLAG, pushIsOrdinaryD, pushProductFits, pushSumError } from "./float_context.ts";
import type { FloatContext } from "./float_context.ts";
import { addDoubleExact } from "./double_exact.ts";
import type { FunctionBuilder } from "../wasm/function_builder.ts";

// Operands of the binary operations, as parameters.
const A = 0;
const B = 1;
const MODE = 2;

/**
 * Adds FADD.D, FSUB.D, FMUL.D, FDIV.D and FSQRT.D. Each takes the host's result when the mode is
 * RNE and no flag but NX can arise, and NX is either accrued already or cheaply decided; everything
 * else goes to the integer helpers of `double_exact.ts`.
 */
export function addDoubleArithmetic(ctx: FloatContext): void {
  addDoubleExact(ctx);
  addSumEntry(ctx, "fadd_d");
  addSumEntry(ctx, "fsub_d");
  addProductEntry(ctx);
  addQuotientEntry(ctx);
  addRootEntry(ctx);
}

function pushF64(f: FunctionBuilder, raw: number): void {
  f.local_get(raw).f64_reinterpret_i64();
}

/** Emits: pushes whether NX has accrued, so that a fast result needs no test of its own. */
function pushInexactAlready(ctx: FloatContext, f: FunctionBuilder): void {
  f.global_get(ctx.flags).i32_const(FLAG.NX).i32_and();
}

function addSumEntry(ctx: FloatContext, name: "fadd_d" | "fsub_d"): void {
  const f = ctx.begin(name);
  const [x, y, s, scratch] = [f.local("f64"), f.local("f64"), f.local("f64"), f.local("f64")];
  const bits = f.local("i64");
  if (name === "fsub_d") f.local_get(B).i64_const(D.SIGN).i64_xor().local_set(B);
  f.block("exact");
  f.local_get(MODE).hint(false).br_if("exact");
  pushF64(f, A);
  f.local_tee(x);
  pushF64(f, B);
  f.local_tee(y).f64_add().local_tee(s).i64_reinterpret_f64().local_tee(bits);
  // A sum below 2^1022 cannot overflow inside 2Sum; a tiny sum is exact, so UF cannot arise.
  f.i64_const(D.MAGNITUDE).i64_and().i64_const(0x7fdn << 52n).i64_ge_u().hint(false).br_if("exact");
  ctx.pushNotInexactYet(f);
  f.if_();
  pushSumError(f, x, y, s, scratch);
  f.f64_const(0).f64_ne();
  ctx.raiseInexactIf(f);
  f.end();
  f.local_get(bits).return_();
  f.end();
  f.local_get(A).local_get(B).local_get(MODE).call(ctx.index("add_d"));
}

function addProductEntry(ctx: FloatContext): void {
  const f = ctx.begin("fmul_d");
  const bits = f.local("i64");
  f.block("exact");
  f.local_get(MODE).hint(false).br_if("exact");
  pushF64(f, A);
  pushF64(f, B);
  f.f64_mul().i64_reinterpret_f64().local_set(bits);
  pushIsOrdinaryD(f, bits);
  f.i32_eqz().hint(false).br_if("exact");
  pushInexactAlready(ctx, f);
  f.if_().local_get(bits).return_().end();
  pushProductFits(f, A, B);
  f.if_().local_get(bits).return_().end();
  f.end();
  f.local_get(A).local_get(B).local_get(MODE).call(ctx.index("mul_d"));
}

function addQuotientEntry(ctx: FloatContext): void {
  const f = ctx.begin("fdiv_d");
  const bits = f.local("i64");
  const quotient = f.local("f64");
  f.block("exact");
  f.local_get(MODE).hint(false).br_if("exact");
  pushF64(f, A);
  pushF64(f, B);
  f.f64_div().local_tee(quotient).i64_reinterpret_f64().local_set(bits);
  pushIsOrdinaryD(f, bits);
  f.i32_eqz().hint(false).br_if("exact");
  pushInexactAlready(ctx, f);
  f.if_().local_get(bits).return_().end();
  // Exact when quotient × divisor gives the dividend back and is itself exact.
  pushIsOrdinaryD(f, A);
  pushProductFits(f, bits, B);
  f.i32_and().local_get(quotient);
  pushF64(f, B);
  f.f64_mul();
  pushF64(f, A);
  f.f64_eq().i32_and();
  f.if_().local_get(bits).return_().end();
  f.end();
  f.local_get(A).local_get(B).local_get(MODE).call(ctx.index("div_d"));
}

function addRootEntry(ctx: FloatContext): void {
  const f = ctx.begin("fsqrt_d");
  const mode = 1;
  const bits = f.local("i64");
  const root = f.local("f64");
  f.block("exact");
  f.local_get(mode).hint(false).br_if("exact");
  pushF64(f, A);
  f.f64_sqrt().local_tee(root).i64_reinterpret_f64().local_set(bits);
  pushIsOrdinaryD(f, bits);
  f.i32_eqz().hint(false).br_if("exact");
  pushInexactAlready(ctx, f);
  f.if_().local_get(bits).return_().end();
  pushIsOrdinaryD(f, A);
  pushProductFits(f, bits, bits);
  f.i32_and().local_get(root).local_get(root).f64_mul();
  pushF64(f, A);
  f.f64_eq().i32_and();
  f.if_().local_get(bits).return_().end();
  f.end();
  f.local_get(A).local_get(mode).call(ctx.index("sqrt_d"));
}
