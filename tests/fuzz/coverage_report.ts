import { EffectKind } from "../../core/effect.ts";
import { EVENT_NAMES } from "../../core/event.ts";
import { Refusal } from "../../core/reduce.ts";
import { WaitKind } from "../../core/sched/tables.ts";
import { syscallRows } from "../../core/syscall/rows.ts";
import type { Coverage } from "./coverage.ts";

const ERRNOS = 256;

/** How often each thing with a name happened, those that never did included. */
function named(names: Readonly<Record<string, number>>, counts: Float64Array): string {
  return Object.entries(names).map(([name, at]) => `${name} ${counts[at]}`).join(", ");
}

/** Where a campaign got, as text: events by kind and refusal, effects, waits, calls by result. */
export function formatCoverage(coverage: Coverage): string {
  const lines: string[] = [];
  EVENT_NAMES.forEach((name, kind) => {
    const refused = Object.entries(Refusal)
      .filter(([, refusal]) => refusal > 0 && coverage.events[16 * kind + refusal] > 0)
      .map(([why, refusal]) => `${why} ${coverage.events[16 * kind + refusal]}`);
    lines.push(`${name}: ${coverage.events[16 * kind]} handled; ${refused.join(", ")}`);
  });
  lines.push(`effects: ${named(EffectKind, coverage.effects)}`);
  lines.push(`waits: ${named(WaitKind, coverage.waits)}`);
  lines.push(`most units of one event: ${coverage.mostUnits}`);
  for (const row of syscallRows) {
    const results: string[] = [];
    for (let errno = 0; errno < ERRNOS; errno++) {
      const count = coverage.result(row.number, errno);
      if (count > 0) results.push(errno === 0 ? `ok ${count}` : `${errno}: ${count}`);
    }
    lines.push(`${row.name}: ${coverage.handled[row.number]} handled; ${results.join(", ")}`);
  }
  lines.push(`${coverage.pairs()} pairs of call and result`);
  return lines.join("\n");
}
