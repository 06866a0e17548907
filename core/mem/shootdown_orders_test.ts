import assert from "node:assert/strict";
import { EffectKind } from "../effect.ts";
import { Result } from "../error.ts";
import { AccessKind } from "../event.ts";
import { ONE } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { PAGE_BYTES, UNITS } from "../limits.ts";
import { WaitKind } from "../sched/tables.ts";
import { isWaiting } from "../sched/wait.ts";
import { LAST_ASID } from "./asid.ts";
import { allocFrame } from "./frame.ts";
import { mapMemory, Placement } from "./map.ts";
import { reclaim } from "./reclaim.ts";
import { protectRange } from "./protect.ts";
import { acknowledgeShootdowns } from "./shootdown.ts";
import { spaceOf } from "./space.ts";
import { FrameRole, Prot } from "./tables.ts";
import { Bench, generator } from "./testing.ts";
import { unmapRange } from "./unmap.ts";

const RW = Prot.Read | Prot.Write;
const START = 0x700;

/** A space with one page in use whose threads run on every hart but the last. */
function crowd(harts: number): { b: Bench; t: number; frame: number } {
  const b = new Bench({ harts, totalFrames: 64, backingSlots: 64 });
  const t = b.process(0);
  mapMemory(b.s, b.fx, 0, t, START, 2, RW, 0, 0, 0, Placement.Fixed);
  b.store(t, START * PAGE_BYTES, 1);
  b.store(t, (START + 1) * PAGE_BYTES, 2);
  const frame = b.access(t, START * PAGE_BYTES, AccessKind.Read);
  for (let hart = 1; hart < harts - 1; hart++) b.processIn(spaceOf(b.s, t), hart);
  b.s.thread.call[t] = 1;
  b.applied.fill(0);
  return { b, t, frame };
}

function ipi(b: Bench, hart: number): void {
  b.s.hart.ipiPending[hart + 1] = 0;
  acknowledgeShootdowns(b.s, b.fx, hart);
  b.apply();
}

/** Every order of some harts, or as many drawn ones as asked for. */
function orders(harts: readonly number[], most: number): number[][] {
  const all = (left: readonly number[]): number[][] =>
    left.length === 0
      ? [[]]
      : left.flatMap((h) => all(left.filter((x) => x !== h)).map((rest) => [h, ...rest]));
  if (harts.length <= 4) return all(harts);
  return Array.from({ length: most }, (_, seed) => {
    const random = generator(seed + 1);
    const drawn = [...harts];
    for (let i = drawn.length - 1; i > 0; i--) {
      const j = random(i + 1);
      [drawn[i], drawn[j]] = [drawn[j], drawn[i]];
    }
    return drawn;
  });
}

for (let harts = 3; harts <= 9; harts++) {
  Deno.test(`answers in every order from ${harts - 2} of ${harts} harts: the frame waits for the last`, () => {
    const others = Array.from({ length: harts - 2 }, (_, i) => i + 1);
    for (const order of orders(others, 40)) {
      const { b, t, frame } = crowd(harts);
      assert.equal(unmapRange(b.s, b.fx, 0, t, START, START + 1, 0), Result.Pending);
      b.apply();
      assert.equal(b.applied[EffectKind.Ipi], harts - 2, "the last hart never ran the space");
      for (const [i, hart] of order.entries()) {
        assert.ok(isWaiting(b.s, t), `${order}: the call waits for answer ${i + 1}`);
        assert.equal(b.s.frame.role[frame], FrameRole.Quarantine, `${order} before ${hart}`);
        assert.equal(b.s.account.balance[Account.FrameQuarantine], 1);
        for (let given = allocFrame(b.s, b.fx, FrameRole.Buffer, 1); given !== 0;) {
          assert.notEqual(
            given,
            frame,
            `${order}: the frame was given out before ${hart} answered`,
          );
          given = allocFrame(b.s, b.fx, FrameRole.Buffer, 1);
        }
        ipi(b, hart);
      }
      assert.ok(!isWaiting(b.s, t));
      assert.equal(b.applied[EffectKind.Return], 1);
      while (reclaim(b.s, b.fx) === 0);
      assert.equal(b.s.account.balance[Account.FrameQuarantine], 0);
      b.run(t, 0);
      assert.ok(b.access(t, START * PAGE_BYTES, AccessKind.Read) < 0, "the page is gone");
      assert.equal(allocFrame(b.s, b.fx, FrameRole.Buffer, 1), frame);
    }
  });

  Deno.test(`a page made read only on ${harts} harts: the call returns after the last answer`, () => {
    const { b, t, frame } = crowd(harts);
    assert.equal(
      protectRange(b.s, b.fx, 0, t, START, START + 1, Prot.Read),
      Result.Pending,
    );
    for (let hart = harts - 2; hart >= 1; hart--) {
      assert.ok(isWaiting(b.s, t));
      ipi(b, hart);
    }
    assert.ok(!isWaiting(b.s, t));
    b.run(t, 0);
    assert.equal(b.access(t, START * PAGE_BYTES, AccessKind.Read), frame);
    assert.ok(b.access(t, START * PAGE_BYTES, AccessKind.Write) < 0);
    b.check();
  });
}

