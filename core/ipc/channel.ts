import { assert } from "../assert.ts";
import { lookupName, mayBind } from "../cap/namespace.ts";
import { dropCapability, nameNode } from "../cap/naming.ts";
import { createNode } from "../cap/node.ts";
import { CapKind, NameKind, Right } from "../cap/tables.ts";
import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { allocRow, freeRow, freeRows } from "../state/table.ts";
import { UNITS } from "../limits.ts";
import { WaitKind } from "../sched/tables.ts";
import { firstWaiter } from "../sched/wait.ts";
import { loseChannel } from "./connection.ts";
import { Cause, endWait } from "./end.ts";
import { discardPulses } from "./pulse.ts";
import { drainRing, mayReserve, reserveRing } from "./ring.ts";
import { countNames, drainNames } from "./service_name.ts";
import { CHANNEL_FLAGS, ChannelFlag } from "./tables.ts";
import { mayTellThreads, tellThreads } from "./thread_death.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { ChannelFree, ChannelUsed } = Account;
const { Channel } = CapKind;
const { ConnectionDeath, ThreadDeath } = ChannelFlag;
const { Again, Busy, Invalid } = Err;
const { Node } = NameKind;
const { MessageReceive, MessageReply, MessageSend } = WaitKind;

/** Rights of whoever makes a channel; connections get those to send. */
const OWNER = Right.Receive | Right.Send | Right.Grant | Right.Control;

/**
 * The channel a process receives on by a number. Only its owner receives, whoever else may name it.
 *
 * @returns the channel, or 0
 */
export function findChannel(s: State, process: number, id: number): number {
  const node = lookupName(s, process, id, Node);
  const c = s.capNode;
  if (node === 0 || c.kind[node] !== Channel) return 0;
  if ((c.rights[node] & Right.Receive) === 0) return 0;
  const channel = c.object[node];
  return s.channel.process[channel] === process ? channel : 0;
}

/**
 * Makes a channel that a process receives on.
 *
 * @param flags ChannelFlag bits
 * @param capacity entries of its ring, for an asynchronous channel; 0 for one without
 * @returns its number, -Err.Invalid for unknown flags or no such capacity, -Err.Busy when the
 * process has a channel for news of connections' or threads' ends already, -Err.Again when a table
 * or the process's namespace is full
 */
export function createChannel(
  s: State,
  process: number,
  flags: number,
  capacity = 0,
): number {
  if ((flags & ~CHANNEL_FLAGS) !== 0) return -Invalid;
  const tellsConnections = (flags & ConnectionDeath) !== 0;
  if (tellsConnections && s.process.connectionDeath[process] !== 0) return -Busy;
  const tellsThreads = (flags & ThreadDeath) !== 0;
  if (tellsThreads && s.process.threadDeath[process] !== 0) return -Busy;
  if (mayBind(s, process, Node) < 0) return -Again;
  if (freeRows(s.channel) === 0 || freeRows(s.capNode) === 0) return -Again;
  if (tellsThreads && !mayTellThreads(s, process)) return -Again;
  const ring = capacity === 0 ? 0 : mayReserve(s, process, capacity);
  if (ring < 0) return ring;
  // From here on it must succeed.
  const c = s.channel;
  const channel = allocRow(c);
  post(s, ChannelFree, ChannelUsed, 1);
  c.process[channel] = process;
  c.flags[channel] = flags;
  const first = s.process.firstChannel[process];
  c.nextOfProcess[channel] = first;
  if (first !== 0) c.previousOfProcess[first] = channel;
  s.process.firstChannel[process] = channel;
  if (tellsConnections) s.process.connectionDeath[process] = channel;
  if (tellsThreads) tellThreads(s, process, channel);
  if (capacity > 0) reserveRing(s, channel, capacity);
  const node = createNode(s, process, Channel, channel, OWNER);
  const id = nameNode(s, process, node);
  c.node[channel] = node;
  c.nodeGeneration[channel] = s.capNode.$generation[node];
  c.id[channel] = id;
  return id;
}

