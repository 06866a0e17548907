import assert from "node:assert/strict";
import { drawn, runDrawn, STABLE, userVisible } from "./seeded.ts";
import { runWild, type Wild } from "./wild.ts";

/** Schedules of each stage; `deno task schedules` tries more. */
const SCHEDULES = 8;

for (const stage of STABLE) {
  Deno.test(`${stage.name} prints the same under every drawn schedule`, () => {
    const first = userVisible(runDrawn(stage, 0));
    assert.ok(first.includes("status 0"), first);
    for (let number = 1; number < SCHEDULES; number++) {
      const text = userVisible(runDrawn(stage, number));
      assert.equal(text, first, `${stage.name}: ${JSON.stringify(drawn(number))}`);
    }
  });
}

Deno.test("random scripts under random orders lose no wake-up and no unit", () => {
  const wild: Wild = { runs: 0, events: 0, sites: new Set() };
  runWild(0, 800, wild);
  assert.ok(wild.events > 80_000, `${wild.events} events`);
  assert.ok(wild.sites.size >= 9, [...wild.sites].join());
});
