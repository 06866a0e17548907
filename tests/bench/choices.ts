/** The command line of the benchmark. */
import { NAMES } from "./measure.ts";

/** How the command is called. */
export const USAGE =
  "deno task bench [--quick] [--json] [--only NAME] [--write DATE], or --kernel alone";

/** What is asked for. */
export interface Choices {
  quick: boolean;
  json: boolean;
  /** Date of the results to keep; undefined to keep none. */
  date: string | undefined;
  /** The section or row to measure; all by default. */
  only: string | undefined;
}

/** The choices, or one line that says what is wrong with them. */
export function choose(words: readonly string[]): Choices | string {
  const choices: Choices = { quick: false, json: false, date: undefined, only: undefined };
  for (let i = 0; i < words.length; i++) {
    if (words[i] === "--quick") choices.quick = true;
    else if (words[i] === "--json") choices.json = true;
    else if (words[i] === "--write") {
      const date = words[++i];
      if (date === undefined || !/^\d{4}-\d\d-\d\d$/.test(date)) {
        return `--write needs the date, as 2026-01-31: ${USAGE}`;
      }
      choices.date = date;
    } else if (words[i] === "--only") {
      const name = words[++i];
      if (name === undefined || !NAMES.includes(name)) {
        return `--only needs one of: ${NAMES.join(", ")}`;
      }
      choices.only = name;
    } else return `unknown option ${words[i]}: ${USAGE}`;
  }
  if (choices.quick && choices.date !== undefined) return "the figures of --quick mean nothing";
  if (choices.only !== undefined && choices.date !== undefined) {
    return "what is kept is a whole report: --write and --only exclude each other";
  }
  return choices;
}
