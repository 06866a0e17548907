/** A user program can at worst cause an error code or its own death. */
import assert from "node:assert/strict";
import { runKernel, type RunOptions, type RunResult } from "./harness.ts";
import { recountEveryEvent } from "./recount_watch.ts";

const BAD = "userland/bad/bin/";
const Signal = { Ill: 4, Bus: 7, Segv: 11 } as const;

/** The signal each program dies of. */
const DEATHS: Readonly<Record<string, number>> = {
  call_null: Signal.Segv,
  illegal: Signal.Ill,
  jump_data: Signal.Segv,
  misaligned_atomic: Signal.Bus,
  overflow_stack: Signal.Segv,
  privileged: Signal.Ill,
  read_kernel: Signal.Segv,
  write_text: Signal.Segv,
};

for (const [name, signal] of Object.entries(DEATHS)) {
  Deno.test(`${name} dies of signal ${signal}`, () => {
    for (const harts of [1, 2]) {
      const run = runKernel({ program: BAD + name, harts, watch: recountEveryEvent });
      assert.equal(run.status, signal);
    }
  });
}

/** Runs twice: the same events, the same hashes. */
function runTwice(options: RunOptions): RunResult {
  const first = runKernel({ ...options, record: true });
  const second = runKernel({ ...options, record: true });
  const [a, b] = [first.log.bytes(), second.log.bytes()];
  assert.ok(a.length === b.length && a.every((byte, i) => byte === b[i]), "other events");
  assert.deepEqual(first.hashes, second.hashes);
  return first;
}

for (const harts of [1, 4]) {
  Deno.test(`every call refuses bad pointers, ${harts} harts`, () => {
    const run = runTwice({ program: `${BAD}hostile_pointers`, harts });
    assert.equal(run.status, 0);
    assert.match(run.stdout, /^hostile_pointers: \d{5} calls, \d{5} refused\n$/);
  });
}

Deno.test("random calls harm nobody: 20 seeds, the same every time", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const args = [String(seed), "6", "150"];
    const run = runTwice({ program: `${BAD}random_calls`, args, harts: 1 + seed % 4, seed });
    assert.equal(run.status, 0);
    assert.match(run.stdout, /random_calls: \d+ ended, \d+ died, \d+ hung\n$/);
  }
});

Deno.test("the books stand after every one of a thousand random calls", () => {
  const args = ["77", "6", "200"];
  const run = runKernel({
    program: `${BAD}random_calls`,
    args,
    harts: 2,
    watch: recountEveryEvent,
  });
  assert.equal(run.status, 0);
});
