import type { State } from "../kernel.ts";
import { Account, resources } from "./accounts.ts";

const groups: readonly (readonly number[])[] = resources.map((r) =>
  r.accounts.map((name) => Account[name])
);

/**
 * The check after every event: each resource's accounts still add up to their opening total, and
 * none is negative.
 *
 * @param opening totals by `openingTotals`
 * @returns "" or one line naming the resource
 */
export function checkTotals(s: State, opening: Float64Array): string {
  const balance = s.account.balance;
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i];
    let total = 0;
    for (let j = 0; j < group.length; j++) {
      const units = balance[group[j]];
      if (units < 0) {
        return `${resources[i].name}: ${resources[i].accounts[j]} is negative: ${units}`;
      }
      total += units;
    }
    if (total !== opening[i]) {
      return `${resources[i].name}: the accounts add up to ${total}, not ${opening[i]}`;
    }
  }
  return "";
}
