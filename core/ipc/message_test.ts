import assert from "node:assert/strict";
import { EFFECT_ARITY, EffectKind } from "../effect.ts";
import { Signal } from "../proc/signal_numbers.ts";
import { Call, words } from "../proc/testing.ts";
import { errnoOf } from "../personality/linux/errno.ts";
import { detach } from "./connection.ts";
import { Cause, CAUSES, END_ERRORS } from "./end.ts";
import { ChannelFlag, MessageState } from "./tables.ts";
import { E, MessageBench, Nr } from "./testing.ts";

const HANDLER = 0x5_0000;

/** The register masks of the copies an event asked for. */
function copies(b: MessageBench): number[] {
  const { words: w, length } = b.world.fx;
  const masks: number[] = [];
  for (let at = 0; at < length; at += 1 + EFFECT_ARITY[w[at]]) {
    if (w[at] === EffectKind.CopyRegisterSet) masks.push(w[at + 3]);
  }
  return masks;
}

Deno.test("message: a receiver that waits gets it at once, and its sender waits for the reply", () => {
  const b = new MessageBench();
  b.blocks(0, Nr.receive, b.chid, 0, 0, 0);
  assert.equal(b.waits(b.server), "MessageReceive");
  b.enter(1, Nr.send, b.coid, 20);
  assert.deepEqual(copies(b), [(1 << 11) | (7 << 12)], "the tag and three words, in one effect");
  b.pump();
  assert.equal(b.waits(b.client), "MessageReply");
  const receipt = b.results.get(b.server) ?? 0;
  assert.ok(receipt > 0);
  assert.equal(b.done(0, Nr.reply, receipt, 7 * 2 ** 32 + 64), 0);
  assert.equal(b.results.get(b.client), 7);
  assert.equal(b.done(0, Nr.reply, receipt, 8), E.ESRCH, "a receipt answers once");
  b.check();
});

Deno.test("message: without a receiver it waits, and moves when it is received", () => {
  const b = new MessageBench();
  b.blocks(1, Nr.send, b.coid, 8);
  assert.equal(b.waits(b.client), "MessageSend");
  assert.deepEqual(copies(b), []);
  const receipt = b.done(0, Nr.receive, b.chid, 0, 0, 0);
  assert.equal(b.waits(b.client), "MessageReply");
  assert.equal(b.done(0, Nr.error, receipt, 5), 0);
  assert.equal(b.results.get(b.client), -5);
  b.check();
});

Deno.test("message: the highest priority is received first, equals as they came", () => {
  const b = new MessageBench();
  // The client and its children stay on hart 1: each runs when the one before it is blocked.
  assert.equal(b.call(1, Call.setaffinity, 0, 8, words(2)), 0);
  for (let i = 0; i < 2; i++) assert.equal(b.call(1, Call.clone, 17), 3 + i);
  const clients: number[] = [];
  for (const priority of [10, 12, 12]) {
    const thread = b.on(1);
    clients.push(thread);
    b.s.thread.priority[thread] = priority;
    const coid = thread === b.client ? b.coid : b.done(1, Nr.attach, 1, b.chid);
    b.blocks(1, Nr.send, coid, 8);
    b.check();
  }
  const order: number[] = [];
  for (let i = 0; i < 3; i++) {
    const receipt = b.done(0, Nr.receive, b.chid, 0, 0, 0);
    order.push(b.s.message.thread[receipt % 4096]);
    b.check();
  }
  assert.deepEqual(order, [clients[1], clients[2], clients[0]]);
});

/** Brings a thread to a state; which one, and on which hart. */
const REACH: Readonly<
  Record<number, (b: MessageBench) => readonly [thread: number, hart: number]>
> = {
  [MessageState.Sent]: (b) => {
    b.blocks(1, Nr.send, b.coid, 8);
    return [b.client, 1];
  },
  [MessageState.Received]: (b) => {
    b.received();
    return [b.client, 1];
  },
  [MessageState.Receiving]: (b) => {
    // The client receives on a channel of its own: the other hart stays free to act.
    const own = b.done(1, Nr.channelCreate, 0);
    b.blocks(1, Nr.receive, own, 0, 0, 0);
    return [b.client, 1];
  },
};

