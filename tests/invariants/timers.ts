/** C27, I1: timer heaps are heaps, every armed timer is in one, and none can be missed. */
import { EffectKind } from "../../core/effect.ts";
import { EventKind } from "../../core/event.ts";
import type { State } from "../../core/kernel.ts";
import { Account } from "../../core/ledger/accounts.ts";
import { HEAP_CAPACITY, Request, ThreadState, WaitKind } from "../../core/sched/tables.ts";
import { type Check, eachLive, type Group, isBetween, ONLY, type Report } from "./checker.ts";
import { eachEffect } from "./effects.ts";
import { scheduledAt } from "./priorities.ts";

/** Waits that end by themselves: the deadline of the call they interrupt is looked at after them. */
const DEAF: ReadonlySet<number> = new Set([
  WaitKind.Chunk,
  WaitKind.SpaceOperation,
  WaitKind.FileOperation,
  WaitKind.Shootdown,
]);

/** Whether the deadline of a thread that moves a message is for another state, or led to a question. */
function outlasts(s: State, t: number, kind: number): boolean {
  if (kind < WaitKind.MessageSend || kind > WaitKind.MessageReply) return false;
  const m = s.thread.message[t];
  return s.message.asked[m] === 1 ||
    ((s.message.timeoutStates[m] >>> s.message.state[m]) & 1) === 0;
}

/** The two timers of a thread's row, as a heap entry names them. */
function timerOf(s: State, entry: number): { index: number; deadline: number; sequence: number } {
  const t = entry >>> 1;
  const thread = s.thread;
  return (entry & 1) === 0
    ? {
      index: thread.timerIndex[t],
      deadline: thread.timerDeadline[t],
      sequence: thread.timerSequence[t],
    }
    : {
      index: thread.intervalIndex[t],
      deadline: thread.intervalDeadline[t],
      sequence: thread.intervalSequence[t],
    };
}

/** Checks one hart's heap; returns its earliest deadline, found among all its entries. */
function checkHeap(s: State, report: Report, hart: number): number {
  const length = s.hart.heapLength[hart + 1];
  const base = (hart + 1) * HEAP_CAPACITY;
  let earliest = Infinity;
  for (let at = 0; at < length; at++) {
    const entry = s.hart.heap[base + at];
    const row = `timer ${entry & 1} of thread ${entry >>> 1}`;
    const timer = timerOf(s, entry);
    if (s.thread.$live[entry >>> 1] !== 1 || s.thread.hart[entry >>> 1] !== hart) {
      report("C27", row, `in the heap of hart ${hart}, whose thread it is not`);
    }
    if (timer.index !== at + 1) {
      report("I1", row, `in place ${at} of the heap of hart ${hart}, it says ${timer.index - 1}`);
    }
    earliest = Math.min(earliest, timer.deadline);
    if (at === 0) continue;
    const parent = timerOf(s, s.hart.heap[base + ((at - 1) >> 1)]);
    if (
      parent.deadline > timer.deadline ||
      (parent.deadline === timer.deadline && parent.sequence > timer.sequence)
    ) report("I1", row, `due before its parent in the heap of hart ${hart}`);
  }
  return earliest;
}

/** Checks the timers of programs armed on one hart; their number and the earliest deadline. */
function checkList(s: State, report: Report, hart: number): { armed: number; earliest: number } {
  const t = s.timer;
  let [armed, earliest, previous] = [0, Infinity, 0];
  for (let row = s.hart.firstTimer[hart + 1]; row !== 0; row = t.next[row]) {
    if (++armed > t.$capacity) break;
    const where = `timer object ${row}`;
    if (t.$live[row] !== 1 || t.home[row] !== hart + 1 || t.listed[row] !== 1) {
      report("C27", where, `in the list of hart ${hart}, where it is not armed`);
    }
    if (t.previous[row] !== previous) report("I1", where, "its link back is wrong");
    if (t.due[row] < t.due[previous]) report("I1", where, "due before the one before it");
    if (t.due[row] !== t.deadline[row] && t.asked[row] === 0) {
      report("C27", where, `listed by ${t.due[row]}, armed for ${t.deadline[row]}`);
    }
    earliest = Math.min(earliest, t.due[row]);
    previous = row;
  }
  return { armed, earliest };
}

