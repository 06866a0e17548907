import assert from "node:assert/strict";
import { parseReaderOptions } from "./reader_options.ts";
import { UsageError } from "./usage_error.ts";

const spec = { switches: ["--quiet"], numbers: ["--until"], words: ["--kind"] };
const parse = (...words: string[]) => parseReaderOptions("replay", words, spec, "/home");

Deno.test("options and file come in any order", () => {
  const request = parse("--until", "12", "a.daybook", "--quiet", "--kind=timer");
  assert.equal(request.file, "/home/a.daybook");
  assert.equal(request.number("--until"), 12);
  assert.equal(request.word("--kind"), "timer");
  assert.ok(request.has("--quiet"));
  assert.equal(parse("x").number("--until"), undefined);
  assert.ok(parse("--help").has("--help"));
});

Deno.test("what is wrong is one line", () => {
  const wrong = [
    [],
    [""],
    ["a", "b"],
    ["--no-such", "a"],
    ["--until", "a"],
    ["--until", "-1", "a"],
    ["a", "--until"],
    ["--quiet=1", "a"],
    ["--quiet", "--quiet", "a"],
  ];
  for (const words of wrong) {
    assert.throws(() => parse(...words), (error: unknown) => {
      assert.ok(error instanceof UsageError);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  }
});
