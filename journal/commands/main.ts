import { HostError } from "../../drivers/host/host_error.ts";
import {
  commandArguments,
  exitProcess,
  printError,
  survivesFileSizeLimit,
  userFolder,
} from "../../drivers/host/process.ts";
import { JournalWriteError } from "../write/byte_sink.ts";
import { CommandError } from "./command_error.ts";
import { Exit, RunExit } from "./exit.ts";
import { UsageError } from "./usage_error.ts";

/** A command: its words and the user's folder to an exit status. */
type Command = (words: readonly string[], folder: string) => number;

/** Commands are loaded when they are asked for: `info` need not wait for the machine's code. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  boot: async () => (await import("./boot.ts")).boot,
  run: async () => (await import("./run.ts")).run,
  replay: async () => (await import("./replay.ts")).replay,
  audit: async () => (await import("./audit.ts")).audit,
  info: async () => (await import("./info.ts")).info,
  show: async () => (await import("./show.ts")).show,
  dump: async () => (await import("./dump.ts")).dump,
};

/** Runs one command to its exit status; every failure is one line. */
async function main(): Promise<number> {
  survivesFileSizeLimit();
  const [name = "", ...words] = commandArguments();
  const names = Object.keys(COMMANDS).join(", ");
  if (!Object.hasOwn(COMMANDS, name)) {
    printError(`daybook: unknown command ${JSON.stringify(name)}; there are ${names}\n`);
    return RunExit.Daybook;
  }
  try {
    const command = await COMMANDS[name]();
    return command(words, userFolder());
  } catch (error) {
    printError(`${name}: ${lineOf(error)}\n`);
    return statusOf(name, error);
  }
}

function lineOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const known = error instanceof CommandError || error instanceof UsageError ||
    error instanceof HostError || error instanceof JournalWriteError;
  const line = text.replace(/\p{Cc}+/gu, " ");
  return known ? line : `defect: ${line}`;
}

function statusOf(name: string, error: unknown): number {
  if (error instanceof CommandError) return error.status;
  const usage = error instanceof UsageError || error instanceof HostError;
  if (!usage) return error instanceof JournalWriteError ? Exit.Failed : RunExit.Defect;
  return name === "run" ? RunExit.Daybook : Exit.Unreadable;
}

exitProcess(await main());
