/** How each call of a server that receives, reads or answers comes to each of its errors. */
import assert from "node:assert/strict";
import { HEAP } from "../ledger/test_world.ts";
import { TOO_LONG } from "../proc/testing.ts";
import { MessageState } from "./tables.ts";
import {
  answered,
  type ErrorCase,
  interrupted,
  late,
  lose,
  NOWHERE,
  own,
  parts,
  sent,
  UNTOUCHED,
  whileFull,
  withoutMemory,
} from "./test_error_case.ts";
import { E, Nr } from "./testing.ts";

const Parts = { receiveParts: 668, replyParts: 671 } as const;
/** A tag's part for one capability. */
const ONE_TOKEN = 2 ** 24;

export const RECEIVE_ERRORS: readonly ErrorCase[] = [
  {
    call: "msg_receive",
    error: "ESRCH",
    when: "the process has no such channel, or it goes while the call is blocked",
    provoke: (b) => b.done(0, Nr.receive, b.chid + 1, 0, 0, 0),
  },
  {
    call: "msg_receive",
    error: "EINTR",
    when: "a handled signal comes while the call is blocked",
    provoke: (b) => interrupted(b, () => b.blocks(1, Nr.receive, own(b), 0, 0, 0)),
  },
  {
    call: "msg_receive",
    error: "ETIMEDOUT",
    when: "the time limit of timer_timeout is over",
    provoke: (b) => {
      const chid = own(b);
      return late(b, MessageState.Receiving, () => b.blocks(1, Nr.receive, chid, 0, 0, 0));
    },
  },
  {
    call: "msg_receive",
    error: "EFAULT",
    when: "the server's buffer cannot be written, or cannot hold the pulse that is first",
    provoke: (b) => {
      assert.equal(b.done(1, Nr.pulse, b.coid, 5, 1, 10), 0);
      assert.equal(b.done(0, Nr.receive, b.chid, HEAP, 23, 0), E.EFAULT);
      assert.equal(b.done(0, Nr.receive, b.chid, HEAP, 24, 0), 0);
      sent(b);
      assert.equal(b.done(0, Nr.receive, b.chid, HEAP, 100, NOWHERE), E.EFAULT);
      assert.equal(
        b.waits(b.client),
        "MessageSend",
        "of what is told about a message, none is lost",
      );
      return b.done(0, Nr.receive, b.chid, NOWHERE, 100, 0);
    },
  },
  {
    call: "msg_receive",
    error: "ENOMEM",
    when:
      "no frame is left for the buffer, or for page tables where pages pass; the client waits on",
    provoke: (b) => {
      sent(b);
      const room = UNTOUCHED + 4096;
      const value = withoutMemory(b, () => b.done(0, Nr.receive, b.chid, room, 100, 0));
      assert.equal(b.waits(b.client), "MessageSend");
      return value;
    },
  },
  {
    call: "msg_receive_parts",
    error: "E2BIG",
    when: "there are more parts than a message has",
    provoke: (b) => {
      return b.call(0, Parts.receiveParts, b.chid, TOO_LONG, 9, 0);
    },
  },
  {
    call: "msg_receive_parts",
    error: "ESRCH",
    when: "as msg_receive",
    provoke: (b) => b.call(0, Parts.receiveParts, b.chid + 1, parts([HEAP, 1]), 1, 0),
  },
  {
    call: "msg_reply",
    error: "ESRCH",
    when:
      "nobody waits for that reply: answered, on its way out, or the channel or connection is gone",
    provoke: (b) => {
      const receipt = b.received();
      assert.equal(b.done(0, Nr.reply, receipt, 8), 0);
      assert.equal(b.done(0, Nr.reply, receipt, 8), E.ESRCH);
      const second = b.received();
      assert.equal(b.done(0, Nr.channelDestroy, b.chid), 0);
      return b.done(0, Nr.reply, second, 8);
    },
  },
  {
    call: "msg_reply",
    error: "EINVAL",
    when: "the tag is malformed",
    provoke: (b) => b.done(0, Nr.reply, b.received(), 65),
  },
  {
    call: "msg_reply_bytes",
    error: "EFAULT",
    when: "the client's buffer cannot be written; its call ends with the same error",
    provoke: (b) => {
      const receipt = answered(b);
      lose(b, UNTOUCHED / 4096);
      return b.done(0, Nr.replyBytes, receipt, 0, HEAP, 9);
    },
  },
  {
    call: "msg_reply_bytes",
    error: "ESRVRFAULT",
    when: "the server's buffer cannot be read; its client's call ends with the same error",
    provoke: (b) => b.done(0, Nr.replyBytes, answered(b), 0, NOWHERE, 9),
  },
  {
    call: "msg_reply_bytes",
    error: "E2BIG",
    when: "more bytes than a message has, or any for a client that waits for registers",
    provoke: (b) => {
      const receipt = b.received();
      assert.equal(b.done(0, Nr.replyBytes, receipt, 0, HEAP, 9), E.E2BIG);
      assert.equal(b.done(0, Nr.reply, receipt, 0), 0);
      return b.done(0, Nr.replyBytes, answered(b), 0, HEAP, 2 ** 19);
    },
  },
  {
    call: "msg_reply_bytes",
    error: "ESRCH",
    when: "as msg_reply",
    provoke: (b) => b.done(0, Nr.replyBytes, answered(b) + 4096, 0, HEAP, 9),
  },
  {
    call: "msg_reply_bytes",
    error: "EAGAIN",
    when: "there is no row for what is answered",
    provoke: (b) => whileFull(b.s.message, () => b.done(0, Nr.replyBytes, 4097, 0, HEAP, 9)),
  },
  {
    call: "msg_reply_parts",
    error: "E2BIG",
    when: "there are more parts than a message has",
    provoke: (b) => {
      return b.call(0, Parts.replyParts, answered(b), 0, TOO_LONG, 9);
    },
  },
  {
    call: "msg_reply_parts",
    error: "EAGAIN",
    when: "as msg_reply_bytes",
    provoke: (b) => {
      const one = parts([HEAP, 1]);
      return whileFull(b.s.message, () => b.done(0, Parts.replyParts, 4097, 0, one, 1));
    },
  },
  {
    call: "msg_error",
    error: "ESRCH",
    when: "as msg_reply",
    provoke: (b) => b.done(0, Nr.error, b.received() + 4096, 5),
  },
  {
    call: "msg_error",
    error: "EINVAL",
    when: "it is no error number, or -1 and the client has not asked to leave",
    provoke: (b) => {
      const receipt = b.received();
      assert.equal(b.done(0, Nr.error, receipt, 4096), E.EINVAL);
      return b.done(0, Nr.error, receipt, 0xffff_ffff);
    },
  },
  {
    call: "msg_reply_receive",
    error: "ESRCH",
    when: "as msg_reply, or the channel goes while the call is blocked",
    provoke: (b) => b.done(0, Nr.replyReceive, b.received() + 4096, 8),
  },
  {
    call: "msg_info",
    error: "ESRCH",
    when: "as msg_reply",
    provoke: (b) => b.done(0, Nr.info, b.received() + 4096, HEAP),
  },
  {
    call: "msg_info",
    error: "EFAULT",
    when: "the place for it cannot be written",
    provoke: (b) => b.done(0, Nr.info, b.received(), NOWHERE),
  },
  {
    call: "msg_reply_caps",
    error: "ESRCH",
    when: "as msg_reply; its other errors are those of msg_send_caps",
    provoke: (b) => b.done(0, Nr.replyCaps, b.received() + 4096, 8),
  },
  {
    call: "msg_reply_caps",
    error: "EINVAL",
    when: "as msg_send_caps",
    provoke: (b) => b.done(0, Nr.replyCaps, b.received(), 65),
  },
  {
    call: "msg_reply_caps",
    error: "EOPNOTSUPP",
    when: "the client has not said that it takes capabilities",
    provoke: (b) => b.done(0, Nr.replyCaps, b.received(), ONE_TOKEN, b.chid),
  },
  {
    call: "msg_reply_caps",
    error: "EAGAIN",
    when: "there is no row for what is answered, or there are no nodes for copies",
    provoke: (b) => whileFull(b.s.message, () => b.done(0, Nr.replyCaps, 4097, 8)),
  },
  {
    call: "msg_read",
    error: "ESRCH",
    when: "as msg_reply",
    provoke: (b) => b.done(0, Nr.read, b.received() + 4096, 0, HEAP, 9),
  },
  {
    call: "msg_read",
    error: "EFAULT",
    when: "the client's message cannot be read; it waits on",
    provoke: (b) => {
      const receipt = answered(b);
      lose(b, HEAP / 4096);
      return b.done(0, Nr.read, receipt, 0, HEAP, 9);
    },
  },
  {
    call: "msg_read",
    error: "ESRVRFAULT",
    when: "the server's buffer cannot be written; the client waits on",
    provoke: (b) => b.done(0, Nr.read, answered(b), 0, NOWHERE, 9),
  },
  {
    call: "msg_read",
    error: "EAGAIN",
    when: "there is no row for what is read",
    provoke: (b) => whileFull(b.s.message, () => b.done(0, Nr.read, 4097, 0, HEAP, 9)),
  },
];
