import assert from "node:assert/strict";
import { ThreadState, WaitKind } from "../sched/tables.ts";
import { ActionFlag, Signal } from "./signal_numbers.ts";
import { ProcessState } from "./tables.ts";
import { Bench, BUFFER, Call, signalSet, words } from "./testing.ts";

const HANDLER = 0x5_0000;
const AGAIN = -11;
const NO_CHILD = -10;
const NO_HANG = 1;
const UNTRACED = 2;
const CONTINUED = 8;

function stateOf(b: Bench, thread: number): number {
  return b.s.thread.state[thread];
}

Deno.test("signal: a sleep with a handler ends early, whatever the handler's flags", () => {
  for (const flags of [0, ActionFlag.Restart]) {
    const b = new Bench();
    b.handle(0, Signal.Usr1, HANDLER, flags);
    const child = b.fork();
    assert.equal(b.call(1, Call.nanosleep, words(5, 0), 0), undefined);
    assert.equal(b.call(0, Call.kill, b.s.thread.tid[child], Signal.Usr1), 0);
    assert.deepEqual(b.takeHandled(child), [Signal.Usr1]);
    assert.equal(b.s.thread.call[child], 0);
    b.check();
  }
});

Deno.test("signal: a wait that ended by itself gives its result before the handler runs", () => {
  const b = new Bench();
  b.handle(0, Signal.Usr1, HANDLER);
  const child = b.fork();
  assert.equal(b.call(1, Call.clone, 17), 3);
  assert.equal(b.call(1, Call.nanosleep, words(0, 20_000), 0), undefined);
  assert.notEqual(b.on(1), child, "the grandchild runs");
  b.timer(1, 60_000);
  assert.equal(stateOf(b, child), ThreadState.Ready);
  assert.equal(b.call(0, Call.kill, b.s.thread.tid[child], Signal.Usr1), 0);
  b.call(1, Call.yield);
  assert.equal(b.results.get(child), 0);
  assert.deepEqual(b.takeHandled(child), [Signal.Usr1]);
  b.check();
});

Deno.test("signal: a call that runs again and blocks again is interrupted then", () => {
  const b = new Bench();
  b.handle(0, Signal.Usr1, HANDLER);
  const child = b.fork();
  assert.equal(b.call(1, Call.clone, 17), 3);
  assert.equal(b.call(1, Call.setaffinity, 3, 8, words(1)), 0);
  assert.equal(b.call(1, Call.wait4, 3, 0, 0, 0), undefined);
  b.held.add(1);
  // The stop wakes the waiting parent, who does not ask for stops; the signal finds it awake.
  assert.equal(b.call(0, Call.kill, 3, Signal.Stop), 0);
  b.call(0, Call.yield);
  assert.equal(b.s.process.stopped[3], 1);
  assert.equal(b.call(0, Call.kill, 2, Signal.Usr1), 0);
  b.held.delete(1);
  b.pump();
  assert.deepEqual(b.takeHandled(child), [Signal.Usr1]);
  b.check();
});

Deno.test("signal: a vfork parent gets the child's pid and its signal, and makes one child", () => {
  const b = new Bench();
  b.handle(0, Signal.Usr1, HANDLER);
  const parent = b.on(0);
  b.enter(0, Call.clone, 0x4000 | 0x100 | 17);
  b.pump();
  const child = b.on(0);
  assert.notEqual(child, parent);
  assert.equal(b.s.waiter.kind[b.s.thread.waiter[parent]], WaitKind.Vfork);
  assert.equal(b.call(0, Call.kill, 1, Signal.Usr1), 0);
  assert.equal(stateOf(b, parent), ThreadState.Blocked, "a vfork wait hears no signal");
  const pid = b.s.thread.tid[child];
  b.enter(0, Call.exit, 3);
  b.pump();
  assert.equal(b.results.get(parent), pid);
  assert.deepEqual(b.takeHandled(parent), [Signal.Usr1]);
  assert.equal(b.s.kernel.processes[1], 2);
  assert.equal(b.call(0, Call.wait4, -1, 0, 0, 0), pid);
  b.check();
});

