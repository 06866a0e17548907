import { type ArenaLayout, bindArena, layoutArena } from "../../core/state/arena.ts";
import { f64, u32, u8 } from "../../core/state/column.ts";
import { makeArenaHash } from "../../core/state/hash.ts";
import {
  allocRow,
  type Columns,
  type Table,
  table,
  type TableSpec,
} from "../../core/state/table.ts";
import { aclintTable } from "./devices/aclint.ts";
import { plicContextTable, plicTable } from "./devices/plic.ts";

const global = { owner: "global" } as const;

/** Clocks and pending work of the harts. Times are ticks: virtual instructions. */
export const hartClockTable = table("hartClock", {
  doc: "One row per hart: its clock, what its time went into, and what waits for it.",
  capacity: 64,
  root: true,
}, {
  clock: f64("ticks the hart has lived", global),
  user: f64("ticks of guest instructions", { ...global, role: "history" }),
  kernel: f64("ticks charged for events", { ...global, role: "history" }),
  idle: f64("ticks with nothing to run", { ...global, role: "history" }),
  sequence: f64("number of the hart's next event", { ...global, role: "history" }),
  thread: u32("register slot it runs on, 0 while idle", global),
  continues: u8("1 while a Continue event is due", global),
  softwareFrom: f64("ticks from which a raised software interrupt is taken", global),
  external: u8("1 while an external interrupt is due; looked at between rounds", global),
  shortSlice: u8("1 when its last slice was below the floor", global),
});

/** What the machine has once. */
export const machineTable = table("machine", {
  doc: "One row: time, order, schedule and what is due from outside.",
  capacity: 1,
  root: true,
}, {
  time: f64("ticks at which the current round began", global),
  order: f64("number of the next event", { ...global, role: "history" }),
  retired: f64("guest instructions retired by all harts", { ...global, role: "history" }),
  nextHash: f64("value of `retired` at which the machine is hashed next", global),
  shutdown: u8("reason of the shutdown under way, 0 for none", global),
  random: u32("generator of the schedule", { ...global, count: 4 }),
  lastThread: u32("highest register slot in use so far", global),
  lastFrame: u32("highest backing slot in use so far", global),
  demandHead: u32("demanded input that completes first, 0 for none", global),
  inputHeld: u8("1 while the kernel wants no input of the terminal", global),
  programEnded: u8("1 once the first process has ended", global),
  waitStatus: u32("its wait status", global),
  closed: u8("1 once the books are closed", global),
});

/** Demanded inputs under way, linked in order of completion. */
export const demandTable = table("demand", {
  doc: "One row per demanded input that has not been delivered.",
  capacity: 16384,
}, {
  due: f64("ticks at which it completes", global),
  kind: u8("an InputKind", global),
  unit: u32("host file or stream", global),
  chunk: u32("chunk of the file", global),
  next: u32("next to complete", global),
});

/** Row of one-row tables. */
export const ONE = 1;

const ownTables = {
  machine: machineTable,
  hartClock: hartClockTable,
  demand: demandTable,
  aclint: aclintTable,
  plic: plicTable,
  plicContext: plicContextTable,
} as const;

/** The machine's own state, the console's included, bound to an arena of its own. */
export interface MachineState {
  readonly machine: Table<typeof machineTable.columns>;
  readonly hartClock: Table<typeof hartClockTable.columns>;
  readonly demand: Table<typeof demandTable.columns>;
  readonly aclint: Table<typeof aclintTable.columns>;
  readonly plic: Table<typeof plicTable.columns>;
  readonly plicContext: Table<typeof plicContextTable.columns>;
  readonly console: Table;
  /** Writes the hash of all of it, four words. */
  readonly hash: (out: Uint32Array) => void;
  readonly arena: ArenaLayout;
}

/** Makes the state of a new machine; device rows are theirs to allocate. */
export function makeMachineState<C extends Columns>(
  harts: number,
  consoleTable: TableSpec<C>,
): MachineState {
  const tables = { ...ownTables, console: consoleTable as TableSpec };
  const arena = layoutArena(tables);
  const buffer = new ArrayBuffer(arena.bytes);
  const bound = bindArena(tables, arena, buffer, 0);
  allocRow(bound.machine);
  for (let hart = 0; hart < harts; hart++) allocRow(bound.hartClock);
  return { ...bound, hash: makeArenaHash(arena, buffer, 0), arena };
}
