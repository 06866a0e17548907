import { HostError, reasonOf } from "./host_error.ts";
import type { HostFiles } from "./host_files.ts";

/** A host file that is to be the first process. */
export interface HostProgram {
  /** Its number in HostFiles. */
  readonly file: number;
  readonly size: number;
  readonly mode: number;
  /** Its first bytes, at most 64: an ELF header if it is a program. */
  readonly head: Uint8Array;
}

/**
 * Looks at a program file. Whether its contents can run is for the caller to say.
 *
 * @throws {HostError} "not-found" when there is none, otherwise it cannot be executed
 */
export function openProgram(path: string, files: HostFiles): HostProgram {
  try {
    const info = Deno.statSync(path);
    if (info.isDirectory) throw new HostError("wrong-kind", `${path}: it is a directory`);
    if (!info.isFile) throw new HostError("wrong-kind", `${path}: it is not a regular file`);
    const handle = Deno.openSync(path, { read: true });
    try {
      const head = new Uint8Array(64);
      const count = handle.readSync(head) ?? 0;
      const mode = (info.mode ?? 0o755) & 0o7777;
      return { file: files.add(path, info), size: info.size, mode, head: head.slice(0, count) };
    } finally {
      handle.close();
    }
  } catch (error) {
    if (error instanceof HostError) throw error;
    const { kind, reason } = reasonOf(error);
    throw new HostError(kind, `${path}: ${reason}`);
  }
}
