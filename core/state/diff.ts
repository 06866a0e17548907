import type { ArenaLayout } from "./arena.ts";
import { watermark } from "./table.ts";
import { type AnyState, columnView } from "./view.ts";

/** One element that differs between two states. */
export interface Change {
  readonly table: string;
  readonly row: number;
  readonly column: string;
  /** Index within the row of an array column; 0 for a plain one. */
  readonly element: number;
  readonly before: number;
  readonly after: number;
}

/** What a difference list leaves out. */
export interface DiffOptions {
  /** Derived columns too; they are no state, so by default they are left out. */
  readonly derived?: boolean;
  /** Stop after that many changes. */
  readonly limit?: number;
}

/**
 * What changed between two states of the same layout: of a snapshot taken before an event and the
 * state after it, what the event did. Row lifetimes show as changes of `$live` and `$generation`.
 * For tools: it allocates, and looks at every used row.
 *
 * @returns changes in arena order: by table, column, row, element
 */
export function diffStates(
  layout: ArenaLayout,
  before: AnyState,
  after: AnyState,
  options: DiffOptions = {},
): Change[] {
  const changes: Change[] = [];
  const limit = options.limit ?? Infinity;
  for (const table of layout.tables) {
    const rows = Math.max(watermark(before[table.key]), watermark(after[table.key]));
    for (const placed of table.columns) {
      const { column, name } = placed;
      if (column.role === "derived" && options.derived !== true) continue;
      if (name === "$nextFree") continue;
      const a = columnView(before, table, placed);
      const b = columnView(after, table, placed);
      const used = column.usedCount === undefined
        ? undefined
        : table.columns.find((c) => c.name === column.usedCount);
      const usedBefore = used === undefined ? undefined : columnView(before, table, used);
      const usedAfter = used === undefined ? undefined : columnView(after, table, used);
      for (let row = 0; row <= rows; row++) {
        const elements = usedBefore === undefined || usedAfter === undefined
          ? column.count
          : Math.max(usedBefore[row], usedAfter[row]);
        for (let element = 0; element < elements; element++) {
          const at = row * column.count + element;
          if (a[at] === b[at]) continue;
          if (changes.length >= limit) return changes;
          changes.push({
            table: table.key,
            row,
            column: name,
            element,
            before: a[at],
            after: b[at],
          });
        }
      }
    }
  }
  return changes;
}

/** A change as one line: `thread[3].state: 2 -> 3`. */
export function changeText(layout: ArenaLayout, change: Change): string {
  const table = layout.tables.find((t) => t.key === change.table);
  const count = table?.columns.find((c) => c.name === change.column)?.column.count ?? 1;
  const element = count === 1 ? "" : `[${change.element}]`;
  return `${change.table}[${change.row}].${change.column}${element}: ` +
    `${change.before} -> ${change.after}`;
}
