import assert from "node:assert/strict";
import { everyOrder } from "./explore.ts";
import { CASES } from "./scenarios.ts";

for (const scenario of CASES) {
  Deno.test(`every order: ${scenario.name}`, () => {
    const found = everyOrder(scenario);
    assert.deepEqual([...found.outcomes.keys()].sort(), [...scenario.results].sort());
  });
}
