/**
 * `deno task stress`: loads on 8 harts under many schedules, each recorded, replayed both ways and
 * audited. The exit status is 1 if any run failed, or the words after it make no sense.
 */
import { DenoHost } from "../../drivers/host/host.ts";
import { printError, printOut } from "../../drivers/host/process.ts";
import { Progress } from "../../journal/commands/progress.ts";
import { terminalProgress } from "../../journal/commands/progress_output.ts";
import { UsageError } from "../../journal/commands/usage_error.ts";
import { runCampaign } from "./campaign.ts";
import { HELP, parseStressOptions, type StressOptions } from "./options.ts";
import type { StressResult } from "./stress_run.ts";
import { rowOf, tableText } from "./table.ts";
import type { Job } from "./worker.ts";
import { seedsOf, WORKLOADS } from "./workloads.ts";

/** ms of a wait for the next line on the terminal. */
const TICK_MS = 250;
/** Exit status after an interruption, as a shell has it. */
const INTERRUPTED = 130;

/** All runs of a campaign, a load after another: the longest ones first. */
function jobsOf(options: StressOptions): Job[] {
  const chosen = WORKLOADS.filter(({ name }) =>
    options.only.length === 0 || options.only.includes(name)
  );
  return chosen.flatMap((workload) => {
    const count = options.seeds ?? seedsOf(workload, options.quick);
    return Array.from({ length: count }, (_, i) => ({
      name: workload.name,
      seed: options.from + i,
    }));
  });
}

function runText({ name, seed, problems, events, ms }: StressResult): string {
  const verdict = problems.length === 0 ? "ok" : "FAILED";
  return `${name} ${seed} ${verdict} ${events} events, ${(ms.whole / 1000).toFixed(1)} s`;
}

async function stress(options: StressOptions): Promise<number> {
  const host = new DenoHost();
  const jobs = jobsOf(options);
  const results: StressResult[] = [];
  const progress = new Progress("stress", terminalProgress(host));
  const update = (): void => progress.update(results.length, jobs.length, "runs");
  const timer = setInterval(update, TICK_MS);
  const folder = Deno.makeTempDirSync({ prefix: "daybook-stress-" });
  const clear = (): void => Deno.removeSync(folder, { recursive: true });
  const interrupted = (): void => {
    progress.clear();
    clear();
    Deno.exit(INTERRUPTED);
  };
  Deno.addSignalListener("SIGINT", interrupted);
  Deno.addSignalListener("SIGTERM", interrupted);
  const began = performance.now();
  try {
    await runCampaign(jobs, options.jobs, folder, (result) => {
      results.push(result);
      if (result.problems.length > 0 || options.verbose) progress.clear();
      if (options.verbose) printError(`${runText(result)}\n`);
      if (result.problems.length > 0) {
        const lines = result.problems.map((line) => `  ${line.replaceAll("\n", "\n  ")}\n`);
        printError(`${result.name}, seed ${result.seed}, failed:\n${lines.join("")}`);
      }
      update();
    });
  } finally {
    clearInterval(timer);
    Deno.removeSignalListener("SIGINT", interrupted);
    Deno.removeSignalListener("SIGTERM", interrupted);
    clear();
    progress.clear();
    host.close();
  }
  const wallSeconds = (performance.now() - began) / 1000;
  const rows = WORKLOADS.map((workload) => rowOf(workload, results)).filter(({ runs }) => runs > 0);
  const failed = results.filter(({ problems }) => problems.length > 0);
  if (options.json) {
    printOut(`${JSON.stringify({ rows, wallSeconds, failed })}\n`);
  } else {
    printOut(tableText(rows));
    const counts = `${results.length - failed.length} passed, ${failed.length} failed`;
    printOut(`${counts}, in ${wallSeconds.toFixed(1)} s\n`);
  }
  return failed.length === 0 ? 0 : 1;
}

async function main(words: readonly string[]): Promise<number> {
  try {
    const options = parseStressOptions(words);
    if (!options.help) return await stress(options);
    printOut(HELP);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    printError(`stress: ${error.message}\n`);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
