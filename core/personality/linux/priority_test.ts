import assert from "node:assert/strict";
import { effectivePriority } from "../../sched/priority.ts";
import { Request } from "../../sched/tables.ts";
import { Bench, BUFFER, THREAD, words } from "../../proc/testing.ts";

const SETPARAM = 118, SETSCHEDULER = 119, GETSCHEDULER = 120, GETPARAM = 121;
const MAX = 125, MIN = 126, INTERVAL = 127, SETPRIORITY = 140, GETPRIORITY = 141, SETUID = 146;
const SETAFFINITY = 122, YIELD = 124, CLONE = 220;
const EPERM = -1, ESRCH = -3, EACCES = -13, EINVAL = -22;
const OTHER = 0, FIFO = 1, RR = 2, BATCH = 3, IDLE = 5;
const parameter = (value: number): Uint8Array => words(value).slice(0, 4);

Deno.test("priority calls: policies are ranges of levels, and read back as what they are", () => {
  const b = new Bench();
  const init = b.on(0);
  const level = (): number => effectivePriority(b.s, init);
  assert.equal(b.call(0, GETSCHEDULER, 0), OTHER);
  assert.equal(level(), 20);
  assert.equal(b.call(0, SETSCHEDULER, 0, RR, parameter(7)), 0);
  assert.equal(level(), 107);
  assert.equal(b.call(0, GETSCHEDULER, 1), RR);
  assert.equal(b.call(0, SETPARAM, 0, parameter(99)), 0);
  assert.equal(level(), 199);
  assert.equal(b.call(0, GETPARAM, 0, BUFFER), 0);
  assert.equal(b.call(0, SETSCHEDULER, 0, FIFO | 0x40000000, parameter(1)), 0);
  assert.equal(level(), 101);
  assert.equal(b.call(0, GETSCHEDULER, 0), FIFO);
  assert.equal(b.call(0, SETPARAM, 0, parameter(2)), 0);
  assert.equal(b.call(0, GETSCHEDULER, 0), FIFO, "its policy stays");
  assert.equal(b.call(0, SETSCHEDULER, 0, IDLE, parameter(0)), 0);
  assert.equal(level(), 0);
  assert.equal(b.call(0, GETSCHEDULER, 0), IDLE);
  assert.equal(b.call(0, SETSCHEDULER, 0, BATCH, parameter(0)), 0);
  assert.equal(level(), 20);
  assert.deepEqual([b.call(0, MAX, RR), b.call(0, MIN, FIFO), b.call(0, MAX, OTHER)], [99, 1, 0]);
  assert.deepEqual([b.call(0, MIN, IDLE), b.call(0, MAX, 4), b.call(0, MIN, -1)], [
    0,
    EINVAL,
    EINVAL,
  ]);
  assert.equal(b.call(0, INTERVAL, 0, BUFFER), 0);
  b.check();
});

Deno.test("priority calls: nice values are levels 1 to 40, cut to their range", () => {
  const b = new Bench();
  const init = b.on(0);
  for (
    const [nice, level, read] of [[0, 20, 20], [5, 15, 15], [-20, 40, 40], [99, 1, 1], [
      -99,
      40,
      40,
    ]]
  ) {
    assert.equal(b.call(0, SETPRIORITY, 0, 0, nice), 0);
    assert.equal(effectivePriority(b.s, init), level);
    assert.equal(b.call(0, GETPRIORITY, 0, 1), read);
  }
  assert.equal(b.call(0, SETSCHEDULER, 0, OTHER, parameter(0)), 0);
  assert.equal(effectivePriority(b.s, init), 40, "its nice value stays");
  b.check();
});

