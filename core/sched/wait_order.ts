/**
 * Wait queues ordered by priority, the highest first, and by arrival among equals. Waiters of equal
 * priority stand together in a run whose ends know each other, so that a place is found in one step
 * a priority, however many wait: at most PRIORITY_LEVELS steps.
 */
import type { State } from "../kernel.ts";

/** Links a waiter, whose priority is set, behind its equals. */
export function insertByPriority(
  s: State,
  heads: Uint32Array,
  tails: Uint32Array,
  object: number,
  waiter: number,
): void {
  const w = s.waiter;
  const priority = w.priority[waiter];
  let first = heads[object];
  while (first !== 0 && w.priority[first] > priority) first = w.next[w.runLast[first]];
  let before: number;
  if (first !== 0 && w.priority[first] === priority) {
    before = w.runLast[first];
    w.runFirst[before] = 0;
    w.runLast[first] = waiter;
    w.runFirst[waiter] = first;
  } else {
    before = first === 0 ? tails[object] : w.previous[first];
    w.runLast[waiter] = waiter;
    w.runFirst[waiter] = waiter;
  }
  const after = before === 0 ? heads[object] : w.next[before];
  w.previous[waiter] = before;
  w.next[waiter] = after;
  if (before === 0) heads[object] = waiter;
  else w.next[before] = waiter;
  if (after === 0) tails[object] = waiter;
  else w.previous[after] = waiter;
}

/** Takes a waiter out of its run, while its links still stand. */
export function leaveRun(s: State, waiter: number): void {
  const w = s.waiter;
  const last = w.runLast[waiter];
  const first = w.runFirst[waiter];
  w.runLast[waiter] = 0;
  w.runFirst[waiter] = 0;
  if (last === first) return;
  if (last !== 0) {
    const next = w.next[waiter];
    w.runLast[next] = last;
    w.runFirst[last] = next;
  } else {
    const previous = w.previous[waiter];
    w.runFirst[previous] = first;
    w.runLast[first] = previous;
  }
}
