/** What a command needs of the process it runs in. */
import { HostError, reasonOf } from "./host_error.ts";

const encoder = new TextEncoder();
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** The words after the command's own file name. */
export function commandArguments(): readonly string[] {
  return Deno.args;
}

/** The folder the user stood in; `deno task` itself runs in the repository's. */
export function userFolder(): string {
  return Deno.env.get("INIT_CWD") || Deno.cwd();
}

/** Whether a terminal on standard error understands more than plain lines. */
export function terminalIsPlain(): boolean {
  return Deno.env.get("TERM") === "dumb";
}

/**
 * Prints to standard output. A closed output is the reader's wish, not an error.
 *
 * @throws {HostError} when the host takes no output: a full disk
 */
export function printOut(text: string): void {
  try {
    print(Deno.stdout, text);
  } catch (error) {
    const { kind, reason } = reasonOf(error);
    throw new HostError(kind, `cannot write to standard output: ${reason}`);
  }
}

/** Prints to standard error; where that fails, nobody is left to be told. */
export function printError(text: string): void {
  try {
    print(Deno.stderr, text);
  } catch {
    // The exit status still says it.
  }
}

/**
 * Makes a file that reaches the user's size limit (`ulimit -f`) an error of the write, as a full disk
 * is one, where the host's habit is to kill the process without a word.
 */
export function survivesFileSizeLimit(): void {
  try {
    Deno.addSignalListener("SIGXFSZ", () => {});
  } catch {
    // A host without the signal has no such habit.
  }
}

/** Ends the process; event handlers that give the terminal back still run. */
export function exitProcess(status: number): never {
  Deno.exit(status);
}

function print(out: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = encoder.encode(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(out.writeSync(bytes));
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) return;
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      Atomics.wait(sleeper, 0, 0, 1);
    }
  }
}
