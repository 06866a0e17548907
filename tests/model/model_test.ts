import assert from "node:assert/strict";
import { groups } from "../invariants/watch.ts";
import { Canonical } from "./canonical.ts";
import type { Scene } from "../schedules/scene.ts";
import { CONFIGURATIONS } from "./configurations.ts";
import { ASKED, NOT_ASKED } from "./properties.ts";
import { search } from "./search.ts";

const SMALL = CONFIGURATIONS.filter((c) => c.small);

/** Where other ways to tell states apart are tried as well: a second each at most. */
const TINY = SMALL.filter(({ name }) =>
  /to and fro|vfork child|moves, 2 x|change hands|sleepers|take turns|executes/.test(name)
);

for (const configuration of SMALL) {
  Deno.test(`every state: ${configuration.name}`, () => {
    const { counterExample, emptied, ends } = search(configuration);
    assert.equal(counterExample, undefined);
    assert.ok(emptied && ends > 0);
  });
}

for (const configuration of TINY) {
  Deno.test(`however states are told apart: ${configuration.name}`, () => {
    const [met, all] = [new Set<string>(), new Set<string>()];
    const collect = (keys: Set<string>) => {
      let canonical: Canonical | undefined;
      return (scene: Scene): void => {
        canonical ??= new Canonical(scene, { times: "order", plain: false, loose: true });
        keys.add(canonical.key());
      };
    };
    const renamed = search(configuration, { each: collect(met) });
    const exact = search(configuration, { times: "exact" });
    const plain = search(configuration, { plain: true, pure: true, each: collect(all) });
    // Had two states one key that go on differently, the search by keys would miss some.
    assert.equal(met.size, all.size);
    assert.deepEqual(met, all);
    assert.ok(plain.emptied && plain.states >= renamed.states);
    assert.ok(exact.emptied && exact.states >= renamed.states);
    const results = [...renamed.outcomes.keys()].sort();
    assert.deepEqual([...plain.outcomes.keys()].sort(), results);
    assert.deepEqual([...exact.outcomes.keys()].sort(), results);
  });
}

Deno.test("every group of invariants is asked in every state, or it is said who holds its rules", () => {
  const names = groups.map((group) => group.name).sort();
  assert.deepEqual([...ASKED, ...NOT_ASKED].sort(), names);
});
