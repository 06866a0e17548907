import assert from "node:assert/strict";
import { allocRow, freeRow, freeRows, isCurrent, LAST_GENERATION, retiredRows } from "./table.ts";
import { fresh } from "./test_boxes.ts";

Deno.test("a table gives rows until it is full, and again in the order they were freed", () => {
  const { s } = fresh();
  const rows = Array.from({ length: 20 }, () => allocRow(s.box));
  assert.deepEqual(rows, Array.from({ length: 20 }, (_, i) => i + 1));
  assert.equal(freeRows(s.box), 0);
  assert.equal(allocRow(s.box), 0);
  for (const row of [7, 3, 12]) freeRow(s.box, row);
  assert.equal(freeRows(s.box), 3);
  assert.deepEqual([allocRow(s.box), allocRow(s.box), allocRow(s.box)], [7, 3, 12]);
  assert.equal(allocRow(s.box), 0);
  assert.throws(() => {
    freeRow(s.box, 5);
    freeRow(s.box, 5);
  }, /freed once/);
});

Deno.test("a slot in its last generation is retired: it alone is lost, and no old handle comes back", () => {
  const { s } = fresh();
  const row = allocRow(s.box);
  const other = allocRow(s.box);
  s.box.$generation[row] = LAST_GENERATION - 1;
  freeRow(s.box, row);
  freeRow(s.box, other);
  assert.equal(retiredRows(s.box), 0, "the last generation is still to come");
  // First in, first out: this is the slot again.
  assert.equal(allocRow(s.box), row);
  assert.equal(s.box.$generation[row], LAST_GENERATION);
  assert.ok(isCurrent(s.box, row, LAST_GENERATION));
  freeRow(s.box, row);
  assert.equal(retiredRows(s.box), 1);
  assert.equal(s.lid.$unbooked[0], 1, "one word for all tables says that the books do not know");
  assert.equal(freeRows(s.box), 19);
  const rest = Array.from({ length: 19 }, () => allocRow(s.box));
  assert.ok(!rest.includes(row) && !rest.includes(0), rest.join(" "));
  assert.equal(allocRow(s.box), 0);
  for (const generation of [0, LAST_GENERATION - 1, LAST_GENERATION, LAST_GENERATION + 1]) {
    assert.equal(isCurrent(s.box, row, generation), false);
  }
});
