import { isBits, setBits } from "../cap/notification.ts";
import { CapKind, Right } from "../cap/tables.ts";
import { checkToken } from "../cap/token.ts";
import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import type { State } from "../kernel.ts";
import { WaitKind, WakeReason } from "../sched/tables.ts";
import { firstWaiter, wakeThread } from "../sched/wait.ts";
import { isCurrent } from "../state/table.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { Notification } = CapKind;
const { Invalid } = Err;
const { MessageReceive } = WaitKind;
const { Restart } = WakeReason;

/**
 * Counts something that has to wait at a channel: its arrival number. A pulse that comes next is
 * not equal to what came last, unless that is noted (`channel.newest`).
 */
export function noteArrival(s: State, channel: number): number {
  s.channel.newest[channel] = 0;
  return ++s.channel.arrivals[channel];
}

/**
 * Whether one thing that waits at a channel is received before another: by its priority, and among
 * equals by its arrival number.
 */
export function goesBefore(
  priority: number,
  arrival: number,
  otherPriority: number,
  otherArrival: number,
): boolean {
  return priority > otherPriority || (priority === otherPriority && arrival < otherArrival);
}

/**
 * Has all receivers that wait at a channel run their calls again: what came needs their memory made
 * ready, or more room than the first of them has. They are of one process, so they are few; if only
 * the first ran and it did not take what came, the others would sleep beside it.
 */
export function restartReceivers(s: State, fx: Effects, h: number, channel: number): void {
  let restarted = 0;
  for (
    let receiver = firstWaiter(s, MessageReceive, channel);
    receiver !== 0;
    receiver = firstWaiter(s, MessageReceive, channel)
  ) {
    wakeThread(s, fx, h, receiver, Restart);
    restarted++;
  }
  fx.charge(restarted);
}

/**
 * Sets the bits of the notification that a channel is bound to, for something waits at the channel
 * now. Who has lost the capability it was bound by is told no more: nothing else is held.
 */
export function signalArrival(s: State, fx: Effects, h: number, channel: number): void {
  const c = s.channel;
  const bits = c.notifyBits[channel];
  if (bits === 0) return;
  const process = c.process[channel];
  const node = c.notify[channel];
  if (process === 0 || !isCurrent(s.capNode, node, c.notifyGeneration[channel])) return;
  if (s.capNode.space[node] !== process) return;
  setBits(s, fx, h, s.capNode.object[node], bits);
}

/**
 * Binds a channel to a notification, which is signalled whenever something has to wait at the
 * channel, and now if something does.
 *
 * @param token of a notification with the right to signal it; 0 to bind to none
 * @param bits to set: 1 to 2^31 - 1
 * @returns 0, -Err.Invalid for bits that are none, or the error of `checkToken`
 */
export function bindChannel(
  s: State,
  fx: Effects,
  h: number,
  channel: number,
  token: number,
  bits: number,
): number {
  const c = s.channel;
  if (token === 0) {
    c.notify[channel] = 0;
    c.notifyGeneration[channel] = 0;
    c.notifyBits[channel] = 0;
    return 0;
  }
  if (!isBits(bits)) return -Invalid;
  const node = checkToken(s, c.process[channel], token, Notification, Right.Send);
  if (node < 0) return node;
  // From here on it must succeed.
  c.notify[channel] = node;
  c.notifyGeneration[channel] = s.capNode.$generation[node];
  c.notifyBits[channel] = bits;
  const waits = c.sendHead[channel] | c.firstPulse[channel] | c.ringHead[channel];
  if (waits !== 0) signalArrival(s, fx, h, channel);
  return 0;
}
