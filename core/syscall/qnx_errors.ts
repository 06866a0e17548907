import type { QnxCall } from "./qnx_table.ts";

/** Names and numbers of the errors that message calls return. */
export const MESSAGE_ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  EINVAL: 22,
  ENOSPC: 28,
  ENAMETOOLONG: 36,
  EOPNOTSUPP: 95,
  ETIMEDOUT: 110,
  ESTALE: 116,
  EDQUOT: 122,
  ESRVRFAULT: 312,
} as const;

/** Name of an error of a message call. */
export type MessageErrno = keyof typeof MESSAGE_ERRNO;
/** What each error of a call means. */
type Errors = Readonly<Partial<Record<MessageErrno, string>>>;

const BEGIN: Errors = { EAGAIN: "no row for what the thread sends or receives" };
const CONNECTION: Errors = { EBADF: "no such connection, or its channel is gone" };
const LIMIT: Errors = { EDQUOT: "too many came through the connection" };
const WAIT: Errors = {
  ESRCH: "no such channel, or it went, or its owner ended, while the call waited",
  EINTR: "a signal ended the wait",
  ETIMEDOUT: "the time limit ended the wait",
};
const MEMORY: Errors = {
  EFAULT: "the caller's memory cannot be used",
  ENOMEM: "no memory for the caller's pages",
};
const PARTS: Errors = { E2BIG: "too many parts or bytes" };
const RECEIPT: Errors = { ESRCH: "nobody waits for that reply" };
const TAG: Errors = { EINVAL: "a tag that is none" };
const CHANNEL: Errors = { ESRCH: "the caller receives on no such channel" };
const CARRIED: Errors = {
  EBADF: "no such connection or capability",
  ESTALE: "a capability that is gone or being revoked",
  EPERM: "a capability without the right to hand it on",
  EINVAL: "a tag that is none, or a capability that is moved twice or is a descriptor",
  ENOMEM: "no rows for copies of capabilities",
  ENOSPC: "the other side has no room for capabilities",
  EOPNOTSUPP: "the other side takes no capabilities",
};
const NAME: Errors = {
  EFAULT: "no name",
  EINVAL: "an empty name",
  ENAMETOOLONG: "more than 128 bytes",
};
const SEND: Errors = { ...BEGIN, ...CONNECTION, ...LIMIT, ...WAIT };

/**
 * What each message call may return instead of its result, and when. A call that sends returns what
 * its server answers too, which may be any error; a call whose process has renounced the slot it
 * consumes returns EPERM.
 */
export const qnxErrors: Readonly<Record<QnxCall, Errors>> = {
  channel_create: {
    EINVAL: "flags that are none",
    EBUSY: "another channel of the process gets that news",
    EAGAIN: "no room for a channel, its name or the news it is for",
  },
  channel_destroy: { EINVAL: "the caller receives on no such channel" },
  connect_attach: {
    ESRCH: "no such process or channel, or nothing may be derived from it",
    EAGAIN: "no room for a connection",
  },
  connect_detach: { EINVAL: "no such connection" },
  msg_send: { ...SEND, ...TAG },
  msg_send_bytes: { ...SEND, ...MEMORY, ...PARTS },
  msg_send_parts: { ...SEND, ...MEMORY, ...PARTS },
  msg_receive: { ...BEGIN, ...WAIT, ...MEMORY },
  msg_receive_parts: { ...BEGIN, ...WAIT, ...MEMORY, ...PARTS },
  msg_reply: { ...RECEIPT, ...TAG },
  msg_reply_bytes: {
    ...BEGIN,
    ...RECEIPT,
    ...MEMORY,
    E2BIG: "too many bytes, or a client that takes registers only",
    ESRVRFAULT: "the client's memory cannot be used; it waits on",
  },
  msg_reply_parts: {
    ...BEGIN,
    ...RECEIPT,
    ...MEMORY,
    E2BIG: "too many parts or bytes, or a client that takes registers only",
    ESRVRFAULT: "the client's memory cannot be used; it waits on",
  },
  msg_error: {
    ...RECEIPT,
    EINVAL: "a number that is no error, or -1 for who has not asked to leave",
  },
  msg_reply_receive: { ...BEGIN, ...WAIT, ...TAG, ESRCH: "no such message, or as msg_receive" },
  msg_send_pulse: {
    ...CONNECTION,
    ...LIMIT,
    EINVAL: "a code or priority that is none",
    EAGAIN: "too many pulses wait",
  },
  msg_info: { ...RECEIPT, ...MEMORY },
  timer_timeout: { ...BEGIN, EINVAL: "states that are none" },
  msg_read: {
    ...BEGIN,
    ...RECEIPT,
    ...MEMORY,
    ESRVRFAULT: "the sender's memory cannot be used",
  },
  msg_send_caps: { ...SEND, ...CARRIED },
  msg_reply_caps: { ...BEGIN, ...RECEIPT, ...CARRIED },
  msg_send_pages: {
    ...SEND,
    ...MEMORY,
    ...PARTS,
    EINVAL: "no whole pages, or they take the reply, or a way to pass them that is none",
  },
  channel_create_async: {
    EINVAL: "flags that are none, or a capacity not from 1 to 256",
    EBUSY: "another channel of the process gets that news",
    EAGAIN: "no room for a channel, or for what its ring and others may hold",
  },
  msg_post: {
    ...CONNECTION,
    ...LIMIT,
    EINVAL: "more than 32 bytes",
    EOPNOTSUPP: "a channel without a ring",
    EAGAIN: "its ring is full",
  },
  channel_bind: {
    ...CHANNEL,
    EBADF: "no such capability",
    ESTALE: "a capability that is gone",
    EPERM: "a notification without the right to signal it",
    EINVAL: "no notification, or bits that are none",
  },
  name_attach: {
    ...CHANNEL,
    ...NAME,
    EEXIST: "another channel has the name",
    ENOMEM: "the process or the system has too many names",
  },
  name_open: {
    ...NAME,
    ENOENT: "nobody has the name",
    ESRCH: "nothing may be derived from what its channel receives by",
    EAGAIN: "no room for a connection",
  },
  name_detach: {
    ...NAME,
    ENOENT: "nobody has the name",
    EPERM: "another process's channel has it",
  },
  channel_limit: { ...CHANNEL, EINVAL: "a rate or a burst that is none" },
  channel_counters: { ...CHANNEL, ...MEMORY },
};
