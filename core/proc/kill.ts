import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { ONE, type State } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import { beginOperation, OperationKind } from "../sched/operation.ts";
import { watermark } from "../state/table.ts";
import { isRoot } from "./root.ts";
import { sendSignal, sendSignalToThread } from "./signal.ts";
import { Signal } from "./signal_numbers.ts";
import { ProcessState } from "./tables.ts";

/** Group that stands for every process but the sender and process 1. */
export const EVERYBODY = 0;

/** Places in the sender's cursor. */
const Cursor = { Row: 0, Group: 1, Signal: 2, Reached: 3, Refused: 4 } as const;

/** Whether a process may send another a signal: same user, root, or CONT within the session. */
export function maySignal(s: State, from: number, to: number, signal: number): boolean {
  const { uid, session } = s.process;
  return isRoot(s, from) || uid[from] === uid[to] ||
    (signal === Signal.Cont && session[from] === session[to]);
}

/**
 * Sends a process a signal on behalf of another; 0 only asks.
 *
 * @returns 0 or -Err.NotPermitted
 */
export function signalProcess(
  s: State,
  fx: Effects,
  hart: number,
  from: number,
  to: number,
  signal: number,
): number {
  if (!maySignal(s, from, to, signal)) return -Err.NotPermitted;
  if (signal === 0 || s.process.state[to] === ProcessState.Zombie) return 0;
  s.process.senderPid[to] = s.process.pid[from];
  sendSignal(s, fx, hart, to, signal);
  return 0;
}

/**
 * Sends one thread a signal on behalf of a process; 0 only asks.
 *
 * @returns 0 or -Err.NotPermitted
 */
export function signalThread(
  s: State,
  fx: Effects,
  hart: number,
  from: number,
  thread: number,
  signal: number,
): number {
  if (!maySignal(s, from, s.thread.process[thread], signal)) return -Err.NotPermitted;
  sendSignalToThread(s, fx, hart, thread, signal, s.process.pid[from]);
  return 0;
}

/**
 * Sends a signal to a group or to everybody. Where there are many processes it goes on as a long
 * operation of the sender.
 *
 * @param t thread of the sender, running on this hart
 * @param group process group id, or EVERYBODY
 * @returns 0, -Err.NoProcess, -Err.NotPermitted, or Result.Pending
 */
export function signalMany(
  s: State,
  fx: Effects,
  hart: number,
  t: number,
  group: number,
  signal: number,
): number {
  const at = 6 * t;
  s.thread.cursor[at + Cursor.Row] = 0;
  s.thread.cursor[at + Cursor.Group] = group;
  s.thread.cursor[at + Cursor.Signal] = signal;
  s.thread.cursor[at + Cursor.Reached] = 0;
  s.thread.cursor[at + Cursor.Refused] = 0;
  const result = stepKill(s, fx, hart, t);
  if (result === Result.Pending) beginOperation(s, fx, hart, t, OperationKind.Kill);
  else s.thread.cursor.fill(0, at, at + 6);
  return result;
}

/** One step of signalMany: at most UNITS process rows and, but for the last of them, threads. */
export function stepKill(s: State, fx: Effects, hart: number, t: number): number {
  const at = 6 * t;
  const cursor = s.thread.cursor;
  const from = s.thread.process[t];
  const group = cursor[at + Cursor.Group];
  const top = watermark(s.process);
  let units = 0;
  let p = cursor[at + Cursor.Row];
  while (p < top && units < UNITS) {
    p++;
    units++;
    if (s.process.$live[p] === 0) continue;
    if (group !== EVERYBODY && s.process.group[p] !== group) continue;
    if (group === EVERYBODY && (p === from || p === s.kernel.init[ONE])) continue;
    units += s.process.threads[p];
    const sent = signalProcess(s, fx, hart, from, p, cursor[at + Cursor.Signal]);
    cursor[at + (sent === 0 ? Cursor.Reached : Cursor.Refused)]++;
  }
  fx.charge(Math.min(units, UNITS));
  cursor[at + Cursor.Row] = p;
  if (p < top) return Result.Pending;
  if (cursor[at + Cursor.Reached] > 0) return 0;
  return cursor[at + Cursor.Refused] > 0 ? -Err.NotPermitted : -Err.NoProcess;
}
