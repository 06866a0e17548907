/**
 * A kernel driven without a machine: harts that have a thread issue random calls and faults, and
 * whatever the effects ask for (steps, IPIs, samples, timers, chunks, stream blocks) comes back as
 * events, in an order drawn from a seed. For tests that watch the books after every event.
 */
import { encodeBoot } from "../boot.ts";
import { EFFECT_ARITY, EffectKind } from "../effect.ts";
import { ArgumentLength, Event, EventKind, InputKind, SampleKind } from "../event.ts";
import { encodeTree, TreeKind } from "../fs/tree_records.ts";
import { ONE, type State } from "../kernel.ts";
import { type Capacities, layoutKernel, makeReducer, type Reducer } from "../reducer.ts";
import { ThreadState } from "../sched/tables.ts";
import { rowOf } from "../syscall/rows.ts";
import { Auditor } from "./auditor.ts";

/** Small numbers that repeat for a seed (xorshift32). */
export class Chance {
  #x: number;
  constructor(seed: number) {
    this.#x = (seed * 2654435761 + 0x9e3779b9) >>> 0 || 1;
  }
  /** A whole number in [0, n). */
  below(n: number): number {
    let x = this.#x;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#x = x >>> 0;
    return this.#x % n;
  }
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}

/** What a copied-in argument is given as: a number for a register, bytes or null for a copy. */
export type Given = number | string | Uint8Array | readonly string[] | null;

/** A call and its arguments, one Given for each argument of its row. */
export type Call = readonly [number: number, ...args: Given[]];

const encoder = new TextEncoder();

const TREE = [
  { kind: TreeKind.Directory, mode: 0o777, size: 0, path: "tmp", target: "", file: 0 },
  { kind: TreeKind.File, mode: 0o755, size: 100_000, path: "file", target: "", file: 0 },
  { kind: TreeKind.File, mode: 0o755, size: 300, path: "small", target: "", file: 1 },
  { kind: TreeKind.Symlink, mode: 0o777, size: 0, path: "link", target: "tmp/../file", file: 0 },
];

/** Session parameters. */
export interface SessionOptions {
  readonly harts: number;
  readonly seed: number;
  readonly capacities?: Capacities;
  readonly backingSlots?: number;
  /** Called after every event; throws when something is wrong. */
  readonly after?: (session: Session) => void;
}

/** One boot, from Boot to the closed books. */
export class Session {
  readonly kernel: Reducer;
  readonly s: State;
  readonly auditor: Auditor;
  readonly chance: Chance;
  readonly e: Event = new Event();
  /** What the last event was, for messages. */
  last = "";
  order = 0;
  closed = false;

  readonly #options: SessionOptions;
  readonly #sequence: number[];
  readonly #time: number[];
  readonly #timer: number[];
  readonly #continue: boolean[];
  readonly #ipi: boolean[];
  #sample: { kind: number; hart: number; length: number } | null = null;
  readonly #inputs: (() => void)[] = [];

  constructor(options: SessionOptions) {
    this.#options = options;
    const { harts, seed } = options;
    const layout = layoutKernel(options.capacities);
    this.kernel = makeReducer(layout, new ArrayBuffer(layout.bytes), 0);
    this.s = this.kernel.state;
    this.auditor = new Auditor(this.s);
    this.chance = new Chance(seed);
    this.#sequence = new Array(harts).fill(0);
    this.#time = new Array(harts).fill(0);
    this.#timer = new Array(harts).fill(0);
    this.#continue = new Array(harts).fill(false);
    this.#ipi = new Array(harts).fill(false);
    this.#boot();
  }

