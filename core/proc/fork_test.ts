import assert from "node:assert/strict";
import { ONE } from "../kernel.ts";
import { sendSignal } from "./signal.ts";
import { Signal } from "./signal_numbers.ts";
import { ProcessState } from "./tables.ts";
import { Bench, BUFFER, Call } from "./testing.ts";

Deno.test("fork: a child that is never finished takes its pending signals with it", () => {
  const b = new Bench();
  const { s } = b;
  b.enter(0, Call.clone, 17);
  const child = s.process.firstChild[b.world.init];
  assert.equal(s.process.state[child], ProcessState.Embryo);
  sendSignal(s, b.world.fx, 1, child, Signal.Usr1);
  sendSignal(s, b.world.fx, 1, child, Signal.Kill);
  // No frame is free for the child's page tables.
  const reserve = s.memory.reserve[ONE];
  s.memory.reserve[ONE] = 1_000_000;
  b.pump();
  assert.equal(b.results.get(b.world.thread), -12);
  s.memory.reserve[ONE] = reserve;
  assert.equal(s.kernel.processes[ONE], 1);
  b.check();
});

Deno.test("fork: a child killed before it is complete dies before it runs", () => {
  const b = new Bench();
  b.enter(0, Call.clone, 17);
  const child = b.s.process.firstChild[b.world.init];
  sendSignal(b.s, b.world.fx, 1, child, Signal.Kill);
  b.pump();
  assert.equal(b.results.get(b.world.thread), 2);
  assert.equal(b.s.process.exitStatus[child], Signal.Kill);
  assert.equal(b.call(0, Call.wait4, -1, 0, 0, 0), 2);
  b.check();
});

Deno.test("fork: a parent killed in the middle finishes the child, then dies", () => {
  const b = new Bench();
  const parent = b.fork();
  b.enter(1, Call.clone, 17);
  sendSignal(b.s, b.world.fx, 0, b.processOf(parent), Signal.Kill);
  b.pump();
  assert.equal(b.s.process.state[b.processOf(parent)], ProcessState.Zombie);
  assert.equal(b.s.process.parent[b.s.process.firstChild[b.world.init]], b.world.init);
  assert.equal(b.call(0, Call.wait4, 2, 0, 0, 0), 2);
  b.check();
});

Deno.test("fork: the parent's memory gets the child's id where it asks for that", () => {
  const b = new Bench();
  assert.equal(b.call(0, Call.clone, 0x100000 | 17, 0, BUFFER + 0x3_f000, 0, 0), 2);
  // As on Linux, where it cannot be written the fork is none the worse.
  assert.equal(b.call(0, Call.clone, 0x100000 | 17, 0, 16, 0, 0), 3);
  assert.equal(b.s.kernel.processes[ONE], 3);
  b.check();
});
