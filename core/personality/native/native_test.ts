import assert from "node:assert/strict";
import { CapKind, Right } from "../../cap/tables.ts";
import { AccessKind } from "../../event.ts";
import { resolve } from "../../mem/user.ts";
import { KNOWN_SLOTS, KnownSlot } from "../../proc/tables.ts";
import { Bench } from "../../proc/testing.ts";
import { NativeError } from "./errors.ts";
import { family, made, native, nr } from "./testing.ts";

const identity = (kind: number, rights: number, badge = 0): number =>
  kind + rights * 2 ** 8 + badge * 2 ** 16;

const ALL_MEMORY = Right.Read | Right.Write | Right.Execute | Right.Map | Right.Grant;
/** Where tests map memory: the page and its address. */
const AT = 0x2000 * 4096;

Deno.test("native: rights only shrink, a badge stays, what has none to grant is not handed on", () => {
  const b = new Bench();
  const memory = made(b, 0, "memory_create", 3);
  assert.equal(native(b, 0, "cap_identify", memory), identity(CapKind.Memory, ALL_MEMORY));
  assert.equal(native(b, 0, "memory_size", memory), 3);
  const part = made(b, 0, "cap_derive", memory, Right.Read | Right.Grant);
  const more = made(b, 0, "cap_derive", part, 0xff);
  assert.equal(
    native(b, 0, "cap_identify", more),
    identity(CapKind.Memory, Right.Read | Right.Grant),
  );
  const minted = made(b, 0, "cap_mint", part, 0xff, 0xdead_beef);
  assert.equal(native(b, 0, "cap_mint", minted, 0xff, 2), NativeError.FewerRights);
  assert.equal(native(b, 0, "cap_mint", part, 0xff, 0), NativeError.Invalid);
  const heir = made(b, 0, "cap_derive", minted, Right.Read);
  assert.equal(native(b, 0, "cap_identify", heir), identity(CapKind.Memory, 1, 0xdead_beef));
  assert.equal(native(b, 0, "cap_derive", heir, 1), NativeError.FewerRights);
  assert.equal(native(b, 0, "cap_copy", heir, 0), NativeError.FewerRights);
  assert.equal(native(b, 0, "cap_delete", minted), 0);
  assert.equal(native(b, 0, "cap_identify", minted), NativeError.Stale);
  assert.equal(native(b, 0, "cap_identify", heir), identity(CapKind.Memory, 1, 0xdead_beef));
  b.check();
});

Deno.test("native: a copy and a move to another process need its token with Control", () => {
  const { b, child, childToken } = family();
  const memory = made(b, 0, "memory_create", 1);
  const weaker = made(b, 0, "cap_derive", childToken, Right.Read);
  assert.equal(native(b, 0, "cap_copy", memory, weaker), NativeError.FewerRights);
  assert.equal(native(b, 0, "cap_copy", memory, memory), NativeError.WrongKind);
  const there = made(b, 0, "cap_copy", memory, childToken);
  assert.equal(native(b, 1, "memory_size", there), 1);
  const moved = made(b, 0, "cap_move", memory, childToken);
  assert.equal(native(b, 0, "memory_size", memory), NativeError.Stale);
  assert.equal(native(b, 1, "memory_size", moved), 1);
  // A child is not its parent's parent: it reaches nobody but itself.
  assert.equal(native(b, 1, "cap_process", b.s.process.pid[b.world.init]), NativeError.Absent);
  b.check();
  b.enter(1, 94, 0);
  b.pump();
  assert.equal(b.s.process.firstNode[child], 0);
  assert.equal(native(b, 0, "cap_copy", childToken, childToken), NativeError.Stale);
  b.check();
});

Deno.test("native: a token of a process whose row lives again is stale", () => {
  const { b, child, childToken } = family();
  b.s.process.$generation[child]++;
  assert.equal(native(b, 0, "cap_identify", childToken), NativeError.Stale);
});

Deno.test("native: what was renounced stays so for children", () => {
  const b = new Bench();
  made(b, 0, "cap_renounce", KnownSlot.clock);
  const child = b.processOf(b.fork());
  assert.equal(b.s.process.renounced[child], KnownSlot.clock);
  assert.equal(b.call(1, 113, 1, 0), -1);
  assert.equal(native(b, 0, "cap_renounce", KNOWN_SLOTS + 1), NativeError.Invalid);
});

