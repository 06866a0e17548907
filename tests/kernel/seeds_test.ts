/** One seed is one interleaving; other seeds give others, and the same program all the same. */
import assert from "node:assert/strict";
import { runKernel, type RunResult, STAGES } from "./harness.ts";

function run(name: string, harts: number, seed: number): RunResult {
  const stage = STAGES.find((s) => s.name === name);
  assert.ok(stage !== undefined, name);
  return runKernel({ ...stage, harts, seed, record: true });
}

const equal = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

for (const harts of [1, 2, 8, 64]) {
  for (const name of ["storm", "pipes", "process"]) {
    Deno.test(`${name} on ${harts} harts: the same seed, the same events and hashes`, () => {
      const seed = harts + 5;
      const first = run(name, harts, seed);
      const second = run(name, harts, seed);
      assert.equal(first.status, 0, first.stdout);
      assert.ok(equal(first.log.bytes(), second.log.bytes()), "the event streams differ");
      assert.deepEqual(first.hashes, second.hashes);
      assert.equal(first.stdout, second.stdout);
    });
  }
}

/** Two processes may print their lines in either order. */
const linesOf = (r: RunResult): string[] => r.stdout.split("\n").sort();

for (const harts of [2, 8, 64]) {
  Deno.test(`storm on ${harts} harts: another seed, another interleaving, the same output`, () => {
    const runs = [0, 1, 2, 3].map((seed) => run("storm", harts, seed));
    const streams = new Set(runs.map((r) => r.hashes[r.hashes.length - 1]));
    assert.equal(streams.size, runs.length, "two seeds gave one state");
    for (const r of runs) {
      assert.equal(r.status, 0, r.stdout);
      assert.deepEqual(linesOf(r), linesOf(runs[0]));
    }
  });
}
