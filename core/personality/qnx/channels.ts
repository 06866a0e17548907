import type { Effects } from "../../effect.ts";
import { Err } from "../../error.ts";
import type { Event } from "../../event.ts";
import { bindChannel } from "../../ipc/arrival.ts";
import { findChannel } from "../../ipc/channel.ts";
import { channelBehind, connect } from "../../ipc/connection.ts";
import { COUNTER_BYTES, putCounters } from "../../ipc/counters.ts";
import { limitChannel, mayCome, settleCredit } from "../../ipc/limit.ts";
import { postMessage } from "../../ipc/ring.ts";
import { claimName, dropName, findService } from "../../ipc/service_name.ts";
import { POST_BYTES } from "../../ipc/tables.ts";
import type { State } from "../../kernel.ts";
import { writeUser } from "../../mem/user_copy.ts";
import { ownPriority } from "../../sched/effective_priority.ts";
import { pathArgument, pathOffset } from "../linux/arguments.ts";
import { makeChannel } from "./ends.ts";
import { connectionArgument } from "./messages.ts";

/** channel_create_async(flags, capacity). */
export function channelCreateAsync(s: State, fx: Effects, e: Event, t: number): number {
  return e.argument(1) === 0 ? -Err.Invalid : makeChannel(s, fx, e, t, e.argument(1));
}

/** msg_post(coid, tag, word…): the words are in a2 to a5, as many as the tag's length says. */
export function msgPost(s: State, fx: Effects, e: Event, t: number): number {
  if (e.uint(1) > POST_BYTES) return -Err.Invalid;
  const connection = connectionArgument(s, e, t);
  if (connection < 0) return connection;
  const channel = channelBehind(s, connection);
  if (channel < 0) return channel;
  const limited = mayCome(s, channel, connection, e.time);
  if (limited < 0) return limited;
  const own = ownPriority(s, t);
  const sent = postMessage(s, fx, e.hart, channel, connection, own, e.uint(1), e.registers, 4);
  return settleCredit(s, channel, connection, e.time, sent);
}

/** The channel a call names as its first argument, or -Err.NoProcess. */
function channelArgument(s: State, e: Event, t: number): number {
  const channel = findChannel(s, s.thread.process[t], e.argument(0));
  return channel === 0 ? -Err.NoProcess : channel;
}

/** channel_bind(chid, token, bits). */
export function channelBind(s: State, fx: Effects, e: Event, t: number): number {
  const channel = channelArgument(s, e, t);
  return channel < 0 ? channel : bindChannel(s, fx, e.hart, channel, e.argument(1), e.argument(2));
}

/** name_attach(name, chid). */
export function nameAttach(s: State, _fx: Effects, e: Event, t: number): number {
  const length = pathArgument(e, 0);
  if (length < 0) return length;
  const channel = findChannel(s, s.thread.process[t], e.argument(1));
  if (channel === 0) return -Err.NoProcess;
  return claimName(s, channel, e.payload, pathOffset(e, 0), length);
}

/** The row of the name a call's first argument is, or -Err. */
function serviceArgument(s: State, e: Event): number {
  const length = pathArgument(e, 0);
  if (length < 0) return length;
  const row = findService(s, e.payload, pathOffset(e, 0), length);
  return row === 0 ? -Err.NotFound : row;
}

/** name_open(name). */
export function nameOpen(s: State, fx: Effects, e: Event, t: number): number {
  const row = serviceArgument(s, e);
  if (row < 0) return row;
  return connect(s, fx, s.thread.process[t], s.serviceName.channel[row]);
}

/** name_detach(name). */
export function nameDetach(s: State, _fx: Effects, e: Event, t: number): number {
  const row = serviceArgument(s, e);
  if (row < 0) return row;
  const owner = s.channel.process[s.serviceName.channel[row]];
  if (owner !== s.thread.process[t]) return -Err.NotPermitted;
  dropName(s, row);
  return 0;
}

/** channel_limit(chid, rate, burst). */
export function channelLimit(s: State, _fx: Effects, e: Event, t: number): number {
  const channel = channelArgument(s, e, t);
  return channel < 0 ? channel : limitChannel(s, channel, e.argument(1), e.argument(2));
}

/** channel_counters(chid, counters). */
export function channelCounters(s: State, fx: Effects, e: Event, t: number): number {
  const channel = channelArgument(s, e, t);
  if (channel < 0) return channel;
  const bytes = putCounters(s, fx, channel);
  return writeUser(s, fx, e.hart, t, e.argument(1), bytes, COUNTER_BYTES);
}
