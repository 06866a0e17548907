/** What the tables of this folder share. */

/** Rows of cells as lines: the first column to the left, the others to the right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const width: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => width[i] = Math.max(width[i] ?? 0, cell.length));
  }
  const aligned = (cell: string, i: number): string =>
    i === 0 ? cell.padEnd(width[i]) : cell.padStart(width[i]);
  return rows.map((row) => row.map(aligned).join("  ").trimEnd()).join("\n");
}

/** The geometric mean; NaN of nothing. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
