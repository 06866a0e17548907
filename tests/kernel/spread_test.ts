/** A load that begins on one hart, under many schedules. */
import assert from "node:assert/strict";
import { ONE } from "../../core/kernel.ts";
import { SelfCheck } from "../../core/self_check.ts";
import { runKernel } from "./harness.ts";

const PROGRAM = "userland/image/bin/steal";

Deno.test("spread: 16 schedules, and the scheduler's check and the pinned worker agree in all", () => {
  for (let seed = 0; seed < 16; seed++) {
    const run = runKernel({ program: PROGRAM, harts: 1 + seed % 8, seed, roundTicks: 500 + seed });
    assert.equal(run.kernel.state.kernel.selfCheck[ONE], SelfCheck.Passed);
    assert.equal(run.status, 0, `seed ${seed}: ${run.stdout}`);
  }
});

Deno.test("spread: 16 processes that begin on one hart of 8 take a fifth of the time at most", () => {
  const time = (harts: number): number => {
    const run = runKernel({ program: PROGRAM, args: ["16", "64000"], harts });
    assert.equal(run.status, 0, run.stdout);
    return run.outcome.stats.timeNs;
  };
  const alone = time(1);
  const spread = time(8);
  assert.ok(spread * 5 <= alone, `${alone} ns on one hart, ${spread} on eight`);
});
