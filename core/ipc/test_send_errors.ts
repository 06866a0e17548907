/** How each call that sends a message, a pulse or a post comes to each of its errors. */
import assert from "node:assert/strict";
import { NAME_SLOTS } from "../cap/namespace.ts";
import { Right } from "../cap/tables.ts";
import { HEAP } from "../ledger/test_world.ts";
import { Call, TOO_LONG } from "../proc/testing.ts";
import { ChannelFlag, MESSAGE_BYTES, MessageState, Pass } from "./tables.ts";
import {
  answered,
  type ErrorCase,
  exhaust,
  interrupted,
  late,
  lose,
  NOWHERE,
  ofClient,
  parts,
  sent,
  UNTOUCHED,
  whileFull,
  withoutMemory,
} from "./test_error_case.ts";
import { E, type MessageBench, Nr } from "./testing.ts";

/** A tag's part for one capability more, and for the first of them being moved. */
const ONE_TOKEN = 2 ** 24, MOVED = 2 ** 20;
const SEND_PARTS = 666;

/** The client's page at HEAP, which it moves to the server, with a place for the answer. */
function pagesSent(b: MessageBench, reply = UNTOUCHED): void {
  b.blocks(1, Nr.sendPages, b.coid, HEAP, 4096, reply, 100, Pass.Moved);
}

/** The same call with something wrong in it: what it returns. */
function sendPages(b: MessageBench, wrong: {
  readonly coid?: number;
  readonly at?: number;
  readonly length?: number;
  readonly reply?: number;
  readonly room?: number;
  readonly how?: number;
} = {}): number {
  const { coid = b.coid, at = HEAP, length = 4096, reply = 0, room = 0, how = Pass.Moved } = wrong;
  return b.done(1, Nr.sendPages, coid, at, length, reply, room, how);
}

/** What the client's call with a copy of a capability returns. */
const sendCapability = (b: MessageBench, token: number): number =>
  b.done(1, Nr.sendCaps, b.coid, ONE_TOKEN, token);

