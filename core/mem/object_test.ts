import assert from "node:assert/strict";
import { EffectKind } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { AccessKind, InputKind } from "../event.ts";
import { ONE } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { PAGE_BYTES } from "../limits.ts";
import { ThreadState } from "../sched/tables.ts";
import { chunkArrived } from "./chunk.ts";
import { mapMemory, Placement } from "./map.ts";
import { createObject, ensurePage, findPage, releaseObject, truncateObject } from "./object.ts";
import { rebuildPageHash } from "./page_hash.ts";
import { reclaim } from "./reclaim.ts";
import { mapRegion } from "./region.ts";
import { spaceOf } from "./space.ts";
import { Bench } from "./testing.ts";
import { ObjectKind, Prot, RegionFlag } from "./tables.ts";
import { copyFromUser, copyToUser, peekUser, resolve } from "./user.ts";
import { writeUser } from "./user_copy.ts";

const RW = Prot.Read | Prot.Write;
const READ_EXECUTE = Prot.Read | Prot.Execute;
const AT = 0x800;

/** A file object whose page i is filled with i + 1. */
function file(b: Bench, pages: number): number {
  const object = createObject(b.s, ObjectKind.File);
  for (let i = 0; i < pages; i++) {
    const row = ensurePage(b.s, b.fx, object, i);
    b.apply();
    const frame = b.s.objectPage.frame[row];
    b.bytes.fill(i + 1, frame * PAGE_BYTES, (frame + 1) * PAGE_BYTES);
  }
  return object;
}

/** A host file object of some bytes, none of which is here. */
function hostFile(b: Bench, id: number, bytes: number): number {
  const object = createObject(b.s, ObjectKind.File);
  b.s.memoryObject.hostFile[object] = id + 1;
  b.s.memoryObject.hostBytes[object] = bytes;
  b.s.memoryObject.sizePages[object] = Math.ceil(bytes / PAGE_BYTES);
  return object;
}

function arrive(b: Bench, id: number, chunk: number, length: number, cause: number): void {
  b.e.cause = cause;
  b.e.valueLo = id;
  b.e.registers.fill(0);
  b.e.registers[0] = chunk;
  b.e.registers[2] = length;
  chunkArrived(b.s, b.fx, 0, b.e);
  b.settle();
}

function clean(b: Bench, ...threads: number[]): void {
  for (const t of threads) b.exit(t);
  while (reclaim(b.s, b.fx) === 0);
  b.check();
  b.assertBaseline();
}

Deno.test("a private file mapping shows the file until it is written, and never changes it", () => {
  const b = new Bench({ harts: 1 });
  const object = file(b, 20);
  const t = b.process();
  const other = b.process();
  const space = spaceOf(b.s, t);
  mapRegion(b.s, b.fx, space, AT, AT + 20, RW, 0, object, 0, 20 * PAGE_BYTES);
  mapRegion(b.s, b.fx, spaceOf(b.s, other), AT, AT + 5, READ_EXECUTE, 0, object, 3, 5 * PAGE_BYTES);
  assert.equal(b.load(t, AT * PAGE_BYTES), 1);
  // The fault mapped its neighbours in memory too.
  assert.equal(b.s.addressSpace.resident[space], 16);
  assert.equal(b.store(t, (AT + 3) * PAGE_BYTES + 1, 77), 0);
  assert.equal(b.load(t, (AT + 3) * PAGE_BYTES + 2), 4);
  assert.equal(b.load(other, AT * PAGE_BYTES + 1), 4);
  assert.equal(b.store(t, (AT + 19) * PAGE_BYTES, 78), 0);
  b.check();
  releaseObject(b.s, b.fx, object);
  clean(b, t, other);
});

