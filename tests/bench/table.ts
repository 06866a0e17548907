/** Tables as text. */
import { columns } from "./report.ts";

/** A head, and rows of as many cells. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** For a terminal. */
export function plain({ head, rows }: Table): string {
  return `${columns([head, ...rows])}\n`;
}

/** As `deno fmt` leaves it in a Markdown file. */
export function markdown(table: Table): string {
  const width = widths(table);
  const rule = width.map((n, i) => i === 0 ? "-".repeat(n) : `${"-".repeat(n - 1)}:`);
  return [table.head, rule, ...table.rows].map((row) => `| ${line(row, width, " | ")} |\n`)
    .join("");
}

function widths({ head, rows }: Table): number[] {
  return head.map((_, i) => Math.max(3, ...[head, ...rows].map((row) => row[i].length)));
}

function line(row: readonly string[], width: readonly number[], gap: string): string {
  return row.map((cell, i) => i === 0 ? cell.padEnd(width[i]) : cell.padStart(width[i])).join(gap);
}
