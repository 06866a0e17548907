import type { Effects } from "../effect.ts";
import type { State } from "../kernel.ts";
import { Request, ThreadState } from "../sched/tables.ts";
import { request } from "../sched/thread.ts";
import { notifyParent } from "./signal.ts";

/**
 * Stops the process of the running thread. Threads that run on other harts are asked to stop; those
 * that wait or are queued stop when their turn comes. The parent is told when none runs any more.
 */
export function stopProcess(
  s: State,
  fx: Effects,
  hart: number,
  thread: number,
  signal: number,
): void {
  const p = s.thread.process[thread];
  s.process.stopped[p] = 1;
  s.process.stopSignal[p] = signal;
  s.process.continued[p] = 0;
  s.thread.state[thread] = ThreadState.Stopped;
  for (let t = s.process.firstThread[p]; t !== 0; t = s.thread.nextInProcess[t]) {
    if (s.thread.state[t] !== ThreadState.Running) continue;
    if ((s.thread.requests[t] & Request.Stop) !== 0) continue;
    s.process.stopsAwaited[p]++;
    request(s, fx, hart, t, Request.Stop);
  }
  if (s.process.stopsAwaited[p] === 0) notifyParent(s, fx, hart, p);
}

/** Notes that a thread has answered Request.Stop: it runs no user code before the stop ends. */
export function answerStop(s: State, fx: Effects, hart: number, thread: number): void {
  const p = s.thread.process[thread];
  s.process.stopsAwaited[p]--;
  if (s.process.stopsAwaited[p] === 0 && s.process.stopped[p] === 1) notifyParent(s, fx, hart, p);
}
