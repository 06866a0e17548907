import assert from "node:assert/strict";
import { meanOf } from "./means.ts";
import { childTimes } from "./rival.ts";
import { Samples } from "./samples.ts";

Deno.test("bench samples: a ratio is taken within each turn", () => {
  const samples = new Samples<"a" | "b" | "c">();
  // The second turn was ten times as slow for both.
  for (const [a, b] of [[2, 1], [30, 10], [5, 1]]) {
    samples.add("a", { seconds: a, cpuSeconds: 1, peakBytes: a });
    samples.add("b", { seconds: b, cpuSeconds: 2 });
  }
  assert.equal(samples.ratio("a", "b", "seconds"), 3);
  assert.equal(samples.ratio("a", "b", "cpuSeconds"), 0.5);
  assert.equal(samples.ratio("a", "c", "seconds"), undefined);
  assert.equal(samples.median("a", "seconds"), 5);
  assert.equal(samples.median("c", "seconds"), undefined);
  assert.equal(samples.most("a", "peakBytes"), 30);
  samples.add("c", { seconds: 4, cpuSeconds: 1 });
  assert.equal(samples.ratio("a", "c", "seconds"), 0.5);
});

Deno.test("bench means: none without every figure", () => {
  assert.equal(meanOf([{ f: 1 }, { f: 4 }], (row) => row.f), 2);
  assert.equal(meanOf([{ f: 1 }, {}] as { f?: number }[], (row) => row.f), undefined);
  assert.equal(meanOf([] as { f: number }[], (row) => row.f), undefined);
});

Deno.test("bench rivals: the children's user and system time are added", () => {
  assert.equal(childTimes("oops\n0m0.100000s 0m0.200000s\n1m2.500000s 0m0.250000s\n"), 62.75);
  assert.throws(() => childTimes("0m1.0s"), /not as expected/);
});
