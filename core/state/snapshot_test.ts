import assert from "node:assert/strict";
import { compareArenas, differenceText, Snapshot } from "./snapshot.ts";
import { allocRow, freeRow } from "./table.ts";
import { fresh, layout } from "./test_boxes.ts";

Deno.test("a snapshot brings a state back, derived columns and freed rows included", () => {
  const { s, arena } = fresh();
  const box = allocRow(s.box);
  s.box.size[box] = 2 ** 40;
  s.box.guess[box] = 9;
  s.box.listed[box] = 2;
  s.box.list[box * 100 + 1] = 77;
  const snapshot = new Snapshot(layout);
  snapshot.take(arena);
  assert.equal(compareArenas(arena, snapshot), null);
  const lid = allocRow(s.lid);
  s.lid.weight[lid] = 3;
  s.box.list[box * 100 + 1] = 78;
  s.box.guess[box] = 8;
  freeRow(s.box, box);
  assert.notEqual(compareArenas(arena, snapshot), null);
  snapshot.restore(arena);
  assert.equal(compareArenas(arena, snapshot), null);
  assert.equal(s.box.size[box], 2 ** 40);
  assert.equal(s.box.guess[box], 9);
  assert.equal(s.box.list[box * 100 + 1], 77);
  assert.equal(s.lid.weight[lid], 0, "rows beyond the watermark are zero again");
  assert.equal(allocRow(s.lid), lid);
});

Deno.test("the first difference is named by table, row, column and element", () => {
  const { s, arena } = fresh();
  for (let i = 0; i < 5; i++) allocRow(s.box);
  for (let i = 0; i < 5; i++) allocRow(s.lid);
  s.box.listed[4] = 10;
  const other = new Snapshot(layout);
  const difference = (change: () => void) => {
    other.take(arena);
    change();
    const found = compareArenas(arena, other);
    other.restore(arena);
    return found === null ? "" : differenceText(found);
  };
  assert.equal(difference(() => s.box.colour[3] = 1), "box[3].colour[0]");
  assert.equal(difference(() => s.box.name[2 * 8 + 5] = 1), "box[2].name[5]");
  assert.equal(difference(() => s.lid.weight[5] = 1), "lid[5].weight[0]");
  assert.equal(difference(() => s.lid.weight[0] = 1), "lid[0].weight[0]", "row 0 is nobody's");
  assert.equal(difference(() => s.box.list[4 * 100 + 9] = 1), "box[4].list[9]");
  assert.equal(difference(() => s.box.list[4 * 100 + 10] = 1), "", "beyond the used count");
  assert.equal(difference(() => s.box.guess[3] = 1), "", "derived");
  assert.equal(difference(() => s.box.$header[3] = 9), "box header word 3");
  assert.equal(difference(() => allocRow(s.lid)), "lid[6].$live[0]");
});
