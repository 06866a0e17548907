/** Plants for the checks of timers: heaps, the lists of timer objects, what the hardware was told. */
import type { State } from "../../core/kernel.ts";
import { Account } from "../../core/ledger/accounts.ts";
import { HEAP_CAPACITY, Request, ThreadState, WaitKind } from "../../core/sched/tables.ts";
import { isBetween } from "./checker.ts";
import { always, blockedOn, first, type Plant, queued, row, threads } from "./plant.ts";
import { scheduledAt } from "./priorities.ts";

const plant = (
  id: string,
  stage: string,
  what: string,
  says: readonly string[],
  write: Plant["write"],
): Plant => ({ id, group: "timers", stage, what, says, write });

const harts = (s: State) => s.hart;
const timerRows = (s: State) => s.timer;
const sleeps = (s: State, t: number): boolean => s.thread.timerIndex[t] !== 0;
const listed = (s: State, row: number): boolean => s.timer.listed[row] === 1;
/** A sleeper whose hart has no other timer, and goes on with what it runs. */
const isAlone = (s: State, t: number): boolean => {
  const hart = s.thread.hart[t];
  return sleeps(s, t) && s.hart.heapLength[hart + 1] === 1 && !isBetween(s, hart);
};

/** Somebody equal to what a hart runs waits there for the end of its turn. */
function isShared(s: State, h: number): boolean {
  const current = s.hart.current[h];
  if (current === 0 || s.hart.timerProgrammed[h] === 0 || isBetween(s, h - 1)) return false;
  if (s.thread.untimed[current] === 1) return false;
  if ((s.thread.requests[current] & Request.Priority) !== 0) return false;
  return first(s.thread, (t) =>
    t !== current && queued(s, t) && s.thread.hart[t] === h - 1 &&
    scheduledAt(s, t) === scheduledAt(s, current)) !== 0;
}

export const timerPlants: readonly Plant[] = [
  plant(
    "I1",
    "time",
    "a timer that does not know its place",
    ["in place * of the heap of hart *, it says *"],
    row(threads, sleeps, (s, t) => s.thread.timerIndex[t]++),
  ),
  plant(
    "I1",
    "threads",
    "a timer that is due before the one above it",
    ["due before its parent in the heap of hart *"],
    row(
      harts,
      (s, h) => s.hart.heapLength[h] === 2 && s.hart.heap[h * HEAP_CAPACITY] % 2 === 0,
      (s, h) => s.thread.timerDeadline[s.hart.heap[h * HEAP_CAPACITY] >>> 1] = 2 ** 52,
    ),
  ),
  plant(
    "C27",
    "time",
    "a sleeper that is at home on another hart than its timer",
    ["in the heap of hart *, whose thread it is not"],
    row(threads, sleeps, (s, t) => s.thread.hart[t] ^= 1),
  ),
  plant(
    "C27",
    "time",
    "a timer nobody will hear",
    ["programmed is *, the hardware was told *", "a timer is due at *, programmed is *"],
    row(
      threads,
      (s, t) => isAlone(s, t) && s.hart.current[s.thread.hart[t] + 1] === 0,
      (s, t) => s.hart.timerProgrammed[s.thread.hart[t] + 1] = 0,
    ),
  ),
  plant(
    "C27",
    "time",
    "a timer that is due before the hardware will say so",
    ["a timer is due at *, programmed is *"],
    row(threads, isAlone, (s, t) => s.thread.timerDeadline[t] = 1),
  ),
  plant(
    "C27",
    "time",
    "a time that the hardware was not told",
    ["programmed is *, the hardware was told *"],
    row(harts, (s, h) => s.hart.timerProgrammed[h] > 1, (s, h) => s.hart.timerProgrammed[h]--),
  ),
  plant(
    "C27",
    "preempt",
    "a turn that nothing will end",
    ["an equal waits, the turn ends at *, programmed is *"],
    row(harts, isShared, (s, h) => s.thread.dispatchedAt[s.hart.current[h]] = -1e9),
  ),
  plant(
    "C27",
    "pipes",
    "a deadline without a timer",
    ["waits with a deadline, but its timer is not armed"],
    row(
      threads,
      (s, t) => blockedOn(s, t) === WaitKind.PipeRead,
      (s, t) => s.thread.callDeadline[t] = 5,
    ),
  ),
  plant(
    "C27",
    "time",
    "a sleeper that is awake",
    ["waits for nothing, but its sleep timer is armed"],
    row(threads, sleeps, (s, t) => s.thread.state[t] = ThreadState.Ready),
  ),
  plant(
    "C27",
    "time",
    "a timer that is booked and is in no heap",
    ["* in heaps, * marked as armed, TimerArmed holds *"],
    row(threads, always, (s) => s.account.balance[Account.TimerArmed]++),
  ),
  plant(
    "C27",
    "native",
    "a timer object in the list of another hart than its own",
    ["in the list of hart *, where it is not armed"],
    row(timerRows, listed, (s, t) => s.timer.home[t]++),
  ),
  plant(
    "I1",
    "native",
    "a timer object whose link back is wrong",
    ["its link back is wrong"],
    row(timerRows, listed, (s, t) => s.timer.previous[t] = t),
  ),
  plant(
    "I1",
    "native",
    "a timer object listed behind one that is due later",
    [
      "due before the one before it",
      "listed by *, armed for *",
      "a timer is due at *, programmed is *",
    ],
    // Before the first one stands row 0, which is due at 0.
    row(
      timerRows,
      (s, t) => listed(s, t) && s.timer.asked[t] === 0 && !isBetween(s, s.timer.home[t] - 1),
      (s, t) => s.timer.due[t] = -1,
    ),
  ),
  plant(
    "C27",
    "native",
    "a timer object listed by another time than it is armed for",
    ["listed by *, armed for *"],
    row(
      timerRows,
      (s, t) => listed(s, t) && s.timer.asked[t] === 0,
      (s, t) => s.timer.deadline[t]++,
    ),
  ),
  plant(
    "C27",
    "native",
    "a timer object that says it is listed and is not",
    ["* more in lists than armed", "* in heaps, * marked as armed, TimerArmed holds *"],
    row(timerRows, (s, t) => !listed(s, t), (s, t) => s.timer.listed[t] = 1),
  ),
];
