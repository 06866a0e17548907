import assert from "node:assert/strict";
import { testEngines } from "../../arch/machine/test_engines.ts";
import { instructions } from "../../arch/riscv64/instructions.ts";
import type { Instruction } from "../../arch/riscv64/instructions.ts";
import { compareWithQemu, describeCase } from "./compare.ts";
import { Coverage } from "./coverage.ts";
import { instructionCases } from "./instruction_cases.ts";
import { EngineRunner } from "./run_on_engine.ts";
import { hasQemu } from "./run_under_qemu.ts";

// Every instruction, at least 200 cases each, against qemu-riscv64: all registers, fcsr, the memory
// around the access, and the signal with its code, address and pc.

const SEED = 1;
const LEAST = 200;
const SHOWN = 20;

/** The extension that an instruction belongs to. */
function groupOf(row: Instruction): string {
  if (row.length === 2) return "compressed";
  if (/^csr/.test(row.name)) return "csr";
  if (/^(amo|lr|sc)/.test(row.name)) return "atomic";
  if (/^(mul|div|rem)/.test(row.name)) return "multiplication";
  if (!/^f(?!ence)/.test(row.name)) return "base";
  if (/fence/.test(row.name)) return "base";
  return /\.d\b|^f[ls]d/.test(row.name) ? "double" : "single";
}

const groups = new Map<string, Instruction[]>();
for (const row of instructions) {
  const group = groupOf(row);
  groups.set(group, [...groups.get(group) ?? [], row]);
}

async function compareRows(rows: readonly Instruction[], engine: EngineRunner): Promise<void> {
  const coverage = new Map(rows.map((row) => [row.name, new Coverage(row)]));
  const cases = rows.flatMap((row) =>
    instructionCases(row, SEED).map((test, at) => ({ test, at }))
  );
  const failures: string[] = [];
  const stray = await compareWithQemu(cases.map(({ test }) => test), engine, (compared) => {
    const { test, at } = cases[compared.index]!;
    coverage.get(test.name)!.add(compared);
    if (compared.difference === "") return;
    const again = `deno task conformance --instruction ${test.name} --seed ${SEED} --case ${at}`;
    failures.push(`${again}: ${describeCase(compared.placed)}: ${compared.difference}`);
  });
  assert.deepEqual(failures.slice(0, SHOWN), [], `${failures.length} cases differ`);
  assert.deepEqual(stray, [], "bytes outside the window");
  const few = [...coverage].filter(([, met]) => met.distinct < LEAST)
    .map(([name, met]) => `${name}: ${met.distinct} distinct cases`);
  assert.deepEqual(few, []);
  assert.deepEqual([...coverage.values()].flatMap((met) => met.missing()), []);
}

for (const [group, rows] of groups) {
  for (const engine of testEngines) {
    const name = `instructions: each of ${group} in 200 cases does what it does under qemu-riscv64`;
    Deno.test(`${name} (${engine.name})`, async () => {
      if (hasQemu()) await compareRows(rows, new EngineRunner(engine));
    });
  }
}