Deno.test("notifications: bits come at once, later, to one, or not in time", () => {
  const { b, childToken } = family();
  const here = made(b, 0, "notification_create");
  const there = made(b, 0, "cap_copy", here, childToken);
  assert.equal(native(b, 0, "notification_poll", here), 0);
  assert.equal(native(b, 0, "notification_signal", here, 5), 0);
  assert.equal(native(b, 1, "notification_signal", there, 2), 0);
  assert.equal(native(b, 1, "notification_wait", there, 0), 7);
  assert.equal(native(b, 0, "notification_signal", here, 0), NativeError.Invalid);
  const waiter = b.on(1);
  assert.equal(native(b, 1, "notification_wait", there, 0), undefined);
  b.check();
  assert.equal(native(b, 0, "notification_signal", here, 0x7fff_ffff), 0);
  assert.equal(b.results.get(waiter), 0x7fff_ffff);
  assert.equal(native(b, 0, "notification_poll", here), 0);
  assert.equal(native(b, 1, "notification_wait", there, 9_000_000), undefined);
  b.timer(1, 9_000_000);
  assert.equal(b.results.get(waiter), NativeError.TimedOut);
  b.check();
});

Deno.test("notifications: whoever waits through a capability that is revoked is told", () => {
  const { b, childToken } = family();
  const mine = made(b, 0, "notification_create");
  const handed = made(b, 0, "cap_derive", mine, Right.Grant | Right.Receive);
  const there = made(b, 0, "cap_move", handed, childToken);
  const waiter = b.on(1);
  assert.equal(native(b, 1, "notification_wait", there, 0), undefined);
  assert.equal(native(b, 0, "cap_revoke", mine), 0);
  assert.equal(b.results.get(waiter), NativeError.Stale);
  assert.equal(native(b, 0, "notification_poll", mine), 0);
  b.check();
});

/** Memory of init's that the child has mapped through a capability derived for it. */
function shared() {
  const { b, child, childToken } = family();
  const memory = made(b, 0, "memory_create", 4);
  const own = made(b, 0, "cap_space");
  assert.equal(native(b, 0, "space_map", own, memory, AT, 2, 0, 3), 0);
  const handed = made(b, 0, "cap_derive", memory, ALL_MEMORY);
  const there = made(b, 0, "cap_copy", handed, childToken);
  const space = made(b, 1, "cap_space");
  assert.equal(native(b, 1, "space_map", space, there, AT, 2, 1, 3), 0);
  return { b, child, childToken, memory, handed, there, space };
}

const touch = (b: Bench, hart: number, address: number, access: number): number => {
  const reached = resolve(b.s, b.world.fx, hart, b.on(hart), address, access);
  b.world.fx.clear();
  return reached;
};

Deno.test("memory: mapping has no more rights than its capability, and no more pages", () => {
  const { b, there, space } = shared();
  const readable = made(b, 1, "cap_derive", there, Right.Read | Right.Map);
  const map = (memory: number, at: number, pages: number, offset: number, rights: number) =>
    native(b, 1, "space_map", space, memory, at, pages, offset, rights);
  assert.equal(map(readable, AT + 0x10000, 1, 0, 3), NativeError.FewerRights);
  assert.equal(map(readable, AT + 0x10000, 1, 0, 1), 0);
  assert.equal(map(readable, AT + 0x10000, 1, 0, 1), NativeError.Taken);
  assert.equal(map(readable, AT + 0x20000, 5, 0, 1), NativeError.Invalid);
  assert.equal(map(readable, AT + 0x20000, 4, 1, 1), NativeError.Invalid);
  assert.equal(map(readable, AT + 0x20001, 1, 0, 1), NativeError.Invalid);
  assert.equal(map(readable, 0, 1, 0, 1), NativeError.Invalid);
  assert.equal(map(there, AT + 0x20000, 1, 0, 6), NativeError.Invalid);
  assert.ok(touch(b, 1, AT + 0x10000, AccessKind.Write) < 0);
  assert.ok(touch(b, 1, AT + 0x10000, AccessKind.Read) > 0);
  b.check();
});

Deno.test("revoke: mapped memory of another process goes, with its tokens; ancestors stay", () => {
  const { b, child, memory, handed, there } = shared();
  const resident = () => b.s.addressSpace.resident[b.s.process.space[child]];
  const before = resident();
  assert.ok(touch(b, 1, AT, AccessKind.Write) > 0);
  assert.equal(resident(), before + 1);
  assert.ok(touch(b, 0, AT, AccessKind.Write) > 0);
  b.check();
  assert.equal(native(b, 0, "cap_revoke", memory), 0);
  assert.equal(resident(), before);
  assert.ok(touch(b, 1, AT, AccessKind.Read) < 0);
  assert.ok(touch(b, 0, AT, AccessKind.Write) > 0);
  assert.equal(native(b, 0, "memory_size", memory), 4);
  assert.equal(native(b, 0, "memory_size", handed), NativeError.Stale);
  assert.equal(native(b, 1, "memory_size", there), NativeError.Stale);
  b.check();
});

