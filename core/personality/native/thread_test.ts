import assert from "node:assert/strict";
import { Right } from "../../cap/tables.ts";
import { ProcessState } from "../../proc/tables.ts";
import { Bench, Call, THREAD } from "../../proc/testing.ts";
import { ThreadState } from "../../sched/tables.ts";
import { NativeError } from "./errors.ts";
import { family, made, native, nr } from "./testing.ts";

/** Where threads begin, and their stack. */
const AT = 0x2000 * 4096;
const PRIORITY = 20;

/** Init on hart 0 with another thread of it on hart 1, the token of that and one of init. */
function pair() {
  const b = new Bench();
  const self = made(b, 0, "cap_process", 0);
  const token = made(b, 0, "thread_create", self, AT, AT, 7, PRIORITY);
  const thread = b.on(1);
  assert.equal(b.processOf(thread), b.world.init);
  return { b, self, token, thread };
}

Deno.test("threads: one more runs beside its maker, with an id and a priority of its own", () => {
  const { b, self, token, thread } = pair();
  assert.equal(b.call(1, Call.gettid), 2);
  assert.equal(b.s.process.threads[b.world.init], 2);
  assert.equal(native(b, 0, "thread_priority", token), PRIORITY);
  const own = made(b, 1, "thread_self");
  assert.equal(native(b, 1, "thread_set_priority", own, 9), 0);
  assert.equal(b.s.thread.priority[thread], 9);
  assert.equal(native(b, 0, "thread_affinity", token, 0), 3);
  assert.equal(native(b, 0, "thread_affinity", token, 1), 0);
  assert.equal(native(b, 0, "thread_affinity", token, 2), NativeError.Invalid);
  for (
    const [entry, stack, argument, priority] of [
      [AT + 1, AT, 0, PRIORITY],
      [AT, AT + 8, 0, PRIORITY],
      [2 ** 40, AT, 0, PRIORITY],
      [AT, AT, 2 ** 60, PRIORITY],
      [AT, AT, 0, 256],
    ]
  ) {
    const refused = native(b, 0, "thread_create", self, entry, stack, argument, priority);
    assert.equal(refused, NativeError.Invalid);
  }
  b.check();
});

Deno.test("threads: with no root behind it nobody gives more priority than it has", () => {
  const { b, self, token } = pair();
  assert.equal(native(b, 0, "thread_set_priority", token, 255), 0);
  b.s.process.uid[b.world.init] = 1000;
  assert.equal(native(b, 0, "thread_set_priority", token, PRIORITY), 0);
  const over = PRIORITY + 1;
  assert.equal(native(b, 0, "thread_set_priority", token, over), NativeError.FewerRights);
  assert.equal(native(b, 0, "thread_create", self, AT, AT, 0, over), NativeError.FewerRights);
  b.check();
});

Deno.test("threads: in a process that gave a token with Control, and in no other", () => {
  const { b, child, childToken } = family();
  const weaker = made(b, 0, "cap_derive", childToken, Right.Read);
  const create = (token: number) => native(b, 0, "thread_create", token, AT, AT, 0, PRIORITY);
  assert.equal(create(weaker), NativeError.FewerRights);
  const token = create(childToken) ?? 0;
  assert.equal(b.s.process.threads[child], 2);
  assert.equal(native(b, 0, "thread_destroy", token), 0);
  b.pump();
  b.check();
  b.enter(1, Call.exit, 0);
  b.pump();
  assert.equal(create(childToken), NativeError.Stale);
  b.check();
});

Deno.test("threads: as many as a process and the system may have, and no more", () => {
  const { b, self } = pair();
  let refused = 0;
  for (let n = 0; n < 20 && refused === 0; n++) {
    const made = native(b, 0, "thread_create", self, AT, AT, 0, PRIORITY) ?? 0;
    if (made < 0) refused = made;
  }
  assert.equal(refused, NativeError.NoSpace);
  b.check();
});

Deno.test("threads: another hart's thread is told to end, and does so there, once", () => {
  const { b, token, thread } = pair();
  b.held.add(1);
  assert.equal(native(b, 0, "thread_destroy", token), 0);
  assert.equal(b.s.thread.state[thread], ThreadState.Running, "only its own hart ends it");
  assert.equal(native(b, 0, "thread_destroy", token), 0);
  b.check();
  b.held.delete(1);
  b.pump();
  assert.equal(b.s.thread.$live[thread], 0);
  assert.equal(b.s.process.threads[b.world.init], 1);
  assert.equal(b.s.process.state[b.world.init], ProcessState.Live);
  for (const call of ["thread_destroy", "thread_priority", "thread_affinity"] as const) {
    assert.equal(native(b, 0, call, token), NativeError.Stale);
  }
  assert.equal(native(b, 0, "thread_join", token, 0), 0);
  b.check();
});

