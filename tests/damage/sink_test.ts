/** A disk that is full after any number of bytes: what is there is good, and nothing is behind it. */
import assert from "node:assert/strict";
import { Drain } from "../../journal/write/drain.ts";
import { type ByteSink, JournalWriteError, MemorySink } from "../../journal/write/byte_sink.ts";
import { makeRing, RING_MINIMUM } from "../../journal/write/ring.ts";
import { RingSink } from "../../journal/write/ring_sink.ts";
import { JournalWriter } from "../../journal/write/writer.ts";
import { WriterState, WriterStatus } from "../../journal/write/writer_status.ts";
import { EventSource, feed, HEADER, readAgainst } from "../../journal/test_journal.ts";
import { FileSink } from "../../drivers/host/file_sink.ts";
import { framesOf, truthOf } from "./frames.ts";

/** A journal that is recorded again and again. */
interface Recorded {
  readonly seed: number;
  readonly events: number;
  readonly bytes: Uint8Array;
}

const LINE = "cannot write the journal /full: No space left on device";

/** Takes so many bytes, part of a write too, then fails once; after that it has room again. */
class FullDisk implements ByteSink {
  readonly name = "/full";
  readonly kept = new MemorySink();
  closed = false;
  private failed = false;

  constructor(private left: number) {}

  write(bytes: Uint8Array): void {
    if (this.failed || bytes.length <= this.left) {
      this.kept.write(bytes);
      this.left -= bytes.length;
      return;
    }
    this.kept.write(bytes.subarray(0, this.left));
    this.failed = true;
    throw new Error("No space left on device (os error 28)");
  }

  close(): void {
    this.closed = true;
  }
}

function recorded(seed: number, events: number): Recorded {
  const sink = new MemorySink();
  feed(new JournalWriter(sink, HEADER), seed, events);
  return { seed, events, bytes: sink.bytes().slice() };
}

/** A few bytes, so that every number of them can be tried; and one with every kind of frame. */
const short = recorded(5, 12), long = recorded(3, 60);

function checkKept({ bytes, seed }: Recorded, disk: FullDisk, limit: number): void {
  const kept = disk.kept.bytes();
  assert.deepEqual(kept, bytes.subarray(0, limit), `full after ${limit} bytes`);
  const truth = truthOf(bytes, framesOf(bytes), kept);
  assert.equal(readAgainst(kept, seed).lastOrder, truth.last, `full after ${limit} bytes`);
}

function checkFull(journal: Recorded, step: number): void {
  const { seed, events, bytes } = journal;
  const record = (sink: ByteSink) => feed(new JournalWriter(sink, HEADER), seed, events);
  for (let limit = 0; limit < bytes.length; limit += step) {
    const disk = new FullDisk(limit);
    assert.throws(() => record(disk), { name: "JournalWriteError", message: LINE }, String(limit));
    checkKept(journal, disk, limit);
  }
  const enough = new FullDisk(bytes.length);
  record(enough);
  assert.deepEqual(enough.kept.bytes(), bytes);
  assert.ok(enough.closed);
}

Deno.test("full after any number of bytes, what is written is a prefix, good to a named event", () => {
  const kinds = new Set(framesOf(long.bytes).map((f) => f.kind));
  assert.deepEqual([...kinds], [1, 2, 3, 4, 5, 0x81]);
  assert.equal(framesOf(short.bytes).filter((f) => f.kind === 2).length, 2);
  checkFull(short, 1);
  checkFull(long, 61);
});

Deno.test("nothing is written behind a torn frame, though there is room again", () => {
  const { seed, events, bytes } = short;
  for (let limit = 0; limit < bytes.length; limit += 5) {
    const disk = new FullDisk(limit);
    let failures = 0, writer: JournalWriter | undefined;
    const attempt = (body: () => void): void => {
      try {
        body();
      } catch (error) {
        assert.ok(error instanceof JournalWriteError, String(error));
        assert.equal(error.message, LINE);
        failures++;
      }
    };
    attempt(() => writer = new JournalWriter(disk, HEADER));
    if (writer === undefined) continue;
    const there = writer;
    attempt(() => feed(there, seed, events));
    attempt(() => there.end());
    attempt(() => there.stop());
    assert.equal(failures, 3, `full after ${limit} bytes`);
    checkKept(short, disk, limit);
  }
});

