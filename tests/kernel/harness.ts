/**
 * A small machine that runs one program to the end of its books, in memory, with a look at the
 * kernel before and after every event.
 */
import { createMachine, type Outcome } from "../../arch/machine/machine.ts";
import type { Engine } from "../../arch/machine/memory/cpu.ts";
import { LiveInputs } from "../../arch/machine/inputs/live_inputs.ts";
import { encodeBoot } from "../../core/boot.ts";
import { InputKind, type RecordedEvent } from "../../core/event.ts";
import { encodeTree, type TreeEntry, TreeKind } from "../../core/fs/tree_records.ts";
import { type Capacities, layoutKernel, makeReducer, type Reducer } from "../../core/reducer.ts";
import type { ArenaLayout } from "../../core/state/arena.ts";
import { hashText } from "../../core/state/hash.ts";
import type { ArenaBytes } from "../../core/state/snapshot.ts";
import { sha256 } from "../../drivers/host/digest.ts";
import { HostFiles } from "../../drivers/host/host_files.ts";
import { openProgram } from "../../drivers/host/program.ts";
import { readTree } from "../../drivers/host/tree.ts";
import { uartConsole } from "../../journal/commands/console_factory.ts";
import { placeProgram } from "../../journal/commands/guest_root.ts";
import { capacityOf, pageTablesOffset } from "../../journal/commands/kernel_setup.ts";
import { entropyOfSeed } from "../../journal/commands/seed_entropy.ts";
import { encodeStart } from "../../journal/commands/start_payload.ts";
import { EventLog } from "./event_log.ts";

const repository = new URL("../../", import.meta.url).pathname;
const IMAGE = `${repository}userland/image`;
const START_TIME = 1_767_225_600_000_000;

/** Table sizes with room for a few dozen processes: what is compared after every event is small. */
export const SMALL: Capacities = {
  hart: 64,
  thread: 64,
  waiter: 128,
  process: 64,
  addressSpace: 64,
  region: 2048,
  memoryObject: 512,
  objectPage: 4096,
  shootdown: 128,
  frame: 4096,
  capNode: 2048,
  namePage: 24,
  notification: 24,
  openFile: 512,
  pipe: 128,
  inode: 512,
  image: 64,
  directoryEntry: 512,
  nameChunk: 2048,
  chunkRequest: 64,
  pageTable: 1024,
};

/** A kernel at work, as hooks see it. */
export interface LiveKernel extends Reducer {
  /** The arena the machine gave it. */
  readonly arena: ArenaBytes;
}

/** What is called around every event. */
export interface Watch {
  before?(e: RecordedEvent): void;
  after?(e: RecordedEvent): void;
  /** After the last event. */
  end?(): void;
}

/** What runs, and how. */
export interface RunOptions {
  /** A program below the repository; one of userland/image/bin keeps its place in the guest. */
  readonly program: string;
  readonly args?: readonly string[];
  readonly harts?: number;
  readonly seed?: number;
  readonly capacities?: Capacities;
  /** Physical frames; as many as have backing unless given. */
  readonly totalFrames?: number;
  /** Frames that can have backing; the frame table's rows unless given. */
  readonly backing?: number;
  /** Bytes on standard input. */
  readonly input?: Uint8Array;
  /** Instructions after which the boot ends. */
  readonly instructionLimit?: number;
  /** ns a virtual instruction takes, 10 unless given; a turn is always 1 ms. */
  readonly tickNs?: number;
  /** Instructions of a round, 10,000 unless given. */
  readonly roundTicks?: number;
  /** What executes guest code; the interpreter unless given. */
  readonly engine?: Engine;
  /** Whether the events are kept. */
  readonly record?: boolean;
  /** Whether init is process 1 and runs the program as its one stage. */
  readonly underInit?: boolean;
  /** Makes the kernel; the kernel as it is unless given. */
  readonly makeReducer?: typeof makeReducer;
  /** Makes the hooks, once the kernel is bound. */
  readonly watch?: (kernel: LiveKernel) => Watch;
}

