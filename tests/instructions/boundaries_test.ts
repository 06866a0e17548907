import assert from "node:assert/strict";
import { testOnEachEngine } from "../../arch/machine/test_engines.ts";
import { dataBoundaryCases, straddlingCases } from "./boundaries.ts";
import { compareWithQemu, describeCase } from "./compare.ts";
import type { Compared } from "./compare.ts";
import { SIGNAL } from "./outcome.ts";
import { EngineRunner } from "./run_on_engine.ts";
import { hasQemu } from "./run_under_qemu.ts";
import type { TestCase } from "./test_case.ts";

// What lies in two pages: data accesses and instructions, where the second page is as good as the
// first, absent, or there with other rights.

const SHOWN = 20;

/** What a fault must leave alone, whatever qemu says: all registers, all bytes, the pc. */
function traces({ placed, ours }: Compared): string {
  const { test, code, registers } = placed;
  if (ours.signal !== SIGNAL.segv && ours.signal !== SIGNAL.bus) return "";
  // A case of two instructions is a pair whose first may have run.
  if (ours.retired >= test.code.length) return `${ours.retired} instructions retired`;
  if (ours.pc < BigInt(code) || ours.pc > BigInt(code + 4 * ours.retired)) return "pc moved";
  if (test.code.length > 1) return "";
  if (registers.some((half, i) => half !== ours.registers[i])) return "a register changed";
  return test.window?.bytes.some((byte, i) => byte !== ours.window[i]) ? "memory changed" : "";
}

/** Compares all cases; returns how often each signal came. */
async function compare(
  cases: readonly TestCase[],
  engine: EngineRunner,
): Promise<Map<number, number>> {
  const failures: string[] = [];
  const signals = new Map<number, number>();
  const stray = await compareWithQemu(cases, engine, (compared) => {
    const { placed, theirs, difference } = compared;
    signals.set(theirs.signal, (signals.get(theirs.signal) ?? 0) + 1);
    const wrong = difference || traces(compared);
    if (wrong !== "") failures.push(`${placed.test.name}: ${describeCase(placed)}: ${wrong}`);
  });
  assert.deepEqual(failures.slice(0, SHOWN), [], `${failures.length} cases differ`);
  assert.deepEqual(stray, [], "bytes outside the window");
  return signals;
}

testOnEachEngine("boundaries: data accesses in two pages as under qemu", async (engine) => {
  if (!hasQemu()) return;
  const signals = await compare(dataBoundaryCases(1), new EngineRunner(engine));
  for (const signal of [SIGNAL.none, SIGNAL.bus, SIGNAL.segv]) {
    assert.ok(signals.get(signal)! > 300, `signal ${signal}: ${signals.get(signal)}`);
  }
});

testOnEachEngine("boundaries: instructions in two pages as under qemu", async (engine) => {
  if (!hasQemu()) return;
  const signals = await compare(straddlingCases(1), new EngineRunner(engine));
  // The second page absent or not executable: 12 each; the others end at a breakpoint, but for the
  // two illegal ones.
  assert.deepEqual([...signals].sort(([a], [b]) => a - b), [
    [SIGNAL.ill, 8],
    [SIGNAL.trap, 88],
    [SIGNAL.segv, 24],
  ]);
});
