import assert from "node:assert/strict";
import { USER_END_PAGE } from "../isa/riscv64.ts";
import { PAGE_BYTES } from "../limits.ts";
import { mapMemory, Placement } from "./map.ts";
import { firstTablePage, leafTable, nextAfter, nextPresent } from "./pte.ts";
import { spaceOf } from "./space.ts";
import { Prot } from "./tables.ts";
import { Bench, generator } from "./testing.ts";
import { unmapRange } from "./unmap.ts";

const TABLE = 512;
const GIGA = TABLE * TABLE;

/** Pages at every edge a search can stumble over, and a few anywhere. */
function places(): number[] {
  const random = generator(7);
  const pages = new Set([20, 31, 32, 63, 64, TABLE - 1, TABLE, 2 * TABLE + 1, GIGA - 1, GIGA]);
  for (const base of [3 * GIGA, 17 * GIGA + 5 * TABLE]) {
    for (let i = 0; i < 40; i++) pages.add(base + random(3 * TABLE));
  }
  return [...pages].sort((a, b) => a - b);
}

Deno.test("present pages are found in order, from anywhere up to any end, as they come and go", () => {
  const b = new Bench({ totalFrames: 4096, backingSlots: 2048 });
  const t = b.process();
  const h = b.s.thread.hart[t];
  const space = spaceOf(b.s, t);
  const random = generator(3);
  let present = places();
  for (const page of present) {
    const rw = Prot.Read | Prot.Write;
    mapMemory(b.s, b.fx, h, t, page, 1, rw, 0, 0, 0, Placement.Fixed);
    assert.equal(b.store(t, page * PAGE_BYTES, 1), 0);
  }
  while (present.length > 0) {
    for (let i = 0; i < 60; i++) {
      const near = present[random(present.length)];
      const from = Math.max(0, near + random(5) - 2);
      const end = i % 3 === 0 ? USER_END_PAGE : from + random(3 * TABLE);
      const first = present.find((page) => page >= from && page < end) ?? end;
      assert.equal(nextPresent(b.s, space, from, end), first, `from ${from} to ${end}`);
      const behind = present.find((page) => page > near && page < near + i * 9) ?? near + i * 9;
      const table = leafTable(b.s, space, near);
      assert.equal(nextAfter(b.s, space, table, near, near + i * 9), i === 0 ? near : behind);
    }
    assert.equal(firstTablePage(b.s, space), present[0] - present[0] % TABLE);
    b.check();
    const gone = present.filter(() => random(3) === 0);
    present = present.filter((page) => !gone.includes(page));
    for (const page of gone) b.finish(unmapRange(b.s, b.fx, h, t, page, page + 1, 0), h, t);
  }
  assert.equal(nextPresent(b.s, space, 0, USER_END_PAGE), USER_END_PAGE);
  assert.equal(firstTablePage(b.s, space), -1);
  b.exit(t);
  b.assertBaseline();
});
