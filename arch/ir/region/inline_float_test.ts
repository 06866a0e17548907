import assert from "node:assert/strict";
import { makeFloatUnit, makeRandom } from "../float/float_test_support.ts";
import { hostFusesMultiplyAdd } from "../float/host_fused.ts";
import { FLOAT_SIGNATURES, type FloatFunctionName } from "../float/signatures.ts";
import { addFloatFunctions } from "../float/float_functions.ts";
import { ModuleBuilder } from "../wasm/module_builder.ts";
import { hasInlineFloat, inlineFloat } from "./inline_float.ts";

const names = (Object.keys(FLOAT_SIGNATURES) as FloatFunctionName[])
  .filter((name): name is Exclude<FloatFunctionName, "box_s" | "unbox_s"> =>
    name !== "box_s" && name !== "unbox_s" && hasInlineFloat(name)
  );
const NEAREST = 0, TO_ZERO = 1, NX = 1;

/** Signed zeros, subnormals, limits, infinities, NaNs with payloads, and what rounds or overflows. */
const DOUBLES: readonly bigint[] = [
  0n,
  1n,
  0x000f_ffff_ffff_ffffn,
  0x0010_0000_0000_0000n,
  0x0010_0000_0000_0001n,
  0x0020_0000_0000_0000n,
  0x1ff0_0000_0000_0000n,
  0x3c90_0000_0000_0000n,
  0x3fe0_0000_0000_0000n,
  0x3fef_ffff_ffff_ffffn,
  0x3ff0_0000_0000_0000n,
  0x3ff8_0000_0000_0001n,
  0x4008_0000_0000_0000n,
  0x41df_ffff_ffc0_0000n,
  0x41df_ffff_ffe0_0000n,
  0x41e0_0000_0000_0000n,
  0x41ef_ffff_ffe0_0000n,
  0x4330_0000_0000_0001n,
  0x43df_ffff_ffff_ffffn,
  0x43e0_0000_0000_0000n,
  0x5ff0_0000_0000_0000n,
  0x7fdf_ffff_ffff_ffffn,
  0x7fef_ffff_ffff_ffffn,
  0x7ff0_0000_0000_0000n,
  0x7ff0_0000_0000_0001n,
  0x7ff4_dead_beef_0000n,
  0x7ff8_0000_0000_0000n,
  0x7ffc_0123_4567_89abn,
].flatMap((bits) => [bits, bits | 1n << 63n]);

type Run = (b: bigint, c: bigint, d: bigint, flags: number) => { bits: bigint; flags: number };

/** An op as compiled code has it, with an exact function behind it; undefined without inline form. */
function build(name: typeof names[number], mode: number, fused: boolean): Run | undefined {
  const m = new ModuleBuilder();
  const functions = addFloatFunctions(m);
  const { operands, result } = FLOAT_SIGNATURES[name];
  const f = m.function("op", ["i64", "i64", "i64", "i32"], ["i64"]);
  const at = { b: 0, c: 1, d: 2 } as const;
  const inexact = f.local("i32"), scratch = f.local("f64"), to = f.local("i64");
  f.local_get(3).i32_const(NX).i32_and().local_set(inexact);
  const exact = (): void => {
    let position = 0;
    for (const kind of operands) kind === "R" ? f.i32_const(mode) : f.local_get(position++);
    f.call(functions[name]).local_set(to);
  };
  const hasForm = inlineFloat(name, {
    f,
    fused,
    inexact,
    result: scratch,
    roundsToNearest: mode === NEAREST,
    roundsToZero: mode === TO_ZERO,
    getF64: (operand) => void f.local_get(at[operand]).f64_reinterpret_i64(),
    getI64: (operand) => void f.local_get(at[operand]),
    sameOperands: () => false,
    setF64: () => void f.i64_reinterpret_f64().local_set(to),
    setI64: () => void f.local_set(to),
  }, exact);
  assert.ok(["D", "X"].includes(result), name);
  if (!hasForm) return undefined;
  f.local_get(to);
  m.exportFunction(f);
  m.export("flags", "global", functions.fflagsAccrued);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(m.build()));
  const flagsCell = exports["flags"] as WebAssembly.Global;
  const call = exports["op"] as (b: bigint, c: bigint, d: bigint, flags: number) => bigint;
  return (b, c, d, flags) => {
    flagsCell.value = flags;
    const bits = BigInt.asUintN(64, call(b, c, d, flags));
    return { bits, flags: flagsCell.value };
  };
}

/** Operands of one op: all edge pairs, or pairs and triples drawn from edges and random bits. */
function operandsOf(count: number, random: (below: number) => number): bigint[][] {
  const edge = (): bigint => DOUBLES[random(DOUBLES.length)]!;
  const any = (): bigint => {
    switch (random(3)) {
      case 0:
        return edge();
      case 1:
        return BigInt(random(1 << 30)) << 34n ^ BigInt(random(1 << 30)) << 16n;
      default:
        // Near 1: sums cancel, products round.
        return 0x3ff0_0000_0000_0000n + BigInt(random(1 << 30)) * BigInt(random(1 << 22)) -
            (BigInt(random(3)) << 52n) | BigInt(random(2)) << 63n;
    }
  };
  const drawn = Array.from({ length: 3000 }, () => [any(), any(), any()]);
  const edges = count === 1
    ? DOUBLES.map((b) => [b, 0n, 0n])
    : DOUBLES.flatMap((b) => DOUBLES.map((c) => [b, c, edge()]));
  return [...edges, ...drawn];
}

for (const fused of [false, true]) {
  Deno.test(`inline float: bits and flags are the exact function's (${fused ? "fused" : "apart"})`, () => {
    if (fused && !hostFusesMultiplyAdd()) return;
    const unit = makeFloatUnit();
    let forms = 0;
    for (const name of names) {
      for (let mode = 0; mode <= 4; mode++) {
        const run = build(name, mode, fused);
        if (run === undefined) continue;
        forms++;
        const count = FLOAT_SIGNATURES[name].operands.filter((kind) => kind !== "R").length;
        for (
          const [b, c, d] of operandsOf(count, makeRandom(names.indexOf(name) + 1)) as [
            bigint,
            bigint,
            bigint,
          ][]
        ) {
          for (const before of [0, NX, 0x1e, 0x1f]) {
            const wanted = unit({ name, operands: [b, c, d], mode }, before);
            const got = run(b, c, d, before);
            if (got.bits === wanted.result && got.flags === wanted.flags) continue;
            const hex = [b, c, d].map((bits) => bits.toString(16)).join(" ");
            assert.fail(
              `${name} ${hex}, mode ${mode}, flags ${before}: ` +
                `${got.bits.toString(16)} ${got.flags}, not ${
                  wanted.result.toString(16)
                } ${wanted.flags}`,
            );
          }
        }
      }
    }
    assert.ok(forms >= names.length - (fused ? 0 : 4), `${forms} forms`);
  });
}
