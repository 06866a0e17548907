/** `qemu-riscv64` in user mode, the yardstick, where it is installed. */
import { runChild, text } from "../child.ts";
import { programPath } from "./guest.ts";

const QEMU = "qemu-riscv64";

/** The first line of what it says of itself, or undefined where there is none. */
export async function qemuVersion(): Promise<string | undefined> {
  try {
    const { stdout, status } = await runChild(QEMU, ["--version"]);
    return status === 0 ? text(stdout).split("\n")[0] : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** One run of a benchmark program, its start included. */
export interface QemuRun {
  readonly seconds: number;
  readonly output: string;
}

/** @throws when the program does not end with status 0 */
export async function runQemu(
  name: string,
  args: readonly (string | number)[],
): Promise<QemuRun> {
  const start = performance.now();
  const { stdout, stderr, status } = await runChild(QEMU, [programPath(name), ...args.map(String)]);
  const seconds = (performance.now() - start) / 1000;
  if (status !== 0) throw new Error(`${QEMU} ${name}: status ${status}: ${text(stderr)}`);
  return { seconds, output: text(stdout) };
}
