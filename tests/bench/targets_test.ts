import assert from "node:assert/strict";
import { type Target, verdict } from "./targets.ts";

Deno.test("bench targets: the limit itself is met", () => {
  const at = (value: number | undefined): Target => ({
    what: "",
    must: 2,
    aim: 1,
    unit: "",
    value,
  });
  assert.equal(verdict(at(1)), "aim met");
  assert.equal(verdict(at(1.01)), "met");
  assert.equal(verdict(at(2)), "met");
  assert.equal(verdict(at(2.01)), "not met");
  assert.equal(verdict(at(NaN)), "not met");
  assert.equal(verdict(at(undefined)), "not measured");
});
