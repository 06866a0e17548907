import assert from "node:assert/strict";
import { encodeBoot } from "./boot.ts";
import { Event, EventKind, InputKind } from "./event.ts";
import { ONE } from "./kernel.ts";
import { Session } from "./ledger/test_session.ts";
import { Refusal } from "./reduce.ts";
import { layoutKernel, makeReducer } from "./reducer.ts";

/** A session whose next event is made by hand. */
function begun(): Session {
  const session = new Session({ harts: 2, seed: 1 });
  const { e, s } = session;
  [e.hart, e.cause, e.payloadLength, e.registerCount] = [0, 0, 0, 0];
  e.time = s.hart.lastTime[1] + 10;
  return session;
}

Deno.test("while the boot ends only IPIs and steps are taken", () => {
  const { e, s, kernel } = begun();
  e.kind = EventKind.Shutdown;
  e.cause = 2;
  assert.equal(kernel.reduce(e), Refusal.None);
  const account = s.account.balance.slice();
  for (
    const kind of [EventKind.Syscall, EventKind.PageFault, EventKind.Timer, EventKind.External]
  ) {
    e.kind = kind;
    assert.equal(kernel.reduce(e), Refusal.Unexpected);
  }
  e.kind = EventKind.Input;
  for (const cause of [InputKind.Start, InputKind.Tree, InputKind.Terminal]) {
    e.cause = cause;
    assert.equal(kernel.reduce(e), Refusal.Unexpected);
  }
  assert.deepEqual(s.account.balance, account);
  e.kind = EventKind.Continue;
  e.cause = 0;
  for (let n = 0; s.kernel.closed[ONE] === 0 && n < 100; n++) {
    e.kind = s.hart.ipiPending[1] + s.hart.ipiPending[2] > 0 ? EventKind.Ipi : EventKind.Continue;
    const pending = e.kind === EventKind.Ipi ? s.hart.ipiPending : s.hart.continuePending;
    e.hart = pending[1] === 1 ? 0 : 1;
    e.time = s.hart.lastTime[e.hart + 1] + 10;
    assert.equal(kernel.reduce(e), Refusal.None);
  }
  assert.equal(s.kernel.closed[ONE], 1);
});

Deno.test("an event that no record can hold is refused before anything looks at it", () => {
  const { e, kernel } = begun();
  e.kind = EventKind.Syscall;
  for (const cause of [NaN, -1, 2.5, 2 ** 32]) {
    e.cause = cause;
    assert.equal(kernel.reduce(e), Refusal.BadRecord);
  }
});

Deno.test("a configuration with more backing than frames boots nothing", () => {
  const layout = layoutKernel({ frame: 200 });
  const kernel = makeReducer(layout, new ArrayBuffer(layout.bytes), 0);
  const e = new Event();
  e.kind = EventKind.Boot;
  const boot = (totalFrames: number, backingSlots: number): number => {
    e.payloadLength = encodeBoot({
      harts: 1,
      totalFrames,
      backingSlots,
      runMode: 1,
      streamKinds: 0,
      columns: 80,
      rows: 24,
      startTime: 0,
    }, e.payload);
    return kernel.reduce(e);
  };
  for (const [frames, backing] of [[100, 101], [63, 63], [300, 201], [2 ** 32 - 1, 300]]) {
    assert.equal(boot(frames, backing), Refusal.BadPayload);
  }
  assert.equal(boot(100, 100), Refusal.None);
});
