/** What FAULTS.md says holds a fault off is there: every test and every mutant it names. */
import assert from "node:assert/strict";
import { repository } from "../daybook.ts";
import { type Facts, names, repositoryFacts } from "../invariants/map.ts";

/** Rows of the tables: the fault, and what is said of it. */
function rowsOf(text: string): (readonly [fault: string, here: string])[] {
  const lines = text.split("\n").filter((line) =>
    line.startsWith("| ") && !/^\| (-+|fault) /.test(line)
  );
  return lines.map((line) => {
    const [, fault = "", here = ""] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    return [fault, here.replaceAll("\\|", "|")];
  });
}

/** What is missing of what the rows name. */
function gapsIn(text: string, facts: Facts): string[] {
  const rows = rowsOf(text);
  const gaps = rows.length < 20 ? [`only ${rows.length} faults`] : [];
  for (const [fault, here] of rows) {
    const named = [...here.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
    const tests = named.filter((name) => name.includes(" | "));
    const mutants = named.filter((name) => !name.includes(" | "));
    if (named.length === 0) gaps.push(`${fault}: nothing holds it off`);
    if (here.startsWith("By construction") !== tests.length > 0) {
      gaps.push(`${fault}: a construction and its guard go together`);
    }
    for (const test of tests) {
      const [path = "", name = ""] = test.split(" | ");
      if (facts.tests.get(path)?.some((declared) => names(declared, name))) continue;
      gaps.push(`${fault}: no test ${test}`);
    }
    for (const mutant of mutants) {
      if (!facts.mutants.has(mutant)) gaps.push(`${fault}: no mutant ${mutant}`);
    }
  }
  return gaps;
}

const text = await Deno.readTextFile(`${repository}tests/mutants/FAULTS.md`);

Deno.test("faults: every known one is held off by tests and mutants that there are", async () => {
  assert.deepEqual(gapsIn(text, await repositoryFacts()), []);
});

Deno.test("faults: a name that is not there is missed", async () => {
  const facts = await repositoryFacts();
  const plants: readonly (readonly [string, string, RegExp])[] = [
    ["`scheduling: a pinned thread", "`scheduling: a pinned threat", /no mutant/],
    ["`core/self_check_test.ts", "`core/selfcheck_test.ts", /no test/],
    ["By construction: check and block", "Check and block", /go together/],
  ];
  for (const [good, bad, said] of plants) {
    const planted = text.replace(good, bad);
    assert.notEqual(planted, text);
    assert.match(gapsIn(planted, facts).join(), said);
  }
  assert.match(gapsIn("", facts).join(), /only 0 faults/);
});
