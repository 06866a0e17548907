import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import { roleRegister } from "../isa/signal_frame.ts";
import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { UNITS } from "../limits.ts";
import { completeCall } from "../sched/call.ts";
import { enterByPriority, leaveByPriority } from "../sched/priority_list.ts";
import { WaitKind } from "../sched/tables.ts";
import { firstWaiter } from "../sched/wait.ts";
import { noteArrival, restartReceivers, signalArrival } from "./arrival.ts";
import { servePriority } from "./priority.ts";
import { createPulse, freePulse } from "./pulse_row.ts";
import { PULSE_BYTES, PULSES, sessionOf } from "./tables.ts";
import { TagFlag } from "./tag.ts";

const TWO_32 = 0x1_0000_0000;
/** Most equal pulses that one row stands for besides its own. */
const REPEATS = TWO_32 - 1;

/** Whether the receive a message row describes can take a pulse. */
export function takesPulse(s: State, message: number): boolean {
  const room = s.message.replyLength[message];
  return room === 0 || room >= PULSE_BYTES;
}

/** Puts a pulse into a receiver's registers. */
function handPulse(
  fx: Effects,
  thread: number,
  code: number,
  valueLo: number,
  valueHi: number,
  session: number,
): void {
  fx.setRegister(thread, roleRegister.a1, TagFlag.Pulse + PULSE_BYTES);
  fx.setRegister(thread, roleRegister.a2, code);
  fx.setRegisterWords(thread, roleRegister.a3, valueLo, valueHi);
  fx.setRegister(thread, roleRegister.a4, session);
}

/** Hands a pulse to a waiting receiver that can take it; false when there is none. */
function handToReceiver(
  s: State,
  fx: Effects,
  h: number,
  channel: number,
  priority: number,
  code: number,
  valueLo: number,
  valueHi: number,
  session: number,
): boolean {
  const receiver = firstWaiter(s, WaitKind.MessageReceive, channel);
  if (receiver === 0) return false;
  if (!takesPulse(s, s.thread.message[receiver])) {
    restartReceivers(s, fx, h, channel);
    return false;
  }
  servePriority(s, fx, h, channel, receiver, priority);
  handPulse(fx, receiver, code, valueLo, valueHi, session);
  completeCall(s, fx, h, receiver, 0);
  return true;
}

function queue(
  s: State,
  fx: Effects,
  h: number,
  channel: number,
  pulse: number,
  code: number,
  valueLo: number,
  valueHi: number,
): void {
  const p = s.pulse;
  p.code[pulse] = code;
  p.valueLo[pulse] = valueLo;
  p.valueHi[pulse] = valueHi;
  p.arrival[pulse] = noteArrival(s, channel);
  post(s, Account.PulseSource, Account.PulsePending, 1);
  fx.charge(enterByPriority(p, s.channel.firstPulse, s.channel.lastPulse, channel, pulse));
  signalArrival(s, fx, h, channel);
}

/**
 * The pulse of a program that one equal to it may be counted in: it came last of all that had to
 * wait at the channel, and waits still, so nothing comes between the two.
 *
 * @returns the pulse, or 0
 */
function equalPulse(
  s: State,
  channel: number,
  priority: number,
  code: number,
  valueLo: number,
  valueHi: number,
  sessionLo: number,
  sessionHi: number,
): number {
  const p = s.pulse;
  const pulse = s.channel.newest[channel];
  const equal = pulse !== 0 && p.priority[pulse] === priority && p.code[pulse] === code &&
    p.valueLo[pulse] === valueLo && p.valueHi[pulse] === valueHi &&
    p.sessionLo[pulse] === sessionLo && p.sessionHi[pulse] === sessionHi;
  return equal && p.repeats[pulse] < REPEATS ? pulse : 0;
}

/**
 * Sends a pulse of a program. One like the last that had to wait takes no row of its own.
 *
 * @param priority 1 to 255
 * @returns 0, or -Err.Again when too many wait at the channel or in the system
 */
