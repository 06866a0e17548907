import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import { AccessKind, type Event } from "../event.ts";
import { roleRegister } from "../isa/signal_frame.ts";
import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { completeCall } from "../sched/call.ts";
import { WakeReason } from "../sched/tables.ts";
import { wakeThread } from "../sched/wait.ts";
import { carry, land, mayCarry } from "./carry.ts";
import { findReceipt, settleMessage } from "./message.ts";
import { Cause, endError, endWait } from "./end.ts";
import { copyParts, resolveParts, Side } from "./parts.ts";
import { MESSAGE_BYTES, MessageState } from "./tables.ts";
import { capabilitiesOf, registersOf, TAG_LENGTH, TagFlag } from "./tag.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { Read, Write } = AccessKind;
const { MessageAnswered, MessageFailed } = Account;
const { BadAddress, Invalid, NoProcess, NotSupported, TooBig } = Err;
const { Received } = MessageState;
const { Fill, Send } = Side;
const { Memory, Takes } = TagFlag;
const { Restart } = WakeReason;
const { a1 } = roleRegister;

/** Errors a server may answer with. */
const LAST_ERROR = 4095;
/** The error that makes a client send its message again. */
export const RESEND = 85;

/** The message a thread's process has a receipt for, or 0. */
function received(s: State, thread: number, receipt: number): number {
  return findReceipt(s, s.thread.process[thread], receipt);
}

/** Ends a message with what its sender's call returns. */
function finish(s: State, fx: Effects, h: number, message: number, value: number): void {
  const client = s.message.thread[message];
  s.channel.answered[s.message.channel[message]]++;
  settleMessage(s, message, MessageAnswered);
  completeCall(s, fx, h, client, value);
}

/**
 * Answers a message with registers of the running thread.
 *
 * @param tag low word of the reply's tag: its length
 * @param status what the client's call returns
 * @returns 0, or -Err.NoProcess when nobody waits for that reply
 */
export function replyRegisters(
  s: State,
  fx: Effects,
  h: number,
  thread: number,
  receipt: number,
  tag: number,
  status: number,
): number {
  const message = received(s, thread, receipt);
  if (message === 0) return -NoProcess;
  // From here on it must succeed.
  fx.copyRegisterSet(thread, s.message.thread[message], registersOf(tag));
  finish(s, fx, h, message, status);
  return 0;
}

/**
 * As `replyRegisters`, with capabilities of the running thread's process.
 *
 * @param e event of the call, whose arguments from the third on are tokens
 * @param own message row of the running thread
 * @returns 0; -Err.NoProcess when nobody waits for that reply, -Err.NotSupported when its client
 * takes no capabilities, or the error of `mayCarry`; the client waits on
 */
export function replyCapabilities(
  s: State,
  fx: Effects,
  e: Event,
  thread: number,
  own: number,
  receipt: number,
  tag: number,
  status: number,
): number {
  const m = s.message;
  const message = received(s, thread, receipt);
  if (message === 0) return -NoProcess;
  const client = m.thread[message];
  if (capabilitiesOf(tag) > 0) {
    const takes = m.inMemory[message] === 0 && (m.tag[message] & Takes) !== 0;
    if (!takes) return -NotSupported;
    const refused = mayCarry(s, e, thread, tag, s.thread.process[client]);
    if (refused < 0) return refused;
  }
  // From here on it must succeed.
  fx.copyRegisterSet(thread, client, registersOf(tag & TAG_LENGTH));
  carry(s, e, tag, own);
  land(s, fx, own, client);
  finish(s, fx, e.hart, message, status);
  return 0;
}

/**
 * Answers a message with the memory that the server's own message row describes as what it sends.
 *
 * @param own message row of the running thread
 * @returns 0; -Err.NoProcess when nobody waits for that reply; -Err.TooBig for more than may
 * be sent or a client that takes registers only; -Err.NoMemory; -Err.ServerFault when the server's
 * memory cannot be read, -Err.BadAddress when the client's cannot be written: either ends the
 * client's call with the same error; or Result.Pending with the server blocked
 */
export function replyMemory(
  s: State,
  fx: Effects,
  h: number,
  own: number,
  receipt: number,
  status: number,
): number {
  const m = s.message;
  const message = received(s, m.thread[own], receipt);
  if (message === 0) return -NoProcess;
  if (!(m.sendLength[own] <= MESSAGE_BYTES)) return -TooBig;
  // What a client waits for in registers cannot come from memory, of which only frames are known.
  if (m.inMemory[message] === 0 && m.sendLength[own] > 0) return -TooBig;
  const length = Math.min(m.sendLength[own], m.replyLength[message]);
  const ready = resolveParts(s, fx, h, own, Send, length, Read);
  if (ready === -BadAddress) return endFaulty(s, fx, h, message, Cause.ServerFault);
  if (ready < 0) return ready;
  const thread = m.thread[own];
  const takes = resolveParts(s, fx, h, message, Fill, length, Write, thread);
  if (takes === -BadAddress) return endFaulty(s, fx, h, message, Cause.SenderFault);
  if (takes < 0) return takes;
  // From here on it must succeed.
  copyParts(s, fx, own, Send, message, Fill, length);
  fx.setRegister(m.thread[message], a1, Memory + length);
  finish(s, fx, h, message, status);
  return 0;
}

/** Ends the call of a client whose answer cannot be moved; the error of both sides. */
function endFaulty(s: State, fx: Effects, h: number, message: number, cause: number): number {
  endWait(s, fx, h, s.message.thread[message], cause);
  return -endError(Received, cause);
}

/**
 * Answers a message with an error.
 *
 * @param error 0 for success; an errno; RESEND to have the client send again; -1 for why the client
 * wanted to leave
 * @param errnoOf the personality's number of a negated core error
 * @returns 0, -Err.NoProcess, or -Err.Invalid for a number that is no error
 */
export function replyError(
  s: State,
  fx: Effects,
  h: number,
  thread: number,
  receipt: number,
  error: number,
  errnoOf: (result: number) => number,
): number {
  const message = received(s, thread, receipt);
  if (message === 0) return -NoProcess;
  const asked = s.message.askedReason[message];
  if (error === -1 ? asked === 0 : error < 0 || error > LAST_ERROR) return -Invalid;
  // From here on it must succeed.
  const client = s.message.thread[message];
  if (error === RESEND) {
    settleMessage(s, message, MessageFailed);
    wakeThread(s, fx, h, client, Restart);
    return 0;
  }
  // Only now: who sends again does so with the registers it had.
  fx.setRegister(client, a1, 0);
  finish(s, fx, h, message, error === -1 ? errnoOf(-asked) : -error);
  return 0;
}
