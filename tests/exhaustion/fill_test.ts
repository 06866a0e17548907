/**
 * Everything there is a number of: filled by a program, refused with the errno Linux gives for it,
 * and had again, as much as before, once it was given back. The books are counted while it is full.
 */
import assert from "node:assert/strict";
import { kernelTables } from "../../core/kernel.ts";
import { REGION_LIMIT } from "../../core/mem/region.ts";
import { DESCRIPTORS } from "../../core/proc/tables.ts";
import { type Capacities, makeReducer } from "../../core/reducer.ts";
import { hashText } from "../../core/state/hash.ts";
import { Event, EventKind } from "../../core/event.ts";
import { closingTable, formatClosingTable } from "../../core/ledger/closing.ts";
import { baseline, openingTotals } from "../../core/ledger/opening.ts";
import { LAST_GENERATION, retiredRows } from "../../core/state/table.ts";
import { EventLogReader } from "../kernel/event_log.ts";
import {
  IMAGE_ENTRIES,
  runKernel,
  type RunOptions,
  type RunResult,
  SMALL,
} from "../kernel/harness.ts";
import { Errno } from "./expected.ts";
import { Levels, type Watched } from "./levels.ts";

/** EMFILE: the process, not the system, has no more descriptors. */
const TOO_MANY_OPEN = 24;

/** One thing that a program fills. */
interface Fill {
  /** What runs out; a table, or what is no table. */
  readonly resource: Watched;
  /** What userland/bad/fill.c takes for it. */
  readonly thing: string;
  /** A machine on which that is what runs out. */
  readonly options: Partial<RunOptions>;
  /** The errno it is refused with. */
  readonly errno: number;
  /** Units that are left when it is refused: kept back, or too few for what takes several. */
  readonly rest?: number;
}

const rows = (capacities: Capacities): Partial<RunOptions> => ({
  capacities: { ...SMALL, ...capacities },
});

/** Room for more processes than there are ASIDs. */
const CROWD: Capacities = {
  thread: 2200,
  process: 2200,
  waiter: 2300,
  addressSpace: 2200,
  region: 20_000,
  capNode: 10_000,
  frame: 30_000,
  pageTable: 12_000,
};

/** What a native call answers when the system has no more. */
const NO_SPACE = 9;

const FILLS: readonly Fill[] = [
  // Four rows of processes are init's and the teardown's.
  {
    resource: "process",
    thing: "forks",
    options: rows({ process: 20 }),
    errno: Errno.Again,
    rest: 4,
  },
  { resource: "thread", thing: "forks", options: rows({ thread: 20 }), errno: Errno.Again },
  { resource: "waiter", thing: "forks", options: rows({ waiter: 20 }), errno: Errno.Again },
  {
    resource: "capNode",
    thing: "forks",
    options: rows({ capNode: 40 }),
    errno: Errno.Again,
    rest: 1,
  },
  {
    resource: "addressSpace",
    thing: "forks",
    options: rows({ addressSpace: 20 }),
    errno: Errno.NoMemory,
  },
  { resource: "asids", thing: "forks", options: rows(CROWD), errno: Errno.NoMemory },
  { resource: "region", thing: "mappings", options: rows({ region: 200 }), errno: Errno.NoMemory },
  {
    resource: "memoryObject",
    thing: "shared",
    options: rows({ memoryObject: 60 }),
    errno: Errno.NoMemory,
  },
  {
    resource: "objectPage",
    thing: "file pages",
    options: rows({ objectPage: 100 }),
    errno: Errno.NoSpace,
  },
  {
    resource: "pageTable",
    thing: "forks",
    options: rows({ pageTable: 64 }),
    errno: Errno.NoMemory,
    rest: 1,
  },
  { resource: "frames", thing: "buffers", options: rows({ frame: 200 }), errno: Errno.NoMemory },
  {
    resource: "frames",
    thing: "buffers",
    options: { backing: 150, totalFrames: 4096 },
    errno: Errno.NoMemory,
  },
  { resource: "openFile", thing: "opens", options: rows({ openFile: 30 }), errno: Errno.TableFull },
  { resource: "capNode", thing: "dups", options: rows({ capNode: 30 }), errno: Errno.TableFull },
  { resource: "pipe", thing: "pipes", options: rows({ pipe: 10 }), errno: Errno.TableFull },
  { resource: "pipe", thing: "fifos", options: rows({ pipe: 10 }), errno: Errno.NoMemory },
  { resource: "inode", thing: "files", options: rows({ inode: 60 }), errno: Errno.NoSpace },
  {
    resource: "memoryObject",
    thing: "files",
    options: rows({ memoryObject: 60 }),
    errno: Errno.NoSpace,
  },
  {
    resource: "directoryEntry",
    thing: "links",
    options: rows({ directoryEntry: 60 }),
    errno: Errno.NoSpace,
  },
  // A name of forty bytes takes two.
  {
    resource: "nameChunk",
    thing: "links",
    options: rows({ nameChunk: IMAGE_ENTRIES + 36 }),
    errno: Errno.NoSpace,
    rest: 1,
  },
  { resource: "futex", thing: "waits", options: rows({ futex: 12 }), errno: Errno.NoMemory },
  {
    resource: "notification",
    thing: "tokens",
    options: rows({ notification: 12 }),
    errno: NO_SPACE,
  },
  { resource: "timer", thing: "timers", options: rows({ timer: 12 }), errno: NO_SPACE },
  { resource: "irq", thing: "irqs", options: rows({ irq: 8 }), errno: NO_SPACE },
  { resource: "image", thing: "images", options: rows({ image: 10 }), errno: Errno.NoMemory },
];

