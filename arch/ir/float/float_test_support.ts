import { addFloatFunctions } from "./float_functions.ts";
import { FLOAT_SIGNATURES } from "./signatures.ts";
import { ModuleBuilder } from "../wasm/module_builder.ts";
import type { FloatOptions } from "./float_functions.ts";
import type { FloatFunctionName, OperandKind } from "./signatures.ts";

/** All names, in declaration order. */
export const FLOAT_NAMES = Object.keys(FLOAT_SIGNATURES) as FloatFunctionName[];

/** One operation on raw bits: unsigned 64-bit operands (S in the low 32), mode, flags before. */
export interface FloatCase {
  readonly name: FloatFunctionName;
  readonly operands: readonly bigint[];
  readonly mode: number;
}

/** Raw unsigned result and flags accrued. */
export interface FloatOutcome {
  readonly result: bigint;
  readonly flags: number;
}

/** Builds the functions as they are and returns a way to call them. */
export function makeFloatUnit(
  options: FloatOptions = {},
): (test: FloatCase, flagsBefore: number) => FloatOutcome {
  const module = new ModuleBuilder();
  const functions = addFloatFunctions(module, options);
  for (const name of FLOAT_NAMES) module.export(name, "function", functions[name]);
  module.export("flags", "global", functions.fflagsAccrued);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.build()));
  const exports = instance.exports as Record<string, CallableFunction> & {
    flags: WebAssembly.Global;
  };
  return ({ name, operands, mode }, flagsBefore) => {
    const { operands: kinds, result } = FLOAT_SIGNATURES[name];
    exports.flags.value = flagsBefore;
    const args = kinds.map((kind, i) => toArgument(kind, operands[i] ?? 0n, mode));
    const raw = exports[name]!(...args) as number | bigint;
    return {
      result: BigInt.asUintN(result === "S" ? 32 : 64, BigInt(raw)),
      flags: exports.flags.value,
    };
  };
}

function toArgument(kind: OperandKind, bits: bigint, mode: number): number | bigint {
  if (kind === "R") return mode;
  return kind === "S" ? Number(BigInt.asIntN(32, bits)) : BigInt.asIntN(64, bits);
}

