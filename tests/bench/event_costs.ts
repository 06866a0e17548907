/** What the reducer takes for an event of each kind: a journal folded, with a watch in hand. */
import { EVENT_NAMES, RecordedEvent } from "../../core/event.ts";
import { kernelOf } from "../../journal/commands/fold_file.ts";
import { JournalFile } from "../../journal/commands/journal_file.ts";
import { median } from "./statistics.ts";

/** One kind of event. */
export interface EventCost {
  readonly kind: string;
  readonly count: number;
  /** Host nanoseconds of the reducer for one, the mean over a fold; median over folds. */
  readonly nanoseconds: number;
}

/** @param turns folds that count; one before them warms up */
export function measureEventCosts(journal: string, turns: number): EventCost[] {
  const file = new JournalFile(journal);
  try {
    foldTimed(file);
    const folds = Array.from({ length: turns }, () => foldTimed(file));
    const kinds = EVENT_NAMES.map((kind, k): EventCost => ({
      kind,
      count: folds[0].count[k],
      nanoseconds: median(folds.map(({ count, ms }) => ms[k] / count[k] * 1e6)),
    }));
    return kinds.filter(({ count }) => count > 0);
  } finally {
    file.close();
  }
}

/** Events and milliseconds of the reducer, by kind. */
function foldTimed(file: JournalFile): { count: Float64Array; ms: Float64Array } {
  const count = new Float64Array(EVENT_NAMES.length);
  const ms = new Float64Array(EVENT_NAMES.length);
  const reader = file.reader();
  const kernel = kernelOf(file);
  const e = new RecordedEvent();
  while (reader.next(e)) {
    // To look at the watch takes about as long as to reduce a light event: it is taken off.
    const before = performance.now();
    const start = performance.now();
    kernel.reduce(e);
    const end = performance.now();
    count[e.kind]++;
    ms[e.kind] += end - start - (start - before);
  }
  return { count, ms };
}