/** Tables whose rows are all there from the first event on. */
const FIXED = ["kernel", "account", "hart", "memory", "fileSystem", "terminal", "stream", "ipc"];
/** Tables with tests of their own below. */
const APART = ["chunkRequest", "shootdown", "namePage"];
/** Tables filled in core/ipc: exhaustion_test.ts, ring_test.ts, service_name_test.ts. */
const MESSAGES = ["channel", "connection", "message", "pulse", "ringEntry", "serviceName"];
/** What the rows of a table stand for is watched instead. */
const frameRows = "frame";

/** Reduces a run's events again, without the machine; the state must be that of the run. */
function assertFold(run: RunResult): void {
  const again = makeReducer(run.layout, new ArrayBuffer(run.layout.bytes), 0);
  const log = new EventLogReader(run.log.bytes());
  const e = new Event();
  while (log.next(e)) assert.equal(again.reduce(e), 0);
  const hash = new Uint32Array(4);
  again.hash(hash);
  assert.equal(hashText(hash), run.hashes.at(-1), "the fold comes to the same state");
}

function runFill(thing: string, options: Partial<RunOptions>, levels: Levels): RunResult {
  const all: RunOptions = { program: "userland/bad/bin/fill", args: [thing], harts: 2, ...options };
  const run = runKernel({ ...all, watch: levels.watch, record: true });
  assert.equal(run.status, 0, run.stdout);
  assertFold(run);
  const again = runKernel({ ...all, record: true });
  assert.deepEqual(again.log.bytes(), run.log.bytes(), "executed again it is the same run");
  return run;
}

/** Units taken in each turn, and the errno that ended it. */
function turnsOf(thing: string, stdout: string): [count: number, errno: number][] {
  const line = new RegExp(`^fill: ${thing} (\\d+) then (\\d+)$`, "gm");
  return [...stdout.matchAll(line)].map((match) => [Number(match[1]), Number(match[2])]);
}

for (const { resource, thing, options, errno, rest = 0 } of FILLS) {
  const memory = options.backing === undefined ? "" : " with backing for a few";
  Deno.test(`filled, refused and had again: ${resource} by ${thing}${memory}`, () => {
    const levels = new Levels(resource);
    const run = runFill(thing, options, levels);
    const [first, second, ...more] = turnsOf(thing, run.stdout);
    assert.equal(more.length, 0);
    assert.ok(first[0] > 5, `much of it could be had: ${run.stdout}`);
    assert.equal(first[1], errno);
    assert.deepEqual(second, first, "as much as before, and the same error");
    assert.equal(levels.least, rest, `all of it was taken`);
    // Full, given back, full, given back.
    const [full, released, fullAgain, releasedAgain] = levels.atLines;
    assert.ok(full < released, levels.atLines.join(" "));
    assert.deepEqual([fullAgain, releasedAgain], [full, released]);
    assert.equal(levels.recounts, 5, "the books were counted at each of these, and at the end");
  });
}

Deno.test("filled, refused and had again: requests for parts of files", () => {
  const levels = new Levels("chunkRequest");
  const run = runFill("chunks", rows({ chunkRequest: 2 }), levels);
  // Two of six are asked for at a time; what was refused comes when it is asked for again.
  assert.deepEqual(turnsOf("chunks", run.stdout), [[2, Errno.NoMemory], [6, 0]]);
  assert.equal(levels.least, 0);
});

Deno.test("a table of one page of names is full after 64, and its slots are had again", () => {
  const levels = new Levels("namePage");
  const run = runFill("tokens", rows({ namePage: 1, notification: 100 }), levels);
  assert.deepEqual(turnsOf("tokens", run.stdout), [[64, NO_SPACE], [64, NO_SPACE]]);
  assert.equal(levels.least, 0);
});

