import type { Effects } from "../../effect.ts";
import { Err } from "../../error.ts";
import { argumentAt, ArgumentLength, type Event, payloadU32, payloadU64 } from "../../event.ts";
import { AFRESH, resume } from "../../ipc/call.ts";
import { channelBehind, findConnection } from "../../ipc/connection.ts";
import { findChannel } from "../../ipc/channel.ts";
import { mayCome, settleCredit } from "../../ipc/limit.ts";
import { finishPassed, isPassed } from "../../ipc/handover.ts";
import { findReceipt, messageOf } from "../../ipc/message.ts";
import { setExtent, setPart, Side } from "../../ipc/parts.ts";
import { sendPulse } from "../../ipc/pulse.ts";
import { readMessage } from "../../ipc/read.ts";
import { receive } from "../../ipc/receive.ts";
import { replyError, replyMemory, replyRegisters } from "../../ipc/reply.ts";
import { maySend, prepareMemory, send } from "../../ipc/send.ts";
import { INFO_BYTES, MESSAGE_BYTES, PARTS, Pass, PULSE_CODES } from "../../ipc/tables.ts";
import { isRegisterTag } from "../../ipc/tag.ts";
import { putInfo } from "../../ipc/transfer.ts";
import type { State } from "../../kernel.ts";
import { PAGE_BYTES } from "../../limits.ts";
import { writeUser } from "../../mem/user_copy.ts";
import { ownPriority } from "../../sched/effective_priority.ts";
import { isCurrent } from "../../state/table.ts";
import { errnoOf } from "../linux/errno.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { Again, BadAddress, BadDescriptor, Invalid, NoProcess, TooBig } = Err;
const { Fill, Send } = Side;

/**
 * Begins a call that sends: the thread's message row, or -Err. What an earlier wait of the same
 * call ended with comes before anything else.
 */
export function beginSend(s: State, fx: Effects, h: number, t: number): number {
  const message = messageOf(s, t);
  if (message === 0) return -Again;
  const resumed = resume(s, fx, h, t, message);
  return resumed === AFRESH ? message : resumed;
}

/** The connection a call names as its first argument, or -Err.BadDescriptor. */
export function connectionArgument(s: State, e: Event, t: number): number {
  const connection = findConnection(s, s.thread.process[t], e.argument(0));
  return connection === 0 ? -BadDescriptor : connection;
}

/** msg_send(coid, tag): the message is in a2 to a6 and t0 to t2. */
export function msgSend(s: State, fx: Effects, e: Event, t: number): number {
  const message = beginSend(s, fx, e.hart, t);
  if (message < 0) return message;
  if (!isRegisterTag(e.uint(1))) return -Invalid;
  const connection = connectionArgument(s, e, t);
  if (connection < 0) return connection;
  const channel = maySend(s, message, connection, e.time);
  if (channel < 0) return channel;
  // From here on it must succeed.
  const m = s.message;
  m.inMemory[message] = 0;
  m.tag[message] = e.uint(1);
  m.sendLength[message] = e.uint(1);
  m.replyParts[message] = 0;
  m.replyLength[message] = 0;
  return send(s, fx, e.hart, e.time, message, connection, channel);
}

/** Sends what the row describes as parts; `pass` is a Pass. */
function sendParts(
  s: State,
  fx: Effects,
  e: Event,
  message: number,
  connection: number,
  pass: number = Pass.Copied,
): number {
  s.message.inMemory[message] = pass;
  const ready = prepareMemory(s, fx, e.hart, message);
  if (ready < 0) return ready;
  const channel = maySend(s, message, connection, e.time);
  if (channel < 0) return channel;
  // From here on it must succeed.
  return send(s, fx, e.hart, e.time, message, connection, channel);
}

/** msg_send_bytes(coid, buf, length, reply, room). */
export function msgSendBytes(s: State, fx: Effects, e: Event, t: number): number {
  const message = beginSend(s, fx, e.hart, t);
  if (message < 0) return message;
  const connection = connectionArgument(s, e, t);
  if (connection < 0) return connection;
  setPart(s, message, Send, e.argument(1), e.argument(2));
  setPart(s, message, Fill, e.argument(3), e.argument(4));
  return sendParts(s, fx, e, message, connection);
}

