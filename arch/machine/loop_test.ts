import assert from "node:assert/strict";
import { EventKind } from "../../core/event.ts";
import { ShutdownCause } from "./config.ts";
import { call, Call, CODE, runTest, set, spin } from "./test_kernel.ts";

const exit = (status: number): number[] => [set(10, status), ...call(Call.Exit)];

Deno.test("a boot runs from the Boot event to closed books", () => {
  const { outcome, sink } = runTest({ programs: [[...spin(100), ...exit(7)]] });
  assert.equal(outcome.closed, true);
  assert.equal(outcome.reason, ShutdownCause.InitExit);
  assert.equal(outcome.waitStatus, 7 << 8);
  assert.deepEqual(
    sink.events.map((e) => [e.order, e.kind, e.cause]),
    [[0, EventKind.Boot, 0], [1, EventKind.Syscall, 93], [2, EventKind.Shutdown, 1]],
  );
  assert.deepEqual([...sink.events[0].payload], [1, 2, 3]);
  assert.equal(outcome.stats.instructions, 2 + 200 + 2);
  assert.equal(sink.events[1].time, (1000 + 204) * 10, "boot's cost, then the instructions");
  assert.equal(sink.events[1].pcLo, CODE + 4 * (4 + 2));
  assert.equal(sink.events[2].time, (1000 + 204 + 40) * 10);
  assert.equal(sink.ended, true);
  assert.deepEqual(sink.hashes.map((h) => h.slice(0, 3)), ["K 2", "M 2"]);
});
