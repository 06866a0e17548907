import { KernelDefect } from "../../core/assert.ts";
import { ONE } from "../../core/kernel.ts";
import type { RecordedEvent } from "../../core/event.ts";
import { Exit } from "./exit.ts";
import { fold } from "../replay/fold.ts";
import type { JournalReader } from "../read/reader.ts";
import type { JournalFile } from "./journal_file.ts";
import { backingFrames, type FoldKernel, kernelLayout, makeFoldKernel } from "./kernel_setup.ts";
import { defectVerdict } from "./reexecute_file.ts";
import { type Verdict, verdictOfEnd } from "./verdict.ts";

const PROGRESS_EVENTS = 16384;

/** How to fold. */
export interface FoldFileOptions {
  readonly until?: number;
  readonly progress?: (events: number) => void;
}

/** The kernel that a journal's boot had, in its first state. */
export function kernelOf(file: JournalFile): FoldKernel {
  return makeFoldKernel(kernelLayout(backingFrames(file.configuration.memory)));
}

/** Feeds the kernel alone from a journal and compares its state hashes. */
export function foldFile(file: JournalFile, options: FoldFileOptions = {}): Verdict {
  file.holdOurs();
  const reader = file.reader();
  return foldChecked(reader, kernelOf(file), options.until, (e) => {
    if (e.order % PROGRESS_EVENTS === 0) options.progress?.(e.order);
    return true;
  });
}

/**
 * A fold with its verdict. A defect of the kernel is one too.
 *
 * @param after as of FoldOptions
 */
export function foldChecked(
  reader: JournalReader,
  kernel: FoldKernel,
  until: number | undefined,
  after: (e: RecordedEvent) => boolean,
): Verdict {
  try {
    const result = fold(reader, kernel, { after, ...(until === undefined ? {} : { until }) });
    const { mismatch, events, hashes } = result;
    if (mismatch === undefined) {
      const early = reader.state === "closed" && kernel.reducer.state.kernel.closed[ONE] !== 1;
      return early ? unclosed(events, hashes) : verdictOfEnd(reader, events, hashes, until);
    }
    return {
      status: Exit.Failed,
      line: `diverged: the ${mismatch.kind} hash after event ${mismatch.order} differs`,
      details: [`  recorded: ${mismatch.recorded}`, `  folded:   ${mismatch.computed}`],
      events,
      hashes,
      last: mismatch.order,
    };
  } catch (error) {
    if (!(error instanceof KernelDefect)) throw error;
    return defectVerdict(reader.lastOrder, error.message, reader);
  }
}

/** A journal with a closing whose events do not close the boot. */
function unclosed(events: number, hashes: number): Verdict {
  const last = events - 1;
  return {
    status: Exit.Failed,
    line: `diverged: the journal is closed after event ${last}, and the boot is not`,
    details: [],
    events,
    hashes,
    last,
  };
}
