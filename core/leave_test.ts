import assert from "node:assert/strict";
import { ONE } from "./kernel.ts";
import { ActionFlag, Signal } from "./proc/signal_numbers.ts";
import { Bench, BUFFER, Call, signalSet, STACK, words } from "./proc/testing.ts";
import { reschedule } from "./leave.ts";
import { QUANTUM_NS } from "./sched/fixed_priority.ts";
import { scheduler } from "./sched/scheduler.ts";
import { DEFAULT_PRIORITY, PRIORITY_LEVELS, ThreadState } from "./sched/tables.ts";
import { schedState, testRandom } from "./sched/testing.ts";

const HANDLER = 0x5_0000;
const POLL = 73;

Deno.test("leave: the mask of a poll that found something is gone before signals are looked at", () => {
  const b = new Bench();
  b.handle(0, Signal.Usr1, HANDLER);
  const init = b.on(0);
  assert.equal(b.call(0, Call.sigprocmask, 0, signalSet(Signal.Usr1), 0, 8), 0);
  assert.equal(b.call(0, Call.kill, 1, Signal.Usr1), 0);
  assert.equal(b.call(0, POLL, new Uint8Array(0), 0, words(0, 0), signalSet(), 8), 0);
  assert.deepEqual(b.takeHandled(init), []);
  assert.equal(b.s.thread.blockedLo[init], 1 << (Signal.Usr1 - 1));
  b.check();
});

Deno.test("leave: a terminal's stop signals do nothing to a group nobody looks after; STOP does", () => {
  const b = new Bench();
  const child = b.fork();
  for (const signal of [Signal.Tstp, Signal.Ttin, Signal.Ttou]) {
    assert.equal(b.call(0, Call.kill, 2, signal), 0);
    assert.equal(b.s.thread.state[child], ThreadState.Running);
  }
  // In a group of its own, beside its parent's in one session, it has somebody.
  assert.equal(b.call(0, Call.setpgid, 2, 2), 0);
  assert.equal(b.call(0, Call.kill, 2, Signal.Tstp), 0);
  assert.equal(b.s.thread.state[child], ThreadState.Stopped);
  assert.equal(b.call(0, Call.kill, 2, Signal.Cont), 0);
  assert.equal(b.s.thread.state[child], ThreadState.Running);
  b.check();
});

Deno.test("leave: handlers nest as their masks allow, the lowest number first", () => {
  const b = new Bench();
  b.handle(0, Signal.Usr1, HANDLER, ActionFlag.NoDefer);
  b.handle(0, Signal.Usr2, HANDLER);
  const init = b.on(0);
  b.call(0, Call.sigprocmask, 0, signalSet(Signal.Usr1, Signal.Usr2), 0, 8);
  b.call(0, Call.kill, 1, Signal.Usr2);
  b.call(0, Call.kill, 1, Signal.Usr1);
  b.call(0, Call.sigprocmask, 2, signalSet(), 0, 8);
  assert.deepEqual(b.takeHandled(init), [Signal.Usr1, Signal.Usr2]);
  assert.equal(b.s.thread.blockedLo[init], 1 << (Signal.Usr2 - 1));
  b.check();
});

Deno.test("leave: equals take turns of a quantum, a woken equal does not preempt", () => {
  const b = new Bench();
  const child = b.fork();
  assert.equal(b.call(1, Call.clone, 17), 3);
  const grandchild = b.s.process.firstThread[b.s.process.firstChild[b.processOf(child)]];
  assert.equal(b.on(1), child);
  const start = b.s.thread.dispatchedAt[child];
  b.timer(1, start + QUANTUM_NS / 2);
  assert.equal(b.on(1), child, "half a turn is left");
  b.timer(1, start + 2 * QUANTUM_NS);
  assert.equal(b.on(1), grandchild);
  assert.equal(b.s.thread.budget[child], QUANTUM_NS);
  b.check();
});

Deno.test("leave: a sleep and an interval timer move with their thread", () => {
  const b = new Bench();
  b.handle(0, Signal.Alrm, HANDLER);
  const child = b.fork();
  assert.equal(b.call(1, Call.setitimer, 0, words(0, 0, 0, 3000), 0), 0);
  assert.equal(b.call(1, Call.nanosleep, words(0, 2_000_000), 0), undefined);
  assert.equal(b.call(0, Call.setaffinity, 2, 8, words(1)), 0);
  assert.equal(b.s.thread.hart[child], 0);
  assert.equal(b.s.hart.heapLength[2], 0);
  assert.equal(b.s.hart.heapLength[1], 2);
  b.timer(0, 2_100_000);
  b.call(0, Call.yield);
  assert.equal(b.results.get(child), 0);
  b.timer(0, 4_000_000);
  b.timer(0, 6_000_000);
  while (b.on(0) !== child) b.call(0, Call.yield);
  assert.deepEqual(b.takeHandled(child), [Signal.Alrm]);
  assert.equal(b.s.hart.heapLength[1], 0);
  b.check();
});

