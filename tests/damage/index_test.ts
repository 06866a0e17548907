/** A seek index that is damaged or lies hides no good event and leads to none that is wrong. */
import assert from "node:assert/strict";
import { RecordedEvent } from "../../core/event.ts";
import { SeekIndex, type SeekPoint } from "../../journal/format/seek_index.ts";
import { MemorySource } from "../../journal/read/byte_source.ts";
import { JournalReader, readIndex } from "../../journal/read/reader.ts";
import { compareEvents } from "../../journal/replay/compare_events.ts";
import { DamagedSet } from "./damaged_set.ts";
import { join } from "./damages.ts";
import { checkReader } from "./reader_check.ts";

const set = new DamagedSet();
set.recorder.remove();
const { whole, others, events } = set;
const last = whole.frames[whole.frames.length - 1];
const stored = readIndex(new MemorySource(whole.bytes)) ?? assert.fail("no index");

/** Seeks every event, and reads two from there. */
function checkSeeks(what: string, bytes: Uint8Array, index: SeekIndex, good = events.length): void {
  const e = new RecordedEvent();
  const reader = new JournalReader(new MemorySource(bytes));
  for (let order = 0; order < events.length + 2; order++) {
    const there = reader.seek(order, index, e);
    assert.equal(there, order < good, `${what}: event ${order}: ${reader.describe()}`);
    for (let n = order; there && n < Math.min(good, order + 2); n++) {
      assert.ok(reader.next(e), `${what}: event ${n}: ${reader.describe()}`);
      assert.equal(compareEvents(events[n], e), "", `${what}: event ${n}`);
    }
  }
}

/** An index with its points altered. */
function lying(alter: (p: SeekPoint, n: number) => SeekPoint): SeekIndex {
  const index = new SeekIndex();
  index.points.push(...stored.points.map(alter));
  index.blobs.push(...stored.blobs);
  return index;
}

Deno.test("an index as it was written leads to every event", () => {
  assert.ok(stored.points.length >= 5);
  checkSeeks("the index", whole.bytes, stored);
});

Deno.test("an index that lies leads to every event all the same", () => {
  const next = (n: number): SeekPoint => stored.points[(n + 1) % stored.points.length];
  const cases: Readonly<Record<string, SeekIndex>> = {
    "no points": new SeekIndex(),
    "offsets one too far": lying((p) => ({ ...p, offset: p.offset + 1 })),
    "offsets behind the end": lying((p) => ({ ...p, offset: p.offset + 2 ** 40 })),
    "offsets of the next frame": lying((p, n) => ({ ...p, offset: next(n).offset })),
    "places of the next frame": lying((p, n) => ({ ...next(n), firstOrder: p.firstOrder })),
    "orders one too small": lying((p) => ({ ...p, firstOrder: Math.max(0, p.firstOrder - 1) })),
    "orders one too large": lying((p) => ({ ...p, firstOrder: p.firstOrder + 1 })),
    "chains of nothing": lying((p) => ({ ...p, chain: new Uint32Array(4) })),
    "all at the header": lying((p) => ({ ...p, offset: 16 })),
  };
  for (const [what, index] of Object.entries(cases)) checkSeeks(what, whole.bytes, index);
  for (const other of others) {
    const index = readIndex(new MemorySource(other.bytes)) ?? assert.fail("no index");
    checkSeeks(`the index of ${other.name}`, whole.bytes, index);
  }
});

Deno.test("an index that lies about blobs gives none that is another", () => {
  const index = new SeekIndex();
  index.points.push(...stored.points);
  const [a, b] = stored.blobs;
  index.blobs.push({ ...a, offset: b.offset }, { ...b, offset: 3 });
  const reader = new JournalReader(new MemorySource(whole.bytes));
  assert.ok(reader.seek(events.length - 1, index, new RecordedEvent()));
  const digestOf = (hex: string): Uint8Array =>
    Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
  assert.equal(reader.blob(digestOf(a.digest), new Uint8Array(65536)), -1);
  // The other one was passed on the way from the last point, where it really is.
  assert.equal(reader.blob(digestOf(b.digest), new Uint8Array(65536)), 28);
  const small = new Uint8Array(4);
  assert.ok(reader.seek(0, stored, new RecordedEvent()));
  assert.equal(reader.blob(digestOf(a.digest), small), -1, "more than there is room for");
});

Deno.test("every bit of the index flipped: all events are there, and it is not believed", () => {
  const bytes = whole.bytes.slice();
  for (let bit = 0; bit < 8 * last.length; bit++) {
    const at = last.offset + (bit >> 3);
    bytes[at] ^= 1 << (bit & 7);
    assert.equal(readIndex(new MemorySource(bytes)), undefined, `bit ${bit & 7} of byte ${at}`);
    const truth = set.truth(bytes);
    assert.equal(truth.last, events.length - 1);
    checkReader(`bit ${bit & 7} of byte ${at}`, bytes, truth, events);
    bytes[at] ^= 1 << (bit & 7);
  }
});

Deno.test("the index of another journal at the end: all events are there, and it shows", () => {
  for (const other of others) {
    const foreign = other.bytes.subarray(other.frames[other.frames.length - 1].offset);
    const bytes = join([whole.bytes.subarray(0, last.offset), foreign]);
    const reader = checkReader(other.name, bytes, set.truth(bytes), events);
    assert.equal(reader.state, "damaged");
    const index = readIndex(new MemorySource(bytes)) ?? assert.fail("it holds in itself");
    checkSeeks(other.name, bytes, index);
  }
});

Deno.test("behind a damaged frame no index leads", () => {
  const frame = whole.frames.findLast((f) => f.events > 0) ?? assert.fail("no frame");
  const bytes = whole.bytes.slice();
  bytes[frame.offset + frame.length - 1] ^= 1;
  checkSeeks("the last frame damaged", bytes, stored, frame.before);
});
