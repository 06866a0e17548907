import assert from "node:assert/strict";
import { HEAP } from "../../ledger/test_world.ts";
import { hasReclaim, reclaim } from "../../mem/reclaim.ts";
import { unmapRange } from "../../mem/unmap.ts";
import { effectivePriority } from "../../sched/priority.ts";
import { DEFAULT_PRIORITY } from "../../sched/tables.ts";
import { isWaiting } from "../../sched/wait.ts";
import { Bench, type Given, type Located, words } from "../../proc/testing.ts";

const FUTEX = 98, MMAP = 222, MUNMAP = 215;
const EAGAIN = -11, EFAULT = -14, EINVAL = -22, ENOSYS = -38, ETIMEDOUT = -110;
const EPERM = -1, ESRCH = -3, EDEADLK = -35;
const Op = {
  wait: 0,
  wake: 1,
  requeue: 3,
  compareRequeue: 4,
  lock: 6,
  unlock: 7,
  tryLock: 8,
  waitBits: 9,
  wakeBits: 10,
  lock2: 13,
  wakeOp: 5,
};
const PRIVATE = 0x80, REALTIME = 0x100;
const WAITERS = 0x80000000;
const SHARED = 0x1000_0000;

const word = (at: number, value: number): Located => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return { at, bytes };
};
/** A register where an argument that other operations copy in would be. */
const at = (value: number): Located => ({ at: value, bytes: null });
const time = (ns: number): Uint8Array => words(Math.floor(ns / 1e9), ns % 1e9);

/** Maps two shared pages, which every process made later shares. */
function share(b: Bench): void {
  assert.equal(b.call(0, MMAP, SHARED, 8192, 3, 0x31, -1, 0), SHARED);
}

/** A process on hart 1 and init on hart 0, with memory they share. */
function two(): { b: Bench; init: number; child: number } {
  const b = new Bench();
  share(b);
  const init = b.on(0);
  return { b, init, child: b.fork() };
}

Deno.test("futex: what is refused before anything is looked at", () => {
  const b = new Bench();
  const call = (...args: Given[]) => b.call(0, FUTEX, ...args);
  assert.equal(call(word(HEAP + 2, 0), Op.wait, 0, null), EINVAL, "no word begins there");
  assert.equal(call(null, Op.wait, 0, null), EFAULT);
  assert.equal(call(word(HEAP, 0), Op.wait, 0, words(0, 1e9)), EINVAL, "no time");
  assert.equal(call(word(HEAP, 0), Op.wait, 0, words(2 ** 63, 0)), EINVAL);
  assert.equal(call(word(HEAP, 0), Op.waitBits, 0, null, 0, 0), EINVAL, "no bits");
  assert.equal(call(at(HEAP), Op.wakeBits, 1, null, 0, 0), EINVAL);
  assert.equal(call(at(HEAP), Op.requeue, -1, at(1), HEAP + 4, 0), EINVAL);
  assert.equal(call(at(HEAP), Op.requeue, 1, at(-1), HEAP + 4, 0), EINVAL);
  assert.equal(call(at(HEAP), Op.requeue, 1, at(1), HEAP + 5, 0), EINVAL);
  assert.equal(call(at(HEAP), Op.requeue, 1, at(1), 0x7000_0000, 0), EFAULT);
  assert.equal(
    call(at(0x7000_0000), Op.wake, 1),
    EFAULT,
    "shared, and not mapped",
  );
  assert.equal(call(at(0x7000_0000), Op.wake | PRIVATE, 1), 0);
  assert.equal(call(word(HEAP, 0), Op.lock | REALTIME, 1), ENOSYS);
  for (const op of [2, 11, 12, 14, 99, Op.wake | REALTIME]) {
    assert.equal(call(at(HEAP), op, 1), ENOSYS, `operation ${op}`);
  }
  b.check();
});

Deno.test("futex: a word that differs, a time that is over, a wake-up nobody waits for", () => {
  const b = new Bench();
  assert.equal(b.call(0, FUTEX, word(HEAP, 5), Op.wait, 4, time(0)), EAGAIN);
  assert.equal(b.call(0, FUTEX, word(HEAP, 4), Op.wait, 4, time(0)), ETIMEDOUT);
  assert.equal(
    b.call(0, FUTEX, word(HEAP, 0xffffffff), Op.waitBits, -1, time(10), 0, 1),
    ETIMEDOUT,
  );
  assert.equal(b.call(0, FUTEX, at(HEAP), Op.wake, 9), 0);
  assert.equal(b.call(0, FUTEX, word(HEAP, 4), Op.wait, 4, time(5e6)), undefined);
  const t = b.s.waiter.thread[b.s.futex.waitHead[1]];
  b.timer(0, 6e6);
  assert.equal(b.results.get(t), ETIMEDOUT);
  b.check();
});

