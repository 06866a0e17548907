import type { Effects } from "./effect.ts";
import { hasDyingEnds } from "./ipc/teardown.ts";
import { dropChunkRequest } from "./mem/chunk.ts";
import { hasReclaim } from "./mem/reclaim.ts";
import { ONE, type State } from "./kernel.ts";
import { UNITS } from "./limits.ts";
import { unmountStep } from "./fs/unmount.ts";
import { reap } from "./proc/exit.ts";
import { alertThread } from "./proc/signal.ts";
import { Signal } from "./proc/signal_numbers.ts";
import { ProcessState } from "./proc/tables.ts";
import { raiseIpi } from "./sched/thread.ts";
import { ThreadState, WakeReason } from "./sched/tables.ts";
import { isWaiting, wakeThread } from "./sched/wait.ts";
import { watermark } from "./state/table.ts";

/** Stages of the shutdown, each a bounded number of units a step. */
export const ShutdownStage = {
  None: 0,
  /** Every process is told to die. */
  Kill: 1,
  /** Waits until all are zombies. */
  Await: 2,
  /** Zombies go, init last. */
  Reap: 3,
  /** Requests to the host that will not be answered any more. */
  Requests: 4,
  /** The root file system and everything in it. */
  Unmount: 5,
  /** Waits until no IPI is under way. */
  Quiet: 6,
  Closed: 7,
} as const;

/** Begins the end of the boot. From now on no guest instruction runs. */
export function beginShutdown(s: State, reason: number): void {
  if (s.kernel.shutdown[ONE] !== 0) return;
  s.kernel.shutdown[ONE] = reason;
  enter(s, ShutdownStage.Kill);
}

function enter(s: State, stage: number): void {
  s.kernel.shutdownStage[ONE] = stage;
  s.kernel.shutdownCursor[ONE] = 0;
  s.kernel.shutdownSteps[ONE] = 1;
}

/** Tells the threads of a process to go, whatever they wait for; how many there are. */
function killProcess(s: State, fx: Effects, p: number): number {
  let told = 0;
  // One whose only thread takes it apart already goes on with that.
  if (s.process.state[p] === ProcessState.Live) s.process.killed[p] = Signal.Kill;
  s.process.stopped[p] = 0;
  for (let t = s.process.firstThread[p]; t !== 0; t = s.thread.nextInProcess[t]) {
    told++;
    if (s.thread.state[t] === ThreadState.Stopped) {
      s.thread.state[t] = ThreadState.Blocked;
      wakeThread(s, fx, 0, t, WakeReason.Signal);
    } else if (isWaiting(s, t)) wakeThread(s, fx, 0, t, WakeReason.Signal);
    else alertThread(s, fx, 0, t);
  }
  return told;
}

/** Tells a bounded number of processes to die; true when all were told. */
function killStep(s: State, fx: Effects): boolean {
  const top = watermark(s.process);
  let p = s.kernel.shutdownCursor[ONE];
  let told = 0;
  for (let n = 0; n < UNITS; n++) {
    if (++p > top) return true;
    const state = s.process.state[p];
    const ends = state === ProcessState.Live || state === ProcessState.Dying;
    if (s.process.$live[p] === 0 || !ends || s.process.threads[p] === 0) continue;
    told += killProcess(s, fx, p);
    if (told >= UNITS) break;
  }
  fx.charge(UNITS);
  s.kernel.shutdownCursor[ONE] = p;
  return false;
}

/** Frees a bounded number of zombies; true when none is left. */
function reapStep(s: State, fx: Effects): boolean {
  const init = s.kernel.init[ONE];
  if (init === 0) return true;
  for (let n = 0; n < UNITS; n++) {
    // Processes whose parents died are init's, so every leaf is found below it.
    let p = init;
    while (s.process.firstChild[p] !== 0) p = s.process.firstChild[p];
    reap(s, p);
    if (p === init) return true;
  }
  fx.charge(UNITS);
  return false;
}

function requestsStep(s: State, fx: Effects): boolean {
  for (let n = 0; n < UNITS; n++) {
    const request = s.fileSystem.firstChunk[ONE];
    if (request === 0) return true;
    dropChunkRequest(s, fx, request);
  }
  return false;
}

/** Whether an IPI is raised and not taken, or a thread is in an inbox. */
function isQuiet(s: State): boolean {
  if (hasDyingEnds(s)) return false;
  for (let h = 1; h <= s.kernel.harts[ONE]; h++) {
    if (s.hart.ipiPending[h] !== 0 || s.hart.inboxHead[h] !== 0) return false;
  }
  return true;
}

/** One step of the shutdown, on hart 0. */
export function stepShutdown(s: State, fx: Effects): void {
  switch (s.kernel.shutdownStage[ONE]) {
    case ShutdownStage.Kill:
      if (killStep(s, fx)) enter(s, ShutdownStage.Await);
      return;
    case ShutdownStage.Await:
      if (s.kernel.alive[ONE] === 0) enter(s, ShutdownStage.Reap);
      else s.kernel.shutdownSteps[ONE] = 0;
      return;
    case ShutdownStage.Reap:
      if (reapStep(s, fx)) enter(s, ShutdownStage.Requests);
      return;
    case ShutdownStage.Requests:
      if (requestsStep(s, fx)) enter(s, ShutdownStage.Unmount);
      return;
    case ShutdownStage.Unmount:
      if (unmountStep(s, fx, 0) === 1 && !hasReclaim(s)) enter(s, ShutdownStage.Quiet);
      return;
    case ShutdownStage.Quiet:
      if (!isQuiet(s)) {
        s.kernel.shutdownSteps[ONE] = 0;
        return;
      }
      s.kernel.shutdownStage[ONE] = ShutdownStage.Closed;
      s.kernel.shutdownSteps[ONE] = 0;
      s.kernel.closed[ONE] = 1;
      fx.closed();
      return;
  }
}

/**
 * Lets the shutdown go on when what it waited for has come: called at the end of every event of a
 * shutdown.
 *
 * @param hart number of the event's hart
 */
export function continueShutdown(s: State, fx: Effects, hart: number): void {
  const stage = s.kernel.shutdownStage[ONE];
  if (s.kernel.shutdownSteps[ONE] === 1) return;
  const ready = (stage === ShutdownStage.Await && s.kernel.alive[ONE] === 0) ||
    (stage === ShutdownStage.Quiet && isQuiet(s));
  if (!ready) return;
  s.kernel.shutdownSteps[ONE] = 1;
  if (hart !== 0) raiseIpi(s, fx, hart, 0);
}
