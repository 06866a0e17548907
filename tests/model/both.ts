import type { Configuration } from "./configuration.ts";
import { searchReduced } from "./reduced.ts";
import { search, type SearchOptions, type SearchReport } from "./search.ts";

/** What the full and the reduced search of a configuration came to. */
export interface Both {
  readonly all: SearchReport;
  readonly reduced: SearchReport;
  /** In what they differ, a line each; none where the reduction left out nothing that counts. */
  readonly different: readonly string[];
}

const sorted = (names: Iterable<string>): string => [...names].sort().join("\n");

/** How two reports differ in what a reduction must not change. */
export function differences(all: SearchReport, reduced: SearchReport): string[] {
  const different: string[] = [];
  const verdict = ({ counterExample }: SearchReport): string =>
    counterExample === undefined ? "nothing broken" : `broken: ${counterExample.what}`;
  if (verdict(all) !== verdict(reduced)) {
    different.push(`in full ${verdict(all)}, reduced ${verdict(reduced)}`);
  }
  if (all.emptied !== reduced.emptied) different.push("one frontier is empty, one is not");
  for (
    const [what, of] of [
      ["ends", (report: SearchReport) => report.endKeys],
      ["outcomes", (report: SearchReport) => report.outcomes.keys()],
      ["waits", (report: SearchReport) => report.sites],
    ] as const
  ) {
    const [a, b] = [all, reduced].map((report) => [...of(report)]);
    if (sorted(a) !== sorted(b)) different.push(`${a.length} ${what} in full, ${b.length} reduced`);
  }
  return different;
}

/** Searches a configuration in full and with events that may change places in one order. */
export function searchBoth(configuration: Configuration, options: SearchOptions = {}): Both {
  const all = search(configuration, options);
  const reduced = searchReduced(configuration, options);
  return { all, reduced, different: differences(all, reduced) };
}
