import { ONE, type State } from "../../../core/kernel.ts";
import { effectivePriority } from "../../../core/sched/effective_priority.ts";
import { OperationKind } from "../../../core/sched/operation.ts";
import { seconds } from "../summary.ts";
import { callName, hartSet, liveRows, processName, stateName, waitName, wordOf } from "./names.ts";
import type { Cell, Sheet } from "./sheet.ts";

/** The base priority, and behind an arrow the one that waiters or messages lend. */
function priorityOf(s: State, t: number): Cell {
  const base = s.thread.priority[t];
  const effective = effectivePriority(s, t);
  return base === effective ? base : `${base} → ${effective}`;
}

function threadRow(s: State, t: number): readonly Cell[] {
  const process = s.thread.process[t];
  const deadline = s.thread.callDeadline[t];
  const operation = s.thread.operation[t];
  return [
    t,
    s.thread.tid[t],
    s.process.pid[process],
    processName(s, process),
    stateName(s, t),
    s.thread.hart[t],
    priorityOf(s, t),
    hartSet(s.thread.affinityLo[t], s.thread.affinityHi[t], s.kernel.harts[ONE]),
    callName(s, t),
    waitName(s, t),
    deadline === 0 ? "-" : seconds(deadline),
    operation === 0 ? "-" : wordOf(OperationKind, operation),
  ];
}

/** Every thread: where it is, what it does, and what it waits for. */
export function threadsView(s: State): Sheet {
  return {
    columns: [
      "row",
      "tid",
      "pid",
      "name",
      "state",
      "hart",
      "prio",
      "harts",
      "call",
      "waits for",
      "until",
      "doing",
    ],
    rows: [...liveRows(s.thread)].map((t) => threadRow(s, t)),
    none: "no threads",
  };
}
