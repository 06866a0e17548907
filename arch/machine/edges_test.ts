/** What the machine promises at its edges: ends of slices and rounds, idle harts, the last tick. */
import assert from "node:assert/strict";
import { INTERRUPT_CONTROLLER } from "../../core/effect.ts";
import { type Event, EventKind, InputKind } from "../../core/event.ts";
import { deviceTables } from "../../drivers/registry.ts";
import { encode } from "../riscv64/encode.ts";
import { DEFAULT_COSTS, DEFAULT_LATENCIES, ShutdownCause } from "./config.ts";
import { LiveInputs } from "./inputs/live_inputs.ts";
import { makeMachineState } from "./machine_state.ts";
import { MachineDefect } from "./machine_defect.ts";
import { loadAddress } from "./test_elf.ts";
import { Call, call, DATA, quietHost, runTest, set, spin, type TestKernel } from "./test_kernel.ts";
import { HartClocks } from "./time/hart_clocks.ts";
import { Schedule } from "./time/schedule.ts";

const TICK = 10;
const ROUND = 10_000;
const exit = (status: number): number[] => [set(10, status), ...call(Call.Exit)];
const cost = (kind: number): number => DEFAULT_COSTS.base[kind];
const BOOTED = cost(EventKind.Boot);
const NOP = set(0, 0);
const nops = (count: number): number[] => new Array<number>(count).fill(NOP);

/** Loads a reserved word, lets some instructions pass, and exits with what the store says. */
const reserve = (between: readonly number[]): number[] => [
  encode("lr.w", { d: 6, s1: 7 }),
  ...between,
  encode("sc.w", { d: 10, s1: 7, s2: 6 }),
  ...call(Call.Exit),
];
const POINT: readonly number[] = loadAddress(7, DATA);

Deno.test("edges: a reservation holds within a slice, and ends with it", () => {
  const near = runTest({ programs: [[...POINT, ...reserve(nops(50))]] });
  assert.equal(near.outcome.waitStatus, 0);
  const far = runTest({ programs: [[...POINT, ...reserve(spin(ROUND / 2))]] });
  assert.equal(far.outcome.waitStatus, 1 << 8, "a round ended in between");
});

Deno.test("edges: of two consecutive slices of a hart one has 64 instructions", () => {
  // Two events that each end 20 to 30 ticks before a round's end: two short slices in a row.
  const before = [...POINT, ...nops(9)];
  const first = 2 * ROUND - 30 - (BOOTED + before.length + 1);
  const unitsOf = (ticks: number): number => (ticks - cost(EventKind.Syscall)) / 10;
  const odd = first % 10;
  const costs = [unitsOf(first - odd), unitsOf(ROUND)];
  const { outcome, sink } = runTest({
    programs: [[...before, ...call(Call.Write), ...call(Call.Write), ...reserve(nops(50))]],
    handler(kernel, e) {
      if (e.kind === EventKind.Syscall && e.cause === Call.Write) {
        kernel.effects.charge(costs.shift() ?? 0);
      }
      return false;
    },
  });
  const [, second, last] = sink.of(EventKind.Syscall);
  assert.ok(2 * ROUND - second.time / TICK < 64, "the first short slice");
  const started = second.time / TICK + ROUND;
  assert.ok(3 * ROUND - started < 64 && started < 3 * ROUND, "the second one");
  assert.ok(last.time / TICK > 3 * ROUND, "it went on beyond the round's end");
  assert.equal(outcome.waitStatus, 0, "one slice held the reservation and the store");
});

Deno.test("edges: a guest's reading of time goes on within and across slices", () => {
  const readTime = encode("csrrs", { d: 10, s1: 0, imm: 0xc01 - 0x1000 });
  for (const count of [10, 2000, 12_000]) {
    const program = [...spin(count), readTime, ...call(Call.Exit)];
    const { sink } = runTest({ programs: [program] });
    const e = sink.of(EventKind.Syscall)[0];
    // One tick for itself, one for the `addi` of the call.
    assert.equal(e.argument(0), e.time / TICK - 2, `${count} turns`);
  }
});

Deno.test("edges: an event that the kernel refuses is a defect", () => {
  const refusing = (): unknown =>
    runTest({
      programs: [[...call(Call.Write), ...exit(0)]],
      handler(kernel, e) {
        if (e.kind === EventKind.Boot) {
          const reduce = kernel.reduce.bind(kernel);
          kernel.reduce = (next) => {
            kernel.reduce = reduce;
            reduce(next);
            return 7;
          };
        }
        return false;
      },
    });
  assert.throws(refusing, (error: unknown) => {
    assert.ok(error instanceof MachineDefect);
    assert.equal(error.message, "defect at event 1 (syscall): the kernel refused it (7)");
    return true;
  });
});

Deno.test("edges: an instruction limit that is just reached ends the boot", () => {
  const limit = ROUND - BOOTED;
  const { outcome, sink } = runTest({
    programs: [spin(2 ** 30)],
    config: { instructionLimit: limit },
  });
  assert.equal(outcome.stats.instructions, limit);
  assert.equal(sink.events[1].time, ROUND * TICK);
});

