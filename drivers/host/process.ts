/** What a command needs of the process it runs in. */

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

/** Prints to standard output. A closed output is the reader's wish, not an error. */
export function printOut(text: string): void {
  print(Deno.stdout, text);
}

/** Prints to standard error. */
export function printError(text: string): void {
  print(Deno.stderr, text);
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
