/** Which signal is taken, which is not, and what a frame may put back. */
import assert from "node:assert/strict";
import { registerSample, signalFrame } from "../isa/signal_frame.ts";
import { ONE } from "../kernel.ts";
import { deliverSignal, restoreFrame } from "./deliver.ts";
import { nextSignal } from "./signal.ts";
import { Signal } from "./signal_numbers.ts";
import { Bench, Call } from "./testing.ts";

const bit = (signal: number): number => 1 << (signal - 1);

Deno.test("pending: the lowest number that is not blocked comes first, real-time ones last", () => {
  const b = new Bench();
  const { s } = b;
  const t = b.on(0);
  const p = b.processOf(t);
  s.process.pendingLo[p] = bit(Signal.Usr1) | bit(Signal.Term);
  s.thread.pendingLo[t] = bit(Signal.Usr2);
  s.process.pendingHi[p] = (1 << (40 - 33)) | (1 << (64 - 33));
  assert.equal(nextSignal(s, t), Signal.Usr1);
  s.thread.blockedLo[t] = bit(Signal.Usr1);
  assert.equal(nextSignal(s, t), Signal.Usr2);
  s.thread.blockedLo[t] |= bit(Signal.Usr2) | bit(Signal.Term);
  assert.equal(nextSignal(s, t), 40);
  s.thread.blockedHi[t] = 1 << (40 - 33);
  assert.equal(nextSignal(s, t), 64);
  s.thread.blockedHi[t] = -1;
  assert.equal(nextSignal(s, t), 0);
});

Deno.test("pending: what is ignored, or what process 1 has no handler for, is not kept", () => {
  const b = new Bench();
  const { s } = b;
  const child = b.fork();
  const pid = s.thread.tid[child];
  b.handle(1, Signal.Usr1, 1);
  b.held.add(0).add(1);
  b.enter(0, Call.kill, pid, Signal.Usr1);
  assert.equal(s.process.pendingLo[b.processOf(child)], 0);
  b.held.clear();
  b.pump();
  assert.equal(b.on(1), child, "it lives");

  s.kernel.runMode[ONE] = 0;
  const init = b.on(0);
  b.held.add(0).add(1);
  b.enter(1, Call.kill, 1, Signal.Term);
  assert.equal(s.process.pendingLo[b.world.init], 0);
  b.held.clear();
  b.pump();
  assert.equal(b.on(0), init, "it lives, too");
  b.check();
});

Deno.test("pending: a frame puts back a mask without KILL and STOP, and eight bits of fcsr", () => {
  const b = new Bench();
  const { s, world: { fx, e } } = b;
  const t = b.on(0);
  e.payload.fill(0xff, 0, signalFrame.bytes);
  fx.clear();
  restoreFrame(s, fx, e, t, 0);
  assert.equal(s.thread.blockedLo[t] >>> 0, ~(bit(Signal.Kill) | bit(Signal.Stop)) >>> 0);
  assert.equal(s.thread.blockedHi[t] >>> 0, 0xffff_ffff);
  const fcsr = fx.bytes.subarray(registerSample.fcsr, registerSample.fcsr + 8);
  assert.deepEqual([...fcsr], [0xff, 0, 0, 0, 0, 0, 0, 0]);
  assert.equal(fx.bytes[registerSample.pc] & 1, 0);
});

Deno.test("pending: the frame of a signal that a masked wait let in holds the mask before it", () => {
  for (const saved of [0, 1]) {
    const b = new Bench();
    b.handle(0, Signal.Usr1, 0x5_0000);
    const { s, world: { fx, e } } = b;
    const t = b.on(0);
    s.process.pendingLo[b.processOf(t)] = bit(Signal.Usr1);
    s.thread.restoreMask[t] = saved;
    s.thread.savedMaskLo[t] = 0x100;
    s.thread.savedMaskHi[t] = 7;
    s.thread.blockedLo[t] = 0x20;
    e.payload.fill(0, 0, registerSample.bytes);
    e.payload[registerSample.x(2) + 2] = 0x10;
    e.payloadLength = registerSample.bytes;
    fx.clear();
    deliverSignal(s, fx, e, t, -4);
    const mask = new DataView(fx.bytes.buffer).getUint32(signalFrame.mask, true);
    assert.equal(mask, saved === 1 ? 0x100 : 0x20);
    const high = new DataView(fx.bytes.buffer).getUint32(signalFrame.mask + 4, true);
    assert.equal(high, saved === 1 ? 7 : 0);
  }
});
