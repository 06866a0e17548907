import assert from "node:assert/strict";
import { type Event, EventKind, InputKind, type RecordedEvent } from "../../../core/event.ts";
import { compareEvents } from "../../../journal/replay/compare_events.ts";
import { ShutdownCause } from "../config.ts";
import type { HostInputs } from "./host_inputs.ts";
import { type InitialInput, type InputPort, LiveInputs } from "./live_inputs.ts";
import { type InputLog, RecordedInputs, RecordingEnds } from "./recorded_inputs.ts";
import {
  Call,
  call,
  dataFrame,
  quietHost,
  runTest,
  set,
  spin,
  type TestKernel,
  type TestResult,
  TestSink,
} from "../test_kernel.ts";

const exit = (status: number): number[] => [set(10, status), ...call(Call.Exit)];
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A stand-in for SHA-256: sum and length. */
const digest: InputPort["digest"] = (bytes, from, length, into) => {
  into.fill(0);
  into[0] = length;
  for (let i = 0; i < length; i++) into[1] += bytes[from + i];
};

/** A host with one file, one stream and a scripted terminal; its clock stands unless waited for. */
class ScriptedHost implements InputPort {
  time = 1000;
  polls = 0;
  constructor(private readonly typed: Readonly<Record<number, string | null>> = {}) {}
  digest = digest;
  readStreamBlock(_stream: number, into: Uint8Array, at: number): number {
    into.set(bytesOf("stream"), at);
    return 6;
  }
  readFileChunk(file: number, chunk: number, into: Uint8Array, at: number): number {
    if (file !== 3) return -1;
    const bytes = bytesOf(`chunk ${chunk}`);
    into.set(bytes, at);
    return bytes.length;
  }
  pollTerminal(into: Uint8Array): number {
    const text = this.typed[++this.polls];
    if (text === null) return -1;
    if (text === undefined) return 0;
    into.set(bytesOf(text));
    return text.length;
  }
  now(): number {
    return this.time;
  }
  waitUntil(ms: number): void {
    this.time = Math.min(ms, this.time + 5);
  }
}

/** The recorded inputs of a boot, up to an event. */
class EventLog implements InputLog {
  constructor(private readonly sink: TestSink, private readonly limit = Infinity) {}
  at(order: number): RecordedEvent | null {
    const e = order < this.limit ? this.sink.events[order] : undefined;
    return e !== undefined && (e.kind === EventKind.Input || e.kind === EventKind.Shutdown)
      ? e
      : null;
  }
  blob(hash: Uint8Array, into: Uint8Array): number {
    const bytes = this.sink.blobs.get(hash.join());
    if (bytes === undefined) return -1;
    into.set(bytes);
    return bytes.length;
  }
}

interface Scenario {
  readonly programs: readonly (readonly number[])[];
  readonly handler: (kernel: TestKernel, e: Event) => boolean;
  readonly terminal?: boolean;
  readonly seed?: number;
}

function run(s: Scenario, inputs: HostInputs): TestResult {
  const config = { terminalInput: s.terminal ?? false, seed: s.seed ?? 0 };
  return runTest({ programs: s.programs, config, handler: s.handler, inputs });
}

function live(s: Scenario, host: InputPort, options: {
  initial?: readonly InitialInput[];
  paced?: boolean;
  timeLimit?: number;
} = {}): TestResult {
  const { initial = [], paced = true, timeLimit = Infinity } = options;
  const terminal = s.terminal ?? false;
  return run(s, new LiveInputs(host, { initial, terminal, paced, timeLimit }));
}

/** Runs a scenario again from what was recorded, and holds that every event and hash is equal. */
function replay(s: Scenario, recorded: TestResult): void {
  const again = run(s, new RecordedInputs(new EventLog(recorded.sink), s.terminal ?? false));
  assert.equal(again.sink.events.length, recorded.sink.events.length);
  again.sink.events.forEach((e, i) => {
    assert.equal(compareEvents(e, recorded.sink.events[i]), "", `event ${i}`);
  });
  assert.deepEqual(again.sink.hashes, recorded.sink.hashes);
  assert.deepEqual(again.outcome, recorded.outcome);
}

