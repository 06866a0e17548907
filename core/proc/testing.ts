/**
 * A kernel of two harts whose events a test chooses one by one: for tests of signals, children and
 * scheduling. What the effects ask for comes back as events when the test pumps.
 */
import assert from "node:assert/strict";
import { EFFECT_ARITY, EffectKind } from "../effect.ts";
import { AccessKind, ArgumentLength, EventKind, SampleKind } from "../event.ts";
import { holdInode } from "../fs/inode.ts";
import { registerSample, roleRegister, signalFrame } from "../isa/signal_frame.ts";
import { ONE, type State } from "../kernel.ts";
import { checkTotals } from "../ledger/check.ts";
import { makeRecount } from "../ledger/recount.ts";
import { HEAP, makeWorld, type World } from "../ledger/test_world.ts";
import { PAGE_BYTES } from "../limits.ts";
import { peekUser } from "../mem/user.ts";
import { reduce } from "../reduce.ts";
import { ThreadState } from "../sched/tables.ts";
import { rowOf } from "../syscall/rows.ts";

/** An argument: a number for a register, bytes, text, strings or null for what is copied in. */
export type Given = number | string | Uint8Array | readonly string[] | null | Located;

/** What is copied in, and the address it is said to lie at. */
export interface Located {
  readonly at: number;
  readonly bytes: Uint8Array | null;
}

/** User memory a test's calls may write to. */
export const BUFFER = HEAP;
/** Stack pointer of every sample. */
export const STACK = HEAP + 0x1_8000;
const encoder = new TextEncoder();
/** Stands for what is copied in and is longer than may be. */
export const TOO_LONG: Uint8Array = new Uint8Array(0);

/** Numbers of the calls the tests make. */
export const Call = {
  nanosleep: 101,
  setitimer: 103,
  setaffinity: 122,
  yield: 124,
  kill: 129,
  sigsuspend: 133,
  sigaction: 134,
  sigprocmask: 135,
  sigtimedwait: 137,
  setpgid: 154,
  pipe2: 59,
  read: 63,
  write: 64,
  exit: 94,
  exitThread: 93,
  getpid: 172,
  gettid: 178,
  clone: 220,
  wait4: 260,
} as const;

/** Flags of clone as the C libraries make a thread with. */
export const THREAD = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000;

/** Whole numbers as little-endian u64, one after another. */
export function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setBigUint64(8 * i, BigInt(value), true));
  return bytes;
}

/** A signal set. */
export function signalSet(...signals: number[]): Uint8Array {
  return words(signals.reduce((set, signal) => set + 2 ** (signal - 1), 0));
}

const isLocated = (given: Given): given is Located =>
  typeof given === "object" && given !== null && "bytes" in given;

/** Two harts; init's thread runs on hart 0. */
export class Bench {
  readonly world: World = makeWorld();
  readonly s: State = this.world.s;
  /** What the last finished call of each thread returned. */
  readonly results: Map<number, number> = new Map();
  /** Threads whose registers were last set to run a handler, and of which signal. */
  readonly handled: [thread: number, signal: number][] = [];
  /** What t3 to t6 were last set to, of whatever thread. */
  readonly tokens: number[] = [0, 0, 0, 0];
  /** Parts of frames that were zeroed: offset and length. */
  readonly zeroed: [offset: number, length: number][] = [];
  /** What the call a thread's last handler interrupted is to return, by thread. */
  readonly interrupted: Map<number, number> = new Map();
  /** Contents of user memory that samples find: bytes by user address, of the thread that asks. */
  readonly memory: Map<number, number> = new Map();
  /** Words written to frames: user address in `memory`, or -1, and value. */
  readonly marked: [address: number, word: number][] = [];
  /** Harts whose IPIs a test holds back. */
  readonly held: Set<number> = new Set();

  readonly #recount = makeRecount(this.s);
  readonly #last: Map<number, readonly [number, ...Given[]]> = new Map();
  readonly #continue: boolean[] = [false, false];
  readonly #ipi: boolean[] = [false, false];
  readonly #time: number[] = [0, 0];
  readonly #sequence: number[] = [0, 0];
  #order = 0;
  #turn = 1;

  constructor() {
    const { s } = this;
    const { init, root } = this.world;
    s.process.root[init] = root;
    s.process.cwd[init] = root;
    s.process.group[init] = 1;
    s.process.session[init] = 1;
    holdInode(s, root);
    holdInode(s, root);
    s.kernel.alive[ONE]++;
  }

  /** Events so far. */
  get events(): number {
    return this.#order;
  }

  /** Thread a hart runs, or 0. */
  on(hart: number): number {
    return this.s.hart.current[hart + 1];
  }

