import assert from "node:assert/strict";
import { ModuleBuilder } from "./module_builder.ts";
import { MEMORY_OPCODES, methodName, SIMPLE_OPCODES } from "./opcodes.ts";
import type { FunctionBuilder } from "./function_builder.ts";
import type { ValueType } from "./types.ts";

type Callable = (...args: unknown[]) => unknown;

function instantiate(
  m: ModuleBuilder,
  imports: WebAssembly.Imports = {},
): Record<string, Callable> {
  const module = new WebAssembly.Module(m.build());
  return new WebAssembly.Instance(module, imports).exports as Record<string, Callable>;
}

function define(
  m: ModuleBuilder,
  name: string,
  params: ValueType[],
  results: ValueType[],
  body: (f: FunctionBuilder) => void,
): FunctionBuilder {
  const f = m.function(name, params, results);
  body(f);
  m.exportFunction(f);
  return f;
}

Deno.test("constants survive the trip at every width", () => {
  const m = new ModuleBuilder();
  const i32s = [0, 1, -1, 63, 64, -64, -65, 8191, 8192, 0x7fffffff, -0x80000000];
  const i64s = [0n, -1n, 63n, 64n, -65n, 1n << 31n, -(1n << 63n), (1n << 63n) - 1n, 0x1234567890n];
  const f64s = [0, -0, 1.5, 5e-324, Number.MAX_VALUE, -Infinity, Math.PI];
  i32s.forEach((v, i) => define(m, `a${i}`, [], ["i32"], (f) => f.i32_const(v)));
  i64s.forEach((v, i) => define(m, `b${i}`, [], ["i64"], (f) => f.i64_const(v)));
  i64s.forEach((v, i) =>
    define(
      m,
      `c${i}`,
      [],
      ["i64"],
      (f) => f.i64_const(Number(BigInt.asIntN(32, v)), Number(BigInt.asIntN(32, v >> 32n))),
    )
  );
  f64s.forEach((v, i) => define(m, `d${i}`, [], ["f64"], (f) => f.f64_const(v)));
  define(m, "unsigned", [], ["i32"], (f) => f.i32_const(0xffff_fffe));
  define(m, "single", [], ["f32"], (f) => f.f32_const(0.1));
  const x = instantiate(m);
  i32s.forEach((v, i) => assert.equal(x[`a${i}`]!(), v));
  i64s.forEach((v, i) => assert.equal(x[`b${i}`]!(), v));
  i64s.forEach((v, i) => assert.equal(x[`c${i}`]!(), v));
  f64s.forEach((v, i) => assert.ok(Object.is(x[`d${i}`]!(), v)));
  assert.equal(x["unsigned"]!(), -2);
  assert.equal(x["single"]!(), Math.fround(0.1));
});

Deno.test("labels resolve to the right depth", () => {
  const m = new ModuleBuilder();
  define(m, "sum", ["i32"], ["i32"], (f) => {
    const total = f.local("i32");
    f.block("done").loop("again");
    f.local_get(0).i32_eqz().br_if("done");
    f.local_get(total).local_get(0).i32_add().local_set(total);
    f.local_get(0).i32_const(1).i32_sub().local_set(0);
    f.br("again").end().end();
    f.local_get(total);
  });
  define(m, "pick", ["i32"], ["i32"], (f) => {
    f.block("other").block("two").block("one").block("zero");
    f.local_get(0).br_table(["zero", "one", "two"], "other").end();
    f.i32_const(100).return_().end();
    f.i32_const(101).return_().end();
    f.i32_const(102).return_().end();
    f.i32_const(-1);
  });
  define(m, "choose", ["i32"], ["i64"], (f) => {
    f.local_get(0).if_("", "i64").i64_const(7).else_().i64_const(8).end();
  });
  const x = instantiate(m);
  assert.equal(x["sum"]!(10), 55);
  assert.deepEqual([0, 1, 2, 3, -1].map((i) => x["pick"]!(i)), [100, 101, 102, -1, -1]);
  assert.deepEqual([x["choose"]!(1), x["choose"]!(0)], [7n, 8n]);
});

Deno.test("mistakes of the caller are refused", () => {
  const m = new ModuleBuilder();
  const f = m.function("f", [], []);
  assert.throws(() => f.br("nowhere"), /nowhere/);
  assert.throws(() => f.end(), /end without/);
  assert.throws(() => f.block("i32"), /is a type/);
  assert.throws(() => f.i32_load(0, 3), /alignment/);
  assert.throws(() => f.i32_const(2 ** 32), /i32/);
  assert.throws(() => m.importFunction("a", "b", [], []), /after the first/);
  f.block();
  assert.throws(() => m.build(), /still open/);
});

