/** What many samples of one figure come to. */

/** The middle sample, or the mean of the two in the middle. */
export function median(samples: readonly number[]): number {
  if (samples.length === 0) throw new RangeError("the median of no samples");
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >>> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The sample that a part of all samples do not exceed.
 *
 * @param part 0 for the least, 0.99 for that of 99 of 100
 */
export function quantile(samples: readonly number[], part: number): number {
  if (samples.length === 0) throw new RangeError("a quantile of no samples");
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
}

/** The geometric mean of positive figures. */
export function geometricMean(figures: readonly number[]): number {
  if (figures.length === 0 || figures.some((figure) => !(figure > 0))) {
    throw new RangeError("a geometric mean is of positive figures");
  }
  return Math.exp(figures.reduce((sum, figure) => sum + Math.log(figure), 0) / figures.length);
}
