import { HART, REGISTER, registerSlot } from "../../arch/machine/memory/layout.ts";
import { engineNamed } from "../../arch/machine/test_engines.ts";
import type { TestEngine } from "../../arch/machine/test_engines.ts";
import { ACCESS } from "../../arch/riscv64/walk.ts";
import { makeBatch, type PlacedCase } from "../instructions/batch.ts";
import { ARENA, ARENA_BYTES, programCase } from "../instructions/program.ts";
import { randomProgram } from "../instructions/program_generator.ts";
import { EngineRunner } from "../instructions/run_on_engine.ts";
import { Random } from "../kernel/random.ts";

/** What comparing programs came to. */
export interface SlicesResult {
  readonly programs: number;
  /** States compared. */
  readonly slices: number;
  /** One text for each program that differs: the line that runs it again, and what differs. */
  readonly failures: readonly string[];
}

/** What is run. */
export interface SlicesOptions {
  /** The engine held against the interpreter. */
  readonly engine: TestEngine;
  readonly seed: number;
  readonly first: number;
  readonly count: number;
  /** Runs of each program, each with other slices: what is hot is compiled in the later ones. */
  readonly rounds?: number;
  readonly progress?: (programs: number) => void;
}

const BATCH = 100;
const LONGEST = [1, 3, 12, 60, 400] as const;

/** The state a run of slices has come to: the pc, and everything else as a number. */
function stateOf(runner: EngineRunner): string {
  const m = runner.machine;
  const { u8, u32 } = m.memory;
  let hash = 0;
  const add = (word: number): void => void (hash = Math.imul(hash ^ word, 0x9e37_79b1) + 1);
  const registers = registerSlot(m.layout, 0) / 4;
  for (let i = 0; i < 2 * (REGISTER.fcsr + 1); i++) {
    if (i >> 1 !== REGISTER.sink) add(u32[registers + i]!);
  }
  const reserved = m.hartField(0, HART.reservationSize);
  add(reserved);
  if (reserved > 0) add(m.hartField(0, HART.reservation));
  for (const half of [ARENA, ARENA + ARENA_BYTES / 2]) {
    const linear = m.cpu.translate(0, half, 0, ACCESS.read);
    add(u8[m.layout.dirtyBase + Math.floor(linear / 4096)]!);
    for (let i = 0; i < ARENA_BYTES / 8; i++) add(u32[linear / 4 + i]!);
  }
  return `pc ${m.register(REGISTER.pc).toString(16)}, executed ${m.hartField(0, HART.executed)}, ` +
    `state ${(hash >>> 0).toString(16)}`;
}

/** The states before each slice of a run, and what it ends in. */
function statesOf(runner: EngineRunner, placed: PlacedCase, seed: number): string[] {
  const random = new Random(seed);
  const longest = random.pick(LONGEST);
  const states: string[] = [];
  const end = runner.run(placed, () => {
    states.push(stateOf(runner));
    return 1 + random.below(longest);
  });
  states.push(
    `${stateOf(runner)} signal ${end.signal} ${end.code} at ${end.pc} for ${end.address}, ` +
      `cause ${end.cause} ${end.trapValue}, retired ${end.retired}`,
  );
  // A run's first state has what an earlier one executed.
  states[0] = "";
  return states;
}

/** Runs random programs on the interpreter and on an engine, and compares after every slice. */
export function compareSlices(options: SlicesOptions): SlicesResult {
  const { engine, seed, first, count, rounds = 5 } = options;
  const runners = [engineNamed("ir"), engine].map((each) => new EngineRunner(each));
  const failures: string[] = [];
  let slices = 0, programs = 0;
  for (let start = 0; start < count; start += BATCH) {
    const numbers = Array.from(
      { length: Math.min(BATCH, count - start) },
      (_, i) => first + start + i,
    );
    const batch = makeBatch(numbers.map((number) => programCase(randomProgram(seed, number))));
    for (const runner of runners) runner.load(batch);
    numbers.forEach((number, index) => {
      programs++;
      for (let round = 0; round < rounds; round++) {
        const placed = batch.cases[index]!;
        const lengths = seed * 65_537 + number * 16 + round;
        const [wanted, got] = runners.map((runner) => statesOf(runner, placed, lengths));
        slices += wanted!.length;
        const at = wanted!.findIndex((state, i) => state !== got![i]);
        if (at < 0) continue;
        failures.push(
          `deno run -A tests/regions/main.ts --engine ${engine.name} --seed ${seed} ` +
            `--first ${first + start} --count ${number - first - start + 1}\n` +
            `program ${number}, round ${round}, slice ${at}:\n  ${wanted![at]}\n  ${got![at]}`,
        );
        return;
      }
    });
    options.progress?.(programs);
  }
  return { programs, slices, failures };
}
