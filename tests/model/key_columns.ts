/** The columns of the kernel's tables as a key tells them. */
import { Account, resources } from "../../core/ledger/accounts.ts";
import { FutexSpace, WaitKind } from "../../core/sched/tables.ts";
import type { PlacedTable } from "../../core/state/arena.ts";
import type { ElementType } from "../../core/state/column.ts";
import type { TableBase, ViewOf } from "../../core/state/table.ts";
import { viewOf } from "../../core/state/view.ts";
import { MESSAGE_COLUMNS } from "./key_messages.ts";

/** Columns that say nothing of what can still happen, or that the key tells in its own way. */
export const LEFT_OUT: ReadonlySet<string> = new Set([
  // Counters of the past.
  "kernel.lastOrder",
  "kernel.now",
  "kernel.timerSequence",
  "hart.lastSequence",
  "hart.lastTime",
  "hart.switches",
  "hart.asidEpoch",
  "thread.timerSequence",
  "thread.intervalSequence",
  "thread.userTime",
  "process.userTime",
  "process.childTime",
  "waiter.generation",
  "memory.shootdowns",
  "shootdown.sequence",
  "inode.accessed",
  "inode.modified",
  "inode.changed",
  "memory.asidEpoch",
  "process.receipts",
  "kernel.tidsGiven",
  "hart.given",
  "hart.longestWait",
  "thread.readySince",
  "addressSpace.asidEpoch",
  // Names for a row that nobody has given to a user.
  "addressSpace.asid",
  "inode.number",
  "pipe.number",
  "fileSystem.nextNumber",
  "kernel.nextPid",
  "frame.pfn",
  // What lies free, and the names that are left.
  "memory.freeHead",
  "memory.freeTail",
  "memory.freeFrames",
  "memory.backed",
  "memory.nextAsid",
  "memory.asidUsed",
  "memory.asidRetired",
  // Told below.
  "account.balance",
  "hart.heap",
  "hart.heapLength",
  "hart.timerProgrammed",
  "hart.stealAt",
  "thread.timerIndex",
  "thread.intervalIndex",
  "thread.timerDeadline",
  "thread.intervalDeadline",
  "thread.callDeadline",
  "thread.dispatchedAt",
  "thread.budget",
  "pipe.head",
  "pipe.tail",
  ...MESSAGE_COLUMNS,
]);

/** Columns that hold pids, process groups and sessions. */
const PIDS: ReadonlySet<string> = new Set([
  "process.pid",
  "process.group",
  "process.session",
  "process.childPid",
  "process.senderPid",
  "thread.tid",
  "terminal.group",
  "terminal.session",
]);

/** Columns with the first word of a session: a row of connections; the second is its generation. */
const SESSIONS: ReadonlySet<string> = new Set([
  "message.sessionLo",
  "pulse.sessionLo",
  "connection.sessionLo",
  "ringEntry.sessionLo",
]);

/** Numbers an operation or a call carries; they may be those of rows. */
const CARRIED: ReadonlySet<string> = new Set(["thread.cursor", "thread.callArgument"]);

/** Tables whose rows are there from the start. */
export const ROOTS = [
  "kernel",
  "hart",
  "memory",
  "fileSystem",
  "terminal",
  "stream",
  "ipc",
] as const;

/** The table of the object a waiter waits for. */
export const WAITED: Readonly<Record<number, string>> = {
  [WaitKind.Child]: "process",
  [WaitKind.PipeRead]: "pipe",
  [WaitKind.PipeWrite]: "pipe",
  [WaitKind.Chunk]: "chunkRequest",
  [WaitKind.Terminal]: "terminal",
  [WaitKind.SpaceOperation]: "addressSpace",
  [WaitKind.FileOperation]: "inode",
  [WaitKind.Shootdown]: "shootdown",
  [WaitKind.Vfork]: "process",
  [WaitKind.Stream]: "stream",
  [WaitKind.MessageSend]: "channel",
  [WaitKind.MessageReceive]: "channel",
  [WaitKind.MessageReply]: "channel",
  [WaitKind.Notification]: "notification",
  [WaitKind.Futex]: "futex",
  [WaitKind.Threads]: "process",
  [WaitKind.Join]: "thread",
};

/** Account balances that rows explain: a wrong one makes a state of its own, which is recounted. */
export const BALANCES: readonly number[] = resources.flatMap((
  { name, kind, accounts, permanent },
) =>
  kind === "flow"
    ? accounts.filter((account) => account.endsWith("Pending")).map((a) => Account[a])
    : permanent !== undefined && name !== "frames by role"
    ? []
    : accounts.slice(name === "frames by role" ? 2 : 1).map((a) => Account[a])
);

/** What the elements of a column are. */
export const How = {
  Plain: 0,
  Long: 1,
  Pid: 2,
  /** A row of a table. */
  Row: 3,
  /** A row that may be gone. */
  Weak: 4,
  /** Numbers a call or an operation carries. */
  Carried: 5,
  /** A row of the table the waiter's kind names. */
  Waited: 6,
  /** Entries of a page table. */
  Entries: 7,
  /** As another column says. */
  Kinds: 8,
  /** What a futex lies in. */
  Place: 9,
  /** The session something came through. */
  Session: 10,
  /** The value of a pulse. */
  Value: 11,
} as const;

