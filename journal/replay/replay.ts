import type { RecordedEvent } from "../../core/event.ts";
import { compareEvents } from "./compare_events.ts";
import { compareHash, type HashMismatch } from "./fold.ts";
import { HashKind } from "../format/format.ts";
import { JournalInputs } from "./journal_inputs.ts";
import type { EventSink, MachineFactory } from "../machine_port.ts";
import type { JournalReader, ReaderState } from "../read/reader.ts";
import { ReplayCursor } from "./replay_cursor.ts";

/** The first difference between a journal and its re-execution. */
export interface Divergence {
  /** The event at or after which it shows. */
  readonly order: number;
  readonly hart: number;
  /** What differs: a field's name, "end", "K hash" or "M hash". */
  readonly what: string;
  /** The journal's side, decoded; "" when it has none. */
  readonly recorded: string;
  /** The machine's side, decoded; "" when it has none. */
  readonly replayed: string;
}

/** How a re-execution ended. */
export interface ReplayResult {
  /** Events that came out equal. */
  readonly events: number;
  /** State hashes that came out equal. */
  readonly hashes: number;
  /** How far the journal goes; `reading` when the replay ended before it. */
  readonly state: ReaderState;
  readonly divergence: Divergence | undefined;
}

/** Choices of a re-execution. */
export interface ReplayOptions {
  /** Stop when this event came out equal; all by default. */
  readonly until?: number;
  /** Decodes an event for a report. */
  readonly format?: (e: RecordedEvent) => string;
  /** Called after each event that came out equal. */
  readonly after?: (e: RecordedEvent) => void;
}

/** Thrown through the machine to stop it; caught by `reexecute` alone. */
class ReplayStop extends Error {
  override readonly name = "ReplayStop";
}

/** An event sink that compares instead of recording, and stops the machine at the first difference. */
export class ComparisonSink implements EventSink {
  events = 0;
  hashes = 0;
  divergence: Divergence | undefined;
  /** The hart of the last event. */
  private hart = 0;
  /** Hashes of the last event that the machine has not given yet. */
  private due: JournalReader["hashes"] = [];

  constructor(private readonly cursor: ReplayCursor, private readonly options: ReplayOptions) {}

  append(e: RecordedEvent): void {
    this.holdNoneDue();
    if (this.events > (this.options.until ?? Infinity)) throw new ReplayStop();
    const recorded = this.cursor.peek();
    if (recorded === null) {
      if (this.cursor.reader.state === "closed") {
        this.diverge(e.order, e.hart, "end", "", this.text(e));
      }
      throw new ReplayStop();
    }
    const what = compareEvents(recorded, e);
    if (what !== "") {
      this.diverge(recorded.order, recorded.hart, what, this.text(recorded), this.text(e));
    }
    this.events++;
    this.hart = e.hart;
    this.due = this.cursor.take();
    if (this.options.after !== undefined) this.options.after(e);
  }

  kHash(order: number, hash: Uint32Array): void {
    this.hash(HashKind.K, order, 0, hash);
  }

  mHash(order: number, round: number, hash: Uint32Array): void {
    this.hash(HashKind.M, order, round, hash);
  }

  blob(): void {}

  /**
   * The machine is at a point where an input could come, and the journal gives no more events. It
   * may need as long as it likes to its next event, so a journal that is cut ends here.
   */
  exhausted(): void {
    // Hashes of the last event come first, at a later round boundary or with the end.
    if (this.due.length > 0) return;
    if (this.cursor.reader.state === "closed") {
      this.diverge(this.events, this.hart, "end", "", "the boot goes on");
    }
    throw new ReplayStop();
  }

  end(): void {
    this.holdNoneDue();
    const recorded = this.cursor.peek();
    if (recorded !== null) {
      this.diverge(recorded.order, recorded.hart, "end", this.text(recorded), "");
    }
  }

  private hash(kind: number, order: number, round: number, hash: Uint32Array): void {
    const name = hashName(kind);
    const due = this.due[0];
    // Past the end of a journal that is cut there is nothing to compare with.
    const ended = due === undefined && this.cursor.peek() === null;
    if (ended && this.cursor.reader.state !== "closed") throw new ReplayStop();
    if (due === undefined || due.kind !== kind || due.order !== order || due.round !== round) {
      const recorded = due === undefined ? "" : `${hashName(due.kind)}, round ${due.round}`;
      this.diverge(order, this.hart, name, recorded, `${name}, round ${round}`);
    }
    const mismatch = compareHash(kind === HashKind.K ? "K" : "M", order, due.hash, hash);
    if (mismatch !== undefined) this.divergeHash(name, mismatch);
    this.due = this.due.slice(1);
    this.hashes++;
  }

  private divergeHash(what: string, m: HashMismatch): never {
    this.diverge(m.order, this.hart, what, m.recorded, m.computed);
  }

  /** The machine goes on: all hashes of the last event must have come. */
  private holdNoneDue(): void {
    if (this.due.length === 0) return;
    const { kind, order, round } = this.due[0];
    const what = hashName(kind);
    this.diverge(order, this.hart, what, `${what}, round ${round}`, "");
  }

  private text(e: RecordedEvent): string {
    return this.options.format === undefined ? `event ${e.order}` : this.options.format(e);
  }

  private diverge(
    order: number,
    hart: number,
    what: string,
    recorded: string,
    replayed: string,
  ): never {
    this.divergence = { order, hart, what, recorded, replayed };
    throw new ReplayStop();
  }
}

function hashName(kind: number): string {
  return kind === HashKind.K ? "K hash" : "M hash";
}

/**
 * Re-executes a boot: the machine runs with the journal's inputs, and everything it records is
 * compared with the journal. Exceptions other than the replay's own come out as they are.
 *
 * @param reader a fresh reader of the journal
 */
export function reexecute(
  reader: JournalReader,
  makeMachine: MachineFactory,
  options: ReplayOptions = {},
): ReplayResult {
  const cursor = new ReplayCursor(reader);
  const sink = new ComparisonSink(cursor, options);
  try {
    makeMachine(sink, new JournalInputs(cursor, () => sink.exhausted())).run();
    // A machine that stops of itself must have come to the journal's end, or to where it is cut.
    if (cursor.peek() !== null || reader.state === "closed") sink.end();
  } catch (error) {
    if (!(error instanceof ReplayStop)) throw error;
  }
  return {
    events: sink.events,
    hashes: sink.hashes,
    state: reader.state,
    divergence: sink.divergence,
  };
}
