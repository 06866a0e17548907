import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { allocRow, freeRow } from "../state/table.ts";

/**
 * Makes a pulse row that nothing names yet.
 *
 * @returns the row, or 0 when the table is full
 */
export function createPulse(s: State): number {
  const pulse = allocRow(s.pulse);
  if (pulse !== 0) post(s, Account.PulseFree, Account.PulseUsed, 1);
  return pulse;
}

/** Frees a pulse row that is in no queue. */
export function freePulse(s: State, pulse: number): void {
  freeRow(s.pulse, pulse);
  post(s, Account.PulseUsed, Account.PulseFree, 1);
}
