/** The same programs elsewhere: under `qemu-riscv64` in user mode, or on the host itself. */
import { findQemu } from "../busybox/reference.ts";
import { runChild, text } from "../child.ts";

/** The emulator, as it is called. */
export const QEMU = "qemu-riscv64";

const LIMIT_MS = 1_800_000;

/** The first line of what QEMU says of itself, or undefined where there is none. */
export async function qemuVersion(): Promise<string | undefined> {
  try {
    const { stdout, status } = await runChild(QEMU, ["--version"]);
    return status === 0 ? text(stdout).split("\n")[0] : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** One run, the start of its process included. */
export interface RivalRun {
  readonly seconds: number;
  /** Processor seconds of the process and of its children that were waited for. */
  readonly cpuSeconds: number;
}

/** The shell redirects, so that nobody has to copy the output, and counts processor time. */
const SHELL = '"$@" > "$OUTPUT"; status=$?; times >&2; exit $status';

/**
 * Runs a program.
 *
 * @param words program and arguments
 * @param output file that gets its standard output
 * @throws when it does not end with status 0
 */
export async function runRival(
  words: readonly string[],
  output: string,
  folder: string,
): Promise<RivalRun> {
  // RUNNER is for our own programs that execute themselves, which the host cannot.
  const env = {
    OUTPUT: output,
    PATH: Deno.env.get("PATH") ?? "",
    RUNNER: await findQemu() ?? "",
  };
  const start = performance.now();
  const { stderr, status } = await runChild("sh", ["-c", SHELL, "sh", ...words], {
    env,
    cwd: folder,
    limitMs: LIMIT_MS,
  });
  const seconds = (performance.now() - start) / 1000;
  const said = text(stderr);
  if (status !== 0) throw new Error(`${words.join(" ")}: status ${status}: ${said}`);
  return { seconds, cpuSeconds: childTimes(said) };
}

/** User and system time of the children in what `times` prints, seconds. */
export function childTimes(said: string): number {
  const words = said.trim().split(/\s+/).slice(-2);
  let sum = 0;
  for (const word of words) {
    const found = /^(\d+)m(\d+(?:\.\d+)?)s$/.exec(word);
    if (found === null || words.length !== 2) {
      throw new Error(`the shell's times are not as expected: ${said}`);
    }
    sum += 60 * Number(found[1]) + Number(found[2]);
  }
  return sum;
}
