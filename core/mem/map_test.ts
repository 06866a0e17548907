import assert from "node:assert/strict";
import { Err, Result } from "../error.ts";
import { AccessKind } from "../event.ts";
import { PAGE_BYTES } from "../limits.ts";
import { Account } from "../ledger/accounts.ts";
import { moveBreak } from "./heap.ts";
import { mapMemory, Placement } from "./map.ts";
import { protectRange } from "./protect.ts";
import { mapRegion } from "./region.ts";
import { remap } from "./remap.ts";
import { spaceOf, STACK_PAGES, STACK_TOP_PAGE } from "./space.ts";
import { Bench, generator } from "./testing.ts";
import { Prot, RegionFlag } from "./tables.ts";
import { discardRange, unmapRange } from "./unmap.ts";

const RW = Prot.Read | Prot.Write;

function map(b: Bench, t: number, wanted: number, pages: number, prot = RW, flags = 0): number {
  const placement = wanted === 0 ? Placement.Hint : Placement.Fixed;
  const h = b.s.thread.hart[t];
  const call = (): number =>
    mapMemory(b.s, b.fx, h, t, wanted, pages, prot, flags, 0, 0, placement);
  let r = b.finish(call(), h, t);
  while (r === Result.Restart) r = b.finish(call(), h, t);
  return r < 0 ? r : r / PAGE_BYTES;
}

function unmap(b: Bench, t: number, page: number, pages: number): number {
  const h = b.s.thread.hart[t];
  return b.finish(unmapRange(b.s, b.fx, h, t, page, page + pages, 0), h, t);
}

function protect(b: Bench, t: number, page: number, pages: number, prot: number): number {
  const h = b.s.thread.hart[t];
  return b.finish(protectRange(b.s, b.fx, h, t, page, page + pages, prot), h, t);
}

Deno.test("memory is zero at first touch, and gone after unmapping", () => {
  const b = new Bench();
  const t = b.process();
  const page = map(b, t, 0, 4);
  assert.equal(b.load(t, page * PAGE_BYTES + 9), 0);
  assert.equal(b.store(t, page * PAGE_BYTES + 9, 7), 0);
  assert.equal(b.load(t, page * PAGE_BYTES + 9), 7);
  assert.equal(unmap(b, t, page, 4), 0);
  assert.equal(b.load(t, page * PAGE_BYTES), -Err.BadAddress);
  assert.equal(b.s.thread.faultSignal[t], 11);
  assert.equal(b.s.thread.faultCode[t], 1);
  const fault = b.s.thread.faultAddressHi[t] * 2 ** 32 + b.s.thread.faultAddressLo[t];
  assert.equal(fault, page * PAGE_BYTES);
  b.check();
  b.exit(t);
  b.check();
  b.assertBaseline();
});

Deno.test("write and execute together are refused, everywhere", () => {
  const b = new Bench();
  const t = b.process();
  const both = RW | Prot.Execute;
  assert.equal(map(b, t, 0, 1, both), -Err.Access);
  const page = map(b, t, 0, 1);
  assert.equal(protect(b, t, page, 1, both), -Err.Access);
  const zero = b.s.memory.zeroObject[1];
  assert.equal(mapRegion(b.s, b.fx, spaceOf(b.s, t), 100, 101, both, 0, zero, 0, 0), -Err.Access);
  b.store(t, page * PAGE_BYTES, 1);
  assert.equal(b.access(t, page * PAGE_BYTES, AccessKind.Execute), -Err.BadAddress);
  assert.equal(b.s.thread.faultCode[t], 2);
  assert.equal(protect(b, t, page, 1, Prot.Read | Prot.Execute), 0);
  assert.ok(b.access(t, page * PAGE_BYTES, AccessKind.Execute) > 0);
  assert.equal(b.store(t, page * PAGE_BYTES, 2), -Err.BadAddress);
});

Deno.test("the stack grows to 8 MiB and keeps a guard page below", () => {
  const b = new Bench({ totalFrames: 8192, backingSlots: 4096 });
  const t = b.process();
  const space = spaceOf(b.s, t);
  const zero = b.s.memory.zeroObject[1];
  const top = STACK_TOP_PAGE;
  mapRegion(b.s, b.fx, space, top - 4, top, RW, RegionFlag.GrowsDown, zero, 0, 0);
  assert.equal(b.store(t, (top - 5) * PAGE_BYTES, 1), 0);
  assert.equal(b.store(t, (top - STACK_PAGES) * PAGE_BYTES, 1), 0);
  assert.equal(b.store(t, (top - STACK_PAGES - 1) * PAGE_BYTES, 1), -Err.BadAddress);
  const other = b.process(1);
  const space2 = spaceOf(b.s, other);
  mapRegion(b.s, b.fx, space2, top - 4, top, RW, RegionFlag.GrowsDown, zero, 0, 0);
  mapRegion(b.s, b.fx, space2, top - 20, top - 10, RW, 0, zero, 0, 0);
  assert.equal(b.store(other, (top - 9) * PAGE_BYTES, 1), 0);
  b.check();
});