  /** Process row of a thread. */
  processOf(thread: number): number {
    return this.s.thread.process[thread];
  }

  /** Makes an event of a hart; the caller has filled value, registers and payload. */
  #send(hart: number, kind: number, cause: number): void {
    const { e, fx } = this.world;
    this.#time[hart] += 1000;
    e.kind = kind;
    e.cause = cause;
    e.hart = hart;
    e.time = this.#time[hart];
    e.sequence = this.#sequence[hart]++;
    e.order = this.#order++;
    assert.equal(reduce(this.s, fx, e, []), 0, `event ${e.order} (kind ${kind}) is taken`);
    this.#obey(hart);
  }

  #obey(hart: number): void {
    const { words: w, length } = this.world.fx;
    let sample = false;
    let frame: [row: number, offset: number, length: number] | null = null;
    for (let at = 0; at < length; at += 1 + EFFECT_ARITY[w[at]]) {
      const [kind, a, b, c] = [w[at], w[at + 1], w[at + 2], w[at + 3]];
      if (kind === EffectKind.Continue) this.#continue[a] = true;
      else if (kind === EffectKind.Ipi) this.#ipi[a] = true;
      else if (kind === EffectKind.Return) this.results.set(a, c * 2 ** 32 + (b >>> 0));
      else if (kind === EffectKind.SampleRegisters) sample = true;
      else if (kind === EffectKind.SampleFrame) frame = [a, b, c];
      else if (kind === EffectKind.Write && w[at + 4] === 4) this.#mark(hart, a, b, c);
      else if (kind === EffectKind.Zero) this.zeroed.push([b, c]);
      else if (kind === EffectKind.SetRegister && b === roleRegister.a0) {
        this.handled.push([a, c]);
        this.interrupted.set(a, this.#savedResult());
      } else if (kind === EffectKind.SetRegister && b >= 28 && b < 32) this.tokens[b - 28] = c;
    }
    if (sample) this.#reply(hart);
    else if (frame !== null) this.#show(hart, ...frame);
  }

  /** User addresses of the memory a test has given that lie in a frame. */
  #placesIn(hart: number, row: number): number[] {
    const thread = this.on(hart);
    const mapped = (at: number) => peekUser(this.s, thread, at, AccessKind.Read) === row;
    return thread === 0 ? [] : [...this.memory.keys()].filter(mapped);
  }

  #mark(hart: number, row: number, offset: number, from: number): void {
    const { fx } = this.world;
    const place = this.#placesIn(hart, row).find((at) => at % PAGE_BYTES === offset);
    const view = new DataView(fx.bytes.buffer, fx.bytes.byteOffset + from);
    this.marked.push([place ?? -1, view.getUint32(0, true)]);
    if (place !== undefined) this.put(place, 4, view.getUint32(0, true));
  }

  #show(hart: number, row: number, offset: number, length: number): void {
    const { e } = this.world;
    e.payload.fill(0, 0, length);
    for (const at of this.#placesIn(hart, row)) {
      const to = at % PAGE_BYTES - offset;
      if (to >= 0 && to < length) e.payload[to] = this.memory.get(at) ?? 0;
    }
    e.payloadLength = length;
    this.#send(hart, EventKind.Sample, SampleKind.Frame);
  }

  /** Puts a little-endian number into user memory, as a program would have. */
  put(address: number, bytes: number, value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    for (let i = 0; i < bytes; i++, rest >>= 8n) this.memory.set(address + i, Number(rest & 255n));
  }

  /** The word at a user address. */
  word(address: number): number {
    return [3, 2, 1, 0].reduce((sum, i) => sum * 256 + (this.memory.get(address + i) ?? 0), 0);
  }

  /** a0 in the frame of the signal that was just delivered. */
  #savedResult(): number {
    const { bytes } = this.world.fx;
    const at = signalFrame.registers + 8 * roleRegister.a0;
    return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(at, true));
  }

  #reply(hart: number): void {
    const { e } = this.world;
    e.payload.fill(0, 0, registerSample.bytes);
    e.payload.set(words(STACK), registerSample.x(roleRegister.sp));
    e.payloadLength = registerSample.bytes;
    this.#send(hart, EventKind.Sample, SampleKind.Registers);
  }

  #copyIn(given: Given): void {
    const { e } = this.world;
    const put = (bytes: Uint8Array) => {
      e.payload.set(bytes, e.payloadLength);
      e.payloadLength += bytes.length;
    };
    const word = (value: number) => put(words(value).subarray(0, 4));
    if (isLocated(given)) return this.#copyIn(given.bytes);
    if (given === null) return word(ArgumentLength.Absent);
    if (given === TOO_LONG) return word(ArgumentLength.TooLong);
    let bytes = given instanceof Uint8Array ? given : new Uint8Array(0);
    if (typeof given === "string") bytes = encoder.encode(given);
    word(bytes.length);
    put(bytes);
    while ((e.payloadLength & 3) !== 0) e.payload[e.payloadLength++] = 0;
  }

  /** The thread of a hart makes a call; nothing else happens. */
  enter(hart: number, number: number, ...args: Given[]): void {
    const { e } = this.world;
    const thread = this.on(hart);
    this.#last.set(thread, [number, ...args]);
    this.results.delete(thread);
    e.payloadLength = 0;
    e.registers.fill(0);
    const kinds = rowOf(number)?.args ?? [];
    kinds.forEach(({ how }, i) => {
      const given = args[i] ?? (how.kind === "value" || how.kind === "address" ? 0 : null);
      const address = given === null ? 0 : isLocated(given) ? given.at : 1;
      const register = typeof given === "number" ? given : address;
      e.registers[2 * i] = register >>> 0;
      e.registers[2 * i + 1] = Math.floor(register / 2 ** 32) >>> 0;
      if (typeof given !== "number") this.#copyIn(given);
      else if (how.kind === "inSelected") this.#copyIn(null);
    });
    e.registerCount = kinds.length;
    e.valueLo = this.#time[hart];
    e.valueHi = 0;
    this.#send(hart, EventKind.Syscall, number);
  }

  /** As `enter`, then everything that follows; what the call returned, or undefined if it blocks. */
  call(hart: number, number: number, ...args: Given[]): number | undefined {
    const thread = this.on(hart);
    this.enter(hart, number, ...args);
    this.pump();
    return this.results.get(thread);
  }

  /** A timer event at a time not before the hart's. */
  timer(hart: number, time: number): void {
    this.#time[hart] = Math.max(this.#time[hart], time);
    this.world.e.payloadLength = 0;
    this.#send(hart, EventKind.Timer, 5);
    this.pump();
  }

  /** A device interrupt of a source at a hart. */
  interrupt(hart: number, source: number): void {
    const { e } = this.world;
    e.payloadLength = 0;
    e.valueLo = source;
    e.valueHi = 0;
    this.#send(hart, EventKind.External, 9);
    this.pump();
  }

  /** One event that something asked for: an IPI, a step, a call that runs again. */
  #next(): boolean {
    const { s, world: { e } } = this;
    // In turn, so that no hart keeps the other from answering what it waits for.
    this.#turn ^= 1;
    for (const hart of [this.#turn, 1 - this.#turn]) {
      e.payloadLength = 0;
      if (this.#ipi[hart] && !this.held.has(hart)) {
        this.#ipi[hart] = false;
        this.#send(hart, EventKind.Ipi, 3);
        return true;
      }
      if (this.#continue[hart]) {
        this.#continue[hart] = false;
        this.#send(hart, EventKind.Continue, 0);
        return true;
      }
      const thread = this.on(hart);
      const again = this.#last.get(thread);
      const restarts = thread !== 0 && s.thread.state[thread] === ThreadState.Running &&
        s.thread.call[thread] !== 0;
      if (restarts && again !== undefined) {
        this.enter(hart, ...again);
        return true;
      }
    }
    return false;
  }

  /** Everything that was asked for. */
  pump(most = 1000): void {
    for (let n = 0; n < most; n++) if (!this.#next()) return;
    assert.fail("the kernel comes to rest");
  }

  /** Init forks; the child's thread, which runs on hart 1. */
  fork(): number {
    const pid = this.call(0, Call.clone, 17);
    assert.ok(pid !== undefined && pid > 1, `a fork returns the child, not ${pid}`);
    const child = this.on(1);
    assert.equal(this.s.process.pid[this.processOf(child)], pid);
    return child;
  }

  /** Gives a signal of the process on a hart a handler (or 0 default, 1 ignore). */
  handle(hart: number, signal: number, handler: number, flags = 0): void {
    assert.equal(this.call(hart, Call.sigaction, signal, words(handler, flags, 0), 0, 8), 0);
  }

  /** Signals a thread ran handlers for, in order; forgets them. */
  takeHandled(thread: number): number[] {
    const signals = this.handled.filter(([t]) => t === thread).map(([, signal]) => signal);
    this.handled.length = 0;
    return signals;
  }

  /** The books and the recount agree. */
  check(): void {
    assert.equal(checkTotals(this.s, this.world.opening), "");
    assert.deepEqual(this.#recount().map((f) => f.text), []);
  }
}
