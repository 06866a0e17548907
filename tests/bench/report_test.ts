import assert from "node:assert/strict";
import { columns, geometricMean } from "./report.ts";

Deno.test("columns line up", () => {
  assert.equal(columns([["a", "b"], ["long", "22"]]), "a      b\nlong  22");
});

Deno.test("the geometric mean is that of ratios", () => {
  assert.equal(geometricMean([1, 4]).toFixed(9), "2.000000000");
  assert.ok(Number.isNaN(geometricMean([])));
});
