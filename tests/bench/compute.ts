/** The eight compute programs: recorded, not recorded, interpreted, replayed, and elsewhere. */
import { repository } from "../daybook.ts";
import { fresh } from "./fresh.ts";
import { buildNative, mustAgree } from "./native.ts";
import { QEMU, runRival } from "./rival.ts";
import { requireSame } from "./same_file.ts";
import type { Setting } from "./setting.ts";
import { Samples } from "./samples.ts";

/** Programs and the counts that keep QEMU busy for about a second. */
const PROGRAMS: readonly (readonly [string, number])[] = [
  ["sieve", 90],
  ["sha256", 1250],
  ["matmul", 14],
  ["quicksort", 42],
  ["nbody", 800_000],
  ["bytecode", 48_000],
  ["hash", 60],
  ["memcpy", 30_000],
];

/** Names of the programs. */
export const COMPUTE: readonly string[] = PROGRAMS.map(([name]) => name);

/** Folder of the programs. */
export const BENCH = `${repository}userland/bench/bin`;

const TURNS = 5;
/** The interpreter is slow, and its ratio needs no second decimal. */
const INTERPRETER_TURNS = 1;

/** One program: medians, and ratios that are medians of the ratios of each turn. */
export interface ComputeRow {
  readonly program: string;
  readonly instructions: number;
  /** Recording on. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly offSeconds: number;
  readonly interpreterSeconds: number;
  readonly replaySeconds: number;
  readonly qemuSeconds: number | undefined;
  readonly qemuCpuSeconds: number | undefined;
  readonly nativeSeconds: number | undefined;
  /** Of the process that records, largest over the turns. */
  readonly peakBytes: number;
  /** Millions of guest instructions a second, recording on. */
  readonly mips: number;
  /** Recording on ÷ QEMU. */
  readonly overQemu: number | undefined;
  /** The same of processor time. */
  readonly cpuOverQemu: number | undefined;
  /** Recording on ÷ off. */
  readonly onOverOff: number;
  /** Replay ÷ recording. */
  readonly replayOverOn: number;
  /** Interpreter, recording on ÷ QEMU. */
  readonly interpreterOverQemu: number | undefined;
  /** Recording on ÷ native. */
  readonly overNative: number | undefined;
}

/** All programs. */
export interface ComputeResult {
  readonly rows: readonly ComputeRow[];
  /** What gcc says of itself, undefined where there is none. */
  readonly gcc: string | undefined;
}

/** @throws when a program prints something else than under QEMU, or its replay is not equal */
export async function measureCompute(setting: Setting): Promise<ComputeResult> {
  const programs = PROGRAMS.filter(([name]) => setting.wants("compute", name));
  const gcc = await buildNative(programs.map(([name]) => name), setting.folder);
  const turns = setting.quick ? 1 : TURNS;
  const samples = programs.map(() => new Samples<Side>());
  for (let turn = 0; turn < turns; turn++) {
    for (let i = 0; i < programs.length; i++) {
      const [name, count] = programs[i];
      setting.tell(`${name}, ${turn + 1} of ${turns}`);
      const sides = new Sides(setting, name, setting.quick ? 1 : count);
      await sides.take(samples[i], { gcc: gcc !== undefined, ir: turn < INTERPRETER_TURNS });
    }
  }
  return { rows: programs.map(([name], i) => rowOf(name, samples[i])), gcc };
}

/** Where a program runs. */
type Side = "on" | "off" | "ir" | "replay" | "qemu" | "native";

/** One program in one turn. */
class Sides {
  private readonly words: readonly string[];
  private readonly file: (name: string) => string;

  constructor(
    private readonly setting: Setting,
    private readonly name: string,
    private readonly count: number,
  ) {
    this.words = ["--root", ".", `./${name}`, String(count)];
    this.file = (kind) => `${setting.folder}/${name}.${kind}`;
  }

  async take(into: Samples<Side>, which: { gcc: boolean; ir: boolean }): Promise<void> {
    const journal = this.file("daybook");
    into.add("on", await this.run({ journal }));
    into.add("replay", await fresh(this.setting, { kind: "replay", journal }));
    into.add("off", await this.run({}, "off"));
    if (this.setting.qemu !== undefined) {
      into.add("qemu", await this.elsewhere([QEMU, `${BENCH}/${this.name}`], "under QEMU", true));
    }
    if (which.gcc) {
      const words = [`${this.setting.folder}/${this.name}`];
      into.add("native", await this.elsewhere(words, "natively", mustAgree(this.name)));
    }
    if (which.ir) into.add("ir", await this.run({ journal, engine: "ir" }, "ir"));
  }

  private async run(how: { journal?: string; engine?: string }, kind = "out") {
    const { journal, engine } = how;
    const words = engine === undefined ? this.words : ["--engine", engine, ...this.words];
    const output = this.file(kind);
    const common = { kind: "run", words, folder: BENCH, output } as const;
    const run = await fresh(this.setting, journal === undefined ? common : { ...common, journal });
    requireSame(output, this.file("out"), this.name, "without compiler or journal");
    return run;
  }

  private async elsewhere(words: readonly string[], where: string, compare: boolean) {
    const output = this.file("rival");
    const run = await runRival([...words, String(this.count)], output, this.setting.folder);
    if (compare) requireSame(this.file("out"), output, this.name, where);
    return run;
  }
}

function rowOf(program: string, samples: Samples<Side>): ComputeRow {
  const seconds = samples.median("on", "seconds") ?? NaN;
  const instructions = samples.median("on", "instructions") ?? NaN;
  return {
    program,
    instructions,
    seconds,
    cpuSeconds: samples.median("on", "cpuSeconds") ?? NaN,
    offSeconds: samples.median("off", "seconds") ?? NaN,
    interpreterSeconds: samples.median("ir", "seconds") ?? NaN,
    replaySeconds: samples.median("replay", "seconds") ?? NaN,
    qemuSeconds: samples.median("qemu", "seconds"),
    qemuCpuSeconds: samples.median("qemu", "cpuSeconds"),
    nativeSeconds: samples.median("native", "seconds"),
    peakBytes: samples.most("on", "peakBytes"),
    mips: instructions / seconds / 1e6,
    overQemu: samples.ratio("on", "qemu", "seconds"),
    cpuOverQemu: samples.ratio("on", "qemu", "cpuSeconds"),
    onOverOff: samples.ratio("on", "off", "seconds") ?? NaN,
    replayOverOn: samples.ratio("replay", "on", "seconds") ?? NaN,
    interpreterOverQemu: samples.ratio("ir", "qemu", "seconds"),
    overNative: samples.ratio("on", "native", "seconds"),
  };
}
