/** Child processes for tests: run to the end, with everything they printed. */

/** How a child is started. */
export interface ChildOptions {
  /** The whole environment; without it the child gets ours. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory; ours if absent. */
  readonly cwd?: string;
  /** Text or bytes on standard input; absent means an empty input. */
  readonly stdin?: string | Uint8Array;
  /** Wall-clock limit after which the child is killed and an error thrown. Default 120 s. */
  readonly limitMs?: number;
  /** Whether running into the limit is a result, not an error. */
  readonly lateIsResult?: boolean;
}

/** What a child printed, and its exit status: 128 + signal number for a death by signal. */
export interface ChildResult {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly status: number;
  /** There when it was killed at the limit. */
  readonly late?: true;
}

/**
 * Runs a program to its end.
 *
 * @throws when it cannot be started, or runs longer than the limit
 */
export async function runChild(
  program: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<ChildResult> {
  const limit = options.limitMs ?? 120_000;
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    ...(options.env === undefined ? {} : { env: { ...options.env }, clearEnv: true }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  }).spawn();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, limit);
  const output = child.output();
  await feed(child.stdin, options.stdin ?? "");
  const { code, stdout, stderr } = await output;
  clearTimeout(timer);
  if (late && options.lateIsResult !== true) {
    throw new Error(`${program} ${args.join(" ")}: still running after ${limit} ms`);
  }
  return { stdout, stderr, status: code, ...(late ? { late } : {}) };
}

/** A child may end without reading its input: a broken pipe is no failure of the test. */
async function feed(pipe: WritableStream<Uint8Array>, input: string | Uint8Array): Promise<void> {
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  const writer = pipe.getWriter();
  try {
    if (bytes.length > 0) await writer.write(bytes);
    await writer.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** The text of a child's output, for comparisons and messages. */
export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
