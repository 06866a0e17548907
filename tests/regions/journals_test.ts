import assert from "node:assert/strict";
import type { Engine } from "../../arch/machine/memory/cpu.ts";
import { runKernel, type RunResult, STAGES } from "../kernel/harness.ts";

const HARTS = [1, 4], SEEDS = [0, 7];

/** What a journal is made of, and what the program did. */
function recordOf(result: RunResult): unknown {
  const { outcome, status, stdout, stderr, events, hashes, memoryHashes, log } = result;
  return { outcome, status, stdout, stderr, events, hashes, memoryHashes, bytes: log.bytes() };
}

for (const stage of STAGES) {
  Deno.test(`engines: ${stage.name} records the same on each`, () => {
    for (const harts of HARTS) {
      for (const seed of SEEDS) {
        const run = (engine: Engine): unknown =>
          recordOf(runKernel({ ...stage, harts, seed, engine, record: true }));
        const wanted = run("ir");
        for (const engine of ["wasm", "eager"] as const) {
          // What is compiled ahead of everything takes its time: one configuration shows it.
          if (engine === "eager" && (harts !== 4 || seed !== 0)) continue;
          assert.deepEqual(run(engine), wanted, `${engine}, ${harts} harts, seed ${seed}`);
        }
      }
    }
  });
}
