import type { Effects } from "../effect.ts";
import { type Event, REGISTER_LIMIT } from "../event.ts";
import { settleMessage } from "../ipc/message.ts";
import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { WakeReason } from "./tables.ts";
import { wakeThread } from "./wait.ts";
import { armTimer, TimerSlot } from "./timer.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { MessageFailed } = Account;
const { Sleep } = TimerSlot;
const { Complete, None: NoneReason } = WakeReason;

/** Forgets everything a call in progress has left in a thread's row. */
export function clearCall(s: State, thread: number): void {
  s.thread.call[thread] = 0;
  s.thread.callBlocking[thread] = 0;
  s.thread.callDeadline[thread] = 0;
  s.thread.callProgress[thread] = 0;
  if (s.thread.callKept[thread] !== 0) forgetArguments(s, thread);
  s.thread.callStage[thread] = 0;
  const at = thread * 4;
  s.thread.callArgument[at] = 0;
  s.thread.callArgument[at + 1] = 0;
  s.thread.callArgument[at + 2] = 0;
  s.thread.callArgument[at + 3] = 0;
  s.thread.callRemain[thread] = 0;
  s.thread.awaitedLo[thread] = 0;
  s.thread.awaitedHi[thread] = 0;
  s.thread.wakeReason[thread] = NoneReason;
  const message = s.thread.message[thread];
  if (message !== 0) settleMessage(s, message, MessageFailed);
}

function forgetArguments(s: State, thread: number): void {
  const at = 2 * REGISTER_LIMIT * thread;
  for (let i = 0; i < 2 * REGISTER_LIMIT; i++) s.thread.callRegister[at + i] = 0;
  s.thread.callKept[thread] = 0;
}

/** Keeps the arguments of a call that waits with something done, which holds for no others. */
export function keepArguments(s: State, e: Event, thread: number): void {
  const { callProgress, callRegister, callStage } = s.thread;
  if (callProgress[thread] === 0 && callStage[thread] === 0) return;
  const at = 2 * REGISTER_LIMIT * thread;
  for (let i = 0; i < 2 * e.registerCount; i++) callRegister[at + i] = e.registers[i];
  s.thread.callKept[thread] = 1;
}

/**
 * Whether a call is the one its thread has in progress. Code that was changed while its thread
 * waited may have made another one of it.
 */
export function isSameCall(s: State, e: Event, thread: number): boolean {
  if (s.thread.call[thread] !== e.cause + 1) return false;
  if (s.thread.callKept[thread] === 0) return true;
  const at = 2 * REGISTER_LIMIT * thread;
  for (let i = 0; i < 2 * e.registerCount; i++) {
    if (s.thread.callRegister[at + i] !== e.registers[i]) return false;
  }
  return true;
}

/** Finishes the call of a thread that is not blocked: value into a0, pc past the `ecall`. */
export function returnFromCall(s: State, fx: Effects, thread: number, value: number): void {
  fx.returnValue(thread, value);
  clearCall(s, thread);
}

/**
 * Finishes a blocked thread's call on its behalf and wakes it.
 *
 * @param hart number of the event's hart
 */
export function completeCall(
  s: State,
  fx: Effects,
  hart: number,
  thread: number,
  value: number,
): void {
  returnFromCall(s, fx, thread, value);
  wakeThread(s, fx, hart, thread, Complete);
}

/** Gives the call in progress a deadline, ns; a Timer event of the thread's hart ends the wait. */
export function armSleep(
  s: State,
  _fx: Effects,
  hart: number,
  thread: number,
  deadline: number,
): void {
  s.thread.callDeadline[thread] = deadline;
  armTimer(s, hart, thread, Sleep, deadline);
}
