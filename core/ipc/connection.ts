import { assert } from "../assert.ts";
import { lookupName, mayBind } from "../cap/namespace.ts";
import { dropCapability, nameNode } from "../cap/naming.ts";
import { dependentNode } from "../cap/node.ts";
import { DEPTH_LIMIT, isRevoked } from "../cap/revoke.ts";
import { CapKind, NameKind, Right } from "../cap/tables.ts";
import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { UNITS } from "../limits.ts";
import { findProcess } from "../proc/process.ts";
import { WaitKind } from "../sched/tables.ts";
import { allocRow, freeRow, freeRows, isCurrent } from "../state/table.ts";
import { findChannel } from "./channel.ts";
import { askServer, Cause, endWait, mustAsk } from "./end.ts";
import { leaveConnection } from "./message.ts";
import { sendKernelPulse } from "./pulse.ts";
import { createPulse, freePulse } from "./pulse_row.ts";
import { ChannelFlag, CONNECTIONS, PulseCode, sessionOf } from "./tables.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { ConnectionFree, ConnectionUsed } = Account;
const { Connection: capKindConnection } = CapKind;
const { Disconnect: channelFlagDisconnect } = ChannelFlag;
const { Again, BadDescriptor, Invalid, NoProcess } = Err;
const { Connection: nameKindConnection } = NameKind;
const { ConnectionDeath, Disconnect: pulseCodeDisconnect } = PulseCode;
const { MessageReply, MessageSend } = WaitKind;

/**
 * The connection a process may send through by a number, its own or one it was given.
 *
 * @returns the connection, or 0
 */
export function findConnection(s: State, process: number, id: number): number {
  const node = lookupName(s, process, id, nameKindConnection);
  const c = s.capNode;
  if (node === 0 || c.kind[node] !== capKindConnection) return 0;
  if ((c.rights[node] & Right.Send) === 0) return 0;
  const connection = c.object[node];
  return s.connection.dying[connection] === 0 ? connection : 0;
}

/**
 * Ends a connection by a process's number, which goes with it; others it was given to keep it.
 *
 * @returns 0 or -Err.Invalid
 */
export function detachNamed(s: State, fx: Effects, h: number, process: number, id: number): number {
  const node = lookupName(s, process, id, nameKindConnection);
  if (node === 0) return -Invalid;
  // From here on it must succeed.
  dropCapability(s, fx, h, node);
  return 0;
}

/** The channel a connection leads to, or 0 when that is gone. */
export function channelOf(s: State, connection: number): number {
  const channel = s.connection.channel[connection];
  return channel !== 0 && s.channel.dying[channel] === 0 ? channel : 0;
}

/** The channel a connection leads to, or -Err.BadDescriptor when that is gone. */
export function channelBehind(s: State, connection: number): number {
  const channel = channelOf(s, connection);
  return channel === 0 ? -BadDescriptor : channel;
}

/** A connection of a process to a channel, or 0. At most CONNECTIONS are looked at. */
function connectionTo(s: State, process: number, channel: number): number {
  let connection = s.process.firstConnection[process];
  while (connection !== 0 && s.connection.channel[connection] !== channel) {
    connection = s.connection.nextOfProcess[connection];
  }
  return connection;
}

/**
 * Connects a process to a channel.
 *
 * @param pid of the channel's owner, 0 for the process itself
 * @param id the number the owner has for the channel
 * @returns the connection's number, -Err.NoProcess when there is no such process or channel,
 * -Err.Again when the process or the system has too many connections
 */
export function attach(s: State, fx: Effects, process: number, pid: number, id: number): number {
  const owner = pid === 0 ? process : findProcess(s, pid);
  const channel = owner === 0 ? 0 : findChannel(s, owner, id);
  return channel === 0 ? -NoProcess : connect(s, fx, process, channel);
}

/**
 * Connects a process to a channel by what its owner receives by, which every connection comes from.
 *
 * @returns the connection's number, -Err.NoProcess when nothing may be derived from that, or
 * -Err.Again when the process or the system has too many connections
 */
export function connect(s: State, fx: Effects, process: number, channel: number): number {
  const node = s.channel.node[channel];
  // Without the node it receives by, or while that is being revoked, nothing is derived from it.
  if (!isCurrent(s.capNode, node, s.channel.nodeGeneration[channel])) return -NoProcess;
  if (isRevoked(s, node) || s.capNode.depth[node] >= DEPTH_LIMIT) return -NoProcess;
  if (s.process.connections[process] >= CONNECTIONS) return -Again;
  if (freeRows(s.connection) === 0 || freeRows(s.pulse) === 0) return -Again;
  if (freeRows(s.capNode) === 0 || mayBind(s, process, nameKindConnection) < 0) return -Again;
  // From here on it must succeed.
  const same = connectionTo(s, process, channel);
  const connection = allocRow(s.connection);
  post(s, ConnectionFree, ConnectionUsed, 1);
  const c = s.connection;
  c.process[connection] = process;
  c.channel[connection] = channel;
  c.pulse[connection] = createPulse(s);
  c.sessionLo[connection] = same === 0 ? connection : c.sessionLo[same];
  // Nobody gets a fuller bucket by detaching and attaching again.
  const owed = s.process.owedUntil[process];
  c.fullAt[connection] = same === 0 ? owed : Math.max(owed, c.fullAt[same]);
  c.sessionHi[connection] = same === 0 ? c.$generation[connection] : c.sessionHi[same];
  link(s, process, channel, connection);
  fx.charge(s.process.connections[process]);
  const rights = Right.Send | Right.Grant;
  const made = dependentNode(s, node, process, capKindConnection, connection, rights);
  c.id[connection] = nameNode(s, process, made);
  return c.id[connection];
}