/** A run that came to the end of its books. */
export interface RunResult {
  readonly outcome: Outcome;
  /** Wait status of the program: exit code << 8, or the signal that killed it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly events: number;
  /** K hashes in order, the last at the end. */
  readonly hashes: readonly string[];
  /** M hashes in order, the last at the end. */
  readonly memoryHashes: readonly string[];
  readonly kernel: LiveKernel;
  readonly log: EventLog;
  readonly layout: ArenaLayout;
}

const INIT = "/bin/init";
/** Where init is told what to run. */
const STAGE_FILE = "etc/one-stage";
/** No run of these tests comes near; one that goes on for ever ends here. */
const EVENT_LIMIT = 500_000;
/** Numbers of files that are only in memory begin here. */
const IN_MEMORY = 1_000_000;

/** What the host gives and takes; nothing of it is the real outside but files. */
class MemoryHost {
  readonly files = new HostFiles();
  readonly output: [string, string, string] = ["", "", ""];
  readonly contents: Uint8Array[] = [];
  #read = 0;

  constructor(private readonly input: Uint8Array) {}

  /** Adds a file to a tree. */
  plant(tree: TreeEntry[], path: string, text: string): void {
    const contents = new TextEncoder().encode(text);
    tree.push({
      kind: TreeKind.File,
      mode: 0o644,
      size: contents.length,
      path: new TextEncoder().encode(path),
      target: new Uint8Array(0),
      file: IN_MEMORY + this.contents.push(contents) - 1,
    });
  }

