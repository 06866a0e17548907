/** The kernel reads and writes nothing out of bounds, and stores no value that does not fit. */
import assert from "node:assert/strict";
import { Event, EventKind } from "../../core/event.ts";
import { layoutKernel } from "../../core/reducer.ts";
import { guardedFold, GuardedKernel } from "./guarded_fold.ts";
import { runKernel, SMALL, STAGES } from "./harness.ts";

for (const stage of STAGES) {
  Deno.test(`guarded: ${stage.name} keeps within every bound`, () => {
    const run = runKernel({ ...stage, harts: 4, seed: 6, record: true });
    assert.equal(guardedFold(run.layout, run.log.bytes()), run.hashes.at(-1));
  });
}

Deno.test("guarded: accesses out of bounds are seen", () => {
  const { state: s, effects: fx } = new GuardedKernel(layoutKernel(SMALL));
  const last = s.thread.$capacity;
  const wrong: readonly (readonly [what: string, access: () => void])[] = [
    ["thread.state[1] read", () => s.thread.state[1]],
    ["thread.state[-1] read", () => s.thread.state[-1]],
    ["thread.state[0.5] read", () => s.thread.state[0.5]],
    ["thread.state[NaN] read", () => s.thread.state[NaN]],
    ["thread.state[0] written", () => s.thread.state[0] = 1],
    [`thread.state[${last}] written`, () => s.thread.state[last] = 1],
    ["kernel.harts[1] = NaN", () => s.kernel.harts[1] = NaN],
    ["kernel.harts[1] = 4294967296", () => s.kernel.harts[1] = 2 ** 32],
    ["kernel.booted[1] = 256", () => s.kernel.booted[1] = 256],
    ["kernel.now[1] = 0.5", () => s.kernel.now[1] = 0.5],
    ["memory.asidRetired: elements 127 to 200", () => s.memory.asidRetired.fill(0, 127, 200)],
    ["bytes[0] written", () => fx.bytes[0] = 1],
  ];
  for (const [what, access] of wrong) {
    assert.throws(access, (error: Error) => error.message.includes(what), what);
  }
});

Deno.test("guarded: an event shows what it carries and no more", () => {
  const kernel = new GuardedKernel(layoutKernel(SMALL));
  const e = new Event();
  e.kind = EventKind.Boot;
  e.payloadLength = 40;
  assert.equal(kernel.reduce(e), 5, "a payload of zeros is no configuration");
  e.payloadLength = 3;
  assert.equal(kernel.reduce(e), 5, "a short payload is refused before it is read");
});
