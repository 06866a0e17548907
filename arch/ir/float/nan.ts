import { D, FLAG, S } from "./float_context.ts";
import type { FloatContext } from "./float_context.ts";
import type { FunctionBuilder } from "../wasm/function_builder.ts";

/** Emits: pushes whether local `x` (raw D) is a signalling NaN. */
export function pushIsSignallingD(f: FunctionBuilder, x: number): void {
  // Flipping the quiet bit puts exactly the signalling NaNs above the quiet-bit-only pattern.
  f.local_get(x).i64_const(D.QUIET).i64_xor().i64_const(D.MAGNITUDE).i64_and();
  f.i64_const(D.INFINITY | D.QUIET).i64_gt_u();
}

/** Emits: pushes whether local `x` (raw S) is a signalling NaN. */
export function pushIsSignallingS(f: FunctionBuilder, x: number): void {
  f.local_get(x).i32_const(S.QUIET).i32_xor().i32_const(S.MAGNITUDE).i32_and();
  f.i32_const(S.INFINITY | S.QUIET).i32_gt_u();
}

/** Emits: pushes whether local `x` (raw D) is a NaN. */
export function pushIsNanD(f: FunctionBuilder, x: number): void {
  f.local_get(x).i64_const(D.MAGNITUDE).i64_and().i64_const(D.INFINITY).i64_gt_u();
}

/** Emits: pushes whether local `x` (raw S) is a NaN. */
export function pushIsNanS(f: FunctionBuilder, x: number): void {
  f.local_get(x).i32_const(S.MAGNITUDE).i32_and().i32_const(S.INFINITY).i32_gt_u();
}

/** Emits: pushes whether none of the locals is a NaN, so that a NaN result is a new one. */
function pushNoneIsNan(
  f: FunctionBuilder,
  operands: readonly number[],
  pushIsNan: (f: FunctionBuilder, x: number) => void,
): void {
  operands.forEach((x, i) => {
    pushIsNan(f, x);
    if (i > 0) f.i32_or();
  });
  f.i32_eqz();
}

/**
 * Adds the helpers for an operation whose result is a NaN: `nan_d` (a, b), `nan3_d` (a, b, c) and
 * the same for S. They return the canonical NaN and raise NV when an operand is signalling, when no
 * operand is a NaN (the operation made it), or, for the three-operand ones, when neither factor is
 * a NaN but their product is: ∞ × 0 + qNaN is invalid too on RISC-V.
 */
export function addNanHelpers(ctx: FloatContext): void {
  for (const format of ["d", "s"] as const) {
    const type = format === "d" ? "i64" : "i32";
    const pushIsSignalling = format === "d" ? pushIsSignallingD : pushIsSignallingS;
    const pushIsNan = format === "d" ? pushIsNanD : pushIsNanS;
    for (const operands of [[0, 1], [0, 1, 2]]) {
      const name = operands.length === 2 ? `nan_${format}` : `nan3_${format}`;
      const f = ctx.helper(ctx.module.function(name, operands.map(() => type), [type]));
      pushNoneIsNan(f, operands, pushIsNan);
      for (const x of operands) {
        pushIsSignalling(f, x);
        f.i32_or();
      }
      if (operands.length === 3) {
        pushNoneIsNan(f, [0, 1], pushIsNan);
        pushProductIsNan(f, format);
        f.i32_and().i32_or();
      }
      f.if_();
      ctx.raise(f, FLAG.NV);
      f.end();
      if (format === "d") f.i64_const(D.NAN);
      else f.i32_const(S.NAN);
    }
  }
}

function pushProductIsNan(f: FunctionBuilder, format: "d" | "s"): void {
  // Only a NaN differs from itself.
  if (format === "d") {
    const product = f.local("f64");
    f.local_get(0).f64_reinterpret_i64().local_get(1).f64_reinterpret_i64().f64_mul();
    f.local_tee(product).local_get(product).f64_ne();
  } else {
    const product = f.local("f32");
    f.local_get(0).f32_reinterpret_i32().local_get(1).f32_reinterpret_i32().f32_mul();
    f.local_tee(product).local_get(product).f32_ne();
  }
}