/** A hart that goes on will be interrupted in time: for its first timer and for the next turn. */
function checkProgrammed(s: State, report: Report, hart: number, earliest: number): void {
  const row = hart + 1;
  const programmed = s.hart.timerProgrammed[row];
  const at = programmed === 0 ? Infinity : programmed;
  if (earliest < 2 ** 53 && at > earliest) {
    report("C27", `hart ${hart}`, `a timer is due at ${earliest}, programmed is ${programmed}`);
  }
  const current = s.hart.current[row];
  if (current === 0) return;
  let equal = false;
  eachLive(s.thread, (t) => {
    if (t === current || s.thread.queued[t] !== 1 || s.thread.hart[t] !== hart) return;
    if (scheduledAt(s, t) === scheduledAt(s, current)) equal = true;
  });
  // Nobody waits for the end of a turn that has none; one that has just got one is told.
  if (s.thread.untimed[current] === 1 || (s.thread.requests[current] & Request.Priority) !== 0) {
    return;
  }
  const end = s.thread.dispatchedAt[current] + s.thread.budget[current];
  if (equal && at > end) {
    report("C27", `hart ${hart}`, `an equal waits, the turn ends at ${end}, programmed is ${at}`);
  }
}

/** Armed timers, their heaps, and the compare value the hardware was given. */
export const timers: Group = {
  name: "timers",
  ids: ["C27", "I1"],
  make: ({ state: s, effects: fx }): Check => {
    const told = new Float64Array(64);
    return (e, report) => {
      if (e.kind === EventKind.Timer) told[e.hart] = 0;
      eachEffect(fx, (kind, at) => {
        if (kind !== EffectKind.SetTimer) return;
        const [hart = 0, lo = 0, hi = 0] = fx.words.subarray(at + 1, at + 4);
        told[hart] = (hi >>> 0) * 2 ** 32 + (lo >>> 0);
      });
      let [armed, inLists] = [0, 0];
      for (let hart = 0; hart < s.kernel.harts[ONLY]; hart++) {
        const listed = checkList(s, report, hart);
        inLists += listed.armed;
        armed += s.hart.heapLength[hart + 1];
        const earliest = Math.min(checkHeap(s, report, hart), listed.earliest);
        if (s.hart.timerProgrammed[hart + 1] !== told[hart]) {
          report(
            "C27",
            `hart ${hart}`,
            `programmed is ${s.hart.timerProgrammed[hart + 1]}, the hardware was told ${
              told[hart]
            }`,
          );
        }
        if (!isBetween(s, hart)) checkProgrammed(s, report, hart, earliest);
      }
      let marked = 0;
      eachLive(s.thread, (t) => {
        const sleeps = s.thread.timerIndex[t] !== 0;
        marked += (sleeps ? 1 : 0) + (s.thread.intervalIndex[t] !== 0 ? 1 : 0);
        const kind = s.waiter.kind[s.thread.waiter[t]];
        const waits = s.thread.state[t] === ThreadState.Blocked && kind !== WaitKind.None &&
          !DEAF.has(kind) && !outlasts(s, t, kind);
        const moving = (s.thread.requests[t] & Request.Start) !== 0;
        if (waits && !moving && s.thread.callDeadline[t] > 0 && !sleeps) {
          report("C27", `thread ${t}`, "waits with a deadline, but its timer is not armed");
        }
        if (sleeps && s.thread.state[t] !== ThreadState.Blocked) {
          report("C27", `thread ${t}`, "waits for nothing, but its sleep timer is armed");
        }
      });
      eachLive(s.timer, (row) => {
        inLists -= s.timer.listed[row];
      });
      if (inLists !== 0) report("C27", "timer objects", `${inLists} more in lists than armed`);
      eachLive(s.timer, (row) => {
        armed += s.timer.listed[row];
        marked += s.timer.listed[row];
      });
      if (armed !== marked || armed !== s.account.balance[Account.TimerArmed]) {
        report(
          "C27",
          "timers",
          `${armed} in heaps, ${marked} marked as armed, TimerArmed holds ${
            s.account.balance[Account.TimerArmed]
          }`,
        );
      }
    };
  },
};