/** Lets a cause act on a blocked thread from the other hart. */
const ACT: Readonly<Record<number, (b: MessageBench, thread: number, state: number) => void>> = {
  [Cause.ChannelDestroyed]: (b, thread, state) => {
    if (state !== MessageState.Receiving) {
      assert.equal(b.done(0, Nr.channelDestroy, b.chid), 0);
      return;
    }
    // Only its owner can, or its owner's end.
    assert.equal(b.call(0, Call.kill, b.s.process.pid[b.processOf(thread)], Signal.Kill), 0);
  },
  [Cause.Signal]: (b, thread) => {
    assert.equal(b.call(0, Call.kill, b.s.process.pid[b.processOf(thread)], Signal.Usr1), 0);
  },
  [Cause.Timeout]: (b) => b.timer(1, 1_000_000_000),
};

for (const state of [MessageState.Sent, MessageState.Received, MessageState.Receiving]) {
  for (const cause of [Cause.ChannelDestroyed, Cause.Signal, Cause.Timeout]) {
    const killed = state === MessageState.Receiving && cause === Cause.ChannelDestroyed;
    Deno.test(`message: state ${state} ended by cause ${cause} returns once, the table's error`, () => {
      const b = new MessageBench();
      b.handle(1, Signal.Usr1, HANDLER);
      if (cause === Cause.Timeout) assert.equal(b.done(1, Nr.timeout, 1 << state, 1000), 0);
      const [thread] = REACH[state](b);
      ACT[cause](b, thread, state);
      if (!killed) {
        const error = END_ERRORS[state * CAUSES + cause];
        if (cause === Cause.Signal) assert.deepEqual(b.takeHandled(thread), [Signal.Usr1]);
        else assert.equal(b.results.get(thread), errnoOf(-error));
        assert.equal(b.s.thread.call[thread], 0, "nothing is left of the call");
        assert.equal(b.waits(thread), "");
      }
      b.check();
    });
  }
}

Deno.test("message: a detached connection ends what was sent through it", () => {
  for (const state of [MessageState.Sent, MessageState.Received]) {
    const b = new MessageBench();
    const [thread] = REACH[state](b);
    const connection = b.s.process.firstConnection[b.processOf(thread)];
    detach(b.s, b.world.fx, connection);
    assert.equal(b.call(0, Call.yield), 0);
    const error = END_ERRORS[state * CAUSES + Cause.ConnectionDetached];
    assert.equal(b.results.get(thread), errnoOf(-error));
    b.check();
    assert.equal(b.done(1, Nr.send, b.coid, 8), E.EBADF);
  }
});

Deno.test("message: ids that went, and those of another process, name nothing", () => {
  const b = new MessageBench();
  const receipt = b.received();
  assert.equal(b.done(0, Nr.send, b.coid, 8), E.EBADF, "a connection of another process");
  assert.equal(b.done(0, Nr.send, b.chid, 8), E.EBADF, "a channel is no connection");
  assert.equal(b.done(0, Nr.detach, b.chid), E.EINVAL);
  assert.equal(b.done(0, Nr.receive, b.coid, 0, 0, 0), E.ESRCH);
  assert.equal(b.done(0, Nr.attach, 1, b.chid + 4096), E.ESRCH);
  assert.equal(b.done(0, Nr.attach, 99, b.chid), E.ESRCH);
  for (const wrong of [receipt + 1, receipt + 4096, receipt - 4096, 0, -1, 2 ** 53]) {
    assert.equal(b.done(0, Nr.reply, wrong, 8), E.ESRCH, `receipt ${wrong}`);
  }
  assert.equal(b.done(0, Nr.channelDestroy, b.chid), 0);
  assert.equal(b.results.get(b.client), E.ESRCH);
  assert.equal(b.done(0, Nr.reply, receipt, 8), E.ESRCH);
  const next = b.done(0, Nr.channelCreate, 0);
  assert.notEqual(next, b.chid);
  assert.equal(b.done(0, Nr.receive, b.chid, 0, 0, 0), E.ESRCH);
  assert.equal(b.done(1, Nr.send, b.coid, 8), E.EBADF, "its channel is gone, not another's");
  assert.equal(b.done(1, Nr.detach, b.coid), 0);
  b.check();
});

