import assert from "node:assert/strict";
import { testEngines, testOnEachEngine } from "../../arch/machine/test_engines.ts";
import { instructionNamed } from "../../arch/riscv64/encode.ts";
import { faultyEngine } from "./faulty_engine.ts";
import { fuzz } from "./fuzz.ts";
import { SIGNAL } from "./outcome.ts";
import { assemble } from "./program.ts";
import { randomProgram } from "./program_generator.ts";
import { hasQemu } from "./run_under_qemu.ts";

const SEED = 1;
const PROGRAMS = 600;

testOnEachEngine("fuzz: random programs end as under qemu-riscv64", async (engine) => {
  if (!hasQemu()) return;
  const result = await fuzz({ engine, seed: SEED, first: 0, count: PROGRAMS });
  assert.deepEqual(result.failures, [], result.failures[0]);
  assert.equal(result.programs, PROGRAMS);
  assert.ok(result.retired > 100_000, `only ${result.retired} instructions`);
  assert.ok(result.signals.get(SIGNAL.none)! > PROGRAMS / 2, "most programs run to their end");
  for (const signal of [SIGNAL.bus, SIGNAL.segv, SIGNAL.ill]) {
    assert.ok(result.signals.has(signal), `no program ends in signal ${signal}`);
  }
});

Deno.test("fuzz: programs hold every kind of instruction, and depend on seed and number only", () => {
  const names = new Set<string>();
  for (let number = 0; number < 300; number++) {
    const { items } = randomProgram(SEED, number);
    for (const { name } of items) names.add(name);
  }
  const rare = ["ebreak", "c.ebreak"];
  for (const name of rare) assert.ok(!names.has(name), `${name} would end every program`);
  for (const name of ["lr.w", "sc.d", "c.jalr", "fmadd.s", "c.addi16sp", "csrrwi", "ecall"]) {
    assert.ok(names.has(instructionNamed(name).name), name);
  }
  assert.ok(names.size > 180, `only ${names.size} instructions`);
  assert.deepEqual(randomProgram(3, 7), randomProgram(3, 7));
  assert.notDeepEqual(assemble(randomProgram(3, 7).items), assemble(randomProgram(3, 8).items));
});

// A fault that needs an odd result, planted around an engine, so that no source has to change.
for (const name of ["mulhu", "lhu"]) {
  Deno.test(`fuzz: a planted fault of ${name} is found and shrunk to a few instructions`, async () => {
    if (!hasQemu()) return;
    const engine = faultyEngine(testEngines[0]!, name);
    const { failures } = await fuzz({ engine, seed: SEED, first: 0, count: 100 });
    const text = failures[0] ?? "nothing found";
    const found = /--seed 1 --case (\d+)\n(\d+) of (\d+) instructions:\n/.exec(text);
    assert.ok(found !== null, text);
    assert.ok(Number(found[2]) <= 5, text);
    assert.ok(text.includes(` ${name} `), text);
    if (name !== "lhu") return;
    // The line it prints finds the same program again.
    const again = await fuzz({ engine, seed: SEED, first: Number(found[1]), count: 1 });
    assert.equal(again.failures[0], text);
  });
}
