/** What a plant is, and the ways in which plants find their moment and their row. */
import type { Effects } from "../../core/effect.ts";
import type { Event } from "../../core/event.ts";
import { Pte } from "../../core/isa/riscv64.ts";
import type { State } from "../../core/kernel.ts";
import { ThreadState, WaitKind } from "../../core/sched/tables.ts";
import { eachLive, type Subject, top } from "./checker.ts";

/** A breach. */
export interface Plant {
  readonly id: string;
  /** The group that must see it. */
  readonly group: string;
  /** A stage of the harness in which the moment for it comes. */
  readonly stage: string;
  readonly what: string;
  /** Every report it leads to, in order; a `*` stands for a number. */
  readonly says?: readonly string[];
  /** Breaks the rule and returns true, or returns false when the moment has not come. */
  readonly write: (subject: Subject, e: Event) => boolean;
}

/** The first allocated row of a table that fits, or 0. */
export function first(
  table: Parameters<typeof eachLive>[0],
  fits: (row: number) => boolean = () => true,
): number {
  let found = 0;
  eachLive(table, (row) => {
    if (found === 0 && fits(row)) found = row;
  });
  return found;
}

/** Breaks a row of a table, as soon as there is one that fits. */
export function row(
  tableOf: (s: State) => Parameters<typeof eachLive>[0],
  fits: (s: State, row: number) => boolean,
  change: (s: State, row: number) => void,
): Plant["write"] {
  return ({ state: s }) => {
    const found = first(tableOf(s), (r) => fits(s, r));
    if (found !== 0) change(s, found);
    return found !== 0;
  };
}

/** Breaks a valid leaf PTE: takes the position of its low word. */
export function leaf(
  change: (s: State, word: number) => void,
  fits: number = Pte.Valid,
): Plant["write"] {
  return ({ state: s }) => {
    const from = 1024 * (top(s.pageTable) + 1);
    for (let word = 1024; word < from; word += 2) {
      const lo = s.pageTable.entries[word];
      if ((lo & (Pte.Read | Pte.Execute)) === 0 || (lo & fits) !== fits) continue;
      change(s, word);
      return true;
    }
    return false;
  };
}

/** The WaitKind of a thread that is blocked, else None. */
export const blockedOn = (s: State, t: number): number =>
  s.thread.state[t] === ThreadState.Blocked ? s.waiter.kind[s.thread.waiter[t]] : WaitKind.None;

/** Threads that run in this moment, for those that need somebody at work. */
export const running = (s: State, t: number): boolean => s.thread.state[t] === ThreadState.Running;
/** Threads that wait for a hart. */
export const queued = (s: State, t: number): boolean => s.thread.queued[t] === 1;

/** Adds an effect to those of the event. */
export function emit(fx: Effects, kind: number, ...args: readonly number[]): void {
  fx.words.set([kind, ...args], fx.length);
  fx.length += 1 + args.length;
}

/** Tables, for `row`. */
export const threads = (s: State) => s.thread;
export const processes = (s: State) => s.process;
export const nodes = (s: State) => s.capNode;
export const pipes = (s: State) => s.pipe;
/** Any row will do. */
export const always = (): boolean => true;
