/** After every event: totals stand, a recount finds what the books say; at the end they are closed. */
import assert from "node:assert/strict";
import { EVENT_NAMES } from "../../core/event.ts";
import { checkTotals } from "../../core/ledger/check.ts";
import { closingTable, formatClosingTable } from "../../core/ledger/closing.ts";
import { baseline, openingTotals } from "../../core/ledger/opening.ts";
import { makeRecount } from "../../core/ledger/recount.ts";
import { type LiveKernel, nameOf, runKernel, STAGES, type Watch } from "./harness.ts";

/** Counts everything again after each event; throws at the first thing that is wrong. */
export function recountEveryEvent(kernel: LiveKernel): Watch {
  const { state } = kernel;
  const recount = makeRecount(state);
  let opening: Float64Array | undefined;
  let before: Float64Array | undefined;
  return {
    after: (e) => {
      opening ??= openingTotals(state);
      before ??= baseline(state);
      const wrong = checkTotals(state, opening);
      const findings = recount();
      if (wrong === "" && findings.length === 0) return;
      const lines = findings.slice(0, 8).map((f) => f.text);
      throw new Error(
        `after event ${e.order} (${EVENT_NAMES[e.kind]} ${e.cause}): ` +
          [...(wrong === "" ? [] : [wrong]), ...lines].join("; "),
      );
    },
    end: () => {
      assert.ok(opening !== undefined && before !== undefined);
      const table = closingTable(state, before, opening);
      assert.ok(table.balanced, formatClosingTable(table));
    },
  };
}

for (const { program, args } of STAGES) {
  Deno.test(`the books of ${nameOf(program)} balance after every event`, () => {
    for (const harts of [1, 2, 8]) {
      for (let seed = 0; seed < 3; seed++) {
        const run = runKernel({ program, args, harts, seed, watch: recountEveryEvent });
        assert.equal(run.outcome.closed, true, `${harts} harts, seed ${seed}`);
      }
    }
  });
}

Deno.test("a unit that goes missing in mid-run is found at once", () => {
  const lose = (kernel: LiveKernel): Watch => {
    const watch = recountEveryEvent(kernel);
    return {
      after: (e) => {
        // A reference to a frame that nobody holds.
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
