/**
 * `worker.ts JOURNAL`: runs loads in a process of its own, recording into that file. Each line of
 * standard input names a load and a seed as JSON ({@link Job}); each gives one line of JSON on
 * standard output ({@link StressResult}).
 */
import { join } from "node:path";
import { repository } from "../daybook.ts";
import { type StressResult, stressRun } from "./stress_run.ts";
import { WORKLOADS } from "./workloads.ts";

/** What a worker is asked to run. */
export interface Job {
  readonly name: string;
  readonly seed: number;
}

/** Where the journal of a failed run is kept. */
const CACHE = join(repository, ".cache");

/** Lines of standard input, without waiting for more than is there. */
function* inputLines(): Generator<string> {
  const decoder = new TextDecoder();
  const bytes = new Uint8Array(4096);
  let rest = "";
  for (;;) {
    const got = Deno.stdin.readSync(bytes);
    if (got === null) return;
    const lines = (rest + decoder.decode(bytes.subarray(0, got), { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** Keeps the journal of a run that failed, and says where. */
function keep(result: StressResult, journal: string): StressResult {
  if (result.problems.length === 0) return result;
  const name = `stress-${result.name}-${result.seed}.daybook`;
  Deno.mkdirSync(CACHE, { recursive: true });
  Deno.copyFileSync(journal, join(CACHE, name));
  return { ...result, problems: [...result.problems, `journal: .cache/${name}`] };
}

function main(journal: string): void {
  for (const line of inputLines()) {
    const job: Job = JSON.parse(line);
    const workload = WORKLOADS.find(({ name }) => name === job.name);
    if (workload === undefined) {
      console.error(`stress: there is no load ${job.name}`);
      Deno.exit(1);
    }
    const result = keep(stressRun(workload, job.seed, journal), journal);
    Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(result)}\n`));
  }
}

if (import.meta.main) main(Deno.args[0]);
