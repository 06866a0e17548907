import assert from "node:assert/strict";
import { Effects } from "../effect.ts";
import { ONE, type State } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import { Bench, Call, words } from "../proc/testing.ts";
import { scheduler } from "./scheduler.ts";
import { answerIdleHarts, askForThread, offerQueued, STEAL_WAIT_NS, stopAsking } from "./steal.ts";
import { Request, Steal, ThreadState } from "./tables.ts";
import { schedState } from "./testing.ts";
import { answerRequests } from "./thread.ts";

const LATER = 10 * STEAL_WAIT_NS;

/** Harts, of which each but the first runs a thread; hart 0 is idle. */
function busy(harts: number, threads: number): { s: State; fx: Effects; next: number } {
  const s = schedState(harts, threads);
  for (let t = 1; t <= threads; t++) s.thread.affinityLo[t] = 0xffffffff;
  for (let hart = 1; hart < harts; hart++) {
    s.thread.state[hart] = ThreadState.Running;
    s.thread.hart[hart] = hart;
    s.hart.current[hart + 1] = hart;
  }
  return { s, fx: new Effects(), next: harts };
}

/** Queues a thread on a hart. */
function queue(s: State, hart: number, thread: number, priority = 10, affinity = ~0): void {
  s.thread.hart[thread] = hart;
  s.thread.priority[thread] = priority;
  s.thread.affinityLo[thread] = affinity;
  scheduler.enqueue(s, hart, thread);
}

Deno.test("steal: the hart with the most ready threads is asked, of equals the lowest", () => {
  const { s, fx } = busy(4, 12);
  queue(s, 1, 5);
  for (const t of [6, 7]) queue(s, 2, t);
  for (const t of [8, 9]) queue(s, 3, t);
  askForThread(s, fx, 0);
  assert.equal(s.hart.stealFrom[1], 3);
  assert.deepEqual([...s.hart.steal.subarray(1, 5)], [0, 0, Steal.Asked, 0]);
  assert.deepEqual([...s.hart.ipiPending.subarray(1, 5)], [0, 0, 1, 0]);
  // Once is enough: the request stands.
  askForThread(s, fx, 0);
  assert.equal(fx.length, 2);
  answerIdleHarts(s, fx, 2, LATER);
  assert.equal(s.thread.hart[6], 0);
  assert.equal(s.thread.requests[6], Request.Start);
  assert.equal(s.hart.inboxHead[1], 6);
  assert.equal(s.hart.given[3], 1);
  assert.equal(s.hart.ready[3], 1);
  assert.equal(s.kernel.hungryLo[ONE], 0, "one request, one thread");
  answerIdleHarts(s, fx, 2, LATER);
  assert.equal(s.hart.ready[3], 1);
});

Deno.test("steal: of what may go the best level goes, and of that the first", () => {
  const { s, fx } = busy(2, 8);
  queue(s, 1, 2, 10);
  queue(s, 1, 3, 12, 2);
  queue(s, 1, 4, 11);
  queue(s, 1, 5, 11);
  askForThread(s, fx, 0);
  answerIdleHarts(s, fx, 1, LATER);
  assert.equal(s.thread.hart[4], 0);
  assert.deepEqual([3, 5, 2].map((t) => s.thread.queued[t]), [1, 1, 1]);
});

Deno.test("steal: a hart with pinned threads only sends the request on, to the last", () => {
  const { s, fx } = busy(4, 12);
  for (const t of [5, 6, 7]) queue(s, 1, t, 10, 2);
  for (const t of [8, 9]) queue(s, 2, t, 10, 4);
  queue(s, 3, 10, 10, 8);
  askForThread(s, fx, 0);
  for (const victim of [1, 2, 3]) {
    assert.equal(s.hart.stealFrom[1], victim + 1);
    answerIdleHarts(s, fx, victim, LATER);
  }
  assert.equal(s.hart.stealFrom[1], 0, "nobody is left: whoever has one may answer");
  assert.equal(s.kernel.hungryLo[ONE], 1);
  assert.deepEqual([...s.hart.given.subarray(1, 5)], [0, 0, 0, 0]);
  assert.deepEqual([...s.hart.steal.subarray(1, 5)], [0, 0, 0, 0]);
  queue(s, 2, 11);
  assert.equal(s.hart.steal[3], 1);
  answerIdleHarts(s, fx, 2, LATER);
  assert.equal(s.thread.hart[11], 0);
});

Deno.test("steal: a hart that queues a thread while another is asked is asked again", () => {
  const { s, fx } = busy(4, 12);
  queue(s, 2, 5, 10, 4);
  askForThread(s, fx, 0);
  assert.equal(s.hart.stealFrom[1], 3);
  queue(s, 1, 6);
  answerIdleHarts(s, fx, 1, LATER);
  assert.equal(s.thread.queued[6], 1, "another one is asked for it");
  answerIdleHarts(s, fx, 2, LATER);
  assert.equal(s.hart.stealFrom[1], 2);
  answerIdleHarts(s, fx, 1, LATER);
  assert.equal(s.thread.hart[6], 0);
});