Deno.test("priority calls: what is refused, and to whom", () => {
  const b = new Bench();
  assert.equal(b.call(0, SETSCHEDULER, 0, RR, parameter(0)), EINVAL);
  assert.equal(b.call(0, SETSCHEDULER, 0, RR, parameter(100)), EINVAL);
  assert.equal(b.call(0, SETSCHEDULER, 0, OTHER, parameter(1)), EINVAL);
  assert.equal(b.call(0, SETSCHEDULER, 0, 4, parameter(0)), EINVAL);
  assert.equal(b.call(0, SETSCHEDULER, 0, -1, parameter(0)), EINVAL);
  assert.equal(b.call(0, SETSCHEDULER, -1, RR, parameter(1)), EINVAL);
  assert.equal(b.call(0, SETSCHEDULER, 99, RR, parameter(1)), ESRCH);
  assert.equal(b.call(0, SETPARAM, 0, null), EINVAL);
  assert.equal(b.call(0, GETPARAM, 0, 0), EINVAL);
  assert.equal(b.call(0, GETPARAM, 99, BUFFER), ESRCH);
  assert.equal(b.call(0, GETSCHEDULER, 99), ESRCH);
  assert.equal(b.call(0, INTERVAL, 99, BUFFER), ESRCH);
  assert.equal(b.call(0, SETPRIORITY, 1, 0, 0), EINVAL, "groups are not known here");
  assert.equal(b.call(0, GETPRIORITY, 0, 99), ESRCH);
  assert.equal(b.call(0, SETUID, 5), 0);
  assert.equal(b.call(0, SETPRIORITY, 0, 0, 5), 0);
  assert.equal(b.call(0, SETPRIORITY, 0, 0, 4), EACCES);
  assert.equal(b.call(0, SETSCHEDULER, 0, RR, parameter(1)), EPERM);
  b.check();
});

Deno.test("priority calls: a thread of another hart is asked, and a user leaves others' alone", () => {
  const b = new Bench();
  const child = b.fork();
  const pid = b.s.thread.tid[child];
  b.held.add(1);
  assert.equal(b.call(0, SETSCHEDULER, pid, RR, parameter(9)), 0);
  assert.equal(b.s.thread.requests[child], Request.Priority);
  assert.equal(b.s.thread.level[child], 20);
  b.held.delete(1);
  b.pump();
  assert.equal(b.s.thread.level[child], 109);
  assert.equal(b.call(0, SETUID, 5), 0);
  assert.equal(b.call(0, SETPRIORITY, 0, pid, 5), EPERM);
  assert.equal(b.call(0, SETPARAM, pid, parameter(1)), EPERM);
  b.check();
});

Deno.test("priority calls: SCHED_FIFO goes on until it yields or blocks, SCHED_RR takes turns", () => {
  const b = new Bench();
  const init = b.on(0);
  assert.equal(b.call(0, SETAFFINITY, 0, 8, words(1)), 0);
  assert.equal(b.call(0, SETSCHEDULER, 0, FIFO, parameter(5)), 0);
  const tid = b.call(0, CLONE, THREAD, BUFFER + 0x2000) ?? 0;
  assert.equal(b.call(0, GETSCHEDULER, tid), FIFO, "a new thread has the policy too");
  assert.equal(b.s.hart.ready[1], 1);
  b.timer(0, 50e6);
  assert.equal(b.on(0), init);
  b.call(0, YIELD);
  assert.notEqual(b.on(0), init, "its equal had waited for that");
  b.call(0, YIELD);
  assert.equal(b.on(0), init);
  assert.equal(b.call(0, SETSCHEDULER, 0, RR, parameter(5)), 0);
  b.timer(0, 100e6);
  assert.notEqual(b.on(0), init);
  b.check();
});

Deno.test("priority calls: a turn that gets an end on another hart is timed there", () => {
  const b = new Bench();
  const child = b.fork();
  const tid = b.s.thread.tid[child];
  assert.equal(b.call(1, SETAFFINITY, 0, 8, words(2)), 0);
  assert.equal(b.call(1, SETSCHEDULER, 0, FIFO, parameter(5)), 0);
  b.call(1, CLONE, THREAD, BUFFER + 0x2000);
  assert.equal(b.s.hart.timerProgrammed[2], 0, "an equal waits, but not for a time");
  assert.equal(b.call(0, SETSCHEDULER, tid, RR, parameter(5)), 0);
  assert.ok(b.s.hart.timerProgrammed[2] > 0);
  b.check();
});