Deno.test("signal: a vfork parent that is killed leaves its space to the child", () => {
  const b = new Bench();
  const middle = b.fork();
  b.enter(1, Call.clone, 0x4000 | 0x100 | 17);
  b.pump();
  const child = b.on(1);
  assert.equal(b.call(0, Call.kill, b.s.thread.tid[middle], Signal.Kill), 0);
  b.call(1, Call.yield);
  assert.equal(b.s.process.state[b.processOf(middle)], ProcessState.Zombie);
  assert.equal(b.call(0, Call.wait4, b.s.thread.tid[middle], 0, 0, 0), 2);
  assert.equal(b.s.process.parent[b.processOf(child)], b.world.init);
  assert.equal(b.on(1), child);
  b.enter(1, Call.exit, 0);
  b.pump();
  assert.equal(b.call(0, Call.wait4, -1, 0, 0, 0), 3);
  b.check();
});

Deno.test("signal: stopping and continuing is told to the parent, unless it does not care", () => {
  for (const flags of [0, ActionFlag.NoChildStop]) {
    const b = new Bench();
    b.handle(0, Signal.Chld, HANDLER, flags);
    const init = b.on(0);
    const child = b.fork();
    const pid = b.s.thread.tid[child];
    assert.equal(b.call(0, Call.wait4, -1, BUFFER, UNTRACED | NO_HANG, 0), 0);
    assert.equal(b.call(0, Call.kill, pid, Signal.Stop), 0);
    assert.equal(stateOf(b, child), ThreadState.Stopped);
    assert.deepEqual(b.takeHandled(init), flags === 0 ? [Signal.Chld] : []);
    assert.equal(b.call(0, Call.sigprocmask, 1, signalSet(Signal.Chld), 0, 8), 0);
    assert.equal(b.call(0, Call.wait4, -1, BUFFER, UNTRACED, 0), pid);
    assert.equal(b.call(0, Call.wait4, -1, BUFFER, UNTRACED | NO_HANG, 0), 0, "told once");
    assert.equal(b.call(0, Call.kill, pid, Signal.Cont), 0);
    assert.equal(stateOf(b, child), ThreadState.Running);
    assert.deepEqual(b.takeHandled(init), flags === 0 ? [Signal.Chld] : []);
    assert.equal(b.call(0, Call.wait4, -1, BUFFER, CONTINUED | NO_HANG, 0), pid);
    b.check();
  }
});

Deno.test("signal: a parent that waits for a continuation wakes when another continues its child", () => {
  const b = new Bench();
  const child = b.fork();
  const pid = b.s.thread.tid[child];
  assert.equal(b.call(0, Call.kill, pid, Signal.Stop), 0);
  const init = b.on(0);
  const other = b.call(0, Call.clone, 17);
  assert.ok(other !== undefined && other > pid);
  const sibling = b.s.process.firstThread[b.s.process.firstChild[b.world.init]];
  assert.equal(b.call(0, Call.wait4, pid, 0, CONTINUED, 0), undefined);
  const hart = b.s.thread.hart[sibling];
  assert.equal(b.on(hart), sibling);
  assert.equal(b.call(hart, Call.kill, pid, Signal.Cont), 0);
  b.call(hart, Call.yield);
  assert.equal(b.results.get(init), pid);
  b.check();
});

Deno.test("signal: CONT drops a stop that has not acted, a stop drops CONT", () => {
  const b = new Bench();
  b.handle(0, Signal.Cont, HANDLER);
  const child = b.fork();
  const p = b.processOf(child);
  assert.equal(b.call(1, Call.sigprocmask, 0, signalSet(Signal.Cont, Signal.Tstp), 0, 8), 0);
  const pid = b.s.thread.tid[child];
  b.call(0, Call.kill, pid, Signal.Tstp);
  b.call(0, Call.kill, pid, Signal.Cont);
  assert.equal(b.s.process.pendingLo[p], (1 << (Signal.Cont - 1)) >>> 0);
  b.call(0, Call.kill, pid, Signal.Tstp);
  assert.equal(b.s.process.pendingLo[p], (1 << (Signal.Tstp - 1)) >>> 0);
  b.check();
});

