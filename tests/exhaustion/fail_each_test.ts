/** Every allocation fails once: an error comes back, or a death by a signal, and the books balance. */
import assert from "node:assert/strict";
import { judge } from "./expected.ts";
import {
  type CleanRun,
  nameOf,
  runClean,
  runShort,
  type Scenario,
  SCENARIOS,
} from "./fail_each.ts";
import { type InstrumentedKernel, loadInstrumented } from "./instrumented_kernel.ts";
import type { Shortage } from "./scarcity.ts";
import { readSites } from "./sites.ts";

const SETTING = { harts: 2, seed: 0 };
/** Undisturbed runs, by scenario. */
const cleanRuns = new Map<Scenario, CleanRun>();
let loaded: Promise<InstrumentedKernel> | undefined;

async function cleanRunOf(scenario: Scenario): Promise<[InstrumentedKernel, CleanRun]> {
  loaded ??= loadInstrumented();
  const kernel = await loaded;
  const clean = cleanRuns.get(scenario) ?? runClean(kernel, scenario, SETTING);
  cleanRuns.set(scenario, clean);
  return [kernel, clean];
}

/** What is wrong with a shortage, with the argument that runs it again, or "". */
function tryShortage(kernel: InstrumentedKernel, clean: CleanRun, shortage: Shortage): string {
  const verdict = runShort(kernel, clean, shortage);
  const wrong = judge(clean, shortage, verdict);
  if (wrong === "") return "";
  return `deno task exhaustion ${nameOf(clean, shortage)}: ${wrong}; met by ${verdict.met}, ` +
    `status ${verdict.status}, it says: ${verdict.said.join(", ")}`;
}

for (const scenario of SCENARIOS) {
  Deno.test(`every allocation fails once: ${scenario}`, async () => {
    const [kernel, clean] = await cleanRunOf(scenario);
    assert.ok(clean.shortages.length > 10, "the scenario takes something");
    for (const shortage of clean.shortages) {
      assert.equal(tryShortage(kernel, clean, shortage), "");
    }
  });
}

Deno.test("every allocation fails once: every place in the kernel that takes or looks is met", async () => {
  const takes = new Set<string>();
  const looks = new Set<string>();
  for (const scenario of SCENARIOS) {
    const [, clean] = await cleanRunOf(scenario);
    for (const taking of clean.takings) takes.add(taking.site);
    for (const asking of clean.askings) looks.add(asking.site);
  }
  const sites = await readSites();
  assert.ok(sites.takes.length > 20 && sites.looks.length > 10, "the source was read");
  assert.deepEqual([...takes].sort(), sites.takes);
  // Taking a frame looks for itself.
  const others = [...looks].filter((site) =>
    !sites.takes.includes(site) || sites.looks.includes(site)
  );
  assert.deepEqual(others.sort(), sites.looks);
});

Deno.test("every allocation fails once: a shortage that nobody notices is noticed here", async () => {
  const [kernel, clean] = await cleanRunOf("pipe");
  const last = clean.shortages.at(-1);
  assert.ok(last !== undefined);
  // More is left than the event takes.
  assert.match(tryShortage(kernel, clean, { ...last, left: 1e9 }), /nothing met the shortage/);
});