/**
 * One column. Its elements are read by type: a place in the program that meets arrays of one type
 * only is many times as fast.
 */
export interface Part {
  readonly how: number;
  readonly count: number;
  /** The table its rows are of, by number. */
  readonly table: number;
  readonly generation: Uint32Array | undefined;
  readonly kinds: Uint8Array | undefined;
  /** How an element of each kind is told. */
  readonly byKind: readonly (Part | undefined)[];
  readonly u8: Uint8Array | undefined;
  readonly u16: Uint16Array | undefined;
  readonly u32: Uint32Array | undefined;
  readonly i32: Int32Array | undefined;
  readonly f64: Float64Array | undefined;
  /** A long row, four bytes at a time, and how many of them; to pass over what is zero. */
  readonly words: Int32Array;
  readonly wordsOfRow: number;
}

function byType(view: ViewOf[ElementType]) {
  return {
    u8: view instanceof Uint8Array ? view : undefined,
    u16: view instanceof Uint16Array ? view : undefined,
    u32: view instanceof Uint32Array ? view : undefined,
    i32: view instanceof Int32Array ? view : undefined,
    f64: view instanceof Float64Array ? view : undefined,
  };
}

/** An element of a column. */
export function elementOf(part: Part, at: number): number {
  if (part.u32 !== undefined) return part.u32[at];
  if (part.u8 !== undefined) return part.u8[at];
  if (part.f64 !== undefined) return part.f64[at];
  if (part.u16 !== undefined) return part.u16[at];
  return part.i32?.[at] ?? 0;
}

function howOf(full: string, type: ElementType): number {
  if (full === "waiter.object") return How.Waited;
  if (full === "pageTable.entries") return How.Entries;
  if (full === "futex.place") return How.Place;
  if (full === "pulse.valueLo") return How.Value;
  if (SESSIONS.has(full)) return How.Session;
  if (PIDS.has(full)) return How.Pid;
  if (CARRIED.has(full)) return How.Carried;
  return type === "f64" ? How.Long : How.Plain;
}

/** Whether a column is the generation that belongs to a handle: told with it. */
function isGeneration(names: readonly string[], name: string): boolean {
  return name.endsWith("Generation") && names.includes(name.slice(0, -"Generation".length));
}

/**
 * The columns of a table that its rows' keys tell.
 *
 * @param numberOf the number of a table
 */
export function partsOf(
  placed: PlacedTable,
  table: TableBase,
  numberOf: (key: string) => number,
): Part[] {
  const parts: Part[] = [];
  const names = placed.columns.map((c) => c.name);
  for (const { name, column } of placed.columns) {
    const full = `${placed.key}.${name}`;
    if (name.startsWith("$") || column.role === "derived" || LEFT_OUT.has(full)) continue;
    const view = viewOf(table, name);
    const { count, handle, type } = column;
    const length = (view.byteLength / placed.capacity) >>> 2;
    const part: Part = {
      how: howOf(full, type),
      count,
      table: -1,
      generation: undefined,
      kinds: undefined,
      byKind: [],
      ...byType(view),
      words: new Int32Array(view.buffer, view.byteOffset, length * placed.capacity),
      wordsOfRow: length,
    };
    const row = (key: string, kind: string): Part => {
      const to = { ...part, how: How.Row, table: numberOf(key) };
      if (kind !== "weak") return to;
      return {
        ...to,
        how: How.Weak,
        generation: viewOf(table, `${name}Generation`) as Uint32Array,
      };
    };
    if (part.how !== How.Plain && part.how !== How.Long) parts.push(part);
    else if (handle?.byKind !== undefined) {
      const { column: kinds, targets } = handle.byKind;
      const byKind: Part[] = [];
      for (const [kind, to] of Object.entries(targets)) {
        byKind[Number(kind)] = row(to.table, to.kind);
      }
      parts.push({ ...part, how: How.Kinds, kinds: viewOf(table, kinds) as Uint8Array, byKind });
    } else if (handle !== undefined) parts.push(row(handle.table, handle.kind));
    else if (!isGeneration(names, name)) parts.push(part);
  }
  return parts;
}

/** Throws when something is left out that there is not. */
export function checkLeftOut(tables: readonly PlacedTable[]): void {
  const names = new Set(tables.flatMap((t) => t.columns.map((c) => `${t.key}.${c.name}`)));
  for (const name of LEFT_OUT) {
    if (!names.has(name)) throw new Error(`the key leaves out ${name}, which there is not`);
  }
}

/** Table of the place of a futex, by its FutexSpace. */
export const PLACES: Readonly<Record<number, string>> = {
  [FutexSpace.Private]: "addressSpace",
  [FutexSpace.Shared]: "memoryObject",
};
