import assert from "node:assert/strict";
import { assert as rule } from "../../core/assert.ts";
import { type Event, EventKind, type RecordedEvent } from "../../core/event.ts";
import { HART_TIME_NS } from "../../core/limits.ts";
import { DEFAULT_COSTS, InterruptCause, ShutdownCause } from "./config.ts";
import { MachineDefect } from "./machine_defect.ts";
import type { EventSink } from "./ports.ts";
import { Call, call, CODE, runTest, set, spin, type TestKernel } from "./test_kernel.ts";

const TICK = 10;
const exit = (status: number): number[] => [set(10, status), ...call(Call.Exit)];
const cost = (kind: number): number => DEFAULT_COSTS.base[kind];
const BOOTED = cost(EventKind.Boot);

function line(e: RecordedEvent): string {
  return `${e.hart}:${e.kind}:${e.cause} @${e.time / TICK}`;
}

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
  assert.equal(sink.events[1].time, (BOOTED + 204) * TICK, "boot's cost, then the instructions");
  assert.equal(sink.events[1].pcLo, CODE + 4 * (4 + 2));
  assert.equal(sink.events[2].time, (BOOTED + 204 + cost(EventKind.Syscall)) * TICK);
  assert.equal(sink.ended, true);
  assert.deepEqual(sink.hashes.map((h) => h.slice(0, 3)), ["K 2", "M 2"]);
});

Deno.test("timers are exact to the instruction, in and across rounds", () => {
  for (const ticks of [BOOTED + 1, BOOTED + 777, 9_999, 10_000, 10_001, 30_007]) {
    // Half a tick early: the interrupt is taken at the first instruction that is not before it.
    const ns = ticks * TICK - 5;
    const { sink } = runTest({
      programs: [[...spin(20_000), ...exit(0)]],
      handler(kernel, e) {
        if (e.kind === EventKind.Boot) kernel.effects.setTimer(0, ns);
        return e.kind === EventKind.Timer;
      },
    });
    const timers = sink.of(EventKind.Timer);
    assert.equal(timers.length, 1, "a timer fires once");
    assert.equal(timers[0].time, ticks * TICK);
    assert.equal(timers[0].cause, InterruptCause.Timer);
    const executed = ticks - BOOTED;
    const at = executed < 2 ? 4 * executed : 8 + 4 * ((executed - 2) % 2);
    assert.equal(timers[0].pcLo, CODE + at);
  }
});

Deno.test("user, kernel and idle time less the debt is time × harts", () => {
  const busy = [...spin(50_000), ...call(Call.Write), ...spin(7777), ...exit(0)];
  for (const seed of [0, 1, 99]) {
    const { machine, outcome } = runTest({
      programs: [busy, [...spin(10), ...exit(0)], busy],
      config: { harts: 5, seed },
      handler(kernel, e) {
        if (e.kind === EventKind.Syscall) kernel.effects.charge(1500);
        return false;
      },
    });
    const { user, kernel, idle, debt } = machine.stats().hartTime;
    assert.equal(user, outcome.stats.instructions);
    assert.equal(user + kernel + idle + debt, 5 * outcome.stats.timeNs / TICK);
    assert.ok(kernel > 4 * 15_000 && idle > 0 && debt <= 0);
  }
});

Deno.test("units charged go to the hart of the event, with the base of its kind", () => {
  const { sink } = runTest({
    programs: [[...call(Call.Write), ...exit(0)]],
    handler(kernel, e) {
      if (e.cause === Call.Write && e.kind === EventKind.Syscall) {
        kernel.effects.charge(3);
        kernel.effects.charge(4);
      }
      return false;
    },
  });
  const [first, second] = sink.of(EventKind.Syscall);
  const ticks = cost(EventKind.Syscall) + 7 * DEFAULT_COSTS.unit;
  // The call itself retires nothing; two instructions lie before the next.
  assert.equal(second.time - first.time, (ticks + 2) * TICK);
});

function interleaving(seed: number): string {
  const calls = Array.from({ length: 60 }, () => [...spin(150), ...call(Call.Write)]).flat();
  const { sink } = runTest({
    programs: [[...calls, ...exit(0)], [...calls, ...exit(0)], [...calls, ...exit(0)]],
    config: { seed },
  });
  return sink.events.map(line).join(" ");
}

Deno.test("the seed alone decides how harts interleave", () => {
  const runs = [0, 1, 2, 1 + 2 ** 40].map(interleaving);
  assert.equal(new Set(runs).size, runs.length);
  assert.equal(interleaving(1), runs[1]);
  assert.equal(interleaving(0), runs[0]);
});

