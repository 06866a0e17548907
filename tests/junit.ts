/** Reads the counts out of the JUnit report that `deno test` writes. */

/** The top-level tests of one report; steps are part of their test. */
export interface Counts {
  passed: number;
  skipped: number;
  /** `FILE: TEST` for each test that failed, or was cancelled by its module's failure. */
  failed: string[];
  /** Paths of the modules of which at least one test is reported, as `deno test` names them. */
  modules: Set<string>;
}

/** Counts the tests of a report. */
export function readReport(xml: string): Counts {
  const counts: Counts = { passed: 0, skipped: 0, failed: [], modules: new Set() };
  for (const suite of xml.split("<testsuite ").slice(1)) {
    const module = attribute(suite, "name");
    counts.modules.add(module);
    const seen: string[] = [];
    for (const test of suite.split("<testcase ").slice(1)) {
      const name = attribute(test, "name");
      // A step is reported after its test, as "TEST > STEP".
      if (seen.some((earlier) => name.startsWith(`${earlier} > `))) continue;
      seen.push(name);
      if (/<(failure|error)[ >]/.test(test)) counts.failed.push(`${module}: ${name}`);
      else if (test.includes("<skipped")) counts.skipped += 1;
      else counts.passed += 1;
    }
  }
  return counts;
}

/** The first attribute of that name; "" if there is none. Markup in the value is escaped. */
function attribute(markup: string, name: string): string {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(markup)?.[1] ?? "";
  return value.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'").replaceAll("&amp;", "&");
}
