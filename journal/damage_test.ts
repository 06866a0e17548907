import assert from "node:assert/strict";
import { MemorySink } from "./write/byte_sink.ts";
import { MemorySource } from "./read/byte_source.ts";
import { Head, HEAD_BYTES, PREAMBLE_BYTES, readU32 } from "./format/format.ts";
import { JournalReader } from "./read/reader.ts";
import { feed, HEADER, Random, readAgainst } from "./test_journal.ts";
import { JournalWriter } from "./write/writer.ts";

function journal(seed: number, events: number, wild: boolean): Uint8Array {
  const sink = new MemorySink();
  feed(new JournalWriter(sink, HEADER), seed, events, 4, wild);
  return sink.bytes();
}

/** Offsets of all frames, and the end. */
function frames(bytes: Uint8Array): number[] {
  const offsets = [];
  let at = PREAMBLE_BYTES;
  while (at < bytes.length) {
    offsets.push(at);
    at += HEAD_BYTES + readU32(bytes, at + Head.StoredLength);
  }
  offsets.push(at);
  return offsets;
}

/** Journals of few events whose frames hold few: a wild clock jumps, and a jump cuts. */
const SEED = 12;

Deno.test("cut at every byte, what is left reads as it was and says where it ends", () => {
  const whole = journal(SEED, 90, true);
  const offsets = frames(whole);
  assert.ok(offsets.length > 6, "several frames");
  let last = -1;
  for (let length = 0; length < whole.length; length++) {
    const reader = readAgainst(whole.subarray(0, length), SEED);
    assert.ok(reader.lastOrder >= last, "a longer prefix never holds less");
    last = reader.lastOrder;
    const expected = length === 0 ? "not-a-journal" : closedAt(offsets, length) ? "closed" : "cut";
    assert.equal(reader.state, expected, `${length} bytes: ${reader.describe()}`);
  }
  assert.equal(last, 89);
});

/** A journal that lost exactly its index is whole: the index can be rebuilt. */
function closedAt(offsets: number[], length: number): boolean {
  return length === offsets[offsets.length - 2];
}

Deno.test("any bit flipped, nothing wrong is given and the damage is named", () => {
  const whole = journal(SEED, 12, true);
  const copy = whole.slice();
  for (let bit = 0; bit < 8 * whole.length; bit++) {
    copy[bit >> 3] ^= 1 << (bit & 7);
    const reader = readAgainst(copy, SEED);
    assert.ok(
      ["damaged", "not-a-journal", "other-version"].includes(reader.state),
      `bit ${bit} of byte ${bit >> 3}: ${reader.describe()}`,
    );
    copy[bit >> 3] ^= 1 << (bit & 7);
  }
});

Deno.test("flipped bits of a long journal leave all frames before them", () => {
  const whole = journal(3, 20_000, false);
  const copy = whole.slice();
  const r = new Random(5);
  for (let n = 0; n < 20; n++) {
    const at = r.below(whole.length);
    copy[at] ^= 1 << r.below(8);
    const reader = readAgainst(copy, 3, 4, false);
    assert.notEqual(reader.state, "closed");
    assert.ok(at < 300 || at * 20_000 / whole.length - reader.lastOrder < 9000, reader.describe());
    copy[at] = whole[at];
  }
});

Deno.test("frames swapped, doubled, removed or put behind the end show", () => {
  const whole = journal(SEED, 120, true);
  const offsets = frames(whole);
  const count = offsets.length - 1;
  const piece = (i: number) => whole.subarray(offsets[i], offsets[i + 1]);
  const join = (order: number[]) => {
    const parts = [whole.subarray(0, PREAMBLE_BYTES), ...order.map(piece)];
    const bytes = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  };
  const all = [...Array(count).keys()];
  assert.equal(readAgainst(join(all), SEED).state, "closed");
  for (let i = 0; i < count; i++) {
    const doubled = readAgainst(join(all.toSpliced(i, 0, i)), SEED);
    assert.equal(doubled.state, "damaged", `frame ${i} doubled`);
    if (i < count - 1) {
      const swapped = readAgainst(join(all.toSpliced(i, 2, i + 1, i)), SEED);
      assert.equal(swapped.state, "damaged", `frames ${i} and the next swapped`);
      const removed = readAgainst(join(all.toSpliced(i, 1)), SEED);
      assert.equal(removed.state, "damaged", `frame ${i} removed`);
    }
  }
  const tail = new Uint8Array(whole.length + 60);
  tail.set(whole);
  assert.equal(readAgainst(tail, SEED).state, "damaged");
});

Deno.test("what is no journal and what is another version are told apart", () => {
  const text = new TextEncoder().encode("#!/bin/sh\necho hello, this is a script\n");
  assert.equal(new JournalReader(new MemorySource(text)).state, "not-a-journal");
  const other = journal(1, 1, false).slice();
  other[8] = 2;
  const reader = new JournalReader(new MemorySource(other));
  assert.equal(reader.state, "other-version");
  assert.equal(
    reader.describe(),
    "other-version before the first event: format 2; this program reads 1",
  );
});
