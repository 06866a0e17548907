import assert from "node:assert/strict";
import { Bench, BUFFER, Call, words } from "../../proc/testing.ts";

const INVALID = -22;
const CLOCK_NANOSLEEP = 115;
const GETITIMER = 102;
const ABSOLUTE = 1;
const MONOTONIC = 1;
const REALTIME = 0;

Deno.test("clock: a sleep longer than the clocks last programs no timer", () => {
  for (const seconds of [10_000_000, 2 ** 40, 2 ** 53]) {
    const b = new Bench();
    assert.equal(b.call(0, Call.nanosleep, words(seconds, 0), 0), undefined);
    assert.equal(b.s.hart.timerProgrammed[1], 0);
    b.check();
  }
});

Deno.test("clock: what is no time", () => {
  const b = new Bench();
  assert.equal(b.call(0, Call.nanosleep, words(0, 1_000_000_000), 0), INVALID);
  assert.equal(b.call(0, Call.nanosleep, words(2 ** 63, 0), 0), INVALID);
  for (const clock of [REALTIME, MONOTONIC]) {
    assert.equal(b.call(0, CLOCK_NANOSLEEP, clock, ABSOLUTE, words(2 ** 63, 0), 0), INVALID);
    assert.equal(b.call(0, CLOCK_NANOSLEEP, clock, ABSOLUTE, words(0, 1_000_000_000), 0), INVALID);
  }
  assert.equal(b.call(0, CLOCK_NANOSLEEP, 99, ABSOLUTE, words(0, 0), 0), INVALID);
  b.check();
});

Deno.test("clock: an absolute time that has passed returns at once, one to come is waited for", () => {
  const b = new Bench();
  const init = b.on(0);
  assert.equal(b.call(0, CLOCK_NANOSLEEP, MONOTONIC, ABSOLUTE, words(0, 10), 0), 0);
  assert.equal(b.call(0, CLOCK_NANOSLEEP, MONOTONIC, ABSOLUTE, words(1, 0), 0), undefined);
  assert.equal(b.s.hart.timerProgrammed[1], 1_000_000_000);
  b.timer(0, 1_000_000_000);
  assert.equal(b.results.get(init), 0);
  b.check();
});

Deno.test("clock: an interval timer without a first expiry is off, its period too", () => {
  const b = new Bench();
  const init = b.on(0);
  assert.equal(b.call(0, Call.setitimer, 0, words(5, 0, 0, 0), 0), 0);
  assert.equal(b.s.process.alarmPeriod[b.world.init], 0);
  assert.equal(b.s.thread.intervalIndex[init], 0);
  assert.equal(b.call(0, Call.setitimer, 0, words(0, 1000, 0, 1), 0), 0);
  assert.equal(b.call(0, GETITIMER, 0, BUFFER), 0);
  b.handle(0, 14, 0x5_0000);
  const late = 50_500_000;
  b.timer(0, late);
  assert.deepEqual(b.takeHandled(init), [14], "missed expiries merge");
  const next = b.s.thread.intervalDeadline[init];
  assert.ok(next > late && next <= late + 1_000_000, "the next one keeps the beat");
  assert.equal(b.call(0, Call.setitimer, 0, null, 0), 0);
  assert.equal(b.s.hart.heapLength[1], 0);
  b.check();
});
