/** The eight compute programs: how fast the interpreter is while it records. */
import { runGuest } from "./guest.ts";
import { runQemu } from "./qemu.ts";
import type { Setting } from "./setting.ts";
import { geometricMean, interleave, median } from "./statistics.ts";

const PROGRAMS = [
  "sieve",
  "sha256",
  "matmul",
  "quicksort",
  "nbody",
  "bytecode",
  "hash",
  "memcpy",
] as const;

/** One program. */
export interface ComputeRow {
  readonly program: string;
  readonly instructions: number;
  readonly seconds: number;
  /** Millions of guest instructions a second. */
  readonly mips: number;
  /** Without QEMU these two are undefined. */
  readonly qemuSeconds: number | undefined;
  readonly ratio: number | undefined;
}

/** All programs, and their geometric means. */
export interface ComputeResult {
  readonly rows: readonly ComputeRow[];
  readonly mips: number;
  readonly ratio: number | undefined;
}

/** @throws when a program prints something else than under QEMU */
export async function measureCompute(setting: Setting): Promise<ComputeResult> {
  const args = setting.quick ? [1] : [];
  const { journal, qemu } = setting;
  const turns = setting.quick ? 1 : 3;
  const guests = await interleave(
    turns,
    PROGRAMS.map((program) => () => {
      setting.tell(program);
      return runGuest(program, args, journal);
    }),
  );
  const rivals = qemu === undefined ? undefined : await interleave(
    turns,
    PROGRAMS.map((program) => () => {
      setting.tell(`${program} under qemu-riscv64`);
      return runQemu(program, args);
    }),
  );
  const rows = PROGRAMS.map((program, i): ComputeRow => {
    const { instructions, output } = guests[i][0];
    const seconds = median(guests[i].map((run) => run.seconds));
    const expected = rivals?.[i][0].output;
    if (expected !== undefined && output !== expected) {
      throw new Error(`${program} printed ${output} here and ${expected} under QEMU`);
    }
    const qemuSeconds = rivals && median(rivals[i].map((run) => run.seconds));
    return {
      program,
      instructions,
      seconds,
      mips: instructions / seconds / 1e6,
      qemuSeconds,
      ratio: qemuSeconds === undefined ? undefined : seconds / qemuSeconds,
    };
  });
  return {
    rows,
    mips: geometricMean(rows.map((row) => row.mips)),
    ratio: rivals && geometricMean(rows.map((row) => row.ratio ?? NaN)),
  };
}
