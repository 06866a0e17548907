import assert from "node:assert/strict";
import { Result } from "../error.ts";
import { UNITS } from "../limits.ts";
import { allocRow } from "../state/table.ts";
import { schedState } from "../sched/testing.ts";
import { Effects } from "../effect.ts";
import { signalMany, stepKill } from "./kill.ts";
import { Signal } from "./signal_numbers.ts";
import { ProcessState } from "./tables.ts";

/** Many processes without threads, for which a signal is only counted; the first is the sender's. */
function crowd(count: number) {
  const s = schedState(1, 1);
  for (let i = 0; i < count; i++) {
    const p = allocRow(s.process);
    s.process.state[p] = ProcessState.Zombie;
    s.process.group[p] = i % 2 === 0 ? 5 : 6;
  }
  s.process.state[1] = ProcessState.Live;
  s.thread.process[1] = 1;
  return s;
}

Deno.test("kill: a group in a large process table takes several events of bounded work", () => {
  const s = crowd(3 * UNITS);
  const fx = new Effects();
  let result = signalMany(s, fx, 0, 1, 5, Signal.Term);
  let steps = 1;
  assert.equal(s.hart.operation[1], 1);
  while (result === Result.Pending) {
    result = stepKill(s, fx, 0, 1);
    steps++;
  }
  assert.equal(result, 0);
  assert.equal(steps, 3);
});

Deno.test("kill: nobody there, and nobody one may signal, are told apart", () => {
  const s = crowd(10);
  const fx = new Effects();
  assert.equal(signalMany(s, fx, 0, 1, 77, 0), -2);
  s.process.uid[1] = 9;
  assert.equal(signalMany(s, fx, 0, 1, 6, 0), -32);
  s.process.uid[2] = 9;
  assert.equal(signalMany(s, fx, 0, 1, 6, 0), 0);
  assert.equal(s.hart.operation[1], 0);
});
