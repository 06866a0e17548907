import { EVENT_NAMES } from "../../core/event.ts";
import type { PlacedColumn, PlacedTable } from "../../core/state/arena.ts";
import { type TableBase, watermark } from "../../core/state/table.ts";
import { columnView } from "../../core/state/view.ts";
import type { LiveKernel, Watch } from "./harness.ts";

/** A column that only one hart's events may write, with what it held before the event. */
interface Owned {
  readonly name: string;
  readonly view: ArrayLike<number>;
  readonly count: number;
  /** How many elements of each row are in use, where not all are. */
  readonly used: ArrayLike<number> | undefined;
  readonly shadow: Float64Array;
}

function ownedColumns(kernel: LiveKernel, table: PlacedTable): Owned[] {
  const viewOf = (column: PlacedColumn): ArrayLike<number> =>
    columnView(kernel.state, table, column);
  return table.columns.filter((c) => c.column.owner === "hart").map((placed) => {
    const view = viewOf(placed);
    const counts = table.columns.find((c) => c.name === placed.column.usedCount);
    return {
      name: `${table.key}.${placed.name}`,
      view,
      count: placed.column.count,
      used: counts === undefined ? undefined : viewOf(counts),
      shadow: new Float64Array(view.length),
    };
  });
}

function tableOf(kernel: LiveKernel, key: string): PlacedTable {
  const table = kernel.layout.tables.find((t) => t.key === key);
  if (table === undefined) throw new Error(`no table ${key}`);
  return table;
}

/** Compares a row with what it held, and takes in what it holds; the element that changed, or -1. */
function rowChange(column: Owned, row: number, length: number): number {
  const { view, shadow, count } = column;
  let changed = -1;
  for (let at = row * count; at < row * count + length; at++) {
    if (view[at] === shadow[at]) continue;
    changed = at - row * count;
    shadow[at] = view[at];
  }
  return changed;
}

/** The rows of a table that are a hart's each, and what is known of them from the last event. */
interface Rows {
  readonly name: string;
  readonly columns: readonly Owned[];
  readonly table: TableBase;
  /** Number of the hart a row is of; -1 for none. */
  readonly hartOf: (row: number) => number;
  readonly hartBefore: Int16Array;
  readonly generationBefore: Uint32Array;
  readonly liveBefore: Uint8Array;
}

function makeRows(
  kernel: LiveKernel,
  name: string,
  table: TableBase,
  hartOf: (row: number) => number,
): Rows {
  const length = table.$capacity;
  return {
    name,
    columns: ownedColumns(kernel, tableOf(kernel, name)),
    table,
    hartOf,
    hartBefore: new Int16Array(length),
    generationBefore: new Uint32Array(length),
    liveBefore: new Uint8Array(length),
  };
}

/**
 * The rule of CPU discipline (design, section 3): columns owned by a hart change only while that
 * hart's own events are reduced. A thread's row is its hart's, a timer's that of the hart it is armed
 * on: of the one it had before the event or
 * the one it has after it; rows that come or go in the event are whoever makes or frees them's.
 *
 * @param report takes one line for each breach
 */
export function watchDiscipline(kernel: LiveKernel, report: (line: string) => void): Watch {
  const { state } = kernel;
  for (const table of kernel.layout.tables) {
    const owned = table.columns.some((c) => c.column.owner === "hart");
    if (owned && table.key !== "hart" && table.key !== "thread" && table.key !== "timer") {
      throw new Error(`${table.key} has columns of harts, but no rule says which hart's`);
    }
  }
  const harts = ownedColumns(kernel, tableOf(kernel, "hart"));
  const { thread, timer } = state;
  const rows = [
    makeRows(kernel, "thread", thread, (row) => thread.hart[row]),
    makeRows(kernel, "timer", timer, (row) => timer.home[row] - 1),
  ];
  const usedBefore = new Map(harts.map((c) => [c.name, new Uint32Array(state.hart.$capacity)]));

  const checkHarts = (where: string, own: number): void => {
    for (const column of harts) {
      const before = usedBefore.get(column.name);
      for (let row = 1; row <= watermark(state.hart); row++) {
        const used = column.used?.[row] ?? column.count;
        const length = before === undefined ? used : Math.max(used, before[row]);
        if (before !== undefined) before[row] = used;
        const element = rowChange(column, row, length);
        if (element >= 0 && row !== own + 1) {
          report(`${where} wrote ${column.name}[${row}] element ${element}, of hart ${row - 1}`);
        }
      }
    }
  };
  const checkRows = (where: string, own: number, of: Rows): void => {
    const { $live, $generation } = of.table;
    for (let row = 1; row <= watermark(of.table); row++) {
      const now = of.hartOf(row);
      const lived = of.liveBefore[row] === 1 && $live[row] === 1 &&
        of.generationBefore[row] === $generation[row];
      const allowed = !lived || of.hartBefore[row] === own || now === own;
      for (const column of of.columns) {
        const element = rowChange(column, row, column.count);
        if (element < 0 || allowed) continue;
        report(`${where} wrote ${column.name}[${row}], a ${of.name} of hart ${now}`);
      }
      of.hartBefore[row] = now;
      of.generationBefore[row] = $generation[row];
      of.liveBefore[row] = $live[row];
    }
  };
  return {
    after: (e) => {
      const where = `event ${e.order} (${EVENT_NAMES[e.kind]} ${e.cause}) of hart ${e.hart}`;
      checkHarts(where, e.hart);
      for (const of of rows) checkRows(where, e.hart, of);
    },
  };
}
