import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import type { State } from "../kernel.ts";
import { ThreadState } from "../sched/tables.ts";
import { freeRows } from "../state/table.ts";
import { sendKernelPulse } from "./pulse.ts";
import { createPulse, freePulse } from "./pulse_row.ts";
import { PulseCode } from "./tables.ts";

/** Keeps a row for news of a thread's end, for which the caller has made sure there is room. */
export function keepDeathPulse(s: State, thread: number): void {
  if (s.thread.deathPulse[thread] !== 0) return;
  s.thread.deathPulse[thread] = createPulse(s);
}

/** Whether there is room for the rows kept for news of the ends of a process's threads. */
export function mayTellThreads(s: State, process: number): boolean {
  return s.process.threads[process] <= freeRows(s.pulse);
}

/**
 * Makes a channel the one for news of the ends of a process's threads, where `mayTellThreads`: at
 * most THREADS_A_PROCESS, no more than one event's work.
 */
export function tellThreads(s: State, process: number, channel: number): void {
  s.process.threadDeath[process] = channel;
  let thread = s.process.firstThread[process];
  for (; thread !== 0; thread = s.thread.nextInProcess[thread]) {
    if (s.thread.state[thread] !== ThreadState.Dead) keepDeathPulse(s, thread);
  }
}

/** Gives back the row kept for news of a thread's end. */
export function dropDeathPulse(s: State, thread: number): void {
  const pulse = s.thread.deathPulse[thread];
  if (pulse === 0) return;
  s.thread.deathPulse[thread] = 0;
  freePulse(s, pulse);
}

/**
 * Tells of the end of a thread where its process has a channel for that: a pulse with the thread's
 * id and base priority. The end of the last one is told nobody: the channels of the process have
 * gone before it.
 */
export function announceDeath(s: State, fx: Effects, h: number, thread: number): void {
  const process = s.thread.process[thread];
  const channel = s.process.threadDeath[process];
  if (channel === 0) return dropDeathPulse(s, thread);
  const pulse = s.thread.deathPulse[thread];
  assert(pulse !== 0, "a row is kept for each thread of a process that is told of their ends");
  s.thread.deathPulse[thread] = 0;
  // Whoever is told serves it as the thread was served.
  s.pulse.priority[pulse] = Math.max(1, s.thread.priority[thread]);
  sendKernelPulse(s, fx, h, channel, pulse, PulseCode.ThreadDeath, s.thread.tid[thread]);
}