Deno.test("message: a receipt means nothing to another process", () => {
  const b = new MessageBench();
  const receipt = b.received();
  const third = b.call(0, Call.clone, 17);
  assert.equal(third, 3);
  const hart = b.on(1) === 0 ? 0 : 1;
  if (hart === 0) b.call(0, Call.yield);
  assert.notEqual(b.on(hart), b.server);
  assert.equal(b.done(hart, Nr.reply, receipt, 8), E.ESRCH, "a receipt of another process");
  b.check();
});

Deno.test("message: revoking the channel's node ends what was sent and leads nowhere any more", () => {
  const b = new MessageBench();
  b.blocks(1, Nr.send, b.coid, 8);
  assert.equal(b.call(0, Nr.revoke, b.chid), 0);
  assert.equal(b.results.get(b.client), E.EBADF);
  assert.equal(b.done(1, Nr.send, b.coid, 8), E.EBADF);
  b.check();
  assert.ok(b.done(1, Nr.attach, 1, b.chid) > 0, "the node itself is kept");
  b.check();
});

Deno.test("message: a time limit holds for the states it was asked for, and for one call", () => {
  const b = new MessageBench();
  assert.equal(b.done(1, Nr.timeout, 1 << MessageState.Sent, 1000), 0);
  const receipt = b.received();
  b.timer(1, 1_000_000_000);
  assert.equal(b.waits(b.client), "MessageReply");
  assert.equal(b.done(0, Nr.reply, receipt, 8), 0);
  b.blocks(1, Nr.send, b.coid, 8);
  b.timer(1, 2_000_000_000);
  assert.equal(b.waits(b.client), "MessageSend");
  assert.equal(b.done(0, Nr.timeout, 1, 5), E.EINVAL);
  b.check();
});

Deno.test("message: a time limit for being received that passes before that ends the call then", () => {
  const b = new MessageBench();
  assert.equal(b.done(1, Nr.timeout, 1 << MessageState.Received, 1000), 0);
  b.blocks(1, Nr.send, b.coid, 8);
  b.timer(1, 1_000_000_000);
  assert.equal(b.waits(b.client), "MessageSend", "it is not limited in waiting for a receiver");
  b.blocks(0, Nr.receive, b.chid, 0, 0, 0);
  assert.equal(b.results.get(b.client), E.ETIMEDOUT);
  b.blocks(1, Nr.send, b.coid, 8);
  assert.equal(b.waits(b.client), "MessageReply", "the next call is not limited");
  b.check();
});

Deno.test("message: a client on its way out of its call can be answered no more", () => {
  const b = new MessageBench();
  b.handle(1, Signal.Usr1, HANDLER);
  const receipt = b.received();
  b.held.add(1);
  assert.equal(b.call(0, Call.kill, 2, Signal.Usr1), 0);
  assert.equal(b.done(0, Nr.reply, receipt, 8), E.ESRCH, "its hart has not heard of it yet");
  b.held.delete(1);
  b.pump();
  assert.deepEqual(b.takeHandled(b.client), [Signal.Usr1]);
  b.check();
});

Deno.test("message: a stop ends the wait for an answer, for to send again is to send twice", () => {
  const b = new MessageBench();
  const receipt = b.received();
  assert.equal(b.call(0, Call.kill, 2, Signal.Stop), 0);
  assert.equal(b.call(0, Call.kill, 2, Signal.Cont), 0);
  assert.equal(b.results.get(b.client), E.EINTR);
  assert.equal(b.done(0, Nr.reply, receipt, 8), E.ESRCH);
  b.check();
  // What nobody has received is sent again.
  b.blocks(1, Nr.send, b.coid, 8);
  assert.equal(b.call(0, Call.kill, 2, Signal.Stop), 0);
  assert.equal(b.call(0, Call.kill, 2, Signal.Cont), 0);
  assert.equal(b.waits(b.client), "MessageSend");
  b.check();
});

