import { type Event, RecordedEvent } from "../../core/event.ts";
import { HashKind } from "../format/format.ts";
import type { FoldReducer } from "../machine_port.ts";
import type { JournalReader, ReaderState } from "../read/reader.ts";
import { hashText } from "../../core/state/hash.ts";

/** Choices of a fold. */
export interface FoldOptions {
  /** The last event to reduce; all by default. */
  readonly until?: number;
  /** Called after each event was reduced (and its K hash checked); false ends the fold. */
  readonly after?: (e: RecordedEvent) => boolean | void;
}

/** A state hash that is not what the journal says. */
export interface HashMismatch {
  /** "K" or "M". */
  readonly kind: string;
  /** The event after which it was taken. */
  readonly order: number;
  /** What the journal says, hex. */
  readonly recorded: string;
  /** What came out, hex. */
  readonly computed: string;
}

/** How a fold ended. */
export interface FoldResult {
  /** Events reduced. */
  readonly events: number;
  /** How far the reader came; `reading` when `until`, `after` or a mismatch ended it. */
  readonly state: ReaderState;
  /** K hashes that were checked. */
  readonly hashes: number;
  /** The first K hash that differs; the fold ends there. */
  readonly mismatch: HashMismatch | undefined;
}

/**
 * The fold: the reducer alone, fed from the journal. A KernelDefect comes out of it as it is; the
 * reader's `lastOrder` is then the event that met it.
 */
export function fold(
  reader: JournalReader,
  reducer: FoldReducer,
  options: FoldOptions = {},
): FoldResult {
  const e = new RecordedEvent();
  // The reducer sees a head without the glance column: only the recorded event has one.
  const seen: Event = e;
  const until = options.until ?? Infinity;
  const after = options.after;
  const computed = new Uint32Array(4);
  let events = 0, hashes = 0;
  let mismatch: HashMismatch | undefined;
  while (mismatch === undefined && reader.lastOrder < until && reader.next(e)) {
    reducer.reduce(seen);
    events++;
    for (const h of reader.hashes) {
      if (h.kind !== HashKind.K) continue;
      reducer.kHash(computed);
      hashes++;
      mismatch ??= compareHash("K", e.order, h.hash, computed);
    }
    if (after !== undefined && after(e) === false) break;
  }
  return { events, state: reader.state, hashes, mismatch };
}

/** Compares two hashes of four words; undefined when they are equal. */
export function compareHash(
  kind: string,
  order: number,
  recorded: Uint32Array,
  computed: Uint32Array,
): HashMismatch | undefined {
  for (let i = 0; i < 4; i++) {
    if (recorded[i] !== computed[i]) {
      return { kind, order, recorded: hashText(recorded), computed: hashText(computed) };
    }
  }
  return undefined;
}