Deno.test("the guard page below the stack is never given away", () => {
  const b = new Bench();
  const t = b.process();
  const top = STACK_TOP_PAGE;
  const space = spaceOf(b.s, t);
  mapRegion(b.s, b.fx, space, top - 4, top, RW, RegionFlag.GrowsDown, 1, 0, 0);
  mapRegion(b.s, b.fx, space, top - 20, top - 5, RW, 0, 1, 0, 0);
  assert.equal(b.store(t, (top - 5) * PAGE_BYTES, 1), -Err.BadAddress);
});

Deno.test("the heap grows, shrinks and reads zero again", () => {
  const b = new Bench();
  const t = b.process();
  const space = spaceOf(b.s, t);
  b.s.addressSpace.heapStart[space] = 0x100;
  b.s.addressSpace.heapEndBytes[space] = 0x100 * PAGE_BYTES;
  const start = 0x100 * PAGE_BYTES;
  const brk = (end: number): number => b.finish(moveBreak(b.s, b.fx, 0, t, end), 0, t);
  assert.equal(brk(0), start);
  assert.equal(brk(start + 5000), start + 5000);
  assert.equal(b.store(t, start + 5000, 5), 0);
  assert.equal(brk(start + 100), start + 100);
  assert.equal(b.load(t, start + 5000), -Err.BadAddress);
  assert.equal(brk(start + 9000), start + 9000);
  assert.equal(b.load(t, start + 5000), 0);
  assert.equal(b.s.addressSpace.regions[space], 1);
  assert.equal(brk(start - 1), -Err.NoMemory);
  assert.equal(brk(start), start);
  assert.equal(b.s.addressSpace.regions[space], 0);
  b.exit(t);
  b.assertBaseline();
});

Deno.test("ranges of more than UNITS pages are done in steps, and the books balance after each", () => {
  const b = new Bench();
  const t = b.process();
  const pages = 1000;
  const page = map(b, t, 0, pages);
  const fill = (): void => {
    for (let i = 0; i < pages; i++) assert.equal(b.store(t, (page + i) * PAGE_BYTES, i & 255), 0);
  };
  fill();
  assert.equal(protectRange(b.s, b.fx, 0, t, page, page + pages, Prot.Read), Result.Pending);
  b.check();
  assert.equal(b.finish(Result.Pending, 0, t), 0);
  for (let i = 0; i < pages; i += 100) {
    assert.equal(b.store(t, (page + i) * PAGE_BYTES, 1), -Err.BadAddress);
    assert.equal(b.load(t, (page + i) * PAGE_BYTES), i & 255);
  }
  assert.equal(protect(b, t, page, pages, RW), 0);
  map(b, t, page + pages, 1);
  const moved = b.finish(remap(b.s, b.fx, 0, t, page, pages, pages + 50, true), 0, t) / PAGE_BYTES;
  assert.notEqual(moved, page);
  b.check();
  for (let i = 0; i < pages; i++) assert.equal(b.load(t, (moved + i) * PAGE_BYTES), i & 255);
  assert.equal(b.load(t, (moved + pages + 49) * PAGE_BYTES), 0);
  assert.equal(b.load(t, page * PAGE_BYTES), -Err.BadAddress);
  assert.equal(
    b.finish(discardRange(b.s, b.fx, 0, t, moved, moved + pages), 0, t),
    0,
  );
  assert.equal(b.load(t, (moved + 5) * PAGE_BYTES), 0);
  // A fixed mapping over them begins by unmapping, then the call runs again.
  for (let i = 0; i < pages; i++) b.store(t, (moved + i) * PAGE_BYTES, 1);
  assert.equal(map(b, t, moved, pages), moved);
  assert.equal(b.load(t, (moved + 5) * PAGE_BYTES), 0);
  b.check();
  b.exit(t);
  b.check();
  b.assertBaseline();
});

/** What user memory should be: pages by number, with a byte and a protection each. */
type Model = Map<number, { prot: number; byte: number }>;

