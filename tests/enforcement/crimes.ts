/** Runs userland/bad/crimes.c and reads what it and the kernel say of each crime. */
import { EventKind, type RecordedEvent } from "../../core/event.ts";
import { type LiveKernel, runKernel, type RunResult, type Watch } from "../kernel/harness.ts";
import { recountEveryEvent } from "../kernel/recount_watch.ts";

/** The program, from the repository's root. */
export const CRIMES = "userland/bad/bin/crimes";

/** What a handler was told. */
export interface Caught {
  readonly signal: number;
  readonly code: number;
  readonly address: bigint;
  readonly pc: bigint;
  /** Whether the bytes around the target were what they had been. */
  readonly same: boolean;
}

/** What the program printed of one crime. */
export interface Crime {
  target: bigint;
  caught?: Caught;
  /** Wait status of the child without a handler. */
  status: number;
  /** Its process id. */
  pid: number;
}

/** Everything the program printed. */
export interface Report {
  readonly crimes: ReadonlyMap<string, Crime>;
  /** Results of the mappings it asked for; 1 for any address. */
  readonly refused: ReadonlyMap<string, number>;
  readonly witness: string;
  /** Lines that are none of these. */
  readonly other: readonly string[];
}

/** A page fault or exception as the journal has it. */
export interface FaultEvent {
  readonly kind: number;
  readonly cause: number;
  readonly value: bigint;
  readonly pc: bigint;
}

/** Reads the program's output. */
export function parseReport(output: string): Report {
  const crimes = new Map<string, Crime>();
  const refused = new Map<string, number>();
  const other: string[] = [];
  let witness = "";
  const crimeOf = (name: string): Crime => {
    const known = crimes.get(name) ?? { target: -1n, status: -1, pid: 0 };
    crimes.set(name, known);
    return known;
  };
  const hex = (text: string): bigint => BigInt(`0x${text}`);
  for (const line of output.split("\n")) {
    let m;
    if ((m = /^crime (.*) target (\w+)$/.exec(line)) !== null) crimeOf(m[1]).target = hex(m[2]);
    else if (
      (m = /^caught (.*) signal (\d+) code (\d+) address (\w+) pc (\w+) (\w+)$/.exec(line))
    ) {
      crimeOf(m[1]).caught = {
        signal: Number(m[2]),
        code: Number(m[3]),
        address: hex(m[4]),
        pc: hex(m[5]),
        same: m[6] === "same",
      };
    } else if ((m = /^dead (.*) pid (\d+) status (\w+)$/.exec(line)) !== null) {
      crimeOf(m[1]).pid = Number(m[2]);
      crimeOf(m[1]).status = parseInt(m[3], 16);
    } else if ((m = /^refused (.*) result (-?\d+)$/.exec(line)) !== null) {
      refused.set(m[1], Number(m[2]));
    } else if ((m = /^witness (.*)$/.exec(line)) !== null) witness = m[1];
    else if (line !== "") other.push(line);
  }
  return { crimes, refused, witness, other };
}

/** Keeps each process's latest page fault or exception while every event is counted again. */
function watchFaults(faults: Map<number, FaultEvent>): (kernel: LiveKernel) => Watch {
  return (kernel) => {
    const { state: s } = kernel;
    return {
      ...recountEveryEvent(kernel),
      before: (e: RecordedEvent) => {
        if (e.kind !== EventKind.PageFault && e.kind !== EventKind.Exception) return;
        const thread = s.hart.current[e.hart + 1];
        faults.set(s.process.pid[s.thread.process[thread]], {
          kind: e.kind,
          cause: e.cause,
          value: BigInt(e.valueHi) << 32n | BigInt(e.valueLo),
          pc: BigInt(e.pcHi) << 32n | BigInt(e.pcLo),
        });
      },
    };
  };
}

/** A run of the program, counted again after every event. */
export interface CrimesRun {
  readonly run: RunResult;
  readonly report: Report;
  /** The latest fault of each process, by pid. */
  readonly faults: ReadonlyMap<number, FaultEvent>;
}

/** Runs all crimes, or one. */
export function runCrimes(harts: number, seed: number, only?: string): CrimesRun {
  const faults = new Map<number, FaultEvent>();
  const run = runKernel({
    program: CRIMES,
    args: only === undefined ? [] : [only],
    harts,
    seed,
    record: true,
    watch: watchFaults(faults),
  });
  return { run, report: parseReport(run.stdout), faults };
}
