import { HostError, reasonOf } from "./host_error.ts";

/** Folder of the repository that git ignores: where journals go that nobody named. */
const CACHE = new URL("../../.cache/", import.meta.url).pathname;

/**
 * Makes room for a file that no other process uses, to be given its lasting name by
 * {@link keepScratchFile}.
 *
 * @param name of the file to be
 * @returns an absolute path
 * @throws {HostError} when there can be none
 */
export function scratchFile(name: string): string {
  try {
    Deno.mkdirSync(CACHE, { recursive: true });
  } catch (error) {
    const { kind, reason } = reasonOf(error);
    throw new HostError(kind, `cannot make the folder ${CACHE}: ${reason}`);
  }
  return `${CACHE}${Deno.pid}-${name}`;
}

/** Gives a scratch file its lasting name, in place of an older one; returns its path then. */
export function keepScratchFile(path: string, name: string): string {
  const lasting = `${CACHE}${name}`;
  try {
    Deno.renameSync(path, lasting);
    return lasting;
  } catch {
    // It is as good under the name it has.
    return path;
  }
}
