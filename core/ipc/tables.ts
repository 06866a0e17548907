import { back, f64, i32, owns, u32, u8, weak } from "../state/column.ts";
import { table } from "../state/table.ts";

/** Flags of a channel. */
export const ChannelFlag = {
  /** Receivers keep their own priority. */
  FixedPriority: 1,
  /** A client that wants to leave its call asks by a pulse, and stays until it is answered. */
  Unblock: 2,
  /** A pulse when a thread of the owner's process ends. */
  ThreadDeath: 4,
  /** A pulse when the last connection of a client process is gone. */
  Disconnect: 8,
  /** Pulses of the owner's connections whose channels are gone come here. */
  ConnectionDeath: 16,
  /** The information of a message names the bytes its sender wanted to send. */
  SenderLength: 32,
  /** The information of a message names the bytes its sender takes as a reply. */
  ReplyLength: 64,
  /** Its messages may carry capabilities: receiving then writes t3 to t6. */
  Capabilities: 128,
} as const;

/** All flags there are. */
export const CHANNEL_FLAGS = 255;

/** Connections one process may have; to look through them is at most UNITS of work. */
export const CONNECTIONS = 256;
/** Parts a message may be gathered from or scattered to. */
export const PARTS = 8;
/** Most bytes of a message that lies in memory, either way. */
export const MESSAGE_BYTES = 1 << 18;
/** Most bytes of a message that travels in registers. */
export const REGISTER_BYTES = 64;
/** Bytes of the information about a message. */
export const INFO_BYTES = 56;
/** Capabilities a message may carry. */
export const CARRIED = 4;
/** Bytes of a pulse, as a receive buffer must be able to hold it. */
export const PULSE_BYTES = 24;
/** Highest code of a pulse a program may send; the kernel's own are negative. */
export const PULSE_CODES = 127;
/** Pulses of programs waiting at one channel. */
export const PULSES = 256;

/** Bytes that may be posted at once: four registers. */
export const POST_BYTES = 32;
/** Entries a ring may hold; to throw them away is at most UNITS of work. */
export const RING_LIMIT = 256;
/** Entries all rings of a process may hold together. */
export const RING_QUOTA = 1024;

/** Bytes a channel's name may have. */
export const SERVICE_NAME_BYTES = 128;
/** Names the channels of one process may have together. */
export const SERVICE_NAMES = 64;
/** Buckets of the hash of names. */
export const SERVICE_BUCKETS = 256;

/** Codes of the kernel's own pulses. */
export const PulseCode = {
  Unblock: -1,
  Disconnect: -2,
  ThreadDeath: -3,
  ConnectionDeath: -4,
} as const;

/** A channel: where one process receives messages and pulses. */
export const channelTable = table("channel", {
  doc: "One row per channel: its owner, its three wait queues, its pulses and its connections.",
  capacity: 4096,
}, {
  process: back("process", "process that receives on it; 0 once it is dying"),
  nextOfProcess: owns("channel", "next channel of the process, or next dying one"),
  previousOfProcess: back("channel", "previous channel of the process"),
  refs: u32("capability nodes that name it"),
  id: u32("what its owner and its clients name it by"),
  node: weak("capNode", "node its owner receives by; connections are derived from it"),
  nodeGeneration: u32("generation of that node"),
  flags: u8("ChannelFlag bits"),
  dying: u8("1 once destroyed, while what waits on it is being answered; 2 when nothing is left"),
  sendHead: back("waiter", "threads whose messages wait for a receiver, by priority"),
  sendTail: back("waiter", "last of them"),
  receiveHead: back("waiter", "threads that wait for a message, by priority"),
  receiveTail: back("waiter", "last of them"),
  replyHead: back("waiter", "threads whose messages were received and not answered"),
  replyTail: back("waiter", "last of them"),
  firstPulse: owns("pulse", "pulses not received yet, by priority"),
  lastPulse: back("pulse", "last of them"),
  pulses: u32("rows of pulses of programs among them"),
  newest: back("pulse", "what had to wait last, if it is a pulse of a program and waits still"),
  firstConnection: back("connection", "newest connection to it"),
  server: weak("thread", "thread that last received from it and has not received again"),
  serverGeneration: u32("generation of that thread"),
  ringCapacity: u32("entries its ring may hold; 0 where nothing is posted"),
  ringUsed: u32("entries in it"),
  ringHead: owns("ringEntry", "what was posted and not received, as it came"),
  ringTail: back("ringEntry", "last of it"),
  notify: weak("capNode", "node of the notification that is signalled when something waits"),
  notifyGeneration: u32("generation of that node"),
  notifyBits: u32("bits that are set then; 0 when it is bound to none"),
  firstName: owns("serviceName", "newest of its names"),
  limitInterval: f64("ns after which one more may come through a connection; 0 for no limit"),
  limitWindow: f64("ns in which an empty bucket of a connection fills"),
  // Its owner may ask for these, so they are state.
  arrivals: f64("messages, posts and pulses that had to wait so far"),
  received: f64("messages received from it so far"),
  answered: f64("messages answered so far"),
  pulsed: f64("pulses sent to it so far"),
  posted: f64("posts to it so far"),
  limited: f64("messages, posts and pulses refused because their connection sent too many"),
  full: f64("posts and pulses refused because too many waited"),
});

