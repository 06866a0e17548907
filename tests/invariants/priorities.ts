/**
 * F13, I7: priorities are what messages, bases and waiters make them, counted anew from the waiters
 * themselves; queues by priority are in order; and a futex is where its waiters say.
 */
import type { State } from "../../core/kernel.ts";
import { FutexSpace, Request, ThreadState, WaitKind } from "../../core/sched/tables.ts";
import { type Check, eachLive, type Group, type Report } from "./checker.ts";

/** The kinds of wait whose queues are ordered by priority. */
const ORDERED: ReadonlySet<number> = new Set([
  WaitKind.Futex,
  WaitKind.MessageSend,
  WaitKind.MessageReceive,
]);

function own(s: State, t: number): number {
  const message = s.thread.messagePriority[t];
  return message > 0 ? message - 1 : s.thread.priority[t];
}

/** The highest waiter of the futexes a thread owns, or -1: all waiters are asked, no queue. */
function lent(s: State, t: number): number {
  let highest = -1;
  eachLive(s.waiter, (w) => {
    const futex = s.waiter.futex[w];
    if (futex === 0 || s.futex.owner[futex] !== t) return;
    highest = Math.max(highest, own(s, s.waiter.thread[w]));
  });
  return highest;
}

/** The level a thread is to be scheduled at; where a change is on its way, the one it still has. */
export function scheduledAt(s: State, t: number): number {
  if ((s.thread.requests[t] & Request.Priority) !== 0) return s.thread.level[t];
  return Math.max(own(s, t), s.thread.inheritedPriority[t] - 1);
}

function checkThread(s: State, report: Report, t: number): void {
  const row = `thread ${t}`;
  const highest = s.thread.owned[t] === 0 ? -1 : lent(s, t);
  if (s.thread.inheritedPriority[t] !== highest + 1) {
    report(
      "F13",
      row,
      `inherits ${s.thread.inheritedPriority[t] - 1}, its waiters have ${highest}`,
    );
  }
  let owned = 0;
  let previous = 0;
  for (let f = s.thread.firstOwned[t]; f !== 0 && owned < 300; f = s.futex.nextOwned[f]) {
    if (s.futex.owner[f] !== t || s.futex.previousOwned[f] !== previous) {
      report("F13", row, `its list of futexes has ${f}, which says otherwise`);
    }
    previous = f;
    owned++;
  }
  if (owned !== s.thread.owned[t]) report("F13", row, `owns ${owned} futexes, not as many as said`);
  const scheduled = s.thread.queued[t] === 1 || s.thread.state[t] === ThreadState.Running;
  if (scheduled && s.thread.level[t] !== scheduledAt(s, t)) {
    report("I7", row, `scheduled at level ${s.thread.level[t]}, its priority is another one`);
  }
}

/** One queue in order, with its runs of equals marked at both ends. */
function checkOrder(s: State, report: Report, head: number): void {
  const w = s.waiter;
  let first = head;
  for (let at = head, n = 0; at !== 0 && n < w.$capacity; at = w.next[at], n++) {
    const row = `waiter ${at}`;
    const next = w.next[at];
    if (w.priority[at] !== own(s, w.thread[at])) {
      report("F13", row, `queued at ${w.priority[at]}, its thread has another priority`);
    }
    if (next !== 0 && w.priority[next] > w.priority[at]) {
      report("F13", row, "stands before a waiter of higher priority");
    }
    const last = next === 0 || w.priority[next] !== w.priority[at];
    if (!last && at !== first && w.mate[at] !== 0) {
      report("F13", row, "names another end in the middle of its run");
    }
    if (!last) continue;
    if (w.mate[at] !== first) report("F13", row, `the run that ends here begins at ${first}`);
    if (w.mate[first] !== at) report("F13", `waiter ${first}`, `its run ends at ${at}`);
    first = next;
  }
}

/** A futex's waiters, key and owner. */
function checkFutex(s: State, report: Report, f: number, keys: Map<string, number>): void {
  const row = `futex ${f}`;
  let waiters = 0;
  eachLive(s.waiter, (w) => {
    if (s.waiter.futex[w] === f) waiters++;
  });
  if (waiters === 0 || waiters !== s.futex.refs[f]) {
    report("C5", row, `${waiters} waiters hold it, refs says ${s.futex.refs[f]}`);
  }
  const { space, place, placeGeneration: born, address } = s.futex;
  const key = [space[f], place[f], born[f], address[f]].join();
  const other = keys.get(key);
  if (other !== undefined) report("C5", row, `the same word as futex ${other}`);
  keys.set(key, f);
  const privately = space[f] === FutexSpace.Private;
  if (privately && s.addressSpace.$generation[place[f]] !== born[f]) {
    report("C5", row, "threads wait in an address space that is gone");
  }
  if (s.futex.owner[f] !== 0 && s.futex.inherits[f] !== 1) {
    report("F13", row, "has an owner and lends it nothing");
  }
  checkOrder(s, report, s.futex.waitHead[f]);
}

/** Priorities, the queues ordered by them, and futexes. */
export const priorities: Group = {
  name: "priorities",
  ids: ["F13", "I7", "C5"],
  make: ({ state: s }): Check => (_e, report) => {
    eachLive(s.thread, (t) => checkThread(s, report, t));
    const keys = new Map<string, number>();
    eachLive(s.futex, (f) => checkFutex(s, report, f, keys));
    eachLive(s.waiter, (w) => {
      const futex = s.waiter.kind[w] === WaitKind.Futex ? s.waiter.object[w] : 0;
      if (futex !== s.waiter.futex[w]) {
        report("C5", `waiter ${w}`, `waits at futex ${futex} and holds ${s.waiter.futex[w]}`);
      }
      if (ORDERED.has(s.waiter.kind[w])) return;
      if (s.waiter.mate[w] !== 0) {
        report("F13", `waiter ${w}`, "in a run, but in no queue by priority");
      }
    });
  },
};
