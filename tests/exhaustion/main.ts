/**
 * `deno task exhaustion [SCENARIO | SHORTAGE]… [--harts N] [--seed S]`: makes every allocation of the
 * scenarios fail once and prints a line for each scenario; a SHORTAGE is what a failing test names,
 * and is run alone. The exit status is 0 when all came to the right end.
 */
import { judge } from "./expected.ts";
import {
  type CleanRun,
  nameOf,
  runClean,
  runShort,
  type Scenario,
  SCENARIOS,
} from "./fail_each.ts";
import { type InstrumentedKernel, loadInstrumented } from "./instrumented_kernel.ts";
import type { Shortage } from "./scarcity.ts";

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

function numberAfter(option: string, missing: number): number {
  const at = Deno.args.indexOf(option);
  return at < 0 ? missing : Number(Deno.args[at + 1]);
}

/** What is to run: a scenario whole, or one of its shortages. */
function requests(): string[] {
  const named = Deno.args.filter((argument, i) =>
    !argument.startsWith("--") && !Deno.args[i - 1]?.startsWith("--")
  );
  return named.length > 0 ? named : [...SCENARIOS];
}

function isScenario(name: string): name is Scenario {
  return SCENARIOS.some((scenario) => scenario === name);
}

async function main(): Promise<number> {
  const kernel = await loadInstrumented();
  const asked = { harts: numberAfter("--harts", 2), seed: numberAfter("--seed", 0) };
  let failed = 0;
  for (const request of requests()) {
    const [scenario, harts, seed] = request.split(":");
    if (!isScenario(scenario)) {
      console.error(`exhaustion: no scenario ${scenario}; there are: ${SCENARIOS.join(", ")}`);
      return 2;
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

if (import.meta.main) Deno.exit(await main());