/** msg_send_pages(coid, buf, length, reply, room, pass): whole pages, moved or shared. */
export function msgSendPages(s: State, fx: Effects, e: Event, t: number): number {
  const message = beginSend(s, fx, e.hart, t);
  if (message < 0) return message;
  const pass = e.int(5);
  if (pass !== Pass.Moved && pass !== Pass.Shared) return -Invalid;
  const at = e.argument(1);
  const length = e.argument(2);
  const reply = e.argument(3);
  const room = e.argument(4);
  if (at % PAGE_BYTES !== 0 || length % PAGE_BYTES !== 0) return -Invalid;
  // What may go cannot take the reply.
  if (reply < at + length && at < reply + room) return -Invalid;
  const connection = connectionArgument(s, e, t);
  if (connection < 0) return connection;
  setPart(s, message, Send, at, length);
  setPart(s, message, Fill, reply, room);
  return sendParts(s, fx, e, message, connection, pass);
}

/**
 * Takes a copied-in array of parts into a message row.
 *
 * @param nth which copied-in argument it is
 * @returns 0, -Err.BadAddress, or -Err.TooBig for too many parts or bytes
 */
function takeParts(s: State, e: Event, nth: number, message: number, side: number): number {
  const at = argumentAt(e, nth);
  if (at < 0) return -Invalid;
  const bytes = payloadU32(e, at);
  if (bytes === ArgumentLength.Absent) return -BadAddress;
  if (bytes === ArgumentLength.TooLong || bytes > 16 * PARTS) return -TooBig;
  const m = s.message;
  let total = 0;
  for (let i = 0; 16 * i < bytes; i++) {
    const part = 2 * PARTS * message + side + i;
    const length = payloadU64(e, at + 4 + 16 * i + 8);
    m.partAddress[part] = payloadU64(e, at + 4 + 16 * i);
    m.partLength[part] = length;
    total += length;
    if (!(total <= MESSAGE_BYTES)) return -TooBig;
  }
  setExtent(s, message, side, bytes / 16, total);
  return 0;
}

/** msg_send_parts(coid, parts, count, reply, replies). */
export function msgSendParts(s: State, fx: Effects, e: Event, t: number): number {
  const message = beginSend(s, fx, e.hart, t);
  if (message < 0) return message;
  const connection = connectionArgument(s, e, t);
  if (connection < 0) return connection;
  const taken = takeParts(s, e, 0, message, Send);
  if (taken < 0) return taken;
  const filled = takeParts(s, e, 1, message, Fill);
  if (filled < 0) return filled;
  return sendParts(s, fx, e, message, connection);
}

/** msg_receive(chid, buf, room, info). */
export function msgReceive(s: State, fx: Effects, e: Event, t: number): number {
  if (isPassed(s, t)) return finishPassed(s, fx, t);
  const message = beginSend(s, fx, e.hart, t);
  if (message < 0) return message;
  const channel = findChannel(s, s.thread.process[t], e.argument(0));
  if (channel === 0) return -NoProcess;
  setPart(s, message, Fill, e.argument(1), Math.min(e.argument(2), MESSAGE_BYTES));
  s.message.info[message] = e.argument(3);
  return receive(s, fx, e.hart, e.time, message, channel);
}

/** msg_receive_parts(chid, parts, count, info). */
export function msgReceiveParts(s: State, fx: Effects, e: Event, t: number): number {
  if (isPassed(s, t)) return finishPassed(s, fx, t);
  const message = beginSend(s, fx, e.hart, t);
  if (message < 0) return message;
  const channel = findChannel(s, s.thread.process[t], e.argument(0));
  if (channel === 0) return -NoProcess;
  const taken = takeParts(s, e, 0, message, Fill);
  if (taken < 0) return taken;
  s.message.info[message] = e.argument(3);
  return receive(s, fx, e.hart, e.time, message, channel);
}

/** msg_reply(receipt, tag): the reply is in a2 to a6 and t0 to t2, the status in the tag's top. */
export function msgReply(s: State, fx: Effects, e: Event, t: number): number {
  if (!isRegisterTag(e.uint(1))) return -Invalid;
  return replyRegisters(s, fx, e.hart, t, e.argument(0), e.uint(1), e.registers[3] | 0);
}

