import type { State } from "../kernel.ts";
import { FrameRole } from "../mem/tables.ts";
import { type TableBase, watermark } from "../state/table.ts";
import { Account } from "./accounts.ts";
import type { ClosingTable } from "./closing.ts";
import type { Finding } from "./recount.ts";
import { ROLE_ACCOUNTS, tableOfAccount } from "./recount_books.ts";

type AccountName = keyof typeof Account;

/**
 * Folds a boot again from its first event, on a state of its own, and calls back after each event;
 * it stops when the callback returns false.
 */
export type Fold = (after: (s: State, order: number) => boolean) => void;

/** Something taken and not given back: a row, or, where units are no rows, an account. */
export interface Suspect {
  readonly resource: string;
  /** Table and row, or "account" and the account's number. */
  readonly table: keyof State;
  readonly row: number;
}

/** A suspect with the event that took it. */
export interface Culprit extends Suspect {
  /** Order of the event after which the unit was never given back; -1 when none took it. */
  readonly order: number;
}

/** Most suspects named: with more, the first ones tell the story. */
const SUSPECTS = 64;

/** What may have leaked, by the closing table of a boot's last state: all live units of a wrong stock. */
export function suspectsOf(s: State, table: ClosingTable): Suspect[] {
  const suspects: Suspect[] = [];
  for (const row of table.rows) {
    if (row.wrong === undefined || row.delta <= 0) continue;
    const account = row.account as AccountName;
    const found = suspectsOfAccount(s, row.resource, account);
    suspects.push(
      ...(found.length > 0
        ? found
        : [{ resource: row.resource, table: "account" as const, row: Account[account] }]),
    );
  }
  return suspects.slice(0, SUSPECTS);
}

/** The rows a recount found unreached or wrongly counted, as suspects. */
export function suspectsOfFindings(findings: readonly Finding[]): Suspect[] {
  return findings.filter((f) => f.row > 0 && f.table !== "account").slice(0, SUSPECTS).map((f) => ({
    resource: f.text,
    table: f.table as keyof State,
    row: f.row,
  }));
}

function suspectsOfAccount(s: State, resource: string, account: AccountName): Suspect[] {
  const found: Suspect[] = [];
  const role = ROLE_ACCOUNTS.indexOf(account);
  const key = role > 0 ? "frame" : tableOfAccount(account);
  if (key === undefined) return found;
  const table: TableBase = s[key];
  for (let row = 1; row <= watermark(table); row++) {
    const taken = role > 0 ? s.frame.role[row] === role : table.$live[row] === 1;
    if (taken) found.push({ resource, table: key, row });
  }
  return found;
}

/** A number that rises when a unit is taken and falls, or begins again, when it is given back. */
function holding(s: State, suspect: Suspect): number {
  if (suspect.table === "account") return s.account.balance[suspect.row];
  if (suspect.table === "frame") return s.frame.role[suspect.row] === FrameRole.Free ? 0 : 1;
  return s[suspect.table].$live[suspect.row];
}

function lifeOf(s: State, suspect: Suspect): number {
  return s[suspect.table].$generation[suspect.row];
}

/**
 * Finds the events that took what was never given back, by folding once more and watching.
 *
 * For a row that is the last event that allocated it; for an account without rows, the last event
 * that raised it above its baseline for good.
 *
 * @param baseline balances by account number, as taken when the kernel was initialised
 */
export function findCulprits(
  fold: Fold,
  suspects: readonly Suspect[],
  baseline: Float64Array,
): Culprit[] {
  const order = new Float64Array(suspects.length).fill(-1);
  const floor = Float64Array.from(suspects, (x) => x.table === "account" ? baseline[x.row] : 0);
  const before = floor.slice();
  const life = new Float64Array(suspects.length).fill(-1);
  fold((s, at) => {
    suspects.forEach((suspect, i) => {
      const now = holding(s, suspect);
      // A row freed and taken again by one event shows only in its generation.
      const lives = lifeOf(s, suspect);
      const taken = now > floor[i] && (before[i] <= floor[i] || lives !== life[i]);
      if (taken) order[i] = at;
      before[i] = now;
      life[i] = lives;
    });
    return true;
  });
  return suspects.map((suspect, i) => ({ ...suspect, order: order[i] }));
}

/** One line for a culprit: resource, unit, event. */
export function culpritText(culprit: Culprit): string {
  const unit = culprit.table === "account"
    ? accountName(culprit.row)
    : `${culprit.table} ${culprit.row}`;
  const event = culprit.order < 0 ? "by no event" : `by event ${culprit.order}`;
  return `${culprit.resource}: ${unit} was taken ${event} and never given back`;
}

function accountName(account: number): string {
  return Object.entries(Account).find(([, number]) => number === account)?.[0] ?? `${account}`;
}