function link(s: State, process: number, channel: number, connection: number): void {
  const c = s.connection;
  const ofProcess = s.process.firstConnection[process];
  c.nextOfProcess[connection] = ofProcess;
  if (ofProcess !== 0) c.previousOfProcess[ofProcess] = connection;
  s.process.firstConnection[process] = connection;
  s.process.connections[process]++;
  const ofChannel = s.channel.firstConnection[channel];
  c.nextOfChannel[connection] = ofChannel;
  if (ofChannel !== 0) c.previousOfChannel[ofChannel] = connection;
  s.channel.firstConnection[channel] = connection;
}

/** Takes a connection out of its channel's list; it leads nowhere any more. */
function unlinkFromChannel(s: State, connection: number): void {
  const c = s.connection;
  const channel = c.channel[connection];
  if (channel === 0) return;
  const next = c.nextOfChannel[connection];
  const previous = c.previousOfChannel[connection];
  if (next !== 0) c.previousOfChannel[next] = previous;
  if (previous !== 0) c.nextOfChannel[previous] = next;
  else s.channel.firstConnection[channel] = next;
  c.channel[connection] = 0;
  c.nextOfChannel[connection] = 0;
  c.previousOfChannel[connection] = 0;
}

/** Cuts a connection from its dying channel; its owner is told where it has a channel for that. */
export function loseChannel(s: State, fx: Effects, h: number, connection: number): void {
  unlinkFromChannel(s, connection);
  const process = s.connection.process[connection];
  const channel = process === 0 ? 0 : s.process.connectionDeath[process];
  if (channel === 0) return;
  const pulse = s.connection.pulse[connection];
  s.connection.pulse[connection] = 0;
  s.pulse.priority[pulse] = 1;
  const code = ConnectionDeath;
  sendKernelPulse(s, fx, h, channel, pulse, code, s.connection.id[connection]);
}

/** Takes a connection from its process: from now on nothing finds it. The rest goes in steps. */
export function detach(s: State, fx: Effects, connection: number): void {
  const c = s.connection;
  const process = c.process[connection];
  const next = c.nextOfProcess[connection];
  const previous = c.previousOfProcess[connection];
  if (next !== 0) c.previousOfProcess[next] = previous;
  if (previous !== 0) c.nextOfProcess[previous] = next;
  else s.process.firstConnection[process] = next;
  const left = --s.process.connections[process];
  c.previousOfProcess[connection] = 0;
  c.process[connection] = 0;
  c.dying[connection] = 1;
  const channel = channelOf(s, connection);
  if (c.fullAt[connection] > s.process.owedUntil[process]) {
    s.process.owedUntil[process] = c.fullAt[connection];
  }
  if (channel !== 0 && (s.channel.flags[channel] & channelFlagDisconnect) !== 0) {
    c.announce[connection] = connectionTo(s, process, channel) === 0 ? 1 : 0;
    fx.woken += left;
  }
  c.nextOfProcess[connection] = s.ipc.dyingConnection[ONE];
  s.ipc.dyingConnection[ONE] = connection;
}

/** Lets go of the messages in flight through a detached connection; true when none is left. */
function endMessages(s: State, fx: Effects, h: number, connection: number): boolean {
  for (; fx.woken < UNITS; fx.woken++) {
    const message = s.connection.firstMessage[connection];
    if (message === 0) return true;
    leaveConnection(s, message);
    const thread = s.message.thread[message];
    const kind = s.waiter.kind[s.thread.waiter[thread]];
    // It may be awake already, on its way to end its call.
    if (kind !== MessageSend && kind !== MessageReply) continue;
    if (mustAsk(s, message)) askServer(s, fx, h, message, BadDescriptor);
    else endWait(s, fx, h, thread, Cause.ConnectionDetached);
  }
  return s.connection.firstMessage[connection] === 0;
}

/** Takes the first detached connection further apart; true when it is gone. */
export function drainConnection(s: State, fx: Effects, h: number): boolean {
  const c = s.connection;
  const connection = s.ipc.dyingConnection[ONE];
  if (!endMessages(s, fx, h, connection)) return false;
  fx.woken++;
  const channel = channelOf(s, connection);
  const announce = channel !== 0 && c.announce[connection] === 1;
  const session = sessionOf(c.sessionLo[connection], c.sessionHi[connection]);
  const pulse = c.pulse[connection];
  c.pulse[connection] = 0;
  unlinkFromChannel(s, connection);
  s.ipc.dyingConnection[ONE] = c.nextOfProcess[connection];
  c.nextOfProcess[connection] = 0;
  c.dying[connection] = 2;
  if (c.refs[connection] === 0) freeConnection(s, connection);
  if (announce) {
    s.pulse.priority[pulse] = 1;
    sendKernelPulse(s, fx, h, channel, pulse, pulseCodeDisconnect, session);
  } else if (pulse !== 0) freePulse(s, pulse);
  return true;
}

function freeConnection(s: State, connection: number): void {
  freeRow(s.connection, connection);
  post(s, ConnectionUsed, ConnectionFree, 1);
}

/** Gives a node's reference of a connection back: the last one detaches it. */
export function releaseConnection(s: State, fx: Effects, connection: number): void {
  const c = s.connection;
  assert(c.refs[connection] > 0, "a connection that is released was held");
  if (--c.refs[connection] > 0) return;
  if (c.dying[connection] === 0) detach(s, fx, connection);
  else if (c.dying[connection] === 2) freeConnection(s, connection);
}
