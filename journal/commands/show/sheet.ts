/** A cell: a number is right-aligned, a text left-aligned. */
export type Cell = string | number;

/** What a view shows: named columns, rows, and lines about the whole. */
export interface Sheet {
  /** Names of the columns; the keys of each row in JSON. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Facts that are no row, by name. */
  readonly facts?: Readonly<Record<string, Cell>>;
  /** Said when there is no row. */
  readonly none: string;
}

/** Characters a line has at most. */
const LINE = 100;

/** A sheet as text: facts, then the table with its columns aligned; lines too long are cut. */
export function sheetText(sheet: Sheet): string {
  const facts = Object.entries(sheet.facts ?? {}).map(([name, value]) => `${name}: ${value}`);
  if (sheet.rows.length === 0) return lines([...facts, sheet.none]);
  const cells = [sheet.columns, ...sheet.rows].map((row) => row.map(String));
  const widths = sheet.columns.map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  const isNumber = sheet.columns.map((_, i) => sheet.rows.every((r) => typeof r[i] === "number"));
  const table = cells.map((row) =>
    row.map((text, i) => isNumber[i] ? text.padStart(widths[i]) : text.padEnd(widths[i])).join("  ")
  );
  return lines([...facts, ...table]);
}

function lines(all: readonly string[]): string {
  return all.map((line) => {
    const text = line.trimEnd();
    return text.length <= LINE ? `${text}\n` : `${text.slice(0, LINE - 1)}…\n`;
  }).join("");
}

/** A sheet as plain data: each row an object with the columns as keys. */
export function sheetData(sheet: Sheet): Record<string, unknown> {
  const rows = sheet.rows.map((row) =>
    Object.fromEntries(sheet.columns.map((column, i) => [column, row[i]]))
  );
  return { facts: sheet.facts ?? {}, rows };
}
