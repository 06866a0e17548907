/** What a scene's kernel has room for, and how a scene is run. */
import type { State } from "../../core/kernel.ts";
import type { Capacities, Reducer } from "../../core/reducer.ts";
import type { ArenaLayout } from "../../core/state/arena.ts";
import type { EventWriter } from "./event_writer.ts";

/** Rows of the tables of a scene's kernel. */
export const TABLES: Capacities = {
  hart: 64,
  thread: 16,
  waiter: 64,
  process: 16,
  addressSpace: 16,
  region: 256,
  memoryObject: 64,
  objectPage: 256,
  shootdown: 16,
  frame: 512,
  capNode: 256,
  namePage: 24,
  notification: 24,
  openFile: 64,
  pipe: 16,
  inode: 64,
  image: 8,
  directoryEntry: 64,
  nameChunk: 128,
  chunkRequest: 16,
  pageTable: 128,
};

/** How a scene is run, where not as the schedules' tests do. */
export interface SceneOptions {
  /** What an event takes, ns; at 0 only timers move a hart's clock. */
  readonly eventNs?: number;
  /** Called with every event before it is reduced. */
  readonly record?: (e: EventWriter) => void;
  /** Told what of the machine, beside the arena, an event or an access touches. */
  readonly touch?: (what: string, written: boolean) => void;
  /** Looks at the kernel's state for an access that needs no event. */
  readonly peek?: (look: (s: State | undefined) => number) => number;
  /** Makes the kernel; the kernel as it is unless given. */
  readonly kernel?: (layout: ArenaLayout, buffer: ArrayBuffer) => Reducer;
}
