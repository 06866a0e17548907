/**
 * `deno task exhaustion [SCENARIO | SHORTAGE]… [--harts N] [--seed S]`: makes every allocation of the
 * scenarios fail once and prints a line for each scenario; a SHORTAGE is what a failing test names,
 * and is run alone. The exit status is 0 when all came to the right end.
 */
import { UsageError } from "../../journal/commands/usage_error.ts";
import { wholeNumber } from "../../journal/commands/values.ts";
import { optionWords } from "../option_words.ts";
import { judge } from "./expected.ts";
import {
  type CleanRun,
  nameOf,
  runClean,
  runShort,
  type Scenario,
  SCENARIOS,
  type Setting,
} from "./fail_each.ts";
import { type InstrumentedKernel, loadInstrumented } from "./instrumented_kernel.ts";
import type { Shortage } from "./scarcity.ts";

const LAST_SEED = 0xffff_ffff;

/** How the shortages of a scenario ended. */
interface Tally {
  answered: number;
  killed: number;
  wentOn: number;
  readonly wrong: string[];
}

function tryAll(
  kernel: InstrumentedKernel,
  clean: CleanRun,
  shortages: readonly Shortage[],
): Tally {
  const tally: Tally = { answered: 0, killed: 0, wentOn: 0, wrong: [] };
  for (const shortage of shortages) {
    try {
      const verdict = runShort(kernel, clean, shortage);
      const wrong = judge(clean, shortage, verdict);
      if (wrong !== "") tally.wrong.push(`${nameOf(clean, shortage)}: ${wrong}`);
      else if (verdict.status === 9 || verdict.said[0]?.startsWith("child killed")) tally.killed++;
      else if (verdict.said.length > 0 || verdict.status !== 0) tally.answered++;
      else tally.wentOn++;
    } catch (error) {
      tally.wrong.push(error instanceof Error ? error.message : String(error));
    }
  }
  return tally;
}

function isScenario(name: string): name is Scenario {
  return SCENARIOS.some((scenario) => scenario === name);
}

/** What is to run, a scenario whole or one of its shortages, each scenario in the same setting. */
async function tryEach(requests: readonly string[], asked: Setting): Promise<number> {
  const kernel = await loadInstrumented();
  let failed = 0;
  for (const request of requests) {
    const [scenario, harts, seed] = request.split(":");
    if (!isScenario(scenario)) {
      throw new UsageError(`no scenario ${scenario}; there are: ${SCENARIOS.join(", ")}`);
    }
    const setting = harts === undefined ? asked : { harts: Number(harts), seed: Number(seed) };
    const clean = runClean(kernel, scenario, setting);
    const chosen = clean.shortages.filter((s) =>
      harts === undefined || nameOf(clean, s) === request
    );
    const { answered, killed, wentOn, wrong } = tryAll(kernel, clean, chosen);
    console.log(
      `${request}: ${clean.takings.length} taken, ${chosen.length} shortages: ` +
        `${answered} answered, ${killed} killed, ${wentOn} went on, ${wrong.length} wrong`,
    );
    for (const line of wrong) console.log(`  ${line}`);
    failed += wrong.length + (chosen.length === 0 ? 1 : 0);
  }
  return failed === 0 ? 0 : 1;
}

async function main(words: readonly string[]): Promise<number> {
  try {
    const { values, rest } = optionWords(words, ["--harts", "--seed"]);
    const asked = {
      harts: wholeNumber("--harts", values.get("--harts") ?? "2", 1, 64),
      seed: wholeNumber("--seed", values.get("--seed") ?? "0", 0, LAST_SEED),
    };
    return await tryEach(rest.length > 0 ? rest : SCENARIOS, asked);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`exhaustion: ${error.message}`);
    return 2;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
