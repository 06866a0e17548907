import { type Bound, type PlacedColumn, type PlacedTable, type Tables } from "./arena.ts";
import type { ElementType } from "./column.ts";
import type { TableBase, ViewOf } from "./table.ts";

/** A bound schema as generic passes see it: tables and columns by name. */
export type AnyState = Bound<Tables>;

/** A column's typed array of a bound state, `$live` and its like included. */
export function columnView(
  state: AnyState,
  table: PlacedTable,
  column: PlacedColumn,
): ViewOf[ElementType] {
  return viewOf(state[table.key], column.name);
}

/** A column's typed array by name. */
export function viewOf(table: TableBase, name: string): ViewOf[ElementType] {
  return (table as unknown as Readonly<Record<string, ViewOf[ElementType]>>)[name];
}
