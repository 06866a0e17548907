import { assert } from "../assert.ts";
import type { State } from "../kernel.ts";
import { effectivePriority } from "./effective_priority.ts";
import { PRIORITY_LEVELS } from "./tables.ts";
import type { SchedulingClass } from "./scheduling_class.ts";

/** Time a thread may run before its equals get the hart, ns. */
export const QUANTUM_NS = 1_000_000;

const LEVELS = PRIORITY_LEVELS;
const BITMAP_WORDS = LEVELS / 32;

function setBit(s: State, hartRow: number, level: number): void {
  s.hart.queueBitmap[hartRow * BITMAP_WORDS + (level >>> 5)] |= 1 << (level & 31);
}

function clearBit(s: State, hartRow: number, level: number): void {
  s.hart.queueBitmap[hartRow * BITMAP_WORDS + (level >>> 5)] &= ~(1 << (level & 31));
}

function markQueued(s: State, hartRow: number, thread: number): number {
  assert(s.thread.queued[thread] === 0, "a thread is queued once");
  const level = s.thread.level[thread];
  s.thread.queued[thread] = 1;
  s.hart.ready[hartRow]++;
  setBit(s, hartRow, level);
  return hartRow * LEVELS + level;
}

/** The first thread of the best level below one, or 0. */
function firstBelow(s: State, hartRow: number, level: number): number {
  let mask = (1 << (level & 31)) - 1;
  for (let word = level >>> 5; word >= 0; word--, mask = -1) {
    const bits = s.hart.queueBitmap[hartRow * BITMAP_WORDS + word] & mask;
    if (bits === 0) continue;
    const best = word * 32 + 31 - Math.clz32(bits);
    return s.hart.queueHead[hartRow * LEVELS + best];
  }
  return 0;
}

/**
 * 256 levels, the highest ready one runs; equals take turns of one quantum. A preempted thread
 * re-enters at the head with what is left of its quantum, an expired one at the tail with a new one.
 * An untimed thread uses none of it: its turn ends when it blocks or yields.
 */
export const fixedPriority: SchedulingClass = {
  name: "fixed-priority",

  enqueueHead(s, hartRow, thread) {
    const at = markQueued(s, hartRow, thread);
    const first = s.hart.queueHead[at];
    s.thread.queueNext[thread] = first;
    s.thread.queuePrevious[thread] = 0;
    if (first === 0) s.hart.queueTail[at] = thread;
    else s.thread.queuePrevious[first] = thread;
    s.hart.queueHead[at] = thread;
  },

  enqueueTail(s, hartRow, thread) {
    const at = markQueued(s, hartRow, thread);
    const last = s.hart.queueTail[at];
    s.thread.queuePrevious[thread] = last;
    s.thread.queueNext[thread] = 0;
    if (last === 0) s.hart.queueHead[at] = thread;
    else s.thread.queueNext[last] = thread;
    s.hart.queueTail[at] = thread;
  },

  remove(s, hartRow, thread) {
    assert(s.thread.queued[thread] === 1, "a thread taken from a queue is in it");
    const level = s.thread.level[thread];
    const at = hartRow * LEVELS + level;
    const next = s.thread.queueNext[thread];
    const previous = s.thread.queuePrevious[thread];
    if (previous === 0) s.hart.queueHead[at] = next;
    else s.thread.queueNext[previous] = next;
    if (next === 0) s.hart.queueTail[at] = previous;
    else s.thread.queuePrevious[next] = previous;
    s.thread.queueNext[thread] = 0;
    s.thread.queuePrevious[thread] = 0;
    s.thread.queued[thread] = 0;
    s.hart.ready[hartRow]--;
    if (s.hart.queueHead[at] === 0) clearBit(s, hartRow, level);
  },

  setLevel(s, thread) {
    s.thread.level[thread] = effectivePriority(s, thread);
  },

  peek(s, hartRow) {
    for (let word = BITMAP_WORDS - 1; word >= 0; word--) {
      const bits = s.hart.queueBitmap[hartRow * BITMAP_WORDS + word];
      if (bits === 0) continue;
      const level = word * 32 + 31 - Math.clz32(bits);
      return s.hart.queueHead[hartRow * LEVELS + level];
    }
    return 0;
  },

  after(s, hartRow, thread) {
    const next = s.thread.queueNext[thread];
    return next !== 0 ? next : firstBelow(s, hartRow, s.thread.level[thread]);
  },

  charge(s, thread, used) {
    if (s.thread.untimed[thread] === 1) return;
    const left = s.thread.budget[thread] - used;
    s.thread.budget[thread] = left > 0 ? left : 0;
  },

  expired(s, hartRow, thread) {
    if (s.thread.budget[thread] > 0) return false;
    const equal = hartRow * LEVELS + s.thread.level[thread];
    if (s.hart.queueHead[equal] !== 0) return true;
    s.thread.budget[thread] = QUANTUM_NS;
    return false;
  },

  preempts(s, queued, running) {
    return s.thread.level[queued] > s.thread.level[running];
  },

  nextDeadline(s, hartRow, thread) {
    const equal = hartRow * LEVELS + s.thread.level[thread];
    const goesOn = s.hart.queueHead[equal] === 0 || s.thread.untimed[thread] === 1;
    return goesOn ? Infinity : s.thread.budget[thread];
  },
};
