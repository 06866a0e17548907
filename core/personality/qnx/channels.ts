import type { Effects } from "../../effect.ts";
import { Err } from "../../error.ts";
import type { Event } from "../../event.ts";
import { bindChannel } from "../../ipc/arrival.ts";
import { findChannel } from "../../ipc/channel.ts";
import { channelOf, findConnection } from "../../ipc/connection.ts";
import { postMessage } from "../../ipc/ring.ts";
import { POST_BYTES } from "../../ipc/tables.ts";
import type { State } from "../../kernel.ts";
import { ownPriority } from "../../sched/effective_priority.ts";
import { makeChannel } from "./ends.ts";

/** channel_create_async(flags, capacity). */
export function channelCreateAsync(s: State, fx: Effects, e: Event, t: number): number {
  return e.argument(1) === 0 ? -Err.Invalid : makeChannel(s, fx, e, t, e.argument(1));
}

/** msg_post(coid, tag, word…): the words are in a2 to a5, as many as the tag's length says. */
export function msgPost(s: State, fx: Effects, e: Event, t: number): number {
  if (e.uint(1) > POST_BYTES) return -Err.Invalid;
  const connection = findConnection(s, s.thread.process[t], e.argument(0));
  if (connection === 0) return -Err.BadDescriptor;
  const channel = channelOf(s, connection);
  if (channel === 0) return -Err.BadDescriptor;
  const priority = ownPriority(s, t);
  return postMessage(s, fx, e.hart, channel, connection, priority, e.uint(1), e.registers, 4);
}

/** channel_bind(chid, token, bits). */
export function channelBind(s: State, fx: Effects, e: Event, t: number): number {
  const channel = findChannel(s, s.thread.process[t], e.argument(0));
  if (channel === 0) return -Err.NoProcess;
  return bindChannel(s, fx, e.hart, channel, e.argument(1), e.argument(2));
}