Deno.test("revoke: a mapping outlives its token's deletion, and not the revocation above it", () => {
  const { b, memory, there } = shared();
  assert.equal(native(b, 1, "cap_delete", there), 0);
  assert.ok(touch(b, 1, AT, AccessKind.Write) > 0);
  b.check();
  assert.equal(native(b, 0, "cap_revoke", memory), 0);
  assert.ok(touch(b, 1, AT, AccessKind.Read) < 0);
  b.check();
});

Deno.test("revoke: nothing is delegated into the dying subtree, nor mapped through it", () => {
  const { b, childToken, memory, handed, there, space } = shared();
  const thread = b.on(0);
  b.enter(0, nr("cap_revoke"), memory);
  for (
    const [name, ...args] of [
      ["cap_derive", there, 1],
      ["cap_mint", there, 1, 7],
      ["cap_copy", there, 0],
      ["cap_move", there, 0],
      ["space_map", space, there, AT + 0x10000, 1, 0, 1],
    ] as const
  ) {
    b.enter(1, nr(name), ...args);
    assert.equal(b.results.get(b.on(1)), NativeError.Revoked, name);
  }
  b.pump();
  assert.equal(b.results.get(thread), 0);
  // The object is free to be handed on again.
  made(b, 0, "cap_copy", memory, childToken);
  assert.equal(native(b, 0, "cap_identify", handed), NativeError.Stale);
  b.check();
});

Deno.test("revoke: a process that ends meanwhile keeps nothing, and takes nothing with it", () => {
  const { b, child, memory } = shared();
  assert.ok(touch(b, 1, AT, AccessKind.Write) > 0);
  b.enter(0, nr("cap_revoke"), memory);
  b.enter(1, 94, 0);
  b.pump();
  assert.equal(b.s.process.firstNode[child], 0);
  assert.equal(b.s.kernel.firstGhost[1], 0);
  assert.equal(native(b, 0, "memory_size", memory), 4);
  b.check();
});

Deno.test("revoke: a space that nobody uses goes with its last capability", () => {
  const b = new Bench();
  const before = b.s.account.balance.slice();
  const space = made(b, 0, "space_create");
  const memory = made(b, 0, "memory_create", 2);
  assert.equal(native(b, 0, "space_map", space, memory, AT, 2, 0, 3), 0);
  b.check();
  assert.equal(native(b, 0, "cap_delete", memory), 0);
  b.check();
  assert.equal(native(b, 0, "cap_delete", space), 0);
  b.check();
  assert.equal(b.s.account.balance[18], before[18]);
  assert.equal(b.s.kernel.firstGhost[1], 0);
});

Deno.test("spawn: a child in a space of its own, with what it is given and no more", () => {
  const b = new Bench();
  const space = made(b, 0, "space_create");
  const start = (...args: number[]) => native(b, 0, "process_spawn", space, ...args);
  assert.equal(start(AT + 1, AT, 0, 0), NativeError.Invalid);
  assert.equal(start(AT, AT + 8, 0, 0), NativeError.Invalid);
  assert.equal(start(2 ** 40, AT, 0, 0), NativeError.Invalid);
  assert.equal(start(AT, AT, 0, KNOWN_SLOTS + 1), NativeError.Invalid);
  assert.equal(
    native(b, 0, "process_spawn", made(b, 0, "cap_space"), AT, AT, 0, 0),
    NativeError.Busy,
  );
  b.check();
  const token = made(b, 0, "process_spawn", space, AT, AT, 5, KnownSlot.clock);
  assert.equal(start(AT, AT, 0, 0), NativeError.Busy);
  const child = b.processOf(b.on(1));
  assert.notEqual(child, b.world.init);
  assert.equal(b.s.process.descriptors[child], 0);
  assert.equal(b.s.process.renounced[child], KnownSlot.clock);
  assert.equal(native(b, 1, "cap_identify", token), NativeError.Absent);
  const memory = made(b, 0, "memory_create", 1);
  const there = made(b, 0, "cap_copy", memory, token);
  assert.equal(native(b, 1, "memory_size", there), 1);
  b.check();
  b.enter(1, 94, 3);
  b.pump();
  assert.equal(b.call(0, 260, -1, 0, 0, 0), b.s.kernel.nextPid[1] - 1);
  assert.equal(native(b, 0, "cap_copy", memory, token), NativeError.Stale);
  assert.equal(start(AT, AT, 0, 0), NativeError.Busy);
  b.check();
  assert.equal(native(b, 0, "cap_delete", space), 0);
  assert.equal(native(b, 0, "cap_delete", token), 0);
  b.check();
});

Deno.test("native: no token of a child that runs as another user", () => {
  const { b, child } = family();
  b.s.process.uid[b.world.init] = 1000;
  const pid = b.s.process.pid[child];
  assert.equal(native(b, 0, "cap_process", pid), NativeError.FewerRights);
  b.s.process.uid[child] = 1000;
  assert.ok((native(b, 0, "cap_process", pid) ?? -1) > 0);
});
