/**
 * `deno task mutants [TEXT…] [--show] [--json] [--jobs N]`: plants each fault of
 * tests/mutants/*.mutant in a copy of the source and expects the run it names to fail as it says;
 * without the fault the same run must succeed. A patch that does not apply, a mutant that survives
 * or hangs and a control that fails are each failures, and so are too few mutants. TEXT picks
 * mutants by a part of their names; `--show` prints what gave each away.
 */
import { dirname, join } from "node:path";
import { Progress } from "../../journal/commands/progress.ts";
import { printError, terminalIsPlain } from "../../drivers/host/process.ts";
import { controlFault, controlsOf } from "./controls.ts";
import { type Mutant, parseMutants } from "./mutant.ts";
import { Plot } from "./plant.ts";
import { areaOf, type Result, scoreLines, tallies, tooFew } from "./score.ts";

/** Time a control may take, which runs all that any mutant asks of a file, ms. */
const CONTROL_LIMIT_MS = 240_000;

const here = dirname(new URL(import.meta.url).pathname);

/** The mutants of all files whose name holds one of the texts; all without texts. */
export async function loadMutants(texts: readonly string[] = []): Promise<Mutant[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(here)) {
    if (entry.name.endsWith(".mutant")) names.push(entry.name);
  }
  const mutants: Mutant[] = [];
  for (const name of names.sort()) {
    mutants.push(...parseMutants(name, await Deno.readTextFile(join(here, name))));
  }
  return mutants.filter((m) => texts.length === 0 || texts.some((t) => m.name.includes(t)));
}

/** How to run mutants. */
export interface MutantOptions {
  /** Parts of names; none means all. */
  readonly texts: readonly string[];
  /** Whether to print what gave each mutant away. */
  readonly show: boolean;
  /** Whether to print one JSON object instead of lines. */
  readonly json: boolean;
  /** How many run at once, each in a copy of its own. */
  readonly jobs: number;
}

/** Reads the words of the command line; a line that says what is wrong with them otherwise. */
export function parseWords(words: readonly string[]): MutantOptions | string {
  const texts: string[] = [];
  let [show, json, jobs] = [false, false, 2];
  for (let i = 0; i < words.length; i++) {
    if (words[i] === "--show") show = true;
    else if (words[i] === "--json") json = true;
    else if (words[i] === "--jobs") {
      jobs = Number(words[++i]);
      if (!Number.isInteger(jobs) || jobs < 1) return "--jobs takes a number from 1";
    } else if (words[i].startsWith("-")) return `unknown option ${words[i]}`;
    else texts.push(words[i]);
  }
  return { texts, show, json, jobs };
}

/** Does the tasks in order, several at once; what comes of them is told in that order too. */
async function inOrder<T, R>(
  workers: readonly Plot[],
  tasks: readonly T[],
  run: (plot: Plot, task: T) => Promise<R>,
  tell: (result: R) => void,
): Promise<void> {
  const results: (R | undefined)[] = tasks.map(() => undefined);
  let next = 0;
  let told = 0;
  await Promise.all(workers.map(async (plot) => {
    while (next < tasks.length) {
      const at = next++;
      results[at] = await run(plot, tasks[at]);
      for (; told < results.length && results[told] !== undefined; told++) {
        tell(results[told] as R);
      }
    }
  }));
}

/**
 * Runs the mutants whose names hold one of the texts.
 *
 * @returns the exit status: 0 when every control succeeded and every mutant was caught
 */
export async function runMutants({ texts, show, json, jobs }: MutantOptions): Promise<number> {
  const mutants = await loadMutants(texts);
  if (mutants.length === 0) {
    console.error(`mutants: none is named ${texts.join(" or ")}`);
    return 1;
  }
  const progress = new Progress("mutants", {
    live: Deno.stderr.isTerminal() && !terminalIsPlain(),
    write: printError,
    now: () => performance.now(),
    columns: () => Deno.consoleSize().columns,
  });
  const print = (line: string): void => {
    progress.clear();
    if (!json) console.log(line);
  };
  const controls = controlsOf(mutants);
  const tasks = controls.length + mutants.length;
  let done = 0;
  const results: Result[] = [];
  const faults: string[] = [];
  const plots = await Promise.all(Array.from({ length: jobs }, () => Plot.make()));
  try {
    await inOrder(
      plots,
      controls,
      async (plot, control) =>
        controlFault(control, await plot.run(control.commands, CONTROL_LIMIT_MS)),
      (fault) => {
        progress.update(++done, tasks, "runs");
        if (fault === "") return;
        faults.push(`control: ${fault}`);
        print(`FAILED control: ${fault}`);
      },
    );
    await inOrder(
      plots,
      mutants,
      async (plot, mutant): Promise<Result> => ({
        name: mutant.name,
        area: areaOf(mutant),
        ...await plot.try(mutant),
      }),
      (result) => {
        results.push(result);
        const { name, wrong, line } = result;
        print(wrong === "" ? `caught ${name}` : `FAILED ${name}: ${wrong}`);
        if (show && line !== "") print(`    ${line}`);
        progress.update(++done, tasks, "runs");
      },
    );
  } finally {
    progress.clear();
    await Promise.all(plots.map((plot) => plot.remove()));
  }
  // A part of them proves nothing about the number of all.
  if (texts.length === 0) faults.push(...tooFew(results));
  const survivors = results.filter((r) => r.wrong !== "").length;
  if (json) console.log(JSON.stringify({ areas: tallies(results), faults, mutants: results }));
  else {
    for (const fault of faults.filter((f) => !f.startsWith("control: "))) print(`FAILED ${fault}`);
    for (const line of scoreLines(results)) print(line);
  }
  return faults.length + survivors === 0 ? 0 : 1;
}

if (import.meta.main) {
  const options = parseWords(Deno.args);
  if (typeof options === "string") {
    console.error(`mutants: ${options}; known are TEXT, --show, --json and --jobs N`);
    Deno.exit(1);
  }
  Deno.exit(await runMutants(options));
}
