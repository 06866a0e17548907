import { UsageError } from "../../journal/commands/usage_error.ts";
import { oneOf, someText, wholeNumber } from "../../journal/commands/values.ts";
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
  const flags = {
    "--small": false,
    "--large": false,
    "--reduced": false,
    "--both": false,
    "--plain": false,
    "--pure": false,
    "--json": false,
    "--help": false,
  };
  const texts: string[] = [];
  let times: "exact" | "order" = "order";
  let most = Infinity;
  let order: string | undefined;
  let depth = -1;
  let [scripts, from, count] = ["wild", 0, 100];
  for (let at = 0; at < words.length; at++) {
    const [name, inline] = words[at].split(/=(.*)/s);
    const value = (): string => {
      const text = inline ?? words[++at];
      if (text === undefined) throw new UsageError(`${name} needs a value`);
      return text;
    };
    if (!name.startsWith("-")) texts.push(someText("check", words[at], "a name or a part of one"));
    else if (name === "--times") times = oneOf(name, value(), ["exact", "order"]);
    else if (name === "--most") most = wholeNumber(name, value(), 1, MOST);
    else if (name === "--order") order = value();
    else if (name === "--draw") depth = wholeNumber(name, value(), 0, MOST);
    else if (name === "--scripts") scripts = oneOf(name, value(), Object.keys(SCRIPTS));
    else if (name === "--from") from = wholeNumber(name, value(), 0, LAST_SEED);
    else if (name === "--count") count = wholeNumber(name, value(), 1, MOST);
    else if (inline === undefined && Object.hasOwn(flags, name)) {
      flags[name as keyof typeof flags] = true;
    } else throw new UsageError(`unknown option ${words[at]}; see deno task check --help`);
  }
  return {
    texts,
    small: flags["--small"],
    large: flags["--large"],
    reduced: flags["--reduced"],
    both: flags["--both"],
    plain: flags["--plain"],
    pure: flags["--pure"],
    json: flags["--json"],
    help: flags["--help"],
    times,
    most,
    order,
    drawing: depth < 0 ? undefined : { scripts, depth, from, count },
  };
}