/** Takes a channel from its process: from now on nothing finds it. The rest goes in steps. */
export function destroyChannel(s: State, channel: number): void {
  const c = s.channel;
  const process = c.process[channel];
  if (s.process.connectionDeath[process] === channel) s.process.connectionDeath[process] = 0;
  if (s.process.threadDeath[process] === channel) s.process.threadDeath[process] = 0;
  const next = c.nextOfProcess[channel];
  const previous = c.previousOfProcess[channel];
  if (next !== 0) c.previousOfProcess[next] = previous;
  if (previous !== 0) c.nextOfProcess[previous] = next;
  else s.process.firstChannel[process] = next;
  c.previousOfProcess[channel] = 0;
  s.process.ringReserved[process] -= c.ringCapacity[channel];
  s.process.serviceNames[process] -= countNames(s, channel);
  c.process[channel] = 0;
  c.dying[channel] = 1;
  c.nextOfProcess[channel] = s.ipc.dyingChannel[ONE];
  s.ipc.dyingChannel[ONE] = channel;
}

/** Answers those who wait in one queue of a dying channel; true when none is left. */
function drainQueue(s: State, fx: Effects, h: number, channel: number, kind: number): boolean {
  for (; fx.woken < UNITS; fx.woken++) {
    const thread = firstWaiter(s, kind, channel);
    if (thread === 0) return true;
    endWait(s, fx, h, thread, Cause.ChannelDestroyed);
  }
  return firstWaiter(s, kind, channel) === 0;
}

/** Tells those who are connected to a dying channel; true when none is left. */
function drainConnections(s: State, fx: Effects, h: number, channel: number): boolean {
  for (; fx.woken < UNITS; fx.woken++) {
    const connection = s.channel.firstConnection[channel];
    if (connection === 0) return true;
    loseChannel(s, fx, h, connection);
  }
  return s.channel.firstConnection[channel] === 0;
}

/** Takes the first dying channel further apart; true when it is gone. */
export function drainChannel(s: State, fx: Effects, h: number): boolean {
  const channel = s.ipc.dyingChannel[ONE];
  if (!drainQueue(s, fx, h, channel, MessageReceive)) return false;
  if (!drainQueue(s, fx, h, channel, MessageReply)) return false;
  if (!drainQueue(s, fx, h, channel, MessageSend)) return false;
  if (!drainConnections(s, fx, h, channel)) return false;
  if (!discardPulses(s, fx, channel)) return false;
  if (!drainRing(s, fx, channel)) return false;
  if (!drainNames(s, fx, channel)) return false;
  s.ipc.dyingChannel[ONE] = s.channel.nextOfProcess[channel];
  s.channel.nextOfProcess[channel] = 0;
  s.channel.dying[channel] = 2;
  if (s.channel.refs[channel] === 0) freeChannel(s, channel);
  return true;
}

function freeChannel(s: State, channel: number): void {
  freeRow(s.channel, channel);
  post(s, ChannelUsed, ChannelFree, 1);
}

/** Gives a node's reference of a channel back: the last one destroys it. */
export function releaseChannel(s: State, channel: number): void {
  assert(s.channel.refs[channel] > 0, "a channel that is released was held");
  if (--s.channel.refs[channel] > 0) return;
  if (s.channel.dying[channel] === 0) destroyChannel(s, channel);
  else if (s.channel.dying[channel] === 2) freeChannel(s, channel);
}

/**
 * Destroys a channel by its owner's number, which goes with it.
 *
 * @returns 0 or -Err.Invalid
 */
export function destroyNamed(
  s: State,
  fx: Effects,
  h: number,
  process: number,
  id: number,
): number {
  const channel = findChannel(s, process, id);
  if (channel === 0) return -Invalid;
  // From here on it must succeed.
  destroyChannel(s, channel);
  dropCapability(s, fx, h, lookupName(s, process, id, Node));
  return 0;
}
