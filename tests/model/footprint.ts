/**
 * The state in a recording flavour: which elements an event reads and writes. Two events of
 * different harts whose footprints do not meet lead to the same state in either order, but for the
 * names of rows.
 */
import { Effects } from "../../core/effect.ts";
import type { State } from "../../core/kernel.ts";
import { reduce } from "../../core/reduce.ts";
import { makeReducer, type Reducer } from "../../core/reducer.ts";
import type { ArenaLayout } from "../../core/state/arena.ts";
import type { ElementType } from "../../core/state/column.ts";
import type { TableBase, ViewOf } from "../../core/state/table.ts";

type Words = ViewOf[ElementType];

/** A set of whole numbers. */
export class Bits {
  private words = new Uint32Array(64);

  add(n: number): void {
    const word = n >>> 5;
    if (word >= this.words.length) this.grow(word + 1);
    this.words[word] |= 1 << (n & 31);
  }

  addAll(other: Bits): void {
    if (other.words.length > this.words.length) this.grow(other.words.length);
    for (let i = 0; i < other.words.length; i++) this.words[i] |= other.words[i];
  }

  meets(other: Bits): boolean {
    const length = Math.min(this.words.length, other.words.length);
    for (let i = 0; i < length; i++) if ((this.words[i] & other.words[i]) !== 0) return true;
    return false;
  }

  private grow(words: number): void {
    const larger = new Uint32Array(Math.max(words, 2 * this.words.length));
    larger.set(this.words);
    this.words = larger;
  }
}

/** What events touch. */
export interface Footprint {
  readonly written: Bits;
  /** Read or written. */
  readonly touched: Bits;
}

/** A footprint of nothing. */
export function noFootprint(): Footprint {
  return { written: new Bits(), touched: new Bits() };
}

/** Whether events with these footprints may not change places. */
export function dependent(a: Footprint, b: Footprint): boolean {
  return a.written.meets(b.touched) || b.written.meets(a.touched);
}

/** Adds what one touches to another. */
export function addFootprint(to: Footprint, more: Footprint): void {
  to.written.addAll(more.written);
  to.touched.addAll(more.touched);
}

/**
 * What changes places without a difference but in names: counters, books, and what lies free. Who
 * takes the last of anything would see the order; no configuration takes so much.
 */
const COMMUTES: ReadonlySet<string> = new Set([
  "kernel.nextPid",
  "fileSystem.nextNumber",
  "account.balance",
  "memory.freeHead",
  "memory.freeTail",
  "memory.freeFrames",
  "memory.backed",
  "memory.nextAsid",
  "memory.asidUsed",
  "memory.asidRetired",
  "frame.next",
]);

/** What every space holds from the start to the end: how many do is nobody's business. */
const ZERO_OBJECT = 1;

/** Tables that are walked from their first row to their last. */
const WALKED: ReadonlySet<string> = new Set(["process", "thread"]);

/** A kernel that notes what its events touch. */
export class Recorder {
  /** The kernel's state, noted. */
  readonly state: State;
  readonly kernel: Reducer;
  private readonly names = new Map<number | string, number>();
  private footprint = noFootprint();
  /** Elements written, with what they held before. */
  private readonly before = new Map<number, { array: Words; index: number; value: number }>();
  private on = false;
  private columns = 0;
  /** Rows touched, and whether they were free when they were first: nobody else knows those. */
  private isFreshFrame: (row: number) => boolean = () => false;
  private readonly fresh = new Map<number, boolean>();

  constructor(layout: ArenaLayout, buffer: ArrayBuffer) {
    const plain = makeReducer(layout, buffer, 0);
    this.state = Object.fromEntries(
      Object.entries(plain.state).map(([key, table], i) => [key, this.noted(i, key, table)]),
    ) as unknown as State;
    const effects = new Effects();
    this.kernel = {
      ...plain,
      effects,
      reduce: (e) => this.noting(() => reduce(this.state, effects, e, [])),
    };
  }

  /** Forgets what was touched. */
  begin(): void {
    this.footprint = noFootprint();
    this.before.clear();
    this.fresh.clear();
  }

