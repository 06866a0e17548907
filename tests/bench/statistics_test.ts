import assert from "node:assert/strict";
import { geometricMean, median } from "./statistics.ts";

Deno.test("statistics: the median is the middle sample, whatever the order", () => {
  assert.equal(median([9, 1, 4]), 4);
  assert.equal(median([10, 1, 4, 5]), 4.5);
  assert.equal(median([-1]), -1);
  assert.throws(() => median([]), RangeError);
});

Deno.test("statistics: the geometric mean is of positive figures", () => {
  assert.ok(Math.abs(geometricMean([1, 4, 16]) - 4) < 1e-12);
  assert.throws(() => geometricMean([1, 0]), RangeError);
  assert.throws(() => geometricMean([]), RangeError);
});