Deno.test("signal: a stopped process dies of KILL and ignores others until it goes on", () => {
  const b = new Bench();
  const child = b.fork();
  const pid = b.s.thread.tid[child];
  b.call(0, Call.kill, pid, Signal.Stop);
  b.call(0, Call.kill, pid, Signal.Term);
  assert.equal(stateOf(b, child), ThreadState.Stopped);
  b.call(0, Call.kill, pid, Signal.Kill);
  assert.equal(b.s.process.exitStatus[b.processOf(child)], Signal.Kill);
  assert.equal(b.call(0, Call.wait4, -1, 0, CONTINUED, 0), pid);
  b.check();
});

Deno.test("signal: sigtimedwait wakes for a blocked signal of its set and takes it", () => {
  const b = new Bench();
  const child = b.fork();
  const pid = b.s.thread.tid[child];
  const set = signalSet(Signal.Usr1);
  assert.equal(b.call(1, Call.sigprocmask, 0, signalSet(Signal.Usr1, Signal.Usr2), 0, 8), 0);
  assert.equal(b.call(1, Call.sigtimedwait, set, BUFFER, null, 8), undefined);
  b.call(0, Call.kill, pid, Signal.Usr2);
  assert.equal(stateOf(b, child), ThreadState.Blocked);
  b.call(0, Call.kill, pid, Signal.Usr1);
  assert.equal(b.results.get(child), Signal.Usr1);
  assert.equal(b.s.thread.awaitedLo[child], 0);
  assert.equal(b.call(1, Call.sigtimedwait, set, 0, words(0, 0), 8), AGAIN);
  assert.equal(b.call(1, Call.sigtimedwait, signalSet(Signal.Usr2), 0, null, 8), Signal.Usr2);
  b.check();
});

Deno.test("signal: sigtimedwait ends at its deadline, and EINTR for a handler", () => {
  const b = new Bench();
  b.handle(0, Signal.Usr2, HANDLER);
  const child = b.fork();
  const set = signalSet(Signal.Usr1);
  assert.equal(b.call(1, Call.sigtimedwait, set, 0, words(0, 1_000_000), 8), undefined);
  b.timer(1, 5_000_000);
  assert.equal(b.results.get(child), AGAIN);
  assert.equal(b.call(1, Call.sigtimedwait, set, 0, words(1, 0), 8), undefined);
  b.call(0, Call.kill, b.s.thread.tid[child], Signal.Usr2);
  assert.deepEqual(b.takeHandled(child), [Signal.Usr2]);
  b.check();
});

Deno.test("signal: a blocked signal of process 1 of a boot waits; unblocked it does nothing", () => {
  const b = new Bench();
  b.s.kernel.runMode[1] = 0;
  const init = b.on(0);
  assert.equal(b.call(0, Call.sigprocmask, 0, signalSet(Signal.Chld, Signal.Term), 0, 8), 0);
  const child = b.fork();
  b.call(1, Call.kill, 1, Signal.Term);
  b.enter(1, Call.exit, 0);
  b.pump();
  assert.equal(b.call(0, Call.sigtimedwait, signalSet(Signal.Chld), 0, null, 8), Signal.Chld);
  assert.equal(b.call(0, Call.wait4, -1, 0, 0, 0), 2);
  assert.equal(b.call(0, Call.sigprocmask, 1, signalSet(Signal.Term), 0, 8), 0);
  assert.equal(stateOf(b, init), ThreadState.Running);
  assert.notEqual(child, 0);
  b.check();
});

Deno.test("signal: sigsuspend puts the mask back in the handler's frame, or sleeps on", () => {
  const b = new Bench();
  b.handle(0, Signal.Usr1, HANDLER);
  const child = b.fork();
  assert.equal(b.call(1, Call.sigprocmask, 2, signalSet(Signal.Usr1, Signal.Hup), 0, 8), 0);
  assert.equal(b.call(1, Call.sigsuspend, signalSet(Signal.Hup), 8), undefined);
  b.call(0, Call.kill, b.s.thread.tid[child], Signal.Chld);
  assert.equal(stateOf(b, child), ThreadState.Blocked);
  b.call(0, Call.kill, b.s.thread.tid[child], Signal.Usr1);
  assert.deepEqual(b.takeHandled(child), [Signal.Usr1]);
  assert.equal(b.s.thread.restoreMask[child], 0);
  b.check();
});

