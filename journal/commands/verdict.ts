import type { JournalReader } from "../read/reader.ts";
import { Exit } from "./exit.ts";
import { grouped } from "./summary.ts";

/** What a replay or an audit has to say. */
export interface Verdict {
  /** Exit status. */
  readonly status: number;
  /** One line, without the name of what was done. */
  readonly line: string;
  /** Further lines for whoever wants to know more. */
  readonly details: readonly string[];
  /** Events gone through. */
  readonly events: number;
  /** State hashes compared. */
  readonly hashes: number;
  /** True when the kernel broke one of its own rules at event `last`. */
  readonly defect?: boolean;
  /** Number of the last good event, or of the first bad one. */
  readonly last: number;
}

/** The verdict when nothing differed: equal to the end, to where was asked, or to the damage. */
export function verdictOfEnd(
  reader: JournalReader,
  events: number,
  hashes: number,
  until: number | undefined,
): Verdict {
  const count = `${grouped(events)} events and ${hashes} state hashes are equal`;
  const asked = until !== undefined && reader.lastOrder >= until && reader.state === "reading";
  const good = reader.state === "closed" || asked;
  const last = events - 1;
  return {
    status: good ? Exit.Ok : Exit.Partial,
    line: good ? count : `${count}; the journal is ${endOf(reader, last)}`,
    details: [],
    events,
    hashes,
    last,
  };
}

/** Where and why a journal ends before its boot does. */
export function endOf(reader: JournalReader, last: number): string {
  const state = reader.state === "damaged" ? "damaged" : "cut";
  const where = last < 0 ? "before event 0" : `after event ${last}`;
  return reader.reason === "" ? `${state} ${where}` : `${state} ${where}: ${reader.reason}`;
}
