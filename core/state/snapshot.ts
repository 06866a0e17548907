import { assert } from "../assert.ts";
import type { ArenaLayout, PlacedColumn, PlacedTable } from "./arena.ts";
import { elementBytes } from "./column.ts";
import { HEADER_WORDS } from "./table.ts";

/** An arena as bytes: a layout laid over a buffer from `base` on. */
export interface ArenaBytes {
  readonly layout: ArenaLayout;
  readonly buffer: ArrayBufferLike;
  /** Byte offset of the arena in the buffer. */
  readonly base: number;
}

/** Where two arenas first differ, in arena order. */
export interface Difference {
  readonly table: string;
  /** Row, or -1 when the table's header (watermark, free list, counts) differs. */
  readonly row: number;
  readonly column: string;
  readonly element: number;
}

/**
 * A kept copy of an arena's used part, to go back to or to compare with. The copy is an arena of the
 * same layout over a buffer of its own, so `bindArena` reads it like the original. Untouched capacity
 * is neither copied nor touched.
 */
export class Snapshot implements ArenaBytes {
  readonly base = 0;
  readonly buffer: ArrayBufferLike;

  constructor(readonly layout: ArenaLayout) {
    this.buffer = new ArrayBuffer(layout.bytes);
  }

  /** Copies an arena into this snapshot, over what it held. */
  take(from: ArenaBytes): void {
    copyArena(from, this);
  }

  /** Copies this snapshot back into an arena, derived columns included: nothing needs rebuilding. */
  restore(to: ArenaBytes): void {
    copyArena(this, to);
  }
}

/**
 * Makes one arena equal to another: the rows up to each watermark are copied, rows the target had
 * beyond it become zero again. Elements beyond a declared used count are not state and stay.
 */
export function copyArena(from: ArenaBytes, to: ArenaBytes): void {
  assert(sameLayout(from.layout, to.layout), "arenas that are copied have the same layout");
  const source = new Uint8Array(from.buffer, from.base, from.layout.bytes);
  const target = new Uint8Array(to.buffer, to.base, to.layout.bytes);
  for (const table of from.layout.tables) {
    const rows = watermarkOf(from, table);
    const had = watermarkOf(to, table);
    for (const placed of table.columns) {
      const rowBytes = rowBytesOf(placed);
      const end = placed.offset + (rows + 1) * rowBytes;
      const counts = countColumnOf(table, placed);
      if (counts === undefined) copyRange(source, target, placed.offset, end);
      else copyUsed(from, source, target, placed, counts, rows);
      if (had > rows) target.fill(0, end, placed.offset + (had + 1) * rowBytes);
    }
    copyRange(source, target, table.headerOffset, table.headerOffset + HEADER_WORDS * 4);
  }
}

/**
 * Compares the used part of two arenas as the state hash sees it: derived columns and elements
 * beyond a used count do not count.
 *
 * @returns the first difference, or null when they are equal
 */
export function compareArenas(a: ArenaBytes, b: ArenaBytes): Difference | null {
  assert(sameLayout(a.layout, b.layout), "arenas that are compared have the same layout");
  const x = new Uint8Array(a.buffer, a.base, a.layout.bytes);
  const y = new Uint8Array(b.buffer, b.base, b.layout.bytes);
  const xWords = new Int32Array(a.buffer, a.base, a.layout.bytes >>> 2);
  const yWords = new Int32Array(b.buffer, b.base, b.layout.bytes >>> 2);
  for (const table of a.layout.tables) {
    const header = firstDifference(
      x,
      y,
      xWords,
      yWords,
      table.headerOffset,
      table.headerOffset + HEADER_WORDS * 4,
    );
    const rows = Math.max(watermarkOf(a, table), watermarkOf(b, table));
    for (const placed of table.columns) {
      if (placed.column.role === "derived") continue;
      const at = columnDifference(a, x, y, xWords, yWords, table, placed, rows);
      if (at < 0) continue;
      const element = Math.floor((at - placed.offset) / elementBytes(placed.column.type));
      const row = Math.floor(element / placed.column.count);
      return {
        table: table.key,
        row,
        column: placed.name,
        element: element - row * placed.column.count,
      };
    }
    // Rows say more than the header, so a header that differs is named only when no row does.
    if (header >= 0) {
      const element = (header - table.headerOffset) >>> 2;
      return { table: table.key, row: -1, column: "$header", element };
    }
  }
  return null;
}

/** A difference as text. */
export function differenceText(d: Difference): string {
  return d.row < 0
    ? `${d.table} header word ${d.element}`
    : `${d.table}[${d.row}].${d.column}[${d.element}]`;
}

function sameLayout(a: ArenaLayout, b: ArenaLayout): boolean {
  return a === b || (a.bytes === b.bytes && a.tables.length === b.tables.length);
}

function watermarkOf(arena: ArenaBytes, table: PlacedTable): number {
  return new Uint32Array(arena.buffer, arena.base + table.headerOffset, 1)[0];
}

function rowBytesOf(placed: PlacedColumn): number {
  return elementBytes(placed.column.type) * placed.column.count;
}

function countColumnOf(table: PlacedTable, placed: PlacedColumn): PlacedColumn | undefined {
  const name = placed.column.usedCount;
  return name === undefined ? undefined : table.columns.find((c) => c.name === name);
}

function copyRange(source: Uint8Array, target: Uint8Array, from: number, to: number): void {
  target.set(source.subarray(from, to), from);
}

function copyUsed(
  from: ArenaBytes,
  source: Uint8Array,
  target: Uint8Array,
  placed: PlacedColumn,
  counts: PlacedColumn,
  rows: number,
): void {
  const used = new Uint32Array(from.buffer, from.base + counts.offset, rows + 1);
  const rowBytes = rowBytesOf(placed);
  const width = elementBytes(placed.column.type);
  for (let row = 1; row <= rows; row++) {
    const at = placed.offset + row * rowBytes;
    if (used[row] > 0) copyRange(source, target, at, at + used[row] * width);
  }
}

function columnDifference(
  a: ArenaBytes,
  x: Uint8Array,
  y: Uint8Array,
  xWords: Int32Array,
  yWords: Int32Array,
  table: PlacedTable,
  placed: PlacedColumn,
  rows: number,
): number {
  const rowBytes = rowBytesOf(placed);
  const counts = countColumnOf(table, placed);
  if (counts === undefined) {
    const end = placed.offset + (rows + 1) * rowBytes;
    return firstDifference(x, y, xWords, yWords, placed.offset, end);
  }
  const used = new Uint32Array(a.buffer, a.base + counts.offset, rows + 1);
  const width = elementBytes(placed.column.type);
  for (let row = 1; row <= rows; row++) {
    const at = placed.offset + row * rowBytes;
    const found = firstDifference(x, y, xWords, yWords, at, at + used[row] * width);
    if (found >= 0) return found;
  }
  return -1;
}

/** First byte that differs in [from, to), or -1. `from` is word aligned or the range is short. */
function firstDifference(
  x: Uint8Array,
  y: Uint8Array,
  xWords: Int32Array,
  yWords: Int32Array,
  from: number,
  to: number,
): number {
  let at = from;
  if ((from & 3) === 0) {
    const end = to >>> 2;
    let word = from >>> 2;
    while (word < end && xWords[word] === yWords[word]) word++;
    at = word << 2;
  }
  for (; at < to; at++) if (x[at] !== y[at]) return at;
  return -1;
}
