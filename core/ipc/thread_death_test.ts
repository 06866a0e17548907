import assert from "node:assert/strict";
import { Call, THREAD } from "../proc/testing.ts";
import { findThread } from "../sched/tid.ts";
import { ThreadState } from "../sched/tables.ts";
import { freeRows } from "../state/table.ts";
import { createPulse, freePulse } from "./pulse_row.ts";
import { ChannelFlag, PulseCode } from "./tables.ts";
import { E, MessageBench, Nr } from "./testing.ts";

const STACK_AT = 0x3000_2000;

/** Init makes a thread that runs on hart 1; the client of the bench is out of the way. */
function withThread(flags: number): { b: MessageBench; tid: number } {
  const b = new MessageBench(flags);
  b.enter(1, Call.exit, 0);
  b.pump();
  return { b, tid: b.done(0, Call.clone, THREAD, STACK_AT, 0, 0, 0) };
}

function firstPulse(b: MessageBench): number {
  return b.s.channel.firstPulse[b.s.process.firstChannel[b.world.init]];
}

Deno.test("thread death: a pulse with the id of a thread that ends, made before or after", () => {
  const { b, tid } = withThread(0);
  const chid = b.done(0, Nr.channelCreate, ChannelFlag.ThreadDeath);
  assert.equal(b.done(0, Nr.channelCreate, ChannelFlag.ThreadDeath), E.EBUSY, "one a process");
  b.enter(1, Call.exitThread, 0);
  b.pump();
  const pulse = firstPulse(b);
  assert.equal(b.s.pulse.code[pulse], PulseCode.ThreadDeath);
  assert.equal(b.s.pulse.valueLo[pulse], tid);
  b.check();
  assert.equal(b.done(0, Nr.receive, chid, 0, 0, 0), 0);
  const later = b.done(0, Call.clone, THREAD, STACK_AT, 0, 0, 0);
  b.blocks(0, Nr.receive, chid, 0, 0, 0);
  const receiver = b.server;
  b.enter(1, Call.exitThread, 0);
  b.pump();
  assert.equal(b.results.get(receiver), 0, `a receiver that waits is told of thread ${later}`);
  b.check();
});

Deno.test("thread death: a row kept for the news outlives the channel", () => {
  const { b } = withThread(0);
  const rows = freeRows(b.s.pulse);
  const chid = b.done(0, Nr.channelCreate, ChannelFlag.ThreadDeath);
  assert.equal(freeRows(b.s.pulse), rows - 2, "one a thread");
  assert.equal(b.done(0, Nr.channelDestroy, chid), 0);
  b.check();
  const again = b.done(0, Nr.channelCreate, ChannelFlag.ThreadDeath);
  assert.ok(again > 0, "the news may go to another channel");
  assert.equal(freeRows(b.s.pulse), rows - 2, "in the same rows");
  assert.equal(b.done(0, Nr.channelDestroy, again), 0);
  b.enter(1, Call.exitThread, 0);
  b.pump();
  assert.equal(freeRows(b.s.pulse), rows - 1);
  b.check();
});

Deno.test("thread death: without a row for the news neither channel nor thread is made", () => {
  const { b, tid } = withThread(0);
  const { s } = b;
  const taken: number[] = [];
  while (freeRows(s.pulse) > 1) taken.push(createPulse(s));
  assert.equal(b.done(0, Nr.channelCreate, ChannelFlag.ThreadDeath), E.EAGAIN, "two threads");
  freePulse(s, taken.pop() as number);
  assert.ok(b.done(0, Nr.channelCreate, ChannelFlag.ThreadDeath) > 0);
  assert.equal(b.done(0, Call.clone, THREAD, STACK_AT, 0, 0, 0), E.EAGAIN);
  for (const pulse of taken) freePulse(s, pulse);
  b.check();
  b.enter(1, Call.exitThread, 0);
  b.pump();
  assert.equal(findThread(s, tid), 0);
  b.check();
});

Deno.test("thread death: the end of the last thread is told nobody", () => {
  const b = new MessageBench();
  const own = b.done(1, Nr.channelCreate, ChannelFlag.ThreadDeath);
  assert.ok(own > 0);
  const rows = freeRows(b.s.pulse);
  b.enter(1, Call.exit, 0);
  b.pump();
  assert.equal(b.s.thread.state[b.client], ThreadState.Dead);
  assert.equal(freeRows(b.s.pulse), rows + 2, "the rows of its end and of its connection");
  b.check();
});
