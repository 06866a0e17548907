/** The purity check of a journal on disk, however it ended. */
import { JournalFile } from "../../journal/commands/journal_file.ts";
import { backingFrames } from "../../journal/commands/kernel_setup.ts";
import { breachOf } from "./purity.ts";

/** Events between two comparisons of the arenas (design, "Tests that matter"). */
const INTERVAL = 1000;
/** Rebuilding a large arena's lookups takes as long as a thousand events. */
const RENEWAL = 16_000;

/**
 * Folds a journal into three kernels in lock step, up to its last good event.
 *
 * @returns "" when all stay equal, or the first difference, with its event
 */
export function journalBreach(path: string): string {
  const file = new JournalFile(path);
  file.close();
  const backing = backingFrames(file.configuration.memory);
  const capacities = { frame: backing, objectPage: Math.max(backing, 16384) };
  return breachOf(path, { capacities, interval: INTERVAL, renewal: RENEWAL });
}

/** `journal_purity.ts FILE`: one line that says how it went. */
if (import.meta.main) {
  const breach = journalBreach(Deno.args[0]);
  console.log(breach === "" ? "pure" : breach);
  Deno.exit(breach === "" ? 0 : 1);
}