Deno.test("seed 0 is round robin: each hart runs to the round's end in turn", () => {
  const calls = Array.from({ length: 60 }, () => [...spin(150), ...call(Call.Write)]).flat();
  const { sink } = runTest({ programs: [[...calls, ...exit(0)], [...calls, ...exit(0)]] });
  const harts: number[] = [];
  for (const e of sink.of(EventKind.Syscall)) if (harts.at(-1) !== e.hart) harts.push(e.hart);
  assert.deepEqual(harts, [0, 1, 0, 1, 0, 1]);
});

/** Hart 1 idles at boot; hart 0 sends it an IPI in its first write, and ends when told so. */
function ipiRun(before: number, handler: (kernel: TestKernel, e: Event) => void) {
  return runTest({
    programs: [[...spin(before), ...call(Call.Write), ...spin(10_000), ...exit(0)], exit(0)],
    handler(kernel, e) {
      const fx = kernel.effects;
      if (e.kind === EventKind.Boot) fx.switchTo(1, 0, 0, 0);
      if (e.kind === EventKind.Syscall && e.cause === Call.Write) fx.ipi(1);
      if (e.kind === EventKind.Ipi) kernel.run(1, 1);
      handler(kernel, e);
      return e.kind === EventKind.Ipi || e.kind === EventKind.Timer;
    },
  });
}

Deno.test("a hart woken by an IPI resumes in the same round, no earlier than its waker", () => {
  const { sink } = ipiRun(1000, () => {});
  const write = sink.of(EventKind.Syscall)[0];
  const ipi = sink.of(EventKind.Ipi)[0];
  assert.equal(ipi.hart, 1);
  assert.equal(ipi.cause, InterruptCause.Software);
  assert.equal(ipi.time, write.time + cost(EventKind.Syscall) * TICK);
  const woken = sink.events.find((e) => e.hart === 1 && e.cause === Call.Exit);
  assert.equal(woken?.time, ipi.time + (cost(EventKind.Ipi) + 2) * TICK);
  // Raising the interrupt did not end the sender's slice: all it did in that round came first.
  const order = sink.events.filter((e) => e.hart === 0 && e.order < ipi.order).map((e) => e.cause);
  assert.deepEqual(order, [0, Call.Write]);
});

Deno.test("a hart woken in mid-round takes its turn among those of the round", () => {
  const calls = Array.from({ length: 60 }, () => [...spin(150), ...call(Call.Write)]).flat();
  /** Calls of hart 2 before hart 1, which hart 0 wakes at once, has its interrupt. */
  const before = (seed: number): number => {
    const { sink } = runTest({
      programs: [[...call(Call.Write), ...spin(10_000), ...exit(0)], exit(0), [
        ...calls,
        ...exit(0),
      ]],
      config: { seed },
      handler(kernel, e) {
        const fx = kernel.effects;
        if (e.kind === EventKind.Boot) fx.switchTo(1, 0, 0, 0);
        if (e.kind === EventKind.Syscall && e.cause === Call.Write && e.hart === 0) fx.ipi(1);
        if (e.kind === EventKind.Ipi) kernel.run(1, 1);
        return e.kind === EventKind.Ipi;
      },
    });
    const ipi = sink.of(EventKind.Ipi)[0];
    return sink.of(EventKind.Syscall).filter((e) => e.hart === 2 && e.order < ipi.order).length;
  };
  const counts = Array.from({ length: 20 }, (_, i) => before(i + 1));
  assert.ok(Math.min(...counts) < Math.max(...counts) / 2, counts.join(" "));
});

Deno.test("an idle hart's timer that fires before the IPI was sent is taken first, at its time", () => {
  const { sink } = ipiRun(1000, (kernel, e) => {
    if (e.kind === EventKind.Boot) kernel.effects.setTimer(1, 15_000);
  });
  const [timer, ipi] = sink.events.filter((e) => e.hart === 1);
  assert.deepEqual([timer.kind, timer.time], [EventKind.Timer, 15_000]);
  assert.deepEqual([ipi.kind, ipi.time], [
    EventKind.Ipi,
    sink.of(EventKind.Syscall)[0].time + cost(EventKind.Syscall) * TICK,
  ]);
});

