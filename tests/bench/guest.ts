/** One thing done with a guest in this process: a run on a fresh machine, a boot, or a replay. */
import { resourceUsage } from "node:process";
import type { OutputPort } from "../../arch/machine/ports.ts";
import { OutputResult } from "../../arch/machine/ports.ts";
import { DenoHost } from "../../drivers/host/host.ts";
import { digestKernelSources } from "../../drivers/host/kernel_sources.ts";
import { JournalFile } from "../../journal/commands/journal_file.ts";
import { parseMachineOptions } from "../../journal/commands/options.ts";
import { record } from "../../journal/commands/record.ts";
import { reexecuteFile } from "../../journal/commands/reexecute_file.ts";
import { planBoot, planRun, type RunPlan } from "../../journal/commands/run_plan.ts";
import { repository } from "../daybook.ts";
import { StampingSink, Stamps } from "./stamps.ts";

/** What is to be done. Every path is absolute. */
export type Request =
  | {
    readonly kind: "run";
    /** Words as after `deno task run`: options, program, arguments. */
    readonly words: readonly string[];
    /** Folder that relative paths in `words` are relative to. */
    readonly folder: string;
    /** File to record into, overwritten; without it nothing is recorded. */
    readonly journal?: string;
    /** File that gets what the guest writes to its standard streams. */
    readonly output: string;
    /** Number of a system call whose events are stamped in batches. */
    readonly stamped?: number;
  }
  | { readonly kind: "boot"; readonly journal: string; readonly output: string }
  | { readonly kind: "replay"; readonly journal: string };

/** What came of it. */
export interface GuestRun {
  /** Guest instructions retired; 0 of a replay. */
  readonly instructions: number;
  readonly events: number;
  /** From the machine's first input, its second event, to the closed journal, host seconds. */
  readonly seconds: number;
  /** Processor seconds of all threads meanwhile: compilers and the journal's writer included. */
  readonly cpuSeconds: number;
  /** Largest resident set of this process so far, bytes. */
  readonly peakBytes: number;
  /** Of a run with a stamped call: host microseconds for each, of every batch. */
  readonly batches?: readonly number[];
}

/**
 * Does it.
 *
 * @throws when a guest does not end with status 0, or a replay is not equal
 */
export function runGuest(request: Request): GuestRun {
  const watch = new Stopwatch();
  const stamps = request.kind === "run" && request.stamped !== undefined
    ? new Stamps(request.stamped)
    : undefined;
  const { instructions, events } = request.kind === "replay"
    ? replay(request.journal, watch)
    : recordPlan(request, watch, stamps);
  const run = { instructions, events, ...watch.times(), peakBytes: resourceUsage().maxRSS * 1024 };
  return stamps === undefined ? run : { ...run, batches: stamps.batches() };
}

/** Times what follows its first start. */
class Stopwatch {
  private cpu = 0;
  private begin = 0;

  /** To be called when the first event was reduced: what it takes to get there is measured alone. */
  start(): void {
    if (this.begin !== 0) return;
    this.cpu = cpuSeconds();
    this.begin = performance.now();
  }

  times(): { seconds: number; cpuSeconds: number } {
    if (this.begin === 0) throw new Error("the machine did not start");
    const seconds = (performance.now() - this.begin) / 1000;
    return { seconds, cpuSeconds: cpuSeconds() - this.cpu };
  }
}

/** Counts of what ran. */
interface Counts {
  readonly instructions: number;
  readonly events: number;
}

function cpuSeconds(): number {
  const { userCPUTime, systemCPUTime } = resourceUsage();
  return (userCPUTime + systemCPUTime) / 1e6;
}

function replay(journal: string, watch: Stopwatch): Counts {
  const file = new JournalFile(journal);
  // Progress is told after the first event, and then now and again.
  const verdict = reexecuteFile(file, { progress: () => watch.start() });
  file.close();
  if (verdict.status !== 0) throw new Error([verdict.line, ...verdict.details].join("\n"));
  return { instructions: 0, events: verdict.events };
}

function planOf(request: Exclude<Request, { kind: "replay" }>, host: DenoHost): RunPlan {
  if (request.kind === "boot") return planBoot(parseMachineOptions("boot", []), host, repository);
  return planRun(parseMachineOptions("run", request.words), host, request.folder);
}

function recordPlan(
  request: Exclude<Request, { kind: "replay" }>,
  watch: Stopwatch,
  stamps?: Stamps,
): Counts {
  const host = new DenoHost();
  const output = new FileOutput(request.output);
  const { outcome } = record({
    plan: announced(planOf(request, host), watch),
    host,
    output,
    journal: request.journal,
    identity: digestKernelSources(),
    paced: false,
    timeLimit: undefined,
    ...(stamps === undefined ? {} : { watch: (sink) => new StampingSink(sink, stamps) }),
  });
  output.close();
  if (outcome.waitStatus !== 0) {
    const what = request.kind === "boot" ? "the boot" : request.words.join(" ");
    const said = Deno.readTextFileSync(request.output).slice(-1000);
    throw new Error(`${what} ended with wait status ${outcome.waitStatus}: ${said}`);
  }
  return outcome.stats;
}

/** The plan, which says when the machine asks for its first input: that is its second event. */
function announced(plan: RunPlan, watch: Stopwatch): RunPlan {
  const [first, ...rest] = plan.initial;
  const told = {
    kind: first.kind,
    get payload() {
      watch.start();
      return first.payload;
    },
  };
  return { ...plan, initial: [told, ...rest] };
}

/** Puts what the guest writes into a file. */
class FileOutput implements OutputPort {
  private readonly file: Deno.FsFile;

  constructor(path: string) {
    this.file = Deno.openSync(path, { write: true, create: true, truncate: true });
  }

  writeStream(_stream: number, bytes: Uint8Array, from: number, length: number): number {
    for (const end = from + length; from < end;) {
      from += this.file.writeSync(bytes.subarray(from, end));
    }
    return OutputResult.Done;
  }

  close(): void {
    this.file.close();
  }
}
