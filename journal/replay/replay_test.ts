import assert from "node:assert/strict";
import { type Event, EventKind, RecordedEvent } from "../../core/event.ts";
import { MemorySink } from "../write/byte_sink.ts";
import { MemorySource } from "../read/byte_source.ts";
import { fold } from "./fold.ts";
import type { EventSink, FoldReducer, HostInputs, ReplayMachine } from "../machine_port.ts";
import { JournalReader } from "../read/reader.ts";
import { reexecute, type ReplayResult } from "./replay.ts";
import { digestOf, HEADER, Random } from "../test_journal.ts";
import { JournalWriter } from "../write/writer.ts";

/** Mixes an event into four words, as a kernel's state depends on all its events. */
class ToyReducer implements FoldReducer {
  readonly state = new Uint32Array(4);

  reduce(e: Event): void {
    const s = this.state;
    s[0] = Math.imul(s[0] ^ e.kind ^ e.hart, 0x9e3779b1) + e.cause;
    s[1] += e.payloadLength > 0 ? e.payload[0] : e.pcLo;
    s[2] ^= s[0] + e.time;
    s[3]++;
  }

  kHash(out: Uint32Array): void {
    out.set(this.state);
  }
}

/** Where a toy machine goes wrong, to see it caught. */
interface Fault {
  readonly at: number;
  readonly what: "field" | "more" | "less" | "K" | "M" | "M words" | "skipped hash" | "payload";
}

/** A machine of one hart: every third event is an input, the rest follows from what came before. */
class ToyMachine implements ReplayMachine {
  private readonly reducer = new ToyReducer();
  private readonly e = new RecordedEvent();
  private readonly staged = new Uint8Array(65536);

  constructor(
    private readonly sink: EventSink,
    private readonly inputs: HostInputs,
    private readonly length: number,
    private readonly fault?: Fault,
  ) {}

  run(): void {
    const { e, sink, reducer, fault } = this;
    const hash = new Uint32Array(4);
    const faultAt = (n: number, what: Fault["what"]) => fault?.at === n && fault.what === what;
    for (let n = 0; n < this.length; n++) {
      if (faultAt(n, "less")) break;
      e.order = e.sequence = n;
      e.time = 10 * n;
      e.pcLo = 4 * n;
      e.cause = reducer.state[0] & 255;
      if (n % 3 === 0) {
        if (!this.takeInput(n)) return;
      } else {
        e.kind = EventKind.Syscall;
        e.payloadLength = 0;
      }
      if (faultAt(n, "field")) e.valueLo = 1;
      if (faultAt(n, "payload")) e.payload[0] ^= 1;
      sink.append(e);
      e.valueLo = 0;
      reducer.reduce(e);
      if (n % 10 === 5 && !faultAt(n, "skipped hash")) {
        reducer.kHash(hash);
        if (faultAt(n, "K")) hash[2] ^= 1;
        sink.kHash(n, hash);
      }
      if (faultAt(n, "M words")) hash[1] ^= 1;
      if (n % 20 === 5) sink.mHash(n, faultAt(n, "M") ? n + 1 : n, hash);
    }
    if (fault?.what === "more") {
      e.order++;
      e.sequence++;
      sink.append(e);
    }
    sink.end();
  }

  private takeInput(order: number): boolean {
    const e = this.e;
    const input = this.inputs.at(order);
    if (input === null) return false;
    assert.equal(input.order, order);
    assert.equal(this.inputs.at(order + 1), null);
    e.kind = EventKind.Input;
    e.payloadLength = input.payloadLength;
    e.payload.set(input.payload.subarray(0, input.payloadLength));
    const length = this.inputs.blob(e.payload.subarray(0, 32), this.staged);
    assert.equal(length, 5, "the blob is there when its event is");
    this.sink.blob(e.payload.subarray(0, 32), this.staged, length);
    return true;
  }
}

/** Inputs of a live boot, from a seed. */
class LiveInputs implements HostInputs {
  private readonly random = new Random(3);
  private readonly e = new RecordedEvent();

