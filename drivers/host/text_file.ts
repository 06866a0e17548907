import { HostError, reasonOf } from "./host_error.ts";

/**
 * Reads a text file.
 *
 * @returns undefined when there is no such file
 * @throws {HostError} when there is one that cannot be read
 */
export function readTextFile(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    const { kind, reason } = reasonOf(error);
    if (kind === "not-found") return undefined;
    throw new HostError(kind, `cannot read ${path}: ${reason}`);
  }
}
