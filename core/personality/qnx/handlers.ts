import type { QnxCall } from "../../syscall/qnx_table.ts";
import type { Handler } from "../handler.ts";
import { msgReplyCaps, msgSendCaps } from "./capabilities.ts";
import {
  channelCreate,
  channelDestroy,
  connectAttach,
  connectDetach,
  timerTimeout,
} from "./ends.ts";
import * as channels from "./channels.ts";
import * as messages from "./messages.ts";

/** The message calls' handlers; a call without one does not compile. */
export const qnxHandlers: Readonly<Record<QnxCall, Handler>> = {
  channel_create: channelCreate,
  channel_destroy: channelDestroy,
  connect_attach: connectAttach,
  connect_detach: connectDetach,
  msg_send: messages.msgSend,
  msg_send_bytes: messages.msgSendBytes,
  msg_send_parts: messages.msgSendParts,
  msg_receive: messages.msgReceive,
  msg_receive_parts: messages.msgReceiveParts,
  msg_reply: messages.msgReply,
  msg_reply_bytes: messages.msgReplyBytes,
  msg_reply_parts: messages.msgReplyParts,
  msg_error: messages.msgError,
  msg_reply_receive: messages.msgReplyReceive,
  msg_send_pulse: messages.msgSendPulse,
  msg_info: messages.msgInfo,
  msg_read: messages.msgRead,
  timer_timeout: timerTimeout,
  msg_send_caps: msgSendCaps,
  msg_reply_caps: msgReplyCaps,
  msg_send_pages: messages.msgSendPages,
  channel_create_async: channels.channelCreateAsync,
  msg_post: channels.msgPost,
  channel_bind: channels.channelBind,
  name_attach: channels.nameAttach,
  name_open: channels.nameOpen,
  name_detach: channels.nameDetach,
  channel_limit: channels.channelLimit,
  channel_counters: channels.channelCounters,
};