Deno.test("signal: flags decide the mask while handling and what is left of the handler", () => {
  const b = new Bench();
  b.handle(0, Signal.Usr1, HANDLER, ActionFlag.NoDefer);
  b.handle(0, Signal.Usr2, HANDLER, ActionFlag.ResetHandler);
  const init = b.on(0);
  b.call(0, Call.kill, 1, Signal.Usr1);
  assert.equal(b.s.thread.blockedLo[init], 0);
  b.call(0, Call.kill, 1, Signal.Usr2);
  assert.equal(b.s.thread.blockedLo[init], 1 << (Signal.Usr2 - 1));
  assert.equal(b.s.process.handlerLo[b.world.init * 65 + Signal.Usr2], 0);
  assert.equal(b.s.process.handlerLo[b.world.init * 65 + Signal.Usr1], HANDLER);
  b.check();
});

Deno.test("signal: an ignored SIGCHLD leaves no zombie and ends a wait with ECHILD", () => {
  const b = new Bench();
  b.handle(0, Signal.Chld, 1);
  const init = b.on(0);
  b.fork();
  assert.equal(b.call(0, Call.wait4, -1, 0, 0, 0), undefined);
  b.enter(1, Call.exit, 0);
  b.pump();
  assert.equal(b.results.get(init), NO_CHILD);
  assert.equal(b.s.kernel.processes[1], 1);
  b.check();
});

Deno.test("signal: zombies of a process that ends are reaped where init wants none", () => {
  const b = new Bench();
  b.handle(0, Signal.Chld, 1);
  const middle = b.fork();
  b.handle(1, Signal.Chld, 0);
  assert.equal(b.call(1, Call.clone, 17), 3);
  const child = b.s.process.firstThread[b.s.process.firstChild[b.processOf(middle)]];
  const hart = b.s.thread.hart[child];
  while (b.on(hart) !== child) assert.equal(b.call(hart, Call.yield), 0);
  b.enter(hart, Call.exit, 0);
  b.pump();
  while (b.on(1) !== middle) b.call(1, Call.yield);
  b.enter(1, Call.exit, 0);
  b.pump();
  assert.equal(b.s.kernel.processes[1], 1);
  b.check();
});

Deno.test("signal: what a user may not do to others", () => {
  const b = new Bench();
  const child = b.fork();
  const p = b.processOf(child);
  b.s.process.uid[p] = 7;
  assert.equal(b.call(1, Call.kill, 1, Signal.Term), -1);
  assert.equal(b.call(1, Call.kill, 1, 0), -1);
  assert.equal(b.call(1, Call.kill, 1, Signal.Cont), 0, "CONT within the session");
  assert.equal(b.call(1, Call.kill, -1, 0), -3, "nobody but init and itself");
  assert.equal(b.call(1, Call.kill, 0, 0), 0, "itself at least");
  assert.equal(b.call(1, Call.kill, 99, 0), -3);
  assert.equal(b.call(0, Call.kill, 2, 65), -22);
  b.check();
});

Deno.test("signal: a group of zombies only is still there", () => {
  const b = new Bench();
  const child = b.fork();
  assert.equal(b.call(1, Call.setpgid, 0, 77), -1, "no such group in the session");
  assert.equal(b.call(1, Call.setpgid, 0, 0), 0);
  const pid = b.s.thread.tid[child];
  b.enter(1, Call.exit, 0);
  b.pump();
  assert.equal(b.call(0, Call.kill, -pid, Signal.Term), 0);
  assert.equal(b.call(0, Call.wait4, -pid, 0, 0, 0), pid);
  assert.equal(b.call(0, Call.kill, -pid, 0), -3);
  b.check();
});

Deno.test("signal: a clone's exit signal is a signal", () => {
  const b = new Bench();
  assert.equal(b.call(0, Call.clone, 65), -22);
  assert.equal(b.call(0, Call.clone, 0x8000 | 17), -22, "CLONE_PARENT is not there");
  b.check();
});