Deno.test("steal: one that queues what it must keep is not asked again for that", () => {
  const { s, fx } = busy(3, 12);
  queue(s, 1, 5, 10, 2);
  queue(s, 2, 6, 10, 4);
  askForThread(s, fx, 0);
  answerIdleHarts(s, fx, 1, LATER);
  assert.equal(s.hart.stealFrom[1], 3);
  queue(s, 1, 7, 10, 2);
  answerIdleHarts(s, fx, 1, LATER);
  answerIdleHarts(s, fx, 2, LATER);
  assert.equal(s.hart.stealFrom[1], 0, "a request goes round once");
});

Deno.test("steal: so is one that was asked before, and had nothing then", () => {
  const { s, fx } = busy(4, 12);
  for (const t of [5, 6]) queue(s, 1, t, 10, 2);
  queue(s, 2, 7, 10, 4);
  askForThread(s, fx, 0);
  answerIdleHarts(s, fx, 1, LATER);
  assert.equal(s.hart.stealFrom[1], 3);
  queue(s, 1, 8);
  answerIdleHarts(s, fx, 1, LATER);
  answerIdleHarts(s, fx, 2, LATER);
  assert.equal(s.hart.stealFrom[1], 2);
  answerIdleHarts(s, fx, 1, LATER);
  assert.equal(s.thread.hart[8], 0);
});

Deno.test("steal: a thread in transit, asked for, or in a long operation stays", () => {
  const { s, fx } = busy(2, 8);
  for (const t of [2, 3, 4]) queue(s, 1, t);
  s.thread.requests[2] = Request.Signal;
  s.thread.inInbox[3] = 1;
  s.thread.operation[4] = 1;
  askForThread(s, fx, 0);
  answerIdleHarts(s, fx, 1, LATER);
  assert.equal(s.hart.ready[2], 3);
  queue(s, 1, 5);
  answerIdleHarts(s, fx, 1, LATER);
  assert.equal(s.thread.hart[5], 0);
});

Deno.test("steal: a thread that stayed for a request is offered once that is answered", () => {
  const { s, fx } = busy(2, 4);
  queue(s, 1, 3);
  s.thread.requests[3] = Request.Signal;
  askForThread(s, fx, 0);
  answerIdleHarts(s, fx, 1, LATER);
  assert.deepEqual([s.thread.hart[3], s.hart.steal[2]], [1, 0], "it stays, and nobody looks again");
  assert.equal(answerRequests(s, fx, 1, 3), Request.Signal);
  assert.equal(s.hart.steal[2], Steal.Offer);
  answerIdleHarts(s, fx, 1, LATER);
  assert.equal(s.thread.hart[3], 0);
  // Where nobody asks, nothing is offered.
  queue(s, 1, 4);
  s.hart.steal[2] = 0;
  s.thread.requests[4] = Request.Signal;
  answerRequests(s, fx, 1, 4);
  assert.equal(s.hart.steal[2], 0);
});

Deno.test("steal: a thread has waited before it goes, and its hart looks again when it has", () => {
  const { s, fx } = busy(2, 4);
  askForThread(s, fx, 0);
  s.hart.lastTime[2] = 5000;
  queue(s, 1, 2);
  answerIdleHarts(s, fx, 1, 5000);
  assert.equal(s.hart.stealAt[2], 5000 + STEAL_WAIT_NS);
  assert.equal(s.thread.queued[2], 1);
  answerIdleHarts(s, fx, 1, 5000 + STEAL_WAIT_NS - 1);
  assert.equal(s.thread.queued[2], 1);
  answerIdleHarts(s, fx, 1, 5000 + STEAL_WAIT_NS);
  assert.equal(s.thread.hart[2], 0);
  assert.equal(s.hart.stealAt[2], 0);
  assert.equal(s.hart.steal[2], 0);
});

Deno.test("steal: a hart looks at so many threads in one event, and no more", () => {
  const { s, fx } = busy(2, UNITS + 4);
  for (let t = 2; t < UNITS + 3; t++) queue(s, 1, t, 10, 2);
  queue(s, 1, UNITS + 3);
  askForThread(s, fx, 0);
  answerIdleHarts(s, fx, 1, LATER);
  assert.equal(s.thread.queued[UNITS + 3], 1);
  scheduler.remove(s, 1, 2);
  scheduler.remove(s, 1, 3);
  offerQueued(s, fx, 1, 4);
  answerIdleHarts(s, fx, 1, LATER);
  assert.equal(s.thread.hart[UNITS + 3], 0);
});

