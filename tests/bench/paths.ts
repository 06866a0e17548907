/** The cost of one operation each: calls, pipes, processes, faults, switches. */
import { runGuest } from "./guest.ts";
import { runQemu } from "./qemu.ts";
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
  /** Operations for each count. */
  readonly each: number;
  /** Arguments of the same loop without the operation, whose time is taken off. */
  readonly empty?: readonly string[];
  /** It executes a RISC-V file, which the host's kernel refuses to do for QEMU. */
  readonly alone?: boolean;
}

const PATHS: readonly Path[] = [
  path("null system call", "nullcall", 2_000_000, { empty: ["empty"] }),
  path("write to /dev/null", "writenull", 400_000),
  path("pipe round trip, same hart", "pipepong", 60_000),
  path("pipe round trip, two harts", "pipepong", 60_000, { rest: ["1"], harts: 2 }),
  path("context switch", "ctxswitch", 100_000, { each: 2 }),
  path("page fault", "pagefault", 81_920),
  path("fork and exit", "forkexit", 4000),
  path("fork and exec", "forkexec", 2000, { alone: true }),
];

function path(
  name: string,
  program: string,
  count: number,
  more: Partial<Pick<Path, "rest" | "harts" | "each" | "empty" | "alone">> = {},
): Path {
  return { name, program, count, rest: [], harts: 1, each: 1, ...more };
}

/** One path. */
export interface PathRow {
  readonly name: string;
  /** Host microseconds of one operation, recording included. */
  readonly microseconds: number;
  /** Under QEMU's user mode, where the calls are the host's own; undefined where it has none. */
  readonly qemuMicroseconds: number | undefined;
}

/** Host seconds of a run, wherever it runs. */
type Timer = (p: Path, args: readonly (string | number)[]) => number | Promise<number>;

/** Measures all paths: medians over turns in which each path is run long and short. */
export async function measurePaths(setting: Setting): Promise<PathRow[]> {
  const here: Timer = (p, args) => runGuest(p.program, args, setting.journal, p.harts).seconds;
  const there: Timer = async (p, args) => (await runQemu(p.program, args)).seconds;
  const samples = PATHS.map((): { ours: number[]; qemus: number[] } => ({ ours: [], qemus: [] }));
  const turns = setting.quick ? 1 : 7;
  for (let turn = 0; turn < turns; turn++) {
    for (let i = 0; i < PATHS.length; i++) {
      const p = PATHS[i];
      const count = setting.quick ? Math.max(2, p.count / 1000) : p.count;
      setting.tell(`${p.name}, ${turn + 1} of ${turns}`);
      samples[i].ours.push(await one(p, count, here));
      if (setting.qemu !== undefined && p.alone !== true) {
        samples[i].qemus.push(await one(p, count, there));
      }
    }
  }
  return PATHS.map(({ name }, i) => ({
    name,
    microseconds: median(samples[i].ours),
    qemuMicroseconds: samples[i].qemus.length === 0 ? undefined : median(samples[i].qemus),
  }));
}

/** Microseconds of one operation: a long run less a short one, less the same of the empty loop. */
async function one(p: Path, count: number, timer: Timer): Promise<number> {
  const half = Math.floor(count / 2);
  let seconds = await timer(p, [count, ...p.rest]) - await timer(p, [half, ...p.rest]);
  if (p.empty !== undefined) {
    seconds -= await timer(p, [count, ...p.empty]) - await timer(p, [half, ...p.empty]);
  }
  return seconds / ((count - half) * p.each) * 1e6;
}
