import assert from "node:assert/strict";
import { CASES } from "../schedules/scenarios.ts";
import { generator, wildScenario } from "../schedules/wild.ts";
import { differences, searchBoth } from "./both.ts";
import { CONFIGURATIONS } from "./configurations.ts";
import { searchReduced } from "./reduced.ts";
import { search } from "./search.ts";
import { noSwaps, recordedScene, SwapCheck, type Swaps } from "./swaps.ts";
import type { Scenario } from "../schedules/scene_state.ts";

/** Configurations that both searches visit in a second or so each. */
const BOTH = CONFIGURATIONS.filter(({ name, small }) =>
  small &&
  /vfork child on|executes|poll of two|two other harts|one pipe, 2 x|lie in memory|hears of what|a sender writes/
    .test(name)
);

for (const configuration of BOTH) {
  Deno.test(`the same ends with events in one order where they may change places: ${configuration.name}`, () => {
    const { all, reduced, different } = searchBoth(configuration);
    assert.deepEqual(different, []);
    assert.ok(reduced.emptied && reduced.states <= all.states);
  });
}

/** Follows a drawn order, and tries both ways every pair that can happen next on it. */
function tryPairs(
  scenario: Scenario,
  seed: number,
  swaps: Swaps,
  missed: readonly string[] = [],
): string {
  const { scene, recorder } = recordedScene(scenario, missed);
  scene.setUp();
  scene.settle();
  const check = new SwapCheck(scene, recorder, swaps);
  const below = generator(seed);
  for (let step = 0; step < 60; step++) {
    const breach = check.here();
    if (breach !== "") return `${scenario.name}, step ${step}: ${breach}`;
    const choices = scene.choices();
    if (choices.length === 0) break;
    scene.take(choices[below(choices.length)]);
    scene.settle();
    if (scene.fault !== "") return scene.fault;
  }
  return "";
}

Deno.test("events of different harts change places where their footprints do not meet", () => {
  const swaps = noSwaps();
  const scenarios = [...CONFIGURATIONS, ...CASES.filter(({ name }) => /futex/.test(name))];
  for (const scenario of scenarios) assert.equal(tryPairs(scenario, 3, swaps), "");
  assert.ok(swaps.free > 500 && swaps.bound > 200, `${swaps.free} free, ${swaps.bound} not`);
});

Deno.test("events of random scripts change places where their footprints do not meet", () => {
  const swaps = noSwaps();
  for (let seed = 0; seed < 6; seed++) {
    assert.equal(tryPairs(wildScenario(seed), seed, swaps), "");
  }
  assert.ok(swaps.free > 100 && swaps.bound > 30, `${swaps.free} free, ${swaps.bound} not`);
});

Deno.test("a footprint that leaves out a column is found by pairs that do not change places", () => {
  for (
    const missed of [["pipe.head", "pipe.tail", "pipe.frame"], [
      "thread.requests",
      "hart.inboxHead",
    ]]
  ) {
    const found = CONFIGURATIONS.filter(({ about }) => about !== "signals").some((c) =>
      tryPairs(c, 3, noSwaps(), missed) !== ""
    );
    assert.ok(found, `${missed} left out, and nothing noticed`);
  }
});

Deno.test("a search whose footprints leave out columns misses ends that the full one comes to", () => {
  const [configuration] = BOTH.filter(({ name }) => name.startsWith("a poll of two"));
  const pipe = ["pipe.head", "pipe.tail", "pipe.frame", "pipe.readHead", "pipe.readTail"];
  const all = search(configuration);
  const sound = searchReduced(configuration, {});
  const unsound = searchReduced(configuration, { missed: pipe });
  assert.equal(sound.endKeys.size, all.endKeys.size);
  assert.ok(unsound.endKeys.size < all.endKeys.size);
  assert.deepEqual(differences(all, sound), []);
  assert.match(differences(all, unsound)[0], /^\d+ ends in full, \d+ reduced$/);
});

Deno.test("strangers are followed one after the other", () => {
  const [strangers] = CONFIGURATIONS.filter(({ name }) => name.startsWith("three strangers"));
  const { states, emptied, ends } = searchReduced(strangers, { most: 1000 });
  assert.ok(emptied && ends === 1 && states < 120, `${states} states`);
});
