import { ONE, type State } from "../kernel.ts";
import { fixedPriority, QUANTUM_NS } from "./fixed_priority.ts";
import type { SchedulingClass } from "./scheduling_class.ts";
import { Steal, ThreadState } from "./tables.ts";

/**
 * Picks what a hart runs. Classes stand in fixed order, best first; when none has a ready thread
 * the hart is idle, which needs no class and no thread of its own.
 */
export class Scheduler {
  constructor(readonly classes: readonly SchedulingClass[]) {}

  /** Queues a thread that became ready; it gets a fresh quantum if its old one is used up. */
  enqueue(s: State, hart: number, thread: number): void {
    if (s.thread.budget[thread] <= 0) s.thread.budget[thread] = QUANTUM_NS;
    s.thread.state[thread] = ThreadState.Ready;
    this.classes[s.thread.class[thread]].enqueueTail(s, hart + 1, thread);
    this.noteQueued(s, hart, thread);
    const current = s.hart.current[hart + 1];
    if (current === 0 || this.beats(s, thread, current)) s.hart.needsReschedule[hart + 1] = 1;
  }

  /** A thread waits from now on, and an idle hart may want it. */
  private noteQueued(s: State, hart: number, thread: number): void {
    s.thread.readySince[thread] = s.hart.lastTime[hart + 1];
    if ((s.kernel.hungryLo[ONE] | s.kernel.hungryHi[ONE]) !== 0) {
      s.hart.steal[hart + 1] |= Steal.Offer;
    }
  }

  private beats(s: State, queued: number, running: number): boolean {
    const a = s.thread.class[queued];
    const b = s.thread.class[running];
    return a === b ? this.classes[a].preempts(s, queued, running) : a < b;
  }

  /** Takes a ready thread out of its queue. */
  remove(s: State, hart: number, thread: number): void {
    this.classes[s.thread.class[thread]].remove(s, hart + 1, thread);
  }

  /** The thread the next reschedule would take from the queues, or 0; changes nothing. */
  peek(s: State, hart: number): number {
    for (const c of this.classes) {
      const thread = c.peek(s, hart + 1);
      if (thread !== 0) return thread;
    }
    return 0;
  }

  /** The thread a hart would run after a queued one, or 0; changes nothing. */
  after(s: State, hart: number, thread: number): number {
    let at = s.thread.class[thread];
    let next = this.classes[at].after(s, hart + 1, thread);
    while (next === 0 && ++at < this.classes.length) next = this.classes[at].peek(s, hart + 1);
    return next;
  }

  /**
   * Schedules a running or ready thread of this hart at the effective priority it has by now. One
   * that rose goes behind its new equals, one that fell before them.
   */
  applyPriority(s: State, hart: number, thread: number): void {
    const c = this.classes[s.thread.class[thread]];
    s.hart.needsReschedule[hart + 1] = 1;
    if (s.thread.queued[thread] === 0) return c.setLevel(s, thread);
    const before = s.thread.level[thread];
    c.remove(s, hart + 1, thread);
    c.setLevel(s, thread);
    if (s.thread.level[thread] < before) c.enqueueHead(s, hart + 1, thread);
    else c.enqueueTail(s, hart + 1, thread);
  }

  /** Puts the running thread back: at the tail with a new quantum when expired, else at the head. */
  requeueCurrent(s: State, hart: number, thread: number, toTail: boolean): void {
    s.thread.state[thread] = ThreadState.Ready;
    this.noteQueued(s, hart, thread);
    const c = this.classes[s.thread.class[thread]];
    if (!toTail) return c.enqueueHead(s, hart + 1, thread);
    s.thread.budget[thread] = QUANTUM_NS;
    c.enqueueTail(s, hart + 1, thread);
  }

  /** Books the time a thread has run. */
  charge(s: State, thread: number, used: number): void {
    this.classes[s.thread.class[thread]].charge(s, thread, used);
  }

  /** Whether the running thread has used up its turn and an equal waits. */
  expired(s: State, hart: number, thread: number): boolean {
    return this.classes[s.thread.class[thread]].expired(s, hart + 1, thread);
  }

  /** Whether some ready thread should take the hart from the running one. */
  shouldPreempt(s: State, hart: number, running: number): boolean {
    const best = this.peek(s, hart);
    return best !== 0 && this.beats(s, best, running);
  }

  /** Time until the running thread's turn may end, ns, or Infinity. */
  nextDeadline(s: State, hart: number, thread: number): number {
    return this.classes[s.thread.class[thread]].nextDeadline(s, hart + 1, thread);
  }
}

/** The scheduler of the kernel: fixed priority, then idle. */
export const scheduler = new Scheduler([fixedPriority]);