  at(order: number): RecordedEvent | null {
    if (order % 3 !== 0) return null;
    if (this.e.order !== order || order === 0) {
      this.e.order = order;
      this.e.payloadLength = 32;
      this.e.payload.set(digestOf(this.random.below(9), 5));
    }
    return this.e;
  }

  blob(digest: Uint8Array, into: Uint8Array): number {
    into.fill(digest[9], 0, 5);
    return 5;
  }
}

const EVENTS = 9500;
const disk = new MemorySink();
new ToyMachine(new JournalWriter(disk, HEADER), new LiveInputs(), EVENTS).run();
const recorded = disk.bytes();

const open = (bytes: Uint8Array) => new JournalReader(new MemorySource(bytes));

function replay(bytes: Uint8Array, fault?: Fault, until?: number): ReplayResult {
  return reexecute(
    open(bytes),
    (sink, inputs) => new ToyMachine(sink, inputs, EVENTS, fault),
    { format: (e) => `#${e.order} value ${e.valueLo}`, ...(until === undefined ? {} : { until }) },
  );
}

Deno.test("a re-execution of the same machine is equal to the end", () => {
  assert.deepEqual(replay(recorded), {
    events: EVENTS,
    hashes: 950 + 475,
    state: "closed",
    divergence: undefined,
  });
});

Deno.test("a re-execution stops where it is told to", () => {
  const { events, state, divergence } = replay(recorded, undefined, 4999);
  assert.deepEqual({ events, state, divergence }, {
    events: 5000,
    state: "reading",
    divergence: undefined,
  });
});

Deno.test("the first difference is named, whatever it is", () => {
  const cases: [Fault, string, number, string, string][] = [
    [{ at: 700, what: "field" }, "value", 700, "#700 value 0", "#700 value 1"],
    [{ at: 699, what: "payload" }, "payload", 699, "#699 value 0", "#699 value 0"],
    [{ at: 5000, what: "less" }, "end", 5000, "#5000 value 0", ""],
    [{ at: 0, what: "more" }, "end", EVENTS, "", `#${EVENTS} value 0`],
    [{ at: 45, what: "M" }, "M hash", 45, "M hash, round 45", "M hash, round 46"],
    [{ at: 35, what: "skipped hash" }, "K hash", 35, "K hash, round 0", ""],
  ];
  for (const [fault, what, order, recordedText, replayed] of cases) {
    const { divergence } = replay(recorded, fault);
    assert.deepEqual(divergence, { order, hart: 0, what, recorded: recordedText, replayed });
  }
  const k = replay(recorded, { at: 55, what: "K" }).divergence;
  assert.ok(k?.what === "K hash" && k.order === 55 && k.recorded !== k.replayed);
  const m = replay(recorded, { at: 65, what: "M words" }).divergence;
  assert.ok(m?.what === "M hash" && m.order === 65 && m.recorded !== m.replayed);
});

Deno.test("a cut journal is equal up to where it is cut", () => {
  for (const length of [recorded.length >> 1, recorded.length - 1, 1500]) {
    const cut = recorded.subarray(0, length);
    const whole = open(cut);
    const e = new RecordedEvent();
    while (whole.next(e));
    const result = replay(cut);
    assert.equal(result.divergence, undefined);
    assert.equal(result.events, whole.lastOrder + 1);
    assert.equal(result.state, "cut");
  }
});

Deno.test("a fold reaches the same state, and finds the first hash that is not", () => {
  const equal = fold(open(recorded), new ToyReducer());
  assert.deepEqual(equal, { events: EVENTS, state: "closed", hashes: 950, mismatch: undefined });
  const part = fold(open(recorded), new ToyReducer(), { until: 99 });
  assert.deepEqual(part, { events: 100, state: "reading", hashes: 10, mismatch: undefined });

  const other = new ToyReducer();
  other.state[3] = 1;
  const { mismatch, events } = fold(open(recorded), other);
  assert.equal(events, 6);
  assert.equal(mismatch?.order, 5);
  assert.notEqual(mismatch?.computed, mismatch?.recorded);

  let seen = 0;
  fold(open(recorded), new ToyReducer(), { after: () => ++seen < 7 });
  assert.equal(seen, 7);
});
