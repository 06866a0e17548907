import assert from "node:assert/strict";
import { ENTROPY_BYTES, entropyOfSeed } from "./seed_entropy.ts";

Deno.test("entropy is a function of the seed, and differs between seeds", () => {
  assert.deepEqual(entropyOfSeed(7), entropyOfSeed(7));
  const seen = new Set<string>();
  for (const seed of [0, 1, 2, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1]) {
    const bytes = entropyOfSeed(seed);
    assert.equal(bytes.length, ENTROPY_BYTES);
    assert.ok(bytes.some((b) => b !== 0));
    seen.add(bytes.join());
  }
  assert.equal(seen.size, 7);
});
