/** The cost of one operation each: calls, pipes, processes, faults, switches. */
import { BENCH } from "./compute.ts";
import { fresh } from "./fresh.ts";
import { QEMU, runRival } from "./rival.ts";
import type { Setting } from "./setting.ts";
import { median } from "./statistics.ts";

/** A program that does something N times over. */
interface Path {
  readonly name: string;
  readonly program: string;
  /** Arguments after the count. */
  readonly rest: readonly string[];
  readonly harts: number;
  /** The longer run; the shorter does half. */
  readonly count: number;
  /** The same for QEMU, where processes cost what the host makes of them. */
  readonly qemuCount: number;
  /** Operations for each count. */
  readonly each: number;
  /** Arguments of the same loop without the operation, whose time is taken off. */
  readonly empty?: readonly string[];
}

const PATHS: readonly Path[] = [
  path("null system call", "nullcall", 2_000_000, { empty: ["empty"] }),
  path("write to /dev/null", "writenull", 1_000_000),
  path("pipe round trip, same hart", "pipepong", 160_000, { qemuCount: 60_000 }),
  path("pipe round trip, two harts of 2", "pipepong", 160_000, {
    rest: ["1"],
    harts: 2,
    qemuCount: 20_000,
  }),
  path("pipe round trip, two harts of 8", "pipepong", 160_000, {
    rest: ["1"],
    harts: 8,
    qemuCount: 0,
  }),
  path("futex round trip, same hart", "futexpong", 160_000, { qemuCount: 20_000 }),
  path("futex round trip, two harts of 2", "futexpong", 160_000, {
    rest: ["1"],
    harts: 2,
    qemuCount: 20_000,
  }),
  path("message round trip, same hart", "msgpong", 160_000, { qemuCount: 0 }),
  path("message round trip, two harts of 2", "msgpong", 160_000, {
    rest: ["1"],
    harts: 2,
    qemuCount: 0,
  }),
  path("context switch", "ctxswitch", 400_000, { each: 2 }),
  path("page fault", "pagefault", 327_680),
  path("process made by native calls", "nativespawn", 16_000, { qemuCount: 0 }),
  path("fork and exit", "forkexit", 16_000, { qemuCount: 1000 }),
  path("fork and exec", "forkexec", 10_000, { qemuCount: 100 }),
];

/** Names of the operations. */
export const OPERATIONS: readonly string[] = PATHS.map(({ name }) => name);

function path(
  name: string,
  program: string,
  count: number,
  more: Partial<Pick<Path, "rest" | "harts" | "each" | "empty" | "qemuCount">> = {},
): Path {
  return { name, program, count, qemuCount: count, rest: [], harts: 1, each: 1, ...more };
}

const TURNS = 5;
const QEMU_TURNS = 3;

/** One path. */
export interface PathRow {
  readonly name: string;
  /** Host microseconds of one operation, recording included. */
  readonly microseconds: number;
  /** Microseconds of all processors for it: the journal's writer has a thread of its own. */
  readonly cpuMicroseconds: number;
  /** Under QEMU's user mode, where the calls are the host's own; undefined where it has none. */
  readonly qemuMicroseconds: number | undefined;
}

/** Times of a run, or of one operation. */
interface Times {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** A run, wherever it runs. */
type Timer = (p: Path, args: readonly (string | number)[]) => Promise<Times>;

/** Measures all paths: medians over turns in which each path is run long and short. */
export async function measurePaths(setting: Setting): Promise<PathRow[]> {
  const output = `${setting.folder}/out`;
  const journal = `${setting.folder}/path.daybook`;
  const here: Timer = (p, args) => {
    // Named as it is in the guest, so that a program which executes itself finds itself.
    const words = [
      "--harts",
      String(p.harts),
      "--root",
      ".",
      `./${p.program}`,
      ...args.map(String),
    ];
    return fresh(setting, { kind: "run", words, folder: BENCH, journal, output });
  };
  const there: Timer = (p, args) =>
    runRival([QEMU, `${BENCH}/${p.program}`, ...args.map(String)], output, setting.folder);
  const paths = PATHS.filter(({ name }) => setting.wants("paths", name));
  const samples = paths.map((): { ours: Times[]; qemus: Times[] } => ({ ours: [], qemus: [] }));
  const turns = setting.quick ? 1 : TURNS;
  const small = (count: number) => setting.quick ? Math.max(2, count / 1000) : count;
  for (let turn = 0; turn < turns; turn++) {
    for (let i = 0; i < paths.length; i++) {
      const p = paths[i];
      setting.tell(`${p.name}, ${turn + 1} of ${turns}`);
      samples[i].ours.push(await one(p, small(p.count), here));
      if (setting.qemu !== undefined && p.qemuCount > 0 && turn < QEMU_TURNS) {
        samples[i].qemus.push(await one(p, small(p.qemuCount), there));
      }
    }
  }
  return paths.map(({ name }, i) => ({
    name,
    microseconds: median(samples[i].ours.map((times) => times.seconds)) * 1e6,
    cpuMicroseconds: median(samples[i].ours.map((times) => times.cpuSeconds)) * 1e6,
    qemuMicroseconds: samples[i].qemus.length === 0
      ? undefined
      : median(samples[i].qemus.map((times) => times.seconds)) * 1e6,
  }));
}

/** One operation: a long run less a short one, less the same of the empty loop. */
async function one(p: Path, count: number, timer: Timer): Promise<Times> {
  const half = Math.floor(count / 2);
  let { seconds, cpuSeconds } = await difference(p.rest);
  if (p.empty !== undefined) {
    const empty = await difference(p.empty);
    seconds -= empty.seconds;
    cpuSeconds -= empty.cpuSeconds;
  }
  const operations = (count - half) * p.each;
  return { seconds: seconds / operations, cpuSeconds: cpuSeconds / operations };

  async function difference(rest: readonly string[]): Promise<Times> {
    const long = await timer(p, [count, ...rest]);
    const short = await timer(p, [half, ...rest]);
    return {
      seconds: long.seconds - short.seconds,
      cpuSeconds: long.cpuSeconds - short.cpuSeconds,
    };
  }
}
