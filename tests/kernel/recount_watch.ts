import assert from "node:assert/strict";
import { EVENT_NAMES } from "../../core/event.ts";
import { checkTotals } from "../../core/ledger/check.ts";
import { closingTable, formatClosingTable } from "../../core/ledger/closing.ts";
import { baseline, openingTotals } from "../../core/ledger/opening.ts";
import { makeRecount } from "../../core/ledger/recount.ts";
import type { LiveKernel, Watch } from "./harness.ts";

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
