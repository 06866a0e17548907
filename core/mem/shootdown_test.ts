import assert from "node:assert/strict";
import { EffectKind } from "../effect.ts";
import { Result } from "../error.ts";
import { ONE } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { PAGE_BYTES } from "../limits.ts";
import { clearCall } from "../sched/call.ts";
import { isWaiting } from "../sched/wait.ts";
import { allocRow, freeRows } from "../state/table.ts";
import { protectRange } from "./protect.ts";
import { allocFrame } from "./frame.ts";
import { beginForkSpace, stepForkSpace } from "./fork.ts";
import { mapMemory, Placement } from "./map.ts";
import { reclaim } from "./reclaim.ts";
import { acknowledgeShootdowns, shootdownOf } from "./shootdown.ts";
import { spaceOf } from "./space.ts";
import { Bench, generator } from "./testing.ts";
import { FrameRole, Prot } from "./tables.ts";
import { unmapRange } from "./unmap.ts";
import { AccessKind } from "../event.ts";

const RW = Prot.Read | Prot.Write;
const START = 0x700;

/** A space with pages in use on harts 0, 1 and 2; its threads there. */
function shared(pages: number, backingSlots = 512): { b: Bench; t: number; others: number[] } {
  const b = new Bench({ harts: 3, totalFrames: 512, backingSlots });
  const t = b.process(0);
  mapMemory(b.s, b.fx, 0, t, START, pages, RW, 0, 0, 0, Placement.Fixed);
  for (let i = 0; i < pages; i++) b.store(t, (START + i) * PAGE_BYTES, 1 + (i & 63));
  const others = [1, 2].map((hart) => b.processIn(spaceOf(b.s, t), hart));
  return { b, t, others };
}

/** What an Ipi event does for the shootdowns. */
function ipi(b: Bench, hart: number): void {
  b.s.hart.ipiPending[hart + 1] = 0;
  acknowledgeShootdowns(b.s, b.fx, hart);
  b.apply();
}

/** Frames that an allocation can get now, with no help of deferred freeing by event ends. */
function takeAll(b: Bench): number[] {
  const taken: number[] = [];
  for (;;) {
    const frame = allocFrame(b.s, b.fx, FrameRole.Buffer, 1);
    if (frame === 0) return taken;
    taken.push(frame);
  }
}

Deno.test("an unmapped frame is not used again before the last acknowledgement", () => {
  const { b, t } = shared(3, 12);
  b.s.thread.call[t] = 1;
  const frames = [0, 1, 2].map((i) => b.access(t, (START + i) * PAGE_BYTES, AccessKind.Read));
  const r = unmapRange(b.s, b.fx, 0, t, START, START + 3, 0);
  b.apply();
  assert.equal(r, Result.Pending);
  assert.equal(b.applied[EffectKind.Ipi], 2);
  assert.ok(isWaiting(b.s, t));
  // Three pages and the two tables that became empty wait.
  assert.equal(b.s.account.balance[Account.FrameQuarantine], 5);
  b.check();
  ipi(b, 1);
  assert.ok(isWaiting(b.s, t));
  const early = takeAll(b);
  for (const frame of frames) {
    assert.ok(!early.includes(frame), "a quarantined frame was given out");
  }
  assert.equal(b.applied[EffectKind.Return], 0);
  ipi(b, 2);
  assert.equal(b.applied[EffectKind.Return], 1);
  assert.ok(!isWaiting(b.s, t));
  const late = takeAll(b);
  for (const frame of frames) assert.ok(late.includes(frame), "a released frame can be used");
});

Deno.test("a frame another space lets go meanwhile waits for the shootdown too", () => {
  const { b, t, others } = shared(1);
  const child = beginForkSpace(b.s, b.fx, t);
  const c = b.processIn(child, 0);
  let r = stepForkSpace(b.s, b.fx, 0, t);
  while (r === Result.Pending) {
    ipi(b, 1);
    ipi(b, 2);
    r = stepForkSpace(b.s, b.fx, 0, t);
  }
  assert.equal(r, child);
  // The parent's space unmaps the shared frame, then the child, its last user, dies.
  const frame = b.access(others[0], START * PAGE_BYTES, AccessKind.Read);
  unmapRange(b.s, b.fx, 1, others[0], START, START + 1, 0);
  b.s.hart.current[1] = c;
  b.exit(c);
  b.check();
  assert.ok(!takeAll(b).includes(frame), "harts may still reach the frame");
});

