import { HostError } from "../../drivers/host/host_error.ts";
import { keepScratchFile, scratchFile } from "../../drivers/host/scratch_file.ts";
import { CommandError } from "./command_error.ts";
import type { MachineOptions } from "./options.ts";
import { resolvePath } from "./paths.ts";

/** Where a journal goes. */
export interface JournalPath {
  /** While it is written; undefined with --no-journal. */
  readonly path: string | undefined;
  /** To be called when it is written: gives it its lasting name, which is returned. */
  keep(): string | undefined;
}

/**
 * The journal of a boot. One that the user gave no name gets the command's in the repository's cache
 * when it is complete, so that runs side by side do not write one file.
 *
 * @param status exit status when there is no place for it
 */
export function journalPath(
  command: "boot" | "run",
  options: MachineOptions,
  folder: string,
  status: number,
): JournalPath {
  if (!options.keepJournal) return { path: undefined, keep: () => undefined };
  if (options.journal !== undefined) {
    const path = resolvePath(folder, options.journal);
    return { path, keep: () => path };
  }
  const name = `${command}.daybook`;
  try {
    const path = scratchFile(name);
    return { path, keep: () => keepScratchFile(path, name) };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    const advice = "name a file with --journal, or use --no-journal";
    throw new CommandError(status, `${error.message}; ${advice}`);
  }
}
