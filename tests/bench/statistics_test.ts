import assert from "node:assert/strict";
import { geometricMean, median, quantile } from "./statistics.ts";

Deno.test("statistics: the median is the middle sample, whatever the order", () => {
  assert.equal(median([9, 1, 4]), 4);
  assert.equal(median([10, 1, 4, 5]), 4.5);
  assert.equal(median([-1]), -1);
  assert.throws(() => median([]), RangeError);
});

Deno.test("statistics: a quantile is a sample that so many do not exceed", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  assert.equal(quantile(hundred, 0), 1);
  assert.equal(quantile(hundred, 0.5), 50);
  assert.equal(quantile(hundred, 0.99), 99);
  assert.equal(quantile(hundred, 1), 100);
  assert.equal(quantile([7], 0.99), 7);
  assert.throws(() => quantile([], 0.5), RangeError);
});

Deno.test("statistics: the geometric mean is of positive figures", () => {
  assert.ok(Math.abs(geometricMean([1, 4, 16]) - 4) < 1e-12);
  assert.throws(() => geometricMean([1, 0]), RangeError);
  assert.throws(() => geometricMean([]), RangeError);
});
