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
import { type TableBase, type ViewOf, zeroingOf } from "../../core/state/table.ts";
import type { Bits } from "./bits.ts";
import { type Footprint, noFootprint } from "./footprint.ts";
import { COUNTERS, LOOKUPS, SETS, SILENT, WALKED, ZERO_OBJECT } from "./noted_columns.ts";

type Words = ViewOf[ElementType];

/** A column, or something like one, of whose elements footprints are made. */
export interface Noted {
  readonly name: string;
  /** Number of the table whose rows it has; -1 for none. */
  readonly table: number;
  /** Elements a row has. */
  readonly count: number;
  readonly how: "plain" | "counter" | "set";
  /** The footprint's number of each element plus one. */
  readonly numbers: Map<number, number>;
}

/** An element in a footprint. */
export interface Element {
  readonly column: Noted;
  readonly index: number;
}

/** A kernel that notes what its events touch. */
export class Recorder {
  /** The kernel's state, noted. */
  readonly state: State;
  readonly kernel: Reducer;
  /** What the numbers in footprints stand for. */
  readonly elements: Element[] = [];
  /** Columns that are not noted, as a test plants them. */
  private readonly silent: ReadonlySet<string>;
  /** The same state, not noted. */
  readonly plain: State;
  private readonly lookups = new Map<string, Noted>();
  private readonly machine = new Map<string, Noted>();
  private readonly sets = new Map<string, Noted>();
  private footprint = noFootprint();
  /** Elements written, with what they held before. */
  private readonly before = new Map<number, { array: Words; index: number; value: number }>();
  /** A counter or set that was read, maybe only to be written at once. */
  private pending: { column: Noted; index: number } | undefined;
  private on = false;
  /** Rows touched, and whether they were free when they were first: nobody else knows those. */
  private isFreshFrame: (row: number) => boolean = () => false;
  private readonly fresh = new Map<number, boolean>();
  private readonly tables: readonly string[];