Deno.test("through rings: the machine is stopped with the line, and what was written is good", () => {
  const { seed, events, bytes } = long;
  for (let limit = 0; limit < bytes.length; limit += 211) {
    const disk = new FullDisk(limit);
    const rings = [0, 1, 2, 3].map(() => makeRing(RING_MINIMUM));
    const status = new WriterStatus();
    const sink = new RingSink(rings, status);
    let drain: Drain | undefined;
    const step = (): void => {
      sink.flush();
      if (status.state() === WriterState.Failed) return;
      try {
        drain ??= new Drain(rings, status, new JournalWriter(disk, HEADER));
        status.enter(WriterState.Running);
        if (status.ending() === 0) drain.drain();
        else drain.run();
      } catch (error) {
        assert.ok(error instanceof JournalWriteError);
        status.fail(error.message);
      }
    };
    assert.throws(
      () => {
        feed(
          {
            append: (e) => (sink.append(e), step()),
            kHash: (order, hash) => sink.kHash(order, hash),
            mHash: (order, round, hash) => sink.mHash(order, round, hash),
            blob: (digest, b, n) => (step(), sink.blob(digest, b, n), step()),
            end: () => (sink.end(), step()),
          },
          seed,
          events,
        );
        sink.finish();
      },
      { name: "JournalWriteError", message: LINE },
      String(limit),
    );
    checkKept(long, disk, limit);
  }
});

Deno.test("a writer that is slow delays, and loses nothing: sequences stay dense", () => {
  const rings = [0, 1, 2, 3].map(() => makeRing(RING_MINIMUM));
  /** The writer takes a little only when the machine cannot go on. */
  class Slow extends WriterStatus {
    waits = 0;
    override awaitProgress(): void {
      this.waits++;
      drain.drain();
    }
  }
  const status = new Slow();
  const disk = new MemorySink();
  const drain = new Drain(rings, status, new JournalWriter(disk, HEADER));
  const sink = new RingSink(rings, status);
  const made = 20_000;
  feed(sink, 5, made, 4, false);
  drain.run();
  assert.ok(status.waits > 2, `${status.waits} waits`);
  const direct = new MemorySink();
  feed(new JournalWriter(direct, HEADER), 5, made, 4, false);
  assert.deepEqual(disk.bytes(), direct.bytes());
  // Each event is compared in full, its sequence on its hart too.
  assert.equal(readAgainst(disk.bytes(), 5, 4, false).describe(), `closed after event ${made - 1}`);
});

Deno.test("short writes of the host are completed, and none at all is an error", () => {
  const path = Deno.makeTempFileSync();
  const original = Deno.FsFile.prototype.writeSync;
  try {
    Deno.FsFile.prototype.writeSync = function (part: Uint8Array): number {
      return original.call(this, part.subarray(0, 1 + part.length % 13));
    };
    const sink = new FileSink(path);
    const record = (to: ByteSink) => feed(new JournalWriter(to, HEADER), long.seed, long.events);
    record(sink);
    assert.deepEqual(Deno.readFileSync(path), long.bytes);
    Deno.FsFile.prototype.writeSync = () => 0;
    assert.throws(() => record(new FileSink(path)), {
      name: "JournalWriteError",
      message: `cannot write the journal ${path}: the host takes no more bytes`,
    });
  } finally {
    Deno.FsFile.prototype.writeSync = original;
    Deno.removeSync(path);
  }
});

Deno.test("events made again are the same: the checks above compare with what was fed", () => {
  const one = new EventSource(3, 4, true), two = new EventSource(3, 4, true);
  for (let n = 0; n < 50; n++) assert.deepEqual(one.next(), two.next());
});