/** msg_reply_bytes(receipt, status, buf, length). */
export function msgReplyBytes(s: State, fx: Effects, e: Event, t: number): number {
  const own = messageOf(s, t);
  if (own === 0) return -Again;
  setPart(s, own, Send, e.argument(2), e.argument(3));
  return replyMemory(s, fx, e.hart, own, e.argument(0), e.int(1));
}

/** msg_reply_parts(receipt, status, parts, count). */
export function msgReplyParts(s: State, fx: Effects, e: Event, t: number): number {
  const own = messageOf(s, t);
  if (own === 0) return -Again;
  const taken = takeParts(s, e, 0, own, Send);
  if (taken < 0) return taken;
  return replyMemory(s, fx, e.hart, own, e.argument(0), e.int(1));
}

/** msg_error(receipt, error). */
export function msgError(s: State, fx: Effects, e: Event, t: number): number {
  return replyError(s, fx, e.hart, t, e.argument(0), e.int(1), errnoOf);
}

/**
 * msg_reply_receive(receipt, tag): receives from the channel the message came from, without a
 * buffer; what lies in memory is fetched by msg_read.
 */
export function msgReplyReceive(s: State, fx: Effects, e: Event, t: number): number {
  const m = s.message;
  // A call that waited to receive has answered already.
  const answered = s.thread.call[t] !== 0;
  const message = beginSend(s, fx, e.hart, t);
  if (message < 0) return message;
  if (!answered) {
    const received = findReceipt(s, s.thread.process[t], e.argument(0));
    if (received === 0) return -NoProcess;
    const replied = msgReply(s, fx, e, t);
    if (replied < 0) return replied;
    m.channel[message] = m.channel[received];
    m.channelGeneration[message] = m.channelGeneration[received];
  }
  const channel = m.channel[message];
  if (!isCurrent(s.channel, channel, m.channelGeneration[message])) return -NoProcess;
  if (s.channel.process[channel] !== s.thread.process[t]) return -NoProcess;
  m.replyParts[message] = 0;
  m.replyLength[message] = 0;
  m.info[message] = 0;
  return receive(s, fx, e.hart, e.time, message, channel);
}

/** msg_send_pulse(coid, priority, code, value). */
export function msgSendPulse(s: State, fx: Effects, e: Event, t: number): number {
  const connection = connectionArgument(s, e, t);
  if (connection < 0) return connection;
  const channel = channelBehind(s, connection);
  if (channel < 0) return channel;
  const given = e.int(1);
  if (given < -1 || given > 255) return -Invalid;
  const code = e.int(2);
  if (code < 0 || code > PULSE_CODES) return -Invalid;
  const priority = given === -1 ? ownPriority(s, t) : Math.max(1, given);
  const limited = mayCome(s, channel, connection, e.time);
  if (limited < 0) return limited;
  const { sessionLo, sessionHi } = s.connection;
  const sent = sendPulse(
    s,
    fx,
    e.hart,
    channel,
    priority,
    code,
    e.registers[6],
    e.registers[7],
    sessionLo[connection],
    sessionHi[connection],
  );
  return settleCredit(s, channel, connection, e.time, sent);
}

/** msg_info(receipt, info). */
export function msgInfo(s: State, fx: Effects, e: Event, t: number): number {
  const message = findReceipt(s, s.thread.process[t], e.argument(0));
  if (message === 0) return -NoProcess;
  const channel = s.message.channel[message];
  const length = s.message.sendLength[message];
  const bytes = putInfo(s, fx, message, channel, e.argument(0), length);
  return writeUser(s, fx, e.hart, t, e.argument(1), bytes, INFO_BYTES);
}

/** msg_read(receipt, offset, buf, length). */
export function msgRead(s: State, fx: Effects, e: Event, t: number): number {
  const own = messageOf(s, t);
  if (own === 0) return -Again;
  setPart(s, own, Fill, e.argument(2), Math.min(e.argument(3), MESSAGE_BYTES));
  return readMessage(s, fx, e.hart, own, e.argument(0), e.argument(1));
}
