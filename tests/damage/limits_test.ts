/** Lengths and numbers that lie: refused before anything is allocated or looped over for them. */
import assert from "node:assert/strict";
import { RecordedEvent } from "../../core/event.ts";
import { ByteColumn } from "../../journal/format/byte_column.ts";
import { crc32 } from "../../journal/format/crc32.ts";
import {
  FRAME_LIMIT,
  FrameKind,
  Head,
  HEAD_BYTES,
  writeU32,
  writeWhole,
} from "../../journal/format/format.ts";
import { SeekIndex } from "../../journal/format/seek_index.ts";
import { FrameReader, FrameStatus } from "../../journal/read/frame_reader.ts";
import { JournalReader, readIndex } from "../../journal/read/reader.ts";
import { DamagedSet } from "./damaged_set.ts";
import { forge } from "./forge.ts";
import { checkReader, GuardedSource } from "./reader_check.ts";

const set = new DamagedSet();
set.recorder.remove();
const { whole, events } = set;

/** The journal with a field of a frame's head replaced, its CRC made good. */
function withHead(offset: number, alter: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = whole.bytes.slice();
  alter(bytes.subarray(offset, offset + HEAD_BYTES));
  writeU32(bytes, offset + Head.HeadCrc, crc32(bytes, offset, offset + Head.HeadCrc));
  return bytes;
}

Deno.test("a length beyond the limit is refused, and nothing is reserved for it", () => {
  const lengths = [FRAME_LIMIT + 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
  for (const { offset } of whole.frames) {
    for (const field of [Head.StoredLength, Head.RawLength]) {
      for (const length of lengths) {
        const bytes = withHead(offset, (head) => writeU32(head, field, length));
        const what = `length ${length} in frame at ${offset}`;
        const { state, reason } = checkReader(what, bytes, set.truth(bytes), events);
        assert.equal(state, "damaged");
        assert.match(reason, /impossible length/, what);
        const frames = new FrameReader(new GuardedSource(bytes));
        assert.equal(frames.read(offset), FrameStatus.Damaged);
        assert.ok(frames.raw.length <= 1 << 16, `${frames.raw.length} bytes for ${what}`);
      }
    }
  }
});

Deno.test("the largest length that may be is no damage in itself: the file is cut there", () => {
  const last = whole.frames[whole.frames.length - 1];
  const bytes = withHead(last.offset, (head) => writeU32(head, Head.StoredLength, FRAME_LIMIT));
  assert.equal(checkReader("largest", bytes, set.truth(bytes), events).state, "cut");
  for (const length of [FRAME_LIMIT, 0, 1]) {
    const raw = withHead(whole.frames[2].offset, (head) => writeU32(head, Head.RawLength, length));
    const { reason } = checkReader(`raw ${length}`, raw, set.truth(raw), events);
    assert.match(reason, /does not inflate|two lengths/);
  }
});

Deno.test("numbers of events beyond any file are refused", () => {
  for (const { offset } of whole.frames) {
    for (const value of [1, 2 ** 32, 2 ** 53 - 1]) {
      const bytes = withHead(offset, (head) => writeWhole(head, Head.FirstOrder, value + 7000));
      const { reason } = checkReader(`first ${value}`, bytes, set.truth(bytes), events);
      assert.match(reason, /out of order/);
    }
    const top = withHead(offset, (head) => head.fill(255, Head.FirstOrder, Head.FirstOrder + 8));
    checkReader("first 2^64 - 1", top, set.truth(top), events);
    const count = withHead(offset, (head) => writeU32(head, Head.EventCount, 2 ** 32 - 1));
    const { reason } = checkReader("count", count, set.truth(count), events);
    assert.match(reason, /chain/);
  }
});

/** Reads to the end; the reader's last word. */
function end(bytes: Uint8Array): string {
  const reader = new JournalReader(new GuardedSource(bytes));
  const e = new RecordedEvent();
  let count = 0;
  while (reader.next(e)) assert.ok(count++ < events.length, "events from nowhere");
  return reader.describe();
}

Deno.test("numbers in bodies, with everything around them made good", () => {
  const numbers = (...values: number[]): Uint8Array => {
    const out = new ByteColumn();
    for (const value of values) out.whole(value);
    return out.bytes.slice(0, out.length);
  };
  const huge = [2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
  let first = true;
  const replaced = (kind: number, body: Uint8Array): Uint8Array => {
    first = true;
    return forge(whole.bytes, {
      body: (k, old) => {
        if (k !== kind || !first) return old;
        first = false;
        return body;
      },
    });
  };
  const eventsIn = whole.frames.find((f) => f.kind === FrameKind.Events)?.events ?? 0;
  for (const n of huge) {
    const bodies: readonly (readonly [number, Uint8Array])[] = [
      [FrameKind.Events, numbers(n)],
      [FrameKind.Events, numbers(eventsIn, n, n)],
      [FrameKind.Events, numbers(eventsIn, 10, n)],
      [FrameKind.Events, numbers(eventsIn, 10, 1, n, n, n)],
      [FrameKind.Events, numbers(eventsIn, 10, 1, 0, 0, 0, n)],
      [FrameKind.Events, numbers(eventsIn, 10, 1, 0, 0, 0, 23, ...new Array<number>(23).fill(n))],
      [FrameKind.Closed, numbers(n)],
      [FrameKind.Closed, numbers(events.length, n)],
      [FrameKind.Hashes, numbers(n)],
      [FrameKind.Blob, numbers(n)],
    ];
    for (const [kind, body] of bodies) assert.match(end(replaced(kind, body)), /^damaged/);
  }
});

Deno.test("an index of any numbers is no index, or leads nowhere wrong", () => {
  for (const n of [1, 2 ** 31, 2 ** 32 - 1]) {
    const out = new ByteColumn();
    const index = new SeekIndex();
    index.encode(out);
    const body = out.bytes.slice(0, out.length);
    const lying = new ByteColumn();
    lying.varint(n);
    lying.put(body.subarray(1), body.length - 1);
    assert.throws(
      () => SeekIndex.decode(lying.bytes, lying.length),
      { name: "DamageError" },
      String(n),
    );
  }
  // The trailer's length leads before the file, into its middle, behind its end.
  for (const length of [0, 1, 8, 500, whole.bytes.length, whole.bytes.length + 1, 2 ** 32 - 1]) {
    const bytes = whole.bytes.slice();
    writeU32(bytes, bytes.length - 8, length);
    assert.equal(readIndex(new GuardedSource(bytes)), undefined, String(length));
  }
});
