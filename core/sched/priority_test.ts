import assert from "node:assert/strict";
import { EffectKind, Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import type { State } from "../kernel.ts";
import { ProcessState } from "../proc/tables.ts";
import { allocRow } from "../state/table.ts";
import { isAlive, lockOwned, OWNED_LIMIT, releaseOwned, unlockOwned } from "./futex_owner.ts";
import { futexWait } from "./futex.ts";
import {
  assignMessagePriority,
  clearMessagePriority,
  effectivePriority,
  setBasePriority,
} from "./priority.ts";
import { scheduler } from "./scheduler.ts";
import { Request, ThreadState, WakeReason } from "./tables.ts";
import { schedState } from "./testing.ts";
import { answerRequests, request, takeFromInbox } from "./thread.ts";
import { wakeThread } from "./wait.ts";

const WAITERS = 0x80000000;
const DIED = 0x40000000;
const FRAME = 7;

/** Threads with their number as id and priority 10 x it, all on hart 0; the words they lock. */
class Bench {
  readonly s: State;
  readonly fx: Effects = new Effects();
  readonly words: Map<number, number> = new Map();

  constructor(threads: number, harts = 1) {
    this.s = schedState(harts, threads);
    const process = allocRow(this.s.process);
    this.s.process.state[process] = ProcessState.Live;
    for (let t = 1; t <= threads; t++) {
      this.s.thread.process[t] = process;
      this.s.thread.tid[t] = t;
      this.s.thread.priority[t] = Math.min(200, 10 * t);
      this.s.thread.state[t] = ThreadState.Running;
    }
  }

  wordAt(address: number): number {
    return this.words.get(address) ?? 0;
  }

  lock(t: number, address: number, deadline = Infinity, now = 0): number {
    const { s, fx } = this;
    const word = this.wordAt(address);
    const named = word & 0x3fffffff;
    const owner = s.thread.$live[named] === 1 && isAlive(s, named) ? named : 0;
    fx.clear();
    const r = lockOwned(s, fx, 0, t, 0, address, word, owner, FRAME, 0, deadline, now);
    this.#take(address);
    return r;
  }

  unlock(t: number, address: number): number {
    this.fx.clear();
    const word = this.wordAt(address);
    const r = unlockOwned(this.s, this.fx, 0, t, 0, address, word, FRAME, 0);
    this.#take(address);
    return r;
  }

  /** What the effects made of the word. */
  #take(address: number): void {
    const { words, bytes } = this.fx;
    if (words[0] !== EffectKind.Write || this.fx.length === 0) return;
    assert.equal(words[1], FRAME);
    this.words.set(address, new DataView(bytes.buffer).getUint32(words[3], true));
  }

  priority(t: number): number {
    return effectivePriority(this.s, t);
  }
}

const M = 0x1000;
const N = 0x2000;

Deno.test("priority: a waiter lends its own to the owner, who has it until it gives the word up", () => {
  const b = new Bench(4);
  assert.equal(b.lock(1, M), 0);
  assert.equal(b.wordAt(M), 1);
  assert.equal(b.priority(1), 10);
  assert.equal(b.lock(3, M), Result.Pending);
  assert.equal(b.wordAt(M), (1 | WAITERS) >>> 0);
  assert.equal(b.priority(1), 30);
  assert.equal(b.lock(2, M), Result.Pending);
  assert.equal(b.priority(1), 30, "the highest counts");
  assert.equal(b.lock(4, M), Result.Pending);
  assert.equal(b.priority(1), 40);
  assert.equal(b.unlock(1, M), 0);
  assert.equal(b.priority(1), 10, "undone");
  assert.equal(b.wordAt(M), (4 | WAITERS) >>> 0, "the best waiter owns it");
  assert.equal(b.priority(4), 40);
  assert.equal(b.unlock(4, M), 0);
  assert.equal(b.unlock(3, M), 0);
  assert.equal(b.wordAt(M), 2);
  assert.equal(b.unlock(2, M), 0);
  assert.equal(b.wordAt(M), 0);
  assert.equal(b.s.futex.$header[3], 0);
});

Deno.test("priority: what a waiter lent goes with it, by timeout, signal or a change of its own", () => {
  const b = new Bench(3);
  b.lock(1, M);
  b.lock(2, M);
  b.lock(3, M);
  assert.equal(b.priority(1), 30);
  setBasePriority(b.s, b.fx, 0, 3, 15);
  assert.equal(b.priority(1), 20);
  setBasePriority(b.s, b.fx, 0, 3, 90);
  assert.equal(b.priority(1), 90);
  wakeThread(b.s, b.fx, 0, 3, WakeReason.Timeout);
  assert.equal(b.priority(1), 20);
  wakeThread(b.s, b.fx, 0, 2, WakeReason.Signal);
  assert.equal(b.priority(1), 10);
  assert.equal(b.s.thread.owned[1], 0);
});

