import type { State } from "../kernel.ts";

/**
 * The priority a thread has of its own, which it sends and waits with: that of the message it serves,
 * else its base. What it inherits through one futex is not handed on through another, nor in a
 * message, so a chain ends after one hop.
 */
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
