import assert from "node:assert/strict";
import { Result } from "../../error.ts";
import { ABSENT, E, FileBench, MEMORY } from "../../fs/testing.ts";
import { openStandard } from "../../fs/standard.ts";
import { ONE } from "../../kernel.ts";
import { WakeReason } from "../../sched/tables.ts";
import { wakeThread } from "../../sched/wait.ts";
import { allocRow, freeRows } from "../../state/table.ts";
import { pipe2 } from "./file.ts";
import { ppoll } from "./poll.ts";
import { pselect6 } from "./select.ts";

const MASK = 8;

function timespec(ns: number): Uint8Array {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setBigUint64(8, BigInt(ns), true);
  return bytes;
}

function pollfd(fd: number, events: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, fd, true);
  view.setUint16(4, events, true);
  return bytes;
}

function mask(lo: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, lo, true);
  return bytes;
}

function start(): { b: FileBench; t: number } {
  const b = new FileBench();
  const t = b.process();
  assert.equal(b.call(t, pipe2, [MEMORY, 0]), 0);
  return { b, t };
}

Deno.test("ppoll: a zero timeout answers at once, a deadline stays over a restart and ends it", () => {
  const { b, t } = start();
  const item = pollfd(0, 1);
  assert.equal(b.call(t, ppoll, [MEMORY, 1, 0, 0, 8], item, timespec(0), ABSENT), 0);
  assert.equal(b.call(t, ppoll, [MEMORY, 1, 0, 0, 8], item, timespec(1e9), ABSENT), E.Invalid);
  const wait = () => b.call(t, ppoll, [MEMORY, 1, 0, 0, 8], item, timespec(5000), ABSENT);
  assert.equal(wait(), Result.Pending);
  const deadline = b.s.thread.callDeadline[t];
  wakeThread(b.s, b.fx, 0, t, WakeReason.Restart);
  assert.equal(wait(), Result.Pending);
  assert.equal(b.s.thread.callDeadline[t], deadline, "the deadline is absolute");
  wakeThread(b.s, b.fx, 0, t, WakeReason.Timeout);
  b.s.kernel.now[1] = deadline;
  assert.equal(wait(), 0);
  b.exit(t);
  b.close();
});

Deno.test("ppoll: its mask holds during the wait, and the old one is kept to be put back", () => {
  const { b, t } = start();
  b.s.thread.blockedLo[t] = 6;
  const item = pollfd(0, 1);
  const wait = () => b.call(t, ppoll, [MEMORY, 1, 0, 0, 8], item, ABSENT, mask(MASK | 1 << 8));
  assert.equal(wait(), Result.Pending);
  assert.equal(b.s.thread.blockedLo[t], MASK, "KILL stays deliverable");
  assert.equal(b.s.thread.savedMaskLo[t], 6);
  assert.equal(b.s.thread.restoreMask[t], 1);
  // A restart does not take the temporary mask for the old one.
  wakeThread(b.s, b.fx, 0, t, WakeReason.Restart);
  assert.equal(wait(), Result.Pending);
  assert.equal(b.s.thread.savedMaskLo[t], 6);
  // A signal that is pending and not in the mask ends the wait before it began.
  wakeThread(b.s, b.fx, 0, t, WakeReason.Restart);
  b.s.process.pendingLo[b.s.thread.process[t]] = 2;
  assert.equal(wait(), Result.Pending);
  assert.equal(b.s.thread.wakeReason[t], WakeReason.Signal);
  b.s.process.pendingLo[b.s.thread.process[t]] = 0;
  b.exit(t);
});

Deno.test("pselect6: refusals, readiness and the sets written back", () => {
  const { b, t } = start();
  const set = (bits: number) => mask(bits);
  const call = (count: number, reads: Uint8Array, writes: Uint8Array, time: Uint8Array) =>
    b.call(t, pselect6, [count, MEMORY, MEMORY + 64, 0, 0, 0], reads, writes, ABSENT, time, ABSENT);
  assert.equal(call(-1, ABSENT, ABSENT, ABSENT), E.Invalid);
  assert.equal(call(8, set(128), ABSENT, ABSENT), E.BadDescriptor);
  assert.equal(call(2, set(1), set(2), timespec(0)), 1);
  assert.deepEqual([b.peek(t, MEMORY, 1)[0], b.peek(t, MEMORY + 64, 1)[0]], [0, 2]);
  assert.equal(call(1, set(1), ABSENT, ABSENT), Result.Pending);
  assert.equal(b.blocked(t), true);
  wakeThread(b.s, b.fx, 0, t, WakeReason.Restart);
  b.exit(t);
  b.close();
});

/** Takes waiters until so many are left. */
function leaveWaiters(b: FileBench, rows: number): void {
  while (freeRows(b.s.waiter) > rows) allocRow(b.s.waiter);
}

Deno.test("a poll takes a waiter for each item but the first, and is refused without them", () => {
  const { b, t } = start();
  leaveWaiters(b, 1);
  const two = new Uint8Array([...pollfd(0, 1), ...pollfd(0, 1)]);
  const three = new Uint8Array([...two, ...pollfd(0, 1)]);
  const wait = (count: number, items: Uint8Array) =>
    b.call(t, ppoll, [MEMORY, count, 0, 0, 8], items, ABSENT, ABSENT);
  const select = (count: number, reads: Uint8Array) =>
    b.call(t, pselect6, [count, MEMORY, 0, 0, 0, 0], reads, ABSENT, ABSENT, ABSENT, ABSENT);
  assert.equal(wait(3, three), E.NoMemory);
  assert.equal(wait(2, two), Result.Pending);
  wakeThread(b.s, b.fx, 0, t, WakeReason.Restart);
  // The number of sets and descriptors looked through is not what it takes.
  assert.equal(select(64, mask(1)), Result.Pending);
  wakeThread(b.s, b.fx, 0, t, WakeReason.Restart);
  leaveWaiters(b, 0);
  assert.equal(select(64, mask(1)), Result.Pending);
  wakeThread(b.s, b.fx, 0, t, WakeReason.Restart);
  assert.equal(wait(1, pollfd(0, 1)), Result.Pending);
  wakeThread(b.s, b.fx, 0, t, WakeReason.Restart);
});

Deno.test("a poll of the host's input without a frame for it is refused, and waits for nothing", () => {
  const b = new FileBench();
  const t = b.process();
  openStandard(b.s, b.fx, b.s.thread.process[t]);
  const { memory } = b.s;
  const reserve = memory.reserve[ONE];
  const poll = () => b.call(t, ppoll, [MEMORY, 1, 0, 0, 8], pollfd(0, 1), ABSENT, ABSENT);
  const select = () =>
    b.call(t, pselect6, [1, MEMORY, 0, 0, 0, 0], mask(1), ABSENT, ABSENT, ABSENT, ABSENT);
  b.poke(t, MEMORY, new Uint8Array(8));
  memory.reserve[ONE] = 0xffff;
  assert.equal(poll(), E.NoMemory);
  assert.equal(select(), E.NoMemory);
  assert.equal(b.blocked(t), false);
  assert.deepEqual(b.streams, []);
  memory.reserve[ONE] = reserve;
  assert.equal(poll(), Result.Pending);
  assert.deepEqual(b.streams, [0]);
});