Deno.test("futex: a process wakes another at a word they share, and none at the same address", () => {
  const { b, init, child } = two();
  assert.equal(b.call(0, FUTEX, word(SHARED + 4, 7), Op.wait, 7, null), undefined);
  assert.equal(b.call(1, FUTEX, word(HEAP, 7), Op.wait, 7, time(8e6)), undefined);
  b.timer(1, 9e6);
  assert.equal(b.results.get(child), ETIMEDOUT);
  assert.equal(b.call(1, FUTEX, at(SHARED), Op.wake, 1), 0);
  assert.equal(b.call(1, FUTEX, at(SHARED + 4), Op.wake | PRIVATE, 1), 0);
  assert.equal(b.call(1, FUTEX, at(SHARED + 4), Op.wake, 1), 1);
  assert.equal(b.results.get(init), 0);
  b.check();
});

Deno.test("futex: a copy of private memory is another word", () => {
  const { b, init } = two();
  assert.equal(b.call(0, FUTEX, word(HEAP, 7), Op.wait, 7, null), undefined);
  assert.equal(b.call(1, FUTEX, at(HEAP), Op.wake, 9), 0);
  assert.equal(isWaiting(b.s, init), true);
  b.check();
});

Deno.test("futex: memory that is gone and taken again is another place", () => {
  const { b, child } = two();
  const { s, world: { fx } } = b;
  assert.equal(b.call(0, MUNMAP, SHARED, 8192), 0);
  assert.equal(b.call(1, FUTEX, word(SHARED, 0), Op.wait, 0, null), undefined);
  const object = s.futex.place[s.waiter.futex[s.thread.waiter[child]]];
  // Another thread of its process unmaps it meanwhile.
  unmapRange(s, fx, 1, child, SHARED / 4096, SHARED / 4096 + 2, 0);
  while (hasReclaim(s)) reclaim(s, fx);
  assert.equal(s.memoryObject.$live[object], 0);
  share(b);
  assert.equal(s.memoryObject.$live[object], 1, "the row lives again");
  assert.equal(b.call(0, FUTEX, at(SHARED), Op.wake, 9), 0);
  assert.equal(isWaiting(s, child), true);
});

Deno.test("futex: requeue wakes some and moves the rest, unless the word has changed", () => {
  const { b, child } = two();
  assert.equal(b.call(1, FUTEX, word(SHARED, 7), Op.wait, 7, null), undefined);
  const requeue = (value: number, moves: number) =>
    b.call(0, FUTEX, word(SHARED, value), Op.compareRequeue, 0, at(moves), SHARED + 4096, 7);
  assert.equal(requeue(8, 1), EAGAIN);
  assert.equal(requeue(7, 0), 0);
  assert.equal(requeue(7, 5), 1);
  assert.equal(b.call(0, FUTEX, at(SHARED), Op.wake, 1), 0);
  assert.equal(b.call(0, FUTEX, at(SHARED + 4096), Op.wake, 1), 1);
  assert.equal(b.results.get(child), 0);
  b.check();
});

Deno.test("futex: a word with an owner: taken, refused, waited for with the priority lent, handed over", () => {
  const { b, init, child } = two();
  const mine = b.s.thread.tid[init];
  const theirs = b.s.thread.tid[child];
  b.s.thread.priority[child] = 77;
  assert.equal(b.call(0, FUTEX, word(SHARED, 0), Op.lock, 0, null), 0);
  assert.equal(b.call(0, FUTEX, word(SHARED, mine), Op.lock, 0, null), EDEADLK);
  assert.equal(b.call(1, FUTEX, word(SHARED, mine), Op.tryLock, 0, null), EAGAIN);
  assert.equal(b.call(1, FUTEX, word(SHARED, mine), Op.unlock, 0), EPERM);
  assert.equal(b.call(1, FUTEX, word(SHARED, 999), Op.lock, 0, null), ESRCH);
  assert.equal(b.call(1, FUTEX, word(SHARED, mine), Op.lock, 0, time(1)), ETIMEDOUT, "since 1970");
  assert.equal(b.call(1, FUTEX, word(SHARED, mine), Op.lock2, 0, words(0, 1e9)), EINVAL);
  assert.equal(b.call(1, FUTEX, word(SHARED, mine), Op.lock, 0, null), undefined);
  assert.equal(effectivePriority(b.s, init), 77);
  assert.equal(b.call(0, FUTEX, at(SHARED), Op.wake, 1), EINVAL);
  const move = [Op.requeue, 0, at(1), SHARED + 4, 0] as const;
  assert.equal(b.call(0, FUTEX, at(SHARED), ...move), EINVAL);
  assert.equal(b.call(0, FUTEX, word(SHARED, mine + WAITERS), Op.unlock, 0), 0);
  assert.equal(b.results.get(child), 0);
  assert.equal(effectivePriority(b.s, init), DEFAULT_PRIORITY);
  assert.equal(b.call(1, FUTEX, word(SHARED, theirs), Op.unlock, 0), 0);
  b.check();
});

Deno.test("futex: an owner of private memory must be of the same space", () => {
  const { b, init } = two();
  const mine = b.s.thread.tid[init];
  assert.equal(b.call(1, FUTEX, word(HEAP, mine), Op.lock, 0, null), ESRCH);
  assert.equal(b.call(1, FUTEX, word(SHARED, mine), Op.lock | PRIVATE, 0, null), ESRCH);
  b.check();
});