  #boot(): void {
    const { e } = this;
    e.kind = EventKind.Boot;
    e.payloadLength = encodeBoot({
      harts: this.#options.harts,
      totalFrames: 4096,
      backingSlots: this.#options.backingSlots ?? 1024,
      runMode: 1,
      streamKinds: 0,
      columns: 80,
      rows: 24,
      startTime: 0,
    }, e.payload);
    this.#send(0, "Boot");
    const entries = TREE.map((entry) => ({
      ...entry,
      path: encoder.encode(entry.path),
      target: encoder.encode(entry.target),
    }));
    for (const payload of encodeTree(entries)) {
      this.#input(InputKind.Tree, () => this.#payload([payload]));
    }
    this.#input(InputKind.Entropy, () => this.#payload([new Uint8Array(32).fill(7)]));
    this.#input(InputKind.Start, () => {
      e.payloadLength = 0;
      this.#copyIn("/file");
      this.#copyIn(["/file"]);
      this.#copyIn([]);
    });
  }

  #payload(pieces: readonly Uint8Array[]): void {
    this.e.payloadLength = 0;
    for (const piece of pieces) this.#append(piece);
  }

  #append(bytes: Uint8Array): void {
    this.e.payload.set(bytes, this.e.payloadLength);
    this.e.payloadLength += bytes.length;
  }

  #word(value: number): void {
    this.#append(new Uint8Array([value, value >>> 8, value >>> 16, value >>> 24]));
  }

  /** Appends a copied-in argument: a length word, then its bytes padded to four. */
  #copyIn(given: Given): void {
    if (given === null) return this.#word(ArgumentLength.Absent);
    let bytes = given instanceof Uint8Array ? given : new Uint8Array(0);
    if (typeof given === "string") bytes = encoder.encode(given);
    if (Array.isArray(given)) {
      const text = encoder.encode(given.map((item) => `${item}\0`).join(""));
      bytes = new Uint8Array(4 + text.length);
      bytes[0] = given.length;
      bytes.set(text, 4);
    }
    this.#word(bytes.length);
    this.#append(bytes);
    while ((this.e.payloadLength & 3) !== 0) this.e.payload[this.e.payloadLength++] = 0;
  }

  #input(cause: number, fill: () => void): void {
    this.e.kind = EventKind.Input;
    this.e.cause = cause;
    this.e.payloadLength = 0;
    fill();
    this.#send(0, `Input ${cause}`);
  }

  #send(hart: number, what: string): void {
    const { e } = this;
    this.#time[hart] += 500 + this.chance.below(20_000);
    e.hart = hart;
    e.sequence = this.#sequence[hart]++;
    e.order = this.order;
    e.time = this.#time[hart];
    this.last = `event ${this.order} (hart ${hart}, ${what})`;
    const refusal = this.kernel.reduce(e);
    if (refusal !== 0) throw new Error(`${this.last} was refused: ${refusal}`);
    if (e.kind === EventKind.Boot) this.auditor.begin();
    this.order++;
    this.#obey();
    this.#options.after?.(this);
  }

  #obey(): void {
    const { words, length } = this.kernel.effects;
    for (let at = 0; at < length; at += 1 + EFFECT_ARITY[words[at]]) {
      const [kind, a, b, c] = [words[at], words[at + 1], words[at + 2], words[at + 3]];
      if (kind === EffectKind.Continue) this.#continue[a] = true;
      else if (kind === EffectKind.Ipi) this.#ipi[a] = true;
      else if (kind === EffectKind.SetTimer) this.#timer[a] = c * 2 ** 32 + (b >>> 0);
      else if (kind === EffectKind.Closed) this.closed = true;
      else if (kind === EffectKind.SampleRegisters) {
        this.#sample = { kind: SampleKind.Registers, hart: this.e.hart, length: 520 };
      } else if (kind === EffectKind.SampleFrame) {
        this.#sample = { kind: SampleKind.Frame, hart: this.e.hart, length: c };
      } else if (kind === EffectKind.RequestChunk) this.#inputs.push(() => this.#chunk(a, b));
      else if (kind === EffectKind.RequestStream) this.#inputs.push(() => this.#block(a));
    }
  }

  #chunk(file: number, chunk: number): void {
    const failed = this.chance.below(8) === 0;
    this.#input(failed ? InputKind.ChunkFailed : InputKind.Chunk, () => {
      this.e.valueLo = file;
      this.e.valueHi = 0;
      this.e.registers.fill(0);
      this.e.registerCount = 2;
      this.e.registers[0] = chunk;
      const bytes = file === 0 ? 100_000 : 300;
      this.e.registers[2] = failed ? 0 : Math.min(65536, bytes - chunk * 65536);
      this.e.payloadLength = failed ? 0 : 32;
    });
  }

  #block(unit: number): void {
    this.#input(InputKind.Stream, () => {
      this.e.valueLo = unit;
      this.e.valueHi = 0;
      this.e.registers.fill(0);
      this.e.registers[0] = this.chance.below(5000) % 4097;
      this.e.registerCount = 1;
      this.e.payloadLength = this.e.registers[0] === 0 ? 0 : 32;
    });
  }

  /** What must or may happen next beside guest code; false when there is nothing. */
  #other(): boolean {
    const sample = this.#sample;
    if (sample !== null) {
      this.#sample = null;
      this.e.kind = EventKind.Sample;
      this.e.cause = sample.kind;
      this.e.payloadLength = sample.length;
      this.e.payload.fill(0, 0, sample.length);
      // A stack pointer in the stack, for the frame of a signal.
      this.#payloadWord(8, 0xf000_0000 - 8192);
      this.#payloadWord(12, 0x3f);
      this.#send(sample.hart, `Sample ${sample.kind}`);
      return true;
    }
    const due: (() => void)[] = [];
    for (let hart = 0; hart < this.#options.harts; hart++) {
      if (this.#ipi[hart]) due.push(() => this.#plain(EventKind.Ipi, hart, "Ipi", this.#ipi));
      else if (this.#continue[hart]) {
        due.push(() => this.#plain(EventKind.Continue, hart, "Continue", this.#continue));
      } else if (this.#timer[hart] !== 0 && this.#timer[hart] <= this.#time[hart]) {
        due.push(() => this.#fire(hart));
      }
    }
    if (this.#inputs.length > 0) {
      const at = this.chance.below(this.#inputs.length);
      due.push(() => this.#inputs.splice(at, 1)[0]());
    }
    if (due.length === 0) return false;
    this.chance.of(due)();
    return true;
  }

  #payloadWord(at: number, value: number): void {
    for (let i = 0; i < 4; i++) this.e.payload[at + i] = value >>> (8 * i);
  }

  #plain(kind: number, hart: number, what: string, flags: boolean[]): void {
    flags[hart] = false;
    this.e.kind = kind;
    this.e.cause = 0;
    this.e.payloadLength = 0;
    this.#send(hart, what);
  }

  #fire(hart: number): void {
    this.#timer[hart] = 0;
    this.e.kind = EventKind.Timer;
    this.e.cause = 0;
    this.e.payloadLength = 0;
    this.#send(hart, "Timer");
  }

  /** Harts whose thread may run guest code now. */
  #runnable(): number[] {
    const harts: number[] = [];
    if (this.#sample !== null || this.s.kernel.shutdown[ONE] !== 0) return harts;
    for (let hart = 0; hart < this.#options.harts; hart++) {
      const thread = this.s.hart.current[hart + 1];
      const busy = this.#continue[hart] || this.#ipi[hart];
      if (!busy && thread !== 0 && this.s.thread.state[thread] === ThreadState.Running) {
        harts.push(hart);
      }
    }
    return harts;
  }

  /**
   * One more event.
   *
   * @param next what a thread does when guest code runs: a call, or an address it faults at
   * @returns false when nothing can happen any more
   */
  step(next: (session: Session, thread: number) => Call | number): boolean {
    const harts = this.#runnable();
    if (harts.length > 0 && (this.chance.below(3) > 0 || this.#sample === null)) {
      if (this.chance.below(3) > 0 || !this.#other()) {
        this.#guest(this.chance.of(harts), next);
      }
      return true;
    }
    return this.#other() || this.#idle();
  }

  #guest(hart: number, next: (session: Session, thread: number) => Call | number): void {
    const thread = this.s.hart.current[hart + 1];
    const pending = this.#again.get(thread);
    const restart = this.s.thread.call[thread] !== 0 && pending !== undefined;
    const action = restart ? pending : next(this, thread);
    if (typeof action === "number") {
      this.e.kind = EventKind.PageFault;
      // A fetch from data is death, and init's would end the session.
      const init = this.s.thread.process[thread] === this.s.kernel.init[ONE];
      this.e.cause = this.chance.of(init ? [13, 15] : [13, 15, 15, 12]);
      this.e.valueLo = action >>> 0;
      this.e.valueHi = Math.floor(action / 2 ** 32);
      this.e.payloadLength = 0;
      this.#send(hart, `PageFault ${this.e.cause} at ${action.toString(16)}`);
      return;
    }
    this.#again.set(thread, action);
    this.#call(hart, action);
  }
  /** The call each thread has in progress: a restarted one is the same again. */
  readonly #again: Map<number, Call> = new Map();

  #call(hart: number, [number, ...args]: Call): void {
    const { e } = this;
    e.kind = EventKind.Syscall;
    e.cause = number;
    e.payloadLength = 0;
    e.registers.fill(0);
    e.valueLo = this.#time[hart] >>> 0;
    e.valueHi = 0;
    let register = 0;
    (rowOf(number)?.args ?? []).forEach(({ how }, i) => {
      const given = args[i] ?? 0;
      if (how.kind === "value" || how.kind === "address") {
        const value = typeof given === "number" ? given : 0;
        e.registers[2 * register] = value >>> 0;
        e.registers[2 * register + 1] = Math.floor(value / 2 ** 32) >>> 0;
      } else {
        // A null pointer, however it was written down.
        const pointer = given === 0 ? null : given;
        e.registers[2 * register] = pointer === null ? 0 : 1;
        this.#copyIn(pointer);
      }
      // What lies at the stack pointer has no register of its own.
      if (how.kind !== "frame") register++;
    });
    e.registerCount = register;
    this.#send(hart, `${rowOf(number)?.name ?? number}(${args.join(", ")})`);
  }

  /** Nothing runs: time goes on to the next timer. */
  #idle(): boolean {
    let first = -1;
    for (let hart = 0; hart < this.#options.harts; hart++) {
      const timer = this.#timer[hart];
      if (timer !== 0 && (first < 0 || timer < this.#timer[first])) first = hart;
    }
    if (first < 0) return false;
    for (let hart = 0; hart < this.#options.harts; hart++) {
      if (this.#time[hart] < this.#timer[first]) this.#time[hart] = this.#timer[first];
    }
    this.#fire(first);
    return true;
  }

  /** Ends the boot; returns whether the books were closed. */
  shutdown(): boolean {
    while (this.#sample !== null) this.#other();
    this.e.kind = EventKind.Shutdown;
    this.e.cause = 2;
    this.e.payloadLength = 0;
    this.#send(0, "Shutdown");
    // Nothing from outside comes any more; idle harts have no reason to wait for timers.
    this.#inputs.length = 0;
    this.#timer.fill(0);
    for (let steps = 0; !this.closed && steps < 100_000; steps++) {
      if (!this.#other()) break;
      this.#inputs.length = 0;
      this.#timer.fill(0);
    }
    return this.closed;
  }
}
