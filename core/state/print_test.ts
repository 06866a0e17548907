import assert from "node:assert/strict";
import { rowText, tableText } from "./print.ts";
import { allocRow, freeRow } from "./table.ts";
import { fresh, layout } from "./test_boxes.ts";

Deno.test("rows print their non-zero columns, handles by name, arrays folded", () => {
  const { s } = fresh();
  const box = allocRow(s.box);
  const lid = allocRow(s.lid);
  s.box.lid[box] = lid;
  s.lid.under[lid] = box;
  [104, 105].forEach((c, i) => s.box.name[box * 8 + i] = c);
  s.box.listed[box] = 20;
  for (let i = 0; i < 30; i++) s.box.list[box * 100 + i] = i;
  assert.equal(
    rowText(layout, s, "box", box),
    'box[1] lid=lid#1 name="hi" ' +
      "list={1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 8: 8, 11 more} listed=20",
  );
  assert.equal(tableText(layout, s, "lid"), "lid[1] under=box#1");
  freeRow(s.lid, lid);
  assert.equal(rowText(layout, s, "lid", lid), "lid[1] (free)");
  assert.equal(tableText(layout, s, "lid"), "");
  assert.throws(() => rowText(layout, s, "hat", 1), /no table named hat/);
});
