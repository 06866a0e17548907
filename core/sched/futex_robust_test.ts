import assert from "node:assert/strict";
import { holdInode } from "../fs/inode.ts";
import { createSpace, holdSpace } from "../mem/space.ts";
import { ProcessState } from "../proc/tables.ts";
import { Signal } from "../proc/signal_numbers.ts";
import { Bench, Call, type Located, THREAD, words } from "../proc/testing.ts";
import { ROBUST_LIMIT } from "./futex_robust.ts";
import { findThread } from "./tid.ts";
import { isWaiting } from "./wait.ts";

const FUTEX = 98, ROBUST = 99, MMAP = 222;
const SHARED = 0x1000_0000;
const WAIT = 0;
const DIED = 0x40000000, WAITERS = 0x80000000;
const HEAD = SHARED + 64;
/** From an entry to its word; as the C libraries have it, the word comes first. */
const DISTANCE = -8;

/** Address of the nth entry of a test's list. */
const entry = (n: number): number => SHARED + 0x108 + 32 * n;
const wordOf = (n: number): number => entry(n) + DISTANCE;
const at = (address: number, value: number): Located => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return { at: address, bytes };
};

/** A bench whose two pages at SHARED all processes made later share, and both have touched. */
function shared(): Bench {
  const b = new Bench();
  assert.equal(b.call(0, MMAP, SHARED, 8192, 3, 0x31, -1, 0), SHARED);
  return b;
}

/** Puts a list into memory: entries of the given words, those in `inherits` with owners. */
function list(
  b: Bench,
  words: readonly number[],
  pending = 0,
  inherits: readonly number[] = [],
): void {
  const pointer = (n: number) =>
    n === words.length ? HEAD : entry(n) + (inherits.includes(n) ? 1 : 0);
  b.put(HEAD, 8, pointer(0));
  b.put(HEAD + 8, 8, DISTANCE);
  b.put(HEAD + 16, 8, pending);
  words.forEach((word, n) => {
    b.put(entry(n), 8, pointer(n + 1));
    b.put(wordOf(n), 4, word);
  });
}

/** Init on hart 0, and a child with a list on hart 1. */
function two(): { b: Bench; init: number; child: number; tid: number } {
  const b = shared();
  const init = b.on(0);
  const child = b.fork();
  assert.equal(b.call(1, ROBUST, HEAD, 24), 0);
  return { b, init, child, tid: b.s.thread.tid[child] };
}

function leave(b: Bench, hart = 1): void {
  b.enter(hart, Call.exit, 0);
  b.pump();
}

Deno.test("robust: the words that hold the id of a thread that ends are marked, others stay", () => {
  const { b, init, tid } = two();
  list(b, [tid, 77, tid + WAITERS, 0]);
  assert.equal(b.call(0, FUTEX, at(wordOf(2), 5), WAIT, 5, null), undefined);
  leave(b);
  assert.deepEqual(b.marked, [[wordOf(0), DIED], [wordOf(2), WAITERS + DIED]]);
  assert.equal(b.results.get(init), 0, "the waiter wakes");
  b.check();
});

Deno.test("robust: an empty list, one that was never told, and a size that is not the head's", () => {
  const { b } = two();
  assert.equal(b.call(1, ROBUST, HEAD, 23), -22);
  list(b, []);
  leave(b);
  assert.deepEqual(b.marked, []);
  assert.equal(b.call(0, Call.wait4, 2, 0, 0, 0), 2);
  b.check();
});

Deno.test("robust: nobody wakes where nobody is said to wait, or the owner's heir is told", () => {
  for (const [word, inherits] of [[0, []], [WAITERS, [0]]] as const) {
    const { b, init, tid } = two();
    list(b, [tid + word], 0, inherits);
    assert.equal(b.call(0, FUTEX, at(wordOf(0), 5), WAIT, 5, null), undefined);
    leave(b);
    assert.deepEqual(b.marked, [[wordOf(0), word + DIED]]);
    assert.ok(isWaiting(b.s, init));
  }
});

