/** Guest programs under `deno task run` beside qemu-riscv64. */
import { runChild, text } from "../child.ts";
import { daybook, repository } from "../daybook.ts";
import { columns, geometricMean } from "./report.ts";

const FOLDER = `${repository}userland/bench/bin/`;
const COMPUTE = [
  "sieve",
  "sha256",
  "matmul",
  "quicksort",
  "nbody",
  "bytecode",
  "hash",
  "memcpy",
] as const;
/** Single operations: program and how many of them a run does. */
const CALLS: readonly (readonly [program: string, count: number])[] = [
  ["nullcall", 200_000],
  ["writenull", 100_000],
  ["pipepong", 20_000],
  ["ctxswitch", 50_000],
  ["pagefault", 20_000],
  ["forkexit", 500],
  ["forkexec", 200],
];
const RUNS = 2;
const LIMIT_MS = 600_000;

type Runner = (program: string, args: readonly string[]) => Promise<string>;

const underDaybook: Runner = async (program, args) => {
  const { stdout, stderr, status } = await daybook("run", [
    "--no-journal",
    "--root",
    FOLDER,
    FOLDER + program,
    ...args,
  ], { limitMs: LIMIT_MS });
  if (status !== 0) throw new Error(text(stderr).trim().split("\n")[0] || `status ${status}`);
  return text(stdout);
};

const underQemu: Runner = async (program, args) => {
  const run = await runChild("qemu-riscv64", [FOLDER + program, ...args], { limitMs: LIMIT_MS });
  if (run.status !== 0) throw new Error(`status ${run.status}`);
  return text(run.stdout);
};

/** The version line of qemu-riscv64, or "" where it is not installed. */
async function qemuVersion(): Promise<string> {
  try {
    return text((await runChild("qemu-riscv64", ["--version"])).stdout).split("\n")[0];
  } catch {
    return "";
  }
}

interface Measured {
  readonly ms: number;
  readonly output: string;
  readonly error: string;
}

async function measure(run: Runner, program: string, args: readonly string[]): Promise<Measured> {
  let ms = Infinity;
  let output = "";
  for (let i = 0; i < RUNS; i++) {
    const begin = performance.now();
    try {
      output = await run(program, args);
    } catch (error) {
      return { ms: NaN, output: "", error: error instanceof Error ? error.message : `${error}` };
    }
    ms = Math.min(ms, performance.now() - begin);
  }
  return { ms, output, error: "" };
}

const seconds = (ms: number): string => Number.isNaN(ms) ? "-" : `${(ms / 1000).toFixed(2)} s`;

/** Compute programs: wall time of whole runs, start included. */
export async function benchPrograms(): Promise<string> {
  const version = await qemuVersion();
  const rows: string[][] = [["program", "daybook", "qemu", "ratio", ""]];
  const ratios: number[] = [];
  for (const program of COMPUTE) {
    const own = await measure(underDaybook, program, []);
    const other = version === "" ? null : await measure(underQemu, program, []);
    const ratio = own.ms / (other?.ms ?? NaN);
    if (!Number.isNaN(ratio)) ratios.push(ratio);
    const differs = other !== null && own.error === "" && own.output !== other.output;
    rows.push([
      program,
      seconds(own.ms),
      other === null ? "-" : seconds(other.ms),
      Number.isNaN(ratio) ? "-" : ratio.toFixed(2),
      own.error !== "" ? own.error : differs ? "DIFFERENT OUTPUT" : "",
    ]);
  }
  const mean = ratios.length === 0 ? "" : `\n\ngeometric mean ${geometricMean(ratios).toFixed(2)}`;
  return `${version === "" ? "qemu-riscv64 is not installed" : version}\n\n${columns(rows)}${mean}`;
}

/** Single operations: the difference of a long and a short run, by operation. */
export async function benchCalls(): Promise<string> {
  const version = await qemuVersion();
  const rows: string[][] = [["operation", "daybook", "qemu", ""]];
  for (const [program, count] of CALLS) {
    const short = Math.ceil(count / 10);
    const each = async (run: Runner): Promise<[string, string]> => {
      const few = await measure(run, program, [String(short)]);
      const many = await measure(run, program, [String(count)]);
      const us = (many.ms - few.ms) / (count - short) * 1000;
      return [Number.isNaN(us) ? "-" : `${us.toFixed(2)} us`, few.error || many.error];
    };
    const [own, error] = await each(underDaybook);
    const [other] = version === "" ? ["-"] : await each(underQemu);
    rows.push([program, own, other, error]);
  }
  return `${version === "" ? "qemu-riscv64 is not installed" : version}\n\n${columns(rows)}`;
}