  /** What was touched since. What holds what it held before was only read, in between as well. */
  end(): Footprint {
    for (const [key, { array, index, value }] of this.before) {
      if (array[index] !== value) this.note(key, true);
    }
    return this.footprint;
  }

  /** Runs something that looks at the noted state. */
  noting<T>(run: () => T): T {
    this.on = true;
    try {
      return run();
    } finally {
      this.on = false;
    }
  }

  /** Notes something outside the arena. */
  touch(what: string, written: boolean): void {
    if (what.startsWith("cell ") && this.isFreshFrame(Number(what.slice(5)))) return;
    this.note(what, written);
  }

  private note(what: number | string, written: boolean): void {
    let name = this.names.get(what);
    if (name === undefined) {
      name = this.names.size;
      this.names.set(what, name);
    }
    this.footprint.touched.add(name);
    if (written) this.footprint.written.add(name);
  }

  /** Makes the question whether a row was free when the event first touched it. */
  private freshness(number: number, key: string, table: TableBase): (row: number) => boolean {
    const columns = table as unknown as Readonly<Record<string, Words>>;
    // The rows of frames are never freed; a frame is.
    const taken = key === "frame" ? columns.role : table.$live;
    return (row) => {
      const name = number * 2 ** 24 + row;
      let fresh = this.fresh.get(name);
      if (fresh === undefined) {
        fresh = taken[row] === 0;
        this.fresh.set(name, fresh);
      }
      return fresh;
    };
  }

  private noted(number: number, key: string, table: TableBase): TableBase {
    const isFresh = this.freshness(number, key, table);
    if (key === "frame") this.isFreshFrame = isFresh;
    const out: Record<string, unknown> = { ...table };
    const views: Words[] = [];
    const columns = table as unknown as Readonly<Record<string, Words>>;
    for (const [name, { role, count }] of Object.entries(table.$spec.columns)) {
      const skip = role === "history" || role === "derived" || COMMUTES.has(`${key}.${name}`);
      const zero = key === "memoryObject" && name === "refs";
      const silent = (at: number): boolean =>
        (zero && at === ZERO_OBJECT) || isFresh(Math.floor(at / count));
      const view = skip ? columns[name] : this.wrap(columns[name], silent);
      out[name] = view;
      views.push(view);
    }
    const walked = WALKED.has(key);
    out.$live = this.wrap(table.$live, (row) => isFresh(row) && !walked);
    if (walked) out.$header = this.wrap(table.$header, () => false);
    out.$views = views;
    return out as unknown as TableBase;
  }

  private wrap<T extends Words>(array: T, silent: (at: number) => boolean): T {
    const base = ++this.columns * 2 ** 24;
    const write = (index: number): void => {
      if (!this.on || silent(index)) return;
      this.note(base + index, false);
      if (this.before.has(base + index)) return;
      this.before.set(base + index, { array, index, value: array[index] });
    };
    const range = (from: number, to: number, written: boolean): void => {
      for (let i = from; i < to && this.on; i++) {
        if (written) write(i);
        else if (!silent(i)) this.note(base + i, false);
      }
    };
    const methods: Record<string, unknown> = {
      fill: (value: number, from = 0, to = array.length) => {
        range(from, to, true);
        array.fill(value, from, to);
      },
      copyWithin: (at: number, from: number, to: number) => {
        range(from, to, false);
        range(at, at + to - from, true);
        array.copyWithin(at, from, to);
      },
      set: (values: ArrayLike<number>, at = 0) => {
        range(at, at + values.length, true);
        array.set(values, at);
      },
      slice: (from: number, to: number) => {
        range(from, to, false);
        return array.slice(from, to);
      },
    };
    return new Proxy(array, {
      get: (target, key) => {
        if (typeof key === "symbol") return Reflect.get(target, key, target);
        const index = Number(key);
        if (index >= 0) {
          if (this.on && !silent(index)) this.note(base + index, false);
          return target[index];
        }
        if (key in methods) return methods[key];
        if (/^(?:length|buffer|byteOffset|byteLength)$/.test(key)) {
          return Reflect.get(target, key, target);
        }
        throw new Error(`an array method that nothing notes: ${key}`);
      },
      set: (target, key, value) => {
        const index = Number(key);
        write(index);
        target[index] = value;
        return true;
      },
    });
  }
}
