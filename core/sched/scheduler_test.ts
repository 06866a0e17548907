import assert from "node:assert/strict";
import type { State } from "../kernel.ts";
import { fixedPriority, QUANTUM_NS } from "./fixed_priority.ts";
import { Scheduler, scheduler } from "./scheduler.ts";
import type { SchedulingClass } from "./scheduling_class.ts";
import { PRIORITY_LEVELS, ThreadState } from "./tables.ts";
import { schedState, testRandom } from "./testing.ts";

Deno.test("peek names the highest level's first thread, twice alike, and the take is that one", () => {
  const random = testRandom(7);
  const s = schedState(2, 40);
  const model: number[][] = Array.from({ length: PRIORITY_LEVELS }, () => []);
  const queued = new Set<number>();
  for (let step = 0; step < 20_000; step++) {
    const t = 1 + random(40);
    if (queued.has(t)) {
      scheduler.remove(s, 0, t);
      const level = model[s.thread.level[t]];
      level.splice(level.indexOf(t), 1);
      queued.delete(t);
    } else {
      s.thread.priority[t] = random(PRIORITY_LEVELS);
      if (random(2) === 0) {
        s.thread.state[t] = ThreadState.Running;
        scheduler.requeueCurrent(s, 0, t, false);
        model[s.thread.priority[t]].unshift(t);
      } else {
        scheduler.enqueue(s, 0, t);
        model[s.thread.priority[t]].push(t);
      }
      queued.add(t);
    }
    let expected = 0;
    for (let p = PRIORITY_LEVELS - 1; p >= 0 && expected === 0; p--) expected = model[p][0] ?? 0;
    assert.equal(scheduler.peek(s, 0), expected);
    assert.equal(scheduler.peek(s, 0), expected);
    assert.equal(s.hart.ready[1], queued.size);
  }
});

Deno.test("an expired thread goes behind its equals, a preempted one keeps its place and budget", () => {
  const s = schedState(1, 3);
  scheduler.enqueue(s, 0, 1);
  scheduler.enqueue(s, 0, 2);
  scheduler.remove(s, 0, 1);
  s.thread.state[1] = ThreadState.Running;
  scheduler.charge(s, 1, QUANTUM_NS / 4);
  assert.equal(scheduler.expired(s, 0, 1), false);
  s.thread.priority[3] = 11;
  scheduler.enqueue(s, 0, 3);
  assert.equal(scheduler.shouldPreempt(s, 0, 1), true);
  scheduler.requeueCurrent(s, 0, 1, false);
  assert.equal(s.thread.budget[1], QUANTUM_NS * 3 / 4);
  scheduler.remove(s, 0, 3);
  assert.equal(scheduler.peek(s, 0), 1);
  scheduler.remove(s, 0, 1);
  scheduler.charge(s, 1, QUANTUM_NS);
  assert.equal(scheduler.expired(s, 0, 1), true);
  scheduler.requeueCurrent(s, 0, 1, true);
  assert.equal(scheduler.peek(s, 0), 2);
  assert.equal(s.thread.budget[1], QUANTUM_NS);
});

Deno.test("a thread without equals is not expired but gets a new quantum", () => {
  const s = schedState(1, 1);
  s.thread.state[1] = ThreadState.Running;
  assert.equal(scheduler.expired(s, 0, 1), false);
  assert.equal(s.thread.budget[1], QUANTUM_NS);
  assert.equal(scheduler.nextDeadline(s, 0, 1), Infinity);
});

Deno.test("an untimed thread keeps the hart from its equals, until it gives it up", () => {
  const s = schedState(1, 2);
  s.thread.untimed[1] = 1;
  scheduler.enqueue(s, 0, 1);
  scheduler.remove(s, 0, 1);
  s.thread.state[1] = ThreadState.Running;
  scheduler.enqueue(s, 0, 2);
  assert.equal(scheduler.nextDeadline(s, 0, 1), Infinity);
  scheduler.charge(s, 1, 5 * QUANTUM_NS);
  assert.equal(scheduler.expired(s, 0, 1), false);
  s.thread.budget[1] = 0;
  assert.equal(scheduler.expired(s, 0, 1), true, "as sched_yield leaves it");
  scheduler.requeueCurrent(s, 0, 1, true);
  assert.equal(scheduler.peek(s, 0), 2);
});

/** A class of one slot per hart, kept where no other class looks: it proves the seam. */
function soloClass(): SchedulingClass {
  const slot = new Map<number, number>();
  return {
    name: "solo",
    enqueueHead: (s: State, row, t) => {
      slot.set(row, t);
      s.thread.queued[t] = 1;
    },
    enqueueTail: (s: State, row, t) => {
      slot.set(row, t);
      s.thread.queued[t] = 1;
    },
    remove: (s: State, row, t) => {
      slot.delete(row);
      s.thread.queued[t] = 0;
    },
    setLevel: () => {},
    peek: (_s, row) => slot.get(row) ?? 0,
    after: () => 0,
    charge: () => {},
    expired: () => false,
    preempts: () => false,
    nextDeadline: () => Infinity,
  };
}

Deno.test("a second class before fixed priority wins and preempts, through the seam alone", () => {
  const two = new Scheduler([soloClass(), fixedPriority]);
  const s = schedState(1, 2);
  s.thread.class[1] = 1;
  s.thread.priority[1] = 255;
  two.enqueue(s, 0, 1);
  assert.equal(two.peek(s, 0), 1);
  two.remove(s, 0, 1);
  s.thread.state[1] = ThreadState.Running;
  s.hart.current[1] = 1;
  s.hart.needsReschedule[1] = 0;
  s.thread.class[2] = 0;
  two.enqueue(s, 0, 2);
  assert.equal(s.hart.needsReschedule[1], 1);
  assert.equal(two.shouldPreempt(s, 0, 1), true);
  two.requeueCurrent(s, 0, 1, false);
  assert.equal(two.peek(s, 0), 2);
  two.remove(s, 0, 2);
  assert.equal(two.peek(s, 0), 1);
});
