import assert from "node:assert/strict";
import { HELP, parseCheckOptions } from "./options.ts";

Deno.test("check: options are read, with their defaults", () => {
  const none = parseCheckOptions([]);
  assert.deepEqual(none.texts, []);
  assert.deepEqual([none.most, none.times, none.drawing], [Infinity, "order", undefined]);
  const some = parseCheckOptions(["ring", "--most=9", "--times", "exact", "--pure", "killed"]);
  assert.deepEqual(some.texts, ["ring", "killed"]);
  assert.deepEqual([some.most, some.times, some.pure, some.small], [9, "exact", true, false]);
  const { drawing } = parseCheckOptions(["--draw", "3", "--scripts", "talk", "--from", "7"]);
  assert.deepEqual(drawing, { scripts: "talk", depth: 3, from: 7, count: 100 });
});

Deno.test("check: words that make no sense are refused, with what would", () => {
  const refused: readonly [words: string[], why: RegExp][] = [
    [["--fast"], /unknown option --fast; see deno task check --help/],
    [["--small=1"], /unknown option --small=1/],
    [["--draw"], /--draw needs a value/],
    [["--draw", "some"], /--draw "some": must be a whole number from 0/],
    [["--most", "0"], /--most "0": must be a whole number from 1/],
    [["--times", "never"], /--times "never": must be exact or order/],
    [["--scripts", "toString"], /--scripts "toString": must be wild or talk/],
    [[""], /must be a name or a part of one/],
  ];
  for (const [words, why] of refused) assert.throws(() => parseCheckOptions(words), why);
});

Deno.test("check: the help names every option that is read", () => {
  const named = [...HELP.matchAll(/^ {2}(--\w+)(?: ([A-Z]+|exact))?/gm)];
  assert.ok(named.length > 10);
  for (const [, name, operand] of named) {
    const value = name === "--times" ? "exact" : name === "--scripts" ? "wild" : "1";
    assert.doesNotThrow(() => parseCheckOptions(operand ? [name, value] : [name]), name);
  }
});
