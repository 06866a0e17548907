import assert from "node:assert/strict";
import { SLICE_FLOOR } from "../config.ts";
import { emptyRounds, Schedule } from "./schedule.ts";

const ROUND = 1000;

/** What stepping through rounds one by one comes to. */
function stepped(time: number, timer: number, due: number): number {
  for (let rounds = 0; rounds < 100; rounds++) {
    const start = time + rounds * ROUND;
    if (due <= start || timer < start + ROUND) return rounds;
  }
  return Infinity;
}

Deno.test("skipping empty rounds equals stepping through them", () => {
  let x = 1;
  const random = (): number => (x = Math.imul(x, 1664525) + 1013904223 >>> 0) % 40_000;
  for (let i = 0; i < 2000; i++) {
    const time = 7000;
    const [timer, due] = [random(), random()].map((v) => v < 3000 ? Infinity : v);
    assert.equal(
      emptyRounds(time, ROUND, timer, due),
      stepped(time, timer, due),
      `${timer} ${due}`,
    );
  }
  for (const at of [7000, 7999, 8000, 8001]) {
    assert.equal(emptyRounds(7000, ROUND, at, Infinity), stepped(7000, at, Infinity));
    assert.equal(emptyRounds(7000, ROUND, Infinity, at), stepped(7000, Infinity, at));
  }
});

Deno.test("seed 0 takes harts in turn and gives the whole round", () => {
  const schedule = new Schedule(new Uint32Array(4), 0, ROUND, 4);
  for (const hart of [2, 0, 3, 0]) schedule.add(hart);
  assert.deepEqual([1, 2, 3, 4].map(() => schedule.take()), [2, 0, 3, -1]);
  assert.equal(schedule.slice(700, false), 700);
  assert.equal(schedule.slice(3, false), 3);
  assert.equal(schedule.slice(3, true), SLICE_FLOOR);
});

Deno.test("seeded slices keep the floor, and the generator is its words", () => {
  const words = new Uint32Array(4);
  const schedule = new Schedule(words, 12345, ROUND, 4);
  const before = words.slice();
  const drawn: number[] = [];
  let short = false;
  for (let i = 0; i < 500; i++) {
    const left = 1 + (i * 37) % ROUND;
    const ticks = schedule.slice(left, short);
    assert.ok(ticks >= SLICE_FLOOR || (!short && ticks === left));
    assert.ok(ticks <= left || (short && ticks === SLICE_FLOOR));
    assert.ok(left - ticks <= 0 || left - ticks >= SLICE_FLOOR);
    short = ticks < SLICE_FLOOR;
    drawn.push(ticks);
  }
  assert.ok(new Set(drawn).size > 100);
  const again = new Schedule(before, 12345, ROUND, 4);
  short = false;
  drawn.forEach((ticks, i) => {
    assert.equal(again.slice(1 + (i * 37) % ROUND, short), ticks);
    short = ticks < SLICE_FLOOR;
  });
  const seen = new Set<string>();
  for (let i = 0; i < 200; i++) {
    for (let hart = 0; hart < 4; hart++) again.add(hart);
    seen.add([0, 1, 2, 3].map(() => again.take()).join(""));
  }
  assert.equal(seen.size, 24, "every order comes up");
});