Deno.test("priority: of two futexes owned the highest waiter counts, and each is undone alone", () => {
  const b = new Bench(4);
  b.lock(1, M);
  b.lock(1, N);
  b.lock(2, M);
  b.lock(4, N);
  assert.equal(b.priority(1), 40);
  b.unlock(1, N);
  assert.equal(b.priority(1), 20);
  b.unlock(1, M);
  assert.equal(b.priority(1), 10);
});

Deno.test("priority: one hop: what is inherited through one futex is not handed on through another", () => {
  const b = new Bench(4);
  b.lock(1, N);
  b.lock(2, M);
  assert.equal(b.lock(2, N), Result.Pending);
  assert.equal(b.priority(1), 20);
  assert.equal(b.lock(4, M), Result.Pending);
  assert.equal(b.priority(2), 40);
  assert.equal(b.priority(1), 20, "1 holds 2 up, not 4");
  b.unlock(1, N);
  assert.equal(b.wordAt(N), 2);
  assert.equal(b.priority(2), 40);
});

Deno.test("priority: a message replaces the base, up and down; a waiter's is a maximum over it", () => {
  const b = new Bench(3);
  assignMessagePriority(b.s, b.fx, 0, 2, 99);
  assert.equal(b.priority(2), 99);
  assignMessagePriority(b.s, b.fx, 0, 2, 0);
  assert.equal(b.priority(2), 0);
  b.lock(2, M);
  b.lock(1, M);
  assert.equal(b.priority(2), 10);
  assignMessagePriority(b.s, b.fx, 0, 1, 50);
  assert.equal(b.priority(2), 50, "a waiter lends the priority of what it serves");
  clearMessagePriority(b.s, b.fx, 0, 2);
  assert.equal(b.priority(2), 50);
  clearMessagePriority(b.s, b.fx, 0, 1);
  assert.equal(b.priority(2), 20);
});

Deno.test("priority: refused are one's own word, another's, a dead one's and a contradiction", () => {
  const b = new Bench(4);
  b.lock(1, M);
  assert.equal(b.lock(1, M), -Err.Deadlock);
  assert.equal(b.lock(2, M, -1), -Err.Again);
  assert.equal(b.lock(2, M, 500, 500), -Err.TimedOut);
  assert.equal(b.unlock(2, M), -Err.NotPermitted);
  b.words.set(N, 99);
  assert.equal(b.lock(2, N), -Err.NoProcess);
  assert.equal(b.lock(2, M), Result.Pending);
  b.words.set(M, (3 | WAITERS) >>> 0);
  assert.equal(b.lock(4, M), -Err.Invalid, "the word names another than its waiters wait for");
  assert.equal(b.unlock(3, M), -Err.Invalid);
  b.words.set(M, 0);
  assert.equal(b.lock(4, M), -Err.Invalid, "given up behind the kernel's back");
  futexWait(b.s, b.fx, 0, 3, 0, N, 1, Infinity);
  b.words.set(N, 0);
  assert.equal(b.lock(4, N), -Err.Invalid, "plain waiters stand there");
  b.words.set(M, (1 | WAITERS) >>> 0);
  assert.equal(futexWait(b.s, b.fx, 0, 4, 0, M, 1, Infinity), -Err.Invalid);
});

Deno.test("priority: the first waiter of an owner that ends owns the word, and is told", () => {
  const b = new Bench(4);
  b.lock(1, M);
  for (const t of [2, 3, 4]) b.lock(t, M);
  const end = (t: number): void => {
    releaseOwned(b.s, b.fx, 0, t);
    b.s.thread.state[t] = ThreadState.Dead;
  };
  end(1);
  assert.equal(b.s.thread.wakeReason[4], WakeReason.Restart);
  assert.equal(b.wordAt(M), (1 | WAITERS) >>> 0, "the heir has not run yet");
  assert.equal(b.lock(1, N), 0);
  end(4);
  assert.equal(b.s.thread.wakeReason[3], WakeReason.Restart, "an heir that ends has one, too");
  assert.equal(b.priority(3), 30);
  assert.equal(b.lock(3, M), 0);
  assert.equal(b.wordAt(M), (3 | WAITERS | DIED) >>> 0);
  assert.equal(b.unlock(3, M), 0);
  assert.equal(b.wordAt(M), 2);
});

Deno.test("priority: who comes between an owner's end and its heir waits behind the heir", () => {
  const b = new Bench(4);
  b.lock(1, M);
  b.lock(2, M);
  b.lock(3, M);
  releaseOwned(b.s, b.fx, 0, 1);
  b.s.thread.state[1] = ThreadState.Dead;
  assert.equal(b.lock(4, M), Result.Pending);
  assert.equal(b.priority(3), 40);
  assert.equal(b.lock(3, M), 0);
  assert.equal(b.unlock(3, M), 0);
  assert.equal(b.wordAt(M), (4 | WAITERS) >>> 0);
});

