import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { AccessKind } from "../event.ts";
import type { State } from "../kernel.ts";
import { resolveRange } from "../mem/user.ts";
import { WaitKind } from "../sched/tables.ts";
import { firstWaiter, waitOn } from "../sched/wait.ts";
import { goesBefore } from "./arrival.ts";
import { armDeadline } from "./call.ts";
import { mayLand } from "./carry.ts";
import { Cause, endWait, isOverdue } from "./end.ts";
import { awaitPassed, mayPass, pagesToPass, passPages } from "./handover.ts";
import { resolveParts, Side } from "./parts.ts";
import { endService, servePriority } from "./priority.ts";
import { receivePulse, takesPulse } from "./pulse.ts";
import { isRingFirst, receivePosted } from "./ring.ts";
import { INFO_BYTES, MessageState, Pass } from "./tables.ts";
import { bytesBetween, moveMessage } from "./transfer.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { Read, Write } = AccessKind;
const { BadAddress } = Err;
const { Receiving } = MessageState;
const { Pending, Restart } = Result;
const { Fill, Send } = Side;
const { MessageReceive, MessageSend } = WaitKind;

/** Messages that cannot be received, or whose time is over, that one event passes over. */
const PASSES = 4;

/** Whether the first thing a channel has for its receivers is a pulse. */
function isPulseFirst(s: State, channel: number, message: number): boolean {
  const pulse = s.channel.firstPulse[channel];
  if (pulse === 0) return false;
  if (message === 0) return true;
  const a = s.pulse.priority[pulse];
  const b = s.waiter.priority[s.thread.waiter[s.message.thread[message]]];
  return goesBefore(a, s.pulse.arrival[pulse], b, s.message.arrival[message]);
}

/** Makes where a receiver wants information about a message ready. */
function prepareInfo(s: State, fx: Effects, h: number, to: number): number {
  const info = s.message.info[to];
  if (info === 0) return 0;
  const thread = s.message.thread[to];
  return resolveRange(s, fx, h, thread, info, INFO_BYTES, Write);
}

/** Makes a receiver's own memory ready for a message, of which so many pages are passed. */
function prepare(
  s: State,
  fx: Effects,
  h: number,
  from: number,
  to: number,
  pages: number,
): number {
  if (s.message.inMemory[from] === 0) return 0;
  if (pages > 0) return mayPass(s, h, from, to, pages);
  return resolveParts(s, fx, h, to, Fill, bytesBetween(s, from, to), Write);
}

/** Makes a sender's memory ready for the receiver, which waits where that takes time. */
function prepareSender(s: State, fx: Effects, h: number, from: number, to: number): number {
  if (s.message.inMemory[from] === 0) return 0;
  const length = bytesBetween(s, from, to);
  const receiver = s.message.thread[to];
  return resolveParts(s, fx, h, from, Send, length, Read, receiver);
}

/**
 * Receives the first message, pulse or post of a channel, as the row of the receiver describes it;
 * blocks when there is none.
 *
 * @param to message row of the receiver
 * @param now the hart's time, ns
 * @returns the receipt of a message, 0 for a pulse or what was posted, -Err.BadAddress,
 * -Err.NoMemory, or Result.Pending
 */
export function receive(
  s: State,
  fx: Effects,
  h: number,
  now: number,
  to: number,
  channel: number,
): number {
  const m = s.message;
  const thread = m.thread[to];
  m.channel[to] = channel;
  m.channelGeneration[to] = s.channel.$generation[channel];
  for (let pass = 0; pass < PASSES; pass++) {
    const sender = firstWaiter(s, MessageSend, channel);
    const from = sender === 0 ? 0 : s.thread.message[sender];
    if (isRingFirst(s, channel, from)) {
      receivePosted(s, fx, h, thread, channel);
      return 0;
    }
    if (isPulseFirst(s, channel, from)) {
      if (!takesPulse(s, to)) return -BadAddress;
      servePriority(s, fx, h, channel, thread, s.pulse.priority[s.channel.firstPulse[channel]]);
      receivePulse(s, fx, thread, channel);
      return 0;
    }
    if (from === 0) {
      wait(s, fx, h, now, thread, to, channel);
      return Pending;
    }
    if (isOverdue(s, from)) {
      endWait(s, fx, h, sender, Cause.Timeout);
      continue;
    }
    const told = prepareInfo(s, fx, h, to);
    if (told < 0) return told;
    const passes = m.inMemory[from] > Pass.Copied;
    const pages = passes ? pagesToPass(s, from, to, bytesBetween(s, from, to)) : 0;
    const ready = prepare(s, fx, h, from, to, pages);
    // As its client is told, the message is lost: the server may have no other buffer.
    if (ready === -BadAddress) endWait(s, fx, h, sender, Cause.ServerFault);
    if (ready < 0) return ready;
    if (m.carried[from] !== 0 && !mayLand(s, from, s.thread.process[thread])) {
      endWait(s, fx, h, sender, Cause.NoRoom);
      continue;
    }
    const readable = prepareSender(s, fx, h, from, to);
    if (readable < 0 && readable !== -BadAddress) return readable;
    if (readable === 0) {
      m.priority[from] = s.waiter.priority[s.thread.waiter[sender]];
      servePriority(s, fx, h, channel, thread, m.priority[from]);
      if (pages === 0) return moveMessage(s, fx, from, to, channel);
      passPages(s, fx, h, from, to, pages);
      const length = bytesBetween(s, from, to);
      return awaitPassed(s, fx, thread, moveMessage(s, fx, from, to, channel, true), length);
    }
    endWait(s, fx, h, sender, Cause.SenderFault);
  }
  return Restart;
}

function wait(
  s: State,
  fx: Effects,
  h: number,
  now: number,
  thread: number,
  message: number,
  channel: number,
): void {
  s.message.state[message] = Receiving;
  armDeadline(s, fx, h, now, thread, message);
  endService(s, fx, h, channel, thread);
  waitOn(s, thread, MessageReceive, channel);
}
