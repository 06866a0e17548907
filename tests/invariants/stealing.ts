/** I7 over all harts: no hart idles while a thread it may run waits elsewhere, unheard of. */
import type { State } from "../../core/kernel.ts";
import { Request, ThreadState } from "../../core/sched/tables.ts";
import { type Check, eachLive, type Group, isBetween, ONLY, type Report } from "./checker.ts";

const bit = (lo: number, hi: number, hart: number): boolean =>
  (((hart < 32 ? lo : hi) >>> (hart & 31)) & 1) === 1;

const isHungry = (s: State, hart: number): boolean =>
  bit(s.kernel.hungryLo[ONLY], s.kernel.hungryHi[ONLY], hart);

const mayRun = (s: State, t: number, hart: number): boolean =>
  bit(s.thread.affinityLo[t], s.thread.affinityHi[t], hart);

/** An idle hart asks, and only an idle one does. */
function checkAsking(s: State, report: Report, hart: number): void {
  const row = `hart ${hart}`;
  const asked = s.hart.stealFrom[hart + 1];
  if (!isHungry(s, hart)) {
    if (asked !== 0) report("I7", row, `asks hart ${asked - 1} for a thread, but not for any`);
    const coming = s.hart.inboxHead[hart + 1] !== 0;
    if (s.hart.current[hart + 1] === 0 && !coming && !isBetween(s, hart)) {
      report("I7", row, "idle, and does not ask for a thread");
    }
    return;
  }
  if (s.hart.current[hart + 1] !== 0 && !isBetween(s, hart)) {
    report("I7", row, `asks for a thread, but runs ${s.hart.current[hart + 1]}`);
  }
  if (asked !== 0 && s.hart.steal[asked] === 0) {
    report("I7", row, `asks hart ${asked - 1}, which does not know`);
  }
}

/** A hart that owes an answer gives it at an interrupt or a time to come. */
function checkOwing(s: State, report: Report, hart: number): void {
  if (s.hart.steal[hart + 1] === 0 || isBetween(s, hart)) return;
  if (s.hart.ipiPending[hart + 1] !== 0) return;
  const at = s.hart.stealAt[hart + 1];
  const programmed = s.hart.timerProgrammed[hart + 1];
  if (at === 0 || programmed === 0 || programmed > at) {
    report("I7", `hart ${hart}`, `owes an answer at ${at}, but its timer is at ${programmed}`);
  }
}

/** A queued thread that an idle hart may run: its hart knows that one asks. */
function checkQueued(s: State, report: Report, t: number, harts: number): void {
  if (s.thread.queued[t] !== 1 || s.thread.requests[t] !== 0) return;
  const home = s.thread.hart[t];
  if (s.thread.operation[t] !== 0 || s.hart.steal[home + 1] !== 0 || isBetween(s, home)) return;
  for (let hart = 0; hart < harts; hart++) {
    if (!isHungry(s, hart) || s.hart.stealFrom[hart + 1] !== 0 || !mayRun(s, t, hart)) continue;
    report("I7", `thread ${t}`, `waits for hart ${home} while hart ${hart} idles and asks`);
    return;
  }
}

/** P12 for a thread on its way: it goes where it may run. */
function checkWay(s: State, report: Report, t: number): void {
  if (s.thread.state[t] !== ThreadState.Ready || s.thread.queued[t] === 1) return;
  const bits = s.thread.requests[t];
  if ((bits & Request.Start) === 0 || (bits & Request.Migrate) !== 0) return;
  const hart = s.thread.hart[t];
  if (!mayRun(s, t, hart)) {
    report("P12", `thread ${t}`, `on its way to hart ${hart}, which its affinity forbids`);
  }
}

/** Requests of idle harts for threads, and where threads go for them. */
export const stealing: Group = {
  name: "stealing",
  ids: ["I7", "P12"],
  make: ({ state: s }): Check => (_e, report) => {
    const harts = s.kernel.harts[ONLY];
    if (harts > 1 && s.kernel.shutdown[ONLY] === 0) {
      for (let hart = 0; hart < harts; hart++) {
        checkAsking(s, report, hart);
        checkOwing(s, report, hart);
      }
      eachLive(s.thread, (t) => checkQueued(s, report, t, harts));
    }
    eachLive(s.thread, (t) => checkWay(s, report, t));
  },
};
