import assert from "node:assert/strict";
import { RecordedEvent } from "../../core/event.ts";
import { JournalWriteError, MemorySink } from "./byte_sink.ts";
import { MemorySource } from "../read/byte_source.ts";
import { HashKind } from "../format/format.ts";
import { crc32 } from "../format/crc32.ts";
import { JournalReader, readIndex } from "../read/reader.ts";
import { digestOf, feed, HEADER, readAgainst, SmallDisk } from "../test_journal.ts";
import { JournalWriter } from "./writer.ts";

function journal(seed: number, events: number, wild: boolean): Uint8Array {
  const sink = new MemorySink();
  feed(new JournalWriter(sink, HEADER), seed, events, 4, wild);
  return sink.bytes();
}

Deno.test("events of every shape come back as they were", () => {
  for (let seed = 1; seed <= 6; seed++) {
    for (const wild of [false, true]) {
      const events = wild ? 700 : 9000;
      const reader = readAgainst(journal(seed, events, wild), seed, 4, wild);
      assert.equal(reader.describe(), `closed after event ${events - 1}`);
      assert.deepEqual(reader.header, HEADER);
      assert.equal(reader.closing?.events, events);
      assert.equal(reader.closing?.eventsOfHart.reduce((a, b) => a + b), events);
    }
  }
});

Deno.test("hashes come with the event they follow", () => {
  const reader = new JournalReader(new MemorySource(journal(5, 9000, false)));
  const e = new RecordedEvent();
  let k = 0, m = 0;
  while (reader.next(e)) {
    for (const h of reader.hashes) {
      assert.equal(h.order, e.order);
      assert.equal(h.hash[0], e.order);
      if (h.kind === HashKind.K) k++;
      else {
        assert.equal(h.round, 2 * e.order);
        m++;
      }
    }
  }
  assert.ok(k > 100 && m > 80, `${k} K and ${m} M hashes`);
  assert.equal(reader.closing?.lastK?.kind, HashKind.K);
});

Deno.test("a blob is stored once and found by its digest", () => {
  const sink = new MemorySink();
  const writer = new JournalWriter(sink, HEADER);
  const bytes = new Uint8Array(65536).fill(7);
  writer.blob(digestOf(7, 65536), bytes, 65536);
  const once = sink.length;
  writer.blob(digestOf(7, 65536), bytes, 65536);
  assert.equal(sink.length, once);
  feed(writer, 9, 300);
  const reader = readAgainst(sink.bytes(), 9);
  const into = new Uint8Array(65536);
  assert.equal(reader.blob(digestOf(7, 65536), into), 65536);
  assert.deepEqual(into, bytes);
  assert.equal(reader.blob(digestOf(77, 1), into), -1);
});

Deno.test("equal runs write equal bytes", () => {
  assert.deepEqual(journal(3, 5000, false), journal(3, 5000, false));
});

Deno.test("the format is the one of FORMAT.md: the same bytes on every host, today and later", () => {
  const tame = journal(1, 6000, false), wild = journal(1, 300, true);
  assert.deepEqual([tame.length, crc32(tame, 0, tame.length)], [76548, 1008284582]);
  assert.deepEqual([wild.length, crc32(wild, 0, wild.length)], [52768, 743577033]);
});

Deno.test("an Events frame is cut by events, by bytes and by virtual time", () => {
  const cuts = (events: number, change: (e: RecordedEvent, n: number) => void) => {
    const sink = new MemorySink();
    const writer = new JournalWriter(sink, HEADER);
    const e = new RecordedEvent();
    for (let n = 0; n < events; n++) {
      e.order = e.sequence = n;
      change(e, n);
      writer.append(e);
    }
    writer.end();
    return readIndex(new MemorySource(sink.bytes()))?.points.map((p) => p.firstOrder);
  };
  assert.deepEqual(cuts(4096, () => {}), [0]);
  assert.deepEqual(cuts(8193, () => {}), [0, 4096, 8192]);
  assert.deepEqual(cuts(40, (e) => e.payloadLength = 65536), [0, 16, 32]);
  assert.deepEqual(cuts(8, (e, n) => e.time = n * 400_000_000), [0, 3, 6]);
});

Deno.test("a boot that was not closed is cut after its last event", () => {
  const sink = new MemorySink();
  const writer = new JournalWriter(sink, HEADER);
  feed(writer, 4, 100, 4, true, false);
  writer.stop();
  const reader = readAgainst(sink.bytes(), 4);
  assert.equal(reader.describe(), "cut after event 99: the file ends before the boot is closed");
});

Deno.test("a full disk is one line that names the file and the reason", () => {
  const writer = new JournalWriter(new SmallDisk(20_000), HEADER);
  assert.throws(() => feed(writer, 4, 100_000, 4, false), (error: unknown) => {
    assert.ok(error instanceof JournalWriteError);
    assert.equal(
      error.message,
      "cannot write the journal /small/disk: No space left on device",
    );
    return true;
  });
});

Deno.test("an order or sequence that is not the next one is a defect", () => {
  const e = new RecordedEvent();
  const writer = new JournalWriter(new MemorySink(), HEADER);
  e.order = 1;
  assert.throws(() => writer.append(e), /event 1 where 0 was due/);
  e.order = 0;
  e.sequence = 3;
  assert.throws(() => writer.append(e), /sequence 3 on hart 0/);
});
