import { assert } from "../assert.ts";
import { ONE, type State } from "../kernel.ts";
import { fixedPriority, QUANTUM_NS } from "./fixed_priority.ts";
import type { SchedulingClass } from "./scheduling_class.ts";
import { Steal, ThreadState } from "./tables.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { Offer } = Steal;
const { Ready, Running } = ThreadState;
const one = ONE;

/**
 * Picks what a hart runs. Classes stand in fixed order, best first; when none has a ready thread
 * the hart is idle, which needs no class and no thread of its own.
 */
export class Scheduler {
  constructor(readonly classes: readonly SchedulingClass[]) {}

  /** Queues a thread that became ready; it gets a fresh quantum if its old one is used up. */
  enqueue(s: State, hart: number, thread: number): void {
    this.classes[s.thread.class[thread]].setLevel(s, thread);
    this.queueReady(s, hart, thread);
  }

  /**
   * As `enqueue`, for a thread that a wake-up made ready. One that is better than any queued stays
   * out of the queue while its event goes on: as long as it does, it is what the queue would give
   * first, so that the hart is handed over without a queue when the thread that has it blocks.
   * Whatever else happens to the queue meanwhile puts it there first, as `enqueue` would have, and
   * so does the end of the event: nobody can tell the difference.
   */
  wake(s: State, hart: number, thread: number): void {
    const row = hart + 1;
    this.classes[s.thread.class[thread]].setLevel(s, thread);
    const waits = s.hart.next[row] !== 0 ||
      (s.hart.ready[row] !== 0 && !this.beats(s, thread, this.first(s, hart)));
    if (waits) return this.queueReady(s, hart, thread);
    assert(s.thread.queued[thread] === 0, "a thread is queued once");
    s.hart.next[row] = thread;
    this.becomeReady(s, hart, thread);
  }

  /** Queues a thread that became ready, at the level it has by now. */
  private queueReady(s: State, hart: number, thread: number): void {
    this.settle(s, hart);
    this.classes[s.thread.class[thread]].enqueueTail(s, hart + 1, thread);
    this.becomeReady(s, hart, thread);
  }

  /** Makes a thread that has its place ready, and has the hart choose again if it is better. */
  private becomeReady(s: State, hart: number, thread: number): void {
    if (s.thread.budget[thread] <= 0) s.thread.budget[thread] = QUANTUM_NS;
    s.thread.state[thread] = Ready;
    this.noteQueued(s, hart, thread);
    const current = s.hart.current[hart + 1];
    if (current === 0 || this.beats(s, thread, current)) s.hart.needsReschedule[hart + 1] = 1;
  }

  /** Queues the thread that was kept out of its hart's queue, at the level it woke with. */
  settle(s: State, hart: number): void {
    const thread = s.hart.next[hart + 1];
    if (thread === 0) return;
    s.hart.next[hart + 1] = 0;
    this.classes[s.thread.class[thread]].enqueueTail(s, hart + 1, thread);
  }

  /** A thread waits from now on, and an idle hart may want it. */
  private noteQueued(s: State, hart: number, thread: number): void {
    s.thread.readySince[thread] = s.hart.lastTime[hart + 1];
    this.offer(s, hart);
  }

  /**
   * Has a hart look, before it goes on, for a thread of its queue that an idle one may have.
   *
   * @param hart number of the hart that looks
   * @returns whether any hart asks for a thread; while none does, there is nothing to look for
   */
  offer(s: State, hart: number): boolean {
    if ((s.kernel.hungryLo[one] | s.kernel.hungryHi[one]) === 0) return false;
    s.hart.steal[hart + 1] |= Offer;
    return true;
  }

  private beats(s: State, queued: number, running: number): boolean {
    const a = s.thread.class[queued];
    const b = s.thread.class[running];
    return a === b ? this.classes[a].preempts(s, queued, running) : a < b;
  }

  /**
   * Whether a thread waits for a hart: in a queue, or kept out of that of the event's hart.
   *
   * @param hart number of the event's hart
   */
  isQueued(s: State, hart: number, thread: number): boolean {
    return s.thread.queued[thread] === 1 || s.hart.next[hart + 1] === thread;
  }

  /** Whether a thread waits for a hart or has one: then its level says how it is scheduled. */
  hasPlace(s: State, hart: number, thread: number): boolean {
    return s.thread.state[thread] === Running || this.isQueued(s, hart, thread);
  }

  /** Takes a ready thread out of its queue. */
  remove(s: State, hart: number, thread: number): void {
    if (s.hart.next[hart + 1] === thread) {
      s.hart.next[hart + 1] = 0;
      return;
    }
    this.classes[s.thread.class[thread]].remove(s, hart + 1, thread);
  }

  /** The thread the next reschedule would take from the queues, or 0; changes nothing. */
  peek(s: State, hart: number): number {
    const next = s.hart.next[hart + 1];
    return next !== 0 ? next : this.first(s, hart);
  }

  /** The best thread in the queues of a hart, or 0. */
  private first(s: State, hart: number): number {
    for (const c of this.classes) {
      const thread = c.peek(s, hart + 1);
      if (thread !== 0) return thread;
    }
    return 0;
  }

  /** The thread a hart would run after a queued one, or 0; changes nothing. */
  after(s: State, hart: number, thread: number): number {
    if (s.hart.next[hart + 1] === thread) return this.first(s, hart);
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
    this.settle(s, hart);
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
    this.settle(s, hart);
    s.thread.state[thread] = Ready;
    this.noteQueued(s, hart, thread);
    const c = this.classes[s.thread.class[thread]];
    c.setLevel(s, thread);
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
