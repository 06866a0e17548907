/**
 * Timers that programs make: each sets bits of a notification when it is due. A hart keeps those
 * armed on it in a list by deadline, as long as the table at most; the list holds them, so that one
 * whose last capability goes elsewhere lives until its own hart has taken it out.
 */
import { assert } from "../assert.ts";
import { releaseNotification, setBits } from "../cap/notification.ts";
import type { Effects } from "../effect.ts";
import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { allocRow, freeRow } from "../state/table.ts";
import { raiseIpi } from "./thread.ts";

/** Shortest period, ns: below it a hart would do nothing else. */
export const PERIOD_LEAST_NS = 100_000;
/** Timers that expire in one event, each of which finds its next place in a walk along the list. */
const EXPIRIES = 16;
/** Most expiries an overrun count tells. */
const OVERRUNS_MOST = 2 ** 31 - 1;

/**
 * Makes a timer that no capability names yet, and that is not armed.
 *
 * @param bits what it sets in the notification, which it holds
 * @returns the row, or 0 when the table is full
 */
export function createTimer(s: State, notification: number, bits: number): number {
  const row = allocRow(s.timer);
  if (row === 0) return 0;
  post(s, Account.TimerObjectFree, Account.TimerObjectUsed, 1);
  s.timer.notification[row] = notification;
  s.notification.refs[notification]++;
  s.timer.bits[row] = bits;
  return row;
}

/**
 * Gives a node's hold back. Without a node the timer is nobody's: it lets its notification go, and
 * goes itself when no list has it.
 */
export function releaseTimer(s: State, fx: Effects, hart: number, row: number): void {
  const t = s.timer;
  assert(t.refs[row] > t.listed[row], "a timer counts its nodes and its list");
  t.refs[row]--;
  if (t.refs[row] > t.listed[row]) return;
  const notification = t.notification[row];
  t.notification[row] = 0;
  t.deadline[row] = 0;
  bringInLine(s, fx, hart, row);
  releaseNotification(s, fx, hart, notification);
}

/**
 * Arms a timer, in place of what it was armed for, on this hart or where it is armed already.
 *
 * @param deadline when it is due first, ns
 * @param period ns between expiries, at least PERIOD_LEAST_NS; 0 for one
 */
export function armTimerObject(
  s: State,
  fx: Effects,
  hart: number,
  row: number,
  deadline: number,
  period: number,
): void {
  s.timer.deadline[row] = deadline;
  s.timer.period[row] = period;
  s.timer.overruns[row] = 0;
  bringInLine(s, fx, hart, row);
}

/** Disarms a timer; whether it was armed. */
export function cancelTimerObject(s: State, fx: Effects, hart: number, row: number): boolean {
  const armed = s.timer.deadline[row] > 0;
  s.timer.deadline[row] = 0;
  if (armed) bringInLine(s, fx, hart, row);
  return armed;
}

/** Takes the count of expiries that nobody could see on their own. */
export function takeOverruns(s: State, row: number): number {
  const overruns = s.timer.overruns[row];
  s.timer.overruns[row] = 0;
  return overruns;
}

/** The earliest deadline among the timers armed on a hart, ns, or Infinity. */
export function firstTimerDue(s: State, hart: number): number {
  const first = s.hart.firstTimer[hart + 1];
  return first === 0 ? Infinity : s.timer.due[first];
}

/**
 * Lets timers of a hart expire that are due: each once, however late the hart is. What is more than
 * an event's work is due again at once.
 */
export function expireTimers(s: State, fx: Effects, hart: number, now: number): void {
  for (let expired = 0; expired < EXPIRIES; expired++) {
    const row = s.hart.firstTimer[hart + 1];
    if (row === 0 || s.timer.due[row] > now) return;
    expire(s, fx, hart, row, now);
  }
}

