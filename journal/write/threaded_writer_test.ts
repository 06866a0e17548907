import assert from "node:assert/strict";
import { PAYLOAD_LIMIT, RecordedEvent } from "../../core/event.ts";
import { JournalWriteError, MemorySink } from "./byte_sink.ts";
import { MemorySource } from "../read/byte_source.ts";
import { compareEvents } from "../replay/compare_events.ts";
import { Drain } from "./drain.ts";
import { JournalReader } from "../read/reader.ts";
import { makeRing, RING_MINIMUM, RingReader, RingWriter } from "./ring.ts";
import { RingSink } from "./ring_sink.ts";
import { EventSource, feed, HEADER, SmallDisk } from "../test_journal.ts";
import { startThreadedWriter } from "./threaded_writer.ts";
import { JournalWriter } from "./writer.ts";
import { WriterState, WriterStatus } from "./writer_status.ts";

const worker = new URL("../commands/writer_worker.ts", import.meta.url);

function synchronous(seed: number, events: number, wild: boolean): Uint8Array {
  const sink = new MemorySink();
  feed(new JournalWriter(sink, HEADER), seed, events, 4, wild);
  return sink.bytes();
}

Deno.test("a ring gives back what was put in, many times around", () => {
  const ring = makeRing(RING_MINIMUM);
  const reader = new RingReader(ring, 0);
  const writer = new RingWriter(ring, () => assert.fail("full"));
  const source = new EventSource(3, 1, true), again = new EventSource(3, 1, true);
  const e = new RecordedEvent();
  let put = 0, taken = 0;
  for (let batch = 0; batch < 300; batch++) {
    for (let i = 0; i < batch % 7; i++) writer.append(source.next(), put++);
    reader.refresh();
    assert.ok(!reader.holds(taken) || taken < put);
    if (batch % 7 > 0) assert.ok(taken === put - batch % 7 && !reader.holds(taken), "unpublished");
    writer.publish();
    reader.refresh();
    while (reader.holds(taken)) {
      reader.takeEvent(e, taken++);
      assert.equal(compareEvents(again.next(), e), "");
    }
    reader.release();
    writer.refresh();
  }
  assert.equal(taken, put);
});

Deno.test("a full ring blocks until there is room, and drops nothing", () => {
  const ring = makeRing(RING_MINIMUM);
  const reader = new RingReader(ring, 0);
  const e = new RecordedEvent();
  let taken = 0, blocked = 0;
  const writer = new RingWriter(ring, () => {
    blocked++;
    writer.publish();
    reader.refresh();
    for (let i = 0; i < 3 && reader.holds(taken); i++) reader.takeEvent(e, taken++);
    reader.release();
  });
  const source = new EventSource(8, 1, true);
  for (let n = 0; n < 5000; n++) writer.append(source.next(), n);
  assert.ok(blocked > 100);
  writer.publish();
  reader.refresh();
  while (reader.holds(taken)) reader.takeEvent(e, taken++);
  assert.equal(taken, 5000);
});

Deno.test("rings merge in the order of recording, whatever the drain's moments", () => {
  const expected = synchronous(11, 3000, false);
  for (const every of [1, 17, 1000]) {
    const rings = [0, 1, 2, 3].map(() => makeRing(RING_MINIMUM));
    const status = new WriterStatus();
    status.enter(WriterState.Running);
    const disk = new MemorySink();
    const drain = new Drain(rings, status, new JournalWriter(disk, HEADER));
    const sink = new RingSink(rings, status);
    let calls = 0;
    const step = () => {
      if (++calls % every !== 0) return;
      sink.flush();
      drain.drain();
    };
    feed(
      {
        append: (e) => (sink.append(e), step()),
        kHash: (order, hash) => (sink.kHash(order, hash), step()),
        mHash: (order, round, hash) => (sink.mHash(order, round, hash), step()),
        // Blobs of 64 KiB fill these small rings soon: nothing else takes from them here.
        blob: (digest, bytes, n) => (sink.flush(), drain.drain(), sink.blob(digest, bytes, n)),
        end: () => sink.end(),
      },
      11,
      3000,
      4,
      false,
    );
    drain.run();
    assert.deepEqual(disk.bytes(), expected);
  }
});

Deno.test("a full ring lets the writer see what waits in the others", () => {
  const rings = [0, 1].map(() => makeRing(RING_MINIMUM));
  /** The writer works while the producer waits, on the same thread. */
  class SameThread extends WriterStatus {
    waits = 0;
    override awaitProgress(): void {
      this.waits++;
      assert.ok(drain.drain(), "the writer has nothing to take while the ring is full");
    }
  }
  const status = new SameThread();
  const disk = new MemorySink();
  const drain = new Drain(rings, status, new JournalWriter(disk, HEADER));
  const sink = new RingSink(rings, status);
  const e = new RecordedEvent();
  sink.append(e);
  e.hart = 1;
  e.payloadLength = PAYLOAD_LIMIT;
  for (let n = 0; n < 9; n++) {
    e.order = n + 1;
    e.sequence = n;
    sink.append(e);
  }
  assert.ok(status.waits > 0);
  sink.end();
  drain.run();
  const reader = new JournalReader(new MemorySource(disk.bytes()));
  while (reader.next(e));
  assert.equal(reader.describe(), "closed after event 9");
});

Deno.test("a writer that failed stops the producer with its line", () => {
  const rings = [makeRing(RING_MINIMUM)];
  const status = new WriterStatus();
  const drain = new Drain(rings, status, new JournalWriter(new SmallDisk(300), HEADER));
  const sink = new RingSink(rings, status);
  const source = new EventSource(1, 1, false);
  for (let n = 0; n < 1000; n++) sink.append(source.next());
  sink.end();
  try {
    drain.run();
    assert.fail("the disk was not full");
  } catch (error) {
    assert.ok(error instanceof JournalWriteError);
    status.fail(error.message);
  }
  const line = /^cannot write the journal \/small\/disk: No space left on device$/;
  assert.throws(() => sink.finish(), { name: "JournalWriteError", message: line });
});

Deno.test({
  name: "the threaded writer writes the bytes of the synchronous one",
  permissions: { read: true, write: true },
  fn() {
    const path = Deno.makeTempFileSync({ suffix: ".journal" });
    try {
      for (const wild of [false, true]) {
        const options = { worker, path, header: HEADER, harts: 4, ringBytes: RING_MINIMUM };
        const sink = startThreadedWriter(options);
        feed(sink, 21, 4000, 4, wild);
        sink.finish();
        assert.deepEqual(Deno.readFileSync(path), synchronous(21, 4000, wild));
      }
    } finally {
      Deno.removeSync(path);
    }
  },
});

Deno.test({
  name: "a path that cannot be written is one line, and stops the machine",
  permissions: { read: true, write: true },
  ignore: Deno.build.os !== "linux",
  fn() {
    for (
      const [path, why] of [
        ["/", "Is a directory"],
        ["/not/there/x.journal", "No such file or directory"],
      ]
    ) {
      const sink = startThreadedWriter({ worker, path, header: HEADER, harts: 4 });
      // More than the rings hold: the machine itself is stopped, not only the end of it.
      assert.throws(() => {
        feed(sink, 2, 200_000, 4, false);
        sink.finish();
      }, { name: "JournalWriteError", message: `cannot write the journal ${path}: ${why}` });
    }
  },
});
