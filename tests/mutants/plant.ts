/** A copy of the repository in which faults are planted, run and taken out again. */
import { dirname, join } from "node:path";
import { runChild, text } from "../child.ts";
import { applyPatch, type Command, type Mutant, type Run, verdict } from "./mutant.ts";

const repository = dirname(dirname(dirname(new URL(import.meta.url).pathname)));
/** Folders that are copied, because patches may change them; all else is linked. */
export const COPIED: ReadonlySet<string> = new Set(["core", "arch", "drivers", "journal", "tests"]);
const LEFT_OUT = new Set([".git", ".cache", "node_modules", "coverage"]);
/** A run that takes longer hangs: the longest takes a tenth of it on a machine with work to do. */
const LIMIT_MS = 60_000;

async function copyTree(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const entry of Deno.readDir(from)) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory) await copyTree(source, target);
    else await Deno.copyFile(source, target);
  }
}

/** How a mutant fared: what is wrong, or "", and the line that gave it away. */
export interface Outcome {
  readonly wrong: string;
  readonly line: string;
}

/** A repository of its own whose source may be patched. One mutant at a time may be in it. */
export class Plot {
  private constructor(private readonly folder: string) {}

  /** Makes a copy. `remove` takes it away again. */
  static async make(): Promise<Plot> {
    const folder = await Deno.makeTempDir({ prefix: "daybook-mutants-" });
    for await (const entry of Deno.readDir(repository)) {
      if (LEFT_OUT.has(entry.name)) continue;
      const source = join(repository, entry.name);
      const target = join(folder, entry.name);
      if (entry.isDirectory && COPIED.has(entry.name)) await copyTree(source, target);
      else if (entry.isDirectory) await Deno.symlink(source, target);
      else await Deno.copyFile(source, target);
    }
    return new Plot(folder);
  }

  remove(): Promise<void> {
    return Deno.remove(this.folder, { recursive: true });
  }

  /** Runs commands in order until one fails or hangs; the output is that of all. */
  async run(commands: readonly Command[], limitMs: number = LIMIT_MS): Promise<Run> {
    let output = "";
    for (const command of commands) {
      const { status, stdout, stderr, late } = await runChild(Deno.execPath(), command.args, {
        cwd: this.folder,
        env: { ...Deno.env.toObject(), NO_COLOR: "1" },
        limitMs,
        lateIsResult: true,
      });
      output += text(stdout) + text(stderr);
      if (late === true) return { status: 124, output, late };
      if (status !== 0) return { status, output, late: false };
    }
    return { status: 0, output, late: false };
  }

  /** Plants one mutant, runs it, and takes it out again. */
  async try(mutant: Mutant): Promise<Outcome> {
    const originals = new Map<string, string>();
    try {
      for (const patch of mutant.patches) {
        const file = join(this.folder, patch.file);
        const before = await Deno.readTextFile(file).catch(() => {
          throw new Error(`does not apply: no file ${patch.file}`);
        });
        if (!originals.has(file)) originals.set(file, before);
        await Deno.writeTextFile(file, applyPatch(patch, before));
      }
      const run = await this.run(mutant.commands);
      const line = run.output.split("\n").find((l) => mutant.expect.some((e) => l.includes(e)));
      return { wrong: verdict(mutant, run), line: line?.trim() ?? "" };
    } catch (error) {
      return { wrong: error instanceof Error ? error.message : String(error), line: "" };
    } finally {
      for (const [file, original] of originals) await Deno.writeTextFile(file, original);
    }
  }
}
