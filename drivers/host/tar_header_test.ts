import assert from "node:assert/strict";
import { checksumHolds, parseHeader } from "./tar_header.ts";
import { makeTar } from "./testing.ts";

const encoder = new TextEncoder();

Deno.test("tar header: fields, prefix, base-256 size, checksum", () => {
  const block = makeTar([{ name: "f", prefix: "a/b", mode: 0o4755, contents: "xyz" }]);
  assert.equal(checksumHolds(block), true);
  const header = parseHeader(block);
  assert.equal(new TextDecoder().decode(header.name), "a/b/f");
  assert.equal(header.mode, 0o4755);
  assert.equal(header.size, 3);
  block[0]++;
  assert.equal(checksumHolds(block), false);
  block.fill(0, 124, 136);
  block[124] = 0x80;
  block[131] = 2;
  assert.equal(parseHeader(block).size, 2 * 2 ** 32);
  block[124] = 0xff;
  assert.throws(() => parseHeader(block), /size is too large/);
  block.set(encoder.encode("12x45678901\0"), 124);
  assert.throws(() => parseHeader(block), /size is not a number/);
});