Deno.test("interrupts come in order: software, external, timer; then continuations", () => {
  const { sink } = runTest({
    programs: [[...call(Call.Write), ...spin(10_000), ...exit(0)]],
    handler(kernel, e) {
      if (e.kind === EventKind.Syscall && e.cause === Call.Write) {
        const fx = kernel.effects;
        fx.continueOn(0);
        fx.setTimer(0, 1);
        fx.ipi(0);
        // The transmitter-empty interrupt of the UART, taken from the next round on.
        fx.deviceWrite(1, 1, 2);
        fx.charge(1000);
        fx.returnValue(1, 0);
        return true;
      }
      return e.kind !== EventKind.Syscall && e.kind !== EventKind.Shutdown;
    },
  });
  // The cost of the call went beyond the round, so all four were due at the start of the next.
  const kinds = sink.events.slice(2, 6).map((e) => e.kind);
  const { Ipi, External, Timer, Continue } = EventKind;
  assert.deepEqual(kinds, [Ipi, External, Timer, Continue]);
  const external = sink.of(External)[0];
  assert.deepEqual([external.valueLo, external.cause], [10, InterruptCause.External]);
  assert.deepEqual([...external.payload], [0x02, 0x60]);
  assert.equal(sink.of(External).length, 1, "the claim was completed and the line is down");
});

Deno.test("an idle machine jumps to its timer, and the clocks are those of the rounds between", () => {
  const deadline = 123_456_789;
  const { outcome, sink } = runTest({
    programs: [exit(0), []],
    handler(kernel, e) {
      if (e.kind === EventKind.Boot) {
        kernel.effects.switchTo(0, 0, 0, 0);
        kernel.effects.switchTo(1, 0, 0, 0);
        kernel.effects.setTimer(0, deadline);
      }
      if (e.kind === EventKind.Timer) {
        kernel.live = 1;
        kernel.run(0);
      }
      return e.kind === EventKind.Timer;
    },
  });
  const timer = sink.of(EventKind.Timer)[0];
  assert.equal(timer.time, Math.ceil(deadline / TICK) * TICK);
  assert.equal(timer.pcLo, 0, "an idle hart has no pc");
  assert.equal(outcome.stats.rounds, Math.floor(deadline / TICK / 10_000) + 1);
  const { user, kernel, idle } = outcome.stats.hartTime;
  assert.equal(user + kernel + idle, 2 * outcome.stats.timeNs / TICK);
});

Deno.test("idle with nothing due and no possible input is a deadlock", () => {
  const { outcome, sink } = runTest({
    programs: [[]],
    handler(kernel, e) {
      if (e.kind === EventKind.Boot) kernel.effects.switchTo(0, 0, 0, 0);
      return false;
    },
  });
  assert.equal(outcome.reason, ShutdownCause.Deadlock);
  assert.equal(outcome.waitStatus, -1);
  assert.deepEqual(sink.events.map((e) => e.kind), [EventKind.Boot, EventKind.Shutdown]);
});

Deno.test("an idle machine goes to no timer that its harts' time cannot be booked to", () => {
  const harts = 4;
  const last = Math.floor(HART_TIME_NS / 8 * 7 / (harts * TICK)) * TICK;
  const sleep = (until: number) =>
    runTest({
      programs: [[]],
      config: { harts },
      handler(kernel, e) {
        if (e.kind !== EventKind.Boot) return e.kind === EventKind.Timer;
        kernel.effects.switchTo(0, 0, 0, 0);
        kernel.effects.setTimer(0, until);
        return false;
      },
    });
  const reached = sleep(last);
  assert.deepEqual(reached.sink.of(EventKind.Timer).map((e) => e.time), [last]);
  assert.ok(reached.outcome.stats.timeNs * harts < HART_TIME_NS);
  for (const until of [last + TICK, HART_TIME_NS, 10_000_000 * 1_000_000_000]) {
    const { outcome, sink } = sleep(until);
    assert.equal(sink.of(EventKind.Timer).length, 0);
    assert.equal(outcome.reason, ShutdownCause.Deadlock);
  }
});

Deno.test("the instruction limit ends the boot at the next round boundary", () => {
  const { outcome, sink } = runTest({
    programs: [spin(2 ** 30), spin(2 ** 30)],
    config: { instructionLimit: 25_000 },
  });
  assert.equal(outcome.reason, ShutdownCause.Limit);
  assert.equal(outcome.stats.instructions, 2 * 20_000 - BOOTED);
  assert.equal(sink.events[1].time, 20_000 * TICK);
});

