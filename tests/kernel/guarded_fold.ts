/**
 * A fold in which every access to state is held to its bounds: the dynamic half of the audit of
 * indices (tests/static_audit.ts is the other).
 */
import { Effects } from "../../core/effect.ts";
import { Event } from "../../core/event.ts";
import { kernelTables, type State } from "../../core/kernel.ts";
import { reduce } from "../../core/reduce.ts";
import { type ArenaLayout, bindArena } from "../../core/state/arena.ts";
import type { ElementType, Role } from "../../core/state/column.ts";
import { hashText, makeArenaHash } from "../../core/state/hash.ts";
import { type TableBase, zeroingOf } from "../../core/state/table.ts";
import { EventLogReader } from "./event_log.ts";

type Words = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

/** Thrown at the first access out of bounds; no kernel code can take it for anything else. */
class OutOfBounds extends Error {
  override readonly name = "OutOfBounds";
}

/** What a guard holds an array to. */
interface Bounds {
  readonly name: string;
  /** First index that may not be read. */
  readEnd(): number;
  /** First index that may be written, and the first after it that may not. */
  writeBegin(): number;
  writeEnd(): number;
  /** Whether a value can be stored as it is. */
  fits(value: number): boolean;
}

const INDEX = /^(?:0|[1-9][0-9]*)$/;

function check(holds: boolean, what: string): void {
  if (!holds) throw new OutOfBounds(what);
}

/** An array that throws where a plain one would give undefined, drop a write or cut a value. */
function guard<T extends Words>(array: T, bounds: Bounds): T {
  const { name } = bounds;
  const range = (from: number, to: number): void => {
    check(
      from >= bounds.writeBegin() && from <= to && to <= bounds.writeEnd(),
      `${name}: elements ${from} to ${to} written`,
    );
  };
  const methods: Record<string, unknown> = {
    fill: (value: number, from = 0, to = array.length) => {
      // Derived lookup tables are emptied whole.
      if (from !== 0 || to !== array.length) range(from, to);
      check(bounds.fits(value), `${name}: filled with ${value}`);
      array.fill(value, from, to);
    },
    copyWithin: (at: number, from: number, to: number) => {
      range(at, at + to - from);
      check(from >= 0 && from <= to && to <= bounds.readEnd(), `${name}: ${from} to ${to} copied`);
      array.copyWithin(at, from, to);
    },
    set: (values: ArrayLike<number>, at = 0) => {
      range(at, at + values.length);
      array.set(values, at);
    },
    slice: (from: number, to: number) => array.slice(from, to),
    subarray: (from: number, to: number) => array.subarray(from, to),
  };
  return new Proxy(array, {
    get(target, key) {
      const text = String(key);
      if (INDEX.test(text)) {
        const index = Number(text);
        check(index < bounds.readEnd(), `${name}[${text}] read, of ${bounds.readEnd()}`);
        return target[index];
      }
      if (typeof key === "symbol" || /^(?:length|buffer|byteOffset|byteLength)$/.test(text)) {
        return Reflect.get(target, key, target);
      }
      check(text in methods, `${name}[${text}] read`);
      return methods[text];
    },
    set(target, key, value) {
      const text = String(key);
      const index = Number(text);
      check(
        INDEX.test(text) && index >= bounds.writeBegin() && index < bounds.writeEnd(),
        `${name}[${text}] written, of ${bounds.writeBegin()} to ${bounds.writeEnd()}`,
      );
      check(typeof value === "number" && bounds.fits(value), `${name}[${text}] = ${value}`);
      target[index] = value;
      return true;
    },
  });
}

/** Whether a value keeps its meaning in a column of a type: words may be seen as signed. */
function fitter(type: ElementType): (value: number) => boolean {
  switch (type) {
    case "u8":
      return (value) => value >= 0 && value <= 0xff && Number.isInteger(value);
    case "u16":
      return (value) => value >= 0 && value <= 0xffff && Number.isInteger(value);
    case "u32":
    case "i32":
      return (value) => value >>> 0 === value || (value | 0) === value;
    case "f64":
      return (value) => Number.isSafeInteger(value);
  }
}

/** Tables whose few rows are in use without being allocated. */
const FIXED_ROWS = 8;

function guardColumn(
  table: TableBase,
  name: string,
  array: Words,
  type: ElementType,
  count: number,
  role: Role,
): Words {
  const fixed = table.$capacity <= FIXED_ROWS + 1;
  const rows = (): number => fixed ? table.$capacity : (table.$header[0] ?? 0) + 1;
  return guard(array, {
    name: `${table.$spec.name}.${name}`,
    readEnd: () => rows() * count,
    // Row 0 means none: who writes it followed a handle that names nothing.
    writeBegin: () => role === "derived" ? 0 : count,
    writeEnd: () => rows() * count,
    fits: fitter(type),
  });
}

