import assert from "node:assert/strict";
import { Signal } from "../proc/signal_numbers.ts";
import { BUFFER, Call } from "../proc/testing.ts";
import { LARGEST_BURST, limitChannel, mayCome, takeCredit } from "./limit.ts";
import { E, MessageBench, Nr } from "./testing.ts";

/** Messages that may come through the client's connection at a time. */
function comeAt(b: MessageBench, connection: number, now: number): number {
  const channel = b.s.connection.channel[connection];
  let came = 0;
  for (; mayCome(b.s, channel, connection, now) === 0; came++) {
    takeCredit(b.s, channel, connection, now);
    assert.ok(came < 10_000, "a full bucket is not without end");
  }
  return came;
}

Deno.test("limit: a burst at once, then as many as the rate, never more in all", () => {
  const b = new MessageBench();
  const connection = b.s.process.firstConnection[b.processOf(b.client)];
  const channel = b.s.connection.channel[connection];
  assert.equal(limitChannel(b.s, channel, 1000, 5), 0);
  assert.equal(comeAt(b, connection, 50_000_000), 5, "a full bucket");
  assert.equal(comeAt(b, connection, 50_999_999), 0, "not before the ns");
  assert.equal(comeAt(b, connection, 51_000_000), 1);
  assert.equal(comeAt(b, connection, 53_500_000), 2, "no more than has filled");
  assert.equal(comeAt(b, connection, 54_000_000), 1, "and nothing of it is lost");
  assert.equal(comeAt(b, connection, 10 ** 12), 5, "no more than a bucket");
  assert.equal(comeAt(b, connection, 10 ** 12 - 5), 0, "another hart's clock may be behind");
  assert.equal(limitChannel(b.s, channel, 3, 1), 0);
  let came = 0;
  for (let ns = 2 * 10 ** 12; ns < 2 * 10 ** 12 + 10 ** 10; ns += 1_000_000) {
    came += comeAt(b, connection, ns);
  }
  assert.ok(came === 30 || came === 29, `a rate that does not divide a second: ${came} in 10 s`);
});

Deno.test("limit: a new one forgives what an old one held against a sender", () => {
  const b = new MessageBench();
  const connection = b.s.process.firstConnection[b.processOf(b.client)];
  const channel = b.s.connection.channel[connection];
  assert.equal(limitChannel(b.s, channel, 1, LARGEST_BURST), 0);
  assert.ok(mayCome(b.s, channel, connection, 0) === 0);
  b.s.connection.fullAt[connection] = 1e9 * LARGEST_BURST;
  assert.equal(limitChannel(b.s, channel, 1000, 5), 0);
  assert.equal(comeAt(b, connection, 1000), 0);
  b.s.connection.fullAt[connection] = 1e9 * LARGEST_BURST;
  takeCredit(b.s, channel, connection, 1000);
  assert.ok(b.s.connection.fullAt[connection] <= 1000 + 6_000_000, "a bucket and no more");
});

Deno.test("limit: excess is refused with an error of its own, others are not affected", () => {
  const b = new MessageBench();
  const chid = b.done(0, Nr.createAsync, 0, 100);
  const coid = b.done(1, Nr.attach, 1, chid);
  const own = b.done(0, Nr.attach, 0, chid);
  // The bench's clocks go by microseconds: nothing fills meanwhile.
  assert.equal(b.done(0, Nr.limit, chid, 1, 4), 0);
  assert.equal(b.done(1, Nr.post, coid, 8, 1), 0);
  assert.equal(b.done(1, Nr.pulse, coid, 5, 1, 1), 0);
  assert.equal(b.done(1, Nr.post, coid, 8, 1), 0);
  b.blocks(1, Nr.send, coid, 8);
  let receipt = 0;
  while (receipt === 0) receipt = b.done(0, Nr.receive, chid, 0, 0, 0);
  assert.equal(b.done(0, Nr.reply, receipt, 0), 0);
  for (const [nr, args] of [[Nr.post, [8, 1]], [Nr.pulse, [5, 1, 1]], [Nr.send, [8]]] as const) {
    assert.equal(b.done(1, nr, coid, ...args), E.EDQUOT, `call ${nr}`);
  }
  const second = b.done(1, Nr.attach, 1, chid);
  assert.equal(b.done(1, Nr.post, second, 8, 1), E.EDQUOT, "nor by another connection");
  assert.equal(b.done(0, Nr.post, own, 8, 1), 0, "who has not sent too much");
  assert.equal(b.done(1, Nr.pulse, b.coid, 5, 1, 1), 0, "nor is another channel limited");
  b.check();
  assert.equal(b.done(0, Nr.limit, chid, 0, 0), 0, "no limit");
  assert.equal(b.done(1, Nr.post, coid, 8, 1), 0);
  b.check();
});