Deno.test("after Shutdown harts take only IPIs and continuations, until the books close", () => {
  let steps = 0;
  const { sink, outcome } = runTest({
    programs: [[...spin(10), ...exit(0)], spin(2 ** 30)],
    handler(kernel, e) {
      const fx = kernel.effects;
      if (e.kind === EventKind.Boot) kernel.live = -1;
      if (e.kind === EventKind.Syscall) {
        fx.setTimer(1, 1);
        fx.programEnded(0);
        return true;
      }
      if (e.kind === EventKind.Shutdown) fx.ipi(1);
      if (e.kind === EventKind.Ipi) fx.continueOn(0);
      if (e.kind === EventKind.Continue) {
        if (++steps < 30_000) fx.continueOn(0);
        else fx.closed();
      }
      return e.kind !== EventKind.Boot;
    },
  });
  const ran = outcome.stats.instructions;
  assert.ok(ran === 2 + 20 + 2, `${ran} instructions`);
  const shutdown = sink.of(EventKind.Shutdown)[0].order;
  const kinds = new Set(sink.events.slice(shutdown + 1).map((e) => e.kind));
  assert.deepEqual(kinds, new Set([EventKind.Ipi, EventKind.Continue]));
  assert.ok(outcome.stats.rounds > 30);
});

Deno.test("a sample is answered by the very next event", () => {
  const { sink } = runTest({
    programs: [[set(31, 77), ...call(Call.Write), ...exit(0)], spin(100)],
    config: { seed: 3 },
    handler(kernel, e) {
      const fx = kernel.effects;
      if (e.kind === EventKind.Boot) kernel.live = 1;
      if (e.kind === EventKind.Syscall && e.cause === Call.Write) fx.sampleRegisters(1);
      if (e.kind === EventKind.Sample && e.cause === 2) fx.sampleFrame(1, 4, 8);
      return e.kind === EventKind.Sample;
    },
  });
  const [registers, frame] = sink.of(EventKind.Sample);
  assert.equal(registers.order, sink.of(EventKind.Syscall)[0].order + 1);
  assert.equal(frame.order, registers.order + 1);
  assert.equal(registers.payloadLength, 520);
  assert.equal(registers.payload[8 * 30], 77);
  const pc = new DataView(registers.payload.buffer).getUint32(504, true);
  assert.equal(pc, CODE + 12, "as all effects of the event leave them");
  assert.deepEqual([frame.valueLo, frame.payloadLength], [1, 8]);
  assert.equal(new DataView(frame.payload.buffer).getUint32(4, true), 0x73, "the ecall");
});

Deno.test("a broken rule of the kernel names its event, which is in the sink", () => {
  const events: number[] = [];
  const sink: EventSink = {
    append: (e) => void events.push(e.order),
    kHash() {},
    mHash() {},
    blob() {},
    end: () => assert.fail("nothing is closed"),
  };
  const failing = (): unknown =>
    runTest({
      programs: [exit(0)],
      sink,
      handler(_, e) {
        rule(e.kind !== EventKind.Syscall, "nobody calls");
        return false;
      },
    });
  assert.throws(failing, (error: unknown) => {
    assert.ok(error instanceof MachineDefect);
    assert.equal(error.message, "defect at event 1 (syscall): rule broken: nobody calls");
    assert.equal(error.order, 1);
    return true;
  });
  assert.deepEqual(events, [0, 1]);
});

Deno.test("a shutdown that stops before the books close is a defect", () => {
  const stuck = (): unknown =>
    runTest({ programs: [exit(0)], handler: (_, e) => e.kind === EventKind.Shutdown });
  assert.throws(stuck, MachineDefect);
});

Deno.test("the kernel is hashed every 4,096 events, the machine at the end and on the way", () => {
  const { sink } = runTest({ programs: [[...spin(2 ** 27 + 10_000), ...exit(0)]] });
  assert.deepEqual(sink.hashes.map((h) => h.split(" ", 2).join(" ")), ["M 0", "K 2", "M 2"]);
  let calls = 0;
  const many = runTest({
    programs: [[...call(Call.Write), ...exit(0)]],
    handler(_, e) {
      // Not returning from the call makes it come again.
      return e.kind === EventKind.Syscall && e.cause === Call.Write && ++calls <= 10_000;
    },
  });
  const hashed = many.sink.hashes.map((h) => h.split(" ", 2).join(" "));
  assert.deepEqual(hashed, ["K 4095", "K 8191", "K 10003", "M 10003"]);
});
