import { Err } from "../error.ts";
import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { armSleep } from "../sched/call.ts";
import type { Effects } from "../effect.ts";
import { WakeReason } from "../sched/tables.ts";
import { giveBack } from "./carry.ts";
import { Cause, endError } from "./end.ts";
import { returnCredit } from "./limit.ts";
import { settleMessage } from "./message.ts";
import { MessageState } from "./tables.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { MessageFailed } = Account;
const { Interrupted } = Err;
const { Idle, Received, Sent } = MessageState;
const { Timeout: wakeReasonTimeout } = WakeReason;

/** What `resume` returns when the call is to be done as if it had just begun. */
export const AFRESH = 1;

/**
 * Begins or goes on with a call that moves a message: what a wait of it ended with, or AFRESH. What
 * an unreceived message carried is its sender's again.
 *
 * @param message the thread's message row
 * @returns AFRESH or -Err
 */
export function resume(
  s: State,
  fx: Effects,
  h: number,
  thread: number,
  message: number,
): number {
  const m = s.message;
  const state = m.state[message];
  if (state === Idle) {
    // A call that waited for a page has its time limit already.
    if (s.thread.call[thread] === 0) {
      m.timeoutStates[message] = m.nextStates[message];
      m.nextStates[message] = 0;
    }
    return AFRESH;
  }
  if (m.carried[message] !== 0) giveBack(s, fx, h, message);
  if (m.reason[message] !== 0) return -m.reason[message];
  if (s.thread.wakeReason[thread] === wakeReasonTimeout) return -endError(state, Cause.Timeout);
  // A server has it already: to send it again would be to send it twice.
  if (state === Received) return -Interrupted;
  if (state === Sent) returnCredit(s, m.connection[message]);
  settleMessage(s, message, MessageFailed);
  return AFRESH;
}

/** Arms the deadline a thread has asked for, if it is for one of the states it may wait in. */
export function armDeadline(
  s: State,
  fx: Effects,
  h: number,
  now: number,
  thread: number,
  message: number,
): void {
  if (s.message.timeoutStates[message] === 0) return;
  const armed = s.thread.callDeadline[thread];
  armSleep(s, fx, h, thread, armed > 0 ? armed : now + s.message.timeout[message]);
}
