import assert from "node:assert/strict";
import { findThread } from "../sched/tid.ts";
import { ThreadState } from "../sched/tables.ts";
import { Signal } from "./signal_numbers.ts";
import { ProcessState } from "./tables.ts";
import { Bench, BUFFER, Call, THREAD, words } from "./testing.ts";

const INVALID = -22;
const NOT_SUPPORTED = -95;
const AGAIN = -11;
const STACK_AT = BUFFER + 0x2000;

/** The running thread of a hart makes another; its row. */
function spawn(b: Bench, hart: number, flags = 0, childTid = 0): number {
  const tid = b.call(hart, Call.clone, THREAD | flags, STACK_AT, 0, 0, childTid);
  assert.ok(tid !== undefined && tid > 0, `clone makes a thread, not ${tid}`);
  return findThread(b.s, tid);
}

Deno.test("threads: a second one runs on another hart, with an id of its own", () => {
  const b = new Bench();
  const { s } = b;
  const second = spawn(b, 0);
  assert.equal(b.on(1), second);
  assert.equal(b.processOf(second), b.world.init);
  assert.equal(b.call(1, Call.gettid), 2);
  assert.equal(b.call(1, Call.getpid), 1);
  assert.equal(b.call(0, Call.gettid), 1);
  assert.equal(s.process.threads[b.world.init], 2);
  b.check();
});

Deno.test("threads: flags that go together, as Linux has it", () => {
  const b = new Bench();
  assert.equal(b.call(0, Call.clone, 0x10000), INVALID, "a thread shares the handlers");
  assert.equal(b.call(0, Call.clone, 0x10000 | 0x800), INVALID, "and with them the memory");
  assert.equal(b.call(0, Call.clone, 0x800), INVALID);
  assert.equal(b.call(0, Call.clone, 0x10000 | 0x800 | 0x100), NOT_SUPPORTED, "and files");
  assert.equal(b.call(0, Call.clone, THREAD | 0x4000), NOT_SUPPORTED);
  assert.equal(b.call(0, Call.clone, 0x400 | 17), NOT_SUPPORTED);
  assert.equal(b.call(0, Call.clone, THREAD | 0x2000), INVALID, "an unknown flag");
  b.check();
});

Deno.test("threads: one that ends leaves no row, the process goes on", () => {
  const b = new Bench();
  const { s } = b;
  const second = spawn(b, 0);
  b.enter(1, Call.exitThread, 7);
  b.pump();
  assert.equal(s.thread.$live[second], 0);
  assert.equal(b.on(1), 0);
  assert.equal(s.process.threads[b.world.init], 1);
  assert.equal(s.process.state[b.world.init], ProcessState.Live);
  assert.equal(b.call(0, Call.gettid), 1);
  b.check();
});

Deno.test("threads: a place asked for is cleared when a thread ends", () => {
  const b = new Bench();
  b.call(0, Call.clone, THREAD | 0x1000000 | 0x200000 | 0x100000, STACK_AT, BUFFER, 0, BUFFER + 64);
  b.zeroed.length = 0;
  b.enter(1, Call.exitThread, 0);
  assert.deepEqual(b.zeroed, [[64, 4]]);
  b.pump();
  b.check();
});

Deno.test("threads: the first may end before the others; its status is the process's", () => {
  const b = new Bench();
  const { s } = b;
  const child = b.fork();
  const p = b.processOf(child);
  const second = spawn(b, 1);
  b.enter(1, Call.exitThread, 5);
  b.pump();
  assert.equal(s.thread.state[child], ThreadState.Dead);
  assert.equal(s.process.state[p], ProcessState.Live);
  assert.equal(b.on(1), second);
  assert.equal(findThread(s, 2), child, "it is still there to be asked for");
  assert.equal(b.call(0, Call.wait4, 2, 0, 1, 0), 0);
  b.check();
  b.enter(1, Call.exitThread, 9);
  b.pump();
  assert.equal(s.process.exitStatus[p], 5 << 8);
  assert.equal(b.call(0, Call.wait4, 2, 0, 0, 0), 2);
  b.check();
});

Deno.test("threads: exit_group ends those that run, wait and are queued, on every hart", () => {
  for (const killer of [0, 1, 2]) {
    const b = new Bench();
    const { s } = b;
    const child = b.fork();
    const p = b.processOf(child);
    // Three on hart 1: one sleeps, one is queued, one runs; and one on hart 0 behind init.
    const threads = [spawn(b, 1), spawn(b, 1), spawn(b, 1)];
    assert.ok(threads.every((t) => t > 0));
    const sleeper = b.on(1);
    assert.equal(b.call(1, Call.nanosleep, words(1000, 0), 0), undefined);
    assert.equal(s.thread.state[sleeper], ThreadState.Blocked);
    b.check();
    if (killer === 0) {
      b.enter(1, Call.exit, 3);
    } else if (killer === 1) {
      assert.equal(b.call(0, Call.kill, 2, Signal.Kill), 0);
    } else {
      assert.equal(b.call(0, Call.kill, 2, Signal.Term), 0);
    }
    b.pump();
    while (s.process.state[p] !== ProcessState.Zombie) {
      for (const hart of [0, 1]) if (b.on(hart) !== 0) b.call(hart, Call.yield);
    }
    b.check();
    assert.equal(b.call(0, Call.wait4, 2, 0, 0, 0), 2);
    b.check();
    assert.equal(s.kernel.processes[1], 1);
  }
});

Deno.test("threads: a full table and a process's quota are told apart from success", () => {
  const b = new Bench();
  let last: number | undefined = 0;
  for (let n = 0; n < 20 && last !== AGAIN; n++) last = b.call(0, Call.clone, THREAD, STACK_AT);
  assert.equal(last, AGAIN);
  b.check();
});
