/** After every event: totals stand, a recount finds what the books say; at the end they are closed. */
import assert from "node:assert/strict";
import { Account } from "../../core/ledger/accounts.ts";
import { type LiveKernel, runKernel, type Stage, STAGES, type Watch } from "./harness.ts";
import { recountEveryEvent } from "./recount_watch.ts";

const HARTS: readonly number[] = [1, 2, 8];
const SEEDS: readonly number[] = [0, 1, 2];
/** Stages with so many pages or events that each number of harts gets one seed only. */
const LONG: ReadonlySet<string> = new Set(["memory", "fault", "pipes", "preempt"]);

function check(stage: Stage, harts: number, seed: number): void {
  const run = runKernel({ ...stage, harts, seed, watch: recountEveryEvent });
  const where = `${stage.name}, ${harts} harts, seed ${seed}`;
  assert.equal(run.outcome.closed, true, where);
  assert.equal(run.status, 0, `${where}: ${run.stdout}`);
}

for (const stage of STAGES) {
  Deno.test(`the books of ${stage.name} balance after every event`, () => {
    HARTS.forEach((harts, i) => {
      for (const seed of LONG.has(stage.name) ? [SEEDS[i]] : SEEDS) check(stage, harts, seed);
    });
  });
}

Deno.test("a reference that goes missing in mid-run is found at once", () => {
  const lose = (kernel: LiveKernel): Watch => {
    const watch = recountEveryEvent(kernel);
    return {
      after: (e) => {
        if (e.order === 100) kernel.state.frame.refs[1]++;
        watch.after?.(e);
      },
    };
  };
  assert.throws(
    () => runKernel({ program: "userland/image/bin/fault", watch: lose }),
    (error: Error) => /after event 100 .*frame 1/.test(String(error.cause)),
  );
});

Deno.test("a unit booked to the wrong account is found at once", () => {
  const misbook = (kernel: LiveKernel): Watch => {
    const watch = recountEveryEvent(kernel);
    return {
      after: (e) => {
        if (e.order === 50) kernel.state.account.balance[Account.FrameFree]++;
        watch.after?.(e);
      },
    };
  };
  assert.throws(
    () => runKernel({ program: "userland/image/bin/fault", watch: misbook }),
    (error: Error) => /after event 50 .*add up to/.test(String(error.cause)),
  );
});
