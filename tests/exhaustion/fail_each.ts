/**
 * Every allocation fails once (design, "Tests that matter"): a scenario of userland/bad/fail_each.c
 * runs undisturbed and what each event took is counted; then it runs again for each of them, with a
 * kernel in which just that one finds nothing left.
 */
import { ShutdownCause } from "../../arch/machine/config.ts";
import { EventKind, type RecordedEvent } from "../../core/event.ts";
import { Auditor } from "../../core/ledger/auditor.ts";
import { formatClosingTable } from "../../core/ledger/closing.ts";
import type { Capacities } from "../../core/reducer.ts";
import { linuxRows } from "../../core/syscall/table.ts";
import {
  type LiveKernel,
  runKernel,
  type RunResult,
  SMALL,
  type Watch,
} from "../kernel/harness.ts";
import type { InstrumentedKernel } from "./instrumented_kernel.ts";
import type { Shortage, Taking } from "./scarcity.ts";

/** Scenarios of the program; `nothing` stands for all that comes before its first line. */
export const SCENARIOS = [
  "nothing",
  "fork",
  "exec",
  "map",
  "file_map",
  "pipe",
  "names",
  "grow",
  "host",
  "poll",
  "signals",
  "harts",
  "tokens",
  "messages",
  "threads",
] as const;

/** Name of a scenario. */
export type Scenario = (typeof SCENARIOS)[number];

/** The machine a scenario runs on. */
export interface Setting {
  readonly harts: number;
  readonly seed: number;
}

/** A scenario that ran undisturbed. */
export interface CleanRun {
  readonly scenario: Scenario;
  readonly setting: Setting;
  readonly stdout: string;
  /** What was taken, and each look at what is left. */
  readonly takings: readonly Taking[];
  readonly askings: readonly Taking[];
  /** Everything that can run out, one unit after the other. */
  readonly shortages: readonly Shortage[];
}

/** What came of one shortage. */
export interface Verdict {
  /** Functions that met the shortage, innermost first, `<` between them. */
  readonly met: string;
  /** Wait status of the program. */
  readonly status: number;
  /** Lines the undisturbed run does not print: a call's name and errno each, or a child's end. */
  readonly said: readonly string[];
  /** Whether lines of the undisturbed run are missing. */
  readonly lost: boolean;
}

const WRITE = linuxRows.find((row) => row.name === "write")?.number;
/** Events after a shortage that are recounted one by one; after them the end is. */
const RECOUNTED = 12;
const INPUT = new Uint8Array(10).fill(0x41);

/** Room for these scenarios, and little more: what is set up for every run is small. */
const CAPACITIES: Capacities = {
  ...SMALL,
  region: 256,
  memoryObject: 128,
  objectPage: 256,
  frame: 512,
  capNode: 256,
  namePage: 24,
  notification: 24,
  channel: 8,
  connection: 8,
  message: 8,
  pulse: 16,
  ringEntry: 8,
  serviceName: 4,
  futex: 8,
  inode: 128,
  directoryEntry: 128,
  nameChunk: 256,
  pageTable: 128,
};

interface Hooks {
  readonly before?: (e: RecordedEvent) => void;
  readonly recountFrom: number;
}