/** A connection: how one process sends to a channel. */
export const connectionTable = table("connection", {
  doc:
    "One row per connection: whose it is, the channel it leads to, the messages sent through it.",
  capacity: 4096,
}, {
  process: back("process", "process that may send through it; 0 once it is detached"),
  nextOfProcess: owns("connection", "next connection of the process, or next detached one"),
  previousOfProcess: back("connection", "previous connection of the process"),
  refs: u32("capability nodes that name it"),
  id: u32("what the process names it by"),
  dying: u8("1 once detached, while its messages are let go; 2 when nothing is left"),
  channel: back("channel", "the channel; 0 once that is gone"),
  nextOfChannel: back("connection", "next older connection to the channel"),
  previousOfChannel: back("connection", "next newer one"),
  sessionLo: u32("what the server knows the client process by: connection row of its first attach"),
  sessionHi: u32("generation of that row then"),
  firstMessage: back("message", "newest message in flight through it"),
  fullAt: f64("when its bucket of messages is full again, ns; what is past is full"),
  announce: u8("1 when its end is the end of all of its client's connections to the channel"),
  pulse: owns("pulse", "kept for news of its end: the client's for the server or the other way"),
});

/** How the bytes of a message travel. */
export const Pass = {
  /** In registers. */
  Registers: 0,
  /** In memory, and are copied. */
  Copied: 1,
  /** As pages that the receiver gets and the sender has no more, where that can be. */
  Moved: 2,
  /** As pages that both have until either writes, where that can be. */
  Shared: 3,
} as const;

/** What a thread's call is moving. */
export const MessageState = {
  Idle: 0,
  /** In the channel's send queue. */
  Sent: 1,
  /** Received; its sender waits for the reply. */
  Received: 2,
  /** Its thread waits for a message. */
  Receiving: 3,
} as const;

/**
 * The message of a thread. A thread sends or receives one at a time, so it has one row, made at its
 * first such call and kept until it ends: no send allocates.
 */
