/**
 * The purity check (design, "Tests that matter"): two equal states advance in lock step, each event
 * reduced into A, into B, and into C in another worker. Effects must be equal after each event, and
 * the used arena at every interval.
 */
import type { Effects } from "../../core/effect.ts";
import { Event } from "../../core/event.ts";
import { type Capacities, layoutKernel, type makeReducer } from "../../core/reducer.ts";
import { beginHash, endHash, hashText, hashWords } from "../../core/state/hash.ts";
import { compareArenas, differenceText } from "../../core/state/snapshot.ts";
import { EventLogReader } from "./event_log.ts";
import type { RunResult } from "./harness.ts";

/** What the check needs of a kernel's module. */
export interface ReducerModule {
  readonly makeReducer: typeof makeReducer;
}

/** What the worker is to fold. */
export interface FoldRequest {
  /** URL of the kernel's module. */
  readonly module: string;
  readonly capacities: Capacities;
  readonly events: Uint8Array;
  readonly count: number;
  /** Events between two state hashes. */
  readonly interval: number;
}

/** What came out: four words for each event's effects, and a state hash for each interval. */
export interface Digests {
  readonly effects: Uint32Array;
  readonly states: readonly Uint32Array[];
}

/** The kernel as it is. */
export const KERNEL = new URL("../../core/reducer.ts", import.meta.url).href;

const lanes = new Int32Array(4);
const wordOf = new Int32Array(1);

/** Four words that stand for all effects of an event: words and immediate bytes. */
export function digestEffects(fx: Effects, out: Uint32Array): void {
  beginHash(lanes);
  hashWords(lanes, fx.words, 0, fx.length);
  const whole = fx.bytesLength >>> 2;
  hashWords(lanes, new Int32Array(fx.bytes.buffer, fx.bytes.byteOffset, whole), 0, whole);
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

/** Leaves rubbish in an event wherever the next one may carry nothing: no reducer may look there. */
function soil(e: Event): void {
  e.registers.fill(0xdeadbeef);
  e.payload.fill(0xa5);
}

function foldInWorker(request: FoldRequest): Promise<Digests> {
  const worker = new Worker(new URL("./fold_worker.ts", import.meta.url), { type: "module" });
  return new Promise<Digests>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Digests | string>) => {
      if (typeof data === "string") reject(new Error(`in the worker: ${data}`));
      else resolve(data);
    };
    worker.onerror = (error) => {
      error.preventDefault();
      reject(new Error(`in the worker: ${error.message}`));
    };
    worker.postMessage(request);
  }).finally(() => worker.terminate());
}

const equalWords = (a: Uint32Array, b: Uint32Array): boolean => a.every((w, i) => w === b[i]);

/** How to check a run. */
export interface PurityOptions {
  readonly capacities: Capacities;
  /** Events between two comparisons of the arenas; 1 compares after each. */
  readonly interval: number;
  /** URL of the kernel's module; the kernel as it is unless given. */
  readonly module?: string;
}

/**
 * Reduces a run's events into three kernels.
 *
 * @returns "" when all stay equal, or the first difference, with its event
 */
export async function purityBreach(run: RunResult, options: PurityOptions): Promise<string> {
  const module = options.module ?? KERNEL;
  const bytes = run.log.bytes();
  const answer = foldInWorker({ ...options, module, events: bytes, count: run.log.count });
  const { makeReducer }: ReducerModule = await import(module);
  const layout = layoutKernel(options.capacities);
  const [a, b] = [0, 1].map(() => {
    const buffer = new ArrayBuffer(layout.bytes);
    return { ...makeReducer(layout, buffer, 0), arena: { layout, buffer, base: 0 } };
  });
  const third = await answer;
  const events = new EventLogReader(bytes);
  const again = new EventLogReader(bytes);
  const e = new Event();
  const dirty = new Event();
  const digest = new Uint32Array(4);
  for (let i = 0, interval = 0; events.next(e); i++) {
    a.reduce(e);
    soil(dirty);
    again.next(dirty);
    b.reduce(dirty);
    const difference = effectsDifference(a.effects, b.effects);
    if (difference !== "") return `event ${e.order}: ${difference}`;
    digestEffects(a.effects, digest);
    if (!equalWords(digest, third.effects.subarray(4 * i, 4 * i + 4))) {
      return `event ${e.order}: other effects in the worker`;
    }
    if ((i + 1) % options.interval !== 0 && i + 1 !== run.log.count) continue;
    const found = compareArenas(a.arena, b.arena);
    if (found !== null) return `event ${e.order}: ${differenceText(found)}`;
    a.hash(digest);
    if (!equalWords(digest, third.states[interval++])) {
      return `event ${e.order}: another state in the worker`;
    }
  }
  // The live kernel ran over the machine's own memory, with hooks and a machine around it.
  a.hash(digest);
  return hashText(digest) === run.hashes[run.hashes.length - 1] ? "" : "not the live run's state";
}
