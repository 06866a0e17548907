import assert from "node:assert/strict";
import { Account, AMPLE } from "../ledger/accounts.ts";
import { HEAP_CAPACITY } from "./tables.ts";
import { schedState, testRandom } from "./testing.ts";
import { armTimer, disarmTimer, dueTimer, firstDeadline, TimerSlot } from "./timer.ts";

Deno.test("timers come due by deadline, equals in arming order, whatever is armed and disarmed", () => {
  const random = testRandom(99);
  const s = schedState(1, 50);
  let sequence = 0;
  const armed = new Map<number, { deadline: number; sequence: number }>();
  for (let step = 0; step < 20_000; step++) {
    const entry = (1 + random(50)) * 2 + random(2);
    if (random(3) === 0) {
      disarmTimer(s, 0, entry >>> 1, entry & 1);
      armed.delete(entry);
    } else {
      const deadline = 1 + random(40);
      armTimer(s, 0, entry >>> 1, entry & 1, deadline);
      armed.set(entry, { deadline, sequence: sequence++ });
    }
    let best = 0;
    for (const [e, a] of armed) {
      const b = armed.get(best);
      if (
        b === undefined || a.deadline < b.deadline ||
        (a.deadline === b.deadline && a.sequence < b.sequence)
      ) best = e;
    }
    assert.equal(s.hart.heapLength[1], armed.size);
    assert.equal(firstDeadline(s, 0), armed.get(best)?.deadline ?? Infinity);
    assert.equal(dueTimer(s, 0, 1000), best);
    assert.equal(dueTimer(s, 0, 0), 0);
  }
  assert.equal(s.account.balance[Account.TimerArmed] - AMPLE, armed.size);
});

Deno.test("a disarmed heap is all zero again", () => {
  const s = schedState(1, 20);
  for (let t = 1; t <= 20; t++) armTimer(s, 0, t, TimerSlot.Sleep, 1000 - t);
  for (let t = 1; t <= 20; t++) disarmTimer(s, 0, t, TimerSlot.Sleep);
  const base = HEAP_CAPACITY;
  assert.ok(s.hart.heap.subarray(base, 2 * base).every((entry) => entry === 0));
  for (let t = 1; t <= 20; t++) assert.equal(s.thread.timerIndex[t], 0);
});
