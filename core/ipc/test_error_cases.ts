/**
 * How each message call comes to each of its errors. `errors_test.ts` provokes them all;
 * `docs/message_errors.md` is the same list for readers.
 */
import assert from "node:assert/strict";
import { HEAP } from "../ledger/test_world.ts";
import { unmapRange } from "../mem/unmap.ts";
import { Call, TOO_LONG, words } from "../proc/testing.ts";
import { Signal } from "../proc/signal_numbers.ts";
import { ChannelFlag, MessageState } from "./tables.ts";
import { E, MessageBench, Nr } from "./testing.ts";

/** An errno by name. */
export type ErrorName = keyof typeof E;
/** Where no page of any process lies, and where none was touched. */
const NOWHERE = 8, UNTOUCHED = HEAP + 16 * 4096;
const HANDLER = 0x5_0000;
const Parts = { sendParts: 666, receiveParts: 668, replyParts: 671 } as const;

/** How one call comes to one error. */
export interface ErrorCase {
  readonly call: string;
  readonly error: ErrorName;
  readonly when: string;
  /** Flags of the server's channel. */
  readonly flags?: number;
  /** What the call returns. */
  readonly provoke: (b: MessageBench) => number | undefined;
}

/** Parts of a message: address and length of each. */
const parts = (...list: readonly (readonly [number, number])[]): Uint8Array =>
  words(...list.flat());

/** The client of a blocked call is given the reason afterwards. */
function ofClient(b: MessageBench, act: () => unknown): number | undefined {
  act();
  return b.results.get(b.client);
}

/** The client's memory at a page goes, as another of its threads may make it go. */
function lose(b: MessageBench, page: number): void {
  unmapRange(b.s, b.world.fx, 1, b.client, page, page + 1, 0);
}

/** A message from memory that waits for a receiver, with a place for the answer. */
function sent(b: MessageBench, at = HEAP, reply = UNTOUCHED): void {
  b.blocks(1, Nr.sendBytes, b.coid, at, 100, reply, 100);
}

/** The same, received. */
function answered(b: MessageBench): number {
  sent(b);
  return b.done(0, Nr.receive, b.chid, HEAP, 100, 0);
}

/** The client sends and a handled signal, or its time limit, ends that. */
function interrupted(b: MessageBench, block: () => void): number | undefined {
  b.handle(1, Signal.Usr1, HANDLER);
  block();
  assert.equal(b.call(0, Call.kill, 2, Signal.Usr1), 0);
  return b.interrupted.get(b.client);
}
function late(b: MessageBench, state: number, block: () => void): number | undefined {
  assert.equal(b.done(1, Nr.timeout, 1 << state, 1000), 0);
  block();
  b.timer(1, 1_000_000_000);
  return b.results.get(b.client);
}

/** The client's own channel, on which it waits for messages. */
const own = (b: MessageBench): number => b.done(1, Nr.channelCreate, 0);

/** Makes one thing after another until there are no more. */
function exhaust(make: () => number): number {
  for (let n = 0; n < 300; n++) {
    const made = make();
    if (made < 0) return made;
  }
  return 0;
}

export const ERROR_CASES: readonly ErrorCase[] = [
  {
    call: "channel_create",
    error: "EAGAIN",
    when: "the process, or the system, has as many channels as it may",
    provoke: (b) => exhaust(() => b.done(0, Nr.channelCreate, 0)),
  },
  {
    call: "channel_create",
    error: "EINVAL",
    when: "a flag is unknown",
    provoke: (b) => b.done(0, Nr.channelCreate, 256),
  },
  {
    call: "channel_create",
    error: "EBUSY",
    when: "the process has a channel for that kind of news already",
    flags: ChannelFlag.ConnectionDeath,
    provoke: (b) => b.done(0, Nr.channelCreate, ChannelFlag.ConnectionDeath),
  },
  {
    call: "channel_destroy",
    error: "EINVAL",
    when: "the process has no such channel",
    provoke: (b) => b.done(0, Nr.channelDestroy, b.chid + 1),
  },
  {
    call: "connect_attach",
    error: "ESRCH",
    when: "there is no such process, or it has no such channel",
    provoke: (b) => {
      assert.equal(b.done(1, Nr.attach, 99, b.chid), E.ESRCH);
      return b.done(1, Nr.attach, 1, b.chid + 4096);
    },
  },
  {
    call: "connect_attach",
    error: "EINVAL",
    when: "no process or no channel has such a number",
    provoke: (b) => {
      assert.equal(b.done(1, Nr.attach, 1, 0), E.EINVAL);
      assert.equal(b.done(1, Nr.attach, 1, 2 ** 31), E.EINVAL);
      return b.done(1, Nr.attach, 0xffff_ffff, b.chid);
    },
  },
  {
    call: "connect_attach",
    error: "EAGAIN",
    when: "the process, or the system, has as many connections as it may",
    provoke: (b) => exhaust(() => b.done(1, Nr.attach, 1, b.chid)),
  },
  {
    call: "connect_detach",
    error: "EINVAL",
    when: "the process has no such connection",
    provoke: (b) => b.done(1, Nr.detach, b.coid + 1),
  },
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
      assert.equal(b.call(1, Parts.sendParts, b.coid, most, 3, null, 0), E.E2BIG);
      return b.call(1, Parts.sendParts, b.coid, TOO_LONG, 9, parts(), 0);
    },
  },
  {
    call: "msg_send_parts",
    error: "EFAULT",
    when: "the array of parts cannot be read",
    provoke: (b) => b.call(1, Parts.sendParts, b.coid, null, 1, parts(), 0),
  },
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
    call: "msg_receive_parts",
    error: "E2BIG",
    when: "there are more parts than a message has",
    provoke: (b) => {
      return b.call(0, Parts.receiveParts, b.chid, TOO_LONG, 9, 0);
    },
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
    call: "msg_reply_parts",
    error: "E2BIG",
    when: "there are more parts than a message has",
    provoke: (b) => {
      return b.call(0, Parts.replyParts, answered(b), 0, TOO_LONG, 9);
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
    call: "msg_send_caps",
    error: "EBADF",
    when: "there is no such connection; its other errors are those of carrying (core/ipc/carry.ts)",
    provoke: (b) => b.done(1, Nr.sendCaps, b.coid + 1, 8),
  },
  {
    call: "msg_reply_caps",
    error: "ESRCH",
    when: "as msg_reply",
    provoke: (b) => b.done(0, Nr.replyCaps, b.received() + 4096, 8),
  },
  {
    call: "timer_timeout",
    error: "EINVAL",
    when: "it is no set of states",
    provoke: (b) => b.done(1, Nr.timeout, 1, 1000),
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
    call: "channel_create_async",
    error: "EINVAL",
    when: "a flag is unknown, or the ring would be empty or too large",
    provoke: (b) => b.done(0, Nr.createAsync, 0, 0),
  },
  {
    call: "channel_create_async",
    error: "EAGAIN",
    when: "as channel_create, or there is no room for the ring",
    provoke: (b) => exhaust(() => b.done(0, Nr.createAsync, 0, 256)),
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
    call: "channel_bind",
    error: "ESRCH",
    when: "the process has no such channel",
    provoke: (b) => b.done(0, Nr.bind, b.chid + 1, 0, 1),
  },
];