  /**
   * @param missed columns that are left out though they matter: to see that it is noticed
   * @param scarce columns that are noted though there is mostly enough of what they give
   */
  constructor(
    layout: ArenaLayout,
    buffer: ArrayBuffer,
    missed: readonly string[] = [],
    scarce: readonly string[] = [],
  ) {
    const plain = makeReducer(layout, buffer, 0);
    this.silent = new Set([...SILENT, ...missed].filter((name) => !scarce.includes(name)));
    this.plain = plain.state;
    this.tables = layout.tables.map((table) => table.key);
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

  /** The bits of a set of one row, of those in part of a footprint. */
  bitsOf(name: string, part: Bits): number {
    const numbers = this.sets.get(name)?.numbers;
    let bits = 0;
    for (let bit = 0; bit < 32; bit++) {
      const number = numbers?.get(32 + bit);
      if (number !== undefined && part.has(number)) bits |= 1 << bit;
    }
    return bits;
  }

  /** Takes bits of a set of one row out of part of a footprint; also those of harts there are not. */
  forgetBits(name: string, part: Bits, bits: number): void {
    const numbers = this.sets.get(name)?.numbers;
    for (let bit = 0; bit < 32; bit++) {
      const number = numbers?.get(32 + bit);
      if (((bits >>> bit) & 1) !== 0 && number !== undefined) part.remove(number);
    }
  }

  /** Forgets what was touched. */
  begin(): void {
    this.footprint = noFootprint();
    this.before.clear();
    this.fresh.clear();
    this.pending = undefined;
  }

  /** What was touched since. What holds what it held before was only read, in between as well. */
  end(): Footprint {
    this.settlePending();
    for (const [number, { array, index, value }] of this.before) {
      if (array[index] !== value) this.footprint.written.add(number);
    }
    const { footprint } = this;
    this.begin();
    return footprint;
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

  /**
   * Notes something of the machine: "cell FRAME", "tlb HART ASID", "registers THREAD", "time HART", or
   * a word alone.
   */
  touch(what: string, written: boolean): void {
    const [kind, a, b] = what.split(" ");
    let index = 0;
    let table = "";
    if (kind === "cell") {
      if (this.isFreshFrame(Number(a))) return;
      index = Number(a);
      table = "frame";
    } else if (kind === "tlb") {
      // What a TLB holds of a space that is gone is nobody's to see.
      const space = this.spaceOf(Number(b));
      if (space === 0) return;
      index = space * 64 + Number(a);
      table = "addressSpace";
    } else if (kind === "registers") {
      index = Number(a);
      table = "thread";
    } else if (kind === "time") index = Number(a);
    let column = this.machine.get(kind);
    if (column === undefined) {
      const count = kind === "tlb" ? 64 : 1;
      column = {
        name: kind,
        table: this.tables.indexOf(table),
        count,
        how: "plain",
        numbers: new Map(),
      };
      this.machine.set(kind, column);
    }
    this.note(column, index, written);
  }

  /**
   * Notes what decides that a choice of a scene can happen, and when: a hart's clock, which only its
   * timer moves, and for its own next call or step which thread it runs.
   */
  choose(choice: string): void {
    const hart = Number(choice.slice(1));
    if (!"gcit".includes(choice[0])) return;
    this.touch(`time ${hart}`, choice[0] === "t");
    if (choice[0] === "i") return;
    this.noting(() => {
      const { hart: harts, thread: threads } = this.state;
      const thread = harts.current[hart + 1];
      return harts.continuePending[hart + 1] + (thread === 0 ? 0 : threads.state[thread]);
    });
  }

  private note(column: Noted, index: number, written: boolean): void {
    const number = this.numberOf(column, index);
    this.footprint.touched.add(number);
    if (written) this.footprint.written.add(number);
  }

  /** A counter or set was read, and something else came next: so it was looked at. */
  private settlePending(): void {
    const { pending } = this;
    if (pending === undefined) return;
    this.pending = undefined;
    const { column, index } = pending;
    if (column.how === "counter") return this.note(column, index, false);
    for (let bit = 0; bit < 32; bit++) this.note(column, 32 * index + bit, false);
  }

  private spaceOf(asid: number): number {
    const { $header, $live, asid: asids } = this.plain.addressSpace;
    for (let row = 1; row <= ($header[0] ?? 0); row++) {
      if ($live[row] === 1 && asids[row] === asid) return row;
    }
    return 0;
  }

  /** The number in footprints of an element of a column. */
  numberOf(column: Noted, index: number): number {
    let number = column.numbers.get(index);
    if (number === undefined) {
      number = this.elements.push({ column, index }) - 1;
      column.numbers.set(index, number);
    }
    return number;
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
    const column = (name: string, count: number): Noted => {
      const full = `${key}.${name}`;
      const how = COUNTERS.has(full) ? "counter" : SETS.has(full) ? "set" : "plain";
      const each = how === "set" ? 32 * count : count;
      const made: Noted = { name: full, table: number, count: each, how, numbers: new Map() };
      if (how === "set") this.sets.set(full, made);
      return made;
    };
    for (const [name, { count }] of Object.entries(table.$spec.columns)) {
      const full = `${key}.${name}`;
      const lookup = LOOKUPS.get(full);
      let view = columns[name];
      if (lookup !== undefined && !this.silent.has(full)) view = this.lookup(lookup, view);
      else if (!this.silent.has(full)) {
        const zero = full === "memoryObject.refs";
        view = this.wrap(
          column(name, count),
          view,
          (at) => (zero && at === ZERO_OBJECT) || isFresh(Math.floor(at / count)),
        );
      }
      out[name] = view;
      views.push(view);
    }
    const walked = WALKED.has(key);
    const dead: Noted = { ...column("dead rows", 1), table: -1 };
    if (!this.silent.has(`${key}.$live`)) {
      out.$live = this.life(column("$live", 1), dead, table.$live, walked, isFresh);
    }
    if (walked) {
      const header: Noted = { ...column("$header", 1), table: -1 };
      out.$header = this.wrap(header, table.$header, () => false);
    }
    out.$views = views;
    // To free a row is to write all of it.
    out.$zeroing = zeroingOf(table.$spec.columns, (name) => out[name] as Words);
    return out as unknown as TableBase;
  }

  /**
   * Which rows are in use. Rows that are not are one to whoever finds one so: any that is freed may
   * come between, and, where a table is walked, any that is taken.
   */
  private life<T extends Words>(
    column: Noted,
    dead: Noted,
    array: T,
    walked: boolean,
    isFresh: (row: number) => boolean,
  ): T {
    return new Proxy(array, {
      get: (target, key) => {
        if (typeof key === "symbol") return Reflect.get(target, key, target);
        const index = Number(key);
        if (!(index >= 0)) return Reflect.get(target, key, target);
        if (this.on) {
          this.settlePending();
          if (target[index] === 0) this.note(dead, 0, false);
          else this.note(column, index, false);
        }
        return target[index];
      },
      set: (target, key, value) => {
        const index = Number(key);
        if (this.on) {
          this.settlePending();
          // Now is the time to ask: afterwards it is in use.
          isFresh(index);
          if (value === 0) this.note(column, index, true);
          if (value === 0 || walked) this.footprint.added.add(this.numberOf(dead, 0));
        }
        target[index] = value;
        return true;
      },
    });
  }

  /** A column that finds rows: one element, whichever is touched. */
  private lookup<T extends Words>(name: string, array: T): T {
    let column = this.lookups.get(name);
    if (column === undefined) {
      column = { name, table: -1, count: 1, how: "plain", numbers: new Map() };
      this.lookups.set(name, column);
    }
    return this.wrap(column, array, () => false, 0);
  }

  /** A counter or set was read and written at once: it was counted, or members changed. */
  private change(index: number, column: Noted, changed: number): void {
    // Who puts in what is in already, or takes out what is not, counts on whoever did it first.
    if (column.how === "set" && changed === 0) return this.settlePending();
    this.pending = undefined;
    if (column.how === "counter") {
      this.footprint.added.add(this.numberOf(column, index));
      return;
    }
    for (let bit = 0; bit < 32; bit++) {
      if (((changed >>> bit) & 1) !== 0) this.note(column, 32 * index + bit, true);
    }
  }

  private overwrite(index: number, column: Noted): void {
    if (column.how === "counter") return this.note(column, index, true);
    for (let bit = 0; bit < 32; bit++) this.note(column, 32 * index + bit, true);
  }

  private wrap<T extends Words>(
    column: Noted,
    array: T,
    silent: (at: number) => boolean,
    only?: number,
  ): T {
    const plain = column.how === "plain";
    const read = (index: number): void => {
      if (!this.on || silent(index)) return;
      this.settlePending();
      if (plain) this.note(column, only ?? index, false);
      else this.pending = { column, index };
    };
    const write = (index: number, value: number): void => {
      if (!this.on || silent(index)) return;
      if (!plain && this.pending?.column === column && this.pending.index === index) {
        return this.change(index, column, array[index] ^ value);
      }
      this.settlePending();
      if (!plain) return this.overwrite(index, column);
      const number = this.numberOf(column, only ?? index);
      this.footprint.touched.add(number);
      if (only !== undefined) this.footprint.written.add(number);
      else if (!this.before.has(number)) {
        this.before.set(number, { array, index, value: array[index] });
      }
    };
    const range = (from: number, to: number, note: (index: number) => void): void => {
      for (let i = from; i < to && this.on; i++) note(i);
    };
    const methods: Record<string, unknown> = {
      fill: (value: number, from = 0, to = array.length) => {
        range(from, to, (i) => write(i, value));
        array.fill(value, from, to);
      },
      copyWithin: (at: number, from: number, to: number) => {
        range(from, to, read);
        range(at, at + to - from, (i) => write(i, array[i - at + from]));
        array.copyWithin(at, from, to);
      },
      set: (values: ArrayLike<number>, at = 0) => {
        range(at, at + values.length, (i) => write(i, values[i - at]));
        array.set(values, at);
      },
      slice: (from: number, to: number) => {
        range(from, to, read);
        return array.slice(from, to);
      },
    };
    return new Proxy(array, {
      get: (target, key) => {
        if (typeof key === "symbol") return Reflect.get(target, key, target);
        const index = Number(key);
        if (index >= 0) {
          read(index);
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
        write(index, value);
        target[index] = value;
        return true;
      },
    });
  }
}
