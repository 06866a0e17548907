import assert from "node:assert/strict";
import { enterByPriority, leaveByPriority, type PriorityLinks } from "./priority_list.ts";
import { testRandom } from "./testing.ts";

Deno.test("priority list: any sequence of entering and leaving is as sorting would have it", () => {
  const size = 60;
  const links: PriorityLinks = {
    next: new Uint32Array(size),
    previous: new Uint32Array(size),
    mate: new Uint32Array(size),
    priority: new Uint8Array(size),
  };
  const heads = new Uint32Array(1);
  const tails = new Uint32Array(1);
  const below = testRandom(7);
  let model: number[] = [];
  for (let turn = 0; turn < 20_000; turn++) {
    const row = 1 + below(size - 1);
    if (model.includes(row)) {
      leaveByPriority(links, heads, tails, 0, row);
      model = model.filter((other) => other !== row);
      assert.equal(links.mate[row] + links.next[row] + links.previous[row], 0);
    } else {
      links.priority[row] = below(5) * 60;
      const passed = enterByPriority(links, heads, tails, 0, row);
      const behind = model.filter((other) => links.priority[other] >= links.priority[row]).length;
      const stretches = new Set(model.slice(behind).map((other) => links.priority[other]));
      assert.equal(passed, stretches.size, "as many steps as there are lower priorities");
      model.splice(behind, 0, row);
    }
    const forward: number[] = [];
    for (let at = heads[0]; at !== 0; at = links.next[at]) forward.push(at);
    const backward: number[] = [];
    for (let at = tails[0]; at !== 0; at = links.previous[at]) backward.push(at);
    assert.deepEqual(forward, model);
    assert.deepEqual(backward.reverse(), model);
  }
});
