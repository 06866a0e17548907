/** Geometric means over the rows of a table. */
import { geometricMean } from "./statistics.ts";

/** The mean of one figure; undefined when there are no rows, or some lack it. */
export function meanOf<Row>(
  rows: readonly Row[],
  figure: (row: Row) => number | undefined,
): number | undefined {
  const figures: number[] = [];
  for (const row of rows) {
    const value = figure(row);
    if (value === undefined || !(value > 0)) return undefined;
    figures.push(value);
  }
  return figures.length === 0 ? undefined : geometricMean(figures);
}
