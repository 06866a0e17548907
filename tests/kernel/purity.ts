/**
 * The purity check (design, "Tests that matter"): equal states advance in lock step, each event
 * reduced into A, into B, and into C in another worker. Effects must be equal after each event, and
 * the used arena at every interval. All that a reducer must not depend on differs:
 *
 * - B lies elsewhere in its buffer, among rubbish; elements that are not in use are rubbish;
 * - B's events are two objects in turn, with rubbish wherever an event carries nothing;
 * - B's effects are made rubbish once they were compared, which A's must not notice;
 * - B is bound anew every so often, with all derived columns rebuilt: nothing but its arena stays;
 * - C has other clocks.
 */
import { KernelDefect } from "../../core/assert.ts";
import type { Effects } from "../../core/effect.ts";
import { type Event, RecordedEvent } from "../../core/event.ts";
import {
  type Capacities,
  layoutKernel,
  makeReducer as kernelAsItIs,
  type Reducer,
} from "../../core/reducer.ts";
import { beginHash, endHash, hashText, hashWords } from "../../core/state/hash.ts";
import { type ArenaBytes, compareArenas, differenceText } from "../../core/state/snapshot.ts";
import { FileSource } from "../../drivers/host/file_source.ts";
import { JournalReader } from "../../journal/read/reader.ts";
import { DigestRing } from "./digest_ring.ts";
import { EventLogReader } from "./event_log.ts";
import type { RunResult } from "./harness.ts";
import { notWhole, soilArena } from "./soil.ts";

/** What the check needs of a kernel's module. */
export interface ReducerModule {
  readonly makeReducer: typeof kernelAsItIs;
}

/** Where events come from: a journal's path, or packed events of an EventLog. */
export type Recording = string | Uint8Array;

/** What the worker is to fold. */
export interface FoldRequest {
  /** URL of the kernel's module. */
  readonly module: string;
  readonly capacities: Capacities;
  readonly recording: Recording;
  /** Events between two state hashes. */
  readonly interval: number;
  readonly ring: SharedArrayBuffer;
}

/** The kernel as it is. */
const KERNEL = new URL("../../core/reducer.ts", import.meta.url).href;
/** B's place in its buffer, and what lies behind it. */
const MARGIN = 3 * 4096;
const RUBBISH = 0xa5;
const RUBBISH_WORD = 0x5aa5a55a;

/** Events of a recording, one by one. */
export interface OpenRecording {
  next(e: RecordedEvent): boolean;
  close(): void;
}

/** Opens a recording at its first event. */
export function openRecording(recording: Recording): OpenRecording {
  if (typeof recording !== "string") {
    const log = new EventLogReader(recording);
    return { next: (e) => log.next(e), close: () => {} };
  }
  const source = FileSource.open(recording);
  const reader = new JournalReader(source);
  return { next: (e) => reader.next(e), close: () => source.close() };
}

const lanes = new Int32Array(4);
const wordOf = new Int32Array(1);

/** Four words that stand for all effects of an event: words and immediate bytes. */
export function digestEffects(fx: Effects, out: Uint32Array): void {
  beginHash(lanes);
  hashWords(lanes, fx.words, 0, fx.length);
  const whole = fx.bytesLength >>> 2;
  if (whole > 0) {
    hashWords(lanes, new Int32Array(fx.bytes.buffer, fx.bytes.byteOffset, whole), 0, whole);
  }
  for (let i = whole * 4; i < fx.bytesLength; i++) {
    wordOf[0] = fx.bytes[i];
    hashWords(lanes, wordOf, 0, 1);
  }
  endHash(lanes, fx.length * 0x40000 + fx.bytesLength, out);
}

/** The first difference between two events' effects, or "". */
function effectsDifference(a: Effects, b: Effects): string {
  if (a.length !== b.length) return `${a.length} effect words, then ${b.length}`;
  for (let i = 0; i < a.length; i++) {
    if (a.words[i] !== b.words[i]) {
      return `effect word ${i} was ${a.words[i]}, then ${b.words[i]}`;
    }
  }
  if (a.bytesLength !== b.bytesLength) return "other immediate bytes";
  for (let i = 0; i < a.bytesLength; i++) {
    if (a.bytes[i] !== b.bytes[i]) {
      return `immediate byte ${i} was ${a.bytes[i]}, then ${b.bytes[i]}`;
    }
  }
  return "";
}

/** An event full of rubbish. */
function dirtyEvent(): RecordedEvent {
  const e = new RecordedEvent();
  e.registers.fill(0xdeadbeef);
  e.payload.fill(RUBBISH);
  e.glance.fill(RUBBISH);
  return e;
}

/** Makes rubbish again of what an event carried. */
function soilEvent(e: RecordedEvent): void {
  e.registers.fill(0xdeadbeef);
  e.payload.fill(RUBBISH, 0, e.payloadLength);
  e.glance.fill(RUBBISH);
}

function soilEffects(fx: Effects): void {
  fx.words.fill(RUBBISH_WORD, 0, fx.length);
  fx.bytes.fill(RUBBISH, 0, fx.bytesLength);
}

/** Reduces an event; the assertion that failed, or "". */
function step(kernel: Reducer, e: Event): string {
  try {
    kernel.reduce(e);
    return "";
  } catch (error) {
    if (!(error instanceof KernelDefect)) throw error;
    return error.message;
  }
}

