import { addComparisons } from "./comparisons.ts";
import { addConversions } from "./conversions.ts";
import { addDoubleArithmetic } from "./double_arithmetic.ts";
import { addDoubleFused } from "./double_fused.ts";
import { FloatContext } from "./float_context.ts";
import { addNanHelpers } from "./nan.ts";
import { addRoundPack } from "./round_pack.ts";
import { FLOAT_SIGNATURES } from "./signatures.ts";
import { addSingleArithmetic } from "./single_arithmetic.ts";
import type { ModuleBuilder } from "../wasm/module_builder.ts";
import type { FloatFunctionName } from "./signatures.ts";

/** Function indexes by name, and the index of the global with the accrued flags. */
export type FloatFunctions = Readonly<Record<FloatFunctionName, number>> & {
  readonly fflagsAccrued: number;
};

/** How the functions are built. */
export interface FloatOptions {
  /** The mutable i32 global to accrue flags in; without it a new one is defined. */
  readonly fflagsAccrued?: number;
  /**
   * The host's `f64x2.relaxed_madd` rounds once, as `hostFusesMultiplyAdd` finds out. It makes the
   * fused operations faster and never changes a result.
   */
  readonly fusedMultiplyAdd?: boolean;
}

/**
 * Adds every function of `FLOAT_SIGNATURES` to the module, after all its function imports.
 * Results and flags follow the unprivileged RISC-V specification, "F" and "D", 2.2.
 */
export function addFloatFunctions(
  module: ModuleBuilder,
  options: FloatOptions = {},
): FloatFunctions {
  const fflagsAccrued = options.fflagsAccrued ?? module.global("i32", true);
  const ctx = new FloatContext(module, fflagsAccrued, options.fusedMultiplyAdd ?? false);
  addNanHelpers(ctx);
  addRoundPack(ctx, "d");
  addRoundPack(ctx, "s");
  addDoubleArithmetic(ctx);
  addDoubleFused(ctx);
  addSingleArithmetic(ctx);
  addConversions(ctx);
  addComparisons(ctx);
  const indexes: Partial<Record<FloatFunctionName, number>> = {};
  for (const name of Object.keys(FLOAT_SIGNATURES) as FloatFunctionName[]) {
    indexes[name] = ctx.index(name);
  }
  return { ...indexes as Record<FloatFunctionName, number>, fflagsAccrued };
}