Deno.test("futex: a wait for an owner with a deadline ends by it, and the boost with it", () => {
  const { b, init, child } = two();
  const mine = b.s.thread.tid[init];
  b.s.thread.priority[child] = 77;
  assert.equal(b.call(1, FUTEX, word(SHARED, mine), Op.lock2, 0, time(5e6)), undefined);
  assert.equal(effectivePriority(b.s, init), 77);
  b.timer(1, 6e6);
  assert.equal(b.results.get(child), ETIMEDOUT);
  assert.equal(effectivePriority(b.s, init), DEFAULT_PRIORITY);
  assert.equal(b.s.thread.owned[init], 0);
  b.check();
});

/** The second word's change and comparison as WAKE_OP has them in one argument. */
const code = (op: number, operand: number, compare: number, with_: number): number =>
  (op << 28 | compare << 24 | (operand & 0xfff) << 12 | with_ & 0xfff) >>> 0;

Deno.test("futex: WAKE_OP changes the second word as asked, and wakes there by what it was", () => {
  // Operation, operand, word before and after.
  const changes: readonly [number, number, number, number][] = [
    [0, 5, 9, 5],
    [0, -1, 9, 0xffffffff],
    [1, 3, 0xffffffff, 2],
    [1, -2, 1, 0xffffffff],
    [2, 0x11, 0x80000001, 0x80000011],
    [3, 0x11, 0x13, 2],
    [4, -1, 0x0f, 0xfffffff0],
    [8, 31, 1, 0x80000000],
    [9, 33, 1, 3],
  ];
  for (const [op, operand, before, after] of changes) {
    const { b } = two();
    b.marked.length = 0;
    const change = word(SHARED + 8, before);
    b.put(SHARED + 8, 4, before);
    assert.equal(
      b.call(0, FUTEX, at(SHARED), Op.wakeOp, 1, at(1), change, code(op, operand, 0, 0)),
      0,
    );
    assert.deepEqual(b.marked, [[SHARED + 8, after]], `operation ${op} with ${operand}`);
  }
  // Comparison, operand, word: whether it wakes.
  const comparisons: readonly [number, number, number, boolean][] = [
    [0, 5, 5, true],
    [0, 5, 6, false],
    [1, 5, 6, true],
    [2, 0, 0xffffffff, true],
    [2, -1, 0, false],
    [3, -1, 0xffffffff, true],
    [4, -1, 0, true],
    [4, 0, 0xffffffff, false],
    [5, 0, 0, true],
  ];
  for (const [compare, operand, before, wakes] of comparisons) {
    const { b, child } = two();
    assert.equal(b.call(1, FUTEX, word(SHARED + 8, 1), Op.wait, 1, null), undefined);
    const given = [word(SHARED + 8, before), code(0, 0, compare, operand)] as const;
    assert.equal(b.call(0, FUTEX, at(SHARED), Op.wakeOp, 1, at(1), ...given), wakes ? 1 : 0);
    assert.equal(isWaiting(b.s, child), !wakes, `comparison ${compare} with ${operand}`);
    b.check();
  }
});

Deno.test("futex: WAKE_OP wakes at both words, and refuses before it changes anything", () => {
  const { b, child } = two();
  const call = (...args: Given[]) => b.call(0, FUTEX, ...args);
  assert.equal(b.call(1, FUTEX, word(SHARED, 1), Op.wait, 1, null), undefined);
  const second = word(SHARED + 8, 0);
  assert.equal(call(at(SHARED), Op.wakeOp, 1, at(1), word(SHARED + 6, 0), 0), EINVAL);
  assert.equal(call(at(SHARED), Op.wakeOp, 1, at(1), at(SHARED + 8), 0), EFAULT);
  assert.equal(call(at(SHARED), Op.wakeOp, 1, at(1), second, code(5, 0, 0, 0)), ENOSYS);
  assert.equal(call(at(SHARED), Op.wakeOp, 1, at(1), second, code(0, 0, 6, 0)), ENOSYS);
  assert.equal(call(at(SHARED), Op.wakeOp | REALTIME, 1, at(1), second, 0), ENOSYS);
  assert.deepEqual(b.marked, []);
  assert.ok(isWaiting(b.s, child));
  assert.equal(call(at(SHARED), Op.wakeOp, 0, at(0), second, 0), 1, "one is woken even for 0");
  assert.equal(b.results.get(child), 0);
  // A word with an owner is nobody's to wake at.
  const mine = b.s.thread.tid[b.on(0)];
  assert.equal(b.call(1, FUTEX, word(SHARED + 8, mine), Op.lock, 0, null), undefined);
  assert.equal(call(at(SHARED + 8), Op.wakeOp, 1, at(1), word(SHARED, 0), 0), EINVAL);
  assert.equal(call(at(SHARED), Op.wakeOp, 1, at(1), second, 0), EINVAL);
  assert.equal(call(at(SHARED), Op.wakeOp, 1, at(1), second, code(0, 0, 1, 0)), 0);
  b.check();
});
