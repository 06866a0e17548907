import type { State } from "../kernel.ts";
import { Account, type Resource, resources } from "./accounts.ts";

type AccountName = keyof typeof Account;

/** Stock accounts that may differ from the baseline; the resource says why. */
const PERMANENT: ReadonlySet<AccountName> = new Set([
  "FrameUnbacked",
  "FrameFree",
  "BackingFree",
  "BackingUsed",
  "AsidFree",
  "AsidRetired",
  "SlotUsable",
  "SlotRetired",
]);

/** One line of the closing table: an account against its baseline. */
export interface ClosingRow {
  readonly resource: string;
  readonly account: string;
  readonly unit: string;
  readonly kind: "stock" | "flow";
  readonly baseline: number;
  readonly now: number;
  readonly delta: number;
  /** Why a difference is no leak, where it is none. */
  readonly permanent?: string;
  /** What is wrong with the line; absent when it is as it must be. */
  readonly wrong?: string;
}

/** The books at the end of a boot. */
export interface ClosingTable {
  readonly rows: readonly ClosingRow[];
  readonly balanced: boolean;
}

/**
 * Closes the books: every stock against its baseline, every flow with what it still has under way.
 * A resource's account of unused units is left out when it has only one other: it is the complement.
 *
 * @param baseline balances by account number (`baseline` of opening.ts)
 * @param opening totals by `openingTotals`, to find units made or lost
 */
export function closingTable(
  s: State,
  baseline: Float64Array,
  opening: Float64Array,
): ClosingTable {
  const rows: ClosingRow[] = [];
  resources.forEach((resource, index) => {
    const names = shown(resource);
    let total = 0;
    for (const name of resource.accounts) total += s.account.balance[Account[name]];
    const lost = total === opening[index]
      ? ""
      : `the accounts add up to ${total}, not ${opening[index]}`;
    for (const name of names) rows.push(closingRow(s, resource, name, baseline, lost));
  });
  return { rows, balanced: rows.every((row) => row.wrong === undefined) };
}

function shown(resource: Resource): readonly AccountName[] {
  return resource.accounts.length === 2 || resource.kind === "flow"
    ? resource.accounts.slice(1)
    : resource.accounts;
}

function closingRow(
  s: State,
  resource: Resource,
  name: AccountName,
  baseline: Float64Array,
  lost: string,
): ClosingRow {
  const now = s.account.balance[Account[name]];
  const before = baseline[Account[name]];
  const delta = now - before;
  const permanent = PERMANENT.has(name) && delta !== 0 ? resource.permanent : undefined;
  const wrong = lost !== "" ? lost : wrongOf(resource, name, now, delta, permanent !== undefined);
  return {
    resource: resource.name,
    account: name,
    unit: resource.unit,
    kind: resource.kind,
    baseline: before,
    now,
    delta,
    ...(permanent === undefined ? {} : { permanent }),
    ...(wrong === "" ? {} : { wrong }),
  };
}

function wrongOf(
  resource: Resource,
  name: AccountName,
  now: number,
  delta: number,
  permanent: boolean,
): string {
  if (resource.kind === "flow") {
    return name.endsWith("Pending") && now !== 0 ? `${now} still under way` : "";
  }
  if (delta === 0 || permanent) return "";
  return delta > 0 ? `${delta} not given back` : `${-delta} too many given back`;
}

/** The closing table as text, one account a line, what is wrong at the end of its line. */
export function formatClosingTable(table: ClosingTable): string {
  const lines: string[][] = [["resource", "account", "baseline", "now", "change", ""]];
  for (const row of table.rows) {
    lines.push([
      row.resource,
      row.account,
      String(row.baseline),
      String(row.now),
      row.delta > 0 ? `+${row.delta}` : String(row.delta),
      remark(row),
    ]);
  }
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const text = lines.map((line) =>
    line.map((cell, column) => {
      if (column === 5) return cell;
      return column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
    }).join("  ").trimEnd()
  );
  const wrong = table.rows.filter((row) => row.wrong !== undefined).length;
  text.push(table.balanced ? "balanced: yes" : `balanced: NO, ${wrong} accounts are off`);
  return text.join("\n");
}

function remark(row: ClosingRow): string {
  if (row.wrong !== undefined) return `WRONG: ${row.wrong}`;
  return row.permanent === undefined ? "" : `permanent: ${row.permanent}`;
}
