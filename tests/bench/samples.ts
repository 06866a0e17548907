/** Samples of one thing done in several ways, each way once a turn. */
import { median } from "./statistics.ts";

/** What a sample holds, by name. */
type Sample =
  & { readonly seconds: number; readonly cpuSeconds: number }
  & Readonly<
    Partial<Record<"instructions" | "events" | "peakBytes", number>>
  >;
type Figure = keyof Sample;

/** Keeps samples in turns: the n-th of each way were taken close together. */
export class Samples<Way extends string> {
  private readonly kept = new Map<Way, Sample[]>();

  add(way: Way, sample: Sample): void {
    const list = this.kept.get(way);
    if (list === undefined) this.kept.set(way, [sample]);
    else list.push(sample);
  }

  /** The median of a figure; undefined when the way was never taken. */
  median(way: Way, figure: Figure): number | undefined {
    const list = this.figures(way, figure);
    return list.length === 0 ? undefined : median(list);
  }

  /** The largest of a figure; -Infinity when the way was never taken. */
  most(way: Way, figure: Figure): number {
    return this.figures(way, figure).reduce((a, b) => Math.max(a, b), -Infinity);
  }

  /**
   * The median of the ratios of each turn: what slows a whole turn down cancels out. Undefined when
   * one of them was never taken.
   */
  ratio(way: Way, over: Way, figure: Figure): number | undefined {
    const tops = this.figures(way, figure), bottoms = this.figures(over, figure);
    const turns = Math.min(tops.length, bottoms.length);
    if (turns === 0) return undefined;
    return median(tops.slice(0, turns).map((top, turn) => top / bottoms[turn]));
  }

  private figures(way: Way, figure: Figure): number[] {
    return (this.kept.get(way) ?? []).map((sample) => sample[figure] ?? NaN);
  }
}
