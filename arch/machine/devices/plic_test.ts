import assert from "node:assert/strict";
import { bindArena, layoutArena } from "../../../core/state/arena.ts";
import { makeArenaHash } from "../../../core/state/hash.ts";
import { Plic, plicContextTable, PlicOffset, plicTable } from "./plic.ts";

const tables = { plic: plicTable, plicContext: plicContextTable };

function make(harts = 2) {
  const layout = layoutArena(tables);
  const buffer = new ArrayBuffer(layout.bytes);
  const state = bindArena(tables, layout, buffer, 0);
  const plic = new Plic(state, 2 * harts);
  plic.reset();
  return { plic, state, layout, buffer };
}

/** Sets a source's priority, and enables it in one context and no other of the first eight. */
function route(plic: Plic, source: number, context: number, priority: number): void {
  plic.write(PlicOffset.Priority + 4 * source, priority);
  const bit = 1 << (source & 31);
  for (let i = 0; i < 8; i++) {
    const at = PlicOffset.Enable + i * PlicOffset.EnableStride + 4 * (source >>> 5);
    const enabled = plic.read(at);
    plic.write(at, i === context ? enabled | bit : enabled & ~bit);
  }
}

const S0 = Plic.supervisorContext(0);
const S1 = Plic.supervisorContext(1);

Deno.test("plic: a raised, enabled source of priority above the threshold notifies once", () => {
  const { plic } = make();
  route(plic, 10, S0, 1);
  assert.equal(plic.notified(S0), false);
  plic.setLevel(10, 1);
  assert.equal(plic.notified(S0), true);
  assert.equal(plic.notified(S1), false);
  assert.equal(plic.read(PlicOffset.Pending), 1 << 10);
  assert.equal(plic.claim(S0), 10);
  assert.equal(plic.notified(S0), false);
  assert.equal(plic.claim(S0), 0);
  // The line is still up, but the gateway is closed until completion.
  assert.equal(plic.read(PlicOffset.Pending), 0);
  plic.complete(S0, 10);
  assert.equal(plic.notified(S0), true);
  plic.setLevel(10, 0);
  assert.equal(plic.claim(S0), 10, "a request outlives its line");
  plic.complete(S0, 10);
  assert.equal(plic.notified(S0), false);
});

Deno.test("plic: equal priorities are claimed in source order, higher ones first", () => {
  const { plic } = make();
  for (const source of [40, 7, 31, 32, 95]) route(plic, source, S0, source === 32 ? 5 : 3);
  for (const source of [95, 40, 32, 31, 7]) plic.setLevel(source, 1);
  const order: number[] = [];
  for (let id = plic.claim(S0); id !== 0; id = plic.claim(S0)) order.push(id);
  assert.deepEqual(order, [32, 7, 31, 40, 95]);
});

Deno.test("plic: a threshold raised while a source is pending masks it, lowering delivers it", () => {
  const { plic } = make();
  route(plic, 10, S0, 3);
  plic.setLevel(10, 1);
  const threshold = PlicOffset.Context + S0 * PlicOffset.ContextStride;
  plic.write(threshold, 3);
  assert.equal(plic.notified(S0), false);
  plic.write(threshold, 2);
  assert.equal(plic.notified(S0), true);
  plic.write(threshold, 7);
  assert.equal(plic.claim(S0), 10, "claims do not look at the threshold");
  plic.complete(S0, 10);
});

Deno.test("plic: completing what is not claimed, not enabled or not there changes nothing", () => {
  const { plic, state } = make();
  route(plic, 10, S0, 1);
  plic.complete(S0, 10);
  plic.complete(S0, 0);
  plic.complete(S0, 96);
  plic.complete(S0, 0xffff_ffff);
  assert.equal(state.plic.completions[1], 0);
  plic.setLevel(10, 1);
  plic.complete(S0, 10);
  assert.equal(plic.notified(S0), true, "the pending request is not lost");
  assert.equal(plic.claim(S0), 10);
  plic.complete(S1, 10);
  plic.complete(S0, 11);
  assert.equal(plic.read(PlicOffset.Pending), 0, "another's completion opens no gateway");
  plic.complete(S0, 10);
  assert.equal(plic.read(PlicOffset.Pending), 1 << 10, "and the source is not stuck");
});

