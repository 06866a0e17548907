import assert from "node:assert/strict";
import { testOnEachEngine } from "../../arch/machine/test_engines.ts";
import { disassemble } from "../../arch/riscv64/disassemble.ts";
import { compareWithQemu } from "./compare.ts";
import type { Compared } from "./compare.ts";
import { compressedEncodings, csrEncodings, readsCounter, wideEncodings } from "./encodings.ts";
import { SIGNAL } from "./outcome.ts";
import { EngineRunner } from "./run_on_engine.ts";
import { hasQemu } from "./run_under_qemu.ts";
import type { TestCase } from "./test_case.ts";

// Which bits are instructions at all, and that those do the same: qemu-riscv64 runs with every
// extension beyond RV64GC turned off.

const SHOWN = 20;
const WIDE_SEED = 5;
const WIDE_COUNT = 12_000;

/**
 * What qemu 7.2 takes and we do not, or the other way round: bits, and the reason. There must be a
 * case of each, so that the list cannot outlive its reasons.
 */
interface Exception {
  readonly reason: string;
  readonly fits: (bits: number) => boolean;
}

const EXCEPTIONS: readonly Exception[] = [{
  reason: "without its reservation qemu does not look at the address of an SC; the manual lets it",
  fits: (bits) => /^sc\.[wd].*\(zero\)$/.test(disassemble(bits)),
}];

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

/** What one case shows to be wrong, or "". */
function judge({ placed, ours, theirs, difference }: Compared): string {
  const bits = placed.test.code[0]!;
  if (ours.signal === SIGNAL.ill && ours.pc === BigInt(placed.code)) {
    if (ours.trapValue !== BigInt(bits)) return `trap value 0x${ours.trapValue.toString(16)}`;
  }
  if (readsCounter(bits) && ours.signal === theirs.signal) return "";
  return difference;
}

async function sweep(
  cases: readonly TestCase[],
  engine: EngineRunner,
  exceptions: readonly Exception[],
): Promise<{ accepted: number; refused: number }> {
  const failures: string[] = [];
  const used = new Set<Exception>();
  let refused = 0;
  await compareWithQemu(cases, [engine], (compared) => {
    const bits = compared.placed.test.code[0]!;
    if (compared.ours.signal === SIGNAL.ill && compared.ours.retired === 0) refused++;
    const wrong = judge(compared);
    if (wrong === "") return;
    const exception = exceptions.find(({ fits }) => fits(bits));
    if (exception !== undefined) used.add(exception);
    else failures.push(`${compared.placed.test.name} (${disassemble(bits)}): ${wrong}`);
  });
  assert.deepEqual(failures.slice(0, SHOWN), [], `${failures.length} encodings differ`);
  assert.deepEqual(exceptions.filter((each) => !used.has(each)).map(({ reason }) => reason), []);
  return { accepted: cases.length - refused, refused };
}

testOnEachEngine("encodings: every 16-bit word does what it does under qemu", async (engine) => {
  if (!hasQemu()) return;
  const cases = compressedEncodings(3);
  const { accepted, refused } = await sweep(cases, new EngineRunner(engine), []);
  assert.equal(cases.length, 3 * 2 ** 14 - total(ONTO_THEMSELVES));
  assert.equal(refused, total(RESERVED));
  assert.equal(accepted, cases.length - refused);
});

testOnEachEngine("encodings: 32-bit words do what they do under qemu", async (engine) => {
  if (!hasQemu()) return;
  const cases = wideEncodings(WIDE_SEED, WIDE_COUNT);
  const { accepted, refused } = await sweep(cases, new EngineRunner(engine), EXCEPTIONS);
  assert.ok(accepted > WIDE_COUNT / 4 && refused > WIDE_COUNT / 4, `${accepted} and ${refused}`);
});

testOnEachEngine("encodings: user mode reaches the CSRs it reaches under qemu", async (engine) => {
  if (!hasQemu()) return;
  const { accepted } = await sweep(csrEncodings(), new EngineRunner(engine), []);
  // fflags, frm and fcsr in three ways; cycle, time and instret, of which two do not write.
  assert.equal(accepted, 3 * 3 + 3 * 2);
});
