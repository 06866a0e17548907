/** What single steps of the reducer cost without machine and journal: medians of short batches. */
import { Effects } from "../../core/effect.ts";
import { EventKind } from "../../core/event.ts";
import { ONE } from "../../core/kernel.ts";
import { Account } from "../../core/ledger/accounts.ts";
import { post } from "../../core/ledger/post.ts";
import { Session } from "../../core/ledger/test_session.ts";
import { allocFrame, freeFrame } from "../../core/mem/frame.ts";
import { FrameRole } from "../../core/mem/tables.ts";
import { ThreadState } from "../../core/sched/tables.ts";
import { amortised, capabilityCheck } from "./kernel.ts";
import type { Setting } from "./setting.ts";
import { median } from "./statistics.ts";

const TIMES = 1_000_000;
/** Frames taken before they are given back. */
const FRAMES = 500;
const FORK = 220;
const SIGCHLD = 17;
const YIELD = 124;
/** Guest time between two yields, ns. */
const BETWEEN = 500;

/** One step. */
export interface ReducerRow {
  readonly name: string;
  /** Host nanoseconds, amortised over a batch; the median of all batches. */
  readonly nanoseconds: number;
}

/** Names of the rows. */
export const REDUCER: readonly string[] = [
  "capability check",
  "frame allocation",
  "context switch, a yield's event",
];

/** Measures them. */
export function measureReducer(setting: Setting): ReducerRow[] {
  const times = setting.quick ? 1000 : TIMES;
  const measures = [
    () => capabilityCheck(new Session({ harts: 1, seed: 1, backingSlots: 4000 }), times),
    () => frameAllocation(times),
    () => contextSwitch(times),
  ];
  return REDUCER.flatMap((name, i) => {
    if (!setting.wants("reducer", name)) return [];
    setting.tell(`reducer, ${name}`);
    return [{ name, nanoseconds: measures[i]() }];
  });
}

/** A frame taken from the free list and booked, as for a page of a process. */
function frameAllocation(times: number): number {
  const { s } = new Session({ harts: 1, seed: 1, backingSlots: 4000 });
  const fx = new Effects();
  const taken: number[] = [];
  const each: number[] = [];
  // The first rounds give frames their backing and warm up.
  for (let round = -4; round * FRAMES < times; round++) {
    fx.clear();
    taken.length = 0;
    const begin = performance.now();
    for (let n = 0; n < FRAMES; n++) {
      taken.push(allocFrame(s, fx, FrameRole.Anonymous));
      post(s, Account.FrameFree, Account.FrameAnonymous, 1);
    }
    if (round >= 0) each.push((performance.now() - begin) / FRAMES * 1e6);
    if (taken.includes(0)) throw new Error("there are too few frames");
    for (const frame of taken) freeFrame(s, frame);
    post(s, Account.FrameAnonymous, Account.FrameFree, FRAMES);
  }
  return median(each);
}

/** Two processes on one hart that yield to each other: the whole event of each yield. */
function contextSwitch(times: number): number {
  const session = new Session({ harts: 1, seed: 1, backingSlots: 4000 });
  const { s, kernel, e } = session;
  const isReady = (): boolean =>
    s.hart.ready[1] === 1 && s.hart.current[1] !== 0 && s.kernel.sampling[ONE] === 0 &&
    s.thread.state[s.hart.current[1]] === ThreadState.Running && s.hart.operation[1] === 0 &&
    s.hart.continuePending[1] === 0;
  let forks = 0;
  for (let steps = 0; steps < 10_000 && !isReady(); steps++) {
    session.step(() => forks++ === 0 ? [FORK, SIGCHLD, 0, 0, 0, 0] : [YIELD]);
  }
  if (!isReady()) throw new Error("there are no two threads to switch between");
  e.kind = EventKind.Syscall;
  e.hart = 0;
  e.cause = YIELD;
  e.registerCount = 0;
  e.payloadLength = 0;
  e.order = s.kernel.lastOrder[ONE];
  e.sequence = s.hart.lastSequence[1];
  e.time = s.hart.lastTime[1];
  const before = s.hart.switches[1];
  let yields = 0;
  const ns = amortised(times, (count) => {
    for (let n = 0; n < count; n++) {
      e.time += BETWEEN;
      const refusal = kernel.reduce(e);
      if (refusal !== 0) throw new Error(`a yield was refused: ${refusal}`);
      e.order++;
      e.sequence++;
    }
    yields += count;
  });
  const switches = s.hart.switches[1] - before;
  if (switches !== yields) throw new Error(`only ${switches} of ${yields} yields switched`);
  return ns;
}