  readStreamBlock(_stream: number, into: Uint8Array, at: number): number {
    const block = this.input.subarray(this.#read, this.#read + 4096);
    into.set(block, at);
    this.#read += block.length;
    return block.length;
  }
  readFileChunk(file: number, chunk: number, into: Uint8Array, at: number): number {
    if (file >= IN_MEMORY) {
      into.set(this.contents[file - IN_MEMORY], at);
      return this.contents[file - IN_MEMORY].length;
    }
    return this.files.readChunk(file, chunk, into, at);
  }
  digest(bytes: Uint8Array, from: number, length: number, into: Uint8Array): void {
    sha256(bytes, from, length, into);
  }
  pollTerminal(): number {
    return 0;
  }
  now(): number {
    return 0;
  }
  waitUntil(): void {}
  writeStream(stream: number, bytes: Uint8Array, from: number, length: number): number {
    let text = "";
    for (let i = from; i < from + length; i++) text += String.fromCharCode(bytes[i]);
    this.output[stream] += text;
    return 0;
  }
}

/** Files and directories of the built-in image. */
export const IMAGE_ENTRIES = [...readTree(IMAGE, new HostFiles(), "image").entries].length;

/** The tree a program runs in, and its path there. */
function plantProgram(files: HostFiles, program: string): { tree: TreeEntry[]; path: string } {
  const tree = [...readTree(IMAGE, files, "image").entries];
  const full = `${repository}${program}`;
  if (full.startsWith(`${IMAGE}/`)) return { tree, path: full.slice(IMAGE.length) };
  const name = program.slice(program.lastIndexOf("/") + 1);
  return { tree, path: placeProgram(tree, name, openProgram(full, files)) };
}

function bootPayload(options: RunOptions, layout: ArenaLayout): Uint8Array {
  const backing = options.backing ?? capacityOf(layout, "frame");
  const payload = new Uint8Array(64);
  const length = encodeBoot({
    harts: options.harts ?? 1,
    totalFrames: options.totalFrames ?? backing,
    backingSlots: backing,
    runMode: 1,
    streamKinds: 0,
    columns: 80,
    rows: 24,
    startTime: START_TIME,
  }, payload);
  return payload.slice(0, length);
}

/**
 * Runs a program to the end of its boot. Whatever the kernel asserts, a refused event among it,
 * comes out as the machine's defect.
 */
export function runKernel(options: RunOptions): RunResult {
  const layout = layoutKernel(options.capacities ?? SMALL);
  const host = new MemoryHost(options.input ?? new Uint8Array(0));
  const { tree, path } = plantProgram(host.files, options.program);
  const argv = [path, ...(options.args ?? [])];
  if (options.underInit === true) {
    host.plant(tree, STAGE_FILE, `${argv.join(" ").slice("/bin/".length)}\n`);
    argv.splice(0, argv.length, INIT, `/${STAGE_FILE}`);
  }
  const start = encodeStart(argv[0], argv, ["PATH=/bin"]);
  if (start === undefined) throw new Error("the arguments are too long");
  const boot = bootPayload(options, layout);
  const seed = options.seed ?? 0;
  const log = new EventLog();
  const hashes: string[] = [];
  const memoryHashes: string[] = [];
  let events = 0;
  const kept: { kernel?: LiveKernel; watch: Watch } = { watch: {} };
  const machine = createMachine({
    config: {
      harts: options.harts ?? 1,
      memoryBytes: new DataView(boot.buffer).getUint32(4, true) * 4096,
      backingFrames: new DataView(boot.buffer).getUint32(8, true) + 1,
      threads: capacityOf(layout, "thread"),
      arenaBytes: layout.bytes,
      pageTablesOffset: pageTablesOffset(layout),
      seed,
      tickNs: options.tickNs ?? 10,
      roundTicks: options.roundTicks ?? 10_000,
      terminalInput: false,
      consoleOutput: false,
      instructionLimit: options.instructionLimit ?? Infinity,
      boot,
    },
    reducerFactory: (buffer, base) => {
      const reducer = (options.makeReducer ?? makeReducer)(layout, buffer, base);
      const kernel: LiveKernel = { ...reducer, arena: { layout, buffer, base } };
      const watch = options.watch?.(kernel) ?? {};
      kept.kernel = kernel;
      kept.watch = watch;
      return {
        effects: reducer.effects,
        hash: reducer.hash,
        reduce: (e) => {
          watch.before?.(e as RecordedEvent);
          const refusal = reducer.reduce(e);
          if (refusal === 0) watch.after?.(e as RecordedEvent);
          return refusal;
        },
      };
    },
    sink: {
      append: (e) => {
        if (++events > EVENT_LIMIT) throw new Error(`still running after ${EVENT_LIMIT} events`);
        if (options.record === true) log.append(e);
      },
      kHash: (_order, hash) => hashes.push(hashText(hash)),
      mHash: (_order, _round, hash) => memoryHashes.push(hashText(hash)),
      blob: () => {},
      end: () => {},
    },
    inputs: new LiveInputs(host, {
      initial: [
        { kind: InputKind.Entropy, payload: entropyOfSeed(0) },
        ...encodeTree(tree).map((payload) => ({ kind: InputKind.Tree, payload })),
        { kind: InputKind.Start, payload: start },
      ],
      terminal: false,
      paced: false,
      timeLimit: Infinity,
    }),
    output: host,
    console: uartConsole,
    ...(options.engine === undefined ? {} : { engine: options.engine }),
  });
  try {
    const outcome = machine.run();
    if (kept.kernel === undefined) throw new Error("the machine made no kernel");
    kept.watch.end?.();
    return {
      outcome,
      status: outcome.waitStatus,
      stdout: host.output[1],
      stderr: host.output[2],
      events,
      hashes,
      memoryHashes,
      kernel: kept.kernel,
      log,
      layout,
    };
  } finally {
    host.files.close();
  }
}

/** A program of the built-in image, as a check runs it. */
export interface Stage {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly underInit?: boolean;
}

function stage(name: string, ...args: readonly string[]): Stage {
  return { name, program: `userland/image/bin/${name}`, args };
}

/** The stages of the built-in boot, with a small storm. */
export const STAGES: readonly Stage[] = [
  stage("hello"),
  stage("memory"),
  stage("fault"),
  stage("pipes"),
  stage("signals"),
  // It wants its orphans to go to somebody else.
  { ...stage("process"), underInit: true },
  stage("files"),
  stage("time"),
  stage("float"),
  stage("preempt"),
  stage("affinity"),
  stage("threads", "4", "40"),
  stage("steal"),
  stage("sync", "16"),
  stage("toy"),
  stage("messages", "3", "4", "2"),
  stage("channels"),
  stage("capabilities"),
  stage("native"),
  stage("handover", "6"),
  stage("storm", "6", "10", "2", "4"),
];
