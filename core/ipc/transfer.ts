import type { Effects } from "../effect.ts";
import { roleRegister } from "../isa/signal_frame.ts";
import { AccessKind } from "../event.ts";
import type { State } from "../kernel.ts";
import { PAGE_BYTES } from "../limits.ts";
import { peekUser } from "../mem/user.ts";
import { linkWaiter, unlinkWaiter } from "../sched/wait.ts";
import { WaitKind } from "../sched/tables.ts";
import { land } from "./carry.ts";
import { giveReceipt } from "./message.ts";
import { arePartsPresent, copyParts, Side } from "./parts.ts";
import { ChannelFlag, INFO_BYTES, Pass, sessionOf } from "./tables.ts";
import { registersOf, TAG_LENGTH, TagFlag } from "./tag.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { Write } = AccessKind;
const { ReplyLength, SenderLength } = ChannelFlag;
const { Fill, Send } = Side;
const { Memory } = TagFlag;
const { MessageReply } = WaitKind;
const { a1 } = roleRegister;

/** Bytes a receiver gets of a message that lies in memory. */
export function bytesBetween(s: State, from: number, to: number): number {
  return Math.min(s.message.sendLength[from], s.message.replyLength[to]);
}

/**
 * Writes the information about a message as immediate bytes.
 *
 * @returns their offset in `fx.bytes`
 */
export function putInfo(
  s: State,
  fx: Effects,
  message: number,
  channel: number,
  receipt: number,
  length: number,
): number {
  const m = s.message;
  const at = fx.reserveBytes(INFO_BYTES);
  const sender = m.thread[message];
  const flags = s.channel.flags[channel];
  const session = sessionOf(m.sessionLo[message], m.sessionHi[message]);
  fx.setU32(at, s.process.pid[s.thread.process[sender]]);
  fx.setU32(at + 4, s.thread.tid[sender]);
  fx.setU64(at + 8, s.channel.id[channel]);
  fx.setU64(at + 16, session);
  fx.setU64(at + 24, receipt);
  fx.setU32(at + 32, length);
  fx.setU32(at + 36, (flags & SenderLength) === 0 ? 0 : m.sendLength[message]);
  fx.setU32(at + 40, (flags & ReplyLength) === 0 ? 0 : m.replyLength[message]);
  fx.setU32(at + 44, m.priority[message]);
  fx.setU32(at + 48, m.inMemory[message] === Pass.Registers ? 0 : 1);
  fx.setU32(at + 52, 0);
  return at;
}

/** Whether information can be written where a receiver wants it, as its memory is mapped now. */
function isInfoPresent(s: State, receiver: number, info: number): boolean {
  return info === 0 || (peekUser(s, receiver, info, Write) !== 0 &&
    peekUser(s, receiver, info + INFO_BYTES - 1, Write) !== 0);
}

/** Writes bytes to memory that is present. */
function tell(
  s: State,
  fx: Effects,
  thread: number,
  address: number,
  bytesAt: number,
  length: number,
): void {
  const at = address % PAGE_BYTES;
  const first = Math.min(length, PAGE_BYTES - at);
  fx.write(peekUser(s, thread, address, Write), at, bytesAt, first);
  if (first === length) return;
  const next = peekUser(s, thread, address + first, Write);
  fx.write(next, 0, bytesAt + first, length - first);
}

/**
 * Whether all memory of a receiver that a message would go to can be written now. Pages are passed
 * in the receiver's own call.
 */
export function isReceiverReady(s: State, from: number, to: number): boolean {
  if (s.message.inMemory[from] > Pass.Copied) return false;
  if (!isInfoPresent(s, s.message.thread[to], s.message.info[to])) return false;
  if (s.message.inMemory[from] === 0) return true;
  return arePartsPresent(s, to, Fill, bytesBetween(s, from, to), Write);
}

/**
 * Moves a message to a receiver and makes its sender wait for the reply. Both sides' memory must be
 * ready. The sender is blocked: in the send queue, or not linked yet.
 *
 * @param from message row of the sender
 * @param to message row of the receiver
 * @param passed whether its bytes are there already; then a1 is set when the receive returns
 * @returns the receipt, which the receiver's call returns
 */
export function moveMessage(
  s: State,
  fx: Effects,
  from: number,
  to: number,
  channel: number,
  passed = false,
): number {
  const m = s.message;
  const sender = m.thread[from];
  const receiver = m.thread[to];
  let length = m.tag[from] & TAG_LENGTH;
  if (m.inMemory[from] === 0) {
    fx.copyRegisterSet(sender, receiver, registersOf(length));
    if (m.carried[from] !== 0) land(s, fx, from, receiver);
  } else {
    length = bytesBetween(s, from, to);
    if (!passed) {
      copyParts(s, fx, from, Send, to, Fill, length);
      fx.setRegister(receiver, a1, Memory + length);
    }
  }
  const receipt = giveReceipt(s, from, s.channel.process[channel]);
  if (m.info[to] !== 0) {
    const bytes = putInfo(s, fx, from, channel, receipt, length);
    tell(s, fx, receiver, m.info[to], bytes, INFO_BYTES);
  }
  const waiter = s.thread.waiter[sender];
  unlinkWaiter(s, waiter);
  linkWaiter(s, waiter, MessageReply, channel);
  s.channel.received[channel]++;
  return receipt;
}
