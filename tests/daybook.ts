/** Runs Daybook's own commands as child processes, as `deno task` would. */
import { type ChildOptions, type ChildResult, runChild } from "./child.ts";
import configuration from "../deno.json" with { type: "json" };

/** Absolute path of the repository, ending in a slash. */
export const repository: string = new URL("../", import.meta.url).pathname;

/** The commands that deno.json declares as tasks of `journal/commands/main.ts`. */
export type Command = "boot" | "run" | "replay" | "audit" | "info" | "dump";

/**
 * The argument vector of a command, with the permissions its task grants and no more.
 * The first word is the deno binary that runs us.
 */
export function commandLine(command: Command, args: readonly string[]): string[] {
  const words = configuration.tasks[command].split(" ");
  if (words.shift() !== "deno") throw new Error(`task ${command} does not start with deno`);
  return [Deno.execPath(), ...words, ...args];
}

/** Runs a command to its end. Standard input is empty unless given. */
export function daybook(
  command: Command,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<ChildResult> {
  const [program = "", ...rest] = commandLine(command, args);
  return runChild(program, rest, { cwd: repository, ...options });
}

/** Runs `journal/commands/main.ts` with a first word that need not be a command. */
export function daybookWord(word: string): Promise<ChildResult> {
  const [program = "", ...rest] = commandLine("run", []);
  return runChild(program, [...rest.slice(0, -1), word], { cwd: repository });
}