Deno.test("leave: affinity holds for a thread that is moved twice while on its way", () => {
  const b = new Bench();
  const child = b.fork();
  b.held.add(1);
  assert.equal(b.call(0, Call.setaffinity, 2, 8, words(1)), 0);
  assert.equal(b.call(0, Call.setaffinity, 2, 8, words(2)), 0);
  b.held.delete(1);
  b.pump();
  assert.equal(b.s.thread.hart[child], 1);
  assert.equal(b.on(1), child);
  assert.equal(b.s.hart.assigned[2], 1);
  b.check();
});

Deno.test("leave: affinity holds for a thread that is moved on before it has arrived", () => {
  const b = new Bench();
  b.fork();
  b.held.add(0);
  b.enter(1, Call.setaffinity, 2, 8, words(1));
  b.pump();
  const child = b.s.process.firstThread[b.s.process.firstChild[b.world.init]];
  assert.equal(b.s.thread.hart[child], 0);
  assert.equal(b.call(0, Call.setaffinity, 2, 8, words(2)), 0);
  b.held.delete(0);
  b.pump();
  assert.equal(b.s.thread.hart[child], 1);
  assert.equal(b.on(1), child);
  b.check();
});

Deno.test("leave: a child in the making and a zombie are not moved", () => {
  const b = new Bench();
  const child = b.fork();
  b.enter(1, Call.clone, 17);
  const embryo = b.s.process.firstThread[b.s.process.firstChild[b.processOf(child)]];
  assert.equal(b.s.thread.state[embryo], ThreadState.Embryo);
  b.enter(0, Call.setaffinity, 3, 8, words(2));
  assert.equal(b.s.thread.state[embryo], ThreadState.Embryo);
  b.pump();
  assert.equal(b.s.thread.hart[embryo], 1);
  b.enter(1, Call.exit, 0);
  b.pump();
  assert.equal(b.call(0, Call.setaffinity, 2, 8, words(1)), 0);
  assert.equal(b.call(0, Call.wait4, 2, 0, 0, 0), 2);
  b.check();
});

Deno.test("leave: a remaining time whose page must be copied first does not hurt the handler", () => {
  const b = new Bench();
  b.handle(0, Signal.Usr1, HANDLER);
  // The page of the frame is there too, so that after a fork both must be copied.
  assert.equal(b.call(0, Call.sigprocmask, 0, null, STACK - 256, 8), 0);
  const child = b.fork();
  const space = b.s.process.space[b.processOf(child)];
  // Another hart may hold translations of the child's space: a copy waits for it.
  b.s.addressSpace.ranOnLo[space] |= 1;
  const remain = BUFFER;
  assert.equal(b.call(1, Call.nanosleep, words(5, 0), remain), undefined);
  assert.equal(b.call(0, Call.kill, 2, Signal.Usr1), 0);
  assert.deepEqual(b.takeHandled(child), [Signal.Usr1]);
  assert.equal(b.s.kernel.closed[ONE], 0);
  b.check();
});

Deno.test("leave: a better thread that wakes has the hart in the event that wakes it", () => {
  const b = new Bench();
  const child = b.fork();
  const init = b.world.thread;
  assert.equal(b.call(0, Call.setaffinity, 2, 8, words(1)), 0);
  b.s.thread.priority[child] = DEFAULT_PRIORITY + 10;
  b.timer(0, QUANTUM_NS);
  assert.equal(b.on(0), child, "the timer looks at what is queued");
  b.handle(0, Signal.Usr1, HANDLER);
  // By its own timer.
  assert.equal(b.call(0, Call.nanosleep, words(0, 100_000), 0), undefined);
  assert.equal(b.on(0), init);
  b.timer(0, b.s.thread.timerDeadline[child]);
  assert.equal(b.on(0), child);
  assert.equal(b.s.thread.state[init], ThreadState.Ready);
  assert.equal(
    b.s.hart.queueHead[PRIORITY_LEVELS + DEFAULT_PRIORITY],
    init,
    "who was preempted comes first of its level",
  );
  // By another hart's call, in the event of the IPI.
  assert.equal(b.call(0, Call.nanosleep, words(9, 0), 0), undefined);
  assert.equal(b.call(0, Call.clone, 17), 3);
  assert.equal(b.call(1, Call.kill, 2, Signal.Usr1), 0);
  assert.equal(b.on(0), child);
  assert.deepEqual(b.takeHandled(child), [Signal.Usr1]);
  b.check();
});