Deno.test("a table of one shootdown is full and refuses nobody: what needs one goes on later", () => {
  const levels = new Levels("shootdown");
  const run = runKernel({
    program: "userland/bad/bin/fail_each",
    args: ["harts"],
    harts: 2,
    capacities: { ...SMALL, shootdown: 1 },
    watch: levels.watch,
  });
  assert.equal(run.stdout, "begin\nend\n");
  assert.equal(levels.least, 0);
});

Deno.test("every table of the kernel is filled by a program, or cannot fill", () => {
  const filled = new Set<string>([
    ...FILLS.map((fill) => fill.resource),
    ...FIXED,
    ...APART,
    ...MESSAGES,
  ]);
  filled.add(frameRows);
  filled.delete("frames");
  filled.delete("asids");
  assert.deepEqual([...filled].sort(), Object.keys(kernelTables).sort());
  // Those that cannot fill have all their rows live or none to give after the first event.
  const levels = new Levels("hart");
  const run = runKernel({
    program: "userland/bad/bin/fill",
    args: ["limits"],
    capacities: { ...SMALL, hart: 1 },
    watch: levels.watch,
  });
  assert.equal(run.status, 0);
  assert.equal(levels.least, 0);
});

Deno.test("quota: 256 descriptors a process, then EMFILE", () => {
  const levels = new Levels("capNode");
  const run = runFill("dups", {}, levels);
  const had: [number, number] = [DESCRIPTORS - 3, TOO_MANY_OPEN];
  assert.deepEqual(turnsOf("dups", run.stdout), [had, had]);
  assert.ok(levels.least > 0, "no table is what ran out");
});

Deno.test("quota: 1,024 regions a space, then ENOMEM", () => {
  const levels = new Levels("region");
  const run = runFill("mappings", {}, levels);
  const [first, second] = turnsOf("mappings", run.stdout);
  assert.equal(levels.mostRegions, REGION_LIMIT);
  assert.equal(first[1], Errno.NoMemory);
  assert.deepEqual(second, first);
  assert.ok(levels.least > 0, "no table is what ran out");
});

/** What Linux answers beyond each limit; `pipe bytes` is how much a pipe holds. */
const LIMITS: Readonly<Record<string, number>> = {
  // E2BIG, ENAMETOOLONG twice, EFBIG twice, EBADF, EINVAL, EAGAIN.
  "argument": -7,
  "path": -36,
  "name": -36,
  "file size": -27,
  "file end": -27,
  "descriptor": -9,
  "buffers": -22,
  "pipe": -11,
  "pipe bytes": 65_536,
  "memory": -Errno.NoMemory,
  "space": -Errno.NoMemory,
  "break": -Errno.NoMemory,
};

Deno.test("limits that are no tables answer as on Linux, twice", () => {
  const run = runFill("limits", {}, new Levels("frames"));
  const lines = run.stdout.split("\n").filter((line) => line.startsWith("limit: "));
  const expected = Object.entries(LIMITS).map(([name, answer]) => `limit: ${name} ${answer}`);
  assert.deepEqual(lines, [...expected, ...expected]);
});

Deno.test("slots at the end of their generations are retired, booked, listed, and nobody else pays", () => {
  const PIPES = 10;
  const levels = new Levels("pipe");
  let books = "";
  const run = runKernel({
    program: "userland/bad/bin/fill",
    args: ["pipes"],
    harts: 2,
    capacities: { ...SMALL, pipe: PIPES },
    watch: (kernel) => {
      const { state } = kernel;
      const watch = levels.watch(kernel);
      const before = { opening: openingTotals(state), base: baseline(state) };
      return {
        after: (e) => {
          if (e.kind === EventKind.Boot) {
            // As if every slot but one had lived half a million lives.
            state.pipe.$generation.fill(LAST_GENERATION, 1, PIPES);
            before.opening = openingTotals(state);
            before.base = baseline(state);
          }
          watch.after?.(e);
        },
        end: () => {
          watch.end?.();
          books = formatClosingTable(closingTable(state, before.base, before.opening));
        },
      };
    },
  });
  assert.equal(run.status, 0);
  // In the second turn only the slot with a future is left, and it does as well as ever.
  const turns = turnsOf("pipes", run.stdout);
  assert.deepEqual(turns, [[PIPES, Errno.TableFull], [1, Errno.TableFull]]);
  assert.equal(retiredRows(run.kernel.state.pipe), PIPES - 1);
  assert.match(books, /retired slots +SlotRetired +0 +9 +\+9 +permanent: a slot whose generations/);
  assert.match(books, /pipes +PipeUsed +0 +0 +0$/m);
  assert.match(books, /balanced: yes/);
});