Deno.test("robust: the entry about to be entered or left comes last, and once", () => {
  const { b, tid } = two();
  list(b, [tid, tid], entry(0));
  leave(b);
  assert.deepEqual(b.marked, [[wordOf(1), DIED], [wordOf(0), DIED]]);
  b.check();
});

Deno.test("robust: a word just given up wakes a waiter, unless its futex has an owner", () => {
  for (const inherits of [0, 1]) {
    const { b, init } = two();
    list(b, []);
    b.put(HEAD + 16, 8, entry(3) + inherits);
    b.put(wordOf(3), 4, 0);
    assert.equal(b.call(0, FUTEX, at(wordOf(3), 5), WAIT, 5, null), undefined);
    leave(b);
    assert.equal(isWaiting(b.s, init), inherits === 1);
    assert.deepEqual(b.marked, []);
  }
});

Deno.test("robust: a list that is a ring ends at the limit, one event after another", () => {
  const { b, tid } = two();
  list(b, [77, tid]);
  b.put(entry(0), 8, entry(0));
  const before = b.events;
  b.enter(1, Call.exit, 0);
  b.pump(3 * ROBUST_LIMIT);
  const taken = b.events - before;
  assert.ok(taken > 4 * ROBUST_LIMIT && taken < 4 * ROBUST_LIMIT + 100, `${taken} events`);
  assert.deepEqual(b.marked, []);
  assert.equal(b.call(0, Call.wait4, 2, 0, 0, 0), 2);
  b.check();
});

Deno.test("robust: what cannot be read ends the list, after the entry that led there", () => {
  const nowhere = 0x7000_0000;
  const cases: readonly [(b: Bench) => void, number][] = [
    [(b) => b.put(HEAD, 8, nowhere), 0],
    [(b) => b.put(entry(0), 8, nowhere), 1],
    [(b) => b.put(entry(0), 8, 2 ** 63), 1],
    [(b) => b.put(HEAD + 8, 8, nowhere), 0],
    [(b) => b.put(HEAD + 8, 8, DISTANCE + 2), 0],
    [(b) => b.put(HEAD + 8, 8, -(2 ** 62)), 0],
    [(b) => b.put(entry(0), 8, SHARED + 4092), 1],
  ];
  for (const [spoil, marks] of cases) {
    const { b, tid } = two();
    list(b, [tid, tid], entry(5));
    b.put(wordOf(5), 4, tid);
    spoil(b);
    leave(b);
    assert.equal(b.marked.length, marks);
    assert.equal(b.call(0, Call.wait4, 2, 0, 0, 0), 2);
    b.check();
  }
  const { b } = two();
  assert.equal(b.call(1, ROBUST, nowhere, 24), 0);
  leave(b);
  assert.equal(b.call(0, Call.wait4, 2, 0, 0, 0), 2);
});

Deno.test("robust: a head that lies in two pages is read in two events", () => {
  const { b, tid } = two();
  list(b, [tid]);
  const head = SHARED + 4096 - 8;
  b.put(head, 8, entry(0));
  b.put(head + 8, 8, DISTANCE);
  b.put(head + 16, 8, 0);
  b.put(entry(0), 8, head);
  assert.equal(b.call(1, ROBUST, head, 24), 0);
  leave(b);
  assert.deepEqual(b.marked, [[wordOf(0), DIED]]);
});

Deno.test("robust: the list is looked at however the thread comes to its end", () => {
  const { b, tid } = two();
  list(b, [tid]);
  assert.equal(b.call(1, Call.nanosleep, words(1000, 0), 0), undefined);
  assert.equal(b.call(0, Call.kill, 2, Signal.Kill), 0);
  b.pump();
  assert.deepEqual(b.marked, [[wordOf(0), DIED]], "killed while it slept");
  assert.equal(b.call(0, Call.wait4, 2, 0, 0, 0), 2);
  b.check();
});