const equalWords = (a: Uint32Array, b: Uint32Array): boolean => {
  for (let i = 0; i < 4; i++) if (a[i] !== b[i]) return false;
  return true;
};

/** How to check a recording. */
export interface PurityOptions {
  readonly capacities: Capacities;
  /** Events between two comparisons of the arenas; 1 compares after each. */
  readonly interval: number;
  /** Events after which B is bound anew; as many as `interval`, and at least 100, unless given. */
  readonly renewal?: number;
  /** The state after the last event, as text; not compared unless given. */
  readonly end?: string;
}

/** A kernel other than ours. */
export interface OtherKernel extends ReducerModule {
  readonly url: string;
}

/** A's and B's side of the lock step, and what C told. */
class LockStep {
  private readonly a: Reducer;
  private readonly arenaA: ArenaBytes;
  private b: Reducer;
  private readonly arenaB: ArenaBytes;
  private readonly digest = new Uint32Array(4);
  private readonly third = new Uint32Array(4);
  private readonly thirdState = new Uint32Array(4);

  constructor(
    private readonly make: typeof kernelAsItIs,
    private readonly ring: DigestRing,
    private readonly options: PurityOptions,
  ) {
    const layout = layoutKernel(options.capacities);
    this.arenaA = { layout, buffer: new ArrayBuffer(layout.bytes), base: 0 };
    this.arenaB = { layout, buffer: new ArrayBuffer(MARGIN + layout.bytes + MARGIN), base: MARGIN };
    new Uint8Array(this.arenaB.buffer, 0, MARGIN).fill(RUBBISH);
    new Uint8Array(this.arenaB.buffer, MARGIN + layout.bytes).fill(RUBBISH);
    this.a = make(layout, this.arenaA.buffer, this.arenaA.base);
    this.b = make(layout, this.arenaB.buffer, this.arenaB.base);
  }

  /** Reduces one event, the `nth`; what went wrong, or "". Ends with "defect" where all assert. */
  event(nth: number, e: RecordedEvent, dirty: RecordedEvent): string {
    const { a, b, digest } = this;
    const defect = step(a, e);
    const defectB = step(b, dirty);
    if (defect !== defectB) return `a defect, "${defect}", then "${defectB}"`;
    if (defect !== "") return "defect";
    const difference = effectsDifference(a.effects, b.effects);
    if (difference !== "") return difference;
    soilEffects(b.effects);
    const silence = this.ring.take(this.third, this.thirdState);
    if (silence !== "") return silence;
    digestEffects(a.effects, digest);
    if (!equalWords(digest, this.third)) {
      const mine = effectsDifference(a.effects, b.effects) === "" && a.effects.length > 0;
      return mine ? "one effect buffer for two kernels" : "other effects in the worker";
    }
    return nth % this.options.interval === 0 ? this.compare() : "";
  }

  private compare(): string {
    const found = compareArenas(this.arenaA, this.arenaB);
    if (found !== null) return differenceText(found);
    this.a.hash(this.digest);
    return equalWords(this.digest, this.thirdState) ? "" : "another state in the worker";
  }

  /** Binds B anew; what is left of it is its arena. Returns what is wrong with that, or "". */
  renew(): string {
    const { layout, buffer, base } = this.arenaB;
    soilArena(this.arenaB, RUBBISH);
    this.b = this.make(layout, buffer, base);
    this.b.rebuild();
    return notWhole(this.arenaB);
  }

  /** After the last event. */
  end(): string {
    const found = compareArenas(this.arenaA, this.arenaB);
    if (found !== null) return differenceText(found);
    this.a.hash(this.digest);
    // The live kernel ran over the machine's own memory, with hooks and a machine around it.
    const { end } = this.options;
    return end === undefined || hashText(this.digest) === end ? "" : "not the live run's state";
  }
}

/**
 * Reduces a recording into three kernels. It waits for the worker without the event loop.
 *
 * @param other another kernel than ours
 * @returns "" when all stay equal, or the first difference, with its event
 */
export function breachOf(
  recording: Recording,
  options: PurityOptions,
  other?: OtherKernel,
): string {
  const ring = new DigestRing();
  const worker = new Worker(new URL("./fold_worker.ts", import.meta.url), { type: "module" });
  const { capacities, interval } = options;
  const module = other?.url ?? KERNEL;
  const request: FoldRequest = { module, capacities, recording, interval, ring: ring.buffer };
  worker.postMessage(request);
  const kernels = new LockStep(other?.makeReducer ?? kernelAsItIs, ring, options);
  const renewal = options.renewal ?? Math.max(interval, 100);
  const events = openRecording(recording);
  const again = openRecording(recording);
  const e = new RecordedEvent();
  const dirty = [dirtyEvent(), dirtyEvent()];
  try {
    for (let nth = 1; events.next(e); nth++) {
      const own = dirty[nth & 1];
      soilEvent(own);
      again.next(own);
      let wrong = kernels.event(nth, e, own);
      if (wrong === "defect") return "";
      if (wrong === "" && nth % renewal === 0) wrong = kernels.renew();
      if (wrong !== "") return `event ${e.order}: ${wrong}`;
    }
    return kernels.end();
  } finally {
    worker.terminate();
    events.close();
    again.close();
  }
}

/** Checks a run of the harness that was recorded. */
export function purityBreach(
  run: RunResult,
  options: PurityOptions,
  other?: OtherKernel,
): string {
  const end = run.hashes[run.hashes.length - 1];
  return breachOf(run.log.bytes(), { end, ...options }, other);
}
