import { assert } from "../assert.ts";
import type { Column, ElementType } from "./column.ts";

/** Maps an element type to the typed array that views it. */
export interface ViewOf {
  u8: Uint8Array;
  u16: Uint16Array;
  u32: Uint32Array;
  i32: Int32Array;
  f64: Float64Array;
}

/** The columns of one table, by name. */
export type Columns = Readonly<Record<string, Column>>;

/** One table, declared once. Row 0 is never used: index 0 means "none" everywhere. */
export interface TableSpec<C extends Columns = Columns> {
  readonly name: string;
  readonly doc: string;
  /** Rows available when the boot configuration names no other number. */
  readonly capacity: number;
  /** Rows reached without an owner: where a recount starts. */
  readonly root: boolean;
  readonly columns: C;
}

/** What may be said of a table besides its columns. */
export interface TableOptions {
  readonly doc: string;
  readonly capacity: number;
  readonly root?: boolean;
}

/** Declares a table. */
export function table<const C extends Columns>(
  name: string,
  options: TableOptions,
  columns: C,
): TableSpec<C> {
  return {
    name,
    doc: options.doc,
    capacity: options.capacity,
    root: options.root ?? false,
    columns,
  };
}

/** Words of a table's header in the arena. */
export const HEADER_WORDS = 8;
const WATERMARK = 0;
const FREE_HEAD = 1;
const FREE_TAIL = 2;
const USED = 3;
const RETIRED = 4;
/** Word of the first table's header that counts slots for the books. */
export const UNBOOKED = 5;

/** Largest generation a row may carry; a slot that reaches it is retired, never reused. */
export const LAST_GENERATION = 0x7ffff;

/** What every bound table carries beside its columns. */
export interface TableBase {
  readonly $spec: TableSpec;
  readonly $capacity: number;
  /** [watermark, first free, last free, used, retired, unbooked, 0, 0]. */
  readonly $header: Uint32Array;
  /**
   * One word that all tables of an arena share: slots retired and not in the books yet. It lies in
   * the header of the first table.
   */
  readonly $unbooked: Uint32Array;
  /** 1 while the row is allocated. */
  readonly $live: Uint8Array;
  /** Counts the lives of a row; weak handles compare it. */
  readonly $generation: Uint32Array;
  /** Next free row, in the order rows were freed. */
  readonly $nextFree: Uint32Array;
  /** Every declared column's view, in declaration order, for generic passes. */
  readonly $views: readonly ViewOf[ElementType][];
  /** The same by type, for freeing a row. */
  readonly $zeroing: Zeroing;
}

/** The columns of a table by type: a loop that meets arrays of one type only is several times as fast. */
export interface Zeroing {
  readonly u8: readonly Uint8Array[];
  readonly u16: readonly Uint16Array[];
  readonly u32: readonly Uint32Array[];
  readonly i32: readonly Int32Array[];
  readonly f64: readonly Float64Array[];
  /** Columns of several elements a row, of any type. */
  readonly wide: readonly { readonly view: ViewOf[ElementType]; readonly count: number }[];
}

/** Sorts the columns of a table by type. */
export function zeroingOf(
  columns: Columns,
  viewOf: (name: string) => ViewOf[ElementType],
): Zeroing {
  const lists: Record<ElementType, unknown[]> = { u8: [], u16: [], u32: [], i32: [], f64: [] };
  const wide: { view: ViewOf[ElementType]; count: number }[] = [];
  for (const [name, { type, count }] of Object.entries(columns)) {
    const view = viewOf(name);
    if (count === 1) lists[type].push(view);
    else wide.push({ view, count });
  }
  return { ...lists, wide } as Zeroing;
}

/** A table bound to an arena: one typed array a column, indexed by row. */
export type Table<C extends Columns = Columns> =
  & TableBase
  & { readonly [K in keyof C]: ViewOf[C[K]["type"]] };

/** Highest row index in use so far; rows above it are all zero. */
export function watermark(t: TableBase): number {
  return t.$header[WATERMARK];
}

/** Slots of a table that will never be used again: their generations are used up. */
export function retiredRows(t: TableBase): number {
  return t.$header[RETIRED];
}

/** Rows that can still be allocated. */
export function freeRows(t: TableBase): number {
  return t.$capacity - 1 - t.$header[USED] - t.$header[RETIRED];
}

/**
 * Takes a zeroed row, oldest freed first.
 *
 * @returns its index, or 0 when the table is full
 */
export function allocRow(t: TableBase): number {
  const header = t.$header;
  let row = header[FREE_HEAD];
  if (row !== 0) {
    header[FREE_HEAD] = t.$nextFree[row];
    if (header[FREE_HEAD] === 0) header[FREE_TAIL] = 0;
    t.$nextFree[row] = 0;
  } else {
    row = header[WATERMARK] + 1;
    if (row >= t.$capacity) return 0;
    header[WATERMARK] = row;
  }
  header[USED]++;
  t.$live[row] = 1;
  return row;
}

function zeroRow(zeroing: Zeroing, row: number): void {
  for (const view of zeroing.u8) view[row] = 0;
  for (const view of zeroing.u16) view[row] = 0;
  for (const view of zeroing.u32) view[row] = 0;
  for (const view of zeroing.i32) view[row] = 0;
  for (const view of zeroing.f64) view[row] = 0;
  for (const { view, count } of zeroing.wide) view.fill(0, row * count, (row + 1) * count);
}

/**
 * Gives a row back: its columns become zero and its generation advances. After its last generation
 * the slot is retired; the books take note at the end of the event (`bookRetired`).
 */
export function freeRow(t: TableBase, row: number): void {
  assert(row !== 0 && t.$live[row] === 1, "a row is freed once, while it is live");
  zeroRow(t.$zeroing, row);
  const header = t.$header;
  t.$live[row] = 0;
  header[USED]--;
  if (t.$generation[row] >= LAST_GENERATION) {
    header[RETIRED]++;
    t.$unbooked[0]++;
    return;
  }
  t.$generation[row]++;
  if (header[FREE_TAIL] === 0) header[FREE_HEAD] = row;
  else t.$nextFree[header[FREE_TAIL]] = row;
  header[FREE_TAIL] = row;
}

/** Whether a weak handle still names the row it was made for. */
export function isCurrent(t: TableBase, row: number, generation: number): boolean {
  return row !== 0 && row < t.$capacity && t.$live[row] === 1 && t.$generation[row] === generation;
}
