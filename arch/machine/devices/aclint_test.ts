import assert from "node:assert/strict";
import { bindArena, layoutArena } from "../../../core/state/arena.ts";
import { Aclint, AclintOffset, aclintTable } from "./aclint.ts";

function make(harts: number): Aclint {
  const layout = layoutArena({ aclint: aclintTable });
  const state = bindArena({ aclint: aclintTable }, layout, new ArrayBuffer(layout.bytes), 0);
  const aclint = new Aclint(state.aclint, harts);
  aclint.reset();
  return aclint;
}

Deno.test("aclint: a timer is off at reset, raised from its compare value on, and turned off by 0", () => {
  const a = make(2);
  assert.equal(a.timer(0), Infinity);
  assert.equal(a.timerPending(0, Number.MAX_SAFE_INTEGER), false);
  const time = 5 * 0x1_0000_0000 + 7;
  a.setTimer(0, time);
  assert.equal(a.timer(0), time);
  assert.equal(a.timerPending(0, time - 1), false);
  assert.equal(a.timerPending(0, time), true);
  assert.equal(a.timerPending(1, time), false);
  a.setTimer(0, 0);
  assert.equal(a.timerPending(0, time), false);
  a.setTimer(1, 0xffff_ffff);
  assert.equal(a.timer(1), 0xffff_ffff);
});

Deno.test("aclint: software interrupts are one bit a hart", () => {
  const a = make(64);
  a.setSoftware(63, 1);
  assert.equal(a.softwarePending(63), true);
  assert.equal(a.softwarePending(62), false);
  assert.equal(a.read(AclintOffset.Msip + 4 * 63, 0), 1);
  a.write(AclintOffset.Msip + 4 * 63, 0xffff_fffe);
  assert.equal(a.softwarePending(63), false);
  a.write(AclintOffset.Msip, 0xffff_ffff);
  assert.equal(a.read(AclintOffset.Msip, 0), 1);
});

Deno.test("aclint: registers of the window, and nothing for harts that are not there", () => {
  const a = make(2);
  a.write(AclintOffset.Mtimecmp + 8, 3);
  a.write(AclintOffset.Mtimecmp + 12, 2);
  assert.equal(a.timer(1), 2 * 0x1_0000_0000 + 3);
  assert.equal(a.read(AclintOffset.Mtimecmp + 8, 0), 3);
  assert.equal(a.read(AclintOffset.Mtimecmp + 12, 0), 2);
  const now = 9 * 0x1_0000_0000 + 4;
  assert.equal(a.read(AclintOffset.Mtime, now), 4);
  assert.equal(a.read(AclintOffset.Mtime + 4, now), 9);
  a.write(AclintOffset.Mtime, 1);
  a.write(AclintOffset.Mtimecmp + 16, 1);
  a.write(AclintOffset.Msip + 8, 1);
  assert.equal(a.read(AclintOffset.Mtimecmp + 16, 0), 0);
  assert.equal(a.read(AclintOffset.Msip + 8, 0), 0);
});
