import assert from "node:assert/strict";
import { bindArena, layoutArena } from "./arena.ts";
import { f64, holds, owns, u16, u32, u8 } from "./column.ts";
import { changeText, diffStates } from "./diff.ts";
import { rowText, tableText } from "./print.ts";
import { referencePage } from "./reference.ts";
import { compareArenas, differenceText, Snapshot } from "./snapshot.ts";
import { allocRow, freeRow, table } from "./table.ts";

const tables = {
  box: table("box", { doc: "Boxes | crates.", capacity: 20, root: true }, {
    size: f64("bytes"),
    colour: u8("a number"),
    lid: owns("lid", "its lid"),
    name: u8("text", { count: 8 }),
    list: u32("numbers", { count: 100, usedCount: "listed" }),
    listed: u32("how many"),
    guess: u32("a cache", { role: "derived" }),
  }),
  lid: table("lid", { doc: "Lids.", capacity: 20 }, {
    weight: u16("grams"),
    under: holds("box", "box below"),
  }),
};
const layout = layoutArena(tables);

function fresh() {
  const buffer = new ArrayBuffer(layout.bytes + 4096);
  return { s: bindArena(tables, layout, buffer, 4096), arena: { layout, buffer, base: 4096 } };
}

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

Deno.test("a diff lists what changed and nothing else", () => {
  const { s, arena } = fresh();
  const box = allocRow(s.box);
  s.box.size[box] = 5;
  const snapshot = new Snapshot(layout);
  snapshot.take(arena);
  const before = bindArena(tables, layout, snapshot.buffer, 0);
  assert.deepEqual(diffStates(layout, before, s), []);
  const lid = allocRow(s.lid);
  s.box.size[box] = 6;
  s.box.lid[box] = lid;
  s.box.name[box * 8 + 2] = 65;
  s.box.guess[box] = 1;
  s.box.listed[box] = 1;
  s.box.list[box * 100] = 4;
  const lines = diffStates(layout, before, s).map((c) => changeText(layout, c));
  assert.deepEqual(lines, [
    "box[1].size: 5 -> 6",
    "box[1].lid: 0 -> 1",
    "box[1].name[2]: 0 -> 65",
    "box[1].list[0]: 0 -> 4",
    "box[1].listed: 0 -> 1",
    "lid[1].$live: 0 -> 1",
  ]);
  assert.equal(diffStates(layout, before, s, { derived: true }).length, 7);
  assert.equal(diffStates(layout, before, s, { limit: 2 }).length, 2);
});

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

Deno.test("the reference page names every table and column", () => {
  const page = referencePage("Boxes", tables);
  assert.match(page, /^# Boxes\n\n## box\n\nBoxes \\\| crates\./);
  assert.match(page, /\| lid \| u32 \| object \| state \| owns lid \| its lid \|/);
  assert.match(page, /\| list \| u32 × 100, listed used \| object \| state \| {2}\| numbers \|/);
  for (const [key, spec] of Object.entries(tables)) {
    assert.ok(page.includes(`## ${key}\n`));
    for (const name of Object.keys(spec.columns)) assert.ok(page.includes(`| ${name} |`));
  }
});
