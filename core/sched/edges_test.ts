/** Scheduler and timers where they are easily one off. */
import assert from "node:assert/strict";
import { scheduler } from "./scheduler.ts";
import { HEAP_CAPACITY, ThreadState } from "./tables.ts";
import { schedState } from "./testing.ts";
import { armTimer, disarmTimer, dueTimer, TimerSlot } from "./timer.ts";

Deno.test("edges: only a higher priority preempts", () => {
  const s = schedState(1, 3);
  s.thread.state[1] = ThreadState.Running;
  s.thread.level[1] = s.thread.priority[1];
  s.hart.current[1] = 1;
  scheduler.enqueue(s, 0, 2);
  assert.equal(scheduler.shouldPreempt(s, 0, 1), false, "an equal waits");
  assert.equal(s.hart.needsReschedule[1], 0);
  s.thread.priority[3] = 11;
  scheduler.enqueue(s, 0, 3);
  assert.equal(scheduler.shouldPreempt(s, 0, 1), true);
  assert.equal(s.hart.needsReschedule[1], 1);
});

Deno.test("edges: a timer is due at its deadline, not before", () => {
  const s = schedState(1, 1);
  armTimer(s, 0, 1, TimerSlot.Sleep, 500);
  assert.equal(dueTimer(s, 0, 499), 0);
  assert.equal(dueTimer(s, 0, 500), 2);
});

Deno.test("edges: what takes a removed timer's place may have to rise", () => {
  const s = schedState(1, 7);
  [1, 10, 2, 20, 21, 3, 4].forEach((deadline, i) => {
    armTimer(s, 0, i + 1, TimerSlot.Sleep, deadline);
  });
  // The last, 4, goes where 20 was: below 10.
  disarmTimer(s, 0, 4, TimerSlot.Sleep);
  const deadlines = [...s.hart.heap.subarray(HEAP_CAPACITY, HEAP_CAPACITY + 6)]
    .map((entry) => s.thread.timerDeadline[entry >>> 1]);
  deadlines.forEach((deadline, i) => {
    if (i > 0) assert.ok(deadlines[(i - 1) >>> 1] <= deadline, deadlines.join());
  });
  assert.equal(deadlines.length, 6);
});