Deno.test("memory, globals, imports, tables and indirect calls", () => {
  const m = new ModuleBuilder();
  const twice = m.importFunction("env", "twice", ["i32"], ["i32"]);
  m.importMemory("env", "memory", 2, 2, true);
  const shared = m.importGlobal("env", "g", "i32", true);
  const own = m.global("i64", true, -5);
  m.table(4, 4);
  const inc = define(m, "inc", ["i32"], ["i32"], (f) => f.local_get(0).i32_const(1).i32_add());
  m.element(1, [twice, inc.index]);
  const unary = m.type(["i32"], ["i32"]);
  assert.equal(m.type(["i32"], ["i32"]), unary);
  define(
    m,
    "apply",
    ["i32", "i32"],
    ["i32"],
    (f) => f.local_get(1).local_get(0).call_indirect(unary),
  );
  define(m, "poke", ["i32", "i64"], ["i32"], (f) => {
    f.local_get(0).local_get(1).i64_store(16, 0);
    f.local_get(0).i32_load16_u(18, 0);
  });
  define(m, "bump", [], ["i64"], (f) => {
    f.global_get(own).i64_const(1).i64_sub().global_set(own);
    f.i32_const(9).global_set(shared);
    f.global_get(own);
  });
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
  const g = new WebAssembly.Global({ value: "i32", mutable: true }, 0);
  const x = instantiate(m, { env: { twice: (v: number) => 2 * v, memory, g } });
  assert.equal(x["apply"]!(1, 21), 42);
  assert.equal(x["apply"]!(2, 21), 22);
  assert.throws(() => x["apply"]!(0, 1), WebAssembly.RuntimeError);
  assert.equal(x["poke"]!(3, 0x1122334455667788n), 0x5566);
  assert.equal(new Uint8Array(memory.buffer)[19], 0x88);
  assert.equal(x["bump"]!(), -6n);
  assert.equal(g.value, 9);
});

/** Operand types follow from an instruction's name; only the irregular ones are spelled out. */
function signatureOf(name: string): [ValueType[], ValueType[]] {
  const [type, op] = name.split(".") as [ValueType, string];
  const source = /_(i32|i64|f32|f64)(_[su])?$/.exec(op)?.[1] as ValueType | undefined;
  if (source !== undefined) return [[source], [type]];
  if (/^(eqz)$/.test(op)) return [[type], ["i32"]];
  if (/^(eq|ne|[lg][te](_[su])?)$/.test(op)) return [[type, type], ["i32"]];
  if (/^(clz|ctz|popcnt|abs|neg|ceil|floor|trunc|nearest|sqrt|extend\d+_s)$/.test(op)) {
    return [[type], [type]];
  }
  return [[type, type], [type]];
}

Deno.test("every scalar instruction of the tables validates with its signature", () => {
  const skipped = /^(unreachable|nop|return|drop|select|.*x\d+\..*)$/;
  for (const name of Object.keys(SIMPLE_OPCODES)) {
    if (skipped.test(name)) continue;
    const [params, results] = signatureOf(name);
    const m = new ModuleBuilder();
    define(m, "f", params, results, (f) => {
      params.forEach((_, i) => f.local_get(i));
      (f as unknown as Record<string, () => void>)[methodName(name)]!();
    });
    assert.ok(WebAssembly.validate(m.build()), name);
  }
  for (const name of Object.keys(MEMORY_OPCODES)) {
    const type = name.slice(0, 3) as ValueType;
    const stores = name.includes("store");
    const m = new ModuleBuilder();
    m.memory(1, 1);
    define(m, "f", stores ? ["i32", type] : ["i32"], stores ? [] : [type], (f) => {
      f.local_get(0);
      if (stores) f.local_get(1);
      (f as unknown as Record<string, (offset: number) => void>)[methodName(name)]!(8);
    });
    assert.ok(WebAssembly.validate(m.build()), name);
  }
});

Deno.test("fused multiply-add of the vector set computes", () => {
  const m = new ModuleBuilder();
  define(m, "madd", ["f64", "f64", "f64"], ["f64"], (f) => {
    for (const i of [0, 1, 2]) f.local_get(i).f64x2_splat();
    f.f64x2_relaxed_madd().f64x2_extract_lane(0);
  });
  define(m, "msub", ["f32", "f32", "f32"], ["f32"], (f) => {
    for (const i of [0, 1, 2]) f.local_get(i).f32x4_splat();
    f.f32x4_relaxed_nmadd().f32x4_extract_lane(0);
  });
  const x = instantiate(m);
  assert.equal(x["madd"]!(3, 4, 5), 17);
  assert.equal(x["msub"]!(3, 4, 5), -7);
});

Deno.test("branch hints keep the module valid and point at their instruction", () => {
  const m = new ModuleBuilder();
  const f = define(m, "f", ["i32"], ["i32"], (f) => {
    f.local("i64");
    f.block("out").local_get(0).hint(false).br_if("out").end();
    f.local_get(0).hint(true).if_().nop().end();
    f.i32_const(3);
  });
  const { body, hints } = f.finish();
  assert.deepEqual(hints.map((h) => [body[h.codeOffset], h.likely]), [[0x0d, false], [0x04, true]]);
  const bytes = m.build();
  const module = new WebAssembly.Module(bytes);
  assert.equal(WebAssembly.Module.customSections(module, "metadata.code.branch_hint").length, 1);
  assert.equal(instantiate(m)["f"]!(1), 3);
});