Deno.test("a frame waits for older shootdowns even when the newest is answered first", () => {
  const b = new Bench({ harts: 3, totalFrames: 64, backingSlots: 64 });
  const t = b.process(0);
  mapMemory(b.s, b.fx, 0, t, START, 1, RW, 0, 0, 0, Placement.Fixed);
  b.store(t, START * PAGE_BYTES, 1);
  const frame = b.access(t, START * PAGE_BYTES, AccessKind.Read);
  const child = beginForkSpace(b.s, b.fx, t);
  const c = b.processIn(child, 0);
  assert.equal(stepForkSpace(b.s, b.fx, 0, t), child);
  b.processIn(spaceOf(b.s, t), 1);
  b.processIn(child, 2);
  assert.equal(unmapRange(b.s, b.fx, 0, t, START, START + 1, 0), Result.Pending);
  assert.equal(unmapRange(b.s, b.fx, 0, c, START, START + 1, 0), Result.Pending);
  b.apply();
  ipi(b, 2);
  assert.equal(b.s.frame.role[frame], FrameRole.Quarantine);
  assert.equal(b.s.memory.releasedHead[ONE], 0, "hart 1 has not answered");
  b.check();
  ipi(b, 1);
  assert.ok(takeAll(b).includes(frame));
});

Deno.test("the reserve is for teardown only", () => {
  const b = new Bench({ totalFrames: 4, backingSlots: 4, reserve: 2 });
  assert.ok(allocFrame(b.s, b.fx, FrameRole.Buffer) > 0);
  assert.ok(allocFrame(b.s, b.fx, FrameRole.Buffer) > 0);
  assert.equal(allocFrame(b.s, b.fx, FrameRole.Buffer), 0);
  assert.equal(takeAll(b).length, 2);
});

Deno.test("copy-on-write with other harts copies once, and returns after their answers", () => {
  const { b, t, others } = shared(2);
  const child = beginForkSpace(b.s, b.fx, t);
  const c = b.processIn(child, 0);
  assert.equal(stepForkSpace(b.s, b.fx, 0, t), child);
  assert.ok(shootdownOf(b.s, spaceOf(b.s, t)) !== 0, "the parent may not run yet");
  b.apply();
  ipi(b, 1);
  assert.ok(shootdownOf(b.s, spaceOf(b.s, t)) !== 0, "hart 2 has not answered");
  ipi(b, 2);
  assert.equal(shootdownOf(b.s, spaceOf(b.s, t)), 0);
  b.check();
  b.run(t, 0);
  assert.equal(b.fault(t, START * PAGE_BYTES, AccessKind.Write), Result.Pending);
  assert.ok(isWaiting(b.s, t));
  ipi(b, 2);
  ipi(b, 1);
  assert.ok(!isWaiting(b.s, t));
  b.run(t, 0);
  assert.equal(b.store(t, START * PAGE_BYTES, 99), 0);
  assert.equal(b.load(others[1], START * PAGE_BYTES), 99);
  assert.equal(b.load(c, START * PAGE_BYTES), 1);
  b.check();
});