export const messageTable = table("message", {
  doc: "One row per thread that ever sent or received: what its call moves, from and to where.",
  capacity: 4096,
}, {
  thread: back("thread", "the thread"),
  state: u8("a MessageState"),
  channel: weak("channel", "channel it was last sent to or received from"),
  channelGeneration: u32("generation of that channel"),
  connection: back("connection", "connection it was sent through; 0 once that is detached"),
  nextOfConnection: back("message", "next older message through the connection"),
  previousOfConnection: back("message", "next newer one"),
  sessionLo: u32("session of that connection"),
  sessionHi: u32("its generation"),
  receipt: f64("number of the receipt its server has; 0 while none has it", { role: "history" }),
  arrival: f64("arrival number at its channel", { role: "history" }),
  priority: u8("priority it was sent with"),
  tag: u32("low word of its tag"),
  carried: u32("capabilities that travel with it while it waits for a receiver"),
  capability: owns("capNode", "each of them; 0 for one that was revoked on the way", {
    count: CARRIED,
    usedCount: "carried",
  }),
  inMemory: u8("a Pass: 0 when its bytes travel in registers, else they lie in memory"),
  sendParts: u8("parts it is gathered from"),
  replyParts: u8("parts its reply, or what is received, is scattered to"),
  sendLength: f64("bytes it has"),
  replyLength: f64("bytes its reply, or what is received, may have"),
  partAddress: f64("user addresses: parts to send, then parts to fill", { count: 2 * PARTS }),
  partLength: f64("their lengths", { count: 2 * PARTS }),
  info: f64("user address a receiver wants information at; 0 for none"),
  timeout: f64("time the next call that moves messages may take, ns"),
  nextStates: u8("bits of the states that is asked for: 1 << MessageState; 0 for none"),
  timeoutStates: u8("those of the call in progress; bit 0 once its time was over in another"),
  pulse: owns("pulse", "kept for asking the server to let go"),
  asked: u8("1 once the server was asked to let go"),
  askedReason: u8("core error code of why it was asked"),
  reason: u8("core error code that ends the call when its thread runs again; 0 for none"),
});

/** A pulse: a code and a value that wait to be received. */
export const pulseTable = table("pulse", {
  doc: "One row per pulse that waits, or is kept so that the kernel can send one at any time.",
  capacity: 16384,
}, {
  next: owns("pulse", "next at the channel"),
  previous: back("pulse", "previous at the channel"),
  mate: back("pulse", "other end of its priority's stretch of the queue, where it is an end"),
  priority: u8("its priority"),
  kernel: u8("1 for one of the kernel's own"),
  arrival: f64("arrival number at the channel", { role: "history" }),
  code: i32("its code"),
  valueLo: u32("its value"),
  valueHi: u32("its value, high word"),
  sessionLo: u32("session it came through; 0 for the kernel's own"),
  sessionHi: u32("its generation"),
  repeats: u32("equal pulses that came right after it, and are received after it"),
});

/** What was posted to an asynchronous channel and waits there. */
export const ringEntryTable = table("ringEntry", {
  doc: "One row per post in a channel's ring: what it carries, and whose it is.",
  capacity: 16384,
}, {
  next: owns("ringEntry", "what was posted after it"),
  priority: u8("priority of who posted it"),
  length: u8("bytes it has"),
  arrival: f64("arrival number at the channel", { role: "history" }),
  word: u32("its bytes", { count: POST_BYTES / 4 }),
  sessionLo: u32("session it came through"),
  sessionHi: u32("its generation"),
});

/** A name by which connections to a channel are opened. */
export const serviceNameTable = table("serviceName", {
  doc: "One row per name of a channel.",
  capacity: 1024,
}, {
  channel: back("channel", "the channel"),
  next: owns("serviceName", "next older name of the channel"),
  previous: back("serviceName", "next newer one"),
  length: u8("bytes of it"),
  hash: u32("hash of them"),
  bytes: u8("the name, zero padded", { count: SERVICE_NAME_BYTES }),
  hashNext: back("serviceName", "next in the hash bucket", { role: "derived" }),
  hashPrevious: back("serviceName", "previous in the hash bucket", { role: "derived" }),
});

/** What is being taken apart. */
export const ipcTable = table("ipc", {
  doc: "One row: channels and connections whose end takes more events, and what rings may hold.",
  capacity: 1,
  root: true,
}, {
  dyingChannel: owns("channel", "first channel that is being destroyed"),
  dyingConnection: owns("connection", "first connection that is being detached"),
  ringReserved: u32("entries that the rings of all channels may hold"),
  serviceBucket: back("serviceName", "buckets of the hash of names", {
    count: SERVICE_BUCKETS,
    role: "derived",
  }),
});

/** The number a session goes by: row and generation of the connection it began with. */
export function sessionOf(lo: number, hi: number): number {
  return hi * 4096 + lo;
}
