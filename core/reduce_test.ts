import assert from "node:assert/strict";
import { EventKind, InputKind } from "./event.ts";
import { ONE } from "./kernel.ts";
import { Session } from "./ledger/test_session.ts";
import { Refusal } from "./reduce.ts";

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