Deno.test("steal: a hart with something to run asks no more, and one alone never does", () => {
  const { s, fx } = busy(2, 4);
  askForThread(s, fx, 0);
  stopAsking(s, 0);
  queue(s, 1, 2);
  assert.equal(s.hart.steal[2], 0);
  assert.equal(s.kernel.hungryLo[ONE], 0);
  s.kernel.harts[ONE] = 1;
  askForThread(s, fx, 0);
  s.kernel.harts[ONE] = 2;
  s.kernel.shutdown[ONE] = 1;
  askForThread(s, fx, 0);
  assert.equal(s.kernel.hungryLo[ONE], 0);
  assert.equal(fx.length, 0);
});

/** Init on hart 0 with its child queued behind it; hart 1 idles. */
function crowded(): { b: Bench; child: number } {
  const b = new Bench();
  const child = b.fork();
  assert.equal(b.call(0, Call.setaffinity, 2, 8, words(1)), 0);
  assert.equal(b.on(1), 0);
  assert.equal(b.s.thread.queued[child], 1);
  return { b, child };
}

Deno.test("steal: a queued thread that may move goes to the idle hart after a while", () => {
  const { b, child } = crowded();
  b.timer(0, 2 * STEAL_WAIT_NS);
  assert.equal(b.s.thread.hart[child], 0, "it is pinned");
  assert.equal(b.call(0, Call.setaffinity, 2, 8, words(3)), 0);
  assert.equal(b.on(1), child);
  assert.equal(b.on(0), b.world.thread);
  assert.equal(b.s.hart.given[1], 1);
  b.check();
});

Deno.test("steal: a hart is told when a thread of its queue may go elsewhere again", () => {
  const { s, fx } = busy(3, 8);
  queue(s, 1, 4, 10, 2);
  askForThread(s, fx, 0);
  answerIdleHarts(s, fx, 1, LATER);
  s.hart.ipiPending[2] = 0;
  s.thread.affinityLo[4] = 3;
  offerQueued(s, fx, 2, 4);
  assert.equal(s.hart.steal[2], 1);
  assert.equal(s.hart.ipiPending[2], 1);
  answerIdleHarts(s, fx, 1, LATER);
  assert.equal(s.thread.hart[4], 0);
  // A running or blocked one is in no queue.
  offerQueued(s, fx, 0, 2);
  assert.equal(s.hart.steal[3], 0);
});

Deno.test("steal: a hart that becomes idle takes what has waited elsewhere", () => {
  const { b, child } = crowded();
  assert.equal(b.call(0, Call.clone, 17), 3);
  const third = b.on(1);
  assert.equal(b.call(0, Call.setaffinity, 2, 8, words(3)), 0);
  assert.equal(b.s.thread.hart[child], 0, "nobody idles");
  b.timer(0, b.s.thread.readySince[child] + STEAL_WAIT_NS);
  assert.equal(b.call(1, Call.nanosleep, words(5, 0), 0), undefined);
  assert.equal(b.on(1), child);
  assert.equal(b.s.thread.state[third], ThreadState.Blocked);
  b.check();
});

Deno.test("steal: an idle machine asks for nothing: no interrupt, no timer but its own", () => {
  const b = new Bench();
  const child = b.fork();
  assert.equal(b.call(1, Call.nanosleep, words(9, 0), 0), undefined);
  assert.equal(b.call(0, Call.nanosleep, words(5, 0), 0), undefined);
  assert.deepEqual([b.on(0), b.on(1)], [0, 0]);
  assert.equal(b.s.kernel.hungryLo[ONE], 3);
  for (const row of [1, 2]) {
    assert.equal(b.s.hart.ipiPending[row], 0);
    assert.equal(b.s.hart.stealAt[row], 0);
    const due = b.s.thread.timerDeadline[row === 1 ? b.world.thread : child];
    assert.equal(b.s.hart.timerProgrammed[row], due);
  }
  b.check();
});

Deno.test("affinity: a running, a ready and a blocked thread go where they may be", () => {
  const { b, child } = crowded();
  // Ready: from the queue of its caller's hart.
  assert.equal(b.call(0, Call.setaffinity, 2, 8, words(2)), 0);
  assert.equal(b.on(1), child);
  // Running, on another hart and on its own.
  assert.equal(b.call(0, Call.setaffinity, 2, 8, words(1)), 0);
  assert.equal(b.s.thread.hart[child], 0);
  assert.equal(b.on(1), 0);
  b.enter(0, Call.setaffinity, 0, 8, words(2));
  b.pump();
  assert.equal(b.on(1), b.world.thread);
  assert.equal(b.on(0), child);
  // Blocked: it wakes there, and may not be taken from there.
  assert.equal(b.call(0, Call.nanosleep, words(0, 500_000), 0), undefined);
  assert.equal(b.call(1, Call.setaffinity, 2, 8, words(2)), 0);
  assert.equal(b.s.thread.hart[child], 1);
  b.timer(1, b.s.thread.timerDeadline[child]);
  b.timer(1, b.s.hart.lastTime[2] + LATER);
  b.timer(1, b.s.hart.lastTime[2] + LATER);
  assert.equal(b.s.thread.hart[child], 1);
  assert.equal(b.on(0), 0);
  b.check();
});