Deno.test("a hart that has left the space is asked once; one that still runs it is asked again", () => {
  const { b, t, others } = shared(4);
  b.s.thread.call[t] = 1;
  // Hart 2 goes elsewhere, and answers.
  b.s.hart.runningSpace[3] = 0;
  unmapRange(b.s, b.fx, 0, t, START, START + 1, 0);
  ipi(b, 1);
  ipi(b, 2);
  b.run(t, 0);
  b.s.thread.call[t] = 1;
  b.applied.fill(0);
  unmapRange(b.s, b.fx, 0, t, START + 1, START + 2, 0);
  b.apply();
  assert.equal(b.applied[EffectKind.Ipi], 1);
  ipi(b, 1);
  b.s.hart.runningSpace[2] = 0;
  b.run(t, 0);
  unmapRange(b.s, b.fx, 0, t, START + 2, START + 3, 0);
  ipi(b, 1);
  b.run(t, 0);
  b.applied.fill(0);
  // Now only the running hart may hold translations: no IPI, no quarantine, no wait.
  assert.equal(unmapRange(b.s, b.fx, 0, t, START + 3, START + 4, 5), 5);
  b.apply();
  assert.equal(b.applied[EffectKind.Ipi], 0);
  assert.equal(b.s.memory.firstShootdown[ONE], 0);
  for (const other of others) b.exit(other);
  b.exit(t);
  b.check();
  b.assertBaseline();
});

Deno.test("a long unmapping sends one IPI a hart while one is pending", () => {
  const { b, t } = shared(400);
  b.s.thread.call[t] = 1;
  b.applied.fill(0);
  const r = unmapRange(b.s, b.fx, 0, t, START, START + 400, 0);
  assert.equal(b.finish(r, 0, t), Result.NoReturn);
  assert.equal(b.applied[EffectKind.Ipi], 2);
  assert.ok(isWaiting(b.s, t));
  b.check();
  ipi(b, 1);
  ipi(b, 2);
  while (reclaim(b.s, b.fx) === 0);
  assert.equal(b.s.account.balance[Account.FrameQuarantine], 0);
  assert.equal(b.s.account.balance[Account.ShootdownUsed], 0);
  b.check();
});

/** What a hart's TLB may still hold, as `space:page` → frame. */
type Tlb = Map<string, number>;

/** Threads of one space on three harts, with TLBs that forget only what the kernel makes them. */
class Crowd {
  readonly b: Bench;
  readonly tlb: Tlb[] = [new Map(), new Map(), new Map()];
  readonly threads: number[];
  readonly children: number[] = [];
  private hart = 0;

  constructor() {
    this.b = new Bench({ harts: 3, totalFrames: 600, backingSlots: 600 });
    const t = this.b.process(0);
    const space = spaceOf(this.b.s, t);
    this.threads = [t, ...[1, 2].map((hart) => this.b.processIn(space, hart))];
    // Only the hart of the event forgets at once; the others when they take their IPI.
    this.b.onInvalidate = (page, asid) => {
      for (const key of [...this.tlb[this.hart].keys()]) {
        const [holder, at] = key.split(":").map(Number);
        if (this.b.s.addressSpace.asid[holder] !== asid) continue;
        if (page < 0 || page === at) this.tlb[this.hart].delete(key);
      }
    };
  }

  ipi(hart: number): void {
    if (this.b.s.hart.ipiPending[hart + 1] === 0) return;
    this.hart = hart;
    ipi(this.b, hart);
    this.tlb[hart].clear();
    while (reclaim(this.b.s, this.b.fx) === 0);
  }

  /** Runs a call of a thread to its end; false when the thread now waits. */
  call(t: number, body: () => number): boolean {
    const { b } = this;
    this.hart = b.s.thread.hart[t];
    b.run(t, this.hart);
    b.s.thread.call[t] = 1;
    let r = b.finish(body(), this.hart, t);
    while (r === Result.Restart) r = b.finish(body(), this.hart, t);
    if (isWaiting(b.s, t)) return false;
    clearCall(b.s, t);
    return true;
  }

  access(t: number, page: number, access: number): void {
    const { b } = this;
    this.hart = b.s.thread.hart[t];
    b.run(t, this.hart);
    const frame = b.access(t, page * PAGE_BYTES, access);
    if (frame > 0) this.tlb[this.hart].set(`${spaceOf(b.s, t)}:${page}`, frame);
  }