Deno.test("robust: exit_group ends every thread with its own list", () => {
  const { b, child, tid } = two();
  const { s } = b;
  const p = b.processOf(child);
  const second = findThread(s, b.call(1, Call.clone, THREAD, SHARED + 0x1f00) ?? 0);
  list(b, [tid, s.thread.tid[second]]);
  assert.equal(s.thread.robustHead[second], 0, "a new thread has none");
  s.thread.robustHead[second] = HEAD;
  b.enter(1, Call.exit, 3);
  b.pump();
  while (s.process.state[p] !== ProcessState.Zombie) {
    for (const hart of [0, 1]) if (b.on(hart) !== 0) b.call(hart, Call.yield);
  }
  assert.deepEqual(b.marked.map(([place]) => place).sort(), [wordOf(0), wordOf(1)]);
  assert.equal(s.process.exitStatus[p], 3 << 8);
  assert.equal(b.call(0, Call.wait4, 2, 0, 0, 0), 2);
  b.check();
});

Deno.test("robust: a thread that ends alone marks its words, and then clears its id", () => {
  const { b, child, tid } = two();
  assert.ok((b.call(1, Call.clone, THREAD, SHARED + 0x1f00) ?? 0) > 0);
  list(b, [tid]);
  b.enter(1, Call.exitThread, 7);
  assert.equal(b.s.thread.leaving[child], 1);
  b.pump();
  assert.deepEqual(b.marked, [[wordOf(0), DIED]]);
  assert.equal(b.s.process.state[b.processOf(child)], ProcessState.Live);
  b.check();
});

Deno.test("robust: a page others have a copy of is copied before its word is marked", () => {
  for (const remote of [false, true]) {
    const b = new Bench();
    assert.equal(b.call(0, MMAP, SHARED, 8192, 3, 0x32, -1, 0), SHARED);
    const { s } = b;
    const init = b.on(0);
    const tid = s.thread.tid[init];
    list(b, [tid]);
    // Touched by the thread, then shared with a child.
    assert.equal(b.call(0, 100, 0, SHARED, SHARED + 8), 0);
    assert.equal(b.call(0, ROBUST, HEAD, 24), 0);
    const other = remote ? b.call(0, Call.clone, THREAD, SHARED + 0x1f00) ?? 0 : 0;
    b.call(0, Call.clone, 17);
    for (let n = 0; n < 4 && b.on(0) !== init; n++) b.call(0, Call.yield);
    b.held.add(1);
    b.enter(0, Call.exitThread, 0);
    b.pump();
    if (remote) {
      assert.equal(isWaiting(s, init), true, "other harts may still hold the translation");
      assert.deepEqual(b.marked, []);
      b.held.clear();
      b.pump();
      for (let n = 0; n < 4 && b.marked.length === 0; n++) b.call(0, Call.yield);
      assert.ok(findThread(s, other) !== 0);
    }
    assert.deepEqual(b.marked, [[wordOf(0), DIED]]);
    b.check();
  }
});

Deno.test("robust: an execve leaves the list of the old program, and its words in the old space", () => {
  const b = shared();
  const { s, world: { fx } } = b;
  const init = b.on(0);
  list(b, [s.thread.tid[init]]);
  assert.equal(b.call(0, ROBUST, HEAD, 24), 0);
  const p = b.processOf(init);
  const old = s.process.space[p];
  const space = createSpace(s, fx);
  holdSpace(s, space);
  s.process.execSpace[p] = space;
  s.process.execInode[p] = b.world.root;
  holdInode(s, b.world.root);
  // The new program is complete, and another thread ended last.
  s.process.execThread[p] = init;
  b.enter(0, Call.getpid);
  assert.deepEqual([s.process.space[p], s.thread.robustHead[init]], [old, HEAD]);
  b.pump();
  assert.deepEqual(b.marked, [[wordOf(0), DIED]]);
  assert.deepEqual([s.process.space[p], s.thread.robustHead[init]], [space, 0]);
  assert.equal(s.process.execThread[p], 0);
  b.check();
});
