import { UsageError } from "../journal/commands/usage_error.ts";

/** What the words after a task say. */
export interface OptionWords {
  /** Values by the name of their option. */
  readonly values: ReadonlyMap<string, string>;
  /** Options without a value that were given. */
  readonly flags: ReadonlySet<string>;
  /** What is no option, in order. */
  readonly rest: readonly string[];
}

/**
 * Reads the words after a task of this folder.
 *
 * @param valued names of options with a value, as `--from N` or `--from=N`; the last one counts
 * @param flags names of options without one
 * @param help what to see where an option is not known; the known ones by default
 * @throws {UsageError} for an option that is not known, or lacks its value
 */
export function optionWords(
  words: readonly string[],
  valued: readonly string[],
  flags: readonly string[] = [],
  help = `known are ${[...valued, ...flags].join(", ")}`,
): OptionWords {
  const values = new Map<string, string>();
  const given = new Set<string>();
  const rest: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const [name, inline] = words[at].split(/=(.*)/s);
    if (!name.startsWith("-")) rest.push(words[at]);
    else if (valued.includes(name)) {
      const value = inline ?? words[++at];
      if (value === undefined) throw new UsageError(`${name} needs a value`);
      values.set(name, value);
    } else if (inline === undefined && flags.includes(name)) given.add(name);
    else throw new UsageError(`unknown option ${words[at]}; ${help}`);
  }
  return { values, flags: given, rest };
}
