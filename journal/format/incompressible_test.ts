import assert from "node:assert/strict";
import { deflateSync } from "fflate";
import { isIncompressible, SAMPLED_FROM } from "./incompressible.ts";

const LENGTH = 65536;

/** Bytes of a fixed sequence in which `values` values are equally frequent. */
function bytesOf(values: number): Uint8Array {
  let x = 20_261_121;
  return Uint8Array.from({ length: LENGTH }, () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 8) % values;
  });
}

Deno.test("bytes that do not shrink are told from those that do, without deflating them", () => {
  for (const values of [2, 26, 64, 128, 180, 256]) {
    const bytes = bytesOf(values);
    const gain = 1 - deflateSync(bytes, { level: 1, mem: 4 }).length / LENGTH;
    assert.equal(isIncompressible(bytes, LENGTH), gain < 0.04, `${values} values gain ${gain}`);
  }
  const random = bytesOf(256);
  const packed = deflateSync(bytesOf(26), { level: 9 });
  assert.ok(isIncompressible(packed, packed.length), "a compressed file");
  assert.ok(!isIncompressible(random.map((_, i) => i), LENGTH), "evenly spread, but repeated");
  // Records of 16 bytes of which every other byte is zero.
  assert.ok(!isIncompressible(random.map((byte, i) => i % 2 === 0 ? 0 : byte), LENGTH));
  assert.ok(isIncompressible(random, SAMPLED_FROM) && !isIncompressible(random, SAMPLED_FROM - 1));
  assert.ok(!isIncompressible(new Uint8Array(LENGTH), LENGTH));
});
