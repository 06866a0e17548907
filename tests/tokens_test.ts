import assert from "node:assert/strict";
import { references, tokenize } from "./tokens.ts";

const names = (source: string): string[] =>
  tokenize(source).filter((token) => token.kind === "name").map((token) => token.text);

Deno.test("comments, strings, templates and regular expressions hide what they hold", () => {
  const source = `
    // Date
    /* Date
       Date */
    const a = "Date \\" Date", b = 'Date', c = \`Date \${inner + \`Date \${deep}\`} Date $\`;
    const d = /Date[/Date]"/g.test(x) ? y / z : w; f(1) / Date / 2;
  `;
  assert.deepEqual(
    names(source),
    [
      "const",
      "a",
      "b",
      "c",
      "inner",
      "deep",
      "const",
      "d",
      "test",
      "x",
      "y",
      "z",
      "w",
      "f",
      "Date",
    ],
  );
});

Deno.test("braces inside a template's expression do not end it", () => {
  assert.deepEqual(names("`${ { a: { b } } }Date`; `x${ `${y}` }Date${z}`; q"), [
    "a",
    "b",
    "y",
    "z",
    "q",
  ]);
});

Deno.test("lines are counted through every kind of token", () => {
  const source = "`one\n${two}\nthree`\n/* \n */ last";
  assert.equal(tokenize(source).find((token) => token.text === "two")?.line, 2);
  assert.equal(tokenize(source).at(-1)?.line, 5);
});

Deno.test("numbers are not names", () => {
  assert.deepEqual(names("0xDA7E; 1e5; 1_000n; .5; 0b11; 1.5e-3; x"), ["x"]);
});

Deno.test("what does not end is an error", () => {
  for (const source of ["'a", "`a", "`a${b", "/* a"]) {
    assert.throws(() => tokenize(source), /does not end/, source);
  }
});

Deno.test("every form of import is found, with its line", () => {
  const source = `import a from "1";
import { b,
  c } from "2";
import type { D } from '3';
import "4";
export * from "5";
export { e } from "6";
const f = await import("7");
type G = import("8").H;
new Worker(new URL("./9.ts", import.meta.url), { type: "module" });
const url = import.meta.url; const text = 'import x from "not"'; // import "not"
object.from("not"); Array.from("not");
await import(computed);
import json from "10.json" with { type: "json" };
`;
  assert.deepEqual(references(tokenize(source)), [
    { specifier: "1", line: 1 },
    { specifier: "2", line: 3 },
    { specifier: "3", line: 4 },
    { specifier: "4", line: 5 },
    { specifier: "5", line: 6 },
    { specifier: "6", line: 7 },
    { specifier: "7", line: 8 },
    { specifier: "8", line: 9 },
    { specifier: "./9.ts", line: 10 },
    { specifier: "?", line: 13 },
    { specifier: "10.json", line: 14 },
  ]);
});
