import { ModuleBuilder } from "../wasm/module_builder.ts";
import type { FunctionBuilder } from "../wasm/function_builder.ts";

/** Operand pairs compared: a host that rounds twice gives itself away at the first or second. */
const TRIALS = 1_000;

/**
 * Whether the host's `f64x2.relaxed_madd` rounds once. The relaxed vector specification lets it
 * round twice, but wants one behaviour throughout. For random a and b the probe asks for
 * a × b - p, p being the rounded product: fused it is the product's error, as Dekker's splitting
 * gives it exactly; rounded twice it is zero, and for most pairs that differs. (V8 uses the same
 * machine instruction in both of its tiers, as forcing each one shows.) The answer is for
 * `FloatOptions.fusedMultiplyAdd` and changes speed only. False where the instruction is missing.
 */
export function hostFusesMultiplyAdd(): boolean {
  const module = new ModuleBuilder();
  const probe = module.function("probe", ["i32"], ["i32"]);
  emitProbe(probe);
  module.exportFunction(probe);
  const bytes = module.build();
  if (!WebAssembly.validate(bytes)) return false;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  return (exports["probe"] as (trials: number) => number)(TRIALS) === 0;
}

/** Emits: compares `trials` times; leaves 1 at the first difference, 0 if there is none. */
function emitProbe(f: FunctionBuilder): void {
  const seed = f.local("i64");
  const [a, b, product] = [f.local("f64"), f.local("f64"), f.local("f64")];
  const [aHigh, aLow, bHigh, bLow] = ["a", "a", "b", "b"].map(() => f.local("f64")) as [
    number,
    number,
    number,
    number,
  ];
  f.i64_const(0x2545_f491_4f6c_dd1dn).local_set(seed);
  f.loop("again");
  randomOperand(f, seed, a);
  randomOperand(f, seed, b);
  f.local_get(a).local_get(b).f64_mul().local_set(product);
  split(f, a, aHigh, aLow);
  split(f, b, bHigh, bLow);
  f.local_get(aHigh).local_get(bHigh).f64_mul().local_get(product).f64_sub();
  f.local_get(aHigh).local_get(bLow).f64_mul().f64_add();
  f.local_get(aLow).local_get(bHigh).f64_mul().f64_add();
  f.local_get(aLow).local_get(bLow).f64_mul().f64_add();
  f.local_get(a).f64x2_splat().local_get(b).f64x2_splat();
  f.local_get(product).f64_neg().f64x2_splat();
  f.f64x2_relaxed_madd().f64x2_extract_lane(0);
  f.f64_ne().if_().i32_const(1).return_().end();
  f.local_get(0).i32_const(1).i32_sub().local_tee(0).br_if("again").end();
  f.i32_const(0);
}

/** Emits: steps the seed and sets `target` to a random number of 52 digits in [1, 2). */
function randomOperand(f: FunctionBuilder, seed: number, target: number): void {
  f.local_get(seed).i64_const(6364136223846793005n).i64_mul();
  f.i64_const(1442695040888963407n).i64_add().local_tee(seed);
  // Even, so that both halves have 26 digits and their products are exact.
  f.i64_const(12).i64_shr_u().i64_const(-2).i64_and().i64_const(0x3ffn << 52n).i64_or()
    .f64_reinterpret_i64();
  f.local_set(target);
}

/** Emits: splits `x` into a high part of 26 bits and the rest, both exact. */
function split(f: FunctionBuilder, x: number, high: number, low: number): void {
  f.local_get(x).i64_reinterpret_f64().i64_const(-1n << 27n).i64_and().f64_reinterpret_i64();
  f.local_set(high);
  f.local_get(x).local_get(high).f64_sub().local_set(low);
}
