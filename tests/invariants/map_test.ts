/** `tests/invariants.json` maps every feature to an invariant, a test and a mutant, without a gap. */
import assert from "node:assert/strict";
import { repository } from "../daybook.ts";
import {
  declaredFeatures,
  type Facts,
  gapsOf,
  ids,
  type InvariantMap,
  names,
  repositoryFacts,
  type Row,
  testNames,
} from "./map.ts";

const readMap = async (): Promise<InvariantMap> =>
  JSON.parse(await Deno.readTextFile(`${repository}tests/invariants.json`));

Deno.test("map: every invariant and every feature has its test and its mutant", async () => {
  const gaps = gapsOf(await readMap(), await repositoryFacts());
  assert.ok(gaps.length === 0, `${gaps.length} gaps\n${gaps.join("\n")}`);
});

const row: Row = {
  id: "I1",
  feature: "queues",
  predicate: "Lists are lists.",
  tests: ["a_test.ts | lists are"],
  mutants: ["a fault"],
  covers: ["table:thread", "site:anywhere"],
};
const facts: Facts = {
  tests: new Map([["a_test.ts", ["lists are lists", "run * ends", "*"]]]),
  mutants: new Set(["a fault"]),
  features: ["table:thread"],
};
const whole: InvariantMap = {
  rows: [row],
  later: ids.filter((id) => id !== "I1").map((id) => ({ id, why: "one day" })),
};

Deno.test("map: each gap is seen", () => {
  assert.deepEqual(gapsOf(whole, facts), []);
  const withRow = (change: Partial<Row>): InvariantMap => ({
    ...whole,
    rows: [{ ...row, ...change }],
  });
  const broken: readonly (readonly [InvariantMap, string])[] = [
    [withRow({ id: "I99" }), "I99 is no invariant"],
    [withRow({ predicate: "" }), "says nothing"],
    [withRow({ tests: [] }), "no test"],
    [withRow({ tests: ["b_test.ts | lists are"] }), "no test file b_test.ts"],
    [withRow({ tests: ["a_test.ts | lists were"] }), 'has no test "lists were"'],
    [withRow({ tests: ["a_test.ts"] }), 'has no test ""'],
    [withRow({ mutants: [] }), "neither a mutant nor a reason"],
    [withRow({ mutants: ["another"] }), 'no mutant "another"'],
    [withRow({ covers: ["table:thread", "table:gone"] }), "table:gone, which is not declared"],
    [withRow({ covers: [] }), "table:thread: no row covers it"],
    [{ ...whole, rows: [row, row] }, "I1 queues: twice"],
    [{ ...whole, rows: [] }, "I1: neither held nor said"],
    [{ ...whole, later: [...whole.later, { id: "I1", why: "x" }] }, "I1: held by a row, and said"],
    [{ ...whole, later: [{ id: "J1", why: "" }, ...whole.later.slice(1)] }, "later J1"],
    [{ later: whole.later.slice(1), rows: [row, { ...row, id: "J1" }] }, "not in the order"],
  ];
  for (const [map, says] of broken) {
    const gaps = gapsOf(map, facts);
    assert.ok(gaps.some((gap) => gap.includes(says)), `${says}: ${gaps.join("; ")}`);
  }
  assert.deepEqual(
    gapsOf(withRow({ mutants: [], byConstruction: "no state to break" }), facts),
    [],
  );
});

Deno.test("map: test names are read from the source, templates by what is fixed", () => {
  const source = `Deno.test("one", f); Deno.test(\`two \${x} three\`, f);
    Deno.test({ name: "four", fn: f }); Deno.test({ name, fn: f }); Deno.test(five, f);
    other.test("six", f); Deno.test("seven", { ignore: true }, f);
    testOnEach("eight", f); const x = testNames("no test", f);`;
  const found = testNames("x_test.ts", source);
  assert.deepEqual(found, ["one", "two * three", "four", "*", "*", "seven", "eight"]);
  assert.ok(names("one", "one") && names("one two", "one") && !names("one", "one two"));
  assert.ok(names("two * three", "two") && names("two * three", "two x three"));
  assert.ok(!names("two * three", "three") && !names("*", "anything"));
});

Deno.test("map: the source declares what is to be covered", () => {
  const declared = new Set(declaredFeatures());
  for (
    const feature of [
      "syscall:read",
      "syscall:say",
      "table:pipe",
      "event:Timer",
      "effect:Copy",
      "account:PipeBytesHeld",
      "capability:OpenFile",
      "wait:PipeRead",
    ]
  ) assert.ok(declared.has(feature), feature);
  assert.ok(!declared.has("account:None"));
});
