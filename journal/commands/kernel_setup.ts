import type { Event } from "../../core/event.ts";
import { EVENT_NAMES } from "../../core/event.ts";
import { KernelDefect } from "../../core/assert.ts";
import { type Capacities, layoutKernel, makeReducer, type Reducer } from "../../core/reducer.ts";
import { Refusal } from "../../core/reduce.ts";
import type { ArenaLayout } from "../../core/state/arena.ts";
import type { FoldReducer } from "../machine_port.ts";

/** Most bytes of frames that can have backing at one time. */
const BACKING_LIMIT = 3 * 2 ** 30;
const PAGE = 4096;

/** Frames of a memory that can have backing at one time. */
export function backingFrames(memoryBytes: number): number {
  return Math.min(memoryBytes, BACKING_LIMIT) / PAGE;
}

/** Rows of the kernel's tables for a number of backed frames: the rest is as declared. */
export function kernelLayout(backing: number): ArenaLayout {
  const capacities: Capacities = { frame: backing, objectPage: Math.max(backing, 16384) };
  return layoutKernel(capacities);
}

/** Where the bytes of page-table pages begin in an arena. */
export function pageTablesOffset(layout: ArenaLayout): number {
  const table = layout.tables.find((t) => t.key === "pageTable");
  const column = table?.columns.find((c) => c.name === "entries");
  if (column === undefined) throw new Error("the kernel has no page-table pages");
  return column.offset;
}

/** Rows of a table, row 0 not counted. */
export function capacityOf(layout: ArenaLayout, key: string): number {
  const table = layout.tables.find((t) => t.key === key);
  if (table === undefined) throw new Error(`the kernel has no table ${key}`);
  return table.capacity - 1;
}

const REFUSAL_NAMES = Object.keys(Refusal);

/** Reduces an event that the machine or a journal gave: to refuse one is our defect. */
export function reduceOrThrow(reducer: Reducer, e: Event): void {
  const refusal = reducer.reduce(e);
  if (refusal === Refusal.None) return;
  const why = REFUSAL_NAMES[Object.values(Refusal).indexOf(refusal as 0)];
  throw new KernelDefect(`the kernel refused event ${e.order} (${EVENT_NAMES[e.kind]}): ${why}`);
}

/** A kernel without a machine, over a plain buffer. */
export interface FoldKernel extends FoldReducer {
  readonly reducer: Reducer;
}

/** Makes the kernel of a fold. */
export function makeFoldKernel(layout: ArenaLayout): FoldKernel {
  const reducer = makeReducer(layout, new ArrayBuffer(layout.bytes), 0);
  return {
    reducer,
    reduce: (e) => reduceOrThrow(reducer, e),
    kHash: (out) => reducer.hash(out),
  };
}
