/** What a check of an invariant is given, and what it says. */
import type { Effects } from "../../core/effect.ts";
import type { Event } from "../../core/event.ts";
import type { State } from "../../core/kernel.ts";
import type { TableBase } from "../../core/state/table.ts";

/** A kernel that has just reduced an event. */
export interface Subject {
  readonly state: State;
  /** What that event asked of the hardware. */
  readonly effects: Effects;
}

/**
 * Takes one breach.
 *
 * @param id the invariant (J5, C12, I7 …)
 * @param row whose it is: table and row
 * @param what what is there, and what should be
 */
export type Report = (id: string, row: string, what: string) => void;

/**
 * Looks at the state after an event. It may remember what it needs of earlier events; it changes
 * nothing and calls nothing of the kernel.
 */
export type Check = (e: Event, report: Report) => void;

/** A group of invariants. */
export interface Group {
  readonly name: string;
  /** The invariants it reports. */
  readonly ids: readonly string[];
  readonly make: (subject: Subject) => Check;
}

/** Highest row of a table ever used. */
export const top = (table: TableBase): number => table.$header[0] ?? 0;

/** Calls `each` with every allocated row of a table. */
export function eachLive(table: TableBase, each: (row: number) => void): void {
  const end = top(table);
  for (let row = 1; row <= end; row++) if (table.$live[row] === 1) each(row);
}

/** Row of the one-row tables. */
export const ONLY = 1;

/**
 * Whether a hart has something to take before its next guest instruction: the next step of a long
 * operation, or the reply to a sample. Until then its current thread is where it was left.
 */
export function isBetween(s: State, hart: number): boolean {
  return s.hart.continuePending[hart + 1] !== 0 || s.kernel.sampling[ONLY] === hart + 1;
}
