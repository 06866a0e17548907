import assert from "node:assert/strict";
import { bindArena } from "./arena.ts";
import { changeText, diffStates } from "./diff.ts";
import { Snapshot } from "./snapshot.ts";
import { allocRow } from "./table.ts";
import { fresh, layout, tables } from "./test_boxes.ts";

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
