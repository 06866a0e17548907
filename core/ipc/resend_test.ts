/** What becomes of calls that run again, or that their thread left for another one. */
import assert from "node:assert/strict";
import { EFFECT_ARITY, EffectKind } from "../effect.ts";
import { type Event, EventKind } from "../event.ts";
import { HEAP } from "../ledger/test_world.ts";
import { PAGE_BYTES } from "../limits.ts";
import { resolve } from "../mem/user.ts";
import { Call, THREAD } from "../proc/testing.ts";
import { Signal } from "../proc/signal_numbers.ts";
import { ChannelFlag, Pass } from "./tables.ts";
import { MessageBench, Nr } from "./testing.ts";

const RESEND = 85;
const FROM = HEAP + 16 * PAGE_BYTES;
const TO = FROM + 8 * PAGE_BYTES;

/** Registers of a thread that the last event set. */
function registersSet(b: MessageBench, thread: number): number[] {
  const { words, length } = b.world.fx;
  const found: number[] = [];
  for (let at = 0; at < length; at += 1 + EFFECT_ARITY[words[at]]) {
    const sets = words[at] === EffectKind.SetRegister && words[at + 1] === thread;
    if (sets) found.push(words[at + 2]);
  }
  return found;
}

Deno.test("resend: who sends again does so with the registers it had", () => {
  const b = new MessageBench();
  b.blocks(1, Nr.send, b.coid, 8);
  const receipt = b.done(0, Nr.receive, b.chid, 0, 0, 0);
  b.enter(0, Nr.error, receipt, RESEND);
  assert.deepEqual(registersSet(b, b.client), []);
});

Deno.test("resend: a receive that waits until its pages are its own keeps its arguments", () => {
  const b = new MessageBench();
  resolve(b.s, b.world.fx, 1, b.client, FROM, 1);
  b.blocks(1, Nr.sendPages, b.coid, FROM, PAGE_BYTES, 0, 0, Pass.Moved);
  b.held.add(1);
  b.enter(0, Nr.receive, b.chid, TO, PAGE_BYTES, 0);
  assert.equal(b.results.get(b.server), undefined, "another hart may still reach the page");
  assert.deepEqual(registersSet(b, b.server), []);
});

Deno.test("resend: a call whose path faults gives back what the one before it carried", () => {
  const b = new MessageBench(ChannelFlag.Capabilities);
  const memory = b.done(1, Nr.memory, 1);
  b.blocks(1, Nr.sendCaps, b.coid, 2 ** 24, memory);
  // Its code was changed while it was stopped: another call, and one whose argument is nowhere.
  const e: Event = b.world.e;
  let kind: number = e.kind;
  let changed = false;
  Object.defineProperty(e, "kind", {
    get: () =>
      changed && kind === EventKind.Syscall && e.hart === 1 ? EventKind.SyscallFault : kind,
    set: (value: number) => {
      kind = value;
      if (changed) e.valueLo = 0x1000;
    },
  });
  b.call(0, Call.kill, 2, Signal.Stop);
  changed = true;
  b.call(0, Call.kill, 2, Signal.Cont);
  assert.equal(b.s.thread.call[b.client], 0, "the call is over");
  b.check();
});

Deno.test("resend: what the first receiver cannot take at once wakes the second too", () => {
  const b = new MessageBench();
  b.done(0, Call.clone, THREAD, 0x3000_2000, 0, 0, 0);
  b.call(0, Nr.receive, b.chid, TO, PAGE_BYTES, 0);
  b.call(0, Nr.receive, b.chid, 8, 8, 0);
  for (let i = 0; i < 3 && b.on(1) !== b.client; i++) {
    b.call(1, Nr.receive, b.chid, TO + 4 * PAGE_BYTES, PAGE_BYTES, 0);
  }
  resolve(b.s, b.world.fx, 1, b.client, FROM, 1);
  b.held.add(0);
  b.enter(1, Nr.sendPages, b.coid, FROM, PAGE_BYTES, 0, 0, Pass.Moved);
  const channel = b.s.process.firstChannel[b.world.init];
  assert.ok(b.s.channel.sendHead[channel] !== 0, "nobody has it yet");
  assert.equal(b.s.channel.receiveHead[channel], 0, "and nobody sleeps beside it");
});
