/**
 * A dialogue with `run` on a pseudo-terminal. util-linux `script` makes the terminal; it is on every
 * Debian, and passes on what it reads and prints.
 */
import { commandLine, repository } from "../daybook.ts";

/** When a dialogue is given up: a guard against waiting for ever, never a measure. */
const LIMIT_MS = 20_000;
/** What the shell around the command prints when the terminal is not as it was before. */
const NOT_RESTORED = "the terminal was not given back";

/** Size of the pseudo-terminal, in characters. */
export const TERMINAL_ROWS = 33;
export const TERMINAL_COLUMNS = 111;

/** Whether `script` and `stty` can be run here; else one line that says why not. */
export async function terminalMissing(): Promise<string | null> {
  for (const program of ["script", "stty"]) {
    try {
      await new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" })
        .output();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return `${program} is not installed`;
      throw error;
    }
  }
  return null;
}

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** A running dialogue. Text is Latin-1: one character per byte. */
export class Session {
  /** All that was printed. */
  transcript = "";
  /** Where in the transcript the next {@link see} starts to look. */
  private seen = 0;
  private late = false;
  private readonly child: Deno.ChildProcess;
  private readonly output: ReadableStreamDefaultReader<Uint8Array>;
  private readonly input: WritableStreamDefaultWriter<Uint8Array>;
  private readonly guard: ReturnType<typeof setTimeout>;

  /** @param args of `run` */
  constructor(args: readonly string[]) {
    const command = commandLine("run", args).map(quote).join(" ");
    // The size is set from inside: the terminal that `script` makes from a pipe has none.
    const lines = [
      `stty rows ${TERMINAL_ROWS} cols ${TERMINAL_COLUMNS}`,
      "before=$(stty -g)",
      command,
      "status=$?",
      `[ "$before" = "$(stty -g)" ] || echo ${NOT_RESTORED}`,
      "exit $status",
    ];
    this.child = new Deno.Command("script", {
      args: ["-q", "-e", "-c", lines.join("\n"), "/dev/null"],
      env: { SHELL: "/bin/sh", TERM: "vt100" },
      cwd: repository,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.output = this.child.stdout.getReader();
    this.input = this.child.stdin.getWriter();
    this.guard = setTimeout(() => {
      this.late = true;
      this.child.kill("SIGKILL");
    }, LIMIT_MS);
  }

  /** Types; each character is one byte. */
  async type(characters: string): Promise<void> {
    await this.input.write(Uint8Array.from(characters, (c) => c.charCodeAt(0)));
  }

  /**
   * Waits until some text is printed.
   *
   * @returns what was printed since the last call, up to and with the text
   * @throws when the session ends before
   */
  async see(wanted: string): Promise<string> {
    let at = this.transcript.indexOf(wanted, this.seen);
    while (at < 0) {
      if (!await this.readMore()) {
        const got = JSON.stringify(this.transcript.slice(this.seen));
        throw new Error(`waited for ${JSON.stringify(wanted)}, and all that came was ${got}`);
      }
      at = this.transcript.indexOf(wanted, this.seen);
    }
    const end = at + wanted.length;
    const text = this.transcript.slice(this.seen, end);
    this.seen = end;
    return text;
  }

  /** Types, then waits as {@link see}. */
  async ask(characters: string, wanted: string): Promise<string> {
    await this.type(characters);
    return await this.see(wanted);
  }

  /**
   * Waits for the end of the command.
   *
   * @returns its status, and what it printed since the last text waited for
   */
  async end(): Promise<{ status: number; rest: string }> {
    while (await this.readMore());
    const { code } = await this.child.status;
    clearTimeout(this.guard);
    await this.input.close().catch(() => undefined);
    const rest = this.transcript.slice(this.seen);
    if (this.late) throw new Error(`still running after ${LIMIT_MS} ms: ${JSON.stringify(rest)}`);
    if (this.transcript.includes(NOT_RESTORED)) throw new Error(NOT_RESTORED);
    return { status: code, rest };
  }

  /** Ends what a failed dialogue has left running. May be called after {@link end}. */
  async dispose(): Promise<void> {
    clearTimeout(this.guard);
    try {
      this.child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.child.status;
    await this.input.close().catch(() => undefined);
    while (await this.readMore());
  }

  private async readMore(): Promise<boolean> {
    const { value, done } = await this.output.read();
    if (done) return false;
    for (const byte of value) this.transcript += String.fromCharCode(byte);
    return true;
  }
}