Deno.test("edges: an input that is ready just at a boundary comes at it", () => {
  const before = ROUND - DEFAULT_LATENCIES.stream - BOOTED - 2;
  const ask = (more: number) => {
    const at = before + more;
    const { sink } = runTest({
      programs: [[
        ...nops(at % 2),
        ...spin((at - 2 - at % 2) / 2 + 0),
        NOP,
        ...call(Call.Write),
        ...spin(30_000),
        ...exit(0),
      ]],
      handler(kernel, e) {
        if (e.kind === EventKind.Syscall && e.cause === Call.Write) kernel.effects.requestStream(0);
        return e.kind === EventKind.Input;
      },
    });
    const asked = sink.of(EventKind.Syscall)[0].time / TICK;
    return { due: asked + DEFAULT_LATENCIES.stream, came: sink.of(EventKind.Input)[0].time / TICK };
  };
  const just = ask(0);
  assert.equal(just.due, ROUND);
  assert.ok(just.came < ROUND + 100, `due at ${just.due}, came at ${just.came}`);
  const late = ask(1);
  assert.equal(late.due, ROUND + 1);
  assert.ok(late.came >= 2 * ROUND);
});

/** Live inputs of which one is typed at once. */
const typing = () =>
  new LiveInputs({ ...quietHost, pollTerminal: typist() }, {
    initial: [],
    terminal: true,
    paced: false,
    timeLimit: Infinity,
  });
function typist(): (into: Uint8Array) => number {
  let polls = 0;
  return (into) => {
    into[0] = 97;
    return ++polls === 1 ? 1 : polls > 100 ? -1 : 0;
  };
}

Deno.test("edges: what is typed waits while the kernel holds it back", () => {
  const { sink } = runTest({
    programs: [[...spin(20_000), ...call(Call.Write), ...spin(20_000), ...exit(0)]],
    config: { terminalInput: true },
    inputs: typing(),
    handler(kernel, e) {
      if (e.kind === EventKind.Boot) kernel.effects.terminalFlow(0);
      if (e.cause === Call.Write && e.kind === EventKind.Syscall) kernel.effects.terminalFlow(1);
      return e.kind === EventKind.Input;
    },
  });
  const write = sink.of(EventKind.Syscall)[0];
  const typed = sink.of(EventKind.Input).filter((e) => e.cause === InputKind.Terminal)[0];
  assert.ok(typed.order > write.order, "it came after the kernel let it in");
});

Deno.test("edges: what is typed comes in where nothing else can ever happen", () => {
  const { sink, outcome } = runTest({
    programs: [[]],
    config: { terminalInput: true },
    inputs: typing(),
    handler(kernel, e) {
      if (e.kind === EventKind.Boot) {
        kernel.effects.switchTo(0, 0, 0, 0);
        kernel.effects.terminalFlow(0);
      }
      return e.kind === EventKind.Input;
    },
  });
  assert.equal(sink.of(EventKind.Input)[0].payload[0], 97);
  assert.equal(outcome.reason, ShutdownCause.Deadlock);
});

/** Idle harts with what the kernel leaves for them at boot. */
function idleRun(harts: number, atBoot: (kernel: TestKernel) => void, more?: (e: Event) => void) {
  return runTest({
    programs: [[]],
    config: { harts },
    handler(kernel, e) {
      if (e.kind === EventKind.Boot) {
        kernel.effects.switchTo(0, 0, 0, 0);
        atBoot(kernel);
        return false;
      }
      more?.(e);
      return e.kind !== EventKind.Shutdown;
    },
  });
}

Deno.test("edges: of several idle harts the one that wakes first goes first", () => {
  for (const times of [[20_000, 50_000], [50_000, 20_000]]) {
    const { sink } = idleRun(3, ({ effects }) => {
      times.forEach((time, i) => effects.setTimer(i + 1, time));
    });
    const timers = sink.of(EventKind.Timer);
    assert.deepEqual(timers.map((e) => e.time), [20_000, 50_000]);
  }
});

Deno.test("edges: a source the kernel has masked interrupts when it is opened again", () => {
  const CONSOLE = 10;
  const { sink } = runTest({
    programs: [[]],
    handler(kernel, e) {
      const fx = kernel.effects;
      if (e.kind === EventKind.Boot) {
        fx.switchTo(0, 0, 0, 0);
        fx.deviceWrite(INTERRUPT_CONTROLLER, CONSOLE, 0);
        fx.deviceWrite(1, 1, 2);
        fx.setTimer(0, 50_000);
      }
      if (e.kind === EventKind.Timer) {
        fx.setTimer(0, 0);
        fx.deviceWrite(INTERRUPT_CONTROLLER, CONSOLE, 1);
      }
      return e.kind === EventKind.External || e.kind === EventKind.Timer;
    },
  });
  const [first, second] = sink.events.filter((e) =>
    e.kind === EventKind.External || e.kind === EventKind.Timer
  );
  assert.deepEqual([first.kind, second.kind], [EventKind.Timer, EventKind.External]);
  assert.equal(sink.of(EventKind.External).length, 1);
});