Deno.test("priority: a thread owns a limited number of futexes with waiters, those to come among them", () => {
  const b = new Bench(OWNED_LIMIT + 4);
  const at = (i: number): number => 0x10000 + 4 * i;
  for (let i = 0; i < OWNED_LIMIT + 1; i++) b.lock(1, at(i));
  for (let i = 0; i < OWNED_LIMIT; i++) {
    const r = b.lock(2 + i, at(i));
    assert.equal(r, i < OWNED_LIMIT ? Result.Pending : -Err.NoMemory);
  }
  assert.equal(b.lock(OWNED_LIMIT + 2, at(OWNED_LIMIT)), -Err.NoMemory);
  b.lock(OWNED_LIMIT + 3, M);
  assert.equal(b.lock(1, M), -Err.NoMemory, "it might come to own that one as well");
  b.unlock(1, at(0));
  assert.equal(b.lock(1, M), Result.Pending);
  assert.equal(b.lock(OWNED_LIMIT + 2, at(OWNED_LIMIT)), -Err.NoMemory);
  b.unlock(OWNED_LIMIT + 3, M);
  assert.equal(b.s.thread.owned[1], OWNED_LIMIT - 1);
});

Deno.test("priority: a ready thread moves to its new level, a running one is looked at again", () => {
  const b = new Bench(4);
  const { s, fx } = b;
  for (const t of [2, 3, 4]) {
    s.thread.priority[t] = 20;
    scheduler.enqueue(s, 0, t);
  }
  setBasePriority(s, fx, 0, 3, 30);
  assert.equal(scheduler.peek(s, 0), 3);
  setBasePriority(s, fx, 0, 3, 20);
  assert.equal(scheduler.peek(s, 0), 3, "one that fell comes before its new equals");
  setBasePriority(s, fx, 0, 2, 25);
  setBasePriority(s, fx, 0, 4, 25);
  assert.equal(scheduler.peek(s, 0), 2, "one that rose comes behind them");
  s.hart.current[1] = 1;
  scheduler.requeueCurrent(s, 0, 1, false);
  scheduler.remove(s, 0, 1);
  s.thread.state[1] = ThreadState.Running;
  s.hart.needsReschedule[1] = 0;
  setBasePriority(s, fx, 0, 1, 40);
  assert.equal(s.thread.level[1], 40);
  assert.equal(scheduler.shouldPreempt(s, 0, 1), false);
  setBasePriority(s, fx, 0, 1, 5);
  assert.equal(s.hart.needsReschedule[1], 1);
  assert.equal(scheduler.shouldPreempt(s, 0, 1), true);
});

Deno.test("priority: a change and a wake-up in one request: it is queued once, at its new level", () => {
  const b = new Bench(3, 2);
  const { s, fx } = b;
  s.thread.hart[2] = 1;
  b.lock(2, M);
  futexWait(s, fx, 0, 2, 0, N, 1, Infinity);
  wakeThread(s, fx, 0, 2, WakeReason.Restart);
  assert.equal(b.lock(3, M), Result.Pending);
  request(s, fx, 0, 2, Request.Priority);
  assert.equal(takeFromInbox(s, 1), 2);
  answerRequests(s, fx, 1, 2);
  assert.equal(takeFromInbox(s, 1), 0);
  assert.equal(scheduler.peek(s, 1), 2);
  scheduler.settle(s, 1);
  assert.equal(s.thread.level[2], 30);
  assert.equal(s.hart.ready[2], 1);
});

Deno.test("priority: of a thread of another hart a change is a request", () => {
  const b = new Bench(3, 2);
  const { s, fx } = b;
  s.thread.hart[2] = 1;
  s.thread.hart[3] = 1;
  for (const t of [2, 3]) {
    s.thread.priority[t] = 20;
    scheduler.enqueue(s, 1, t);
  }
  setBasePriority(s, fx, 0, 3, 30);
  assert.equal(s.thread.requests[3], Request.Priority);
  assert.equal(s.thread.level[3], 20, "its hart's column waits for its hart");
  assert.equal(scheduler.peek(s, 1), 2);
  assert.equal(takeFromInbox(s, 1), 3);
  answerRequests(s, fx, 1, 3);
  assert.equal(scheduler.peek(s, 1), 3);
  assert.equal(s.thread.level[3], 30);
  setBasePriority(s, fx, 0, 3, 30);
  assert.equal(s.thread.requests[3], 0, "nothing changed, nobody is asked");
});
