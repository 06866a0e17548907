import assert from "node:assert/strict";
import { testEngines } from "../../arch/machine/test_engines.ts";
import { encode, instructionNamed } from "../../arch/riscv64/encode.ts";
import { makeBatch } from "./batch.ts";
import { comparePrograms } from "./compare_programs.ts";
import { Coverage } from "./coverage.ts";
import { instructionCase } from "./instruction_cases.ts";
import { BOUNDARY } from "./memory_map.ts";
import { difference, SIGNAL } from "./outcome.ts";
import { EngineRunner } from "./run_on_engine.ts";
import type { EngineOutcome } from "./run_on_engine.ts";
import { hasQemu } from "./run_under_qemu.ts";
import { setRegister } from "./test_case.ts";
import type { TestCase } from "./test_case.ts";

// What the other tests of this folder compare with must itself see differences.

const engine = testEngines[0]!;

function caseOf(code: readonly number[]): TestCase {
  const registers = new Uint32Array(128);
  setRegister(registers, 8, BigInt(BOUNDARY.writable));
  const window = { address: BOUNDARY.writable, bytes: new Uint8Array(16) };
  return { name: "planted", code, place: { kind: "flow" }, registers, spare: 0, window };
}

function run(test: TestCase): { outcome: EngineOutcome; stray: string[] } {
  const runner = new EngineRunner(engine);
  const batch = makeBatch([test]);
  runner.load(batch);
  return { outcome: runner.run(batch.cases[0]!), stray: runner.strayWrites(batch) };
}

Deno.test("comparison: every part of an outcome counts", () => {
  const { outcome } = run(caseOf([encode("addi", { d: 10, s1: 8, imm: 1 })]));
  assert.equal(outcome.signal, SIGNAL.none);
  assert.equal(outcome.retired, 2, "the instruction, and the jump to the end");
  assert.equal(difference(outcome, outcome), "");
  const changed = (change: (copy: { registers: Uint32Array; window: Uint8Array }) => void) => {
    const copy = { registers: outcome.registers.slice(), window: outcome.window.slice() };
    change(copy);
    return difference({ ...outcome, ...copy }, outcome);
  };
  for (let half = 0; half < 128; half++) {
    if (half === 1) continue; // the upper half of fcsr, which has none
    assert.notEqual(changed(({ registers }) => registers[half]! ^= 1 << 31), "", `half ${half}`);
  }
  for (let i = 0; i < 16; i++) assert.notEqual(changed(({ window }) => window[i]!++), "");
  assert.notEqual(difference({ ...outcome, signal: SIGNAL.ill }, outcome), "");
  assert.notEqual(difference({ ...outcome, code: 2 }, outcome), "");
  assert.notEqual(difference({ ...outcome, address: 4n }, outcome), "");
  assert.notEqual(difference({ ...outcome, pc: 4n }, outcome), "");
});

Deno.test("comparison: a store outside the window is seen", () => {
  const store = (imm: number): TestCase => caseOf([encode("sb", { s1: 8, s2: 8, imm })]);
  // The low byte of the address is zero, so it is stored plus one.
  const one = encode("addi", { d: 9, imm: 1 });
  const planted = caseOf([one, encode("sb", { s1: 8, s2: 9, imm: 16 })]);
  assert.deepEqual(run(store(8)).stray, []);
  assert.deepEqual(run(planted).stray, ["0x8002010 was written"]);
  const below = caseOf([one, encode("sb", { s1: 8, s2: 9, imm: -1 })]);
  assert.deepEqual(run(below).stray, ["0x8001fff was written"]);
});

Deno.test("comparison: what does not end is told, and qemu does not run it", async () => {
  if (!hasQemu()) return;
  const cases = [caseOf([encode("jal", { imm: 0 })]), caseOf([encode("c.nop")])];
  const [endless, ending] = await comparePrograms(cases, new EngineRunner(engine), 1);
  assert.equal(endless!.wrong, "does not end");
  assert.equal(ending!.wrong, "");
});

Deno.test("comparison: coverage misses what no case has met", () => {
  const row = instructionNamed("fadd.s");
  const nothing = new Coverage(row);
  const missing = nothing.missing();
  for (
    const text of ["d=0", "s2=31", "s1: signalling", "s2: broken box", "rounding static 4"]
  ) assert.ok(missing.includes(`fadd.s: ${text}`), text);
  assert.ok(missing.includes("fadd.s: flags 0 instead of 10101"));
  assert.equal(nothing.distinct, 0);

  // The same case twice is one.
  const batch = makeBatch([instructionCase(row, 1, 0), instructionCase(row, 1, 0)]);
  const runner = new EngineRunner(engine);
  runner.load(batch);
  batch.cases.forEach((placed, index) => {
    const ours = runner.run(placed);
    nothing.add({ index, placed, ours, theirs: ours, difference: "" });
  });
  assert.equal(nothing.distinct, 1);
  assert.ok(nothing.missing().length < missing.length);
});