Deno.test("threads: a fault that comes first does not save a thread that was told to end", () => {
  const { b, token, thread } = pair();
  b.handle(0, 4, AT);
  b.held.add(1);
  assert.equal(native(b, 0, "thread_destroy", token), 0);
  b.handled.length = 0;
  // Whatever its hart does before it takes the IPI, the thread runs no handler.
  b.enter(1, Call.gettid);
  b.pump();
  assert.equal(b.s.thread.$live[thread], 0);
  assert.deepEqual(b.takeHandled(thread), []);
  b.held.delete(1);
  b.pump();
  b.check();
});

Deno.test("threads: one that waits ends too; whoever waits for its end is told", () => {
  const { b, self, token, thread } = pair();
  const bits = made(b, 0, "notification_create");
  assert.equal(native(b, 1, "notification_wait", bits, 0), undefined);
  const third = made(b, 0, "thread_create", self, AT, AT, 0, PRIORITY);
  assert.equal(native(b, 0, "thread_set_affinity", third, 2, 0), 0);
  const waiter = b.on(1);
  assert.notEqual(waiter, thread);
  assert.equal(native(b, 1, "thread_join", token, 0), undefined);
  assert.equal(b.s.thread.state[waiter], ThreadState.Blocked);
  b.check();
  assert.equal(native(b, 0, "thread_destroy", token), 0);
  b.pump();
  assert.equal(b.s.thread.$live[thread], 0);
  assert.equal(b.results.get(waiter), 0);
  assert.equal(native(b, 0, "thread_destroy", third), 0);
  b.pump();
  b.check();
});

Deno.test("threads: a wait for an end has a deadline, and nobody waits for itself", () => {
  const { b, token } = pair();
  const waiter = b.on(0);
  assert.equal(native(b, 0, "thread_join", token, 9_000_000), undefined);
  b.timer(0, 9_000_000);
  assert.equal(b.results.get(waiter), NativeError.TimedOut);
  assert.equal(native(b, 0, "thread_join", token, 1), NativeError.TimedOut);
  const self = made(b, 0, "thread_self");
  assert.equal(native(b, 0, "thread_join", self, 0), NativeError.Invalid);
  const weak = made(b, 0, "cap_derive", token, Right.Control);
  assert.equal(native(b, 0, "thread_join", weak, 0), NativeError.FewerRights);
  b.check();
});

Deno.test("threads: the first one can be ended; the last one takes its process along", () => {
  const { b, thread } = pair();
  const first = b.on(0);
  const self = made(b, 0, "thread_self");
  b.enter(0, nr("thread_destroy"), self);
  b.pump();
  assert.equal(b.s.thread.state[first], ThreadState.Dead);
  assert.equal(b.s.process.state[b.world.init], ProcessState.Live);
  assert.equal(native(b, 1, "thread_priority", self), NativeError.Stale);
  assert.equal(native(b, 1, "thread_join", self, 0), 0);
  b.check();
  assert.equal(b.on(1), thread);
  b.enter(1, nr("thread_destroy"), made(b, 1, "thread_self"));
  b.pump();
  assert.equal(b.s.process.state[b.world.init], ProcessState.Zombie);
  assert.equal(b.s.process.exitStatus[b.world.init], 9);
  b.check();
});

Deno.test("threads: one that is told to end makes no other, and its process lives on", () => {
  const { b, token, thread } = pair();
  b.held.add(1);
  assert.equal(native(b, 0, "thread_destroy", token), 0);
  const before = b.s.process.threads[b.world.init];
  b.enter(1, Call.clone, THREAD, AT);
  b.pump();
  assert.equal(b.s.process.threads[b.world.init], before - 1);
  assert.equal(b.s.thread.$live[thread], 0);
  b.held.delete(1);
  b.pump();
  b.check();
});

Deno.test("threads: a set of harts moves a thread, the caller's own and another's", () => {
  const { b, token, thread } = pair();
  assert.equal(native(b, 0, "thread_set_affinity", token, 0, 0), NativeError.Invalid);
  assert.equal(native(b, 0, "thread_set_affinity", token, 4, 0), NativeError.Invalid);
  assert.equal(native(b, 0, "thread_set_affinity", token, 1, 0), 0);
  b.pump();
  assert.equal(b.s.thread.hart[thread], 0);
  assert.equal(native(b, 0, "thread_affinity", token, 0), 1);
  const first = b.on(0);
  const self = made(b, 0, "thread_self");
  b.enter(0, nr("thread_set_affinity"), self, 2, 0);
  b.pump();
  assert.equal(b.s.thread.hart[first], 1);
  assert.equal(b.results.get(first), 0);
  b.check();
});

Deno.test("threads: turns without an end are not handed on by token", () => {
  const { b, self, token, thread } = pair();
  b.s.thread.untimed[b.on(0)] = 1;
  made(b, 0, "thread_create", self, AT, AT, 0, PRIORITY);
  const untimed = [...b.s.thread.untimed].filter((value) => value !== 0).length;
  assert.equal(untimed, 1, "the one that had them");
  b.s.thread.untimed[thread] = 1;
  assert.equal(native(b, 0, "thread_set_priority", token, PRIORITY), 0);
  assert.equal(b.s.thread.untimed[thread], 0);
  b.s.thread.untimed[b.on(0)] = 0;
  b.check();
});
