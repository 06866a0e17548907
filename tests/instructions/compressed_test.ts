import assert from "node:assert/strict";
import { testOnEachEngine } from "../../arch/machine/test_engines.ts";
import { decode } from "../../arch/riscv64/decoder.ts";
import { encode } from "../../arch/riscv64/encode.ts";
import { extractImmediate, extractRegister } from "../../arch/riscv64/formats.ts";
import { instructions } from "../../arch/riscv64/instructions.ts";
import type { Instruction } from "../../arch/riscv64/instructions.ts";
import { makeBatch } from "./batch.ts";
import type { PlacedCase } from "./batch.ts";
import { describeCase } from "./compare.ts";
import { instructionCases } from "./instruction_cases.ts";
import { SLOT } from "./memory_map.ts";
import { difference } from "./outcome.ts";
import { EngineRunner } from "./run_on_engine.ts";
import type { EngineOutcome } from "./run_on_engine.ts";
import { setRegister } from "./test_case.ts";
import type { TestCase } from "./test_case.ts";

// Each 16-bit instruction and the 32-bit one it stands for, from the same state. No qemu.

const SEED = 2;

/** The 32-bit instruction with the operands of a 16-bit one. */
function expansion(row: Instruction, bits: number): number {
  const { d, s1, s2, imm } = row.format;
  const register = (field: typeof d): { readonly value: number } | undefined =>
    field === undefined ? undefined : { value: extractRegister(field, bits) };
  return encode(row.expands!, {
    d: register(d)?.value ?? 0,
    s1: register(s1)?.value ?? 0,
    s2: register(s2)?.value ?? 0,
    imm: imm === undefined ? 0 : extractImmediate(imm, bits),
  }) >>> 0;
}

/** What a 16-bit instruction in the slot would have left, had it been two bytes longer. */
function lengthened(row: Instruction, from: EngineOutcome): EngineOutcome {
  const registers = from.registers.slice();
  if (row.format.d?.fixed === 1) setRegister(registers, 1, BigInt(SLOT + 4));
  if (from.pc !== BigInt(SLOT + 2)) return { ...from, registers };
  return { ...from, registers, pc: from.pc + 2n, address: from.address + 2n };
}

testOnEachEngine("compressed: each form does what its expansion does", (engine) => {
  const runner = new EngineRunner(engine);
  const run = (cases: readonly TestCase[]): { placed: PlacedCase; outcome: EngineOutcome }[] => {
    const batch = makeBatch(cases);
    runner.load(batch);
    return batch.cases.map((placed) => ({ placed, outcome: runner.run(placed) }));
  };
  const failures: string[] = [];
  for (const row of instructions.filter(({ length }) => length === 2)) {
    // In the slot both have the same address and the same end.
    const cases = instructionCases(row, SEED)
      .map((test): TestCase => ({ ...test, code: test.code.slice(-1), place: { kind: "slot" } }));
    assert.ok(cases.length >= 200);
    const long = run(cases.map((test) => {
      assert.equal(decode(test.code[0]!), row);
      return { ...test, code: [expansion(row, test.code[0]!)] };
    }));
    run(cases).forEach(({ placed, outcome }, i) => {
      const wrong = difference(lengthened(row, outcome), long[i]!.outcome);
      if (wrong !== "") failures.push(`${describeCase(placed)}: ${wrong}`);
    });
  }
  assert.deepEqual(failures.slice(0, 20), [], `${failures.length} cases differ`);
});
