import assert from "node:assert/strict";
import { ByteColumn } from "./byte_column.ts";
import { ByteCursor, DamageError } from "./byte_cursor.ts";
import { canonicalJson } from "./canonical_json.ts";
import { crc32 } from "./crc32.ts";
import { decodeHeader, encodeHeader, refusal } from "./header.ts";
import { HEADER, Random } from "../test_journal.ts";

const EDGES = [0, 1, 127, 128, 16383, 16384, 0x0fffffff, 0x10000000, 0x7fffffff, 0x80000000];

Deno.test("numbers come back from their varints", () => {
  const r = new Random(1);
  const words = [...EDGES, 0xffffffff, ...Array.from({ length: 50 }, () => r.u32())];
  for (const lo of words) {
    for (const hi of words) {
      const column = new ByteColumn(1);
      column.varint(lo);
      column.varint64(lo, hi);
      column.difference64(lo, hi, hi, lo);
      const c = new ByteCursor();
      c.open(column.bytes, 0, column.length);
      assert.equal(c.varint(), lo);
      c.varint64();
      assert.deepEqual([c.lo, c.hi], [lo, hi]);
      c.sum64(hi, lo);
      assert.deepEqual([c.lo, c.hi], [lo, hi]);
      assert.ok(c.atEnd());
    }
  }
});

Deno.test("small differences are small, up and down", () => {
  const column = new ByteColumn();
  column.difference64(5, 0, 6, 0);
  column.difference64(0xffffff9c, 0xffffffff, 0, 0);
  column.difference64(0, 1, 0xffffffff, 0);
  assert.deepEqual([...column.bytes.subarray(0, column.length)], [1, 0xc7, 1, 2]);
});

Deno.test("whole numbers keep 53 bits, and a cursor never leaves its bytes", () => {
  const column = new ByteColumn();
  column.whole(Number.MAX_SAFE_INTEGER);
  const c = new ByteCursor();
  c.open(column.bytes, 0, column.length);
  assert.equal(c.whole(), Number.MAX_SAFE_INTEGER);
  assert.throws(() => c.byte(), DamageError);
  c.open(column.bytes, 0, column.length - 1);
  assert.throws(() => c.whole(), DamageError);
  c.open(new Uint8Array(12).fill(0xff), 0, 12);
  assert.throws(() => c.varint64(), DamageError);
  c.open(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x1f), 0, 5);
  assert.throws(() => c.varint(), DamageError);
  c.open(new Uint8Array(4), 0, 4);
  assert.throws(() => c.take(new Uint8Array(8), 5), DamageError);
});

Deno.test("crc32 has its check value", () => {
  const bytes = new TextEncoder().encode("..123456789.");
  assert.equal(crc32(bytes, 2, 11), 0xcbf43926);
  assert.equal(crc32(bytes, 2, 2), 0);
});

Deno.test("canonical JSON does not depend on the order of keys, and refuses inexact numbers", () => {
  const text = '{"a":[1,"é\\n",null,true],"b":{"x":-1,"y":[]}}';
  assert.equal(canonicalJson({ b: { y: [], x: -1 }, a: [1, "é\n", null, true] }), text);
  for (const bad of [0.5, NaN, Infinity, 2 ** 53, -0]) {
    assert.throws(() => canonicalJson([bad]), RangeError);
  }
});

Deno.test("a header comes back, a broken one does not, another kernel's is refused by name", () => {
  assert.deepEqual(decodeHeader(encodeHeader(HEADER)), HEADER);
  assert.equal(decodeHeader(new TextEncoder().encode('{"program":"x"}')), undefined);
  assert.equal(decodeHeader(Uint8Array.of(0xff)), undefined);
  assert.equal(refusal(HEADER, HEADER.identity), undefined);
  assert.match(refusal(HEADER, "another") ?? "", /daybook test can replay it/);
});
