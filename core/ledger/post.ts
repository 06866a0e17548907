import { assert } from "../assert.ts";
import type { State } from "../kernel.ts";

/**
 * Moves units from one account to another of the same resource. The sum of all accounts stays what
 * it was by construction; an account that would go negative is our defect.
 *
 * @param from account that gives, of `Account`
 * @param to account that receives
 * @param units how many, a whole number
 */
export function post(s: State, from: number, to: number, units: number): void {
  const balance = s.account.balance;
  assert(balance[from] >= units, "no account goes negative");
  balance[from] -= units;
  balance[to] += units;
}

/** Sets an account's opening balance, before the first event. */
export function open(s: State, account: number, units: number): void {
  s.account.balance[account] = units;
}