Deno.test("limit: what is refused for another reason costs no credit", () => {
  const b = new MessageBench();
  const chid = b.done(0, Nr.createAsync, 0, 1);
  const coid = b.done(1, Nr.attach, 1, chid);
  assert.equal(b.done(0, Nr.limit, chid, 1, 2), 0);
  assert.equal(b.done(1, Nr.post, coid, 8, 1), 0);
  for (let i = 0; i < 4; i++) assert.equal(b.done(1, Nr.post, coid, 8, 1), E.EAGAIN, "full");
  assert.equal(b.done(0, Nr.receive, chid, 0, 0, 0), 0);
  assert.equal(b.done(1, Nr.post, coid, 8, 1), 0, "a credit is left");
  assert.equal(b.done(1, Nr.post, coid, 8, 1), E.EDQUOT);
  b.check();
});

Deno.test("limit: a message that is sent again, for nobody received it, is one message", () => {
  const b = new MessageBench();
  assert.equal(b.done(0, Nr.limit, b.chid, 1, 1), 0);
  b.blocks(1, Nr.send, b.coid, 8);
  assert.equal(b.call(0, Call.kill, 2, Signal.Stop), 0);
  assert.equal(b.call(0, Call.kill, 2, Signal.Cont), 0);
  assert.equal(b.waits(b.client), "MessageSend", `not ${b.results.get(b.client)}`);
  const receipt = b.done(0, Nr.receive, b.chid, 0, 0, 0);
  assert.equal(b.done(0, Nr.reply, receipt, 0), 0);
  assert.equal(b.done(1, Nr.send, b.coid, 8), E.EDQUOT, "the next is another");
  b.check();
});

Deno.test("limit: rates and bursts that are none are refused", () => {
  const b = new MessageBench();
  assert.equal(b.done(0, Nr.limit, b.chid, 1e6 + 1, 1), E.EINVAL);
  assert.equal(b.done(0, Nr.limit, b.chid, 1, LARGEST_BURST + 1), E.EINVAL);
  assert.equal(b.done(0, Nr.limit, b.chid, 1, 0), E.EINVAL);
  assert.equal(b.done(0, Nr.limit, 9999, 1, 1), E.ESRCH);
  assert.equal(b.done(1, Nr.limit, b.coid, 1, 1), E.ESRCH, "not by a connection");
  assert.equal(b.done(0, Nr.limit, b.chid, 1e6, LARGEST_BURST), 0);
  b.check();
});

/** The counters of a channel of the server, as the call gives them. */
function countersOf(b: MessageBench, chid: number): number[] {
  b.enter(0, Nr.counters, chid, BUFFER);
  const { bytes } = b.world.fx;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 64);
  const counters = Array.from({ length: 8 }, (_, i) => Number(view.getBigUint64(8 * i, true)));
  b.pump();
  assert.equal(b.results.get(b.server), 0);
  return counters;
}

Deno.test("counters: what waited, was received, answered, pulsed, posted, refused", () => {
  const b = new MessageBench();
  const chid = b.done(0, Nr.createAsync, 0, 2);
  const coid = b.done(1, Nr.attach, 1, chid);
  countersOf(b, chid);
  assert.deepEqual(countersOf(b, chid), [0, 0, 0, 0, 0, 0, 0, 0]);
  for (let i = 0; i < 3; i++) b.done(1, Nr.post, coid, 8, 1);
  b.done(1, Nr.pulse, coid, 200, 1, 1);
  b.done(0, Nr.limit, chid, 1, 1);
  assert.equal(b.done(1, Nr.post, coid, 8, 1), E.EAGAIN);
  assert.equal(b.done(1, Nr.pulse, coid, 200, 1, 1), 0);
  assert.equal(b.done(1, Nr.pulse, coid, 200, 1, 1), E.EDQUOT);
  b.done(0, Nr.limit, chid, 0, 0);
  b.blocks(1, Nr.send, coid, 8);
  for (const what of ["a pulse", "a pulse", "a post", "a post"]) {
    assert.equal(b.done(0, Nr.receive, chid, 0, 0, 0), 0, what);
  }
  const receipt = b.done(0, Nr.receive, chid, 0, 0, 0);
  assert.equal(b.done(0, Nr.reply, receipt, 0), 0);
  const [arrivals, received, answered, pulsed, posted, limited, full, waiting] = countersOf(
    b,
    chid,
  );
  assert.deepEqual([received, answered, posted, full, waiting], [1, 1, 2, 2, 0]);
  assert.deepEqual([arrivals, pulsed, limited], [5, 2, 1], "waited, pulses, refused");
  assert.equal(b.done(0, Nr.counters, 9999, BUFFER), E.ESRCH);
  assert.equal(b.done(0, Nr.counters, chid, 8), E.EFAULT);
  b.check();
});

Deno.test("limit: a new connection is no way to a full bucket", () => {
  const b = new MessageBench();
  assert.equal(b.done(0, Nr.limit, b.chid, 1, 2), 0);
  let coid = b.coid;
  let came = 0;
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 3; i++) if (b.done(1, Nr.pulse, coid, 5, 1, 1) === 0) came++;
    assert.equal(b.done(1, Nr.detach, coid), 0);
    coid = b.done(1, Nr.attach, 1, b.chid);
  }
  assert.equal(came, 2);
});
