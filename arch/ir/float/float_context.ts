import type { FunctionBuilder } from "../wasm/function_builder.ts";
import type { ModuleBuilder } from "../wasm/module_builder.ts";
import { FLOAT_SIGNATURES, OPERAND_TYPES } from "./signatures.ts";
import type { FloatFunctionName } from "./signatures.ts";

/** Exception flags as fcsr holds them (unprivileged specification, "F", fcsr). */
export const FLAG = { NX: 1, UF: 2, OF: 4, DZ: 8, NV: 16 } as const;

/** Rounding modes as the rm field encodes them. */
export const ROUND = { RNE: 0, RTZ: 1, RDN: 2, RUP: 3, RMM: 4 } as const;

/** Bit patterns of binary64. */
export const D = {
  SIGN: 1n << 63n,
  MAGNITUDE: (1n << 63n) - 1n,
  INFINITY: 0x7ff0_0000_0000_0000n,
  NAN: 0x7ff8_0000_0000_0000n,
  QUIET: 0x0008_0000_0000_0000n,
  HIDDEN: 1n << 52n,
  FRACTION: (1n << 52n) - 1n,
  MIN_NORMAL: 1n << 52n,
} as const;

/** Bit patterns of binary32. */
export const S = {
  SIGN: 0x8000_0000,
  MAGNITUDE: 0x7fff_ffff,
  INFINITY: 0x7f80_0000,
  NAN: 0x7fc0_0000,
  QUIET: 0x0040_0000,
  MIN_NORMAL: 0x0080_0000,
} as const;

/** What the emitters of this folder share: the module, the flags global, functions by name. */
export class FloatContext {
  readonly #indexes = new Map<string, number>();

  /**
   * @param flags index of the mutable i32 global with the accrued flags
   * @param fused whether the host's `relaxed_madd` is known to round once
   */
  constructor(
    readonly module: ModuleBuilder,
    readonly flags: number,
    readonly fused: boolean,
  ) {}

  /** Begins one of the public functions. */
  begin(name: FloatFunctionName): FunctionBuilder {
    const { operands, result } = FLOAT_SIGNATURES[name];
    const f = this.module.function(
      name,
      operands.map((kind) => OPERAND_TYPES[kind]),
      [OPERAND_TYPES[result]],
    );
    this.#indexes.set(name, f.index);
    return f;
  }

  /** Remembers a helper function so that later bodies can call it by name. */
  helper(f: FunctionBuilder): FunctionBuilder {
    this.#indexes.set(f.name, f.index);
    return f;
  }

  /** The index of a function added before. */
  index(name: string): number {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new Error(`${name} is called before it is added`);
    return index;
  }

  /** Emits: ORs a constant into the accrued flags. */
  raise(f: FunctionBuilder, flags: number): void {
    f.global_get(this.flags).i32_const(flags).i32_or().global_set(this.flags);
  }

  /** Emits: pops a condition (0 or 1) and accrues NX when it holds. */
  raiseInexactIf(f: FunctionBuilder): void {
    f.global_get(this.flags).i32_or().global_set(this.flags);
  }

  /** Emits: pushes 1 when NX has not accrued yet, else 0. */
  pushNotInexactYet(f: FunctionBuilder): void {
    f.global_get(this.flags).i32_const(FLAG.NX).i32_and().i32_eqz();
  }
}

/** Emits: pushes whether local `x` (raw D) is an infinity or a NaN. */
export function pushIsSpecialD(f: FunctionBuilder, x: number): void {
  f.local_get(x).i64_const(D.INFINITY).i64_and().i64_const(D.INFINITY).i64_eq();
}

/** Emits: pushes whether local `x` (raw D) is a zero of either sign. */
export function pushIsZeroD(f: FunctionBuilder, x: number): void {
  f.local_get(x).i64_const(1).i64_shl().i64_eqz();
}

/**
 * Emits: pushes whether local `x` (raw D) is finite and beyond the least normal number. A host
 * result in this range, rounded to nearest even, raised nothing but perhaps NX. The least normal
 * number itself is out: a tiny result (after rounding, RISC-V) can be delivered as it.
 */
export function pushIsOrdinaryD(f: FunctionBuilder, x: number): void {
  f.local_get(x).i64_const(D.MAGNITUDE).i64_and().i64_const(D.MIN_NORMAL + 1n).i64_sub();
  f.i64_const(D.INFINITY - D.MIN_NORMAL - 1n).i64_lt_u();
}

/** Emits: the same for local `x` (raw S, i32). */
export function pushIsOrdinaryS(f: FunctionBuilder, x: number): void {
  f.local_get(x).i32_const(S.MAGNITUDE).i32_and().i32_const(S.MIN_NORMAL + 1).i32_sub();
  f.i32_const(S.INFINITY - S.MIN_NORMAL - 1).i32_lt_u();
}

/**
 * Emits: pushes whether the product of the significands of two raw D locals surely fits into 53
 * bits: the trailing zeros of the factors add up, and a product of two has at most 106 bits.
 */
export function pushProductFits(f: FunctionBuilder, x: number, y: number): void {
  f.local_get(x).i64_const(D.HIDDEN).i64_or().i64_ctz();
  f.local_get(y).i64_const(D.HIDDEN).i64_or().i64_ctz();
  f.i64_add().i64_const(53).i64_ge_u();
}

/**
 * Emits: splits the finite non-zero raw D local `x` into its biased exponent (i32 local `exponent`,
 * below 1 for subnormals) and its significand with the leading one at bit 52 (i64 local).
 */
export function unpackD(
  f: FunctionBuilder,
  x: number,
  exponent: number,
  significand: number,
): void {
  f.local_get(x).i64_const(52).i64_shr_u().i32_wrap_i64().i32_const(0x7ff).i32_and();
  f.local_set(exponent);
  f.local_get(x).i64_const(D.FRACTION).i64_and().local_set(significand);
  f.local_get(exponent).if_();
  f.local_get(significand).i64_const(D.HIDDEN).i64_or().local_set(significand);
  f.else_();
  f.i32_const(12).local_get(significand).i64_clz().i32_wrap_i64().i32_sub().local_set(exponent);
  f.local_get(significand).i32_const(1).local_get(exponent).i32_sub().i64_extend_i32_u();
  f.i64_shl().local_set(significand);
  f.end();
}

/** Emits: pushes the error of the f64 sum `s` = x + y, exact unless it overflows (Knuth, 2Sum). */
export function pushSumError(
  f: FunctionBuilder,
  x: number,
  y: number,
  s: number,
  scratch: number,
): void {
  f.local_get(s).local_get(x).f64_sub().local_set(scratch);
  f.local_get(x).local_get(s).local_get(scratch).f64_sub().f64_sub();
  f.local_get(y).local_get(scratch).f64_sub().f64_add();
}
