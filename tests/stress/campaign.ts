/** Loads under many seeds, in several processes at once. */
import { join } from "node:path";
import configuration from "../../deno.json" with { type: "json" };
import { repository } from "../daybook.ts";
import type { StressResult } from "./stress_run.ts";
import type { Job } from "./worker.ts";

const WORKER = new URL("./worker.ts", import.meta.url).pathname;

/** Arguments of deno for a worker: as the `run` task has them, and temporary files. */
function workerArguments(): string[] {
  const flags = configuration.tasks.run.split(" ").filter((word) => word.startsWith("--v8-flags="));
  const permissions = [
    "--allow-read",
    "--allow-write",
    "--allow-env=INIT_CWD,NO_COLOR,TERM",
  ];
  return ["run", "--quiet", ...flags, ...permissions, WORKER];
}

/** A process that runs one job after another. */
class WorkerProcess {
  private readonly child: Deno.ChildProcess;
  private readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  private readonly reader: ReadableStreamDefaultReader<string>;
  private rest = "";

  /** @param journal file it may record into */
  constructor(journal: string) {
    this.child = new Deno.Command(Deno.execPath(), {
      args: [...workerArguments(), journal],
      cwd: repository,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.writer = this.child.stdin.getWriter();
    this.reader = this.child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** @throws an Error when the process ends instead of answering */
  async run(job: Job): Promise<StressResult> {
    await this.writer.write(new TextEncoder().encode(`${JSON.stringify(job)}\n`));
    while (!this.rest.includes("\n")) {
      const { value, done } = await this.reader.read();
      if (done) throw new Error("its process ended");
      this.rest += value;
    }
    const end = this.rest.indexOf("\n");
    const line = this.rest.slice(0, end);
    this.rest = this.rest.slice(end + 1);
    return JSON.parse(line);
  }

  /** Lets it end, and waits for that; its exit status. */
  async end(): Promise<number> {
    // A process that is gone has closed it already.
    await this.writer.close().catch(() => {});
    await this.reader.cancel();
    return (await this.child.status).code;
  }
}

/** The result of a run whose process did not live to tell. */
function lost(job: Job, why: string): StressResult {
  const again = `again: deno task stress --only ${job.name} --from ${job.seed} --seeds 1`;
  return {
    ...job,
    problems: [why, again],
    hung: false,
    events: 0,
    instructions: 0,
    journalBytes: 0,
    ms: { record: 0, whole: 0 },
  };
}

/**
 * Runs jobs, each as soon as a process is free for it.
 *
 * @param processes how many at a time
 * @param folder where journals are while they are looked at
 * @param told called with each result as it comes
 */
export async function runCampaign(
  jobs: readonly Job[],
  processes: number,
  folder: string,
  told: (result: StressResult) => void,
): Promise<void> {
  const queue = [...jobs];
  const work = async (_: unknown, number: number): Promise<void> => {
    let worker: WorkerProcess | undefined;
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
      worker ??= new WorkerProcess(join(folder, `${number}.daybook`));
      let result: StressResult;
      try {
        result = await worker.run(job);
      } catch (error) {
        const status = await worker.end();
        worker = undefined;
        const why = error instanceof Error ? error.message : String(error);
        result = lost(job, `${why} with status ${status}`);
      }
      told(result);
    }
    await worker?.end();
  };
  await Promise.all(Array.from({ length: Math.min(processes, jobs.length) }, work));
}