Deno.test("message: tags, lengths and errors that are none are refused", () => {
  const b = new MessageBench();
  assert.equal(b.done(1, Nr.send, b.coid, 65), E.EINVAL);
  assert.equal(b.done(1, Nr.send, b.coid, 0x1000_0008), E.EINVAL);
  assert.equal(b.done(1, Nr.sendBytes, b.coid, 0, 2 ** 19, 0, 0), E.E2BIG);
  assert.equal(b.done(1, Nr.sendBytes, b.coid, 8, 100, 0, 0), E.EFAULT);
  assert.equal(b.done(1, Nr.sendBytes, b.coid, 0, 0, 8, 100), E.EFAULT);
  for (const flags of [256, 512]) assert.equal(b.done(0, Nr.channelCreate, flags), E.EINVAL);
  const receipt = b.received();
  assert.equal(b.done(0, Nr.reply, receipt, 65), E.EINVAL);
  assert.equal(b.done(0, Nr.error, receipt, 4096), E.EINVAL);
  assert.equal(b.done(0, Nr.error, receipt, -1), E.EINVAL, "it has not asked to leave");
  assert.equal(b.done(0, Nr.error, receipt, 0), 0);
  assert.equal(b.results.get(b.client), 0);
  assert.equal(b.done(0, Nr.channelCreate, ChannelFlag.ConnectionDeath) > 0, true);
  assert.equal(b.done(0, Nr.channelCreate, ChannelFlag.ConnectionDeath), E.EBUSY);
  b.check();
});

Deno.test("message: with an unblock pulse the client stays until the server lets it go", () => {
  const b = new MessageBench(ChannelFlag.Unblock);
  b.handle(1, Signal.Usr1, HANDLER);
  const receipt = b.received();
  assert.equal(b.call(0, Call.kill, 2, Signal.Usr1), 0);
  assert.equal(b.waits(b.client), "MessageReply", "it stays");
  assert.deepEqual(b.takeHandled(b.client), []);
  assert.equal(b.done(0, Nr.receive, b.chid, 0, 0, 0), 0, "the pulse that asks");
  assert.equal(b.done(0, Nr.error, receipt, -1), 0);
  assert.equal(b.results.get(b.client), E.EINTR);
  assert.deepEqual(b.takeHandled(b.client), [Signal.Usr1]);
  b.check();
  // The same with a time limit; and being killed asks nobody.
  assert.equal(b.done(1, Nr.timeout, 1 << MessageState.Received, 1000), 0);
  const second = b.received();
  b.timer(1, 2_000_000_000);
  assert.equal(b.waits(b.client), "MessageReply");
  assert.equal(b.done(0, Nr.receive, b.chid, 0, 0, 0), 0);
  assert.equal(b.done(0, Nr.error, second, -1), 0);
  assert.equal(b.results.get(b.client), E.ETIMEDOUT);
  const third = b.received();
  assert.equal(b.call(0, Call.kill, 2, Signal.Kill), 0);
  assert.equal(b.done(0, Nr.reply, third, 8), E.ESRCH);
  b.check();
});

Deno.test("message: an answer that asks for it makes the client send again", () => {
  const b = new MessageBench();
  const receipt = b.received();
  assert.equal(b.done(0, Nr.error, receipt, 85), 0);
  assert.equal(b.waits(b.client), "MessageSend");
  const again = b.done(0, Nr.receive, b.chid, 0, 0, 0);
  assert.ok(again > 0 && again !== receipt);
  assert.equal(b.done(0, Nr.reply, receipt, 8), E.ESRCH);
  assert.equal(b.done(0, Nr.reply, again, 8), 0);
  assert.equal(b.results.get(b.client), 0);
  b.check();
});

Deno.test("message: answering and receiving in one call answers once", () => {
  const b = new MessageBench();
  const receipt = b.received();
  b.blocks(0, Nr.replyReceive, receipt, 3 * 2 ** 32 + 8);
  assert.equal(b.results.get(b.client), 3);
  assert.equal(b.waits(b.server), "MessageReceive");
  b.blocks(1, Nr.send, b.coid, 8);
  const second = b.results.get(b.server) ?? 0;
  assert.ok(second > 0 && second !== receipt);
  assert.equal(b.done(0, Nr.replyReceive, receipt, 8), E.ESRCH);
  assert.equal(b.done(0, Nr.reply, second, 8), 0);
  b.check();
});
