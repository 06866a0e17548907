import { ONE, type State } from "../../../core/kernel.ts";
import { scheduler } from "../../../core/sched/scheduler.ts";
import { PRIORITY_LEVELS } from "../../../core/sched/tables.ts";
import { hartSet, micros, processName } from "./names.ts";
import type { Cell, Sheet } from "./sheet.ts";

function queuedRow(s: State, hart: number, place: string, t: number): readonly Cell[] {
  const waits = place !== "runs";
  const used = waits ? 0 : s.hart.lastTime[hart + 1] - s.thread.dispatchedAt[t];
  return [
    hart,
    place,
    s.thread.level[t],
    s.thread.tid[t],
    s.process.pid[s.thread.process[t]],
    processName(s, s.thread.process[t]),
    hartSet(s.thread.affinityLo[t], s.thread.affinityHi[t], s.kernel.harts[ONE]),
    micros(Math.max(0, s.thread.budget[t] - used)),
    waits ? micros(s.hart.lastTime[hart + 1] - s.thread.readySince[t]) : "-",
  ];
}

/** The longest wait of a level. */
export interface LongestWait {
  readonly level: number;
  readonly ns: number;
  /** Number of the hart it was for. */
  readonly hart: number;
}

/** The longest any thread of a level has waited for its hart since the boot, by level. */
export function longestWaits(s: State): LongestWait[] {
  const found: LongestWait[] = [];
  for (let level = PRIORITY_LEVELS - 1; level >= 0; level--) {
    let ns = 0, at = 0;
    for (let hart = 0; hart < s.kernel.harts[ONE]; hart++) {
      const waited = s.hart.longestWait[(hart + 1) * PRIORITY_LEVELS + level];
      if (waited <= ns) continue;
      ns = waited;
      at = hart;
    }
    if (ns > 0) found.push({ level, ns, hart: at });
  }
  return found;
}

/** The run queues in the order their threads will run, and how long threads have had to wait. */
export function runqView(s: State): Sheet {
  const rows: (readonly Cell[])[] = [];
  for (let hart = 0; hart < s.kernel.harts[ONE]; hart++) {
    const current = s.hart.current[hart + 1];
    if (current !== 0) rows.push(queuedRow(s, hart, "runs", current));
    let place = 1;
    for (let t = scheduler.peek(s, hart); t !== 0; t = scheduler.after(s, hart, t)) {
      rows.push(queuedRow(s, hart, String(place++), t));
    }
  }
  const facts = longestWaits(s).map(({ level, ns, hart }) =>
    [`longest wait at level ${level}`, `${micros(ns)} us, on hart ${hart}`] as const
  );
  return {
    columns: ["hart", "place", "level", "tid", "pid", "name", "harts", "turn us", "waited us"],
    rows,
    facts: Object.fromEntries(facts),
    none: "nothing runs and nothing is ready",
  };
}
