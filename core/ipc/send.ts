import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { AccessKind } from "../event.ts";
import type { State } from "../kernel.ts";
import { completeCall } from "../sched/call.ts";
import { ownPriority } from "../sched/effective_priority.ts";
import { ThreadState, WaitKind, WakeReason } from "../sched/tables.ts";
import { firstWaiter, waitOn } from "../sched/wait.ts";
import { noteArrival, restartReceivers, signalArrival } from "./arrival.ts";
import { armDeadline } from "./call.ts";
import { channelOf } from "./connection.ts";
import { mayCome, takeCredit } from "./limit.ts";
import { beginMessage } from "./message.ts";
import { resolveParts, Side } from "./parts.ts";
import { boostServer, servePriority } from "./priority.ts";
import { createPulse } from "./pulse_row.ts";
import { ChannelFlag, MESSAGE_BYTES } from "./tables.ts";
import { isReceiverReady, moveMessage } from "./transfer.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { Read, Write } = AccessKind;
const { Unblock } = ChannelFlag;
const { Again, BadDescriptor, TooBig } = Err;
const { Pending } = Result;
const { Fill, Send } = Side;
const { Blocked } = ThreadState;
const { MessageReceive, MessageSend } = WaitKind;
const { None } = WakeReason;

/**
 * Makes the memory of a message that is sent from memory usable: what is sent and, so that the
 * server can answer at once, what takes the reply.
 *
 * @returns 0, -Err.TooBig, -Err.BadAddress, -Err.NoMemory, or Result.Pending with t blocked
 */
export function prepareMemory(s: State, fx: Effects, h: number, message: number): number {
  const m = s.message;
  const { sendLength, replyLength } = m;
  if (!(sendLength[message] <= MESSAGE_BYTES)) return -TooBig;
  if (!(replyLength[message] <= MESSAGE_BYTES)) return -TooBig;
  const read = resolveParts(
    s,
    fx,
    h,
    message,
    Send,
    sendLength[message],
    Read,
  );
  if (read < 0) return read;
  const length = replyLength[message];
  return resolveParts(s, fx, h, message, Fill, length, Write);
}

/**
 * Whether a message can be sent through a connection now. The row kept for asking its server is
 * made then: nothing else is left to fail.
 *
 * @param now the hart's time, ns
 * @returns the channel; -Err.BadDescriptor when it is gone; -Err.RateLimited when too many came
 * through the connection; -Err.Again when the row kept for asking its server cannot be had
 */
export function maySend(s: State, message: number, connection: number, now: number): number {
  const channel = channelOf(s, connection);
  if (channel === 0) return -BadDescriptor;
  const limited = mayCome(s, channel, connection, now);
  if (limited < 0) return limited;
  const { flags } = s.channel;
  if ((flags[channel] & Unblock) !== 0 && s.message.pulse[message] === 0) {
    const pulse = createPulse(s);
    if (pulse === 0) return -Again;
    s.message.pulse[message] = pulse;
  }
  return channel;
}

/**
 * Sends the message a row describes, which `maySend` and whose memory was prepared, and blocks its
 * thread until the reply. A receiver that waits gets it at once; else it waits for one, by
 * priority.
 *
 * @param now the hart's time, ns
 * @param channel where the connection leads
 * @returns Result.Pending
 */
export function send(
  s: State,
  fx: Effects,
  h: number,
  now: number,
  message: number,
  connection: number,
  channel: number,
): number {
  const m = s.message;
  const thread = m.thread[message];
  takeCredit(s, channel, connection, now);
  beginMessage(s, message, connection);
  m.priority[message] = ownPriority(s, thread);
  armDeadline(s, fx, h, now, thread, message);
  const receiver = firstWaiter(s, MessageReceive, channel);
  if (receiver === 0) {
    queueMessage(s, fx, h, thread, message, channel);
    boostServer(s, fx, h, channel, m.priority[message]);
    return Pending;
  }
  const to = s.thread.message[receiver];
  if (!isReceiverReady(s, message, to)) {
    queueMessage(s, fx, h, thread, message, channel);
    restartReceivers(s, fx, h, channel);
    return Pending;
  }
  s.thread.state[thread] = Blocked;
  s.thread.wakeReason[thread] = None;
  const receipt = moveMessage(s, fx, message, to, channel);
  servePriority(s, fx, h, channel, receiver, m.priority[message]);
  completeCall(s, fx, h, receiver, receipt);
  return Pending;
}

function queueMessage(
  s: State,
  fx: Effects,
  h: number,
  thread: number,
  message: number,
  channel: number,
): void {
  s.message.arrival[message] = noteArrival(s, channel);
  waitOn(s, thread, MessageSend, channel);
  signalArrival(s, fx, h, channel);
}
