/** What journals promise at their edges: single fields, full rings, seeks, lost records. */
import assert from "node:assert/strict";
import { RecordedEvent } from "../core/event.ts";
import { HashKind } from "./format/format.ts";
import { MemorySource } from "./read/byte_source.ts";
import { JournalReader, readIndex } from "./read/reader.ts";
import { compareEvents } from "./replay/compare_events.ts";
import { compareHash } from "./replay/fold.ts";
import { EventSource, feed, HEADER } from "./test_journal.ts";
import { MemorySink } from "./write/byte_sink.ts";
import { Drain } from "./write/drain.ts";
import { makeRing, RING_MINIMUM, RingReader, RingWriter } from "./write/ring.ts";
import { RingSink } from "./write/ring_sink.ts";
import { JournalWriter } from "./write/writer.ts";
import { EndKind, WriterStatus } from "./write/writer_status.ts";

function filled(): RecordedEvent {
  const e = new RecordedEvent();
  e.registerCount = 8;
  e.payloadLength = 100;
  e.glanceLength = 32;
  return e;
}

/** Each single thing that can differ between two events, and the field it is told as. */
const CHANGES: readonly (readonly [string, (e: RecordedEvent) => unknown])[] = [
  ["order", (e) => e.order++],
  ["kind", (e) => e.kind++],
  ["hart", (e) => e.hart++],
  ["sequence", (e) => e.sequence++],
  ["cause", (e) => e.cause++],
  ["pc", (e) => e.pcLo++],
  ["pc", (e) => e.pcHi++],
  ["time", (e) => e.time++],
  ["value", (e) => e.valueLo++],
  ["value", (e) => e.valueHi++],
  ["access", (e) => e.access++],
  ["register count", (e) => e.registerCount--],
  ...[...Array(16).keys()].map((i) =>
    [`argument ${i >> 1}`, (e: RecordedEvent) => e.registers[i] = 1] as const
  ),
  ["payload length", (e) => e.payloadLength--],
  ["payload", (e) => e.payload[0] = 1],
  ["payload", (e) => e.payload[99] = 1],
  ["glance length", (e) => e.glanceLength--],
  ["glance", (e) => e.glance[0] = 1],
  ["glance", (e) => e.glance[31] = 1],
];

Deno.test("edges: events that differ in one field are told apart by it", () => {
  assert.equal(compareEvents(filled(), filled()), "");
  for (const [field, change] of CHANGES) {
    const other = filled();
    change(other);
    assert.equal(compareEvents(filled(), other), field);
    assert.equal(compareEvents(other, filled()), field);
  }
  const behind = filled();
  behind.payload[100] = 1;
  assert.equal(
    compareEvents(filled(), behind),
    "",
    "what an event does not carry is no difference",
  );
});

Deno.test("edges: an event that differs in one field from the one before is written as it is", () => {
  for (const [field, change] of CHANGES) {
    if (field === "order" || field === "sequence") continue;
    const first = filled();
    const second = filled();
    change(second);
    second.order = 1;
    second.sequence = field === "hart" ? 0 : 1;
    const sink = new MemorySink();
    const writer = new JournalWriter(sink, HEADER);
    for (const e of [first, second]) writer.append(e);
    writer.end();
    const reader = new JournalReader(new MemorySource(sink.bytes()));
    const e = new RecordedEvent();
    assert.ok(reader.next(e));
    assert.equal(compareEvents(first, e), "", field);
    assert.ok(reader.next(e));
    assert.equal(compareEvents(second, e), "", field);
  }
});

Deno.test("edges: hashes differ in any of their words", () => {
  const hash = Uint32Array.of(1, 2, 3, 4);
  assert.equal(compareHash("K", 5, hash, hash.slice()), undefined);
  for (let i = 0; i < 4; i++) {
    const other = hash.slice();
    other[i] ^= 0x8000_0000;
    assert.equal(compareHash("K", 5, hash, other)?.order, 5, `word ${i}`);
  }
});

Deno.test("edges: bytes of blobs cut a frame, too", () => {
  const sink = new MemorySink();
  const writer = new JournalWriter(sink, HEADER);
  const e = new RecordedEvent();
  const bytes = new Uint8Array(65536);
  for (let n = 0; n < 40; n++) {
    writer.blob(new Uint8Array(32).fill(n + 1), bytes, bytes.length);
    e.order = e.sequence = n;
    writer.append(e);
  }
  writer.end();
  const points = readIndex(new MemorySource(sink.bytes()))?.points.map((p) => p.firstOrder);
  // The first frame has its first blob before it begins.
  assert.deepEqual(points, [0, 15, 31]);
});

