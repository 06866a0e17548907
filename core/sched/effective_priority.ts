import type { State } from "../kernel.ts";

/** The priority a thread has of its own: that of the message it serves, else its base. */
export function ownPriority(s: State, thread: number): number {
  const message = s.thread.messagePriority[thread];
  return message === 0 ? s.thread.priority[thread] : message - 1;
}

/** The priority a thread is scheduled at: its own, or that of a waiter it holds up, if higher. */
export function effectivePriority(s: State, thread: number): number {
  const own = ownPriority(s, thread);
  const inherited = s.thread.inheritedPriority[thread] - 1;
  return inherited > own ? inherited : own;
}

/**
 * The priority a thread waits with in a queue that is ordered by priority. At a futex it is its own:
 * what it inherits through one futex is not handed on through another, so a chain ends after one
 * hop.
 *
 * @param _kind a WaitKind
 */
export function waitPriority(s: State, _kind: number, thread: number): number {
  return ownPriority(s, thread);
}
