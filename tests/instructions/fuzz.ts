import type { TestEngine } from "../../arch/machine/test_engines.ts";
import { comparePrograms } from "./compare_programs.ts";
import type { Program } from "./program.ts";
import { programCase } from "./program.ts";
import { randomProgram } from "./program_generator.ts";
import { EngineRunner } from "./run_on_engine.ts";
import { describeProgram, shrink } from "./shrink.ts";

/** Programs that one run of qemu takes. */
const BATCH = 200;

/** What random programs came to. */
export interface FuzzResult {
  readonly programs: number;
  /** Instructions drawn, and instructions retired in one run of each program. */
  readonly drawn: number;
  readonly retired: number;
  /** How many programs ended in each signal, 0 for none. */
  readonly signals: ReadonlyMap<number, number>;
  /** One text for each of the first failures: the line that runs it again, and the program. */
  readonly failures: readonly string[];
}

/** What is run. */
export interface FuzzOptions {
  readonly engine: TestEngine;
  readonly seed: number;
  readonly first: number;
  readonly count: number;
  /** After so many failures the run ends; default 1. */
  readonly mostFailures?: number;
  /** Called after each batch. */
  readonly progress?: (programs: number, drawn: number) => void;
}

/** Compares random programs with qemu-riscv64, and shrinks what differs. */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { engine, seed, first, count, mostFailures = 1 } = options;
  const runner = new EngineRunner(engine);
  const signals = new Map<number, number>();
  const failures: string[] = [];
  let drawn = 0, retired = 0, programs = 0;
  for (let start = 0; start < count && failures.length < mostFailures; start += BATCH) {
    const batch = Array.from(
      { length: Math.min(BATCH, count - start) },
      (_, i) => randomProgram(seed, first + start + i),
    );
    const results = await comparePrograms(batch.map(programCase), runner, seed);
    for (const [index, result] of results.entries()) {
      programs++;
      drawn += batch[index]!.items.length;
      retired += result.retired;
      signals.set(result.signal, (signals.get(result.signal) ?? 0) + 1);
      if (result.wrong === "" || failures.length >= mostFailures) continue;
      failures.push(
        await describeFailure(options, batch[index]!, first + start + index, result.wrong, runner),
      );
    }
    options.progress?.(programs, drawn);
  }
  return { programs, drawn, retired, signals, failures };
}

async function describeFailure(
  { engine, seed }: FuzzOptions,
  program: Program,
  number: number,
  wrong: string,
  runner: EngineRunner,
): Promise<string> {
  const again = `deno task conformance --engine ${engine.name} --seed ${seed} --case ${number}`;
  const small = await shrink(program, runner, seed);
  const [result] = await comparePrograms([programCase(small)], runner, seed);
  return `${again}\n${small.items.length} of ${program.items.length} instructions:\n` +
    `${describeProgram(small)}\n  ${result!.wrong || `only as a whole: ${wrong}`}`;
}
