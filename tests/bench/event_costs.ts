/** What the reducer takes for an event of each kind: a journal folded, with a watch in hand. */
import { EVENT_NAMES, RecordedEvent } from "../../core/event.ts";
import { kernelOf } from "../../journal/commands/fold_file.ts";
import { JournalFile } from "../../journal/commands/journal_file.ts";
import { median } from "./statistics.ts";

/** One kind of event. */
export interface EventCost {
  readonly kind: string;
  readonly count: number;
  /** Host nanoseconds of the reducer, the mean over the events; each counts with its best fold. */
  readonly nanoseconds: number;
}

/**
 * @param events in the journal
 * @param turns folds that count; one before them warms up
 */
export function measureEventCosts(journal: string, events: number, turns: number): EventCost[] {
  const file = new JournalFile(journal);
  const times: Times = {
    kind: new Uint8Array(events),
    reduced: new Float64Array(events),
    watched: new Float64Array(events),
  };
  try {
    for (let turn = 0; turn <= turns; turn++) {
      // What the warm-up took is forgotten.
      if (turn <= 1) times.reduced.fill(Infinity), times.watched.fill(Infinity);
      foldTimed(file, times);
    }
  } finally {
    file.close();
  }
  // To look at the watch takes about as long as to reduce a light event: it is taken off.
  const watch = median(Array.from(times.watched));
  const count = EVENT_NAMES.map(() => 0), ms = EVENT_NAMES.map(() => 0);
  times.kind.forEach((kind, order) => {
    count[kind]++;
    ms[kind] += times.reduced[order] - watch;
  });
  return EVENT_NAMES.map((kind, k) => ({
    kind,
    count: count[k],
    nanoseconds: ms[k] / count[k] * 1e6,
  })).filter(({ count }) => count > 0);
}

/** By an event's number: its kind, and the least milliseconds of all folds. */
interface Times {
  readonly kind: Uint8Array;
  /** To reduce it and look at the watch. */
  readonly reduced: Float64Array;
  /** To look at the watch. */
  readonly watched: Float64Array;
}

/** The least of several folds: on a busy host an event may have to wait for a processor. */
function foldTimed(file: JournalFile, { kind, reduced, watched }: Times): void {
  const reader = file.reader();
  const kernel = kernelOf(file);
  const e = new RecordedEvent();
  while (reader.next(e)) {
    const before = performance.now();
    const start = performance.now();
    kernel.reduce(e);
    const end = performance.now();
    kind[e.order] = e.kind;
    reduced[e.order] = Math.min(reduced[e.order], end - start);
    watched[e.order] = Math.min(watched[e.order], start - before);
  }
}
