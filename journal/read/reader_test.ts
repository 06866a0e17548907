import assert from "node:assert/strict";
import { RecordedEvent } from "../../core/event.ts";
import { MemorySink } from "../write/byte_sink.ts";
import { type ByteSource, MemorySource } from "./byte_source.ts";
import { compareEvents } from "../replay/compare_events.ts";
import { JournalReader, readIndex } from "./reader.ts";
import { digestOf, EventSource, feed, HEADER, readAgainst } from "../test_journal.ts";
import { JournalWriter } from "../write/writer.ts";

function journal(seed: number, events: number, wild: boolean, close = true): Uint8Array {
  const sink = new MemorySink();
  const writer = new JournalWriter(sink, HEADER);
  feed(writer, seed, events, 4, wild, close);
  if (!close) writer.stop();
  return sink.bytes();
}

/** A file of which so far only a part is there. */
class GrowingSource implements ByteSource {
  size = 0;
  constructor(private readonly bytes: Uint8Array) {}

  read(offset: number, into: Uint8Array): number {
    const part = this.bytes.subarray(offset, Math.min(this.size, offset + into.length));
    into.set(part);
    return part.length;
  }
}

Deno.test("a file still being written is followed", () => {
  const bytes = journal(4, 9000, false);
  const source = new GrowingSource(bytes);
  const reader = new JournalReader(source, { follow: true });
  const made = new EventSource(4, 4, false);
  const e = new RecordedEvent();
  let waits = 0;
  for (source.size = 0;; source.size = Math.min(bytes.length, source.size + 97)) {
    while (reader.next(e)) assert.equal(compareEvents(made.next(), e), "");
    if (reader.state !== "waiting") break;
    waits++;
    assert.ok(source.size < bytes.length, "everything was there");
  }
  assert.ok(waits > 100);
  assert.equal(reader.lastOrder, 8999);
  assert.ok(reader.closing !== undefined);
});

Deno.test("the index leads to any event, and a rebuilt one is the same", () => {
  const bytes = journal(6, 20_000, false);
  const source = new MemorySource(bytes);
  const stored = readIndex(source);
  assert.ok(stored !== undefined);
  const scan = new JournalReader(source, { collectIndex: true });
  const e = new RecordedEvent(), expected = new RecordedEvent();
  while (scan.next(e));
  assert.deepEqual(stored, scan.index);
  assert.ok(stored.points.length >= 5);
  for (const order of [0, 1, 4095, 4096, 4097, 19_999, 7000]) {
    const reader = new JournalReader(source);
    assert.ok(reader.seek(order, stored, e));
    assert.ok(reader.next(e));
    assert.equal(e.order, order);
    const made = new EventSource(6, 4, false);
    for (let n = 0; n <= order; n++) Object.assign(expected, { order: made.next().order });
    assert.equal(compareEvents(made.event, e), "");
    while (reader.next(e));
    assert.equal(reader.state, "closed");
  }
  assert.equal(new JournalReader(source).seek(20_001, stored, e), false);
});

Deno.test("an index gives blobs that were not passed yet", () => {
  const sink = new MemorySink();
  const writer = new JournalWriter(sink, HEADER);
  const source = new EventSource(6, 1, false);
  for (let n = 0; n < 5000; n++) writer.append(source.next());
  writer.blob(digestOf(1, 3), Uint8Array.of(1, 2, 3), 3);
  for (let n = 0; n < 5000; n++) writer.append(source.next());
  writer.end();
  const memory = new MemorySource(sink.bytes());
  const reader = new JournalReader(memory);
  const into = new Uint8Array(8);
  assert.equal(reader.blob(digestOf(1, 3), into), -1);
  const index = readIndex(memory);
  assert.ok(index !== undefined);
  assert.ok(reader.seek(9999, index, new RecordedEvent()));
  assert.equal(reader.blob(digestOf(1, 3), into), 3);
  assert.deepEqual([...into.subarray(0, 4)], [1, 2, 3, 0]);
});

Deno.test("without its closing a journal has no index", () => {
  const bytes = journal(6, 100, false, false);
  assert.equal(readIndex(new MemorySource(bytes)), undefined);
  assert.equal(readAgainst(bytes, 6, 4, false).state, "cut");
});

Deno.test("registers an event does not carry are zero, not an earlier event's", () => {
  const sink = new MemorySink();
  const writer = new JournalWriter(sink, HEADER);
  const e = new RecordedEvent();
  e.registerCount = 3;
  e.registers.fill(7);
  writer.append(e);
  e.order = e.sequence = 1;
  e.registerCount = 1;
  writer.append(e);
  writer.stop();
  const reader = new JournalReader(new MemorySource(sink.bytes()));
  const back = new RecordedEvent();
  assert.ok(reader.next(back) && reader.next(back));
  assert.deepEqual([...back.registers.subarray(0, 6)], [7, 7, 0, 0, 0, 0]);
});