export const SEND_ERRORS: readonly ErrorCase[] = [
  {
    call: "msg_send",
    error: "ESRCH",
    when: "the channel goes, or its owner ends, while the call is blocked",
    provoke: (b) => {
      b.received();
      return ofClient(b, () => b.done(0, Nr.channelDestroy, b.chid));
    },
  },
  {
    call: "msg_send",
    error: "EBADF",
    when: "there is no such connection, or its channel is gone",
    provoke: (b) => {
      assert.equal(b.done(1, Nr.send, b.coid + 1, 8), E.EBADF);
      assert.equal(b.done(0, Nr.channelDestroy, b.chid), 0);
      return b.done(1, Nr.send, b.coid, 8);
    },
  },
  {
    call: "msg_send",
    error: "EINTR",
    when: "a handled signal comes; with an unblock pulse, once the server has let go",
    provoke: (b) => interrupted(b, () => b.received()),
  },
  {
    call: "msg_send",
    error: "ETIMEDOUT",
    when: "the time limit of timer_timeout is over",
    provoke: (b) => late(b, MessageState.Received, () => b.received()),
  },
  {
    call: "msg_send",
    error: "EINVAL",
    when: "the tag is malformed",
    provoke: (b) => b.done(1, Nr.send, b.coid, 65),
  },
  {
    call: "msg_send",
    error: "EDQUOT",
    when: "as msg_send_pulse",
    provoke: (b) => {
      assert.equal(b.done(0, Nr.limit, b.chid, 1, 1), 0);
      assert.equal(b.done(1, Nr.pulse, b.coid, 5, 1, 1), 0);
      return b.done(1, Nr.send, b.coid, 8);
    },
  },
  {
    call: "msg_send",
    error: "EAGAIN",
    when: "there is no row for the message, or none for the pulse that would ask its server",
    provoke: (b) => whileFull(b.s.message, () => b.done(1, Nr.send, b.coid, 8)),
  },
  {
    call: "msg_send_bytes",
    error: "EFAULT",
    when: "the client's memory cannot be used: at the call, at the receive or at the reply",
    provoke: (b) => {
      assert.equal(b.done(1, Nr.sendBytes, b.coid, NOWHERE, 9, 0, 0), E.EFAULT);
      assert.equal(b.done(1, Nr.sendBytes, b.coid, HEAP, 9, NOWHERE, 9), E.EFAULT);
      const receipt = answered(b);
      lose(b, UNTOUCHED / 4096);
      assert.equal(ofClient(b, () => b.done(0, Nr.replyBytes, receipt, 0, HEAP, 9)), E.EFAULT);
      sent(b, HEAP, 4 * 4096 + HEAP);
      lose(b, HEAP / 4096);
      return ofClient(b, () => b.blocks(0, Nr.receive, b.chid, HEAP, 100, 0));
    },
  },
  {
    call: "msg_send_bytes",
    error: "ESRVRFAULT",
    when: "the server's memory cannot be used: at the receive or at the reply",
    provoke: (b) => {
      const receipt = answered(b);
      const reply = () => b.done(0, Nr.replyBytes, receipt, 0, NOWHERE, 9);
      assert.equal(ofClient(b, reply), E.ESRVRFAULT);
      sent(b);
      return ofClient(b, () => b.done(0, Nr.receive, b.chid, NOWHERE, 9, 0));
    },
  },
  {
    call: "msg_send_bytes",
    error: "E2BIG",
    when: "more bytes are to be sent, or answered, than a message has",
    provoke: (b) => {
      assert.equal(b.done(1, Nr.sendBytes, b.coid, 0, 0, HEAP, 2 ** 19), E.E2BIG);
      return b.done(1, Nr.sendBytes, b.coid, HEAP, 2 ** 19, 0, 0);
    },
  },
  {
    call: "msg_send_parts",
    error: "E2BIG",
    when: "there are more parts, or more bytes in them, than a message has",
    provoke: (b) => {
      const most = parts([HEAP, 2 ** 17], [HEAP, 2 ** 17], [HEAP, 1]);
      assert.equal(b.call(1, SEND_PARTS, b.coid, most, 3, null, 0), E.E2BIG);
      return b.call(1, SEND_PARTS, b.coid, TOO_LONG, 9, parts(), 0);
    },
  },
  {
    call: "msg_send_parts",
    error: "EFAULT",
    when: "the array of parts cannot be read",
    provoke: (b) => b.call(1, SEND_PARTS, b.coid, null, 1, parts(), 0),
  },
  {
    call: "msg_send_pulse",
    error: "EAGAIN",
    when: "the channel, or the system, holds as many pulses as it may",
    provoke: (b) => {
      let value = 0;
      return exhaust(() => b.done(1, Nr.pulse, b.coid, 5, 1, value++));
    },
  },
  {
    call: "msg_send_pulse",
    error: "EBADF",
    when: "there is no such connection, or its channel is gone with its owner",
    provoke: (b) => {
      assert.equal(b.done(1, Nr.pulse, b.coid + 1, 5, 1, 0), E.EBADF);
      assert.equal(b.done(0, Nr.channelDestroy, b.chid), 0);
      return b.done(1, Nr.pulse, b.coid, 5, 1, 0);
    },
  },
  {
    call: "msg_send_pulse",
    error: "EINVAL",
    when: "the priority is none, or the code is none of a program's",
    provoke: (b) => {
      assert.equal(b.done(1, Nr.pulse, b.coid, 256, 1, 0), E.EINVAL);
      return b.done(1, Nr.pulse, b.coid, 5, 128, 0);
    },
  },
  {
    call: "msg_send_pulse",
    error: "EDQUOT",
    when: "more has come through the connection than channel_limit allows",
    provoke: (b) => {
      assert.equal(b.done(0, Nr.limit, b.chid, 1, 1), 0);
      return exhaust(() => b.done(1, Nr.pulse, b.coid, 5, 1, 1));
    },
  },
  {
    call: "msg_send_caps",
    error: "EBADF",
    when: "there is no such connection or token; its other errors are those of msg_send",
    flags: ChannelFlag.Capabilities,
    provoke: (b) => {
      assert.equal(b.done(1, Nr.sendCaps, b.coid + 1, 8), E.EBADF);
      return sendCapability(b, b.coid + 1);
    },
  },
  {
    call: "msg_send_caps",
    error: "EINVAL",
    when: "the tag is malformed, or what is moved is a descriptor or named twice",
    flags: ChannelFlag.Capabilities,
    provoke: (b) => {
      assert.equal(b.done(1, Nr.sendCaps, b.coid, 65), E.EINVAL);
      assert.equal(b.done(1, Nr.sendCaps, b.coid, 2 * ONE_TOKEN + MOVED, b.coid, b.coid), E.EINVAL);
      assert.equal(b.done(1, Call.pipe2, HEAP, 0), 0);
      return b.done(1, Nr.sendCaps, b.coid, ONE_TOKEN + MOVED, 0);
    },
  },
  {
    call: "msg_send_caps",
    error: "ESTALE",
    when: "a token was given back, or is being revoked",
    flags: ChannelFlag.Capabilities,
    provoke: (b) => {
      const token = b.done(1, Nr.notificationCreate);
      assert.equal(b.done(1, Nr.deleteToken, token), 0);
      return sendCapability(b, token);
    },
  },
  {
    call: "msg_send_caps",
    error: "EPERM",
    when: "a token may not be handed on",
    flags: ChannelFlag.Capabilities,
    provoke: (b) => {
      const token = b.done(1, Nr.derive, b.done(1, Nr.notificationCreate), Right.Send);
      return sendCapability(b, token);
    },
  },
  {
    call: "msg_send_caps",
    error: "EOPNOTSUPP",
    when: "the channel takes no capabilities",
    provoke: (b) => sendCapability(b, b.coid),
  },
  {
    call: "msg_send_caps",
    error: "ENOSPC",
    when: "the receiver has no room for them, at the call or at the receive",
    flags: ChannelFlag.Capabilities,
    provoke: (b) => {
      const namesOf = b.s.process.nameSlots;
      const server = b.processOf(b.server);
      b.blocks(1, Nr.sendCaps, b.coid, ONE_TOKEN, b.coid);
      namesOf[server] += NAME_SLOTS;
      assert.equal(ofClient(b, () => b.blocks(0, Nr.receive, b.chid, 0, 0, 0)), E.ENOSPC);
      const value = sendCapability(b, b.coid);
      namesOf[server] -= NAME_SLOTS;
      return value;
    },
  },
  {
    call: "msg_send_caps",
    error: "EAGAIN",
    when: "there are no nodes for copies, or as msg_send",
    flags: ChannelFlag.Capabilities,
    provoke: (b) => whileFull(b.s.capNode, () => sendCapability(b, b.coid)),
  },
  {
    call: "msg_post",
    error: "EOPNOTSUPP",
    when: "the channel has no ring",
    provoke: (b) => b.done(1, Nr.post, b.coid, 8),
  },
  {
    call: "msg_post",
    error: "EBADF",
    when: "there is no such connection, or its channel is gone",
    provoke: (b) => b.done(1, Nr.post, b.coid + 1, 8),
  },
  {
    call: "msg_post",
    error: "EINVAL",
    when: "it is longer than a post",
    provoke: (b) => b.done(1, Nr.post, b.coid, 33),
  },
  {
    call: "msg_post",
    error: "EAGAIN",
    when: "the ring is full",
    provoke: (b) => {
      const coid = b.done(1, Nr.attach, 1, b.done(0, Nr.createAsync, 0, 2));
      return exhaust(() => b.done(1, Nr.post, coid, 8));
    },
  },
  {
    call: "msg_post",
    error: "EDQUOT",
    when: "as msg_send_pulse",
    provoke: (b) => {
      const chid = b.done(0, Nr.createAsync, 0, 2);
      const coid = b.done(1, Nr.attach, 1, chid);
      assert.equal(b.done(0, Nr.limit, chid, 1, 1), 0);
      return exhaust(() => b.done(1, Nr.post, coid, 8));
    },
  },
  {
    call: "msg_send_pages",
    error: "EINVAL",
    when: "it is not whole pages, the reply would go where they were, or how they pass is unknown",
    provoke: (b) => {
      for (const how of [0, 1, 4, -1]) assert.equal(sendPages(b, { how }), E.EINVAL);
      assert.equal(sendPages(b, { at: HEAP + 8 }), E.EINVAL);
      assert.equal(sendPages(b, { reply: HEAP + 4095, room: 1 }), E.EINVAL);
      return sendPages(b, { length: 4095 });
    },
  },
  {
    call: "msg_send_pages",
    error: "EBADF",
    when: "there is no such connection, or it or its channel goes, also while the call waits",
    provoke: (b) => {
      assert.equal(sendPages(b, { coid: b.coid + 1 }), E.EBADF);
      pagesSent(b);
      assert.equal(ofClient(b, () => b.done(0, Nr.revoke, b.chid)), E.EBADF);
      assert.equal(b.done(0, Nr.channelDestroy, b.chid), 0);
      return sendPages(b);
    },
  },
  {
    call: "msg_send_pages",
    error: "ESRCH",
    when: "as msg_send",
    provoke: (b) => {
      pagesSent(b);
      return ofClient(b, () => b.done(0, Nr.channelDestroy, b.chid));
    },
  },
  {
    call: "msg_send_pages",
    error: "EINTR",
    when: "as msg_send",
    provoke: (b) => interrupted(b, () => pagesSent(b)),
  },
  {
    call: "msg_send_pages",
    error: "ETIMEDOUT",
    when: "as msg_send",
    provoke: (b) => late(b, MessageState.Sent, () => pagesSent(b)),
  },
  {
    call: "msg_send_pages",
    error: "E2BIG",
    when: "more bytes are to be sent, or answered, than a message has",
    provoke: (b) => {
      assert.equal(sendPages(b, { reply: UNTOUCHED, room: MESSAGE_BYTES + 1 }), E.E2BIG);
      return sendPages(b, { length: MESSAGE_BYTES + 4096 });
    },
  },
  {
    call: "msg_send_pages",
    error: "EFAULT",
    when: "the client's memory cannot be used: at the call, at the receive or at the reply",
    provoke: (b) => {
      assert.equal(sendPages(b, { at: 8 * 4096 }), E.EFAULT);
      assert.equal(sendPages(b, { reply: NOWHERE, room: 9 }), E.EFAULT);
      pagesSent(b);
      const receipt = b.done(0, Nr.receive, b.chid, UNTOUCHED, 4096, 0);
      lose(b, UNTOUCHED / 4096);
      assert.equal(ofClient(b, () => b.done(0, Nr.replyBytes, receipt, 0, HEAP, 9)), E.EFAULT);
      pagesSent(b, UNTOUCHED + 4096);
      lose(b, HEAP / 4096);
      return ofClient(b, () => b.blocks(0, Nr.receive, b.chid, UNTOUCHED, 4096, 0));
    },
  },
  {
    call: "msg_send_pages",
    error: "ESRVRFAULT",
    when: "the server's memory cannot be used: at the receive or at the reply",
    provoke: (b) => {
      pagesSent(b);
      const receipt = b.done(0, Nr.receive, b.chid, UNTOUCHED, 4096, 0);
      const reply = () => b.done(0, Nr.replyBytes, receipt, 0, NOWHERE, 9);
      assert.equal(ofClient(b, reply), E.ESRVRFAULT);
      pagesSent(b);
      return ofClient(b, () => b.done(0, Nr.receive, b.chid, 8 * 4096, 4096, 0));
    },
  },
  {
    call: "msg_send_pages",
    error: "ENOMEM",
    when: "no frame is left for what the client has not touched yet",
    provoke: (b) => withoutMemory(b, () => sendPages(b, { at: UNTOUCHED })),
  },
  {
    call: "msg_send_pages",
    error: "EDQUOT",
    when: "more has come through the connection than channel_limit allows",
    provoke: (b) => {
      assert.equal(b.done(0, Nr.limit, b.chid, 1, 1), 0);
      assert.equal(b.done(1, Nr.pulse, b.coid, 5, 1, 1), 0);
      return sendPages(b);
    },
  },
  {
    call: "msg_send_pages",
    error: "EAGAIN",
    when: "there is no row for the message, or none for the pulse that would ask its server",
    flags: ChannelFlag.Unblock,
    provoke: (b) => {
      let value = 0;
      assert.equal(exhaust(() => b.done(1, Nr.pulse, b.coid, 5, 1, value++)), E.EAGAIN);
      return sendPages(b);
    },
  },
];
