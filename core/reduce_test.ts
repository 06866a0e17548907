import assert from "node:assert/strict";
import { encodeBoot } from "./boot.ts";
import { Event, EventKind, InputKind } from "./event.ts";
import { ONE, type State } from "./kernel.ts";
import { Session } from "./ledger/test_session.ts";
import { layoutKernel, makeReducer, type Reducer } from "./reducer.ts";
import { Refusal } from "./reduce.ts";

const layout = layoutKernel({ frame: 256, pageTable: 64 });

function bootEvent(): Event {
  const e = new Event();
  e.kind = EventKind.Boot;
  e.payloadLength = encodeBoot({
    harts: 2,
    totalFrames: 256,
    backingSlots: 256,
    runMode: 1,
    streamKinds: 0,
    columns: 80,
    rows: 24,
    startTime: 0,
  }, e.payload);
  return e;
}

/** A timer interrupt, which every booted kernel takes. */
function timerEvent(hart: number, sequence: number, order: number): Event {
  const e = new Event();
  e.kind = EventKind.Timer;
  e.hart = hart;
  e.sequence = sequence;
  e.order = order;
  return e;
}

/** A kernel that has taken the Boot event, and one timer on each of its two harts. */
function started(): Reducer {
  const kernel = makeReducer(layout, new ArrayBuffer(layout.bytes), 0);
  assert.equal(kernel.reduce(bootEvent()), Refusal.None);
  assert.equal(kernel.reduce(timerEvent(0, 1, 1)), Refusal.None);
  assert.equal(kernel.reduce(timerEvent(1, 0, 2)), Refusal.None);
  return kernel;
}

function hashOf(kernel: Reducer): string {
  const hash = new Uint32Array(4);
  kernel.hash(hash);
  return hash.join(" ");
}

Deno.test("J5: an event is the next of the boot and the next of its hart, or is refused", () => {
  const kernel = started();
  const before = hashOf(kernel);
  const wrong: readonly (readonly [Event, number, string])[] = [
    [timerEvent(0, 2, 2), Refusal.BadOrder, "the order of the event before"],
    [timerEvent(0, 2, 4), Refusal.BadOrder, "an order left out"],
    [timerEvent(0, 1, 3), Refusal.BadSequence, "a sequence again"],
    [timerEvent(0, 3, 3), Refusal.BadSequence, "a sequence left out"],
    [timerEvent(1, 2, 3), Refusal.BadSequence, "the other hart's sequence"],
    [timerEvent(2, 0, 3), Refusal.NoSuchHart, "a hart there is not"],
  ];
  for (const [e, refusal, what] of wrong) {
    assert.equal(kernel.reduce(e), refusal, what);
    assert.equal(hashOf(kernel), before, `${what}: refused, but the state has changed`);
  }
  for (const e of [timerEvent(0, 2, NaN), timerEvent(0.5, 2, 3), timerEvent(0, 2.5, 3)]) {
    assert.notEqual(kernel.reduce(e), Refusal.None);
    assert.equal(hashOf(kernel), before);
  }
  assert.equal(kernel.reduce(timerEvent(0, 2, 3)), Refusal.None);
  assert.equal(kernel.reduce(timerEvent(1, 1, 4)), Refusal.None);
});

Deno.test("J5: a boot begins with event 0 of hart 0", () => {
  const changes: readonly (readonly [Partial<Event>, number])[] = [
    [{ order: 1 }, Refusal.BadOrder],
    [{ sequence: 1 }, Refusal.BadSequence],
    [{ hart: 1 }, Refusal.NoSuchHart],
    [{ hart: 64 }, Refusal.NoSuchHart],
  ];
  for (const [change, refusal] of changes) {
    const kernel = makeReducer(layout, new ArrayBuffer(layout.bytes), 0);
    assert.equal(kernel.reduce(Object.assign(bootEvent(), change)), refusal);
    assert.equal(kernel.reduce(bootEvent()), Refusal.None);
  }
});

/** Makes an event the next of the boot and of its hart. */
function number(e: Event, s: State): void {
  e.order = s.kernel.lastOrder[ONE];
  e.sequence = s.hart.lastSequence[e.hart + 1];
}

/** A session whose next event is made by hand. */
function begun(): Session {
  const session = new Session({ harts: 2, seed: 1 });
  const { e, s } = session;
  [e.hart, e.cause, e.payloadLength, e.registerCount] = [0, 0, 0, 0];
  e.time = s.hart.lastTime[1] + 10;
  number(e, s);
  return session;
}

Deno.test("while the boot ends only IPIs and steps are taken", () => {
  const { e, s, kernel } = begun();
  e.kind = EventKind.Shutdown;
  e.cause = 2;
  assert.equal(kernel.reduce(e), Refusal.None);
  number(e, s);
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
    number(e, s);
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
