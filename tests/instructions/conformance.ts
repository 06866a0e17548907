/**
 * `deno task conformance [options]`: random programs, or the cases of one instruction, on an engine
 * and under qemu-riscv64. The exit status is 0 when all agree, 1 when something differs, 2 when
 * qemu-riscv64 is missing or an option is wrong.
 *
 *     --engine NAME        which engine, default ir
 *     --seed S             default 1
 *     --seeds N            that many seeds from S upwards, default 1
 *     --count N            programs per seed, default 2,000
 *     --case N             only this program, or only this case of the instruction
 *     --instruction NAME   the cases of an instruction, or `all`, with a table of counts
 *     --encodings N        N 32-bit words instead of programs
 */
import { engineNamed, type TestEngine } from "../../arch/machine/test_engines.ts";
import { instructionNamed } from "../../arch/riscv64/encode.ts";
import { instructions } from "../../arch/riscv64/instructions.ts";
import type { Instruction } from "../../arch/riscv64/instructions.ts";
import { compareWithQemu, describeCase } from "./compare.ts";
import { Coverage } from "./coverage.ts";
import { sweep } from "./encoding_sweep.ts";
import { wideEncodings } from "./encodings.ts";
import { fuzz } from "./fuzz.ts";
import { instructionCases } from "./instruction_cases.ts";
import { EngineRunner } from "./run_on_engine.ts";
import { hasQemu } from "./run_under_qemu.ts";

const SHOWN = 20;

interface Options {
  engine: TestEngine;
  seed: number;
  seeds: number;
  count: number;
  number: number | undefined;
  rows: readonly Instruction[];
  encodings: number;
}

/** Options with a number, and where it goes. */
const NUMBERS = {
  "--seed": "seed",
  "--seeds": "seeds",
  "--count": "count",
  "--case": "number",
  "--encodings": "encodings",
} as const;
const isNumeric = (option: string): option is keyof typeof NUMBERS => option in NUMBERS;

/** Reads the options. Throws an Error that says what is wrong with one. */
function readOptions(words: readonly string[]): Options {
  const options: Options = {
    engine: engineNamed("ir"),
    seed: 1,
    seeds: 1,
    count: 2000,
    number: undefined,
    rows: [],
    encodings: 0,
  };
  for (let i = 0; i < words.length; i += 2) {
    const [option, value] = [words[i]!, words[i + 1]];
    if (value === undefined) throw new Error(`option ${option} lacks its value`);
    if (option === "--engine") options.engine = engineNamed(value);
    else if (option === "--instruction") {
      options.rows = value === "all" ? instructions : [instructionNamed(value)];
    } else if (isNumeric(option)) {
      if (!/^\d+$/.test(value)) throw new Error(`${option} ${value}: not a number`);
      options[NUMBERS[option]] = Number(value);
    } else throw new Error(`unknown option ${option}`);
  }
  return options;
}

async function compareInstructions(options: Options, seed: number): Promise<boolean> {
  const runner = new EngineRunner(options.engine);
  let good = true;
  for (const row of options.rows) {
    const all = instructionCases(row, seed);
    const cases = options.number === undefined ? all : all.slice(options.number).slice(0, 1);
    const coverage = new Coverage(row);
    let differing = 0;
    const stray = await compareWithQemu(cases, runner, (compared) => {
      coverage.add(compared);
      const { placed, index, difference } = compared;
      if (options.number !== undefined) console.log(describeCase(placed));
      if (difference === "") return;
      differing++;
      console.log(`${row.name} case ${options.number ?? index}: ${describeCase(placed)}`);
      console.log(`    ${difference}`);
    });
    for (const line of stray) console.log(`    ${line}`);
    good &&= differing === 0 && stray.length === 0;
    console.log(
      `seed ${seed}: ${
        row.name.padEnd(12)
      } ${coverage.distinct} distinct cases, ${differing} differ`,
    );
  }
  return good;
}

/** Runs a comparison for each seed; whether all were good. */
async function eachSeed(
  { seed, seeds }: Options,
  compare: (seed: number) => Promise<boolean>,
): Promise<boolean> {
  let good = true;
  for (let each = seed; each < seed + seeds; each++) good = await compare(each) && good;
  return good;
}

async function compareEncodings(options: Options, seed: number): Promise<boolean> {
  const cases = wideEncodings(seed, options.encodings);
  const { accepted, refused, failures } = await sweep(cases, new EngineRunner(options.engine));
  for (const failure of failures.slice(0, SHOWN)) console.log(failure);
  console.log(
    `seed ${seed}: ${accepted} instructions, ${refused} others, ${failures.length} differ`,
  );
  return failures.length === 0;
}

async function comparePrograms(options: Options): Promise<boolean> {
  const { engine, seeds, count, number } = options;
  let good = true;
  let [programs, drawn, retired] = [0, 0, 0];
  const begin = performance.now();
  for (let seed = options.seed; seed < options.seed + seeds; seed++) {
    const result = await fuzz({
      engine,
      seed,
      first: number ?? 0,
      count: number === undefined ? count : 1,
      mostFailures: 3,
    });
    programs += result.programs;
    drawn += result.drawn;
    retired += result.retired;
    for (const failure of result.failures) console.log(failure);
    good &&= result.failures.length === 0;
    const signals = [...result.signals].sort(([a], [b]) => a - b)
      .map(([signal, times]) => `${signal === 0 ? "end" : `signal ${signal}`} ${times}`);
    console.log(`seed ${seed}: ${result.programs} programs, ${signals.join(", ")}`);
  }
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  console.log(
    `${programs} programs, ${drawn} random instructions, ${retired} retired, ${seconds} s: ` +
      (good ? "all as under qemu-riscv64" : "some differ"),
  );
  return good;
}

async function main(words: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(words);
  } catch (error) {
    console.error(`conformance: ${error instanceof Error ? error.message : error}`);
    return 2;
  }
  if (!hasQemu()) return 2;
  const good = options.rows.length > 0
    ? await eachSeed(options, (seed) => compareInstructions(options, seed))
    : options.encodings > 0
    ? await eachSeed(options, (seed) => compareEncodings(options, seed))
    : await comparePrograms(options);
  return good ? 0 : 1;
}

Deno.exit(await main(Deno.args));
