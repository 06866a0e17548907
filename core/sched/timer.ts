import { assert } from "../assert.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { HEAP_CAPACITY } from "./tables.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { TimerArmed, TimerFree } = Account;
const one = ONE;

/** The two timers a thread's row embeds. A heap entry is thread * 2 + one of these. */
export const TimerSlot = { Sleep: 0, Interval: 1 } as const;

function deadlineOf(s: State, entry: number): number {
  const thread = entry >>> 1;
  return (entry & 1) === 0 ? s.thread.timerDeadline[thread] : s.thread.intervalDeadline[thread];
}

function sequenceOf(s: State, entry: number): number {
  const thread = entry >>> 1;
  return (entry & 1) === 0 ? s.thread.timerSequence[thread] : s.thread.intervalSequence[thread];
}

function before(s: State, a: number, b: number): boolean {
  const da = deadlineOf(s, a);
  const db = deadlineOf(s, b);
  return da < db || (da === db && sequenceOf(s, a) < sequenceOf(s, b));
}

function place(s: State, base: number, at: number, entry: number): void {
  s.hart.heap[base + at] = entry;
  if ((entry & 1) === 0) s.thread.timerIndex[entry >>> 1] = at + 1;
  else s.thread.intervalIndex[entry >>> 1] = at + 1;
}

function siftUp(s: State, base: number, from: number): void {
  const heap = s.hart.heap;
  const entry = heap[base + from];
  let at = from;
  while (at > 0) {
    const parent = (at - 1) >>> 1;
    const other = heap[base + parent];
    if (!before(s, entry, other)) break;
    place(s, base, at, other);
    at = parent;
  }
  place(s, base, at, entry);
}

function siftDown(s: State, base: number, length: number, from: number): void {
  const heap = s.hart.heap;
  const entry = heap[base + from];
  let at = from;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= length) break;
    if (child + 1 < length && before(s, heap[base + child + 1], heap[base + child])) child++;
    if (!before(s, heap[base + child], entry)) break;
    place(s, base, at, heap[base + child]);
    at = child;
  }
  place(s, base, at, entry);
}

/** Puts a timer into the heap of the thread's own hart. */
export function armTimer(
  s: State,
  hart: number,
  thread: number,
  slot: number,
  deadline: number,
): void {
  disarmTimer(s, hart, thread, slot);
  const row = hart + 1;
  const length = s.hart.heapLength[row];
  assert(length < HEAP_CAPACITY, "a hart's heap has room for two timers of every thread");
  const sequence = s.kernel.timerSequence[one]++;
  if (slot === TimerSlot.Sleep) {
    s.thread.timerDeadline[thread] = deadline;
    s.thread.timerSequence[thread] = sequence;
  } else {
    s.thread.intervalDeadline[thread] = deadline;
    s.thread.intervalSequence[thread] = sequence;
  }
  s.hart.heapLength[row] = length + 1;
  const base = row * HEAP_CAPACITY;
  s.hart.heap[base + length] = thread * 2 + slot;
  siftUp(s, base, length);
  post(s, TimerFree, TimerArmed, 1);
}

/** Takes a timer out of its hart's heap, if it is in it. */
export function disarmTimer(s: State, hart: number, thread: number, slot: number): void {
  const index = slot === TimerSlot.Sleep
    ? s.thread.timerIndex[thread]
    : s.thread.intervalIndex[thread];
  if (index === 0) return;
  const row = hart + 1;
  const base = row * HEAP_CAPACITY;
  const at = index - 1;
  assert(s.hart.heap[base + at] === thread * 2 + slot, "a timer is in its own hart's heap");
  const length = --s.hart.heapLength[row];
  const last = s.hart.heap[base + length];
  s.hart.heap[base + length] = 0;
  if (slot === TimerSlot.Sleep) s.thread.timerIndex[thread] = 0;
  else s.thread.intervalIndex[thread] = 0;
  if (at !== length) {
    place(s, base, at, last);
    siftDown(s, base, length, at);
    const moved = s.hart.heap[base + at];
    if (moved === last) siftUp(s, base, at);
  }
  post(s, TimerArmed, TimerFree, 1);
}

/** The earliest deadline of a hart's heap, ns, or Infinity. */
export function firstDeadline(s: State, hart: number): number {
  const row = hart + 1;
  return s.hart.heapLength[row] === 0 ? Infinity : deadlineOf(s, s.hart.heap[row * HEAP_CAPACITY]);
}

/** The heap entry (thread * 2 + slot) that is due at `now`, or 0. */
export function dueTimer(s: State, hart: number, now: number): number {
  return firstDeadline(s, hart) <= now ? s.hart.heap[(hart + 1) * HEAP_CAPACITY] : 0;
}
