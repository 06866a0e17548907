/** What the boot's console must say, as a set: the order of the stages is not promised. */

/** Reads etc/markers: one name a line; empty lines and lines that begin with # say nothing. */
export function parseMarkers(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter((l) => l !== "" && !l.startsWith("#"));
}

/** The console line of a marker: init says that it is done, every other that it is ok. */
function lineOf(name: string): string {
  return name === "init" ? "marker: init done" : `marker: ${name} ok`;
}

/** What is missing from a console, or says that it failed. */
export interface MarkerResult {
  readonly seen: number;
  /** "" or one line that names what is wrong. */
  readonly problem: string;
}

/** Compares the markers of a console's text with those it must show, as sets. */
export function checkMarkers(names: readonly string[], consoleText: string): MarkerResult {
  const lines = consoleText.split("\n").map((line) => line.replace(/\r$/, ""));
  const said = new Set(lines);
  const missing = names.filter((name) => !said.has(lineOf(name)));
  const failed = lines.filter((line) => /^marker: .*\bFAILED\b/.test(line));
  const expected = new Set(names.map(lineOf));
  const strange = lines.filter((line) =>
    line.startsWith("marker: ") && !expected.has(line) && !failed.includes(line)
  );
  const problems = [
    ...failed,
    ...(strange.length === 0 ? [] : [`not in etc/markers: ${strange.join(", ")}`]),
    ...(missing.length === 0 ? [] : [`missing: ${missing.map(lineOf).join(", ")}`]),
  ];
  return { seen: names.length - missing.length, problem: problems.join("; ") };
}
