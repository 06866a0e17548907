/**
 * `deno task mutants [TEXT…]`: plants each fault of tests/mutants/*.mutant in a copy of core/ and
 * expects the run it names to fail as it says; without the fault the same run must succeed. A patch
 * that does not apply, a mutant that survives and a control that fails are each failures. With
 * `--show`, what caught each is printed too.
 */
import { dirname, join } from "node:path";
import { applyPatch, type Mutant, parseMutants, type Run, verdict } from "./mutant.ts";
import { runChild, text } from "../child.ts";

const here = dirname(new URL(import.meta.url).pathname);
const repository = dirname(dirname(here));
/** What is copied, because patches may change it; all else is linked. */
const COPIED = new Set(["core", "arch", "drivers", "journal"]);
const LEFT_OUT = new Set([".git", ".cache", "node_modules", "coverage"]);

async function copyTree(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const entry of Deno.readDir(from)) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory) await copyTree(source, target);
    else await Deno.copyFile(source, target);
  }
}

/** Makes a repository of its own whose source may be patched. */
async function makeCopy(): Promise<string> {
  const copy = await Deno.makeTempDir({ prefix: "daybook-mutants-" });
  for await (const entry of Deno.readDir(repository)) {
    if (LEFT_OUT.has(entry.name)) continue;
    const source = join(repository, entry.name);
    const target = join(copy, entry.name);
    if (entry.isDirectory && COPIED.has(entry.name)) await copyTree(source, target);
    else if (entry.isDirectory) await Deno.symlink(source, target);
    else await Deno.copyFile(source, target);
  }
  return copy;
}

async function runCommands(
  copy: string,
  commands: readonly (readonly string[])[],
): Promise<Run> {
  let output = "";
  for (const command of commands) {
    const { status, stdout, stderr } = await runChild(Deno.execPath(), command, {
      cwd: copy,
      env: { ...Deno.env.toObject(), NO_COLOR: "1" },
    });
    output += text(stdout) + text(stderr);
    if (status !== 0) return { status, output };
  }
  return { status: 0, output };
}

/** How a mutant fared: what is wrong, or "", and the line that gave it away. */
interface Outcome {
  readonly wrong: string;
  readonly line: string;
}

/** Plants one mutant, runs it, and takes it out again. */
async function tryMutant(copy: string, mutant: Mutant): Promise<Outcome> {
  const originals = new Map<string, string>();
  try {
    for (const patch of mutant.patches) {
      const file = join(copy, patch.file);
      const before = await Deno.readTextFile(file).catch(() => {
        throw new Error(`does not apply: no file ${patch.file}`);
      });
      if (!originals.has(file)) originals.set(file, before);
      await Deno.writeTextFile(file, applyPatch(patch, before));
    }
    const run = await runCommands(copy, mutant.commands);
    const line = run.output.split("\n").find((l) => mutant.expect.some((e) => l.includes(e)));
    return { wrong: verdict(mutant, run), line: line?.trim() ?? "" };
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error), line: "" };
  } finally {
    for (const [file, original] of originals) await Deno.writeTextFile(file, original);
  }
}

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

/** Runs every distinct list of commands once without any fault; returns what failed. */
async function runControls(copy: string, mutants: readonly Mutant[]): Promise<string[]> {
  const failed: string[] = [];
  const seen = new Set<string>();
  for (const { commands } of mutants) {
    const key = JSON.stringify(commands);
    if (seen.has(key)) continue;
    seen.add(key);
    const { status, output } = await runCommands(copy, commands);
    if (status !== 0) failed.push(`${commands.map((c) => c.join(" ")).join("; ")}\n${output}`);
    else if (/\b0 passed/.test(output)) {
      failed.push(`${commands.map((c) => c.join(" ")).join("; ")}: runs no test`);
    }
  }
  return failed;
}

/**
 * Runs the mutants whose names hold one of the texts.
 *
 * @returns the exit status: 0 when every control succeeded and every mutant was caught
 */
export async function runMutants(texts: readonly string[], show = false): Promise<number> {
  const mutants = await loadMutants(texts);
  if (mutants.length === 0) {
    console.error(`no mutant is named ${texts.join(" or ")}`);
    return 1;
  }
  const copy = await makeCopy();
  let failed = 0;
  try {
    for (const control of await runControls(copy, mutants)) {
      failed++;
      console.log(`FAILED control: ${control}`);
    }
    for (const mutant of mutants) {
      const { wrong, line } = await tryMutant(copy, mutant);
      if (wrong !== "") failed++;
      console.log(wrong === "" ? `caught ${mutant.name}` : `FAILED ${mutant.name}: ${wrong}`);
      if (show && line !== "") console.log(`    ${line}`);
    }
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
  console.log(`${mutants.length} mutants, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) {
  const texts = Deno.args.filter((argument) => argument !== "--show");
  Deno.exit(await runMutants(texts, texts.length < Deno.args.length));
}
