/** The test runner counts what passes and fails, and cannot be fooled by a module that dies. */
import assert from "node:assert/strict";
import { runChild, text } from "./child.ts";
import { readReport } from "./junit.ts";
import { repository } from "./daybook.ts";

/** Runs the runner on planted modules; returns its last line and exit status. */
async function runPlanted(modules: Record<string, string>): Promise<[string, number]> {
  const folder = await Deno.makeTempDir({ prefix: "daybook-planted-" });
  for (const [name, source] of Object.entries(modules)) {
    await Deno.writeTextFile(`${folder}/${name}`, source);
  }
  const args = [
    "run",
    "--allow-read",
    "--allow-write",
    "--allow-env",
    "--allow-run",
    "--allow-sys",
  ];
  const result = await runChild(Deno.execPath(), [...args, "tests/main.ts", folder], {
    cwd: repository,
  });
  await Deno.remove(folder, { recursive: true });
  return [text(result.stdout).trimEnd().split("\n").at(-1) ?? "", result.status];
}

const GOOD = `Deno.test("good", () => {});\n`;
const BAD = `Deno.test("bad", () => { throw new Error("planted"); });\n`;
const IGNORED = `Deno.test({ name: "ignored", ignore: true, fn() {} });\n`;

Deno.test("runner: passing and ignored tests", async () => {
  assert.deepEqual(await runPlanted({ "a_test.ts": GOOD, "b_test.ts": GOOD }), [
    "2 passed, 0 failed",
    0,
  ]);
  assert.deepEqual(await runPlanted({ "a_test.ts": GOOD + IGNORED }), [
    "1 passed, 0 failed, 1 skipped",
    0,
  ]);
});

Deno.test("runner: a failing test, a module that throws, one without tests", async () => {
  const modules = {
    "a_test.ts": GOOD + BAD,
    "b_test.ts": `throw new Error("planted");\n`,
    "c_test.ts": "export {};\n",
  };
  assert.deepEqual(await runPlanted(modules), ["1 passed, 3 failed", 1]);
});

Deno.test("runner: a type error is a failure", async () => {
  const modules = { "a_test.ts": GOOD, "b_test.ts": `const n: number = "x"; n;\n${GOOD}` };
  assert.deepEqual(await runPlanted(modules), ["0 passed, 1 failed", 1]);
});

Deno.test("report: steps belong to their test, names are unescaped", () => {
  const counts = readReport(`<testsuites name="deno test" tests="4">
    <testsuite name="./a_test.ts" tests="4">
      <testcase name="a &lt;b&gt;" classname="./a_test.ts"></testcase>
      <testcase name="outer" classname="./a_test.ts"><failure message="x">y</failure></testcase>
      <testcase name="outer &gt; inner" classname="x"><failure message="x">y</failure></testcase>
      <testcase name="cut" classname="./a_test.ts"><error message="Cancelled"/></testcase>
      <testcase name="not run" classname="./a_test.ts"><skipped/></testcase>
    </testsuite></testsuites>`);
  assert.equal(counts.passed, 1);
  assert.equal(counts.skipped, 1);
  assert.deepEqual(counts.failed, ["./a_test.ts: outer", "./a_test.ts: cut"]);
  assert.deepEqual([...counts.modules], ["./a_test.ts"]);
});