function expire(s: State, fx: Effects, hart: number, row: number, now: number): void {
  const t = s.timer;
  const due = t.due[row];
  // It was armed anew or disarmed elsewhere, and this hart has not been told yet.
  if (t.deadline[row] !== due) return settle(s, fx, hart, row);
  const period = t.period[row];
  const notification = t.notification[row];
  const missed = period > 0 ? Math.floor((now - due) / period) : 0;
  const unseen = (s.notification.bits[notification] & t.bits[row]) !== 0 ? 1 : 0;
  t.overruns[row] = Math.min(t.overruns[row] + missed + unseen, OVERRUNS_MOST);
  t.deadline[row] = period > 0 ? due + (missed + 1) * period : 0;
  settle(s, fx, hart, row);
  setBits(s, fx, hart, notification, t.bits[row]);
}

/**
 * Answers what other harts ask of the timers armed on this one, on its Ipi event. What is more than
 * an event's work is answered in steps (`asksTimers`).
 */
export function answerTimers(s: State, fx: Effects, hart: number): void {
  for (let answered = 0; answered < EXPIRIES; answered++) {
    const row = s.hart.askedTimer[hart + 1];
    if (row === 0) return;
    settle(s, fx, hart, row);
  }
}

/** Whether something asked of the timers of a hart is not answered yet, and no Ipi event is to come. */
export function asksTimers(s: State, hart: number): boolean {
  return s.hart.askedTimer[hart + 1] !== 0 && s.hart.ipiPending[hart + 1] === 0;
}

/** Lets the hart that has a timer in its list, or this one, take up what is wanted of it. */
function bringInLine(s: State, fx: Effects, hart: number, row: number): void {
  const t = s.timer;
  const home = t.home[row];
  if (home === 0 || home === hart + 1) return settle(s, fx, hart, row);
  if (t.asked[row] === 0) {
    const first = s.hart.askedTimer[home];
    t.asked[row] = 1;
    t.nextAsked[row] = first;
    if (first !== 0) t.previousAsked[first] = row;
    s.hart.askedTimer[home] = row;
  }
  raiseIpi(s, fx, hart, home - 1);
}

/** Brings this hart's list in line with what is wanted of a timer, which may go with that. */
function settle(s: State, fx: Effects, hart: number, row: number): void {
  const t = s.timer;
  if (t.asked[row] !== 0) leaveAsked(s, hart, row);
  if (t.listed[row] !== 0) unlist(s, hart, row);
  t.home[row] = 0;
  if (t.deadline[row] > 0) return list(s, fx, hart, row);
  if (t.refs[row] > 0) return;
  freeRow(t, row);
  post(s, Account.TimerObjectUsed, Account.TimerObjectFree, 1);
}

function leaveAsked(s: State, hart: number, row: number): void {
  const t = s.timer;
  const next = t.nextAsked[row];
  const previous = t.previousAsked[row];
  if (previous === 0) s.hart.askedTimer[hart + 1] = next;
  else t.nextAsked[previous] = next;
  if (next !== 0) t.previousAsked[next] = previous;
  t.asked[row] = 0;
  t.nextAsked[row] = 0;
  t.previousAsked[row] = 0;
}

/** Puts a timer behind those of this hart that are due no later. */
function list(s: State, fx: Effects, hart: number, row: number): void {
  const t = s.timer;
  const due = t.deadline[row];
  let previous = 0;
  let next = s.hart.firstTimer[hart + 1];
  let looked = 1;
  for (; next !== 0 && t.due[next] <= due; looked++) {
    previous = next;
    next = t.next[next];
  }
  t.home[row] = hart + 1;
  t.listed[row] = 1;
  t.refs[row]++;
  t.due[row] = due;
  t.next[row] = next;
  t.previous[row] = previous;
  if (next !== 0) t.previous[next] = row;
  if (previous === 0) s.hart.firstTimer[hart + 1] = row;
  else t.next[previous] = row;
  post(s, Account.TimerFree, Account.TimerArmed, 1);
  fx.charge(looked);
}

function unlist(s: State, hart: number, row: number): void {
  const t = s.timer;
  const next = t.next[row];
  const previous = t.previous[row];
  if (previous === 0) s.hart.firstTimer[hart + 1] = next;
  else t.next[previous] = next;
  if (next !== 0) t.previous[next] = previous;
  t.listed[row] = 0;
  t.refs[row]--;
  t.due[row] = 0;
  t.next[row] = 0;
  t.previous[row] = 0;
  post(s, Account.TimerArmed, Account.TimerFree, 1);
}