const idle = (kernel: TestKernel, e: Event): boolean => {
  if (e.kind === EventKind.Boot) kernel.effects.switchTo(0, 0, 0, 0);
  return false;
};

Deno.test("inputs: trees and entropy enter before the first round, in order", () => {
  const scenario: Scenario = { programs: [exit(0)], handler: (_, e) => e.kind === EventKind.Input };
  const initial = [
    { kind: InputKind.Entropy, payload: new Uint8Array(32).fill(7) },
    { kind: InputKind.Tree, payload: bytesOf("tree") },
  ];
  const recorded = live(scenario, quietHost, { initial });
  const inputs = recorded.sink.events.slice(1, 3);
  assert.deepEqual(inputs.map((e) => [e.kind, e.cause, e.hart]), [
    [EventKind.Input, InputKind.Entropy, 0],
    [EventKind.Input, InputKind.Tree, 0],
  ]);
  assert.deepEqual([...inputs[1].payload], [...bytesOf("tree")]);
  replay(scenario, recorded);
});

Deno.test("inputs: demanded ones complete at the boundary after their latency, with their bytes", () => {
  const scenario: Scenario = {
    programs: [[...spin(100), ...call(Call.Write), ...spin(20_000), ...exit(0)]],
    handler(kernel, e) {
      const fx = kernel.effects;
      if (e.kind === EventKind.Syscall && e.cause === Call.Write) {
        fx.requestStream(0);
        fx.requestChunk(3, 9);
        fx.requestChunk(4, 1);
      }
      if (e.kind === EventKind.Sample) return true;
      if (e.kind !== EventKind.Input) return false;
      if (e.cause !== InputKind.Stream) return true;
      fx.loadInput(0, dataFrame(0), 5, 6);
      fx.sampleFrame(dataFrame(0), 4, 8);
      return true;
    },
  };
  const recorded = live(scenario, new ScriptedHost());
  const { sink } = recorded;
  const inputs = sink.of(EventKind.Input);
  assert.deepEqual(
    inputs.map((e) => [e.cause, e.valueLo, ...e.registers.subarray(0, 2 * e.registerCount)]),
    [
      [InputKind.Stream, 0, 6, 0],
      [InputKind.Chunk, 3, 9, 0, 7, 0],
      [InputKind.ChunkFailed, 4, 1, 0, 0, 0],
    ],
  );
  assert.deepEqual(inputs.map((e) => e.payloadLength), [32, 32, 0]);
  assert.equal(inputs[0].time, 10_000 * 10);
  const sample = sink.of(EventKind.Sample)[0];
  assert.equal(sample.order, inputs[0].order + 1);
  assert.deepEqual([...sample.payload], [0, ...bytesOf("stream"), 0]);
  assert.equal(sink.blobs.size, 2);
  replay(scenario, recorded);
});

Deno.test("inputs: an idle machine waits for a demanded input without stepping", () => {
  const scenario: Scenario = {
    programs: [exit(0)],
    handler(kernel, e) {
      idle(kernel, e);
      if (e.kind === EventKind.Boot) kernel.effects.requestStream(0);
      if (e.kind === EventKind.Input) kernel.run(0);
      return e.kind === EventKind.Input;
    },
  };
  const recorded = live(scenario, new ScriptedHost());
  assert.equal(recorded.sink.of(EventKind.Input)[0].time, 10_000 * 10);
  replay(scenario, recorded);
});

