/** The reducer takes any event: it refuses it and changes nothing, or handles it and keeps its books. */
import assert from "node:assert/strict";
import { EffectKind } from "../../core/effect.ts";
import { EVENT_NAMES, EventKind } from "../../core/event.ts";
import { Refusal } from "../../core/reduce.ts";
import { WaitKind } from "../../core/sched/tables.ts";
import { syscallRows } from "../../core/syscall/rows.ts";
import { type CampaignResult, failureText, runCampaign } from "./campaign.ts";
import type { Diet } from "./life.ts";
import { makeStock, type Stock } from "./starts.ts";

/** A tenth of the recorded campaign (tests/RESULTS.md). */
const CALLS = 740_000;
const EVENTS = 400_000;
/** Events a fault must be seen in: what the mutants of tests/mutants/fuzz.mutant run. */
const CANARY = 20_000;
/** How often every call must have been handled. */
const EACH = 300;

/** Calls that never return a success, and why. */
const NO_SUCCESS: Readonly<Record<string, string>> = {
  exit: "does not return",
  exit_group: "does not return",
  leave: "does not return",
  fallocate: "always EOPNOTSUPP",
  rt_sigsuspend: "returns EINTR or not at all",
};
/** Calls a process makes a few times at most: how often they must have been handled. */
const SELDOM: Readonly<Record<string, number>> = {
  exit: 30,
  exit_group: 30,
  leave: 30,
  // With a bad set it faults and is not handled; with none it waits.
  pselect6: 150,
  rt_sigreturn: 30,
};
/** Effects no life gets, and why. */
const NO_EFFECT: ReadonlySet<string> = new Set([
  // A new epoch of ASIDs begins after 2,047 spaces.
  "InvalidateAll",
]);

const kept: { stock?: Stock } = {};
const stock = (): Stock => kept.stock ??= makeStock();

function survives(seed: number, events: number, diet: Diet): CampaignResult {
  const result = runCampaign(stock(), { seed, events, diet });
  if (result.failure !== undefined) assert.fail(failureText(result.failure));
  return result;
}

Deno.test("calls of a closed system are handled, come back with everything they can, and close", () => {
  const { sums, coverage } = survives(1, CALLS, "calls");
  assert.ok(sums.handled > CALLS * 0.95, `only ${sums.handled} events were handled`);
  assert.ok(sums.folded > 100, `only ${sums.folded} lives were folded twice`);
  const missing: string[] = [];
  for (const row of syscallRows) {
    const count = coverage.handled[row.number];
    if (count < (SELDOM[row.name] ?? EACH)) missing.push(`${row.name} was handled ${count} times`);
    const succeeded = coverage.result(row.number, 0) > 0;
    if (succeeded !== (NO_SUCCESS[row.name] === undefined)) {
      missing.push(`${row.name} ${succeeded ? "did" : "never did"} succeed`);
    }
  }
  for (const [name, kind] of Object.entries(EffectKind)) {
    if ((coverage.effects[kind] > 0) === NO_EFFECT.has(name)) missing.push(`effect ${name}`);
  }
  for (const [name, kind] of Object.entries(WaitKind)) {
    // A thread that blocks and is woken by the same event waits on nothing any more.
    if (kind === WaitKind.None) continue;
    if (coverage.waits[kind] === 0) missing.push(`wait ${name}`);
  }
  assert.deepEqual(missing, []);
  assert.ok(coverage.pairs() > 450, `only ${coverage.pairs()} pairs of call and result`);
});

Deno.test("events of any kind are refused or handled, never a defect, and any state closes", () => {
  const { sums, coverage } = survives(2, EVENTS, "events");
  assert.ok(sums.handled > EVENTS / 4, `only ${sums.handled} events were handled`);
  assert.ok(sums.events - sums.handled > EVENTS / 4, "too few events were refused");
  for (const kind of Object.values(EventKind)) {
    const least = kind === EventKind.Boot ? 10 : 500;
    assert.ok(coverage.events[16 * kind] > least, `few handled: ${EVENT_NAMES[kind]}`);
  }
  for (const [name, refusal] of Object.entries(Refusal)) {
    let count = 0;
    for (let kind = 0; kind < 16; kind++) count += coverage.events[16 * kind + refusal];
    assert.ok(count > 100, `refused because ${name}: ${count}`);
  }
});

Deno.test("a canary: faults that are planted are seen in so few calls", () => {
  survives(3, 3 * CANARY, "calls");
});

Deno.test("a canary: faults that are planted are seen in so few events", () => {
  survives(3, CANARY, "events");
});