export function sendPulse(
  s: State,
  fx: Effects,
  h: number,
  channel: number,
  priority: number,
  code: number,
  valueLo: number,
  valueHi: number,
  sessionLo: number,
  sessionHi: number,
): number {
  const session = sessionOf(sessionLo, sessionHi);
  if (handToReceiver(s, fx, h, channel, priority, code, valueLo, valueHi, session)) {
    post(s, Account.PulseSource, Account.PulseReceived, 1);
    s.channel.pulsed[channel]++;
    return 0;
  }
  const equal = equalPulse(s, channel, priority, code, valueLo, valueHi, sessionLo, sessionHi);
  if (equal !== 0) {
    s.pulse.repeats[equal]++;
    s.channel.arrivals[channel]++;
    s.channel.pulsed[channel]++;
    post(s, Account.PulseSource, Account.PulsePending, 1);
    signalArrival(s, fx, h, channel);
    return 0;
  }
  const pulse = s.channel.pulses[channel] >= PULSES ? 0 : createPulse(s);
  if (pulse === 0) {
    s.channel.full[channel]++;
    return -Err.Again;
  }
  // From here on it must succeed.
  s.pulse.priority[pulse] = priority;
  s.pulse.sessionLo[pulse] = sessionLo;
  s.pulse.sessionHi[pulse] = sessionHi;
  s.channel.pulses[channel]++;
  s.channel.pulsed[channel]++;
  queue(s, fx, h, channel, pulse, code, valueLo, valueHi);
  s.channel.newest[channel] = pulse;
  return 0;
}

/**
 * Sends a pulse of the kernel's own in a row that was kept for it, with the priority the row has.
 *
 * @param value a whole number below 2^53
 */
export function sendKernelPulse(
  s: State,
  fx: Effects,
  h: number,
  channel: number,
  pulse: number,
  code: number,
  value: number,
): void {
  const lo = value >>> 0;
  const hi = Math.floor(value / TWO_32);
  s.channel.pulsed[channel]++;
  if (handToReceiver(s, fx, h, channel, s.pulse.priority[pulse], code, lo, hi, 0)) {
    post(s, Account.PulseSource, Account.PulseReceived, 1);
    freePulse(s, pulse);
    return;
  }
  s.pulse.kernel[pulse] = 1;
  queue(s, fx, h, channel, pulse, code, lo, hi);
}

/** Takes a pulse out of its channel's queue, with those counted in it. */
function takeOff(s: State, channel: number, pulse: number, account: number): void {
  leaveByPriority(s.pulse, s.channel.firstPulse, s.channel.lastPulse, channel, pulse);
  if (s.pulse.kernel[pulse] === 0) s.channel.pulses[channel]--;
  if (s.channel.newest[channel] === pulse) s.channel.newest[channel] = 0;
  post(s, Account.PulsePending, account, 1 + s.pulse.repeats[pulse]);
  freePulse(s, pulse);
}

/** Gives the first pulse of a channel to a receiver; its call returns 0. */
export function receivePulse(s: State, fx: Effects, thread: number, channel: number): void {
  const p = s.pulse;
  const pulse = s.channel.firstPulse[channel];
  const session = sessionOf(p.sessionLo[pulse], p.sessionHi[pulse]);
  handPulse(fx, thread, p.code[pulse], p.valueLo[pulse], p.valueHi[pulse], session);
  if (p.repeats[pulse] === 0) return takeOff(s, channel, pulse, Account.PulseReceived);
  p.repeats[pulse]--;
  post(s, Account.PulsePending, Account.PulseReceived, 1);
}

/** Throws away the pulses of a dying channel, as far as the event goes; true when none is left. */
export function discardPulses(s: State, fx: Effects, channel: number): boolean {
  for (; fx.woken < UNITS; fx.woken++) {
    const pulse = s.channel.firstPulse[channel];
    if (pulse === 0) return true;
    takeOff(s, channel, pulse, Account.PulseDiscarded);
  }
  return s.channel.firstPulse[channel] === 0;
}
