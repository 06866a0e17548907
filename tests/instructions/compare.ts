import { disassemble } from "../../arch/riscv64/disassemble.ts";
import { makeBatch } from "./batch.ts";
import type { PlacedCase } from "./batch.ts";
import { difference, registerNameAt, registerOf } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";
import type { EngineOutcome, EngineRunner } from "./run_on_engine.ts";
import { runUnderQemu } from "./run_under_qemu.ts";
import { REGISTERS } from "./test_case.ts";
import type { TestCase } from "./test_case.ts";

/** Cases that one run of qemu takes. */
const BATCH = 8000;

/** A case that ran on both sides. */
export interface Compared {
  readonly index: number;
  readonly placed: PlacedCase;
  readonly ours: EngineOutcome;
  readonly theirs: Outcome;
  /** "" when both agree. */
  readonly difference: string;
}

/**
 * Runs cases under qemu and on an engine, and tells `each` about every one.
 *
 * @returns what is wrong beyond single cases, one line each
 */
export async function compareWithQemu(
  cases: readonly TestCase[],
  runner: EngineRunner,
  each: (compared: Compared) => void,
): Promise<string[]> {
  const wrong: string[] = [];
  for (let start = 0; start < cases.length; start += BATCH) {
    const batch = makeBatch(cases.slice(start, start + BATCH));
    const expected = await runUnderQemu(batch);
    runner.load(batch);
    batch.cases.forEach((placed, i) => {
      const ours = runner.run(placed), theirs = expected[i]!;
      each({ index: start + i, placed, ours, theirs, difference: difference(ours, theirs) });
    });
    wrong.push(...runner.strayWrites(batch));
  }
  return wrong;
}

/** The code of a case as text, with the registers it reads. */
export function describeCase({ test, code, registers }: PlacedCase): string {
  let pc = code;
  const lines = test.code.map((bits) => {
    const line = disassemble(bits, pc);
    pc += (bits & 3) === 3 ? 4 : 2;
    return line;
  });
  const text = lines.join(" | ");
  const named: string[] = [];
  for (let index = 0; index < REGISTERS; index++) {
    const name = registerNameAt(index);
    if (!new RegExp(`\\b${name}\\b`).test(text) && index !== 0) continue;
    named.push(`${name}=0x${registerOf(registers, index).toString(16)}`);
  }
  return `${text} with ${named.join(" ")}`;
}
