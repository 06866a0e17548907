import { robustSampleBytes } from "../../core/sched/futex_robust.ts";
import { OperationKind } from "../../core/sched/operation.ts";
import { type Event, EventKind, InputKind, REGISTER_LIMIT, SampleKind } from "../../core/event.ts";
import { registerSample } from "../../core/isa/signal_frame.ts";
import { ONE, type State } from "../../core/kernel.ts";
import { FILE_CHUNK_BYTES, PAGE_BYTES, STREAM_BLOCK_BYTES } from "../../core/limits.ts";
import { STACK_TOP } from "../../core/proc/exec.ts";
import type { Random } from "../kernel/random.ts";
import { writeImageHead } from "./image_head.ts";

const STREAMS = 3;
/** How far harts' clocks drift apart, ns. */
const DRIFT = 200_000;

/** Fills an event's head: everything that is not given is zero. */
export function setHead(e: Event, s: State, kind: number, hart: number, time: number): void {
  e.kind = kind;
  e.hart = hart;
  e.sequence = s.hart.lastSequence[hart + 1];
  e.order = s.kernel.lastOrder[ONE];
  e.time = time;
  e.pcLo = 0x1_0000;
  e.pcHi = 0;
  e.cause = 0;
  e.valueLo = 0;
  e.valueHi = 0;
  e.access = 0;
  e.registerCount = 0;
  for (let i = 0; i < 2 * REGISTER_LIMIT; i++) e.registers[i] = 0;
  e.payloadLength = 0;
}

/**
 * What a machine owes the kernel, found in the kernel's state alone: replies to samples, IPIs,
 * steps, timers, chunks and blocks. It goes on from any state, also one no machine would be in.
 */
export class NullMachine {
  /** Harts that have an IPI or a step due; filled by `due`. */
  readonly #harts: number[] = [];

  constructor(private readonly random: Random) {}

  /** A time at which something happens on a hart: it ascends, and harts keep up with each other. */
  time(s: State, hart: number): number {
    const last = s.hart.lastTime[hart + 1];
    const least = Math.max(last, 10 * Math.floor((s.kernel.now[ONE] - DRIFT) / 10));
    return least + 10 * (1 + this.random.below(this.random.oneIn(30) ? 100_000 : 500));
  }

  /** Answers the sample that is out; false when none is. */
  sample(e: Event, s: State): boolean {
    const sampling = s.kernel.sampling[ONE];
    if (sampling === 0) return false;
    const r = this.random;
    const hart = sampling - 1;
    setHead(e, s, EventKind.Sample, hart, this.time(s, hart));
    const thread = s.hart.current[sampling];
    if (s.thread.sampled[thread] === 1) {
      e.cause = SampleKind.Registers;
      e.payloadLength = registerSample.bytes;
      const style = r.below(4);
      for (let i = 0; i < registerSample.bytes; i++) e.payload[i] = style === 0 ? r.bits() : style;
      const down = r.oneIn(30) ? r.below(2 ** 25) : 4096 + 16 * r.below(500);
      this.#u64(e, registerSample.x(2), r.oneIn(60) ? r.bits() : STACK_TOP - down);
      this.#u64(e, registerSample.pc, 0x1_0000 + 4 * r.below(64));
      return true;
    }
    e.cause = SampleKind.Frame;
    if (s.thread.operation[thread] === OperationKind.RobustList) return this.#robust(e, s, thread);
    const size = s.inode.size[s.thread.callArgument[4 * thread]];
    e.payloadLength = Math.min(size, PAGE_BYTES);
    writeImageHead(e.payload, e.payloadLength, size, r);
    return true;
  }

  /** Part of a list of robust futexes: its end, a futex held, somewhere else, or anything. */
  #robust(e: Event, s: State, thread: number): true {
    const r = this.random;
    const head = s.thread.robustHead[thread];
    const tid = s.thread.tid[thread];
    const held = [tid, tid + 2 ** 31, 0, 2 ** 31];
    e.payloadLength = robustSampleBytes(s, thread);
    for (let at = 0; at < e.payloadLength; at += 8) {
      const near = STACK_TOP - 8 * r.below(4096);
      this.#u64(e, at, r.pick([head, near, near + 1, r.pick(held), 8 * r.below(9), r.bits()]));
    }
    return true;
  }

  #u64(e: Event, at: number, value: number): void {
    for (let i = 0; i < 8; i++) e.payload[at + i] = Math.floor(value / 2 ** (8 * i)) % 256;
  }

  /** An IPI or a step that is due; false when there is none. */
  due(e: Event, s: State): boolean {
    const harts = this.#harts;
    harts.length = 0;
    for (let hart = 0; hart < s.kernel.harts[ONE]; hart++) {
      if (s.hart.ipiPending[hart + 1] + s.hart.continuePending[hart + 1] > 0) harts.push(hart);
    }
    if (harts.length === 0) return false;
    const hart = this.random.pick(harts);
    const kind = s.hart.ipiPending[hart + 1] === 1 ? EventKind.Ipi : EventKind.Continue;
    setHead(e, s, kind, hart, this.time(s, hart));
    return true;
  }

  /** A timer that is due, or any that is armed; false when there is none. */
  timer(e: Event, s: State, early: boolean): boolean {
    let first = -1;
    for (let hart = 0; hart < s.kernel.harts[ONE]; hart++) {
      const at = s.hart.timerProgrammed[hart + 1];
      if (at === 0 || (!early && at > s.hart.lastTime[hart + 1])) continue;
      if (first < 0 || at < s.hart.timerProgrammed[first + 1]) first = hart;
    }
    if (first < 0) return false;
    const at = s.hart.timerProgrammed[first + 1];
    setHead(e, s, EventKind.Timer, first, Math.max(this.time(s, first), Math.ceil(at)));
    return true;
  }

  /** A chunk of a file or a block of a stream that was asked for; false when nothing was. */
  input(e: Event, s: State): boolean {
    const r = this.random;
    setHead(e, s, EventKind.Input, 0, this.time(s, 0));
    const unit = r.below(STREAMS);
    for (let i = 0; i < STREAMS; i++) {
      const row = 1 + (unit + i) % STREAMS;
      if (s.stream.requested[row] === 0) continue;
      e.cause = InputKind.Stream;
      e.valueLo = s.stream.unit[row];
      e.registerCount = 1;
      e.registers[0] = r.oneIn(3) ? STREAM_BLOCK_BYTES : r.below(STREAM_BLOCK_BYTES + 1);
      if (r.oneIn(8)) e.registers[0] = 0;
      e.payloadLength = e.registers[0] === 0 ? 0 : 32;
      return true;
    }
    let request = s.fileSystem.firstChunk[ONE];
    if (request === 0) return false;
    while (s.chunkRequest.next[request] !== 0 && r.oneIn(2)) request = s.chunkRequest.next[request];
    const object = s.chunkRequest.object[request];
    const chunk = s.chunkRequest.chunk[request];
    const failed = r.oneIn(20);
    e.cause = failed ? InputKind.ChunkFailed : InputKind.Chunk;
    e.valueLo = s.memoryObject.hostFile[object] - 1;
    e.registerCount = 2;
    e.registers[0] = chunk;
    const left = s.memoryObject.hostBytes[object] - chunk * FILE_CHUNK_BYTES;
    const length = Math.max(0, Math.min(left, FILE_CHUNK_BYTES));
    if (!failed) e.registers[2] = r.oneIn(20) ? r.below(length + 1) : length;
    e.payloadLength = failed ? 0 : 32;
    return true;
  }
}
