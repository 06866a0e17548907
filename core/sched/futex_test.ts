import assert from "node:assert/strict";
import { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import type { State } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import {
  ANY_BITS,
  futexRequeue,
  futexWait,
  futexWake,
  futexWakeRow,
  futexWakeTwo,
  stepFutexWake,
} from "./futex.ts";
import { findFutex, rebuildFutexHash } from "./futex_row.ts";
import { endOperation } from "./operation.ts";
import { setBasePriority } from "./priority.ts";
import { scheduler } from "./scheduler.ts";
import { ThreadState, WaitKind, WakeReason } from "./tables.ts";
import { schedState } from "./testing.ts";
import { isWaiting, wakeThread } from "./wait.ts";

const A = 0x1_0000;
const B = 0x2_0004;
const FOREVER = Infinity;

/** A state whose thread 1 runs on hart 0 and whose others are to wait. */
function bench(threads: number): { s: State; fx: Effects } {
  const s = schedState(1, threads);
  s.thread.state[1] = ThreadState.Running;
  s.hart.current[1] = 1;
  return { s, fx: new Effects() };
}

function waitAt(s: State, fx: Effects, t: number, address: number, bits = ANY_BITS): number {
  return futexWait(s, fx, 0, t, 0, address, bits, FOREVER);
}

/** Threads in the order they wait in. */
function queueOf(s: State, address: number): number[] {
  const row = findFutex(s, 1, 0, address);
  const found: number[] = [];
  for (let w = s.futex.waitHead[row]; w !== 0; w = s.waiter.next[w]) found.push(s.waiter.thread[w]);
  if (row !== 0) assert.equal(s.futex.refs[row], found.length);
  return found;
}

function wakeAt(s: State, fx: Effects, address: number, most: number, bits = ANY_BITS): number {
  return futexWakeRow(s, fx, 0, 1, findFutex(s, 1, 0, address), most, bits);
}

/** Takes the steps of a long call; the most threads that became ready in one, and its result. */
function finish(s: State, fx: Effects): { result: number; most: number } {
  for (let most = 0;;) {
    const before = s.hart.ready[1];
    fx.clear();
    const result = stepFutexWake(s, fx, 0, 1);
    most = Math.max(most, s.hart.ready[1] - before);
    if (result === Result.Pending) continue;
    endOperation(s, 0, 1);
    return { result, most };
  }
}

Deno.test("futex: waiters wake in the order they came, and the row goes with the last", () => {
  const { s, fx } = bench(5);
  for (const t of [3, 2, 5, 4]) assert.equal(waitAt(s, fx, t, A), Result.Pending);
  assert.deepEqual(queueOf(s, A), [3, 2, 5, 4]);
  assert.equal(wakeAt(s, fx, B, 9), 0, "nobody waits there");
  assert.equal(wakeAt(s, fx, A, 1), 1);
  assert.equal(scheduler.peek(s, 0), 3);
  wakeThread(s, fx, 0, 5, WakeReason.Signal);
  assert.deepEqual(queueOf(s, A), [2, 4]);
  assert.equal(wakeAt(s, fx, A, 99), 2);
  assert.equal(findFutex(s, 1, 0, A), 0);
  assert.equal(s.futex.$header[3], 0, "no row is left");
});

Deno.test("futex: a higher priority wakes first, and a changed one changes the place", () => {
  const { s, fx } = bench(7);
  [0, 0, 10, 12, 10, 12, 11, 10].forEach((priority, t) => s.thread.priority[t] = priority);
  for (let t = 2; t <= 7; t++) waitAt(s, fx, t, A);
  assert.deepEqual(queueOf(s, A), [3, 5, 6, 2, 4, 7]);
  setBasePriority(s, fx, 0, 4, 12);
  assert.deepEqual(queueOf(s, A), [3, 5, 4, 6, 2, 7], "behind its new equals");
  setBasePriority(s, fx, 0, 3, 10);
  assert.deepEqual(queueOf(s, A), [5, 4, 6, 2, 7, 3]);
  setBasePriority(s, fx, 0, 5, 9);
  assert.deepEqual(queueOf(s, A), [4, 6, 2, 7, 3, 5]);
  wakeThread(s, fx, 0, 7, WakeReason.Signal);
  assert.deepEqual(queueOf(s, A), [4, 6, 2, 3, 5]);
  assert.equal(wakeAt(s, fx, A, 3), 3);
  assert.deepEqual(queueOf(s, A), [3, 5]);
});

Deno.test("futex: random arrivals, changes and departures keep the order by priority", () => {
  const { s, fx } = bench(40);
  let x = 12345;
  const random = (below: number): number => (x = (Math.imul(x, 1103515245) + 12345) >>> 0) % below;
  let model: { t: number; priority: number }[] = [];
  const insert = (t: number, priority: number): void => {
    const at = model.findIndex((other) => other.priority < priority);
    model.splice(at < 0 ? model.length : at, 0, { t, priority });
  };
  for (let n = 0; n < 4000; n++) {
    const t = 2 + random(39);
    const waits = model.some((entry) => entry.t === t);
    if (!waits) {
      if (scheduler.isQueued(s, 0, t)) scheduler.remove(s, 0, t);
      s.thread.priority[t] = 8 + random(4);
      waitAt(s, fx, t, A);
      insert(t, s.thread.priority[t]);
    } else if (random(2) === 0) {
      wakeThread(s, fx, 0, t, WakeReason.Signal);
      model = model.filter((entry) => entry.t !== t);
    } else {
      const priority = 8 + random(4);
      if (priority === s.thread.priority[t]) continue;
      setBasePriority(s, fx, 0, t, priority);
      model = model.filter((entry) => entry.t !== t);
      insert(t, priority);
    }
    fx.clear();
    assert.deepEqual(queueOf(s, A), model.map((entry) => entry.t));
  }
});

Deno.test("futex: a wake-up passes by whoever waits for other bits", () => {
  const { s, fx } = bench(5);
  waitAt(s, fx, 2, A, 1);
  waitAt(s, fx, 3, A, 2);
  waitAt(s, fx, 4, A, 3);
  waitAt(s, fx, 5, A);
  assert.equal(wakeAt(s, fx, A, 2, 2), 2);
  assert.deepEqual(queueOf(s, A), [2, 5]);
  assert.equal(wakeAt(s, fx, A, 9, 4), 1);
  assert.deepEqual(queueOf(s, A), [2]);
});

Deno.test("futex: as many waiters with bits of their own as a wake-up may look at, and no more", () => {
  const { s, fx } = bench(UNITS + 4);
  for (let t = 2; t <= UNITS; t++) waitAt(s, fx, t, A, 1);
  assert.equal(waitAt(s, fx, UNITS + 1, A), Result.Pending);
  assert.equal(waitAt(s, fx, UNITS + 2, A), -Err.NoMemory, "a plain one, too, would be passed by");
  assert.equal(waitAt(s, fx, UNITS + 2, A, 1), -Err.NoMemory);
  assert.equal(isWaiting(s, UNITS + 2), false);
  assert.equal(wakeAt(s, fx, A, 9, 2), 1);
  assert.equal(waitAt(s, fx, UNITS + 3, A, 1), Result.Pending);
});

Deno.test("futex: a table that is full refuses a wait and a requeue", () => {
  const { s, fx } = bench(4);
  waitAt(s, fx, 2, A);
  waitAt(s, fx, 3, A);
  s.futex.$header[0] = s.futex.$capacity - 1;
  assert.equal(waitAt(s, fx, 4, B), -Err.NoMemory);
  const row = findFutex(s, 1, 0, A);
  assert.equal(futexRequeue(s, fx, 0, 1, row, 0, B, false, 1, 1), -Err.NoMemory);
  assert.deepEqual(queueOf(s, A), [2, 3], "nobody woke");
  assert.equal(waitAt(s, fx, 4, A), Result.Pending, "at a word others wait at there is room");
});

Deno.test("futex: some wake, the next wait elsewhere, the rest stay", () => {
  const { s, fx } = bench(8);
  for (let t = 2; t <= 7; t++) waitAt(s, fx, t, A);
  waitAt(s, fx, 8, B);
  const row = findFutex(s, 1, 0, A);
  assert.equal(futexRequeue(s, fx, 0, 1, row, 0, B, false, 1, 3), 4);
  assert.deepEqual(queueOf(s, A), [6, 7]);
  assert.deepEqual(queueOf(s, B), [8, 3, 4, 5]);
  assert.equal(s.thread.state[4], ThreadState.Blocked);
  wakeThread(s, fx, 0, 4, WakeReason.Timeout);
  assert.deepEqual(queueOf(s, B), [8, 3, 5]);
  assert.equal(futexRequeue(s, fx, 0, 1, row, 0, A, false, 0, 9), 2, "to itself: none has to go");
  assert.deepEqual(queueOf(s, A), [6, 7]);
  assert.equal(futexRequeue(s, fx, 0, 1, row, 0, B, false, 0, 9), 2);
  assert.deepEqual(queueOf(s, B), [8, 3, 5, 6, 7]);
  assert.equal(findFutex(s, 1, 0, A), 0);
  assert.equal(wakeAt(s, fx, B, 9), 5);
});

Deno.test("futex: waiters keep their bits where they are moved", () => {
  const { s, fx } = bench(4);
  waitAt(s, fx, 2, A, 1);
  waitAt(s, fx, 3, A, 2);
  const row = findFutex(s, 1, 0, A);
  assert.equal(futexRequeue(s, fx, 0, 1, row, 0, B, false, 0, 2), 2);
  assert.equal(wakeAt(s, fx, B, 9, 2), 1);
  assert.deepEqual(queueOf(s, B), [2]);
});

Deno.test("futex: more waiters than one event may wake are woken in steps, all and once", () => {
  const count = 3 * UNITS;
  const { s, fx } = bench(count + 2);
  for (let t = 2; t <= count + 1; t++) waitAt(s, fx, t, A);
  assert.equal(wakeAt(s, fx, A, 0x7fffffff), Result.Pending);
  assert.equal(s.hart.ready[1], UNITS);
  // One leaves by itself, and one comes that nobody meant.
  wakeThread(s, fx, 0, count, WakeReason.Timeout);
  waitAt(s, fx, count + 2, A);
  const { result, most } = finish(s, fx);
  assert.equal(most, UNITS);
  assert.equal(result, count, "the late one took the place of the one that left");
  assert.equal(findFutex(s, 1, 0, A), 0);
});

Deno.test("futex: a number beyond one event's work is kept to", () => {
  const count = 3 * UNITS;
  const { s, fx } = bench(count + 1);
  for (let t = 2; t <= count + 1; t++) waitAt(s, fx, t, A);
  assert.equal(wakeAt(s, fx, A, UNITS + 7), Result.Pending);
  assert.equal(finish(s, fx).result, UNITS + 7);
  assert.equal(queueOf(s, A).length, count - UNITS - 7);
  assert.equal(wakeAt(s, fx, A, UNITS), UNITS, "as many as an event may wake need no step");
});

Deno.test("futex: waiters of two words are woken in steps, first those of the first", () => {
  const count = UNITS;
  const { s, fx } = bench(2 * count + 3);
  for (let t = 2; t <= count + 1; t++) waitAt(s, fx, t, A);
  for (let t = count + 2; t <= 2 * count + 1; t++) waitAt(s, fx, t, B);
  const two = (most: number, then: number) =>
    futexWakeTwo(s, fx, 0, 1, findFutex(s, 1, 0, A), most, findFutex(s, 1, 0, B), then);
  assert.equal(two(3, 4), 7);
  assert.equal(queueOf(s, B).length, count - 4);
  assert.equal(two(9999, 5), Result.Pending);
  const { result, most } = finish(s, fx);
  assert.ok(most <= UNITS);
  assert.equal(result, count - 3 + 5);
  assert.deepEqual(queueOf(s, A), []);
  assert.equal(queueOf(s, B).length, count - 9);
  assert.equal(two(1, 9999), count - 9);
  waitAt(s, fx, 2 * count + 2, A);
  const row = findFutex(s, 1, 0, A);
  assert.equal(futexWakeTwo(s, fx, 0, 1, row, 1, row, 1), 1, "one word twice");
});

Deno.test("futex: a long requeue loses nobody, also when its target fills with others' bits", () => {
  const count = 2 * UNITS;
  const { s, fx } = bench(count + 2);
  for (let t = 2; t <= count + 1; t++) waitAt(s, fx, t, A);
  const row = findFutex(s, 1, 0, A);
  assert.equal(futexRequeue(s, fx, 0, 1, row, 0, B, false, 1, 9999), Result.Pending);
  const { result, most } = finish(s, fx);
  assert.equal(result, count);
  assert.equal(most, 0);
  assert.equal(queueOf(s, B).length, count - 1);
  assert.deepEqual(queueOf(s, A), []);

  const back = findFutex(s, 1, 0, B);
  assert.equal(futexRequeue(s, fx, 0, 1, back, 0, A, false, 0, 9999), Result.Pending);
  waitAt(s, fx, count + 2, A, 1);
  assert.equal(finish(s, fx).result, count - 1);
  const waiting = queueOf(s, A).length;
  assert.ok(waiting <= UNITS, `${waiting} wait at a word with bits`);
  assert.equal(s.hart.ready[1], 1 + count - 1 - (waiting - 1), "who could not go there woke");
});

Deno.test("futex: the end of a thread wakes one at its id, by the shared key of private memory", () => {
  const { s, fx } = bench(3);
  waitAt(s, fx, 2, A);
  assert.equal(futexWake(s, fx, 0, 1, A), 0, "memory that is not mapped");
  assert.equal(futexWake(s, fx, 0, 1, 2 ** 40), 0);
  assert.deepEqual(queueOf(s, A), [2]);
});

Deno.test("futex: the hash of words is rebuilt as it was", () => {
  const { s, fx } = bench(60);
  for (let t = 2; t <= 60; t++) waitAt(s, fx, t, 4096 * t + 4 * t);
  rebuildFutexHash(s);
  for (let t = 2; t <= 60; t++) assert.deepEqual(queueOf(s, 4096 * t + 4 * t), [t]);
  for (let t = 60; t >= 2; t--) assert.equal(wakeAt(s, fx, 4096 * t + 4 * t, 1), 1);
  assert.equal(s.waiter.kind[s.thread.waiter[9]], WaitKind.None);
});
