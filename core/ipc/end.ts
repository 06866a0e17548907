import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import type { State } from "../kernel.ts";
import { WaitKind, WakeReason } from "../sched/tables.ts";
import { wakeThread } from "../sched/wait.ts";
import { sendKernelPulse } from "./pulse.ts";
import { receiptOf } from "./message.ts";
import { ChannelFlag, MessageState, PulseCode } from "./tables.ts";

/** What can end the wait of a call that moves a message, other than the message. */
export const Cause = {
  /** The channel is destroyed, or its owner ends. */
  ChannelDestroyed: 0,
  /** The connection is detached, or the capability it came from revoked. */
  ConnectionDetached: 1,
  /** A signal the thread acts on. */
  Signal: 2,
  /** The deadline of the call. */
  Timeout: 3,
  /** Memory of the sender cannot be used any more. */
  SenderFault: 4,
  /** The receiver has no room for the capabilities of the message. */
  NoRoom: 5,
  /** Memory the server named for the message, or for its answer, cannot be used. */
  ServerFault: 6,
} as const;

/** Causes there are. */
export const CAUSES = 7;

/**
 * What a blocked call returns, by the MessageState it is in and then by what ended it; 0 where that
 * cannot be. Each blocked call returns once: whoever unlinks its waiter first decides.
 */
export const END_ERRORS: Uint8Array = Uint8Array.of(
  // Idle: nothing waits.
  ...[0, 0, 0, 0, 0, 0, 0],
  // Sent
  ...[
    Err.NoProcess,
    Err.BadDescriptor,
    Err.Interrupted,
    Err.TimedOut,
    Err.BadAddress,
    Err.NoSpace,
    Err.ServerFault,
  ],
  // Received
  ...[
    Err.NoProcess,
    Err.BadDescriptor,
    Err.Interrupted,
    Err.TimedOut,
    Err.BadAddress,
    0,
    Err.ServerFault,
  ],
  // Receiving
  ...[Err.NoProcess, 0, Err.Interrupted, Err.TimedOut, 0, 0, 0],
);

/** The error of the table for a state and a cause. */
export function endError(state: number, cause: number): number {
  return END_ERRORS[state * CAUSES + cause];
}

/** Ends the wait of a thread that sends or receives: its call returns the error of the table. */
export function endWait(s: State, fx: Effects, h: number, thread: number, cause: number): void {
  const message = s.thread.message[thread];
  s.message.reason[message] = endError(s.message.state[message], cause);
  wakeThread(s, fx, h, thread, WakeReason.Restart);
}

/** Asks a server to let go of a message that was received, by the pulse kept for that. */
export function askServer(
  s: State,
  fx: Effects,
  h: number,
  message: number,
  error: number,
): void {
  const m = s.message;
  if (m.asked[message] === 1) return;
  m.asked[message] = 1;
  m.askedReason[message] = error;
  const pulse = m.pulse[message];
  m.pulse[message] = 0;
  const channel = m.channel[message];
  s.pulse.priority[pulse] = m.priority[message];
  sendKernelPulse(s, fx, h, channel, pulse, PulseCode.Unblock, receiptOf(s, message));
}

/** Whether a client of a channel stays in its call until its server lets it go. */
export function mustAsk(s: State, message: number): boolean {
  return s.message.state[message] === MessageState.Received &&
    s.message.pulse[message] + s.message.asked[message] > 0 &&
    (s.channel.flags[s.message.channel[message]] & ChannelFlag.Unblock) !== 0;
}

/**
 * Lets a thread whose message was received stay in its wait although a signal wants it out, if its
 * channel says so: the server is asked instead, once. Nothing keeps a thread that is being killed.
 *
 * @returns whether it stays
 */
export function staysForReply(s: State, fx: Effects, h: number, thread: number): boolean {
  if (s.waiter.kind[s.thread.waiter[thread]] !== WaitKind.MessageReply) return false;
  const message = s.thread.message[thread];
  if (s.process.killed[s.thread.process[thread]] !== 0) return false;
  if (s.thread.doomed[thread] !== 0 || !mustAsk(s, message)) return false;
  askServer(s, fx, h, message, Err.Interrupted);
  return true;
}

/** Among the states a call is limited in: its time was over in one it is not limited in. */
const OVERDUE = 1 << MessageState.Idle;

/** Whether the time of a message that waits for a receiver will be over when it is received. */
export function isOverdue(s: State, message: number): boolean {
  const states = s.message.timeoutStates[message];
  return (states & OVERDUE) !== 0 && ((states >>> MessageState.Received) & 1) === 1;
}

/**
 * Takes note that the deadline of a thread that sends or receives has come.
 *
 * @returns whether it stays: its deadline was not for the state it is in, or its server is asked
 */
export function outlastsDeadline(s: State, fx: Effects, h: number, thread: number): boolean {
  const kind = s.waiter.kind[s.thread.waiter[thread]];
  if (kind < WaitKind.MessageSend || kind > WaitKind.MessageReply) return false;
  const message = s.thread.message[thread];
  const state = s.message.state[message];
  if (((s.message.timeoutStates[message] >>> state) & 1) === 0) {
    s.message.timeoutStates[message] |= OVERDUE;
    return true;
  }
  if (!mustAsk(s, message)) return false;
  askServer(s, fx, h, message, Err.TimedOut);
  return true;
}
