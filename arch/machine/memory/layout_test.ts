import assert from "node:assert/strict";
import { HART_BLOCK_BYTES, hartBlock, makeLayout, PAGE_SIZE, registerSlot } from "./layout.ts";
import type { LayoutConfig } from "./layout.ts";

const config: LayoutConfig = {
  harts: 64,
  threads: 4096,
  arenaBytes: 100_000_000,
  ramBytes: 64 * 1024 ** 3,
  decodeSlots: 1024,
  backingFrames: 700_000,
};

Deno.test("regions are aligned, in order and do not overlap", () => {
  const l = makeLayout(config);
  const starts = [
    l.hartBase,
    l.registerBase,
    l.arenaBase,
    l.frameMapBase,
    l.dirtyBase,
    l.codeIndexBase,
    l.decodeBase,
    l.backingBase,
    l.end,
  ];
  const sizes = [
    64 * 16_384,
    4096 * 1024,
    config.arenaBytes,
    config.ramBytes / 1024,
    1 << 20,
    4 << 20,
    1024 * 32_768,
    700_001 * 4096,
  ];
  sizes.forEach((size, i) => assert.ok(starts[i]! + size <= starts[i + 1]!, `region ${i}`));
  for (const start of starts) assert.equal(start % PAGE_SIZE, 0);
  assert.equal(l.arenaBase % 65_536, 0);
  assert.ok(l.end <= 2 ** 32);
  assert.equal(hartBlock(l, 1) - hartBlock(l, 0), HART_BLOCK_BYTES);
  assert.equal(registerSlot(l, 3) - l.registerBase, 3072);
});

Deno.test("what does not fit or is out of bounds is refused", () => {
  const refused: Partial<LayoutConfig>[] = [
    { harts: 0 },
    { harts: 65 },
    { ramBytes: 65 * 1024 ** 3 },
    { ramBytes: 4097 },
    { backingFrames: 1_040_000 },
    { decodeSlots: 1 },
  ];
  for (const change of refused) {
    assert.throws(() => makeLayout({ ...config, ...change }), RangeError, JSON.stringify(change));
  }
});