Deno.test("leave: a thread that is woken before it has arrived is queued once", () => {
  const b = new Bench();
  const child = b.fork();
  b.handle(1, Signal.Usr1, HANDLER);
  assert.equal(b.call(1, Call.clone, 17), 3);
  assert.equal(b.call(1, Call.nanosleep, words(5, 0), 0), undefined);
  assert.notEqual(b.on(1), child);
  // The grandchild sends its sleeping parent to hart 0, which hears of it late.
  b.held.add(0);
  b.enter(1, Call.setaffinity, 2, 8, words(1));
  b.pump();
  assert.equal(b.s.thread.hart[child], 0);
  b.enter(0, Call.kill, 2, Signal.Usr1);
  assert.equal(b.s.thread.queued[child], 0);
  b.held.delete(0);
  b.pump();
  while (b.on(0) !== child) b.call(0, Call.yield);
  assert.deepEqual(b.takeHandled(child), [Signal.Usr1]);
  b.check();
});

const THREAD_COLUMNS = [
  "state",
  "level",
  "queued",
  "queueNext",
  "queuePrevious",
  "budget",
  "readySince",
  "dispatchedAt",
] as const;
const HART_COLUMNS = [
  "current",
  "next",
  "ready",
  "needsReschedule",
  "queueHead",
  "queueTail",
  "queueBitmap",
  "longestWait",
] as const;

/**
 * Events of a hart on two states: in the one, threads wake as they do; in the other they are all
 * queued at once. What both come to must be equal, whatever else an event does to the queue.
 */
Deno.test("handing a hart over comes to what the queue would have come to", () => {
  const random = testRandom(5);
  const threads = 6;
  const both = [schedState(1, threads), schedState(1, threads)];
  const [real, queued] = both;
  let direct = 0;
  for (let event = 0, now = 1; event < 2000; event++, now += random(300_000)) {
    for (const s of both) s.hart.lastTime[1] = now;
    for (let n = random(4); n > 0; n--) {
      const t = 1 + random(threads);
      const priority = 10 + random(3);
      const act = random(4);
      for (const s of both) {
        const state = s.thread.state[t];
        if (state === ThreadState.Blocked && s === real) scheduler.wake(s, 0, t);
        else if (state === ThreadState.Blocked) scheduler.enqueue(s, 0, t);
        else if (state === ThreadState.Running && act < 3) {
          s.thread.state[t] = ThreadState.Blocked;
        } else if (act === 0) {
          s.thread.priority[t] = priority;
          scheduler.applyPriority(s, 0, t);
        } else if (act === 1 && state === ThreadState.Ready) {
          scheduler.remove(s, 0, t);
          s.thread.state[t] = ThreadState.Blocked;
        } else if (act === 2) s.hart.needsReschedule[1] = 1;
      }
      assert.equal(scheduler.peek(real, 0), scheduler.peek(queued, 0));
      const first = scheduler.peek(real, 0);
      if (first !== 0) {
        assert.equal(scheduler.after(real, 0, first), scheduler.after(queued, 0, first));
      }
    }
    const current = real.hart.current[1];
    if (current !== 0 && random(2) === 0 && real.thread.state[current] === ThreadState.Running) {
      for (const s of both) s.thread.state[current] = ThreadState.Blocked;
    }
    if (real.hart.next[1] !== 0) direct++;
    for (const s of both) {
      if (s.hart.current[1] !== 0 && s.thread.state[s.hart.current[1]] !== ThreadState.Running) {
        s.hart.needsReschedule[1] = 1;
      }
      reschedule(s, 0, now);
    }
    for (const name of THREAD_COLUMNS) {
      assert.deepEqual(
        real.thread[name].slice(0, threads + 1),
        queued.thread[name].slice(0, threads + 1),
        name,
      );
    }
    for (const name of HART_COLUMNS) {
      const count = real.hart[name].length / real.hart.$capacity;
      assert.deepEqual(
        real.hart[name].slice(count, 2 * count),
        queued.hart[name].slice(count, 2 * count),
        name,
      );
    }
  }
  assert.ok(direct > 100, "harts are handed over");
});
