/** The compute programs compiled for the host itself, where it has gcc. */
import { runChild, text } from "../child.ts";
import { repository } from "../daybook.ts";

const FLAGS = ["-O2", "-w", "-ffreestanding", "-fno-math-errno", "-x", "c", "-"];

/** Programs that multiply and add in floating point: contraction is the compiler's choice. */
const ROUNDED: readonly string[] = ["matmul", "nbody"];

/** Whether a native program must print what the guest's prints. */
export function mustAgree(program: string): boolean {
  return !ROUNDED.includes(program);
}

/**
 * Compiles programs of `userland/bench` into `folder`.
 *
 * @returns what gcc says of itself, or undefined where there is no gcc
 * @throws when gcc refuses a program
 */
export async function buildNative(
  programs: readonly string[],
  folder: string,
): Promise<string | undefined> {
  const version = await gccVersion();
  if (version === undefined) return undefined;
  const shim = new URL("./native", import.meta.url).pathname;
  const library = ["lib/string.c", "lib/checksum.c"].map(sourceOf).join("\n");
  for (const program of programs) {
    const args = ["-I", shim, "-o", `${folder}/${program}`, ...FLAGS];
    const stdin = `${library}\n${sourceOf(`bench/${program}.c`)}`;
    const { status, stderr } = await runChild("gcc", args, { stdin, cwd: folder });
    if (status !== 0) throw new Error(`gcc on ${program}.c: ${text(stderr)}`);
  }
  return version;
}

function sourceOf(path: string): string {
  return Deno.readTextFileSync(`${repository}userland/${path}`);
}

async function gccVersion(): Promise<string | undefined> {
  try {
    const { status, stdout } = await runChild("gcc", ["--version"]);
    return status === 0 ? text(stdout).split("\n")[0] : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
