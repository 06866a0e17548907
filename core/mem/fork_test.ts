import assert from "node:assert/strict";
import { EffectKind } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { PAGE_BYTES } from "../limits.ts";
import { Account } from "../ledger/accounts.ts";
import { beginForkSpace, stepForkSpace } from "./fork.ts";
import { mapMemory, Placement } from "./map.ts";
import { spaceOf } from "./space.ts";
import { Bench, generator } from "./testing.ts";
import { Prot, RegionFlag } from "./tables.ts";

const RW = Prot.Read | Prot.Write;

function map(b: Bench, t: number, page: number, pages: number, flags = 0): void {
  const r = mapMemory(b.s, b.fx, 0, t, page, pages, RW, flags, 0, 0, Placement.Fixed);
  assert.equal(r, page * PAGE_BYTES);
}

/** Forks a process as a whole; the child's thread, or -Err with everything torn down. */
function fork(b: Bench, t: number, hart: number): number {
  const child = beginForkSpace(b.s, b.fx, t);
  if (child < 0) return child;
  const made = b.processIn(child, hart);
  let r: number;
  do {
    r = stepForkSpace(b.s, b.fx, 0, t);
    b.settle();
    b.check();
  } while (r === Result.Pending);
  if (r > 0) return made;
  b.exit(made);
  return r;
}

Deno.test("after fork neither side sees the other's writes, and frames are shared until written", () => {
  const b = new Bench({ harts: 1 });
  const t = b.process();
  map(b, t, 0x500, 600);
  for (let i = 0; i < 600; i++) b.store(t, (0x500 + i) * PAGE_BYTES, i & 127);
  const before = b.s.account.balance[Account.FrameAnonymous];
  const c = fork(b, t, 0);
  assert.ok(c > 0);
  assert.equal(b.s.account.balance[Account.FrameAnonymous], before);
  assert.equal(b.load(c, 0x500 * PAGE_BYTES + 0), 0);
  b.store(t, 0x510 * PAGE_BYTES, 200);
  assert.equal(b.load(c, 0x510 * PAGE_BYTES), 16);
  assert.equal(b.s.account.balance[Account.FrameAnonymous], before + 1);
  // The child is the only one left with the page: it is made writable where it is.
  b.store(c, 0x510 * PAGE_BYTES, 201);
  assert.equal(b.s.account.balance[Account.FrameAnonymous], before + 1);
  assert.equal(b.load(t, 0x510 * PAGE_BYTES), 200);
  b.check();
  b.exit(t);
  b.check();
  assert.equal(b.load(c, 0x511 * PAGE_BYTES), 17);
  b.exit(c);
  b.check();
  b.assertBaseline();
});

Deno.test("shared memory stays shared over fork", () => {
  const b = new Bench({ harts: 1 });
  const t = b.process();
  map(b, t, 0x500, 4, RegionFlag.Shared);
  b.store(t, 0x500 * PAGE_BYTES, 1);
  const c = fork(b, t, 0);
  b.store(c, 0x500 * PAGE_BYTES, 2);
  assert.equal(b.load(t, 0x500 * PAGE_BYTES), 2);
  b.store(t, 0x501 * PAGE_BYTES, 3);
  assert.equal(b.load(c, 0x501 * PAGE_BYTES), 3);
  b.exit(c);
  b.exit(t);
  b.check();
  b.assertBaseline();
});

Deno.test("a family of random forks, writes and exits agrees with copied models", () => {
  for (let seed = 1; seed <= 8; seed++) {
    const b = new Bench({ harts: 1 });
    const random = generator(seed);
    const pages = 40;
    const first = b.process();
    map(b, first, 0x1f0, pages);
    const family: { t: number; model: Uint8Array }[] = [{ t: first, model: new Uint8Array(pages) }];
    for (let step = 0; step < 300; step++) {
      const one = family[random(family.length)];
      const page = random(pages);
      const kind = random(20);
      if (kind === 0 && family.length < 8) {
        const t = fork(b, one.t, 0);
        family.push({ t, model: one.model.slice() });
      } else if (kind === 1 && family.length > 1) {
        b.exit(one.t);
        family.splice(family.indexOf(one), 1);
        b.check();
      } else if (kind < 12) {
        one.model[page] = random(256);
        assert.equal(b.store(one.t, (0x1f0 + page) * PAGE_BYTES, one.model[page]), 0);
      } else assert.equal(b.load(one.t, (0x1f0 + page) * PAGE_BYTES), one.model[page]);
    }
    for (const one of family) {
      for (let i = 0; i < pages; i++) {
        assert.equal(b.load(one.t, (0x1f0 + i) * PAGE_BYTES), one.model[i]);
      }
    }
    for (const one of family) b.exit(one.t);
    b.check();
    b.assertBaseline();
  }
});

Deno.test("a fork that finds no memory leaves a child that can be torn down", () => {
  let failed = 0;
  let done = 0;
  for (let frames = 12; frames < 22; frames++) {
    const b = new Bench({ harts: 1, totalFrames: frames, backingSlots: frames });
    const t = b.process();
    map(b, t, 0x500, 1);
    map(b, t, 0x40000, 1);
    map(b, t, 0x80000, 1);
    for (const page of [0x500, 0x40000, 0x80000]) assert.equal(b.store(t, page * PAGE_BYTES, 9), 0);
    const c = fork(b, t, 0);
    if (c < 0) {
      assert.equal(c, -Err.NoMemory);
      failed++;
    } else {
      done++;
      b.exit(c);
    }
    assert.equal(b.load(t, 0x500 * PAGE_BYTES), 9);
    assert.equal(b.store(t, 0x40000 * PAGE_BYTES, 8), 0);
    b.exit(t);
    b.check();
    b.assertBaseline();
  }
  assert.ok(failed > 0 && done > 0);
});

Deno.test("threads and vfork children share a space; the last one drains it", () => {
  const b = new Bench();
  const t = b.process();
  map(b, t, 0x500, 2);
  const child = b.processIn(spaceOf(b.s, t), 1);
  b.store(child, 0x500 * PAGE_BYTES, 4);
  b.exit(child);
  assert.equal(b.load(t, 0x500 * PAGE_BYTES), 4);
  b.exit(t);
  b.check();
  b.assertBaseline();
});

Deno.test("an ASID is not used again before the epoch's flush", () => {
  const b = new Bench();
  const seen = new Set<number>();
  for (let i = 0; i < 2047; i++) {
    const t = b.process();
    const space = spaceOf(b.s, t);
    const asid = b.s.addressSpace.asid[space];
    assert.ok(asid > 0 && asid < 2048 && !seen.has(asid));
    seen.add(asid);
    b.exit(t);
  }
  assert.equal(b.applied[EffectKind.InvalidateAll], 0);
  const t = b.process();
  b.settle();
  assert.ok(b.s.addressSpace.asid[spaceOf(b.s, t)] > 0);
  assert.equal(b.applied[EffectKind.InvalidateAll], 1);
});
