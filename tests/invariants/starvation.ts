/**
 * F25: a ready thread never waits while its hart runs worse ones, and waits its turn among equals,
 * except for one whose turn has no end.
 */
import { QUANTUM_NS } from "../../core/sched/fixed_priority.ts";
import type { State } from "../../core/kernel.ts";
import { type Check, eachLive, type Group, isBetween, ONLY, type Report } from "./checker.ts";

/** Turns of grace: what a hart does in the kernel and in long operations is no turn. */
const GRACE = 2;

/** How many of its level are before a queued thread. */
function ahead(s: State, thread: number): number {
  let count = 0;
  for (let t = s.thread.queuePrevious[thread]; t !== 0; t = s.thread.queuePrevious[t]) count++;
  return count;
}

/** What is remembered of a thread that waits. */
class Waits {
  /** When it was queued; -1 while it is not. */
  readonly since: Float64Array;
  /** Time its hart gave to threads of its level since, ns. */
  readonly equals: Float64Array;
  /** Turns of others that come before its own. */
  readonly turns: Float64Array;

  constructor(rows: number) {
    this.since = new Float64Array(rows).fill(-1);
    this.equals = new Float64Array(rows);
    this.turns = new Float64Array(rows);
  }

  /** Sees a thread after an event; what is new of it begins now. */
  see(s: State, t: number): void {
    if (s.thread.queued[t] !== 1) this.since[t] = -1;
    else if (this.since[t] !== s.thread.readySince[t]) {
      this.since[t] = s.thread.readySince[t];
      this.equals[t] = 0;
      this.turns[t] = ahead(s, t) + 1;
    }
  }
}

/** Waits of ready threads, by what their hart did meanwhile. */
export const starvation: Group = {
  name: "starvation",
  ids: ["F25"],
  make: ({ state: s }): Check => {
    const waits = new Waits(s.thread.$capacity);
    const ran = new Int32Array(64).fill(-1);
    const ranUntimed = new Uint8Array(64);
    const time = new Float64Array(64);
    return (e, report: Report) => {
      const passed = e.time - (time[e.hart] ?? 0);
      time[e.hart] = e.time;
      const level = ran[e.hart] ?? -1;
      const untimed = ranUntimed[e.hart] === 1;
      eachLive(s.thread, (t) => {
        if (s.thread.hart[t] === e.hart && (waits.since[t] ?? -1) >= 0) {
          book(report, t, level, passed, untimed);
        }
        waits.see(s, t);
      });
      for (let hart = 0; hart < s.kernel.harts[ONLY]; hart++) {
        // Steps of a long operation come before any choice.
        const current = isBetween(s, hart) ? 0 : s.hart.current[hart + 1];
        ran[hart] = current === 0 ? -1 : s.thread.level[current];
        ranUntimed[hart] = s.thread.untimed[current];
      }
    };

    /** Books what the hart did while a thread of it waited. */
    function book(
      report: Report,
      t: number,
      level: number,
      passed: number,
      untimed: boolean,
    ): void {
      const own = s.thread.level[t];
      if (level < 0 || level > own || passed === 0) return;
      const row = `thread ${t}`;
      if (level < own) report("F25", row, `of level ${own} waited while level ${level} ran`);
      if (untimed) return;
      waits.equals[t] = (waits.equals[t] ?? 0) + passed;
      const turns = (waits.turns[t] ?? 0) + GRACE;
      if ((waits.equals[t] ?? 0) <= turns * QUANTUM_NS) return;
      report("F25", row, `waited ${waits.equals[t]} ns for ${turns} turns of its level`);
    }
  },
};
