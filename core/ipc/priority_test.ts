import assert from "node:assert/strict";
import { Call, words } from "../proc/testing.ts";
import { effectivePriority, setBasePriority } from "../sched/priority.ts";
import { ChannelFlag } from "./tables.ts";
import { MessageBench, Nr } from "./testing.ts";

/** A server of base priority 22; two clients that stay on hart 1, of 10 and 13. */
function threesome(flags: number): MessageBench & { readonly high: number } {
  const b = new MessageBench(flags);
  assert.equal(b.call(1, Call.setaffinity, 0, 8, words(2)), 0);
  assert.equal(b.call(1, Call.clone, 17), 3);
  setBasePriority(b.s, b.world.fx, 0, b.server, 22);
  setBasePriority(b.s, b.world.fx, 1, b.client, 10);
  b.blocks(1, Nr.send, b.coid, 8);
  const high = b.on(1);
  assert.notEqual(high, b.client);
  setBasePriority(b.s, b.world.fx, 1, high, 13);
  return Object.assign(b, { high });
}

Deno.test("priority: a server has that of what it serves, and of what waits if that is higher", () => {
  const b = threesome(0);
  const low = b.done(0, Nr.receive, b.chid, 0, 0, 0);
  assert.equal(effectivePriority(b.s, b.server), 10, "down, at the receive");
  const coid = b.done(1, Nr.attach, 1, b.chid);
  b.blocks(1, Nr.send, coid, 8);
  assert.equal(effectivePriority(b.s, b.server), 13, "up, at the send: nothing of 11 delays it");
  b.check();
  assert.equal(b.done(0, Nr.reply, low, 8), 0);
  assert.equal(effectivePriority(b.s, b.server), 13, "until it receives again");
  const high = b.done(0, Nr.receive, b.chid, 0, 0, 0);
  assert.equal(effectivePriority(b.s, b.server), 13);
  assert.equal(b.done(0, Nr.reply, high, 8), 0);
  b.blocks(0, Nr.receive, b.chid, 0, 0, 0);
  assert.equal(effectivePriority(b.s, b.server), 22, "undone when there is nothing to serve");
  b.check();
});

Deno.test("priority: what a server has of a message does not change with its base", () => {
  const b = threesome(0);
  setBasePriority(b.s, b.world.fx, 0, b.server, 10);
  b.done(0, Nr.receive, b.chid, 0, 0, 0);
  setBasePriority(b.s, b.world.fx, 0, b.server, 5);
  assert.equal(effectivePriority(b.s, b.server), 10, "its base was that of the message");
  b.check();
});

Deno.test("priority: a channel of fixed priority changes nobody's", () => {
  const b = threesome(ChannelFlag.FixedPriority);
  b.done(0, Nr.receive, b.chid, 0, 0, 0);
  const coid = b.done(1, Nr.attach, 1, b.chid);
  b.blocks(1, Nr.send, coid, 8);
  assert.equal(effectivePriority(b.s, b.server), 22);
  b.check();
});

Deno.test("priority: a pulse brings its own", () => {
  const b = new MessageBench();
  b.blocks(0, Nr.receive, b.chid, 0, 0, 0);
  assert.equal(b.done(1, Nr.pulse, b.coid, 30, 1, 0), 0);
  assert.equal(effectivePriority(b.s, b.server), 30);
  b.check();
});

Deno.test("priority: one hop: who serves the server that is raised stays as it is", () => {
  // init serves the client; the client has served its child, and waits for init.
  const b = new MessageBench();
  assert.equal(b.call(1, Call.setaffinity, 0, 8, words(2)), 0);
  const middle = b.done(1, Nr.channelCreate, 0);
  assert.equal(b.call(1, Call.clone, 17), 3);
  setBasePriority(b.s, b.world.fx, 0, b.server, 5);
  setBasePriority(b.s, b.world.fx, 1, b.client, 6);
  b.blocks(1, Nr.receive, middle, 0, 0, 0);
  const top = b.on(1);
  setBasePriority(b.s, b.world.fx, 1, top, 7);
  const up = b.done(1, Nr.attach, 2, middle);
  b.enter(1, Nr.send, up, 8);
  b.pump();
  assert.equal(b.on(1), b.client, "it serves at 7");
  assert.equal(effectivePriority(b.s, b.client), 7);
  b.blocks(1, Nr.send, b.coid, 8);
  const receipt = b.done(0, Nr.receive, b.chid, 0, 0, 0);
  assert.equal(effectivePriority(b.s, b.server), 7, "what is sent brings what it is sent with");
  // The middle one is raised while it waits: its server is not.
  b.s.thread.messagePriority[b.client] = 0;
  setBasePriority(b.s, b.world.fx, 0, b.client, 30);
  assert.equal(effectivePriority(b.s, b.client), 30);
  assert.equal(effectivePriority(b.s, b.server), 7);
  assert.equal(b.done(0, Nr.reply, receipt, 8), 0);
  b.check();
});

Deno.test("priority: a message whose sender is raised goes before others, also before pulses", () => {
  const b = threesome(0);
  const coid = b.done(1, Nr.attach, 1, b.chid);
  assert.equal(b.done(1, Nr.pulse, coid, 11, 1, 0), 0);
  b.blocks(1, Nr.send, coid, 8);
  setBasePriority(b.s, b.world.fx, 0, b.client, 14);
  b.check();
  const first = b.done(0, Nr.receive, b.chid, 0, 0, 0);
  assert.equal(b.s.message.thread[first % 4096], b.client);
  const second = b.done(0, Nr.receive, b.chid, 0, 0, 0);
  assert.equal(b.s.message.thread[second % 4096], b.high);
  assert.equal(b.done(0, Nr.receive, b.chid, 0, 0, 0), 0);
  b.check();
});