Deno.test("edges: an idle hart takes a device interrupt, each as often as it is raised", () => {
  let left = 3;
  const { sink } = runTest({
    programs: [[]],
    handler(kernel, e) {
      // Turning the transmitter's interrupt on while it is empty raises it.
      const raise = (): void => {
        kernel.effects.deviceWrite(1, 1, 0);
        kernel.effects.deviceWrite(1, 1, 2);
      };
      if (e.kind === EventKind.Boot) {
        kernel.effects.switchTo(0, 0, 0, 0);
        raise();
      }
      if (e.kind === EventKind.External && --left > 0) raise();
      return e.kind === EventKind.External;
    },
  });
  assert.equal(sink.of(EventKind.External).length, 3, "each claim was completed");
});

Deno.test("edges: one event wakes all the harts it means to", () => {
  const { sink } = idleRun(6, ({ effects }) => {
    for (const hart of [1, 3, 4, 5]) effects.ipi(hart);
  });
  assert.deepEqual(sink.of(EventKind.Ipi).map((e) => e.hart).sort(), [1, 3, 4, 5]);
});

Deno.test("edges: of two IPIs under way to an idle hart the first one counts", () => {
  // Hart 1's timer fires before both were sent, so that neither could move its clock.
  const { sink } = runTest({
    programs: [
      [...spin(500), ...call(Call.Write), ...spin(9000), ...exit(0)],
      exit(0),
      [...spin(1500), ...call(Call.Write), ...exit(0)],
    ],
    handler(kernel, e) {
      const fx = kernel.effects;
      if (e.kind === EventKind.Boot) {
        fx.switchTo(1, 0, 0, 0);
        fx.setTimer(1, (BOOTED + 100) * TICK);
        kernel.live = 2;
      }
      if (e.kind === EventKind.Syscall && e.cause === Call.Write) fx.ipi(1);
      return e.kind === EventKind.Ipi || e.kind === EventKind.Timer;
    },
  });
  const sent = sink.of(EventKind.Syscall)[0].time + cost(EventKind.Syscall) * TICK;
  const at = sink.events.filter((e) => e.hart === 1).map((e) => [e.kind, e.time]);
  assert.deepEqual(at.slice(0, 2), [
    [EventKind.Timer, (BOOTED + 100) * TICK],
    [EventKind.Ipi, sent],
  ]);
});

Deno.test("edges: a hart with a program to run is never idle, whatever the seed", () => {
  for (const seed of [0, 1, 2, 77]) {
    const { outcome } = runTest({ programs: [[...spin(200_000), ...exit(0)]], config: { seed } });
    const { idle, debt } = outcome.stats.hartTime;
    // Only the last round's rest, after the end of its program, is idle.
    assert.ok(idle < ROUND, `seed ${seed}: ${idle} ticks idle, ${debt} owed`);
  }
});

Deno.test("edges: clocks never go back, and a hart that is behind is told", () => {
  const harts = 2;
  const state = makeMachineState(harts, deviceTables.uart16550);
  const clocks = new HartClocks(state, harts);
  clocks.idleTo(0, 100);
  clocks.idleTo(0, 40);
  assert.equal(clocks.at(0), 100);
  assert.equal(clocks.check(100), "hart 1 is behind the end of the round");
  clocks.ran(1, 120);
  assert.equal(clocks.check(100), "");
  assert.deepEqual(clocks.sum(100), { user: 120, kernel: 0, idle: 100, debt: -20 });
  state.hartClock.user[1]++;
  assert.match(clocks.check(100), /^hart time 201 is not 100 × 2$/);
});

Deno.test("edges: both halves of a seed draw", () => {
  const drawn = (seed: number): string => {
    const schedule = new Schedule(new Uint32Array(4), seed, ROUND, 4);
    return Array.from({ length: 8 }, () => schedule.slice(ROUND, false)).join();
  };
  const seeds = [5, 5 + 2 ** 32, 5 + 2 ** 52, 6];
  assert.equal(new Set(seeds.map(drawn)).size, seeds.length);
});

Deno.test("edges: the digest of an input is of all its bytes, from the first", () => {
  const bytes = Uint8Array.from({ length: 40 }, (_, i) => i + 1);
  const seen: [number, number][] = [];
  runTest({
    programs: [[...call(Call.Write), ...spin(30_000), ...exit(0)]],
    handler(kernel, e) {
      if (e.kind === EventKind.Syscall && e.cause === Call.Write) kernel.effects.requestStream(0);
      return e.kind === EventKind.Input;
    },
    inputs: new LiveInputs({
      ...quietHost,
      readStreamBlock: (_stream, into, at) => (into.set(bytes, at), bytes.length),
      digest: (of, from, length, into) => {
        seen.push([of[from], length]);
        into.fill(9);
      },
    }, { initial: [], terminal: false, paced: false, timeLimit: Infinity }),
  });
  assert.deepEqual(seen, [[1, 40]]);
});
