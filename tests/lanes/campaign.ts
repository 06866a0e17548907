/**
 * `campaign.ts [--count N] [--seed S]`: hostile programs on machines that are too small for them,
 * and boots cut short at random points, N of each stage. Whatever happens to the programs, every
 * journal must replay both ways and its books must close. It tells what failed, then one line.
 */
import { Random } from "../kernel/random.ts";
import { IMAGE } from "../../journal/commands/run_plan.ts";
import { type Case, checkedRun } from "./checked_run.ts";

const MIB = 2 ** 20;
const BAD = "userland/bad/bin/";
const BENCH = new URL("../../userland/bench/bin", import.meta.url).pathname;
/** No program of a campaign needs as many: whoever takes them hangs. */
const HANG = ["--instruction-limit", "3000000000"];

/** Programs that end by themselves, and the most MiB of memory they are meant for. */
const PROGRAMS: readonly (readonly [string, number])[] = [
  ...[
    "call_null",
    "illegal",
    "jump_data",
    "misaligned_atomic",
    "overflow_stack",
    "privileged",
    "read_kernel",
    "write_text",
    "hostile_pointers",
    "random_calls 3 12 150",
    "crowd 1000",
    "exhaust regions",
    "exhaust names",
    "exhaust tables",
  ].map((words): [string, number] => [words, 1024]),
  ...["fork_bomb", "memory_hog", "exhaust pipes", "exhaust file"]
    .map((words): [string, number] => [words, 64]),
];

const MEASURES = ["forkexit 200", "forkexec 60", "pipepong 300 1", "pagefault 1000"];

/** Every program on every machine. */
export function hostileCases(
  harts: readonly number[],
  seeds: readonly number[],
  mebibytes: readonly number[],
): Case[] {
  const cases: Case[] = [];
  for (const n of harts) {
    for (const seed of seeds) {
      for (const size of mebibytes) {
        const machine = [...HANG, "--harts", String(n), "--seed", String(seed)];
        const memory = size * MIB;
        for (const [program, most] of PROGRAMS) {
          if (size > most) continue;
          const words = [...machine, ...`${BAD}${program}`.split(" ")];
          cases.push({ command: "run", words, memory });
        }
        for (const program of MEASURES) {
          const words = [...machine, "--root", ".", ...`./${program}`.split(" ")];
          cases.push({ command: "run", words, memory, folder: BENCH });
        }
      }
    }
  }
  return cases;
}

/** Stages worth cutting: lines of etc/stages. */
export const STAGES: readonly string[] = [
  "storm 16 100 8 32",
  "signals",
  "process",
  "pipes",
  "files",
  "fault",
  "time",
];

/** Makes a root tree whose init runs one stage; returns its path. */
export function stageRoot(folder: string, stage: string): string {
  const root = `${folder}/${stage.split(" ")[0]}`;
  for (const part of ["bin", "etc", "tmp"]) Deno.mkdirSync(`${root}/${part}`, { recursive: true });
  for (const { name } of Deno.readDirSync(`${IMAGE}/bin`)) {
    Deno.copyFileSync(`${IMAGE}/bin/${name}`, `${root}/bin/${name}`);
  }
  Deno.writeTextFileSync(`${root}/etc/stages`, `${stage}\n`);
  return root;
}

/**
 * Boots of one stage, cut after a random number of instructions.
 *
 * @param total instructions of the whole boot
 */
export function cutCases(root: string, total: number, count: number, random: Random): Case[] {
  const cases: Case[] = [];
  for (let i = 0; i < count; i++) {
    // Half of the cuts fall into the first tenth, where programs are set up.
    const limit = 1 + random.below(random.oneIn(2) ? total : Math.ceil(total / 10));
    const seed = random.oneIn(3) ? 0 : random.below(100_000);
    const words = ["--root", root, "--instruction-limit", String(limit)];
    words.push("--harts", String(random.pick([1, 2, 8, 64])), "--seed", String(seed));
    cases.push({ command: "boot", words, memory: random.pick([3, 16, 1024]) * MIB });
  }
  return cases;
}

/** What a case failed in, or "". */
export function failureOf(what: Case, journal: string): string {
  const { problems } = checkedRun(what, journal);
  if (problems.length === 0) return "";
  const size = what.memory === undefined ? "" : ` with ${what.memory / MIB} MiB`;
  return [`${what.command} ${what.words.join(" ")}${size}`, ...problems].join("\n  ");
}

function numberOption(name: string, missing: number): number {
  const at = Deno.args.indexOf(name);
  const value = at < 0 ? missing : Number(Deno.args[at + 1]);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} needs a whole number`);
  return value;
}

function main(): number {
  const count = numberOption("--count", 30);
  const random = new Random(numberOption("--seed", 1));
  const folder = Deno.makeTempDirSync({ prefix: "daybook-campaign-" });
  const journal = `${folder}/campaign.daybook`;
  let cases = 0, failed = 0;
  const run = (what: Case): void => {
    cases++;
    const failure = failureOf(what, journal);
    if (failure === "") return;
    failed++;
    Deno.copyFileSync(journal, `${folder}/failed-${failed}.daybook`);
    console.log(`failed-${failed}: ${failure}`);
  };
  for (const what of hostileCases([1, 2, 8], [0, 7], [1, 4, 16, 1024])) run(what);
  for (const stage of STAGES) {
    const root = stageRoot(folder, stage);
    const whole = checkedRun({ command: "boot", words: ["--root", root] }, journal);
    const total = whole.outcome?.stats.instructions ?? 1;
    for (const what of cutCases(root, total, count, random)) run(what);
  }
  console.log(`${cases} cases, ${failed} failed${failed > 0 ? `; journals in ${folder}` : ""}`);
  if (failed === 0) Deno.removeSync(folder, { recursive: true });
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(main());
