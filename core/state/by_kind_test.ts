import assert from "node:assert/strict";
import { bindArena, layoutArena } from "./arena.ts";
import { byKind, u8 } from "./column.ts";
import { rowText } from "./print.ts";
import { referencePage } from "./reference.ts";
import { table } from "./table.ts";
import { allocRow } from "./table.ts";

const targets = {
  1: { table: "hat", kind: "holds" },
  2: { table: "shoe", kind: "weak" },
} as const;
const tables = {
  peg: table("peg", { doc: "Pegs.", capacity: 4, root: true }, {
    kind: u8("a kind"),
    thing: byKind("kind", targets, "what hangs there"),
    kinds: u8("kinds", { count: 3 }),
    things: byKind("kinds", targets, "what hangs below", { count: 3 }),
  }),
};

Deno.test("a handle by kind is printed and described with the table its kind names", () => {
  const layout = layoutArena(tables);
  const s = bindArena(tables, layout, new ArrayBuffer(layout.bytes), 0);
  const row = allocRow(s.peg);
  s.peg.kind[row] = 2;
  s.peg.thing[row] = 9;
  s.peg.kinds.set([1, 0, 2], row * 3);
  s.peg.things.set([7, 5, 6], row * 3);
  const text = rowText(layout, s, "peg", row);
  assert.match(text, /thing=shoe#9/);
  assert.match(text, /things=\{0: hat#7, 1: 5, 2: shoe#6\}/);
  const page = referencePage("Pegs", tables);
  assert.match(page, /by kind: 1 holds hat, 2 weak shoe/);
});
