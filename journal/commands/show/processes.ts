import type { State } from "../../../core/kernel.ts";
import { ProcessState } from "../../../core/proc/tables.ts";
import { seconds } from "../summary.ts";
import { liveRows, processName, wordOf } from "./names.ts";
import type { Cell, Sheet } from "./sheet.ts";

function threadsOf(s: State, p: number): number {
  let count = 0;
  for (let t = s.process.firstThread[p]; t !== 0; t = s.thread.nextInProcess[t]) count++;
  return count;
}

/** User time of a process, its living threads' included, ns. */
function userTime(s: State, p: number): number {
  let time = s.process.userTime[p];
  for (let t = s.process.firstThread[p]; t !== 0; t = s.thread.nextInProcess[t]) {
    time += s.thread.userTime[t];
  }
  return time;
}

function processRow(s: State, p: number): readonly Cell[] {
  const parent = s.process.parent[p];
  return [
    p,
    s.process.pid[p],
    parent === 0 ? 0 : s.process.pid[parent],
    s.process.group[p],
    s.process.session[p],
    processName(s, p),
    s.process.stopped[p] === 1 ? "stopped" : wordOf(ProcessState, s.process.state[p]),
    threadsOf(s, p),
    s.process.space[p],
    s.process.descriptors[p],
    seconds(userTime(s, p)),
  ];
}

/** Every process, its family and what it holds. */
export function processesView(s: State): Sheet {
  return {
    columns: [
      "row",
      "pid",
      "parent",
      "group",
      "session",
      "name",
      "state",
      "threads",
      "space",
      "files",
      "user s",
    ],
    rows: [...liveRows(s.process)].map((p) => processRow(s, p)),
    none: "no processes",
  };
}
