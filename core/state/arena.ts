import { assert } from "../assert.ts";
import { type Column, elementBytes, type ElementType, u32, u8 } from "./column.ts";
import {
  type Columns,
  HEADER_WORDS,
  type Table,
  type TableSpec,
  UNBOOKED,
  type ViewOf,
  zeroingOf,
} from "./table.ts";

/** A set of tables, by the name handlers use. */
export type Tables = Readonly<Record<string, TableSpec>>;

/** The tables of a schema, each bound to one arena. */
export type Bound<T extends Tables> = { readonly [K in keyof T]: Table<T[K]["columns"]> };

/** Where one column lies. */
export interface PlacedColumn {
  readonly name: string;
  readonly column: Column;
  /** Byte offset from the start of the arena. */
  readonly offset: number;
}

/** Where one table lies. */
export interface PlacedTable {
  readonly key: string;
  readonly spec: TableSpec;
  readonly capacity: number;
  readonly headerOffset: number;
  /** $live, $generation and $nextFree first, then the declared columns in order. */
  readonly columns: readonly PlacedColumn[];
}

/** An arena's layout: a pure function of the schema and the capacities. */
export interface ArenaLayout {
  readonly tables: readonly PlacedTable[];
  /** Total size, a multiple of 64 KiB. */
  readonly bytes: number;
}

/** Columns every table has beside its own. */
const IMPLICIT: Columns = {
  $live: u8("1 while allocated"),
  $generation: u32("lives of this row"),
  $nextFree: u32("next free row"),
};

const COLUMN_ALIGN = 64;
const PAGE = 4096;

function alignUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

/**
 * Places every table of a schema. A column whose rows are whole pages is page aligned, so that
 * page-table bytes can be walked by the machine where they lie.
 *
 * @param tables the schema
 * @param capacities rows per table key, where they differ from the declared number
 */
export function layoutArena(
  tables: Tables,
  capacities: Readonly<Record<string, number>> = {},
): ArenaLayout {
  const placed: PlacedTable[] = [];
  let offset = 0;
  for (const key of Object.keys(tables)) {
    const spec = tables[key];
    const capacity = (capacities[key] ?? spec.capacity) + 1;
    assert(Number.isInteger(capacity) && capacity > 1, "a table has at least one row");
    offset = alignUp(offset, COLUMN_ALIGN);
    const headerOffset = offset;
    offset += HEADER_WORDS * 4;
    const columns: PlacedColumn[] = [];
    for (const name of [...Object.keys(IMPLICIT), ...Object.keys(spec.columns)]) {
      const column = IMPLICIT[name] ?? spec.columns[name];
      const rowBytes = elementBytes(column.type) * column.count;
      offset = alignUp(offset, rowBytes % PAGE === 0 ? PAGE : capacity <= 2 ? 8 : COLUMN_ALIGN);
      columns.push({ name, column, offset });
      offset += rowBytes * capacity;
    }
    placed.push({ key, spec, capacity, headerOffset, columns });
  }
  return { tables: placed, bytes: alignUp(offset, 65536) };
}

function view(
  buffer: ArrayBufferLike,
  type: ElementType,
  offset: number,
  length: number,
): ViewOf[ElementType] {
  switch (type) {
    case "u8":
      return new Uint8Array(buffer, offset, length);
    case "u16":
      return new Uint16Array(buffer, offset, length);
    case "u32":
      return new Uint32Array(buffer, offset, length);
    case "i32":
      return new Int32Array(buffer, offset, length);
    case "f64":
      return new Float64Array(buffer, offset, length);
  }
}

/**
 * Binds a layout to a zeroed buffer. The same layout may be bound over the machine's linear memory
 * or over a plain buffer; a page-aligned base keeps page-aligned columns aligned.
 *
 * @param base byte offset of the arena in the buffer, a multiple of 4,096
 */
export function bindArena<T extends Tables>(
  _tables: T,
  layout: ArenaLayout,
  buffer: ArrayBufferLike,
  base: number,
): Bound<T> {
  assert(base % PAGE === 0, "an arena begins on a page");
  assert(base + layout.bytes <= buffer.byteLength, "an arena fits its buffer");
  // Properties are defined, not assigned: an object that gets more than about twenty by keyed
  // assignment becomes a hash table in V8, and each access to a column a lookup.
  const bound: [string, unknown][] = [];
  const first = base + layout.tables[0].headerOffset;
  const unbooked = new Uint32Array(buffer, first + UNBOOKED * 4, 1);
  for (const placed of layout.tables) {
    const out: [string, unknown][] = [
      ["$spec", placed.spec],
      ["$capacity", placed.capacity],
      ["$header", new Uint32Array(buffer, base + placed.headerOffset, HEADER_WORDS)],
      ["$unbooked", unbooked],
    ];
    const views: Record<string, ViewOf[ElementType]> = {};
    for (const { name, column, offset } of placed.columns) {
      const array = view(buffer, column.type, base + offset, column.count * placed.capacity);
      out.push([name, array]);
      views[name] = array;
    }
    const declared = Object.keys(placed.spec.columns);
    out.push(["$views", declared.map((name) => views[name])]);
    out.push(["$zeroing", zeroingOf(placed.spec.columns, (name) => views[name])]);
    bound.push([placed.key, Object.fromEntries(out)]);
  }
  return Object.fromEntries(bound) as Bound<T>;
}
