import type { ArenaLayout, PlacedColumn, PlacedTable } from "./arena.ts";
import { targetOf } from "./target.ts";
import { watermark } from "./table.ts";
import { type AnyState, columnView } from "./view.ts";

/** Elements of an array column shown before the rest is summed up. */
const SHOWN = 8;

/** Bytes that are shown as text when a whole u8 array is made of them. */
function isText(bytes: readonly number[]): boolean {
  return bytes.length > 1 && bytes.every((b) => b >= 0x20 && b < 0x7f);
}

function plain(placed: PlacedColumn, value: number, kind: number): string {
  const target = targetOf(placed.column, kind);
  return target === undefined || value === 0 ? String(value) : `${target.table}#${value}`;
}

/** The elements of a row that say of what kind the handles of a column are, if they differ. */
function kindsOf(
  state: AnyState,
  table: PlacedTable,
  placed: PlacedColumn,
  row: number,
): ArrayLike<number> {
  const name = placed.column.handle?.byKind?.column;
  const kinds = table.columns.find((c) => c.name === name);
  if (kinds === undefined) return [];
  const { count } = kinds.column;
  return columnView(state, table, kinds).subarray(row * count, row * count + count);
}

function arrayText(
  placed: PlacedColumn,
  values: readonly number[],
  kinds: ArrayLike<number>,
): string {
  let end = values.length;
  while (end > 0 && values[end - 1] === 0) end--;
  const used = values.slice(0, end);
  if (placed.column.type === "u8" && isText(used)) {
    return JSON.stringify(String.fromCharCode(...used));
  }
  const parts: string[] = [];
  let hidden = 0;
  used.forEach((value, index) => {
    if (value === 0) return;
    if (parts.length < SHOWN) parts.push(`${index}: ${plain(placed, value, kinds[index] ?? 0)}`);
    else hidden++;
  });
  return `{${parts.join(", ")}${hidden > 0 ? `, ${hidden} more` : ""}}`;
}

function tableOf(layout: ArenaLayout, key: string): PlacedTable {
  const table = layout.tables.find((t) => t.key === key);
  if (table === undefined) throw new Error(`no table named ${key}`);
  return table;
}

/**
 * One row as one line: its non-zero columns, handles as `table#row`, arrays folded to their non-zero
 * elements, byte arrays that are text as text.
 *
 * @throws when the schema has no such table
 */
export function rowText(layout: ArenaLayout, state: AnyState, key: string, row: number): string {
  const table = tableOf(layout, key);
  const bound = state[key];
  const parts = [`${key}[${row}]`];
  if (bound.$live[row] === 0) parts.push("(free)");
  for (const placed of table.columns) {
    if (placed.name.startsWith("$")) continue;
    const view = columnView(state, table, placed);
    const { count, usedCount } = placed.column;
    const kinds = kindsOf(state, table, placed, row);
    if (count === 1) {
      if (view[row] !== 0) {
        parts.push(`${placed.name}=${plain(placed, view[row], kinds[0] ?? 0)}`);
      }
      continue;
    }
    const counter = table.columns.find((c) => c.name === usedCount);
    const elements = counter === undefined ? count : columnView(state, table, counter)[row];
    const values = Array.from(view.subarray(row * count, row * count + elements));
    if (values.some((value) => value !== 0)) {
      parts.push(`${placed.name}=${arrayText(placed, values, kinds)}`);
    }
  }
  return parts.join(" ");
}

/** Every live row of a table, one line each. */
export function tableText(layout: ArenaLayout, state: AnyState, key: string): string {
  const bound = state[key];
  const lines: string[] = [];
  for (let row = 1; row <= watermark(bound); row++) {
    if (bound.$live[row] === 1) lines.push(rowText(layout, state, key, row));
  }
  return lines.join("\n");
}
