import { EVENT_NAMES } from "../../core/event.ts";
import type { PlacedColumn, PlacedTable } from "../../core/state/arena.ts";
import { watermark } from "../../core/state/table.ts";
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

/**
 * The rule of CPU discipline (design, section 3): columns owned by a hart change only while that
 * hart's own events are reduced. A thread's row is its hart's: of the one it had before the event or
 * the one it has after it; rows that come or go in the event are whoever makes or frees them's.
 *
 * @param report takes one line for each breach
 */
export function watchDiscipline(kernel: LiveKernel, report: (line: string) => void): Watch {
  const { state } = kernel;
  for (const table of kernel.layout.tables) {
    const owned = table.columns.some((c) => c.column.owner === "hart");
    if (owned && table.key !== "hart" && table.key !== "thread") {
      throw new Error(`${table.key} has columns of harts, but no rule says which hart's`);
    }
  }
  const harts = ownedColumns(kernel, tableOf(kernel, "hart"));
  const threads = ownedColumns(kernel, tableOf(kernel, "thread"));
  const { hart: hartOf, $generation, $live } = state.thread;
  const hartBefore = new Uint16Array(hartOf.length);
  const generationBefore = new Uint32Array(hartOf.length);
  const liveBefore = new Uint8Array(hartOf.length);
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
  const checkThreads = (where: string, own: number): void => {
    for (let row = 1; row <= watermark(state.thread); row++) {
      const lived = liveBefore[row] === 1 && $live[row] === 1 &&
        generationBefore[row] === $generation[row];
      const allowed = !lived || hartBefore[row] === own || hartOf[row] === own;
      for (const column of threads) {
        const element = rowChange(column, row, column.count);
        if (element < 0 || allowed) continue;
        report(`${where} wrote ${column.name}[${row}], a thread of hart ${hartOf[row]}`);
      }
      hartBefore[row] = hartOf[row];
      generationBefore[row] = $generation[row];
      liveBefore[row] = $live[row];
    }
  };
  return {
    after: (e) => {
      const where = `event ${e.order} (${EVENT_NAMES[e.kind]} ${e.cause}) of hart ${e.hart}`;
      checkHarts(where, e.hart);
      checkThreads(where, e.hart);
    },
  };
}