Deno.test("inputs: typed bytes arrive at round boundaries and replay at the same ones", () => {
  for (const seed of [0, 5]) {
    const scenario: Scenario = {
      terminal: true,
      seed,
      programs: [[...spin(60_000), ...exit(0)], [...spin(30_000), ...exit(0)]],
      handler(kernel, e) {
        // A long event: hart 0 stays beyond several boundaries.
        if (e.kind === EventKind.Input) kernel.effects.charge(2500);
        return e.kind === EventKind.Input;
      },
    };
    const recorded = live(scenario, new ScriptedHost({ 3: "ls\n", 4: "x", 7: "y" }));
    const inputs = recorded.sink.of(EventKind.Input);
    assert.equal(inputs.length, 3);
    assert.deepEqual([...inputs[0].payload], [...bytesOf("ls\n")]);
    assert.ok(inputs.every((e) => e.argument(2) % 100_000 === 0));
    assert.ok(inputs[1].argument(2) < inputs[1].time, "hart 0 was beyond the boundary");
    replay(scenario, recorded);
  }
});

Deno.test("inputs: an idle terminal session is paced, ends at a hang-up in deadlock, and replays", () => {
  const scenario: Scenario = {
    terminal: true,
    programs: [exit(0)],
    handler(kernel, e) {
      idle(kernel, e);
      return e.kind === EventKind.Input;
    },
  };
  const host = new ScriptedHost({ 4: "a", 9: "b", 20: null });
  const recorded = live(scenario, host);
  const [a, b, hangUp] = recorded.sink.of(EventKind.Input);
  assert.ok(a.time >= 10e6 && b.time > a.time, "virtual time followed the host's clock");
  assert.ok(b.time <= (host.time - 1000) * 1e6);
  assert.equal(hangUp.payloadLength, 0);
  assert.equal(recorded.outcome.reason, ShutdownCause.Deadlock);
  replay(scenario, recorded);

  const unpaced = live(scenario, new ScriptedHost({ 4: "a", 9: null }), { paced: false });
  assert.ok(unpaced.sink.of(EventKind.Input)[1].time < 10e6);
  replay(scenario, unpaced);
});

Deno.test("inputs: a time limit powers the machine off, at the same boundary in a replay", () => {
  const ticking = new ScriptedHost();
  ticking.now = () => ticking.time++;
  const busy: Scenario = { programs: [spin(2 ** 30)], handler: () => false };
  const recorded = live(busy, ticking, { timeLimit: 17 });
  assert.equal(recorded.outcome.reason, ShutdownCause.PowerOff);
  assert.ok(recorded.sink.events[1].argument(2) > 100_000);
  replay(busy, recorded);

  const waiting: Scenario = { terminal: true, programs: [exit(0)], handler: idle };
  const stopped = live(waiting, new ScriptedHost(), { timeLimit: 50 });
  assert.equal(stopped.outcome.reason, ShutdownCause.PowerOff);
  replay(waiting, stopped);
});

Deno.test("inputs: a machine stops where its recording does", () => {
  const waiting: Scenario = {
    terminal: true,
    programs: [exit(0)],
    handler(kernel, e) {
      idle(kernel, e);
      return e.kind === EventKind.Input;
    },
  };
  const recorded = live(waiting, new ScriptedHost({ 4: "a", 9: null }));
  const cut = run(waiting, new RecordedInputs(new EventLog(recorded.sink, 2), true));
  assert.equal(cut.outcome.closed, false);
  assert.equal(cut.sink.events.length, 2);

  const asking: Scenario = {
    programs: [exit(0)],
    handler(kernel, e) {
      idle(kernel, e);
      if (e.kind === EventKind.Boot) kernel.effects.requestStream(0);
      return false;
    },
  };
  // A blob of another length is not the one that was recorded.
  const asked = live(asking, new ScriptedHost());
  const [[key, bytes]] = [...asked.sink.blobs];
  for (const other of [bytes.subarray(1), new Uint8Array(bytes.length + 1)]) {
    asked.sink.blobs.set(key, other);
    const log = new RecordedInputs(new EventLog(asked.sink), false);
    assert.throws(() => run(asking, log), /lacks the bytes of an input/);
  }

  const empty = new RecordedInputs(new EventLog(new TestSink()), false);
  assert.throws(() => run(asking, empty), RecordingEnds);
});