function guardTable(table: TableBase): TableBase {
  const views: Record<string, Words> = {};
  const guarded: Record<string, unknown> = { ...table };
  const columns = table as unknown as Readonly<Record<string, Words>>;
  for (const [name, column] of Object.entries(table.$spec.columns)) {
    const array = columns[name];
    if (array === undefined) throw new Error(`no column ${name}`);
    const { type, count, role } = column;
    const view = guardColumn(table, name, array, type, count, role);
    guarded[name] = view;
    views[name] = view;
  }
  guarded.$live = guardColumn(table, "$live", table.$live, "u8", 1, "state");
  guarded.$generation = guardColumn(table, "$generation", table.$generation, "u32", 1, "state");
  guarded.$nextFree = guardColumn(table, "$nextFree", table.$nextFree, "u32", 1, "state");
  guarded.$views = Object.values(views);
  guarded.$zeroing = zeroingOf(table.$spec.columns, (name) => views[name] as never);
  return guarded as unknown as TableBase;
}

const ANY = (): boolean => true;

/** An event of which only what it carries can be read, and nothing written, with what is behind. */
function guardedEvent(): { e: Event; payload: Uint8Array; registers: Uint32Array } {
  const e = new Event();
  const { payload, registers } = e;
  const bounds = (name: string, readEnd: () => number): Bounds => ({
    name,
    readEnd,
    writeBegin: () => 0,
    writeEnd: () => 0,
    fits: ANY,
  });
  Object.defineProperty(e, "payload", {
    value: guard(payload, bounds("payload", () => e.payloadLength)),
  });
  Object.defineProperty(e, "registers", {
    value: guard(registers, bounds("registers", () => 2 * e.registerCount)),
  });
  return { e, payload, registers };
}

/** Effects of which only reserved bytes can be read or written. */
function guardedEffects(): Effects {
  const fx = new Effects();
  Object.defineProperty(fx, "bytes", {
    value: guard(fx.bytes, {
      name: "bytes",
      readEnd: () => fx.bytesLength,
      writeBegin: () => 0,
      writeEnd: () => fx.bytesLength,
      // Words are stored a byte at a time, and what is above a byte is cut off.
      fits: (value) => Number.isInteger(value),
    }),
  });
  return fx;
}

/** Copies an event into a guarded one, past its guards. */
function copyEvent(from: Event, to: Event, payload: Uint8Array, registers: Uint32Array): void {
  const { kind, hart, sequence, order, time, pcLo, pcHi, cause, valueLo, valueHi, access } = from;
  const head = { kind, hart, sequence, order, time, pcLo, pcHi, cause, valueLo, valueHi, access };
  const { registerCount, payloadLength } = from;
  Object.assign(to, head, { registerCount, payloadLength });
  payload.set(from.payload.subarray(0, payloadLength));
  registers.set(from.registers);
}

/** A kernel under guard. */
export class GuardedKernel {
  readonly state: State;
  readonly effects: Effects = guardedEffects();
  readonly #event = guardedEvent();
  readonly #hash: (out: Uint32Array) => void;

  constructor(layout: ArenaLayout) {
    const buffer = new ArrayBuffer(layout.bytes);
    const plain = bindArena(kernelTables, layout, buffer, 0);
    this.state = Object.fromEntries(
      Object.entries(plain).map(([key, table]) => [key, guardTable(table)]),
    ) as unknown as State;
    this.#hash = makeArenaHash(layout, buffer, 0);
  }

  reduce(e: Event): number {
    const { e: guarded, payload, registers } = this.#event;
    copyEvent(e, guarded, payload, registers);
    return reduce(this.state, this.effects, guarded, []);
  }

  hash(): string {
    const words = new Uint32Array(4);
    this.#hash(words);
    return hashText(words);
  }
}

/**
 * Folds recorded events under guard.
 *
 * @returns the hash of the state at the end
 * @throws an Error that names the event and the access that was out of bounds
 */
export function guardedFold(layout: ArenaLayout, log: Uint8Array): string {
  const kernel = new GuardedKernel(layout);
  const reader = new EventLogReader(log);
  const e = new Event();
  while (reader.next(e)) {
    try {
      const refusal = kernel.reduce(e);
      check(refusal === 0, `refused: ${refusal}`);
    } catch (error) {
      throw new Error(`event ${e.order} (kind ${e.kind}, cause ${e.cause}): ${error}`);
    }
  }
  return kernel.hash();
}
