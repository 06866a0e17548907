import type { Effects } from "../effect.ts";
import { ONE, type State } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import { addHart, hasHart, removeHart } from "./hart_set.ts";
import { scheduler } from "./scheduler.ts";
import { Steal, ThreadState } from "./tables.ts";
import { handOver, mayRunOn, raiseIpi } from "./thread.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { Asked, Offer } = Steal;
const { Ready } = ThreadState;
const one = ONE;

/**
 * Time a ready thread waits for its own hart before an idle one may have it, ns: a thread whose
 * waker is about to block is better off where it is.
 */
export const STEAL_WAIT_NS = 100_000;

/** Whether a hart is idle and asks for a thread. */
export function isHungry(s: State, hart: number): boolean {
  return hasHart(s.kernel.hungryLo[one], s.kernel.hungryHi[one], hart);
}

function setHungry(s: State, hart: number, hungry: boolean): void {
  const { hungryLo, hungryHi } = s.kernel;
  if (hungry) addHart(hungryLo, hungryHi, one, hart);
  else removeHart(hungryLo, hungryHi, one, hart);
}

function hasTried(s: State, thief: number, hart: number): boolean {
  return hasHart(s.hart.stealTriedLo[thief + 1], s.hart.stealTriedHi[thief + 1], hart);
}

function markTried(s: State, thief: number, hart: number): void {
  addHart(s.hart.stealTriedLo, s.hart.stealTriedHi, thief + 1, hart);
}

function unmarkTried(s: State, thief: number, hart: number): void {
  removeHart(s.hart.stealTriedLo, s.hart.stealTriedHi, thief + 1, hart);
}

/** At boot every hart is idle, and asks as one does that became it. */
export function beginHungry(s: State): void {
  const harts = s.kernel.harts[one];
  for (let hart = 0; hart < harts && harts > 1; hart++) setHungry(s, hart, true);
}

/** The hart with the most ready threads, of equals the lowest, that was not asked yet; -1 for none. */
function busiestHart(s: State, thief: number): number {
  const harts = s.kernel.harts[one];
  let best = -1;
  let most = 0;
  for (let hart = 0; hart < harts; hart++) {
    const ready = s.hart.ready[hart + 1];
    if (ready <= most || hasTried(s, thief, hart)) continue;
    best = hart;
    most = ready;
  }
  return best;
}

/** Sends an idle hart's request to the next hart to ask; with none left anyone may answer it. */
function askNext(s: State, fx: Effects, from: number, thief: number): void {
  const victim = busiestHart(s, thief);
  s.hart.stealFrom[thief + 1] = victim + 1;
  if (victim < 0) return;
  markTried(s, thief, victim);
  s.hart.steal[victim + 1] |= Asked;
  raiseIpi(s, fx, from, victim);
}

/**
 * Asks for a thread on behalf of a hart that has none to run: first the busiest hart, then whoever
 * queues one. A hart asks once for each time it becomes idle, and gets one thread at most.
 */
export function askForThread(s: State, fx: Effects, hart: number): void {
  if (isHungry(s, hart) || s.hart.inboxHead[hart + 1] !== 0) return;
  if (s.kernel.harts[one] === 1 || s.kernel.shutdown[one] !== 0) return;
  setHungry(s, hart, true);
  s.hart.stealTriedLo[hart + 1] = 0;
  s.hart.stealTriedHi[hart + 1] = 0;
  markTried(s, hart, hart);
  askNext(s, fx, hart, hart);
}

/** Takes back the request of a hart that has something to run again. */
export function stopAsking(s: State, hart: number): void {
  if (!isHungry(s, hart)) return;
  setHungry(s, hart, false);
  s.hart.stealFrom[hart + 1] = 0;
}

/** Lets a hart look again whether an idle one wants a thread of its queue that it could not have. */
export function offerQueued(s: State, fx: Effects, from: number, thread: number): void {
  if (s.thread.state[thread] !== Ready) return;
  const home = s.thread.hart[thread];
  if (scheduler.offer(s, home)) raiseIpi(s, fx, from, home);
}

/** Whether a queued thread may go to another hart: none that is pinned, asked for, or half done. */
function mayGo(s: State, thread: number, thief: number): boolean {
  return mayRunOn(s, thread, thief) && s.thread.requests[thread] === 0 &&
    s.thread.inInbox[thread] === 0 && s.thread.operation[thread] === 0;
}

/**
 * Answers the idle harts that ask this one, or anybody: each gets the best thread of this queue that
 * it may run and that has waited long enough. What has not waited long enough is looked at again
 * when it has; with nothing for it a hart that asked this one asks the next. The running thread
 * stays: only what waits behind it goes.
 *
 * @param now the hart's time, ns
 */
export function answerIdleHarts(s: State, fx: Effects, hart: number, now: number): void {
  const row = hart + 1;
  const harts = s.kernel.harts[one];
  const why = s.hart.steal[row];
  s.hart.steal[row] = 0;
  s.hart.stealAt[row] = 0;
  if (s.kernel.shutdown[one] !== 0) return;
  // What was queued runs by now: nobody is owed an answer.
  if (s.hart.ready[row] === 0 && (why & Asked) === 0) return;
  let left = UNITS;
  let soonest = Infinity;
  for (let thief = 0; thief < harts; thief++) {
    if (!isHungry(s, thief) || thief === hart) continue;
    const asked = s.hart.stealFrom[thief + 1];
    let waits = Infinity;
    let thread = scheduler.peek(s, hart);
    for (; thread !== 0 && left > 0; left--) {
      if (mayGo(s, thread, thief)) {
        const ripe = s.thread.readySince[thread] + STEAL_WAIT_NS;
        if (ripe <= now) break;
        if (ripe < waits) waits = ripe;
      }
      thread = scheduler.after(s, hart, thread);
    }
    if (asked !== 0 && asked !== row) {
      // It comes back to this one, if that may have something for it and the hart it asks has not.
      if (thread !== 0 || waits < Infinity) unmarkTried(s, thief, hart);
      continue;
    }
    if (thread !== 0 && left > 0) give(s, fx, hart, thread, thief);
    else if (waits < Infinity) soonest = Math.min(soonest, waits);
    else if (asked !== 0) askNext(s, fx, hart, thief);
  }
  fx.charge(UNITS - left);
  if (soonest === Infinity) return;
  s.hart.steal[row] = why | Offer;
  s.hart.stealAt[row] = soonest;
}

function give(s: State, fx: Effects, hart: number, thread: number, thief: number): void {
  setHungry(s, thief, false);
  s.hart.stealFrom[thief + 1] = 0;
  s.hart.given[hart + 1]++;
  handOver(s, fx, hart, thread, thief);
}
