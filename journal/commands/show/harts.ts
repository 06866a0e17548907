import { ONE, type State } from "../../../core/kernel.ts";
import { isHungry } from "../../../core/sched/steal.ts";
import { HEAP_CAPACITY } from "../../../core/sched/tables.ts";
import { seconds } from "../summary.ts";
import { processName, threadName } from "./names.ts";
import type { Cell, Sheet } from "./sheet.ts";

function inboxLength(s: State, hart: number): number {
  let count = 0;
  for (let t = s.hart.inboxHead[hart + 1]; t !== 0; t = s.thread.inboxNext[t]) count++;
  return count;
}

/** Whom an idle hart asks for a thread. */
function asks(s: State, hart: number): string {
  if (!isHungry(s, hart)) return "-";
  const asked = s.hart.stealFrom[hart + 1];
  return asked === 0 ? "any" : `h${asked - 1}`;
}

function firstTimer(s: State, hart: number): string {
  const row = hart + 1;
  if (s.hart.heapLength[row] === 0) return "-";
  const entry = s.hart.heap[row * HEAP_CAPACITY];
  const thread = entry >>> 1;
  const of = (entry & 1) === 0 ? s.thread.timerDeadline : s.thread.intervalDeadline;
  return seconds(of[thread]);
}

function hartRow(s: State, hart: number): readonly Cell[] {
  const row = hart + 1;
  const thread = s.hart.current[row];
  const stepping = s.hart.operation[row];
  return [
    hart,
    thread === 0 ? "idle" : threadName(s, thread),
    thread === 0 ? "" : processName(s, s.thread.process[thread]),
    s.hart.ready[row],
    s.hart.assigned[row],
    inboxLength(s, hart),
    s.hart.ipiPending[row],
    stepping === 0 ? "-" : threadName(s, stepping),
    asks(s, hart),
    s.hart.given[row],
    s.hart.switches[row],
    s.hart.heapLength[row],
    firstTimer(s, hart),
    seconds(s.hart.lastTime[row]),
  ];
}

/** Every hart: what it runs, what it owes, and where its clock is. */
export function hartsView(s: State): Sheet {
  const harts = Array.from({ length: s.kernel.harts[ONE] }, (_, hart) => hart);
  return {
    columns: [
      "hart",
      "runs",
      "name",
      "ready",
      "home",
      "inbox",
      "ipi",
      "steps",
      "asks",
      "gave",
      "switches",
      "timers",
      "first",
      "time",
    ],
    rows: harts.map((hart) => hartRow(s, hart)),
    none: "no harts yet",
  };
}
