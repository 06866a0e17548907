import { oneOf, someText, wholeNumber } from "../../journal/commands/values.ts";
import { optionWords } from "../option_words.ts";
import { type Drawing, SCRIPTS } from "./pct.ts";
import type { SearchOptions } from "./search.ts";

/** What the user asked of `check`. */
export interface CheckOptions extends SearchOptions {
  /** Names of configurations, or parts of them; all when empty. */
  readonly texts: readonly string[];
  readonly small: boolean;
  readonly large: boolean;
  readonly reduced: boolean;
  readonly both: boolean;
  /** Choices, apart by blanks, of the one order to follow. */
  readonly order: string | undefined;
  readonly drawing: Drawing | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

/** Most of anything that is counted: states, runs, changes of priority. */
const MOST = 1_000_000_000;
const LAST_SEED = 0xffff_ffff;

const VALUED = ["--times", "--most", "--order", "--draw", "--scripts", "--from", "--count"];
const FLAGS = [
  "--small",
  "--large",
  "--reduced",
  "--both",
  "--plain",
  "--pure",
  "--json",
  "--help",
];

/** What `--help` prints. */
export const HELP =
  `Visits every state of the configurations whose names hold one of the texts, all without texts,
and holds the kernel's invariants in each.

deno task check [options] [TEXT…]

  --small          only those that deno task test visits too
  --large          instead: those that take longer than CI has
  --reduced        events that may change places are followed in one order
  --both           in full and reduced, and compares what they come to
  --times exact    times told apart by what is left of them; order, the default, by their order
  --plain          rows keep their own numbers
  --pure           a second kernel reduces every event too
  --most N         ends a search after N states
  --order CHOICES  follows one order of one configuration, such as "g0 i1", and says what happens
  --draw D         instead: drawn orders of random scripts, with D changes of priority
  --scripts KIND   scripts to draw: ${Object.keys(SCRIPTS).join(" or ")}
  --from SEED      the first seed to draw; 0 by default
  --count N        so many seeds; 100 by default
  --json           the result as JSON
  --help           this text

Exit status: 0 every frontier was emptied, 1 a rule was broken, 2 the request makes no sense,
3 a search ended before its frontier was empty. The shortest order that breaks a rule is written
as a journal, which deno task replay --fold and deno task dump read.
`;

/**
 * Reads the words after `check`.
 *
 * @throws {UsageError}
 */
export function parseCheckOptions(words: readonly string[]): CheckOptions {
  const { values, flags, rest } = optionWords(words, VALUED, FLAGS, "see deno task check --help");
  for (const text of rest) someText("check", text, "a name or a part of one");
  const number = (name: string, missing: number, least: number, most: number): number => {
    const text = values.get(name);
    return text === undefined ? missing : wholeNumber(name, text, least, most);
  };
  const depth = number("--draw", -1, 0, MOST);
  const scripts = oneOf("--scripts", values.get("--scripts") ?? "wild", Object.keys(SCRIPTS));
  const from = number("--from", 0, 0, LAST_SEED);
  const count = number("--count", 100, 1, MOST);
  return {
    texts: rest,
    small: flags.has("--small"),
    large: flags.has("--large"),
    reduced: flags.has("--reduced"),
    both: flags.has("--both"),
    plain: flags.has("--plain"),
    pure: flags.has("--pure"),
    json: flags.has("--json"),
    help: flags.has("--help"),
    times: oneOf("--times", values.get("--times") ?? "order", ["exact", "order"]),
    most: number("--most", Infinity, 1, MOST),
    order: values.get("--order"),
    drawing: depth < 0 ? undefined : { scripts, depth, from, count },
  };
}
