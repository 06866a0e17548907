import assert from "node:assert/strict";
import { applyPatch, parseMutants, verdict } from "./mutant.ts";
import { loadMutants } from "./run.ts";

const sample = `# about pipes
MUTANT pipes: leak
# the row stays
FILE core/a.ts
OLD
  free(row);
  post(1);
NEW
END
TEST core/a_test.ts | pipes: all
EXPECT pipes
EXPECT event 1

MUTANT second
FILE core/b.ts
OLD
x
NEW
y
z
END
DENO run -A tests/x.ts boot
EXPECT boom
`;

Deno.test("a file of mutants is read part by part", () => {
  const [first, second] = parseMutants("s", sample);
  assert.deepEqual(first, {
    name: "pipes: leak",
    patches: [{ file: "core/a.ts", old: "  free(row);\n  post(1);", new: "" }],
    commands: [["test", "--no-check", "--filter", "pipes: all", "core/a_test.ts"]],
    expect: ["pipes", "event 1"],
  });
  assert.deepEqual(second.patches[0].new, "y\nz");
  assert.deepEqual(second.commands, [["run", "-A", "tests/x.ts", "boot"]]);
});

Deno.test("what is not in the format is refused with its line", () => {
  assert.throws(() => parseMutants("s", "FILE a\n"), /s:1: a file begins with MUTANT/);
  assert.throws(() => parseMutants("s", "MUTANT a\nFILE b\nNEW\n"), /s:3: FILE is followed by OLD/);
  assert.throws(() => parseMutants("s", "MUTANT a\nFILE b\nOLD\nx\n"), /no line NEW/);
  assert.throws(() => parseMutants("s", "MUTANT a\nWHAT b\n"), /s:2: a line that is none/);
  assert.throws(() => parseMutants("s", "MUTANT a\nEXPECT b\n"), /lacks a patch/);
});

Deno.test("a patch applies exactly once or not at all", () => {
  const patch = { file: "f", old: "b", new: "" };
  assert.equal(applyPatch(patch, "abc"), "ac");
  assert.throws(() => applyPatch(patch, "ac"), /has no such lines/);
  assert.throws(() => applyPatch(patch, "abab"), /more than once/);
  assert.throws(() => applyPatch({ ...patch, new: "b" }, "abc"), /changes nothing/);
});

Deno.test("a mutant must fail, and say what is expected", () => {
  const mutant = { name: "m", patches: [], commands: [], expect: ["pipes", "event 1"] };
  assert.equal(verdict(mutant, { status: 1, output: "event 1: pipes" }), "");
  assert.match(verdict(mutant, { status: 0, output: "event 1: pipes" }), /survived/);
  assert.match(verdict(mutant, { status: 1, output: "pipes" }), /without saying "event 1"/);
  const broken = { status: 1, output: "event 1: pipes\nReferenceError: x is not defined" };
  assert.match(verdict(mutant, broken), /broken: ReferenceError: x/);
});

Deno.test("every mutant's patch applies to the source as it is", async () => {
  const mutants = await loadMutants();
  assert.ok(mutants.length > 0);
  for (const mutant of mutants) {
    for (const patch of mutant.patches) {
      const source = await Deno.readTextFile(new URL(`../../${patch.file}`, import.meta.url));
      assert.doesNotThrow(() => applyPatch(patch, source), mutant.name);
    }
  }
});
