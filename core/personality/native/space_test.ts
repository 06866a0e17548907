import assert from "node:assert/strict";
import { AccessKind } from "../../event.ts";
import { Account } from "../../ledger/accounts.ts";
import { resolve } from "../../mem/user.ts";
import { Bench } from "../../proc/testing.ts";
import { NativeError } from "./errors.ts";
import { made, native, nr } from "./testing.ts";

/** Where tests map memory: its address. */
const AT = 0x2000 * 4096;
const PAGE = 4096;

const touch = (b: Bench, hart: number, page: number, access: number): boolean => {
  const reached = resolve(b.s, b.world.fx, hart, b.on(hart), AT + page * PAGE, access);
  b.world.fx.clear();
  return reached > 0;
};

/** Init with a token of the space a child of it runs in on hart 1, and one of memory mapped there. */
function parent(pages: number) {
  const b = new Bench();
  const memory = made(b, 0, "memory_create", pages);
  const space = made(b, 0, "space_create");
  assert.equal(native(b, 0, "space_map", space, memory, AT, pages, 0, 3), 0);
  const child = made(b, 0, "process_spawn", space, AT, AT + PAGE, 0, 0);
  assert.notEqual(b.processOf(b.on(1)), b.world.init);
  return { b, memory, space, child };
}

Deno.test("space: what is unmapped goes, also from the middle, and can be mapped again", () => {
  const b = new Bench();
  const memory = made(b, 0, "memory_create", 4);
  const own = made(b, 0, "cap_space");
  assert.equal(native(b, 0, "space_map", own, memory, AT, 4, 0, 3), 0);
  for (let page = 0; page < 4; page++) assert.ok(touch(b, 0, page, AccessKind.Write));
  assert.equal(native(b, 0, "space_unmap", own, AT + PAGE, 2), 0);
  assert.deepEqual(
    [0, 1, 2, 3].map((page) => touch(b, 0, page, AccessKind.Read)),
    [true, false, false, true],
  );
  b.check();
  assert.equal(native(b, 0, "space_map", own, memory, AT + PAGE, 1, 1, 1), 0);
  assert.ok(touch(b, 0, 1, AccessKind.Read));
  // What is mapped nowhere is unmapped already.
  assert.equal(native(b, 0, "space_unmap", own, AT + 0x10_0000, 9), 0);
  assert.equal(native(b, 0, "space_unmap", own, AT + 1, 1), NativeError.Invalid);
  assert.equal(native(b, 0, "space_unmap", own, AT, 0), NativeError.Invalid);
  assert.equal(native(b, 0, "space_unmap", own, AT, 2 ** 40), NativeError.Invalid);
  b.check();
});

Deno.test("space: access shrinks and comes back, to no more than the mapping was made for", () => {
  const b = new Bench();
  const memory = made(b, 0, "memory_create", 2);
  const own = made(b, 0, "cap_space");
  const protect = (pages: number, rights: number) =>
    native(b, 0, "space_protect", own, AT, pages, rights);
  assert.equal(native(b, 0, "space_map", own, memory, AT, 2, 0, 3), 0);
  assert.ok(touch(b, 0, 0, AccessKind.Write));
  assert.equal(protect(1, 1), 0);
  assert.equal(touch(b, 0, 0, AccessKind.Write), false);
  assert.ok(touch(b, 0, 1, AccessKind.Write));
  assert.equal(protect(2, 3), 0);
  assert.ok(touch(b, 0, 0, AccessKind.Write));
  assert.equal(protect(2, 5), NativeError.Invalid);
  assert.equal(protect(2, 8), NativeError.Invalid);
  assert.equal(protect(3, 1), NativeError.Invalid);
  assert.equal(native(b, 0, "cap_revoke", memory), 0);
  b.check();
});

Deno.test("space: another process's memory goes when its hart has forgotten it, and not before", () => {
  for (const [call, ...more] of [["space_unmap"], ["space_protect", 1]] as const) {
    const { b, space } = parent(2);
    assert.ok(touch(b, 1, 0, AccessKind.Write));
    b.held.add(1);
    const thread = b.on(0);
    assert.equal(native(b, 0, call, space, AT, 2, ...more), undefined);
    assert.equal(b.s.account.balance[Account.ShootdownUsed], 1);
    assert.equal(touch(b, 1, 0, AccessKind.Write), false);
    b.check();
    b.held.delete(1);
    b.pump();
    assert.equal(b.results.get(thread), 0);
    b.check();
  }
});

Deno.test("space: more pages than one event takes; the space outlives its token meanwhile", () => {
  const { b, memory, space, child } = parent(60);
  for (let n = 1; n < 5; n++) {
    assert.equal(native(b, 0, "space_map", space, memory, AT + n * 60 * PAGE, 60, 0, 3), 0);
  }
  for (let page = 0; page < 300; page++) assert.ok(touch(b, 1, page, AccessKind.Write));
  const thread = b.on(0);
  const owner = b.s.process.space[b.processOf(b.on(1))];
  b.enter(0, nr("space_unmap"), space, AT, 300);
  assert.equal(b.s.addressSpace.operation[owner], thread);
  assert.equal(b.s.thread.sweeping[thread], owner);
  b.check();
  // Its process ends in between.
  b.enter(1, 94, 0);
  b.pump();
  assert.equal(b.results.get(thread), 0);
  assert.equal(b.s.thread.sweeping[thread], 0);
  b.check();
  assert.equal(native(b, 0, "cap_delete", space), 0);
  assert.equal(native(b, 0, "cap_delete", child), 0);
  assert.equal(b.s.addressSpace.$live[owner], 0);
  b.check();
});