Deno.test("plic: of two contexts that may take a source the second claim returns 0", () => {
  const { plic } = make();
  route(plic, 10, S0, 1);
  plic.write(PlicOffset.Enable + S1 * PlicOffset.EnableStride, 1 << 10);
  plic.setLevel(10, 1);
  assert.equal(plic.notified(S0) && plic.notified(S1), true);
  assert.equal(plic.claim(S1), 10);
  assert.equal(plic.claim(S0), 0);
  assert.equal(plic.notified(S0), false);
  plic.setLevel(10, 0);
  plic.complete(S1, 10);
  assert.equal(plic.notified(S0) || plic.notified(S1), false);
});

Deno.test("plic: priority 0 and source 0 never interrupt; registers keep only their bits", () => {
  const { plic } = make();
  route(plic, 10, S0, 0);
  plic.setLevel(10, 1);
  assert.equal(plic.notified(S0), false);
  assert.equal(plic.claim(S0), 0);
  plic.write(PlicOffset.Priority, 7);
  plic.write(PlicOffset.Priority + 4 * 10, 0xffff);
  assert.equal(plic.read(PlicOffset.Priority), 0);
  assert.equal(plic.read(PlicOffset.Priority + 4 * 10), 7);
  assert.equal(plic.notified(S0), true, "a priority write takes effect at once");
  const enable = PlicOffset.Enable + S0 * PlicOffset.EnableStride;
  plic.write(enable, 0xffff_ffff);
  assert.equal(plic.read(enable), 0xffff_fffe);
  plic.write(enable, 0);
  assert.equal(plic.notified(S0), false, "so does an enable write");
  for (const hole of [0x1000 + 12, 0x2000 + 12, 0x20_0000 + 8, 0x20_0000 + 4 * 0x1000, 0x400]) {
    plic.write(hole, 0xffff_ffff);
    assert.equal(plic.read(hole), 0, `offset ${hole.toString(16)}`);
  }
});

Deno.test("plic: random use keeps claims = completions + in service, one request a source", () => {
  const { plic, state } = make(4);
  let seed = 12345;
  const random = (n: number): number => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) % n;
  };
  const held: [number, number][] = [];
  for (let s = 1; s <= 20; s++) route(plic, s, Plic.supervisorContext(s % 4), 1 + s % 7);
  const bits = (word: number): number => word.toString(2).replaceAll("0", "").length;
  for (let step = 0; step < 5000; step++) {
    if (random(2) === 0) plic.setLevel(1 + random(20), random(2));
    else if (random(3) !== 0 || held.length === 0) {
      const context = Plic.supervisorContext(random(4));
      const id = plic.claim(context);
      if (id !== 0) held.push([context, id]);
    } else {
      const [context, id] = held.splice(random(held.length), 1)[0];
      plic.complete(context, id);
    }
    const p = state.plic;
    assert.equal(p.pending[3] & p.inService[3], 0);
    assert.equal(bits(p.inService[3]), held.length);
    assert.equal(p.claims[1] - p.completions[1], held.length);
    assert.equal(p.level[3] & ~(p.pending[3] | p.inService[3]), 0, "no raised line is forgotten");
  }
});

Deno.test("plic: its state is all in the arena", () => {
  const a = make();
  route(a.plic, 10, S0, 3);
  a.plic.setLevel(10, 1);
  const b = make();
  new Uint8Array(b.buffer).set(new Uint8Array(a.buffer));
  assert.equal(b.plic.claim(S0), 10);
  const before = new Uint32Array(4), after = new Uint32Array(4);
  makeArenaHash(a.layout, a.buffer, 0)(before);
  makeArenaHash(b.layout, b.buffer, 0)(after);
  assert.notDeepEqual(before, after);
  assert.equal(a.plic.claim(S0), 10);
  makeArenaHash(a.layout, a.buffer, 0)(before);
  assert.deepEqual(before, after);
});
