import { encodeBoot } from "../../core/boot.ts";
import { Event, EventKind, InputKind } from "../../core/event.ts";
import { encodeTree, type TreeEntry, TreeKind } from "../../core/fs/tree_records.ts";
import { ONE, type State } from "../../core/kernel.ts";
import { baseline, openingTotals } from "../../core/ledger/opening.ts";
import { ProcessState } from "../../core/proc/tables.ts";
import { type Capacities, layoutKernel } from "../../core/reducer.ts";
import type { ArenaLayout } from "../../core/state/arena.ts";
import type { Snapshot } from "../../core/state/snapshot.ts";
import { encodeStart } from "../../journal/commands/start_payload.ts";
import { EventLogReader } from "../kernel/event_log.ts";
import { runKernel, SMALL, STAGES } from "../kernel/harness.ts";
import { Random } from "../kernel/random.ts";
import { CallFuzzer } from "./call_fuzzer.ts";
import { FuzzKernel } from "./fuzz_kernel.ts";
import { NullMachine, setHead } from "./null_machine.ts";

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
  readonly recordings: readonly Recording[];
  kernelOf(layout: ArenaLayout): FuzzKernel;
}

const encoder = new TextEncoder();

const TREE: readonly TreeEntry[] = ([
  [TreeKind.Directory, 0o755, 0, "bin", "", 0],
  [TreeKind.File, 0o755, 9000, "bin/hello", "", 2],
  [TreeKind.Fifo, 0o666, 0, "fifo", "", 0],
  [TreeKind.File, 0o755, 100_000, "file", "", 0],
  [TreeKind.Symlink, 0o777, 0, "link", "tmp/../file", 0],
  [TreeKind.Symlink, 0o777, 0, "loop", "loop", 0],
  [TreeKind.File, 0o755, 300, "small", "", 1],
  [TreeKind.Directory, 0o777, 0, "tmp", "", 0],
  [TreeKind.Directory, 0o777, 0, "tmp/d", "", 0],
] as const).map(([kind, mode, size, path, target, file]) => ({
  kind,
  mode,
  size,
  path: encoder.encode(path),
  target: encoder.encode(target),
  file,
}));

interface BootOptions {
  readonly name: string;
  readonly layout: ArenaLayout;
  readonly harts: number;
  readonly backing: number;
  readonly runMode: number;
  readonly streamKinds: number;
}

/** Boots without a machine: the state after Boot, and the one in which process 1 has its program. */
function bootStarts(k: FuzzKernel, options: BootOptions): Start[] {
  const e = new Event();
  new FuzzKernel(options.layout).keep().restore(k.arena);
  const send = (what: string): void => {
    const refusal = k.reduce(e);
    if (refusal !== 0) throw new Error(`${options.name}: ${what} was refused: ${refusal}`);
  };
  setHead(e, k.s, EventKind.Boot, 0, 0);
  const { harts, backing, runMode, streamKinds } = options;
  const frames = { totalFrames: backing + 100, backingSlots: backing };
  e.payloadLength = encodeBoot(
    { harts, ...frames, runMode, streamKinds, columns: 80, rows: 24, startTime: 1e15 },
    e.payload,
  );
  send("Boot");
  const books = { opening: openingTotals(k.s), baseline: baseline(k.s) };
  const starts: Start[] = [{ name: `${options.name}, booted`, snapshot: k.keep(), ...books }];
  const input = (cause: number, payload: Uint8Array): void => {
    setHead(e, k.s, EventKind.Input, 0, k.s.hart.lastTime[1] + 1000);
    e.cause = cause;
    e.payload.set(payload);
    e.payloadLength = payload.length;
    send(`input ${cause}`);
  };
  for (const payload of encodeTree(TREE)) input(InputKind.Tree, payload);
  input(InputKind.Entropy, new Uint8Array(32).fill(7));
  const program = encodeStart("/file", ["/file", "-x"], ["PATH=/bin"]);
  if (program === undefined) throw new Error("a short path is a start");
  input(InputKind.Start, program);
  const machine = new NullMachine(new Random(0));
  while (machine.due(e, k.s)) send("what is due");
  for (const signal of HANDLED) {
    const hart = k.s.hart.current.findIndex((thread, row) => row > 0 && thread !== 0) - 1;
    setAction(e, k.s, hart, signal);
    send("rt_sigaction");
  }
  const started: Start = { name: `${options.name}, started`, snapshot: k.keep(), ...books };
  starts.push(started);
  // A few that are deep in their lives already.
  for (let seed = 0, played = 0; played < 3; seed++) {
    started.snapshot.restore(k.arena);
    if (playOn(k, seed)) {
      starts.push({ name: `${options.name}, played ${played++}`, snapshot: k.keep(), ...books });
    }
  }
  return starts;
}

/** Signals the first process handles, and its children until they exec. */
const HANDLED: readonly number[] = [10, 12, 14, 17, 33, 34];
const SA_RESTART = 0x1000_0000;

function setAction(e: Event, s: State, hart: number, signal: number): void {
  setHead(e, s, EventKind.Syscall, hart, s.hart.lastTime[hart + 1] + 1000);
  e.cause = 134;
  e.registerCount = 4;
  [e.registers[0], e.registers[2], e.registers[6]] = [signal, 1, 8];
  e.payloadLength = 28;
  e.payload.fill(0, 0, 28);
  const view = new DataView(e.payload.buffer);
  view.setUint32(0, 24, true);
  view.setUint32(4, 0x1_0000, true);
  view.setUint32(12, signal % 4 === 0 ? SA_RESTART : 0, true);
}

/** Plays some events of a closed system; false when it came to an end or a stop. */
function playOn(k: FuzzKernel, seed: number): boolean {
  const e = new Event();
  const fuzzer = new CallFuzzer(new Random(seed));
  for (let i = 0; i < 150; i++) {
    if (!fuzzer.fill(e, k.s)) return false;
    const thread = k.s.hart.current[e.hart + 1];
    if (k.reduce(e) === 0) fuzzer.handled(e, k.s, thread);
  }
  return k.s.process.state[k.s.kernel.init[ONE]] === ProcessState.Live &&
    k.s.hart.current.some((thread) => thread !== 0);
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
  const run = { runMode: 1, streamKinds: 0 };
  const terminal = { runMode: 1, streamKinds: 7 };
  const starts = [
    ...bootStarts(kernels[0], { name: "ample", layout: small, harts: 4, backing: 2000, ...run }),
    ...bootStarts(kernels[0], {
      name: "console",
      layout: small,
      harts: 2,
      backing: 900,
      runMode: 0,
      streamKinds: 0,
    }),
    ...bootStarts(kernels[1], { name: "tiny", layout: tiny, harts: 3, backing: 900, ...run }),
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
  const recorded = starts.filter((start) => start.recording !== undefined);
  const recordings = [...new Set(recorded.flatMap((start) => start.recording?.of ?? []))];
  const running = starts.filter((start) => !start.name.endsWith("booted"));
  return { starts, running, recorded, recordings, kernelOf };
}
