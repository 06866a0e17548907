import assert from "node:assert/strict";
import { array, frame, path, row, selected, strings, struct, value } from "../core/syscall/row.ts";
import { linuxRows } from "../core/syscall/table.ts";
import { referencePages } from "./generate.ts";
import { syscallPage } from "./syscall_page.ts";

for (const [name, page] of Object.entries(referencePages())) {
  Deno.test(`docs/${name} is what deno task reference makes`, async () => {
    const kept = await Deno.readTextFile(new URL(name, import.meta.url));
    assert.equal(kept, page, `docs/${name} is out of date: run deno task reference`);
  });
}

Deno.test("the system call page has one line for each call, and they differ", () => {
  const page = syscallPage([{ title: "Linux", rows: linuxRows }]);
  const lines = page.split("\n").filter((line) => /^\| \d/.test(line));
  assert.equal(lines.length, linuxRows.length);
  assert.equal(new Set(lines).size, lines.length);
  for (const { number, name } of linuxRows) assert.ok(page.includes(`| ${number} | \`${name}\` |`));
});

Deno.test("the system call page says how each kind of argument is taken", () => {
  const none = { none: "looks | at nothing" } as const;
  const rows = [
    row(2, "late", { p: path, v: strings }, { argument: 0 }, "never", "Second."),
    row(
      1,
      "early",
      { n: value, a: array(8, 0, 16, 64), s: struct(12) },
      { slot: "cwd" },
      "eintr",
      "A.",
    ),
    row(3, "last", { k: value, x: selected(0, { 16: 4 }), f: frame(9) }, none, "progress", "C."),
  ];
  const lines = syscallPage([{ title: "Some", rows }]).split("\n").filter((l) => /^\| \d/.test(l));
  assert.deepEqual(lines, [
    "| 1 | `early` | `n`, `a` (n × 8 bytes copied in, at most 16), `s` (12 bytes copied in) | " +
    "the process's cwd | eintr | A. |",
    "| 2 | `late` | `p` (path copied in), `v` (strings copied in) | argument `p` | never | Second. |",
    "| 3 | `last` | `k`, `x` (copied in by k: 0x10 4 bytes), " +
    "`f` (9 bytes copied in from the stack pointer) | none: it looks \\| at nothing | progress | C. |",
  ]);
});
