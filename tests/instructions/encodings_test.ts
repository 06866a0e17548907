import assert from "node:assert/strict";
import { testOnEachEngine } from "../../arch/machine/test_engines.ts";
import type { TestEngine } from "../../arch/machine/test_engines.ts";
import { decode } from "../../arch/riscv64/decoder.ts";
import { disassemble } from "../../arch/riscv64/disassemble.ts";
import { Random } from "../kernel/random.ts";
import { EXCEPTIONS, sweep } from "./encoding_sweep.ts";
import {
  compressedEncodings,
  csrEncodings,
  encodingCases,
  isVector,
  wideEncodings,
} from "./encodings.ts";
import { EngineRunner } from "./run_on_engine.ts";
import { hasQemu } from "./run_under_qemu.ts";
import type { TestCase } from "./test_case.ts";

// Which bits are instructions at all, and that those do the same: qemu-riscv64 runs with every
// extension beyond RV64GC turned off.

const SHOWN = 20;
const WIDE_SEED = 5;
const WIDE_COUNT = 12_000;

/** Reserved 16-bit words by the manual's tables, and jumps onto themselves, which are left out. */
const RESERVED = {
  "quadrant 0, funct3 4": 2048,
  "c.addi4spn of 0": 8,
  "c.addiw to x0": 64,
  "c.lui and c.addi16sp of 0": 32,
  "quadrant 1, register operations of 32 bits beyond subw and addw": 128,
  "c.lwsp and c.ldsp to x0": 128,
  "c.jr to x0": 1,
};
const ONTO_THEMSELVES = { "c.j": 1, "c.beqz": 8, "c.bnez": 8 };
const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

async function sweepAll(
  cases: readonly TestCase[],
  engine: TestEngine,
): Promise<{ accepted: number; refused: number; used: ReadonlySet<string> }> {
  const { failures, ...counts } = await sweep(cases, new EngineRunner(engine));
  assert.deepEqual(failures.slice(0, SHOWN), [], `${failures.length} encodings differ`);
  return counts;
}

testOnEachEngine("encodings: every 16-bit word does what it does under qemu", async (engine) => {
  if (!hasQemu()) return;
  const cases = compressedEncodings(3);
  const { accepted, refused } = await sweepAll(cases, engine);
  assert.equal(cases.length, 3 * 2 ** 14 - total(ONTO_THEMSELVES));
  assert.equal(refused, total(RESERVED));
  assert.equal(accepted, cases.length - refused);
});

testOnEachEngine("encodings: 32-bit words do what they do under qemu", async (engine) => {
  if (!hasQemu()) return;
  const examples = encodingCases(EXCEPTIONS.map(({ example }) => example));
  const cases = [...wideEncodings(WIDE_SEED, WIDE_COUNT), ...examples];
  const { accepted, refused, used } = await sweepAll(cases, engine);
  // A reason that is none any more has to go.
  assert.deepEqual([...used].sort(), EXCEPTIONS.map(({ reason }) => reason).sort());
  assert.ok(accepted > WIDE_COUNT / 4 && refused > WIDE_COUNT / 4, `${accepted} and ${refused}`);
});

testOnEachEngine("encodings: user mode reaches the CSRs it reaches under qemu", async (engine) => {
  if (!hasQemu()) return;
  const { accepted } = await sweepAll(csrEncodings(), engine);
  // fflags, frm and fcsr in three ways; cycle, time and instret, of which two do not write.
  assert.equal(accepted, 3 * 3 + 3 * 2);
});

Deno.test("encodings: no word of the V extension is an instruction", () => {
  const random = new Random(WIDE_SEED);
  for (let i = 0; i < 20_000; i++) {
    const bits = (random.bits() & ~0x7f) | random.pick([0x07, 0x27, 0x57]);
    const isFloat = (bits & 0x7f) !== 0x57 && [2, 3].includes((bits >>> 12) & 7);
    // flw, fld, fsw and fsd share two of the opcodes; the widths 1 and 4 are nobody's.
    assert.equal(decode(bits) !== undefined, isFloat, disassemble(bits));
    if (isVector(bits)) assert.equal(decode(bits), undefined);
  }
});
