import { disassemble } from "../../arch/riscv64/disassemble.ts";
import { compareWithQemu } from "./compare.ts";
import type { Compared } from "./compare.ts";
import { readsCounter } from "./encodings.ts";
import { SIGNAL } from "./outcome.ts";
import type { EngineRunner } from "./run_on_engine.ts";
import type { TestCase } from "./test_case.ts";

/** Bits that qemu 7.2 treats in another way, and why ours is right. */
export interface EncodingException {
  readonly reason: string;
  readonly fits: (bits: number) => boolean;
  /** A word that shows it. */
  readonly example: number;
}

/** All there are. Words of the V extension are left out of the cases altogether. */
export const EXCEPTIONS: readonly EncodingException[] = [{
  reason: "without its reservation qemu does not look at the address of an SC",
  fits: (bits) => /^sc\.[wd].*\(zero\)$/.test(disassemble(bits)),
  example: 0x1b70332f,
}];

/** What one case shows to be wrong, or "". */
function judge({ placed, ours, theirs, difference }: Compared): string {
  const bits = placed.test.code[0]!;
  if (ours.signal === SIGNAL.ill && ours.pc === BigInt(placed.code)) {
    if (ours.trapValue !== BigInt(bits)) return `trap value 0x${ours.trapValue.toString(16)}`;
  }
  if (readsCounter(bits) && ours.signal === theirs.signal) return "";
  return difference;
}

/** What a sweep over encodings came to. */
export interface SweepResult {
  /** Words that are instructions, and words that are not. */
  readonly accepted: number;
  readonly refused: number;
  /** One line for each word that differs. */
  readonly failures: readonly string[];
  /** Reasons of the exceptions that were needed. */
  readonly used: ReadonlySet<string>;
}

/** Runs one-instruction cases in the slot on both sides. */
export async function sweep(
  cases: readonly TestCase[],
  runner: EngineRunner,
): Promise<SweepResult> {
  const failures: string[] = [];
  const used = new Set<string>();
  let refused = 0;
  await compareWithQemu(cases, runner, (compared) => {
    const bits = compared.placed.test.code[0]!;
    if (compared.ours.signal === SIGNAL.ill && compared.ours.retired === 0) refused++;
    const wrong = judge(compared);
    if (wrong === "") return;
    const exception = EXCEPTIONS.find(({ fits }) => fits(bits));
    if (exception !== undefined) used.add(exception.reason);
    else failures.push(`${compared.placed.test.name} (${disassemble(bits)}): ${wrong}`);
  });
  return { accepted: cases.length - refused, refused, failures, used };
}