/** A small seeded generator (xorshift32), so that failures repeat. */
export function makeRandom(seed: number): (below: number) => number {
  let state = (seed | 0) || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const f64View = new DataView(new ArrayBuffer(8));

/** The raw bits of a binary64 number. */
export function bitsOfDouble(value: number): bigint {
  f64View.setFloat64(0, value);
  return f64View.getBigUint64(0);
}

/** The raw bits of a binary32 number. */
export function bitsOfSingle(value: number): bigint {
  f64View.setFloat32(0, value);
  return BigInt(f64View.getUint32(0));
}

function withSigns(magnitudes: readonly bigint[], signBit: bigint): bigint[] {
  return magnitudes.flatMap((m) => [m, m | signBit]);
}

const NUMBERS = [1, 1.5, 2, 3, 0.5, 0.1, 2 ** 31, 2 ** 32, 2 ** 63, 2 ** 64];

/** Operands at the corners of binary64, both signs. */
export const EDGES_D: readonly bigint[] = withSigns([
  0n,
  1n,
  0x000f_ffff_ffff_ffffn,
  0x0010_0000_0000_0000n,
  0x0010_0000_0000_0001n,
  0x3ca0_0000_0000_0000n,
  0x3fef_ffff_ffff_ffffn,
  0x3ff0_0000_0000_0001n,
  0x41df_ffff_ffe0_0000n,
  0x380f_ffff_f000_0000n,
  0x47ef_ffff_f000_0000n,
  0x7fef_ffff_ffff_ffffn,
  0x7ff0_0000_0000_0000n,
  0x7ff8_0000_0000_0000n,
  0x7ff0_0000_0000_0001n,
  ...NUMBERS.map(bitsOfDouble),
], 1n << 63n);

/** Operands at the corners of binary32, both signs. */
export const EDGES_S: readonly bigint[] = withSigns([
  0n,
  1n,
  0x007f_ffffn,
  0x0080_0000n,
  0x0080_0001n,
  0x3380_0000n,
  0x3f7f_ffffn,
  0x3f80_0001n,
  0x4eff_ffffn,
  0x7f7f_ffffn,
  0x7f80_0000n,
  0x7fc0_0000n,
  0x7f80_0001n,
  0x7fff_ffffn,
  ...NUMBERS.map(bitsOfSingle),
], 1n << 31n);

/** Integer operands at the corners of 32 and 64 bits and of both significands. */
export const EDGES_X: readonly bigint[] = [24n, 31n, 32n, 53n, 54n, 63n]
  .flatMap((bit) => [-2n, -1n, 0n, 1n, 2n].map((d) => (1n << bit) + d))
  .flatMap((x) => [x, -x])
  .concat([0n, 1n, -1n, 0x7fff_ffff_ffff_fbffn, 0x7fff_ffff_ffff_fe00n, 0xffff_ff7f_ffff_ffffn])
  .map((x) => BigInt.asUintN(64, x));

const RANDOM_FORMATS = {
  D: { fraction: 52, exponent: 11, bias: 1023 },
  S: { fraction: 23, exponent: 8, bias: 127 },
} as const;

/** A random operand; exponents lean to the middle and the ends, significands to long runs. */
export function randomOperand(kind: OperandKind, random: (below: number) => number): bigint {
  if (kind === "X" || kind === "R") return randomBits(64, random) >> BigInt(random(64));
  const { fraction, exponent, bias } = RANDOM_FORMATS[kind];
  const style = random(8);
  const near = BigInt(bias - 30 + random(60));
  const anywhere = BigInt(random(2 ** exponent));
  const low = BigInt(random(fraction + 3));
  const biased = style < 5 ? near : style < 7 ? anywhere : low;
  const sign = BigInt(random(2)) << BigInt(fraction + exponent);
  return sign | (biased << BigInt(fraction)) | randomBits(fraction, random);
}

function randomBits(width: number, random: (below: number) => number): bigint {
  const noise = (BigInt(random(2 ** 32)) << 32n) | BigInt(random(2 ** 32));
  const run = ((1n << BigInt(random(width))) - 1n) << BigInt(random(width));
  const bits = [noise, run, ~run, noise & ~run, 1n << BigInt(random(width))][random(5)]!;
  return BigInt.asUintN(width, bits);
}

/** The corner operands of a kind. */
export function edgesOf(kind: OperandKind): readonly bigint[] {
  return kind === "D" ? EDGES_D : kind === "S" ? EDGES_S : kind === "X" ? EDGES_X : [];
}

/**
 * Cases for one function: corner operands crossed (every `stride`-th combination), then `extra`
 * random ones; the mode steps through all five over the combinations, or every case has all five.
 */
export function makeCases(
  name: FloatFunctionName,
  stride: number,
  extra: number,
  everyMode: boolean,
): FloatCase[] {
  const kinds = FLOAT_SIGNATURES[name].operands.filter((kind) => kind !== "R");
  const modes = FLOAT_SIGNATURES[name].operands.includes("R") ? [0, 1, 2, 3, 4] : [0];
  const random = makeRandom(0x5eed + name.length * 7919);
  const total = kinds.reduce((product, kind) => product * edgesOf(kind).length, 1);
  const cases: FloatCase[] = [];
  const add = (operands: bigint[]): void => {
    const chosen = everyMode ? modes : [modes[random(modes.length)]!];
    for (const mode of chosen) cases.push({ name, operands, mode });
  };
  for (let i = 0; i < total; i += stride) {
    let rest = i;
    add(kinds.map((kind) => {
      const edges = edgesOf(kind);
      const operand = edges[rest % edges.length]!;
      rest = Math.floor(rest / edges.length);
      return operand;
    }));
  }
  for (let i = 0; i < extra; i++) {
    const operands = kinds.map((kind) => randomOperand(kind, random));
    if (i % 3 === 0) makeNearCancellation(kinds, operands, random);
    add(operands);
  }
  return cases;
}

/** Puts the last operand within a few units of the first, or of the product of the first two. */
function makeNearCancellation(
  kinds: readonly OperandKind[],
  operands: bigint[],
  random: (below: number) => number,
): void {
  if (kinds.length < 2) return;
  const last = kinds.length - 1;
  const near = last === 1 ? operands[0]! : hostProduct(kinds[0]!, operands[0]!, operands[1]!);
  const sign = BigInt(random(2)) << (kinds[0] === "D" ? 63n : 31n);
  operands[last] = near ^ BigInt(random(4)) ^ sign;
}

function hostProduct(kind: OperandKind, x: bigint, y: bigint): bigint {
  const read = (bits: bigint): number => {
    if (kind === "D") f64View.setBigUint64(0, bits);
    else f64View.setUint32(0, Number(bits));
    return kind === "D" ? f64View.getFloat64(0) : f64View.getFloat32(0);
  };
  return kind === "D" ? bitsOfDouble(read(x) * read(y)) : bitsOfSingle(read(x) * read(y));
}

/** A case as text that a failing test prints. */
export function describeCase({ name, operands, mode }: FloatCase): string {
  return `${name}(${operands.map((x) => `0x${x.toString(16)}`).join(", ")}) mode ${mode}`;
}
