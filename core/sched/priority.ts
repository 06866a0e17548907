/**
 * Priorities that change while a thread runs, is ready or waits. A thread's effective priority is
 * that of the message it serves, else its base; and at least that of every waiter of a
 * priority-inheriting futex it owns. Message inheritance assigns, up or down; futex inheritance is a
 * maximum. Neither is handed on: a thread that inherits through a futex waits elsewhere with its own
 * priority.
 */
import type { Effects } from "../effect.ts";
import { noteResort } from "../ipc/priority.ts";
import type { State } from "../kernel.ts";
import { effectivePriority, ownPriority } from "./effective_priority.ts";
import { scheduler } from "./scheduler.ts";
import { Request, ThreadState, WaitKind } from "./tables.ts";
import { isInTransit, request } from "./thread.ts";
import { enterByPriority, leaveStretch } from "./priority_list.ts";
import { headsOf, isByPriority, tailsOf, unlinkFromQueue } from "./wait_queue.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { Priority } = Request;
const { Running } = ThreadState;
const { Futex, MessageSend } = WaitKind;

export { effectivePriority, ownPriority } from "./effective_priority.ts";

/**
 * Sets a thread's base priority.
 *
 * @param hart number of the event's hart
 * @param priority 0 to 255, a higher one runs first
 */
export function setBasePriority(
  s: State,
  fx: Effects,
  hart: number,
  thread: number,
  priority: number,
): void {
  s.thread.priority[thread] = priority;
  priorityChanged(s, fx, hart, thread);
}

/**
 * Sets whether a thread's turns end by themselves, or only when it blocks or yields.
 *
 * @param hart number of the event's hart
 */
export function setUntimed(
  s: State,
  fx: Effects,
  hart: number,
  thread: number,
  untimed: boolean,
): void {
  const value = untimed ? 1 : 0;
  if (s.thread.untimed[thread] === value) return;
  s.thread.untimed[thread] = value;
  // Its own hart sees to its timer when it leaves the kernel; another one has to be told.
  const elsewhere = s.thread.hart[thread] !== hart;
  if (elsewhere && s.thread.state[thread] === Running) {
    request(s, fx, hart, thread, Priority);
  }
}

/** Gives a thread the priority of a message it serves, which replaces its base, up or down. */
export function assignMessagePriority(
  s: State,
  fx: Effects,
  hart: number,
  thread: number,
  priority: number,
): void {
  const before = ownPriority(s, thread);
  s.thread.messagePriority[thread] = priority + 1;
  // Where it has that anyway nothing moves; it keeps it though its base may change.
  if (before !== priority) priorityChanged(s, fx, hart, thread);
}

/** Ends the priority of a message: the thread has its base priority again. */
export function clearMessagePriority(s: State, fx: Effects, hart: number, thread: number): void {
  const before = ownPriority(s, thread);
  s.thread.messagePriority[thread] = 0;
  if (before !== s.thread.priority[thread]) priorityChanged(s, fx, hart, thread);
}

/**
 * Takes note that a thread's priority may have changed: it is put where it belongs in the queue it
 * waits in, and its hart schedules it anew, at once or by request.
 */
export function priorityChanged(s: State, fx: Effects, hart: number, thread: number): void {
  resortQueues(s, fx, hart, thread);
  if (!scheduler.hasPlace(s, hart, thread)) return;
  if (s.thread.level[thread] === effectivePriority(s, thread)) return;
  if (s.thread.hart[thread] !== hart || isInTransit(s, thread)) {
    request(s, fx, hart, thread, Priority);
  } else scheduler.applyPriority(s, hart, thread);
}

/** Moves the waiters of a thread to where its priority belongs, behind their equals there. */
export function resortQueues(s: State, fx: Effects, hart: number, thread: number): void {
  for (let w = s.thread.waiter[thread]; w !== 0; w = s.waiter.nextOfThread[w]) {
    const kind = s.waiter.kind[w];
    if (!isByPriority(kind)) continue;
    const priority = ownPriority(s, thread);
    if (s.waiter.priority[w] === priority) continue;
    const object = s.waiter.object[w];
    leaveStretch(s.waiter, w);
    unlinkFromQueue(s, w);
    s.waiter.priority[w] = priority;
    enterByPriority(s.waiter, headsOf(s, kind), tailsOf(s, kind), object, w);
    if (kind === MessageSend) noteResort(s, thread, object);
    if (kind === Futex) lendPriority(s, fx, hart, s.futex.owner[object]);
  }
}

/**
 * Sets what a thread inherits from the waiters of the futexes it owns, of which there are at most
 * OWNED_LIMIT.
 *
 * @param owner the thread, or 0 for none
 */
export function lendPriority(s: State, fx: Effects, hart: number, owner: number): void {
  if (owner === 0) return;
  let highest = 0;
  for (let f = s.thread.firstOwned[owner]; f !== 0; f = s.futex.nextOwned[f]) {
    const first = s.waiter.priority[s.futex.waitHead[f]] + 1;
    if (first > highest) highest = first;
  }
  if (s.thread.inheritedPriority[owner] === highest) return;
  s.thread.inheritedPriority[owner] = highest;
  priorityChanged(s, fx, hart, owner);
}
