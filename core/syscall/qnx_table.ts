import { address, array, path, row, temporary, value } from "./row.ts";

const self = { slot: "self" } as const;
const processes = { slot: "processes" } as const;
const names = { slot: "names" } as const;
const end = { argument: 0 } as const;

/** Bytes of one part of a message: address and length, 64 bits each. */
const PART = 16;
/** Parts beyond this are marked too many. */
const MOST_PARTS = 8;

/** The registers that name what a message carries. */
const TOKENS = { t3: temporary, t4: temporary, t5: temporary, t6: temporary };

/**
 * Messages in the shape of QNX. Those that carry registers move a1 to a6 and t0 to t2 to the other
 * side and get them back (core/ipc/tag.ts); the event names only the first of them.
 */
export const qnxRows = [
  row(660, "channel_create", { flags: value }, self, "never", "Makes a channel; its number."),
  row(661, "channel_destroy", { chid: value }, end, "never", "Destroys a channel."),
  row(
    662,
    "connect_attach",
    { pid: value, chid: value },
    processes,
    "never",
    "Connects; a number.",
  ),
  row(663, "connect_detach", { coid: value }, end, "never", "Ends a connection."),
  row(664, "msg_send", { coid: value, tag: value }, end, "eintr", "Sends registers; the status."),
  row(
    665,
    "msg_send_bytes",
    { coid: value, buf: address, length: value, reply: address, room: value },
    end,
    "eintr",
    "Sends a buffer; the status.",
  ),
  row(
    666,
    "msg_send_parts",
    {
      coid: value,
      parts: array(PART, 2, MOST_PARTS, 64),
      count: value,
      reply: array(PART, 4, MOST_PARTS, 64),
      replies: value,
    },
    end,
    "eintr",
    "Sends from several buffers; the status.",
  ),
  row(
    667,
    "msg_receive",
    { chid: value, buf: address, room: value, info: address },
    end,
    "eintr",
    "Receives a message, a pulse or a post; a receipt, or 0 where there is no reply.",
  ),
  row(
    668,
    "msg_receive_parts",
    { chid: value, parts: array(PART, 2, MOST_PARTS, 64), count: value, info: address },
    end,
    "eintr",
    "Receives into several buffers.",
  ),
  row(669, "msg_reply", { receipt: value, tag: value }, end, "never", "Answers with registers."),
  row(
    670,
    "msg_reply_bytes",
    { receipt: value, status: value, buf: address, length: value },
    end,
    "never",
    "Answers with a buffer.",
  ),
  row(
    671,
    "msg_reply_parts",
    { receipt: value, status: value, parts: array(PART, 3, MOST_PARTS, 64), count: value },
    end,
    "never",
    "Answers from several buffers.",
  ),
  row(672, "msg_error", { receipt: value, error: value }, end, "never", "Answers with an error."),
  row(
    673,
    "msg_reply_receive",
    { receipt: value, tag: value },
    end,
    "eintr",
    "Answers with registers, then receives as the thread last did.",
  ),
  row(
    674,
    "msg_send_pulse",
    { coid: value, priority: value, code: value, value: value },
    end,
    "never",
    "Sends a pulse.",
  ),
  row(675, "msg_info", { receipt: value, info: address }, end, "never", "Who sent a message."),
  row(
    676,
    "timer_timeout",
    { states: value, ns: value },
    self,
    "never",
    "Limits the time of the next call that moves a message.",
  ),
  row(
    677,
    "msg_read",
    { receipt: value, offset: value, buf: address, length: value },
    end,
    "never",
    "Copies a part of a message that was received; its bytes.",
  ),
  row(
    678,
    "msg_send_caps",
    { coid: value, tag: value, ...TOKENS },
    end,
    "eintr",
    "Sends registers, and the capabilities t3 to t6 name; the status.",
  ),
  row(
    679,
    "msg_reply_caps",
    { receipt: value, tag: value, ...TOKENS },
    end,
    "never",
    "Answers with registers, and the capabilities t3 to t6 name.",
  ),
  row(
    680,
    "channel_create_async",
    { flags: value, capacity: value },
    self,
    "never",
    "Makes a channel with a ring for so many posts, 1 to 256; its number.",
  ),
  row(
    681,
    "msg_post",
    { coid: value, tag: value, word0: value, word1: value, word2: value, word3: value },
    end,
    "never",
    "Posts up to 32 bytes to an asynchronous channel, without a reply; EAGAIN when its ring is full.",
  ),
  row(
    682,
    "channel_bind",
    { chid: value, token: value, bits: value },
    end,
    "never",
    "Signals a notification whenever something waits at a channel; 0 for none.",
  ),
  row(683, "name_attach", { name: path, chid: value }, names, "never", "Gives a channel a name."),
  row(684, "name_open", { name: path }, names, "never", "Connects to who has a name; a number."),
  row(
    685,
    "name_detach",
    { name: path },
    names,
    "never",
    "Takes a name from the caller's channel.",
  ),
  row(
    686,
    "channel_limit",
    { chid: value, rate: value, burst: value },
    end,
    "never",
    "Limits what comes through each connection, a second and at once; EDQUOT beyond. Rate 0: none.",
  ),
  row(
    687,
    "channel_counters",
    { chid: value, counters: address },
    end,
    "never",
    "What has come through a channel: eight counts of 64 bits.",
  ),
  row(
    690,
    "msg_send_pages",
    { coid: value, buf: address, length: value, reply: address, room: value, pass: value },
    end,
    "eintr",
    "Sends whole pages, which pass to a receiver of whole pages: moved (2) or shared (3); the status.",
  ),
] as const;

/** Calls that take or give back other registers than a0 to a5, so that a plain stub is wrong. */
export const carriers: readonly string[] = [
  "msg_send",
  "msg_send_bytes",
  "msg_send_parts",
  "msg_receive",
  "msg_receive_parts",
  "msg_reply_receive",
  "msg_send_caps",
  "msg_reply_caps",
  "msg_send_pages",
];

/** Names of the message calls. */
export type QnxCall = (typeof qnxRows)[number]["name"];
