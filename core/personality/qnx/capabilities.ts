import type { Effects } from "../../effect.ts";
import { Err } from "../../error.ts";
import type { Event } from "../../event.ts";
import { carry, mayCarry } from "../../ipc/carry.ts";
import { channelBehind } from "../../ipc/connection.ts";
import { messageOf } from "../../ipc/message.ts";
import { replyCapabilities } from "../../ipc/reply.ts";
import { maySend, send } from "../../ipc/send.ts";
import { ChannelFlag } from "../../ipc/tables.ts";
import { capabilitiesOf, isCarrierTag, TAG_LENGTH, TagFlag } from "../../ipc/tag.ts";
import type { State } from "../../kernel.ts";
import { beginSend, connectionArgument } from "./messages.ts";

/** Whether a channel's owner may be sent the capabilities a call names; 0 or -Err. */
function mayGive(s: State, e: Event, t: number, tag: number, channel: number): number {
  if ((s.channel.flags[channel] & ChannelFlag.Capabilities) === 0) return -Err.NotSupported;
  return mayCarry(s, e, t, tag, s.channel.process[channel]);
}

/** msg_send_caps(coid, tag): as msg_send, with the capabilities that t3 to t6 name. */
export function msgSendCaps(s: State, fx: Effects, e: Event, t: number): number {
  const message = beginSend(s, fx, e.hart, t);
  if (message < 0) return message;
  const tag = e.uint(1);
  if (!isCarrierTag(tag, TagFlag.Takes)) return -Err.Invalid;
  const connection = connectionArgument(s, e, t);
  if (connection < 0) return connection;
  const channel = channelBehind(s, connection);
  if (channel < 0) return channel;
  const refused = capabilitiesOf(tag) === 0 ? 0 : mayGive(s, e, t, tag, channel);
  if (refused < 0) return refused;
  const may = maySend(s, message, connection, e.time);
  if (may < 0) return may;
  // From here on it must succeed.
  const m = s.message;
  m.inMemory[message] = 0;
  m.tag[message] = tag;
  m.sendLength[message] = tag & TAG_LENGTH;
  m.replyParts[message] = 0;
  m.replyLength[message] = 0;
  carry(s, e, tag, message);
  return send(s, fx, e.hart, e.time, message, connection, channel);
}

/** msg_reply_caps(receipt, tag): as msg_reply, with the capabilities that t3 to t6 name. */
export function msgReplyCaps(s: State, fx: Effects, e: Event, t: number): number {
  const tag = e.uint(1);
  if (!isCarrierTag(tag, 0)) return -Err.Invalid;
  const own = messageOf(s, t);
  if (own === 0) return -Err.Again;
  return replyCapabilities(s, fx, e, t, own, e.argument(0), tag, e.registers[3] | 0);
}
