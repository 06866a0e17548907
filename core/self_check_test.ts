import assert from "node:assert/strict";
import { ONE, type State } from "./kernel.ts";
import { reschedule } from "./leave.ts";
import { makeWorld } from "./ledger/test_world.ts";
import { scheduler } from "./sched/scheduler.ts";
import { PRIORITY_LEVELS, ThreadState } from "./sched/tables.ts";
import { schedState, testRandom } from "./sched/testing.ts";
import { checkSelection, SelfCheck } from "./self_check.ts";
import type { ElementType } from "./state/column.ts";
import { allocRow, freeRow, type TableBase, type ViewOf } from "./state/table.ts";

Deno.test("self-check: it passes at boot, and again as often as it is asked", () => {
  const { s } = makeWorld();
  assert.equal(s.kernel.selfCheck[ONE], SelfCheck.Passed);
  const fresh = schedState(1, 0);
  for (let n = 0; n < 3; n++) assert.equal(checkSelection(fresh), SelfCheck.Passed);
});

Deno.test("self-check: it leaves the harts and the threads as they were", () => {
  const s = schedState(2, 0);
  const hart = columnsOf(s.hart).map((view) => view.slice());
  const account = s.account.balance.slice();
  checkSelection(s);
  assert.deepEqual(columnsOf(s.hart), hart);
  assert.deepEqual(s.account.balance, account);
  for (const view of columnsOf(s.thread)) for (const value of view) assert.equal(value, 0);
});

Deno.test("self-check: without slots for its threads it fails, and says so", () => {
  for (const free of [0, 1]) {
    const s = schedState(1, 0);
    let last = 0;
    for (let t = allocRow(s.thread); t !== 0; t = allocRow(s.thread)) last = t;
    if (free === 1) freeRow(s.thread, last);
    assert.equal(checkSelection(s), SelfCheck.NoThread);
    assert.equal(s.kernel.selfCheck[ONE], SelfCheck.NoThread);
    // What it could get it gave back.
    assert.equal(allocRow(s.thread) !== 0, free === 1);
  }
});

function columnsOf({ $zeroing: by }: TableBase): readonly ViewOf[ElementType][] {
  const wide = by.wide.map(({ view }) => view);
  return [...by.u8, ...by.u16, ...by.u32, ...by.i32, ...by.f64, ...wide];
}

/** Every column of harts and threads, as one list of copies. */
function columns(s: State): ArrayLike<number>[] {
  return [...columnsOf(s.hart), ...columnsOf(s.thread)].map((view) => view.slice(0, 3 * 256));
}

Deno.test("peek: 10,000 random queues: it names the best, changes nothing, and that one is taken", () => {
  const random = testRandom(20);
  const THREADS = 12;
  for (let n = 0; n < 10_000; n++) {
    const s = n % 500 === 0 ? fresh(THREADS) : emptied(state);
    state = s;
    const queued: number[] = [];
    for (let t = 1; t <= THREADS; t++) {
      if (random(3) === 0) continue;
      // Few levels, or many: equals and strangers.
      s.thread.priority[t] = random(2) === 0 ? random(4) * 31 : random(PRIORITY_LEVELS);
      if (random(4) === 0) scheduler.requeueCurrent(s, 0, t, false);
      else scheduler.enqueue(s, 0, t);
      queued.push(t);
    }
    const best = Math.max(-1, ...queued.map((t) => s.thread.priority[t]));
    const before = n % 50 === 0 ? columns(s) : [];
    const named = scheduler.peek(s, 0);
    assert.equal(scheduler.peek(s, 0), named);
    if (before.length > 0) assert.deepEqual(columns(s), before);
    assert.equal(named === 0 ? -1 : s.thread.priority[named], best);
    // The walk through the queue meets each thread once, the best first.
    const walked: number[] = [];
    for (let t = named; t !== 0; t = scheduler.after(s, 0, t)) walked.push(t);
    assert.deepEqual([...walked].sort((a, b) => a - b), queued);
    const levels = walked.map((t) => s.thread.priority[t]);
    assert.deepEqual(levels, [...levels].sort((a, b) => b - a));
    reschedule(s, 0, n);
    assert.equal(s.hart.current[1], named);
    if (named !== 0) assert.equal(s.thread.state[named], ThreadState.Running);
  }
});

let state: State;

function fresh(threads: number): State {
  return schedState(1, threads);
}

/** The state with nothing queued and nothing running. */
function emptied(s: State): State {
  for (let t = 1; t <= 12; t++) {
    if (scheduler.isQueued(s, 0, t)) scheduler.remove(s, 0, t);
    s.thread.state[t] = ThreadState.Blocked;
    s.thread.level[t] = 0;
  }
  s.hart.current[1] = 0;
  s.hart.needsReschedule[1] = 0;
  return s;
}
