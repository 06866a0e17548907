import assert from "node:assert/strict";
import { testEngines } from "../../arch/machine/test_engines.ts";
import { faultyEngine } from "../instructions/faulty_engine.ts";
import { compareSlices } from "./slices.ts";
import { compilingEngines } from "./twins.ts";

for (const engine of compilingEngines) {
  Deno.test(`regions: random programs in random slices (${engine.name})`, () => {
    const [count, rounds] = engine.name === "eager" ? [25, 3] : [100, 5];
    const result = compareSlices({ engine, seed: 1, first: 0, count, rounds });
    assert.deepEqual(result.failures, [], result.failures[0]);
    assert.ok(result.slices > 50 * count, `${result.slices} slices`);
  });
}

Deno.test("regions: a planted fault is seen, and the line it prints finds it again", () => {
  const engine = faultyEngine(testEngines[1]!, "mulhu");
  const { failures } = compareSlices({ engine, seed: 1, first: 0, count: 30, rounds: 1 });
  const found = /--first (\d+) --count (\d+)\nprogram (\d+),/.exec(failures[0] ?? "");
  assert.ok(found !== null, failures[0]);
  const [first, count] = [Number(found[1]), Number(found[2])];
  const again = compareSlices({ engine, seed: 1, first, count, rounds: 1 });
  assert.equal(again.failures[0], failures[0]);
});
