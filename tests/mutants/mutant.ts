/**
 * Mutants: faults as patches. A `.mutant` file holds one or more of them:
 *
 *     MUTANT name
 *     # why it matters
 *     FILE path from the repository's root
 *     OLD
 *     exact lines, once in the file
 *     NEW
 *     what stands there instead, possibly nothing
 *     END
 *     TEST path of a test file | text its tests' names hold, optional
 *     EXPECT text the failing run must print
 *
 * FILE to END, TEST and EXPECT may be repeated; `DENO arguments` runs any other command. `#` lines
 * between the parts are comments. A run that hangs is caught only by a mutant that says so with
 * `EXPECT timeout`.
 */

/** One replacement in one file. */
export interface Patch {
  readonly file: string;
  readonly old: string;
  readonly new: string;
}

/** Arguments of deno, and of what test file it runs which tests if it is one. */
export interface Command {
  readonly args: readonly string[];
  readonly test?: {
    readonly file: string;
    /** Text that the names hold, or "" for all. */
    readonly filter: string;
    /** Arguments without filter and file. */
    readonly open: readonly string[];
  };
}

/** A planted fault, what is run on it, and what the failure must say. */
export interface Mutant {
  readonly name: string;
  readonly patches: readonly Patch[];
  /** Run in order until one fails. */
  readonly commands: readonly Command[];
  readonly expect: readonly string[];
}

/** Arguments that run a test file as the test runner does, types left to `deno check`. */
function testCommand(line: string): Command {
  const [file, filter = ""] = line.split("|").map((part) => part.trim());
  const open = ["test", "--no-check", ...(file.startsWith("core/") ? [] : ["--allow-all"])];
  const only = filter === "" ? [] : ["--filter", filter];
  return { args: [...open, ...only, file], test: { file, filter, open } };
}

interface Draft {
  name: string;
  patches: Patch[];
  commands: Command[];
  expect: string[];
}

/**
 * Reads the mutants of a file.
 *
 * @param where name of the file, for messages
 * @throws an Error that names the line when the file is not in the format, or a mutant has no patch,
 * command or expectation
 */
export function parseMutants(where: string, text: string): Mutant[] {
  const lines = text.split("\n");
  const drafts: Draft[] = [];
  let at = 0;
  const fail = (what: string): never => {
    throw new Error(`${where}:${at}: ${what}`);
  };
  const until = (word: string): string => {
    const begin = at;
    while (at < lines.length && lines[at] !== word) at++;
    if (at === lines.length) fail(`no line ${word}`);
    return lines.slice(begin, at++).join("\n");
  };
  while (at < lines.length) {
    const line = lines[at++];
    if (line === "" || line.startsWith("#")) continue;
    const space = line.indexOf(" ");
    const word = space < 0 ? line : line.slice(0, space);
    const rest = space < 0 ? "" : line.slice(space + 1).trim();
    if (word === "MUTANT") {
      drafts.push({ name: rest, patches: [], commands: [], expect: [] });
      continue;
    }
    const draft = drafts.at(-1) ?? fail("a file begins with MUTANT");
    if (word === "FILE") {
      if (lines[at++] !== "OLD") fail("FILE is followed by OLD");
      const old = until("NEW");
      draft.patches.push({ file: rest, old, new: until("END") });
    } else if (word === "TEST") draft.commands.push(testCommand(rest));
    else if (word === "DENO") draft.commands.push({ args: rest.split(/\s+/) });
    else if (word === "EXPECT") draft.expect.push(rest);
    else fail(`a line that is none of MUTANT, FILE, TEST, DENO, EXPECT: ${line}`);
  }
  for (const draft of drafts) {
    if (draft.patches.length === 0 || draft.commands.length === 0 || draft.expect.length === 0) {
      throw new Error(`${where}: ${draft.name} lacks a patch, a command or an expectation`);
    }
  }
  return drafts;
}

/**
 * Applies a patch to a file's text.
 *
 * @throws an Error when the old lines are not there exactly once, or nothing would change
 */
export function applyPatch(patch: Patch, text: string): string {
  const at = text.indexOf(patch.old);
  if (at < 0) throw new Error(`does not apply: ${patch.file} has no such lines`);
  if (text.indexOf(patch.old, at + 1) >= 0) {
    throw new Error(`does not apply: ${patch.file} has the lines more than once`);
  }
  if (patch.old === patch.new) throw new Error(`changes nothing in ${patch.file}`);
  return text.slice(0, at) + patch.new + text.slice(at + patch.old.length);
}

/** What a run printed and how it ended. */
export interface Run {
  readonly status: number;
  /** Whether it was stopped because it took too long. */
  readonly late: boolean;
  readonly output: string;
}

/**
 * Judges the run of a mutant.
 *
 * @returns "" when it was caught as expected, else why not
 */
export function verdict(mutant: Mutant, run: Run): string {
  if (run.late !== mutant.expect.includes("timeout")) {
    return run.late ? "hangs, which nothing expects" : "should hang, but ends";
  }
  if (run.late) return "";
  if (run.status === 0) return "survived: every command succeeded";
  // A patch that breaks the source fails every run, and shows nothing.
  const broken = /\b(?:SyntaxError|ReferenceError|TypeError|error: Module|parse error)\b.*/
    .exec(run.output);
  if (broken !== null) return `the patched source is broken: ${broken[0]}`;
  const missing = mutant.expect.filter((text) => !run.output.includes(text));
  return missing.length === 0
    ? ""
    : `caught, but without saying ${missing.map((text) => JSON.stringify(text)).join(", ")}`;
}