Deno.test("a mapping's end in mid-page is zeroed, and what lies behind the file reads zero or faults", () => {
  const b = new Bench({ harts: 1 });
  const object = file(b, 3);
  const t = b.process();
  const space = spaceOf(b.s, t);
  mapRegion(b.s, b.fx, space, AT, AT + 4, RW, 0, object, 0, PAGE_BYTES + 100);
  // The first fault must not map the partial page as a neighbour.
  assert.equal(b.load(t, AT * PAGE_BYTES), 1);
  assert.equal(b.load(t, (AT + 1) * PAGE_BYTES + 99), 2);
  assert.equal(b.load(t, (AT + 1) * PAGE_BYTES + 100), 0);
  assert.equal(b.load(t, (AT + 2) * PAGE_BYTES), 0);
  mapRegion(b.s, b.fx, space, 0x900, 0x905, RW, RegionFlag.Shared, object, 0, 5 * PAGE_BYTES);
  assert.equal(b.store(t, 0x902 * PAGE_BYTES, 9), 0);
  assert.equal(b.load(t, 0x903 * PAGE_BYTES), -Err.BadAddress);
  assert.equal(b.s.thread.faultSignal[t], 7);
  assert.equal(b.s.thread.faultCode[t], 2);
  truncateObject(b.s, b.fx, object, 5);
  assert.equal(b.load(t, 0x904 * PAGE_BYTES), 0);
  b.check();
  releaseObject(b.s, b.fx, object);
  clean(b, t);
});

Deno.test("a chunk is asked for once, fills its pages and wakes all who wait", () => {
  const b = new Bench({ harts: 1 });
  const bytes = 65536 + 5000;
  const object = hostFile(b, 4, bytes);
  const t = b.process();
  const other = b.process();
  for (const each of [t, other]) {
    mapRegion(b.s, b.fx, spaceOf(b.s, each), AT, AT + 18, RW, 0, object, 0, bytes);
  }
  assert.equal(b.fault(t, (AT + 16) * PAGE_BYTES, AccessKind.Read), Result.Pending);
  b.run(other, 0);
  assert.equal(b.fault(other, (AT + 17) * PAGE_BYTES, AccessKind.Read), Result.Pending);
  assert.equal(b.applied[EffectKind.RequestChunk], 1);
  b.check();
  b.staging.fill(0x55, 0, 5000);
  arrive(b, 4, 1, 5000, InputKind.Chunk);
  assert.notEqual(b.s.thread.state[t], ThreadState.Blocked);
  assert.notEqual(b.s.thread.state[other], ThreadState.Blocked);
  assert.equal(b.load(t, (AT + 16) * PAGE_BYTES), 0x55);
  assert.equal(b.load(t, (AT + 17) * PAGE_BYTES + 5000 - PAGE_BYTES), 0);
  assert.equal(b.load(other, (AT + 17) * PAGE_BYTES), 0x55);
  assert.equal(b.s.memoryObject.pages[object], 2);
  // The frames behind the mapping are zero beyond the end of the file as well.
  const row = findPage(b.s, object, 17);
  assert.equal(b.bytes[b.s.objectPage.frame[row] * PAGE_BYTES + 5000 - PAGE_BYTES], 0);
  b.check();
  releaseObject(b.s, b.fx, object);
  clean(b, t, other);
});

Deno.test("a chunk the host cannot deliver is a bus error, and so is one without memory a kill", () => {
  const b = new Bench({ harts: 1 });
  const object = hostFile(b, 0, 9000);
  const t = b.process();
  mapRegion(b.s, b.fx, spaceOf(b.s, t), AT, AT + 3, Prot.Read, 0, object, 0, 3 * PAGE_BYTES);
  assert.equal(b.fault(t, AT * PAGE_BYTES, AccessKind.Read), Result.Pending);
  arrive(b, 0, 0, 0, InputKind.ChunkFailed);
  b.run(t, 0);
  assert.equal(b.fault(t, AT * PAGE_BYTES, AccessKind.Read), -Err.BadAddress);
  assert.equal(b.s.thread.faultSignal[t], 7);
  releaseObject(b.s, b.fx, object);
  clean(b, t);
  const small = new Bench({ harts: 1, totalFrames: 14, backingSlots: 14 });
  const big = hostFile(small, 0, 65536);
  const u = small.process();
  mapRegion(small.s, small.fx, spaceOf(small.s, u), AT, AT + 1, Prot.Read, 0, big, 0, PAGE_BYTES);
  assert.equal(small.fault(u, AT * PAGE_BYTES, AccessKind.Read), -Err.BadAddress);
  assert.equal(small.s.thread.faultSignal[u], 9);
  releaseObject(small.s, small.fx, big);
  clean(small, u);
});