Deno.test("random map, unmap, protect, remap and access agree with a flat model", () => {
  for (let seed = 1; seed <= 12; seed++) {
    const b = new Bench({ harts: 1 });
    const t = b.process();
    const random = generator(seed);
    const model: Model = new Map();
    const base = 0x40000 - 300;
    const span = 900;
    for (let step = 0; step < 250; step++) {
      randomStep(b, t, random, model, base, span);
      if (step % 10 === 0) b.check();
    }
    for (let i = 0; i < span; i++) compare(b, t, model, base + i);
    b.exit(t);
    b.check();
    b.assertBaseline();
  }
});

const PROTS = [0, Prot.Read, RW, RW, Prot.Read | Prot.Execute];

function randomStep(
  b: Bench,
  t: number,
  random: (below: number) => number,
  model: Model,
  base: number,
  span: number,
): void {
  const pages = 1 + random(random(4) === 0 ? 400 : 30);
  const page = base + random(span - pages);
  const prot = PROTS[random(PROTS.length)];
  switch (random(6)) {
    case 0:
      assert.equal(map(b, t, page, pages, prot), page);
      for (let i = 0; i < pages; i++) model.set(page + i, { prot, byte: 0 });
      break;
    case 1:
      assert.equal(unmap(b, t, page, pages), 0);
      for (let i = 0; i < pages; i++) model.delete(page + i);
      break;
    case 2: {
      let covered = true;
      for (let i = 0; i < pages; i++) covered &&= model.has(page + i);
      assert.equal(protect(b, t, page, pages, prot), covered ? 0 : -Err.NoMemory);
      if (covered) { for (let i = 0; i < pages; i++) model.get(page + i)!.prot = prot; }
      break;
    }
    case 3: {
      const h = 0;
      b.finish(discardRange(b.s, b.fx, h, t, page, page + pages), h, t);
      for (let i = 0; i < pages; i++) if (model.has(page + i)) model.get(page + i)!.byte = 0;
      break;
    }
    default:
      for (let i = 0; i < pages; i++) {
        const there = model.get(page + i);
        const value = 1 + random(255);
        const may = there !== undefined && (there.prot & Prot.Write) !== 0;
        assert.equal(b.store(t, (page + i) * PAGE_BYTES, value), may ? 0 : -Err.BadAddress);
        if (may) there.byte = value;
        compare(b, t, model, page + i);
      }
  }
}

function compare(b: Bench, t: number, model: Model, page: number): void {
  const there = model.get(page);
  const want = there !== undefined && (there.prot & Prot.Read) !== 0 ? there.byte : -Err.BadAddress;
  assert.equal(b.load(t, page * PAGE_BYTES), want, `page ${page}`);
}

Deno.test("every allocation fails once: an error comes back and the books close", () => {
  let survived = 0;
  for (let frames = 0; frames <= 16; frames++) {
    for (const regions of [0, 1, 2, 3, 4]) {
      const options = { totalFrames: frames + 1, backingSlots: frames + 1, regions: regions + 1 };
      if (scenario(new Bench(options))) survived++;
    }
  }
  assert.ok(survived > 0 && survived < 17 * 5, "some sizes suffice and some do not");
});

/** A process maps, touches, cuts and grows; true when nothing failed. */
function scenario(b: Bench): boolean {
  const t = b.process();
  if (t < 0) {
    b.assertBaseline();
    return false;
  }
  const page = map(b, t, 0x4000, 3);
  let good = page > 0;
  for (const at of [0x4000, 0x4001, 0x4002]) {
    if (b.store(t, at * PAGE_BYTES, 3) < 0) {
      good = false;
      assert.ok([9, 11].includes(b.s.thread.faultSignal[t]));
    }
  }
  if (unmap(b, t, 0x4001, 1) < 0) good = false;
  if (map(b, t, 0x900000, 1, RW, RegionFlag.Shared) < 0) good = false;
  if (b.store(t, 0x900000 * PAGE_BYTES, 3) < 0) good = false;
  b.check();
  b.exit(t);
  b.check();
  b.assertBaseline();
  return good;
}

Deno.test("high physical memory is used from the second frame on", () => {
  const b = new Bench({ totalFrames: 2 ** 24, backingSlots: 64 });
  const t = b.process();
  const page = map(b, t, 0, 20);
  for (let i = 0; i < 20; i++) assert.equal(b.store(t, (page + i) * PAGE_BYTES, i + 1), 0);
  for (let i = 0; i < 20; i++) assert.equal(b.load(t, (page + i) * PAGE_BYTES), i + 1);
  let high = 0;
  for (let f = 1; f <= 22; f++) if (b.s.frame.pfn[f] > 2 ** 23) high++;
  assert.equal(high, 11);
  b.check();
  assert.equal(b.s.account.balance[Account.FrameAnonymous], 20);
});
