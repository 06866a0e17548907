import assert from "node:assert/strict";
import { addHart, hasHart, hasOtherHart, removeHart } from "./hart_set.ts";

const ROWS = 3;
const ROW = 1;
const HARTS = 64;

/** The sets of some rows, as columns hold them. */
function emptySets(): { lo: Uint32Array; hi: Uint32Array } {
  return { lo: new Uint32Array(ROWS), hi: new Uint32Array(ROWS) };
}

/** The harts of a row's set. */
function hartsOf({ lo, hi }: { lo: Uint32Array; hi: Uint32Array }, row: number): number[] {
  const all = Array.from({ length: HARTS }, (_, hart) => hart);
  return all.filter((hart) => hasHart(lo[row], hi[row], hart));
}

Deno.test("a set of harts holds what was put into it, of either word, in its row alone", () => {
  const sets = emptySets();
  const { lo, hi } = sets;
  for (const hart of [63, 0, 32, 31, 0]) addHart(lo, hi, ROW, hart);
  assert.deepEqual(hartsOf(sets, ROW), [0, 31, 32, 63]);
  for (const hart of [31, 63, 1, 33]) removeHart(lo, hi, ROW, hart);
  assert.deepEqual(hartsOf(sets, ROW), [0, 32]);
  removeHart(lo, hi, ROW, 32);
  assert.deepEqual(hartsOf(sets, ROW), [0]);
  assert.deepEqual([hartsOf(sets, ROW - 1), hartsOf(sets, ROW + 1)], [[], []]);
});

Deno.test("a set of harts has others than one, wherever they are", () => {
  for (let own = 0; own < HARTS; own++) {
    const { lo, hi } = emptySets();
    addHart(lo, hi, ROW, own);
    assert.equal(hasOtherHart(lo[ROW], hi[ROW], own), false, `${own} alone`);
    for (const other of [0, 31, 32, 63, own ^ 32]) {
      if (other === own) continue;
      const more = emptySets();
      addHart(more.lo, more.hi, ROW, other);
      assert.equal(hasOtherHart(more.lo[ROW], more.hi[ROW], own), true, `${other}, not ${own}`);
      addHart(more.lo, more.hi, ROW, own);
      assert.equal(hasOtherHart(more.lo[ROW], more.hi[ROW], own), true, `${other} with ${own}`);
    }
  }
});