Deno.test("edges: a seek leaves behind what was read and not yet given", () => {
  const sink = new MemorySink();
  feed(new JournalWriter(sink, HEADER), 6, 20_000, 4, false);
  const source = new MemorySource(sink.bytes());
  const index = readIndex(source);
  assert.ok(index !== undefined);
  const reader = new JournalReader(source);
  const e = new RecordedEvent();
  // One event in: the hashes of all its frame are waiting for theirs.
  assert.ok(reader.next(e));
  assert.ok(reader.seek(12_345, index, e), reader.describe());
  let hashes = 0;
  while (reader.next(e)) {
    for (const h of reader.hashes) {
      assert.equal(h.order, e.order);
      hashes++;
    }
  }
  assert.equal(reader.describe(), "closed after event 19999");
  assert.ok(hashes > 100);
  // And back again, from the end.
  assert.ok(reader.seek(7, index, e));
  assert.ok(reader.next(e));
  assert.equal(e.order, 7);
});

class Full extends Error {}

Deno.test("edges: a ring that is full has lost nothing of what is in it, wherever it begins", () => {
  for (let begin = 0; begin < 40; begin++) {
    const ring = makeRing(RING_MINIMUM);
    const reader = new RingReader(ring, 0);
    const writer = new RingWriter(ring, () => {
      throw new Full();
    });
    const source = new EventSource(begin, 1, true), again = new EventSource(begin, 1, true);
    const e = new RecordedEvent();
    let put = 0, taken = 0;
    const take = (): void => {
      writer.publish();
      reader.refresh();
      for (; reader.holds(taken); taken++) {
        reader.takeEvent(e, taken);
        assert.equal(compareEvents(again.next(), e), "", `event ${taken} of seed ${begin}`);
      }
      reader.release();
      writer.refresh();
    };
    while (put < 3 * begin) writer.append(source.next(), put++);
    take();
    assert.equal(taken, put);
    assert.throws(() => {
      for (;;) {
        writer.append(source.next(), put);
        put++;
      }
    }, Full);
    take();
    assert.equal(taken, put, `seed ${begin}`);
  }
});

Deno.test("edges: a record that is lost between the threads ends in an error, not in a journal", () => {
  const rings = [makeRing(RING_MINIMUM)];
  const status = new WriterStatus();
  const sink = new RingSink(rings, status);
  const source = new EventSource(1, 1, true);
  for (let n = 0; n < 10; n++) sink.append(source.next());
  sink.flush();
  status.end(EndKind.Closed, 11);
  const disk = new MemorySink();
  const drain = new Drain(rings, status, new JournalWriter(disk, HEADER));
  assert.throws(() => drain.run(), /a ring lost a record/);
});

Deno.test("edges: rounds of the machine's hashes and their orders come through rings whole", () => {
  const rings = [makeRing(RING_MINIMUM), makeRing(RING_MINIMUM)];
  const status = new WriterStatus();
  const sink = new RingSink(rings, status);
  const e = new RecordedEvent();
  e.hart = 1;
  sink.append(e);
  sink.mHash(0, 2 ** 40 + 3, Uint32Array.of(1, 2, 3, 4));
  sink.end();
  const disk = new MemorySink();
  new Drain(rings, status, new JournalWriter(disk, HEADER)).run();
  const reader = new JournalReader(new MemorySource(disk.bytes()));
  assert.ok(reader.next(e));
  const [h] = reader.hashes;
  assert.deepEqual([h.kind, h.order, h.round, ...h.hash], [HashKind.M, 0, 2 ** 40 + 3, 1, 2, 3, 4]);
});

Deno.test("edges: a boot that was given up is not closed", () => {
  const rings = [makeRing(RING_MINIMUM)];
  const status = new WriterStatus();
  const sink = new RingSink(rings, status);
  sink.append(new RecordedEvent());
  sink.flush();
  status.end(EndKind.Stopped, 1);
  const disk = new MemorySink();
  new Drain(rings, status, new JournalWriter(disk, HEADER)).run();
  const reader = new JournalReader(new MemorySource(disk.bytes()));
  const e = new RecordedEvent();
  while (reader.next(e));
  assert.equal(reader.describe(), "cut after event 0: the file ends before the boot is closed");
});
