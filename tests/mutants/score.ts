/** What a run of mutants amounts to. */
import type { Mutant } from "./mutant.ts";

/** The parts of the repository that faults are planted in, and the least number of each. */
export const AREAS: Readonly<Record<string, number>> = {
  core: 12,
  arch: 12,
  journal: 12,
  drivers: 0,
};
/** Least number of mutants in all. */
const LEAST = 60;

/** One mutant's result. */
export interface Result {
  readonly name: string;
  readonly area: string;
  /** "" when it was caught as expected, else why not. */
  readonly wrong: string;
  /** The line of output that gave it away. */
  readonly line: string;
}

/** Mutants that were tried, and those of them that were caught. */
export interface Tally {
  readonly caught: number;
  readonly of: number;
}

/** Where a mutant's first patch is: a folder below the repository. */
export function areaOf(mutant: Mutant): string {
  return mutant.patches[0].file.split("/")[0];
}

/** How many of each area there are, and were caught; an area without any is there too. */
export function tallies(results: readonly Result[]): Record<string, Tally> {
  const areas = new Set([...Object.keys(AREAS), ...results.map((r) => r.area)]);
  return Object.fromEntries([...areas].map((area) => {
    const inArea = results.filter((r) => r.area === area);
    return [area, { caught: inArea.filter((r) => r.wrong === "").length, of: inArea.length }];
  }));
}

/** Lines that say where a full run has too few mutants to mean something. */
export function tooFew(results: readonly Result[]): string[] {
  const lines = Object.entries(tallies(results))
    .filter(([area, { of }]) => of < (AREAS[area] ?? 0))
    .map(([area, { of }]) => `${of} mutants in ${area}, at least ${AREAS[area]} are wanted`);
  if (results.length < LEAST) lines.push(`${results.length} mutants, at least ${LEAST} are wanted`);
  return lines;
}

/** The closing lines: one for each area, and the score. */
export function scoreLines(results: readonly Result[]): string[] {
  const caught = results.filter((r) => r.wrong === "").length;
  // Rounded down, so that 100 % means all.
  const percent = results.length === 0 ? 0 : Math.floor(100 * caught / results.length);
  return [
    ...Object.entries(tallies(results))
      .filter(([, { of }]) => of > 0)
      .map(([area, tally]) => `${area}: ${tally.caught} of ${tally.of}`),
    `score: ${caught} of ${results.length} caught (${percent} %)`,
  ];
}
