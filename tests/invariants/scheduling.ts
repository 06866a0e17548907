/** I2, I7, C5, P12: every thread is in one place, and every hart runs the best it may. */
import { EffectKind } from "../../core/effect.ts";
import type { State } from "../../core/kernel.ts";
import { Request, ThreadState, WaitKind } from "../../core/sched/tables.ts";
import { type Check, eachLive, type Group, isBetween, ONLY, type Report } from "./checker.ts";
import { eachEffect } from "./effects.ts";
import { scheduledAt } from "./priorities.ts";

const STATES = ["free", "embryo", "ready", "running", "blocked", "stopped", "dead"];

const mayRun = (s: State, thread: number, hart: number): boolean =>
  (((hart < 32 ? s.thread.affinityLo[thread] : s.thread.affinityHi[thread]) >>> (hart & 31)) &
    1) === 1;

/** The best ready thread of each hart, found among all threads: the queues are not asked. */
function bestReady(s: State, best: Int32Array): void {
  best.fill(-1);
  eachLive(s.thread, (t) => {
    if (s.thread.state[t] !== ThreadState.Ready || s.thread.queued[t] !== 1) return;
    const hart = s.thread.hart[t];
    const level = scheduledAt(s, t);
    if (level > (best[hart] ?? 0)) best[hart] = level;
  });
}

/** I2 and I7 for one hart that is about to run user code, or to idle. */
function checkHart(s: State, report: Report, hart: number, best: number): void {
  const current = s.hart.current[hart + 1];
  const where = `hart ${hart}`;
  if (current === 0) {
    if (best >= 0) report("I2", where, `idle, but a thread of level ${best} is ready`);
    return;
  }
  const state = s.thread.state[current];
  if (state !== ThreadState.Running) {
    report("I2", where, `its current thread ${current} is ${STATES[state] ?? state}, not running`);
  }
  const level = scheduledAt(s, current);
  if (best > level) {
    report("I7", where, `runs level ${level} while level ${best} is ready and nothing is pending`);
  }
}

function waits(s: State, thread: number): boolean {
  for (let w = s.thread.waiter[thread], n = 0; w !== 0 && n < 4096; n++) {
    if (s.waiter.kind[w] !== WaitKind.None) return true;
    w = s.waiter.nextOfThread[w];
  }
  return false;
}

/** C5: where a thread is fits its state. */
function checkPlace(s: State, report: Report, t: number, runs: number, between: boolean): void {
  const state = s.thread.state[t];
  const row = `thread ${t}`;
  const queued = s.thread.queued[t] === 1;
  const waiting = waits(s, t);
  const requests = s.thread.requests[t];
  const name = STATES[state] ?? String(state);
  const coming = (requests & (Request.Start | Request.Wake)) !== 0;
  if (queued && (state !== ThreadState.Ready || runs > 0)) {
    report("C5", row, `${name} and current of ${runs} harts, but in a run queue`);
  }
  if (waiting && state !== ThreadState.Blocked) {
    report("C5", row, `${name}, but a waiter is linked`);
  }
  switch (state) {
    case ThreadState.Ready:
      if (!queued && !coming) report("C5", row, "ready, but in no run queue and not in transit");
      break;
    case ThreadState.Running:
      if (runs !== 1) report("C5", row, `running, but current of ${runs} harts`);
      break;
    case ThreadState.Blocked:
      if (!waiting && !coming) report("C5", row, "blocked, but waits for nothing, not in transit");
      break;
    case ThreadState.Embryo:
    case ThreadState.Stopped:
    case ThreadState.Dead:
      break;
    default:
      report("C5", row, `in use with state ${state}`);
  }
  if (state !== ThreadState.Running && runs > 0 && !between) {
    report("C5", row, `${name}, but current of ${runs} harts`);
  }
}

/** P12: a thread is queued or runs only where its affinity lets it, or is being moved. */
function checkAffinity(s: State, report: Report, t: number): void {
  const state = s.thread.state[t];
  if (state !== ThreadState.Running && s.thread.queued[t] !== 1) return;
  const hart = s.thread.hart[t];
  if (mayRun(s, t, hart) || s.hart.operation[hart + 1] === t) return;
  if ((s.thread.requests[t] & Request.Migrate) !== 0) return;
  report("P12", `thread ${t}`, `on hart ${hart}, which its affinity forbids, and not being moved`);
}

/** What the hardware was told each hart runs: thread, root page number and ASID. */
class Told {
  readonly thread = new Uint32Array(64);
  readonly root = new Uint32Array(64);
  readonly asid = new Uint32Array(64);

  take(words: Int32Array, at: number): void {
    const hart = words[at + 1] ?? 0;
    this.thread[hart] = words[at + 2] ?? 0;
    this.root[hart] = words[at + 3] ?? 0;
    this.asid[hart] = words[at + 4] ?? 0;
  }

  check(s: State, report: Report, hart: number): void {
    const current = s.hart.current[hart + 1];
    const row = `hart ${hart}`;
    if (this.thread[hart] !== current) {
      report("I2", row, `current is ${current}, the hardware was told ${this.thread[hart]}`);
    }
    if (current === 0) return;
    const space = s.process.space[s.thread.process[current]];
    const root = s.frame.pfn[s.addressSpace.root[space]];
    if (this.root[hart] !== root || this.asid[hart] !== s.addressSpace.asid[space]) {
      report("I2", row, `thread ${current} has space ${space}, the hardware was told another root`);
    }
    if (s.hart.runningSpace[hart + 1] !== space) {
      report("I2", row, `runningSpace is ${s.hart.runningSpace[hart + 1]}, not ${space}`);
    }
  }
}

/** Places of threads, what harts run, and whether it is what they should. */
export const scheduling: Group = {
  name: "scheduling",
  ids: ["I2", "I7", "C5", "P12"],
  make: ({ state: s, effects }): Check => {
    const best = new Int32Array(64);
    const runs = new Uint8Array(s.thread.$capacity);
    const between = new Uint8Array(s.thread.$capacity);
    const told = new Told();
    return (_e, report) => {
      eachEffect(effects, (kind, at) => {
        if (kind === EffectKind.Switch) told.take(effects.words, at);
      });
      bestReady(s, best);
      runs.fill(0);
      between.fill(0);
      for (let hart = 0; hart < s.kernel.harts[ONLY]; hart++) {
        const steps = isBetween(s, hart);
        const current = s.hart.current[hart + 1];
        if (current !== 0) {
          runs[current] = (runs[current] ?? 0) + 1;
          if (steps) between[current] = 1;
          if (s.thread.$live[current] !== 1 || s.thread.hart[current] !== hart) {
            report("I2", `hart ${hart}`, `its current thread ${current} is not one of its own`);
          }
        }
        if (steps) continue;
        checkHart(s, report, hart, best[hart] ?? -1);
        told.check(s, report, hart);
      }
      eachLive(s.thread, (t) => {
        checkPlace(s, report, t, runs[t] ?? 0, between[t] === 1);
        checkAffinity(s, report, t);
      });
    };
  },
};
