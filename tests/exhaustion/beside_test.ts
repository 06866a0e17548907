/** Beside a bomb that holds all there is, a process that has what it needs goes on; and crowds. */
import assert from "node:assert/strict";
import type { Capacities } from "../../core/reducer.ts";
import { runKernel, SMALL } from "../kernel/harness.ts";
import { Levels, type Watched } from "./levels.ts";

/** Steps the witness of userland/bad/beside.c makes. */
const STEPS = 8;

interface Bomb {
  readonly thing: string;
  readonly resource: Watched;
  readonly capacities: Capacities;
  readonly errno: number;
  /** What is left at most while the bomb holds its maximum; absent where it cannot hold it. */
  readonly rest?: number;
}

const BOMBS: readonly Bomb[] = [
  { thing: "forks", resource: "process", capacities: {}, errno: 11, rest: 4 },
  { thing: "frames", resource: "frames", capacities: { frame: 600 }, errno: 12, rest: 0 },
  // Each hog dies when it finds no page, so what it had is free again for a while.
  { thing: "pages", resource: "frames", capacities: { frame: 700 }, errno: 12 },
];

for (const { thing, resource, capacities, errno, rest } of BOMBS) {
  for (const harts of [1, 8]) {
    Deno.test(`a bomb of ${thing} holds its most, and its neighbour goes on: ${harts} harts`, () => {
      const levels = new Levels(resource);
      const run = runKernel({
        program: "userland/bad/bin/beside",
        args: [thing],
        underInit: true,
        harts,
        // A neighbour that starves must not keep the test running.
        instructionLimit: 100_000_000,
        capacities: { ...SMALL, ...capacities },
        watch: levels.watch,
      });
      const lines = run.stdout.split("\n");
      const full = lines.indexOf(`bomb: full, error ${errno}`);
      assert.ok(full > 0, run.stdout);
      const steps = Array.from({ length: STEPS }, (_, i) => `witness: step ${i + 1}`);
      const after = lines.slice(full + 1, full + 3 + STEPS);
      assert.deepEqual(after, [...steps, "witness: done", "bomb: dead"]);
      assert.ok(lines.includes("marker: beside ok"), run.stdout);
      assert.ok(lines.includes("marker: init done"), run.stdout);
      assert.equal(levels.least, rest ?? 0);
      if (rest === undefined) return;
      // At each of its lines the witness ran while nothing was left.
      const first = levels.atLines.indexOf(rest);
      const during = levels.atLines.slice(first, first + 1 + STEPS);
      assert.deepEqual(during, new Array(1 + STEPS).fill(rest));
    });
  }
}

/** Room for two thousand processes. */
const CROWD: Capacities = {
  thread: 2100,
  process: 2100,
  waiter: 2100,
  addressSpace: 2047,
  region: 20_000,
  capNode: 10_000,
  frame: 30_000,
  pageTable: 12_000,
};

for (const [count, harts, seed] of [[1000, 1, 0], [1000, 64, 0], [1000, 64, 7], [2000, 64, 3]]) {
  Deno.test(`${count} processes live at one time and are reaped: ${harts} harts, seed ${seed}`, () => {
    const most = count + 1;
    let full = 0;
    const levels = new Levels("process", (seen, s) => {
      // Once when the last is there, and now and then while they go.
      if (seen.mostAlive < most) return false;
      return full++ === 0 || (s.kernel.alive[1] % 250 === 0 && full % 50 === 0);
    });
    const run = runKernel({
      program: "userland/bad/bin/many",
      args: [String(count)],
      harts,
      seed,
      capacities: { ...SMALL, ...CROWD },
      watch: levels.watch,
    });
    assert.equal(run.status, 0, run.stdout);
    assert.equal(run.stdout, `many: ${count} live\nmany: ${count} reaped\n`);
    assert.equal(levels.mostAlive, most, "all of them at one time, and their parent");
    assert.ok(levels.recounts >= 2, "with the books counted while they live, and at the end");
  });
}
