/** Holds the reader alone to what is true of a damaged journal. */
import assert from "node:assert/strict";
import { RecordedEvent } from "../../core/event.ts";
import type { ByteSource } from "../../journal/read/byte_source.ts";
import { JournalReader } from "../../journal/read/reader.ts";
import { compareEvents } from "../../journal/replay/compare_events.ts";
import type { Truth } from "./frames.ts";

/** Most bytes of a journal a reader may want at once: FORMAT.md's limit of a frame. */
const LARGEST_READ = 2 ** 23;

/** Bytes in memory that hold the reader to its bounds. */
export class GuardedSource implements ByteSource {
  readonly size: number;
  /** Bytes read so far. */
  total = 0;

  constructor(private readonly bytes: Uint8Array) {
    this.size = bytes.length;
  }

  read(offset: number, into: Uint8Array): number {
    assert.ok(Number.isSafeInteger(offset) && offset >= 0, `reads at ${offset}`);
    assert.ok(offset <= this.size, `reads at ${offset}, behind the end`);
    assert.ok(into.length <= LARGEST_READ, `reads ${into.length} bytes at once`);
    const part = this.bytes.subarray(offset, offset + into.length);
    into.set(part);
    this.total += part.length;
    return part.length;
  }
}

/**
 * Reads a damaged journal to where it ends and holds everything it says.
 *
 * @param events of the undamaged journal
 * @returns the reader, for more
 */
export function checkReader(
  what: string,
  damaged: Uint8Array,
  truth: Truth,
  events: readonly RecordedEvent[],
): JournalReader {
  const source = new GuardedSource(damaged);
  const reader = new JournalReader(source);
  const e = new RecordedEvent();
  let count = 0;
  while (reader.next(e)) {
    assert.ok(count < events.length, `${what}: an event too many`);
    const field = compareEvents(events[count++], e);
    if (field !== "") assert.fail(`${what}: event ${e.order} differs in ${field}`);
  }
  const said = `${what}: ${reader.describe()}`;
  assert.equal(reader.lastOrder, truth.last, said);
  assert.equal(count, truth.last + 1, said);
  assert.equal(reader.header !== undefined, truth.header, said);
  assert.equal(reader.state === "closed", truth.whole, said);
  assert.ok(truth.whole || BROKEN.includes(reader.state), said);
  assert.equal(reader.reason !== "", !truth.whole, said);
  // Each byte once, and the preamble and the frame where it ends perhaps again.
  assert.ok(source.total <= damaged.length + LARGEST_READ, `${said}: ${source.total} bytes read`);
  assert.equal(reader.next(e), false, `${what}: goes on after the end`);
  return reader;
}

const BROKEN: readonly string[] = ["cut", "damaged", "not-a-journal", "other-version"];
