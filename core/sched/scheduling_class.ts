import type { State } from "../kernel.ts";

/**
 * What the scheduler asks of a class. Every function is pure over the state, writes only columns
 * owned by the given hart, and takes the hart's ROW (hart number + 1).
 */
export interface SchedulingClass {
  readonly name: string;
  /**
   * Queues a ready thread at its level before its equals: it was preempted and keeps its remaining
   * budget.
   */
  enqueueHead(s: State, hartRow: number, thread: number): void;
  /** Queues a ready thread at its level behind its equals. */
  enqueueTail(s: State, hartRow: number, thread: number): void;
  /** Takes a thread out of the queue. */
  remove(s: State, hartRow: number, thread: number): void;
  /** Sets the level a thread that is not queued is scheduled at from its effective priority. */
  setLevel(s: State, thread: number): void;
  /** The thread the class would run next, or 0; changes nothing. */
  peek(s: State, hartRow: number): number;
  /** The queued thread the class would run after another queued one, or 0; changes nothing. */
  after(s: State, hartRow: number, thread: number): number;
  /** Books used time, ns, against a thread's budget. */
  charge(s: State, thread: number, used: number): void;
  /** Whether a running thread must leave the hart to its equals now. */
  expired(s: State, hartRow: number, thread: number): boolean;
  /** Whether a queued thread should take the hart from a running one of the same class. */
  preempts(s: State, queued: number, running: number): boolean;
  /** Time until the running thread's budget matters, ns, or Infinity. */
  nextDeadline(s: State, hartRow: number, thread: number): number;
}
