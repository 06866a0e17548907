import type { Outcome } from "../../arch/machine/machine.ts";

/** Words for a ShutdownCause. */
export const SHUTDOWN_NAMES: readonly string[] = [
  "none",
  "the first process ended",
  "power-off",
  "instruction limit",
  "deadlock",
];

/** What a machine may read about a run. */
export interface RunSummary {
  readonly reason: string;
  /** Wait status of the first process, -1 when it did not end. */
  readonly waitStatus: number;
  readonly events: number;
  readonly instructions: number;
  /** ns of virtual time. */
  readonly time: number;
  readonly journal: string | null;
}

/** The summary of a run as plain data. */
export function runSummary(outcome: Outcome, journal: string | undefined): RunSummary {
  return {
    reason: SHUTDOWN_NAMES[outcome.reason],
    waitStatus: outcome.waitStatus,
    events: outcome.stats.events,
    instructions: outcome.stats.instructions,
    time: outcome.stats.timeNs,
    journal: journal ?? null,
  };
}

/** A number with its thousands apart, the same in every country. */
export function grouped(value: number): string {
  return String(Math.floor(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** ns as seconds with nine decimals, exact. */
export function seconds(ns: number): string {
  const whole = Math.floor(ns / 1e9);
  return `${whole}.${String(ns - whole * 1e9).padStart(9, "0")}`;
}
