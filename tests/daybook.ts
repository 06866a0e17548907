/**
 * Runs Daybook's own commands as child processes, as `deno task` would. Whatever a boot or run
 * records is held to be pure.
 */
import { isAbsolute, join } from "node:path";
import { type ChildOptions, type ChildResult, runChild } from "./child.ts";
import configuration from "../deno.json" with { type: "json" };
import { MAGIC } from "../journal/format/format.ts";
import { journalBreach } from "./kernel/journal_purity.ts";

/** Absolute path of the repository, ending in a slash. */
export const repository: string = new URL("../", import.meta.url).pathname;

/** The commands that deno.json declares as tasks of `journal/commands/main.ts`. */
export type Command = "boot" | "run" | "replay" | "audit" | "info" | "dump" | "show";

/**
 * The argument vector of a command, with the permissions its task grants and no more.
 * The first word is the deno binary that runs us.
 */
export function commandLine(command: Command, args: readonly string[]): string[] {
  const words = configuration.tasks[command].split(" ");
  if (words.shift() !== "deno") throw new Error(`task ${command} does not start with deno`);
  return [Deno.execPath(), ...words, ...args];
}

/** The journal that a command line of `boot` or `run` recorded, if it is a regular file of ours. */
function journalOf(args: readonly string[], folder: string): string | undefined {
  const at = args.indexOf("--journal");
  if (at < 0) return undefined;
  const path = isAbsolute(args[at + 1]) ? args[at + 1] : join(folder, args[at + 1]);
  try {
    return Deno.statSync(path).isFile ? path : undefined;
  } catch (error) {
    // Nothing was recorded there, nor in a device or beside a file.
    for (const none of ["NotFound", "NotADirectory", "NotCapable"] as const) {
      if (error instanceof Deno.errors[none]) return undefined;
    }
    throw error;
  }
}

/** The statuses of a command that could not do its work: then a journal may not be there at all. */
const FAILED: Readonly<Partial<Record<Command, number>>> = { boot: 1, run: 125 };

/** Whether a file begins as a journal does; of one that was refused there may be nothing at all. */
function isJournal(path: string): boolean {
  using file = Deno.openSync(path);
  const head = new Uint8Array(MAGIC.length);
  return file.readSync(head) === head.length && head.every((byte, i) => byte === MAGIC[i]);
}

/** @throws an Error when a journal does not fold alike into three kernels in lock step */
export function assertPure(journal: string): void {
  const breach = journalBreach(journal);
  if (breach !== "") throw new Error(`${journal} is not pure: ${breach}`);
}

/**
 * Runs a command to its end. Standard input is empty unless given.
 *
 * @throws an Error when the journal it recorded is not pure
 */
export async function daybook(
  command: Command,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<ChildResult> {
  const [program = "", ...rest] = commandLine(command, args);
  const result = await runChild(program, rest, { cwd: repository, ...options });
  if (command === "boot" || command === "run") {
    const folder = options.env?.INIT_CWD ?? options.cwd ?? repository;
    const journal = journalOf(args, folder);
    const failed = result.status === FAILED[command];
    if (journal !== undefined && (!failed || isJournal(journal))) assertPure(journal);
  }
  return result;
}

/** Runs `journal/commands/main.ts` with a first word that need not be a command. */
export function daybookWord(word: string): Promise<ChildResult> {
  const [program = "", ...rest] = commandLine("run", []);
  return runChild(program, [...rest.slice(0, -1), word], { cwd: repository });
}
