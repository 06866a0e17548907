import assert from "node:assert/strict";
import type { OpName } from "../ops.ts";
import { analyseFlow } from "./control_flow.ts";
import type { Block, RegionOp } from "./region.ts";
import { registerFlow, registersOf } from "./register_flow.ts";

const op = (name: OpName, a: number, b: number, c: number): RegionOp => ({
  name,
  pc: 0,
  length: 4,
  a,
  b,
  c,
  d: 0,
  immediate: 0,
});

/** A block that reads two registers and then writes one. */
const block = (a: number, b: number, c: number): Block => ({
  start: 0,
  ops: [op("add", a, b, c)],
  ending: "leave",
  taken: -1,
  next: -1,
  targets: [],
});

function follow(blocks: readonly Block[], edges: readonly (readonly number[])[]) {
  const flow = analyseFlow(edges);
  const { dirty, defines, loads } = registerFlow(blocks, flow);
  const sets = (masks: readonly bigint[]) => masks.slice(0, blocks.length).map(registersOf);
  return {
    dirty: sets(dirty),
    defines: sets(defines),
    loads: sets(loads),
    root: loads[flow.root]!,
  };
}

Deno.test("register flow: what only one arm reads is loaded there", () => {
  const { loads, dirty, defines } = follow(
    [block(5, 6, 7), block(8, 9, 9), block(10, 11, 11), block(12, 5, 6)],
    [[1, 2], [3], [3], []],
  );
  // x8 and x10 may be dirty behind the arms: what the other arm has of them must be true too.
  assert.deepEqual(loads, [[6, 7, 8, 10], [9], [11], []]);
  assert.deepEqual(dirty, [[], [5], [5], [5, 8, 10]]);
  assert.deepEqual(defines, [[5], [8], [10], [12]]);
});

Deno.test("register flow: nothing is loaded in a loop", () => {
  const { loads } = follow(
    [block(5, 6, 6), block(8, 9, 5), block(10, 11, 8), block(12, 13, 13)],
    [[1], [2], [1, 3], []],
  );
  // x8 and x10 are dirty when the loop begins anew, so they must hold something from the start.
  assert.deepEqual(loads, [[6, 8, 9, 10, 11], [], [], [13]]);
});

Deno.test("register flow: a loop at the entry has its registers before it", () => {
  const { loads, root } = follow([block(5, 5, 6), block(7, 5, 8)], [[0, 1], []]);
  assert.deepEqual(loads, [[], [8]]);
  assert.deepEqual(registersOf(root), [5, 6]);
});

Deno.test("register flow: loops with several entries, and x0 is no register", () => {
  const { loads, root } = follow(
    [block(0, 0, 6), block(5, 0, 7), block(7, 5, 8)],
    [[1, 2], [2], [1]],
  );
  assert.deepEqual(loads, [[5, 6, 7, 8], [], []]);
  assert.equal(root, 0n);
});
