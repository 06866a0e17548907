import type { State } from "../../../core/kernel.ts";
import { Exit } from "../exit.ts";
import { foldChecked, kernelOf } from "../fold_file.ts";
import type { JournalFile } from "../journal_file.ts";
import { UsageError } from "../usage_error.ts";
import { endOf } from "../verdict.ts";

const PROGRESS_EVENTS = 16384;

/** A kernel's state at some event. */
export interface StateAt {
  readonly state: State;
  /** The last event in it. */
  readonly event: number;
  /** 0, or 1 where the fold diverged or met a defect, or 3 where the journal is cut before. */
  readonly status: number;
  /** Why the status is not 0. */
  readonly line: string;
}

/**
 * Folds a journal up to an event, its K hashes compared on the way.
 *
 * @param until the event; the last there is when undefined
 * @throws {UsageError} when a whole journal ends before that event, or has none
 * @throws {CommandError} when another kernel recorded it
 */
export function stateAt(
  file: JournalFile,
  until: number | undefined,
  progress: (events: number) => void,
): StateAt {
  file.holdOurs();
  const reader = file.reader();
  const kernel = kernelOf(file);
  const verdict = foldChecked(reader, kernel, until, (e) => {
    if (e.order % PROGRESS_EVENTS === 0) progress(e.order);
    return true;
  });
  const state = kernel.reducer.state;
  const event = verdict.last;
  if (verdict.status === Exit.Failed) {
    return { state, event, status: Exit.Failed, line: verdict.line };
  }
  const cut = reader.state !== "closed" && reader.state !== "reading";
  if (!cut && until !== undefined && event < until) {
    throw new UsageError(`--at ${until}: the journal has no such event; its last is ${event}`);
  }
  // A journal that is still being written ends where it ends now.
  return cut && (until === undefined || event < until)
    ? { state, event, status: Exit.Partial, line: `the journal is ${endOf(reader, event)}` }
    : { state, event, status: Exit.Ok, line: "" };
}
