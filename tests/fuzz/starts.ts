import { Event } from "../../core/event.ts";
import { baseline, openingTotals } from "../../core/ledger/opening.ts";
import { type Capacities, layoutKernel } from "../../core/reducer.ts";
import type { ArenaLayout } from "../../core/state/arena.ts";
import type { Snapshot } from "../../core/state/snapshot.ts";
import { EventLogReader } from "../kernel/event_log.ts";
import { runKernel, SMALL, STAGES } from "../kernel/harness.ts";
import { bootStarts } from "./boot_starts.ts";
import { FuzzKernel } from "./fuzz_kernel.ts";

/** Tables that a dozen processes fill. */
const TINY: Capacities = {
  hart: 5,
  thread: 14,
  waiter: 60,
  process: 12,
  addressSpace: 14,
  region: 150,
  memoryObject: 60,
  objectPage: 300,
  shootdown: 8,
  frame: 1024,
  capNode: 120,
  namePage: 24,
  notification: 24,
  openFile: 50,
  pipe: 10,
  inode: 60,
  image: 6,
  directoryEntry: 60,
  nameChunk: 120,
  chunkRequest: 6,
  pageTable: 160,
};

/** The events of a run of a program, in order. */
export interface Recording {
  readonly name: string;
  readonly log: Uint8Array;
  /** Where each event begins in the log. */
  readonly offsets: readonly number[];
}

/** A state that lives begin in, and what its books held when it booted. */
export interface Start {
  readonly name: string;
  readonly snapshot: Snapshot;
  readonly opening: Float64Array;
  readonly baseline: Float64Array;
  /** The run it is from, and how many of its events came before. */
  readonly recording?: { readonly of: Recording; readonly at: number };
}

/** Where lives begin, and a kernel for each layout. */
export interface Stock {
  readonly starts: readonly Start[];
  /** Those in which a first process lives. */
  readonly running: readonly Start[];
  /** Those from the middle of recorded runs. */
  readonly recorded: readonly Start[];
  /** The one before the Boot event. */
  readonly unbooted: Start;
  readonly recordings: readonly Recording[];
  kernelOf(layout: ArenaLayout): FuzzKernel;
}

/** Runs real programs and keeps their events, with states from the middle. */
function recordedStarts(k: FuzzKernel, name: string, middles: number): Start[] {
  const stage = STAGES.find((s) => s.name === name);
  if (stage === undefined) throw new Error(`there is no stage ${name}`);
  const run = runKernel({ ...stage, harts: 3, seed: 2, record: true });
  const log = run.log.bytes();
  const offsets: number[] = [];
  const of: Recording = { name, log, offsets };
  new FuzzKernel(k.layout).keep().restore(k.arena);
  const reader = new EventLogReader(log);
  const e = new Event();
  const starts: Start[] = [];
  const every = Math.ceil(run.events / middles);
  let books: Pick<Start, "opening" | "baseline"> = {
    opening: new Float64Array(0),
    baseline: new Float64Array(0),
  };
  for (let i = 0;; i++) {
    const offset = reader.position;
    if (!reader.next(e)) return starts;
    offsets.push(offset);
    k.reduce(e);
    if (i === 0) books = { opening: openingTotals(k.s), baseline: baseline(k.s) };
    if (i % every !== every - 1) continue;
    const at = i + 1;
    starts.push({ name: `${name} at ${at}`, snapshot: k.keep(), ...books, recording: { of, at } });
  }
}

/** Makes the states all lives begin in; takes a second or two. */
export function makeStock(): Stock {
  const small = layoutKernel(SMALL);
  const tiny = layoutKernel(TINY);
  const kernels = [small, tiny].map((layout) => new FuzzKernel(layout));
  const kernelOf = (layout: ArenaLayout): FuzzKernel => {
    const found = kernels.find((k) => k.layout === layout);
    if (found === undefined) throw new Error("no kernel has that layout");
    return found;
  };
  const console = { runMode: 0, streamKinds: 0, hoards: false };
  const hoards = { runMode: 1, streamKinds: 0, hoards: true };
  const run = { runMode: 1, streamKinds: 0, hoards: false };
  const terminal = { runMode: 1, streamKinds: 7, hoards: false };
  const starts = [
    ...bootStarts(kernels[0], { name: "ample", layout: small, harts: 4, backing: 2000, ...run }),
    ...bootStarts(kernels[0], {
      name: "console",
      layout: small,
      harts: 2,
      backing: 900,
      ...console,
    }),
    ...bootStarts(kernels[1], { name: "tiny", layout: tiny, harts: 3, backing: 900, ...hoards }),
    ...bootStarts(kernels[1], {
      name: "scarce",
      layout: tiny,
      harts: 4,
      backing: 110,
      ...terminal,
    }),
    ...bootStarts(kernels[1], { name: "alone", layout: tiny, harts: 1, backing: 400, ...terminal }),
    ...["process", "signals", "pipes", "storm", "files"].flatMap((name) =>
      recordedStarts(kernels[0], name, 6)
    ),
  ];
  const none = new Float64Array(0);
  const unbooted: Start = {
    name: "not booted",
    snapshot: new FuzzKernel(tiny).keep(),
    opening: none,
    baseline: none,
  };
  starts.push(unbooted);
  const recorded = starts.filter((start) => start.recording !== undefined);
  const recordings = [...new Set(recorded.flatMap((start) => start.recording?.of ?? []))];
  const running = starts.filter((start) => !start.name.endsWith("booted"));
  return { starts, running, recorded, unbooted, recordings, kernelOf };
}