  fork(t: number): void {
    const { b } = this;
    this.hart = b.s.thread.hart[t];
    b.run(t, this.hart);
    const space = beginForkSpace(b.s, b.fx, t);
    if (space < 0) return;
    const child = b.processIn(space, this.hart);
    let r = stepForkSpace(b.s, b.fx, this.hart, t);
    for (let hart = 0; r === Result.Pending; hart = (hart + 1) % 3) {
      b.settle();
      const own = b.s.thread.hart[t];
      // Interrupts are taken between steps, the own hart's too.
      this.ipi(hart);
      this.hart = own;
      r = stepForkSpace(b.s, b.fx, own, t);
    }
    b.settle();
    if (r < 0) b.exit(child);
    else this.children.push(child);
    b.run(t, this.hart);
  }

  exitChild(child: number): void {
    const space = spaceOf(this.b.s, child);
    this.hart = this.b.s.thread.hart[child];
    this.b.exit(child);
    this.children.splice(this.children.indexOf(child), 1);
    // A dead space's ASID names nothing any more.
    for (const tlb of this.tlb) {
      for (const key of [...tlb.keys()]) if (key.startsWith(`${space}:`)) tlb.delete(key);
    }
  }

  check(): void {
    for (const [hart, tlb] of this.tlb.entries()) {
      for (const [key, frame] of tlb) {
        const role = this.b.s.frame.role[frame];
        assert.ok(
          role !== FrameRole.Free,
          `hart ${hart} still reaches free frame ${frame}, ${key}`,
        );
      }
    }
    this.b.check();
  }
}

Deno.test("random changes on three harts never free a frame that a TLB may still reach", () => {
  let waits = 0;
  for (let seed = 1; seed <= 6; seed++) {
    const crowd = new Crowd();
    const { b } = crowd;
    const random = generator(seed);
    for (let step = 0; step < 500; step++) {
      const everyone = [...crowd.threads, ...crowd.children];
      const t = everyone[random(everyone.length)];
      const page = START + random(40);
      const end = page + 1 + random(8);
      const h = b.s.thread.hart[t];
      if (random(4) === 0) crowd.ipi(random(3));
      if (isWaiting(b.s, t)) {
        waits++;
        crowd.ipi(random(3));
        continue;
      }
      switch (random(12)) {
        case 0:
          crowd.call(t, () => unmapRange(b.s, b.fx, h, t, page, end, 0));
          break;
        case 1:
          crowd.call(t, () => protectRange(b.s, b.fx, h, t, page, end, Prot.Read));
          break;
        case 2:
          if (crowd.children.length < 5) crowd.fork(t);
          break;
        case 3:
          if (crowd.children.includes(t)) crowd.exitChild(t);
          break;
        case 4:
        case 5:
          crowd.call(
            t,
            () => mapMemory(b.s, b.fx, h, t, page, end - page, RW, 0, 0, 0, Placement.Fixed),
          );
          break;
        default:
          crowd.access(t, page, random(2) === 0 ? AccessKind.Read : AccessKind.Write);
      }
      crowd.check();
    }
  }
  assert.ok(waits > 20, "some calls waited for acknowledgements");
});

Deno.test("copy-on-write that finds the table of shootdowns full waits for one, and then copies", () => {
  const { b, t } = shared(2);
  const child = beginForkSpace(b.s, b.fx, t);
  b.processIn(child, 0);
  assert.equal(stepForkSpace(b.s, b.fx, 0, t), child);
  // The fork's own shootdown is in flight still; the rest of the table is taken.
  while (freeRows(b.s.shootdown) > 0) allocRow(b.s.shootdown);
  b.run(t, 0);
  assert.equal(b.fault(t, START * PAGE_BYTES, AccessKind.Write), Result.Pending);
  assert.ok(isWaiting(b.s, t), "it is neither killed nor goes on");
  ipi(b, 1);
  assert.ok(isWaiting(b.s, t));
  ipi(b, 2);
  assert.ok(!isWaiting(b.s, t));
  b.run(t, 0);
  assert.equal(b.fault(t, START * PAGE_BYTES, AccessKind.Write), Result.Pending, "its own now");
  ipi(b, 1);
  ipi(b, 2);
  b.run(t, 0);
  assert.equal(b.store(t, START * PAGE_BYTES, 99), 0);
});
