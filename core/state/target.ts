import type { Column, Target } from "./column.ts";

/**
 * The table and binding of one element of a handle column.
 *
 * @param kind value of the kind column; not looked at unless the handle says so
 * @returns undefined for a kind that has no table, and for a column that is no handle
 */
export function targetOf(column: Column, kind: number): Target | undefined {
  const handle = column.handle;
  return handle?.byKind === undefined ? handle : handle.byKind.targets[kind];
}