Deno.test("an answer given twice, or by a hart that was not asked, counts once", () => {
  const { b, t, frame } = crowd(4);
  unmapRange(b.s, b.fx, 0, t, START, START + 1, 0);
  for (const hart of [1, 1, 3, 0, 1]) ipi(b, hart);
  assert.ok(isWaiting(b.s, t));
  assert.equal(b.s.frame.role[frame], FrameRole.Quarantine);
  ipi(b, 2);
  assert.ok(!isWaiting(b.s, t));
});

Deno.test("a hart that asks for a shootdown while its own answer is due waits for nobody twice", () => {
  const { b, t } = crowd(4);
  const second = b.processIn(spaceOf(b.s, t), 1);
  b.s.thread.call[second] = 1;
  unmapRange(b.s, b.fx, 0, t, START, START + 1, 0);
  unmapRange(b.s, b.fx, 1, second, START + 1, START + 2, 0);
  b.apply();
  // Each waits for the other: both answers come, and neither call holds the other up.
  for (const hart of [0, 1, 2]) ipi(b, hart);
  assert.ok(!isWaiting(b.s, t) && !isWaiting(b.s, second));
  while (reclaim(b.s, b.fx) === 0);
  assert.equal(b.s.account.balance[Account.FrameQuarantine], 0);
  b.check();
});

Deno.test("a change waits for every shootdown of its space, whoever sent it", () => {
  const { b, t } = crowd(4);
  const second = b.processIn(spaceOf(b.s, t), 1);
  b.s.thread.call[second] = 1;
  unmapRange(b.s, b.fx, 0, t, START, START + 1, 0);
  unmapRange(b.s, b.fx, 1, second, START + 1, START + 2, 0);
  b.apply();
  // The newer one has both its answers; the hart that sent it still owes the older one its own.
  for (const hart of [0, 2]) ipi(b, hart);
  assert.ok(isWaiting(b.s, t) && isWaiting(b.s, second));
  ipi(b, 1);
  assert.ok(!isWaiting(b.s, t) && !isWaiting(b.s, second));
  while (reclaim(b.s, b.fx) === 0);
  b.check();
});

Deno.test("threads of one space take turns for its operation slot", () => {
  const b = new Bench({ harts: 2, totalFrames: 1024, backingSlots: 1024 });
  const t = b.process(0);
  const pages = 2 * UNITS;
  mapMemory(b.s, b.fx, 0, t, START, pages, RW, 0, 0, 0, Placement.Fixed);
  for (let i = 0; i < pages; i++) b.store(t, (START + i) * PAGE_BYTES, 1);
  const other = b.processIn(spaceOf(b.s, t), 1);
  b.s.thread.call[t] = 1;
  b.s.thread.call[other] = 1;
  const r = unmapRange(b.s, b.fx, 0, t, START, START + pages, 0);
  assert.equal(b.s.addressSpace.operation[spaceOf(b.s, t)], t, "it takes several events");
  const change = () => unmapRange(b.s, b.fx, 1, other, START + 9, START + 10, 0);
  assert.equal(change(), Result.Pending);
  assert.equal(b.s.waiter.kind[b.s.thread.waiter[other]], WaitKind.SpaceOperation);
  assert.equal(b.s.addressSpace.operation[spaceOf(b.s, t)], t);
  b.finish(r, 0, t);
  assert.equal(b.s.addressSpace.operation[spaceOf(b.s, t)], 0);
  assert.ok(!isWaiting(b.s, other), "the slot's end lets the other try again");
  b.check();
});

Deno.test("no ASID names a second space before every hart has forgotten the first", () => {
  const b = new Bench({ harts: 2 });
  const since = new Map<number, number>();
  let epochs = 0;
  for (let n = 0; n < 2 * LAST_ASID + 100; n++) {
    const t = b.process(n & 1);
    b.apply();
    const asid = b.s.addressSpace.asid[spaceOf(b.s, t)];
    const epoch = b.applied[EffectKind.InvalidateAll];
    assert.ok(asid >= 1 && asid <= LAST_ASID);
    assert.notEqual(since.get(asid), epoch, `ASID ${asid} was used twice in an epoch`);
    since.set(asid, epoch);
    epochs = epoch;
    b.exit(t);
  }
  assert.equal(epochs, 2);
  assert.equal(b.s.memory.asidEpoch[ONE], 2);
  b.assertBaseline();
});