Deno.test("truncation cuts pages, the tail of the last one, and what the host still has", () => {
  const b = new Bench({ harts: 1 });
  const object = file(b, 6);
  const t = b.process();
  mapRegion(
    b.s,
    b.fx,
    spaceOf(b.s, t),
    AT,
    AT + 6,
    RW,
    RegionFlag.Shared,
    object,
    0,
    6 * PAGE_BYTES,
  );
  assert.equal(b.load(t, (AT + 5) * PAGE_BYTES), 6);
  assert.equal(truncateObject(b.s, b.fx, object, 2, PAGE_BYTES + 10), 0);
  b.apply();
  b.check();
  assert.equal(b.load(t, (AT + 1) * PAGE_BYTES + 9), 2);
  assert.equal(b.load(t, (AT + 1) * PAGE_BYTES + 10), 0);
  assert.equal(b.s.memoryObject.pages[object], 2);
  const host = hostFile(b, 7, 3 * PAGE_BYTES);
  truncateObject(b.s, b.fx, host, 1, 100);
  assert.equal(b.s.memoryObject.hostBytes[host], 100);
  releaseObject(b.s, b.fx, host);
  releaseObject(b.s, b.fx, object);
  clean(b, t);
});

Deno.test("large objects shrink and die a bounded number of pages per event", () => {
  const b = new Bench({ harts: 1 });
  const object = file(b, 700);
  b.fx.clear();
  let calls = 1;
  while (truncateObject(b.s, b.fx, object, 300) !== 0) {
    calls++;
    b.check();
  }
  assert.equal(calls, 2);
  assert.equal(b.s.memoryObject.pages[object], 300);
  for (let i = 0; i < 700; i++) assert.equal(findPage(b.s, object, i) !== 0, i < 300);
  rebuildPageHash(b.s);
  for (let i = 0; i < 700; i++) assert.equal(findPage(b.s, object, i) !== 0, i < 300);
  releaseObject(b.s, b.fx, object);
  assert.equal(reclaim(b.s, b.fx), 0);
  assert.equal(b.s.account.balance[Account.ObjectPageUsed], 44);
  b.check();
  assert.equal(reclaim(b.s, b.fx), 1);
  assert.equal(b.s.memory.firstDying[ONE], 0);
  clean(b);
});

Deno.test("user copies do all or nothing, and make pages private", () => {
  const b = new Bench({ harts: 1 });
  const t = b.process();
  mapMemory(b.s, b.fx, 0, t, AT, 2, RW, 0, 0, 0, Placement.Fixed);
  mapMemory(b.s, b.fx, 0, t, AT + 2, 1, Prot.Read, 0, 0, 0, Placement.Fixed);
  const edge = (AT + 1) * PAGE_BYTES - 2;
  assert.equal(peekUser(b.s, t, edge, AccessKind.Read), 0);
  const bytes = b.fx.putBytes(new Uint8Array([1, 2, 3, 4]), 0, 4);
  assert.equal(writeUser(b.s, b.fx, 0, t, edge, bytes, 4), 0);
  b.apply();
  assert.deepEqual([0, 1, 2, 3].map((i) => b.load(t, edge + i)), [1, 2, 3, 4]);
  const frame = resolve(b.s, b.fx, 0, t, edge, AccessKind.Read);
  assert.equal(frame, peekUser(b.s, t, edge, AccessKind.Write));
  assert.equal(copyFromUser(b.s, b.fx, 0, t, edge, frame, 0, 4), 0);
  b.apply();
  assert.deepEqual([...b.bytes.subarray(frame * PAGE_BYTES, frame * PAGE_BYTES + 4)], [1, 2, 3, 4]);
  // The second page may not be written: nothing is.
  const last = (AT + 2) * PAGE_BYTES - 2;
  assert.equal(copyToUser(b.s, b.fx, 0, t, last, frame, 0, 4), -Err.BadAddress);
  b.apply();
  assert.equal(b.applied[EffectKind.Copy], 2);
  assert.equal(writeUser(b.s, b.fx, 0, t, 2 ** 38 - 2, 0, 4), -Err.BadAddress);
  assert.equal(writeUser(b.s, b.fx, 0, t, 0, 0, 1), -Err.BadAddress);
  assert.equal(writeUser(b.s, b.fx, 0, t, AT * PAGE_BYTES, 0, 17 * PAGE_BYTES), -Err.TooBig);
  clean(b, t);
});
