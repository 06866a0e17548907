import { makeBatch } from "./batch.ts";
import { difference, SIGNAL } from "./outcome.ts";
import type { EngineRunner } from "./run_on_engine.ts";
import { runUnderQemu } from "./run_under_qemu.ts";
import type { TestCase } from "./test_case.ts";
import { Random } from "../kernel/random.ts";

/** What came of one program. */
export interface ProgramResult {
  /** "" when qemu and the engine agree, and the engine with itself in small slices. */
  readonly wrong: string;
  /** Instructions the engine retired. */
  readonly retired: number;
  /** The signal that ended it under qemu. */
  readonly signal: number;
}

const ENDLESS = "does not end";
const LONGEST_SLICE = 40;

/**
 * Runs programs on an engine at once, on it in random slices, and under qemu.
 *
 * @param sliceSeed decides the slices
 */
export async function comparePrograms(
  cases: readonly TestCase[],
  runner: EngineRunner,
  sliceSeed: number,
): Promise<ProgramResult[]> {
  const whole = makeBatch(cases);
  runner.load(whole);
  const first = whole.cases.map((placed) => runner.run(placed));
  // What does not end here would not end there either, so qemu does not get to see it.
  const ending = cases.filter((_, index) => first[index]!.signal !== SIGNAL.endless);
  const batch = makeBatch(ending);
  runner.load(batch);
  const expected = await runUnderQemu(batch);
  const random = new Random(sliceSeed);
  const slice = (): number => 1 + random.below(LONGEST_SLICE);
  let next = 0;
  return cases.map((_, index) => {
    const once = first[index]!;
    if (once.signal === SIGNAL.endless) return { wrong: ENDLESS, retired: 0, signal: once.signal };
    const at = next++;
    const theirs = expected[at]!;
    const again = runner.run(batch.cases[at]!);
    const sliced = runner.run(batch.cases[at]!, slice);
    const cut = difference(sliced, again) ||
      (sliced.retired === again.retired
        ? ""
        : `${sliced.retired} instead of ${again.retired} retired`);
    const wrong = difference(again, theirs) || (cut === "" ? "" : `in slices: ${cut}`);
    return { wrong, retired: again.retired, signal: theirs.signal };
  });
}
