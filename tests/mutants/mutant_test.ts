import assert from "node:assert/strict";
import { applyPatch, parseMutants, verdict } from "./mutant.ts";
import { controlFault, controlsOf } from "./controls.ts";
import { COPIED, Plot } from "./plant.ts";
import { loadMutants, parseWords } from "./run.ts";
import { type Result, scoreLines, tooFew } from "./score.ts";

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
    commands: [{
      args: ["test", "--no-check", "--filter", "pipes: all", "core/a_test.ts"],
      test: { file: "core/a_test.ts", filter: "pipes: all", open: ["test", "--no-check"] },
    }],
    expect: ["pipes", "event 1"],
  });
  assert.deepEqual(second.patches[0].new, "y\nz");
  assert.deepEqual(second.commands, [{ args: ["run", "-A", "tests/x.ts", "boot"] }]);
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

const mutantThatSays = (...expect: string[]) => ({ name: "m", patches: [], commands: [], expect });

Deno.test("a mutant must fail, and say what is expected", () => {
  const mutant = mutantThatSays("pipes", "event 1");
  const run = (status: number, output: string) => ({ status, output, late: false });
  assert.equal(verdict(mutant, run(1, "event 1: pipes")), "");
  assert.match(verdict(mutant, run(0, "event 1: pipes")), /survived/);
  assert.match(verdict(mutant, run(1, "pipes")), /without saying "event 1"/);
  const broken = run(1, "event 1: pipes\nReferenceError: x is not defined");
  assert.match(verdict(mutant, broken), /broken: ReferenceError: x/);
});

Deno.test("a mutant that hangs is caught only where that is expected", () => {
  const hangs = { status: 124, output: "pipes", late: true };
  assert.match(verdict(mutantThatSays("pipes"), hangs), /hangs, which nothing expects/);
  assert.equal(verdict(mutantThatSays("timeout"), hangs), "");
  const ends = { status: 1, output: "timeout", late: false };
  assert.match(verdict(mutantThatSays("timeout"), ends), /should hang, but ends/);
});

Deno.test("the tests of one file are one control, and each of them must run", () => {
  const mutants = parseMutants(
    "s",
    sample.replace("DENO run -A tests/x.ts boot", "TEST core/a_test.ts | b (c)"),
  );
  const controls = controlsOf(mutants);
  assert.equal(controls.length, 1);
  assert.deepEqual(controls[0].commands[0].args, [
    "test",
    "--no-check",
    "--filter",
    "/pipes: all|b \\(c\\)/",
    "core/a_test.ts",
  ]);
  const output = "pipes: all of them ... ok (1ms)\na b (c) ... ok (1ms)\n";
  assert.equal(controlFault(controls[0], { status: 0, output, late: false }), "");
  const one = { status: 0, output: "pipes: all of them ... ok (1ms)\n", late: false };
  assert.match(controlFault(controls[0], one), /runs no test named b \(c\)/);
  assert.match(controlFault(controls[0], { status: 1, output, late: false }), /pipes: all of them/);
  assert.match(controlFault(controls[0], { status: 124, output, late: true }), /still running/);
});

Deno.test("the score counts areas, and a full run wants enough of each", () => {
  const many = (area: string, count: number): Result[] =>
    Array.from({ length: count }, (_, i) => ({ name: `${area} ${i}`, area, wrong: "", line: "" }));
  const results = [...many("core", 40), ...many("arch", 12), ...many("journal", 12)];
  assert.deepEqual(tooFew(results), []);
  assert.deepEqual(scoreLines(results).slice(-2), [
    "journal: 12 of 12",
    "score: 64 of 64 caught (100 %)",
  ]);
  assert.match(tooFew(results.slice(0, -1)).join(), /11 mutants in journal, at least 12/);
  assert.match(tooFew(results.slice(-59)).join(), /59 mutants, at least 60/);
  results[0] = { ...results[0], wrong: "survived" };
  assert.deepEqual(scoreLines(results)[0], "core: 39 of 40");
  assert.equal(scoreLines(results).at(-1), "score: 63 of 64 caught (98 %)");
});

Deno.test("the command line is read, and what is not known is refused", () => {
  assert.deepEqual(parseWords([]), { texts: [], show: false, json: false, jobs: 2 });
  assert.deepEqual(parseWords(["ring", "--jobs", "4", "--json", "--show"]), {
    texts: ["ring"],
    show: true,
    json: true,
    jobs: 4,
  });
  assert.match(String(parseWords(["--jobs", "x"])), /--jobs takes a number/);
  assert.match(String(parseWords(["--what"])), /unknown option --what/);
});

Deno.test("a fault is planted, seen, survives where it may, and is gone afterwards", async () => {
  const plot = await Plot.make();
  try {
    const patch = { file: "core/fs/time.ts", old: "export", new: "/* planted */ export" };
    const look = 'console.log(await Deno.readTextFile("core/fs/time.ts")); Deno.exit(';
    const commands = (end: string) => [{ args: ["eval", look + end] }];
    const mutant = {
      name: "m",
      patches: [patch],
      commands: commands("1)"),
      expect: ["/* planted"],
    };
    assert.equal((await plot.try(mutant)).wrong, "");
    assert.match((await plot.try({ ...mutant, commands: commands("0)") })).wrong, /survived/);
    assert.match((await plot.run(commands("0)"))).output, /^export/m);
    const gone = { ...patch, file: "core/no_such.ts" };
    assert.match((await plot.try({ ...mutant, patches: [gone] })).wrong, /no file core\/no_such/);
    const hang = [{ args: ["eval", "for (;;);"] }];
    assert.equal((await plot.run(hang, 1000)).late, true);
  } finally {
    await plot.remove();
  }
});

Deno.test("every mutant's patch applies to the source as it is", async () => {
  const mutants = await loadMutants();
  assert.ok(mutants.length > 0);
  const wrong: string[] = [];
  for (const mutant of mutants) {
    for (const patch of mutant.patches) {
      // What is linked would be changed in the repository itself, and under every other mutant.
      const copied = COPIED.has(patch.file.split("/")[0]);
      if (!copied) wrong.push(`${mutant.name}: ${patch.file} is not in a folder that is copied`);
      try {
        const source = await Deno.readTextFile(new URL(`../../${patch.file}`, import.meta.url));
        applyPatch(patch, source);
      } catch (error) {
        wrong.push(`${mutant.name}: ${error instanceof Error ? error.message : error}`);
      }
    }
  }
  assert.equal(wrong.join("\n"), "");
});
