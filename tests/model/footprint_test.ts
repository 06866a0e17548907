import assert from "node:assert/strict";
import { layoutKernel } from "../../core/reducer.ts";
import { allocRow, freeRow } from "../../core/state/table.ts";
import { dependent, type Footprint } from "./footprint.ts";
import { Recorder } from "./recorder.ts";
import { FootprintTable, Renaming } from "./footprint_table.ts";
import { entryOf } from "./key_names.ts";

const LAYOUT = layoutKernel({ thread: 8, process: 8, pipe: 8, frame: 32 });

function recorder(missed: readonly string[] = []): Recorder {
  return new Recorder(LAYOUT, new ArrayBuffer(LAYOUT.bytes), missed);
}

/** What a piece of work on the state touches. */
function touching(r: Recorder, work: () => void): Footprint {
  r.begin();
  r.noting(work);
  return r.end();
}

Deno.test("footprints that write what the other touches may not change places", () => {
  const r = recorder();
  const { pipe } = r.state;
  for (let i = 0; i < 2; i++) allocRow(pipe);
  const write = touching(r, () => pipe.head[1] = 5);
  const read = touching(r, () => assert.equal(pipe.head[1], 5));
  const other = touching(r, () => pipe.head[2] = 5);
  assert.ok(dependent(write, read) && dependent(read, write) && dependent(write, write));
  assert.ok(!dependent(read, read) && !dependent(write, other));
  // What holds what it held before was only read.
  const back = touching(r, () => {
    pipe.head[1] = 6;
    pipe.head[1] = 5;
  });
  assert.ok(!dependent(back, read) && dependent(back, write));
});

Deno.test("a counter that is counted commutes, one that is looked at does not", () => {
  const r = recorder();
  const { pipe } = r.state;
  allocRow(pipe);
  const up = touching(r, () => pipe.readers[1]++);
  const down = touching(r, () => pipe.readers[1]--);
  const look = touching(r, () => {
    pipe.readers[1]++;
    if (pipe.readers[1] === 0) throw new Error("counted");
  });
  assert.ok(!dependent(up, down));
  assert.ok(dependent(up, look) && dependent(look, down), "a counter that was looked at is read");
});

Deno.test("members of a set are put in and taken out each by itself", () => {
  const r = recorder();
  const { kernel } = r.state;
  allocRow(kernel);
  const first = touching(r, () => kernel.hungryLo[1] |= 1);
  const second = touching(r, () => kernel.hungryLo[1] |= 2);
  const look = touching(r, () => assert.equal(kernel.hungryLo[1], 3));
  assert.ok(!dependent(first, second) && dependent(first, look) && dependent(second, look));
  const again = touching(r, () => kernel.hungryLo[1] |= 1);
  assert.ok(dependent(again, first), "who puts in what is in counts on whoever did it first");
});

Deno.test("to free a row is to write it, and to take one touches nobody's", () => {
  const r = recorder();
  const { pipe, process } = r.state;
  allocRow(pipe);
  pipe.head[1] = 7;
  const look = touching(r, () => assert.equal(pipe.$live[1], 1));
  const take = touching(r, () => {
    pipe.head[allocRow(pipe)] = 9;
  });
  assert.ok(!dependent(take, look) && !dependent(take, take));
  const free = touching(r, () => freeRow(pipe, 1));
  assert.ok(dependent(free, look), "whether it is in use, free or not, is what changed");
  const gone = touching(r, () => assert.equal(pipe.$live[1], 0));
  assert.ok(dependent(free, gone) && !dependent(gone, look));
  // Processes are walked: whoever finds none would see one that is made.
  const none = touching(r, () => assert.equal(process.$live[1], 0));
  const made = touching(r, () => allocRow(process));
  assert.ok(dependent(none, made));
});

Deno.test("a footprint is told of the rows of another state by their names", () => {
  const r = recorder();
  const { pipe } = r.state;
  for (let i = 0; i < 3; i++) allocRow(pipe);
  const table = new FootprintTable(r);
  const number = (row: number): number => table.number(touching(r, () => pipe.head[row] = 1 + row));
  const at = LAYOUT.tables.findIndex(({ key }) => key === "pipe");
  const [first, second] = [number(1), number(2)];
  const renaming = new Renaming(Int32Array.of(entryOf(at, 1)), Int32Array.of(entryOf(at, 2)));
  assert.equal(table.renamed(first, renaming), second);
  assert.equal(table.renamed(second, renaming), 0, "a row that is not there is nobody's");
  const both = table.union(first, second);
  assert.equal(table.union(second, first), both);
  assert.ok(table.dependent(both, first) && table.dependent(both, second));
  assert.ok(!table.dependent(first, second));
});

Deno.test("a column can be left out, to see that it is missed", () => {
  const r = recorder(["pipe.head"]);
  allocRow(r.state.pipe);
  const write = touching(r, () => r.state.pipe.head[1] = 5);
  assert.ok(!dependent(write, write));
});
