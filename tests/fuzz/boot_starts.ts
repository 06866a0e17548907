import { encodeBoot } from "../../core/boot.ts";
import { Event, EventKind, InputKind } from "../../core/event.ts";
import { encodeTree, type TreeEntry, TreeKind } from "../../core/fs/tree_records.ts";
import { ONE, type State } from "../../core/kernel.ts";
import { baseline, openingTotals } from "../../core/ledger/opening.ts";
import { Account } from "../../core/ledger/accounts.ts";
import { STACK_TOP } from "../../core/proc/exec.ts";
import { ProcessState } from "../../core/proc/tables.ts";
import type { ArenaLayout } from "../../core/state/arena.ts";
import { freeRows } from "../../core/state/table.ts";
import { encodeStart } from "../../journal/commands/start_payload.ts";
import { Random } from "../kernel/random.ts";
import { CallFuzzer } from "./call_fuzzer.ts";
import { FuzzKernel } from "./fuzz_kernel.ts";
import { NullMachine, setHead } from "./null_machine.ts";
import type { Start } from "./starts.ts";

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

/** A boot without a machine. */
export interface BootOptions {
  readonly name: string;
  readonly layout: ArenaLayout;
  readonly harts: number;
  readonly backing: number;
  readonly runMode: number;
  readonly streamKinds: number;
  /** Whether there are states in which something is nearly used up. */
  readonly hoards: boolean;
}

/** Boots without a machine: the state after Boot, and the one in which process 1 has its program. */
export function bootStarts(k: FuzzKernel, options: BootOptions): Start[] {
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
  prepare(k, e, send);
  const started: Start = { name: `${options.name}, started`, snapshot: k.keep(), ...books };
  starts.push(started);
  if (options.hoards) starts.push(...hoardedStarts(k, started));
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

/** Fills a call's event: its registers, then what it copies in. */
function setCall(
  e: Event,
  s: State,
  hart: number,
  call: number,
  registers: readonly number[],
  copied?: Uint8Array,
): void {
  setHead(e, s, EventKind.Syscall, hart, s.hart.lastTime[hart + 1] + 1000);
  e.cause = call;
  e.registerCount = registers.length;
  registers.forEach((value, i) => {
    e.registers[2 * i] = value >>> 0;
    e.registers[2 * i + 1] = Math.floor(value / 2 ** 32) >>> 0;
  });
  if (copied === undefined) return;
  e.payloadLength = 4 + ((copied.length + 3) & ~3);
  e.payload.fill(0, 0, e.payloadLength);
  e.payload[0] = copied.length;
  e.payload.set(copied, 4);
}

const Call = { dup: 23, openat: 56, pipe2: 59, rtSigaction: 134, mmap: 222 } as const;

/** What the first process does before a life begins: handlers for signals, and open files. */
function prepare(k: FuzzKernel, e: Event, send: (what: string) => void): void {
  const { s } = k;
  const hart = s.hart.current.findIndex((thread, row) => row > 0 && thread !== 0) - 1;
  for (const signal of HANDLED) {
    const action = new Uint8Array(24);
    const view = new DataView(action.buffer);
    view.setUint32(0, 0x1_0000, true);
    view.setUint32(8, signal % 4 === 0 ? SA_RESTART : 0, true);
    setCall(e, s, hart, Call.rtSigaction, [signal, 1, 0, 8], action);
    send("rt_sigaction");
  }
  for (const [path, flags] of OPENED) {
    setCall(e, s, hart, Call.openat, [-100, 1, flags, 0o644], encoder.encode(path));
    send("openat");
  }
  setCall(e, s, hart, Call.pipe2, [STACK_TOP - 8192, 0]);
  send("pipe2");
}

/** Files the first process opens, with their flags: a directory, and files to read and write. */
const OPENED = [["/tmp", 0x10000], ["/file", 2], ["/tmp/a", 0x42], ["/fifo", 2]] as const;

/** A table that the first process fills, all but a row or two, before a life begins. */
interface Hoard {
  readonly name: string;
  /** Units left. */
  left(s: State): number;
  /** Fills the event that takes the nth. */
  take(e: Event, s: State, hart: number, n: number): void;
}

const HOARDS: readonly Hoard[] = [
  {
    name: "open files",
    left: (s) => freeRows(s.openFile),
    take: (e, s, hart) => setCall(e, s, hart, Call.openat, [-100, 1, 0x10000, 0], text("/tmp")),
  },
  {
    name: "nodes",
    left: (s) => freeRows(s.capNode),
    take: (e, s, hart) => setCall(e, s, hart, Call.dup, [0]),
  },
  {
    name: "pipes",
    left: (s) => freeRows(s.pipe),
    take: (e, s, hart) => setCall(e, s, hart, Call.pipe2, [STACK_TOP - 8192, 0]),
  },
  {
    name: "names",
    left: (s) => Math.min(freeRows(s.inode), freeRows(s.directoryEntry)),
    take: (e, s, hart, n) =>
      setCall(e, s, hart, Call.openat, [-100, 1, 0x42, 0o644], text(`/tmp/${n % 26}${n}`)),
  },
  {
    name: "regions",
    left: (s) => freeRows(s.region),
    take: (e, s, hart, n) =>
      setCall(e, s, hart, Call.mmap, [0, 4096, n % 2 === 0 ? 1 : 3, 0x22, -1, 0]),
  },
  {
    name: "frames",
    // Sixteen are kept for tearing down.
    left: (s) => s.account.balance[Account.BackingFree] + s.account.balance[Account.FrameFree] - 16,
    take: (e, s, hart, n) => {
      setHead(e, s, EventKind.PageFault, hart, s.hart.lastTime[hart + 1] + 1000);
      e.cause = 15;
      const address = STACK_TOP - 4096 * (3 + n);
      [e.valueLo, e.valueHi] = [address >>> 0, Math.floor(address / 2 ** 32)];
    },
  },
];

const text = (path: string): Uint8Array => encoder.encode(path);

/** States in which one thing is nearly used up. */
function hoardedStarts(k: FuzzKernel, started: Start): Start[] {
  const e = new Event();
  const machine = new NullMachine(new Random(0));
  return HOARDS.map((hoard) => {
    started.snapshot.restore(k.arena);
    const hart = k.s.hart.current.findIndex((thread, row) => row > 0 && thread !== 0) - 1;
    let least = hoard.left(k.s);
    for (let n = 0; n < 2000 && hoard.left(k.s) > 2; n++) {
      hoard.take(e, k.s, hart, n);
      do k.reduce(e); while (machine.due(e, k.s));
      least = Math.min(least, hoard.left(k.s));
    }
    if (least > 8) throw new Error(`${started.name}: ${least} ${hoard.name} are left`);
    return { ...started, name: `${started.name}, few ${hoard.name}`, snapshot: k.keep() };
  });
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