/** Runs a scenario with the books looked at after every event. */
function run(
  kernel: InstrumentedKernel,
  scenario: string,
  { harts, seed }: Setting,
  hooks: Hooks,
): RunResult {
  const watch = ({ state }: LiveKernel): Watch => {
    const auditor = new Auditor(state);
    const hold = (what: string, wrong: readonly string[]) => {
      if (wrong.length > 0) throw new Error(`${what}: ${wrong.slice(0, 6).join("; ")}`);
    };
    const recount = () => auditor.recount().map((finding) => finding.text);
    return {
      before: (e) => {
        kernel.scarcity.order = e.order;
        hooks.before?.(e);
      },
      after: (e) => {
        kernel.scarcity.order = -1;
        if (e.kind === EventKind.Boot) auditor.begin();
        const wrong = auditor.checkTotals();
        hold(`after event ${e.order}`, wrong === "" ? [] : [wrong]);
        const since = e.order - hooks.recountFrom;
        if (since >= 0 && since < RECOUNTED) hold(`after event ${e.order}`, recount());
      },
      end: () => {
        hold("at the end", recount());
        const table = auditor.close();
        if (!table.balanced) throw new Error(formatClosingTable(table));
      },
    };
  };
  const { makeReducer } = kernel;
  const result = runKernel({
    program: "userland/bad/bin/fail_each",
    args: [scenario],
    harts,
    seed,
    capacities: { ...CAPACITIES, hart: harts },
    input: INPUT,
    instructionLimit: 10_000_000,
    makeReducer,
    watch,
  });
  if (!result.outcome.closed) throw new Error("the books were not closed");
  if (result.outcome.reason !== ShutdownCause.InitExit) {
    throw new Error(`the boot ended for reason ${result.outcome.reason}, not by the program's end`);
  }
  return result;
}

/** What can run out: each unit taken, and where an event only looks, all that there is. */
function shortagesOf(takings: readonly Taking[], askings: readonly Taking[]): Shortage[] {
  const taken = new Map<string, number>();
  const shortages: Shortage[] = [];
  const keyOf = ({ order, resource }: Taking) => `${order} ${resource}`;
  for (const taking of takings) {
    const { order, resource, site } = taking;
    const left = taken.get(keyOf(taking)) ?? 0;
    taken.set(keyOf(taking), left + 1);
    if (!taking.first) shortages.push({ order, resource, left, site, looks: false });
  }
  for (const asking of askings) {
    const { order, resource, site } = asking;
    if (taken.has(keyOf(asking))) continue;
    taken.set(keyOf(asking), 0);
    shortages.push({ order, resource, left: 0, site, looks: true });
  }
  return shortages;
}

/** Runs a scenario undisturbed and finds all that can run out in it. */
export function runClean(
  kernel: InstrumentedKernel,
  scenario: Scenario,
  setting: Setting,
): CleanRun {
  kernel.scarcity.begin(true);
  let first = -1;
  const result = run(kernel, scenario, setting, {
    recountFrom: Infinity,
    before: (e) => {
      if (first < 0 && e.kind === EventKind.Syscall && e.cause === WRITE) first = e.order;
    },
  });
  const isOurs = ({ order }: Taking) => scenario === "nothing" ? order < first : order >= first;
  const takings = kernel.scarcity.takings.filter(isOurs);
  const askings = kernel.scarcity.askings.filter(isOurs);
  const { stdout } = result;
  return { scenario, setting, stdout, takings, askings, shortages: shortagesOf(takings, askings) };
}

const linesOf = (text: string): string[] => text.split("\n").filter((line) => line !== "");

/**
 * Runs a scenario with one shortage.
 *
 * @throws an Error that names the shortage when anything else comes of it than an error or a death
 */
export function runShort(
  kernel: InstrumentedKernel,
  clean: CleanRun,
  shortage: Shortage,
): Verdict {
  kernel.scarcity.begin(false, shortage);
  try {
    const hooks = { recountFrom: shortage.order };
    const result = run(kernel, clean.scenario, clean.setting, hooks);
    const before = linesOf(clean.stdout);
    const after = linesOf(result.stdout);
    return {
      met: kernel.scarcity.met,
      status: result.status,
      said: after.filter((line) => !before.includes(line)),
      lost: before.some((line) => !after.includes(line)),
    };
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new Error(`${nameOf(clean, shortage)}, met by ${kernel.scarcity.met}: ${what}`);
  }
}

/** A shortage as an argument of `deno task exhaustion`, which runs it again. */
export function nameOf({ scenario, setting }: CleanRun, shortage: Shortage): string {
  const { order, resource, left } = shortage;
  return `${scenario}:${setting.harts}:${setting.seed}:${order}:${resource}:${left}`;
}
