/**
 * The controls: what a mutant must make fail has to succeed without it. Tests of one file run
 * together, in one process, however many mutants name them.
 */
import type { Command, Mutant, Run } from "./mutant.ts";

/** One run without any fault. */
export interface Control {
  readonly commands: readonly Command[];
  /** Texts of which each must be in the name of a test that ran; "" asks for any test. */
  readonly filters: readonly string[];
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

/** The controls of some mutants, each distinct run once. */
export function controlsOf(mutants: readonly Mutant[]): Control[] {
  const files = new Map<string, { file: string; args: readonly string[]; filters: Set<string> }>();
  const others = new Map<string, Control>();
  for (const { args, test } of mutants.flatMap((m) => m.commands)) {
    if (test === undefined) {
      others.set(args.join("\0"), { commands: [{ args }], filters: [] });
      continue;
    }
    const known = files.get(test.file) ?? { file: test.file, args: test.open, filters: new Set() };
    known.filters.add(test.filter);
    files.set(test.file, known);
  }
  const controls = [...files.values()].map(({ file, args, filters }): Control => {
    const some = filters.has("") ? [] : [`/${[...filters].map(escaped).join("|")}/`];
    const only = some.flatMap((filter) => ["--filter", filter]);
    return { commands: [{ args: [...args, ...only, file] }], filters: [...filters] };
  });
  return [...controls, ...others.values()];
}

/** What is wrong with a control's run, or "". */
export function controlFault(control: Control, run: Run): string {
  const what = control.commands.map((c) => c.args.join(" ")).join("; ");
  if (run.late) return `${what}: still running`;
  if (run.status !== 0) return `${what}\n${run.output}`;
  const passed = run.output.split("\n").filter((line) => / \.\.\. ok\b/.test(line));
  const idle = control.filters.filter((f) => !passed.some((line) => line.includes(f)));
  return idle.length === 0 ? "" : `${what}: runs no test named ${idle.join(" or ")}`;
}
