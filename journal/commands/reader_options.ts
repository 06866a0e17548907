import { resolvePath } from "./paths.ts";
import { UsageError } from "./usage_error.ts";
import { wholeNumber } from "./values.ts";

/** Options of the commands that read a journal, by what follows them. */
export interface ReaderOptionSpec {
  /** "--quiet" and the like. */
  readonly switches: readonly string[];
  /** Options with a whole number. */
  readonly numbers: readonly string[];
  /** Options with a word. */
  readonly words: readonly string[];
  /** Options with a word, which may be repeated. */
  readonly lists?: readonly string[];
  /** What stands after the file, in a word, where the command wants something there. */
  readonly operand?: string;
}

/** What the user asked of a reader. */
export interface ReaderRequest {
  /** Absolute path of the journal; "" with --help. */
  readonly file: string;
  /** What stands after the file; "" where the command wants nothing there. */
  readonly operand: string;
  has(option: string): boolean;
  number(option: string): number | undefined;
  word(option: string): string | undefined;
  /** The words of an option that may be repeated, in the order given. */
  list(option: string): readonly string[];
}

/**
 * Reads the words after a command that reads a journal: options in any place, and one file.
 *
 * @throws {UsageError} one line: what was given, and what is allowed
 */
export function parseReaderOptions(
  command: string,
  words: readonly string[],
  spec: ReaderOptionSpec,
  folder: string,
): ReaderRequest {
  const given = new Map<string, string>();
  const files: string[] = [];
  const lists = spec.lists ?? [];
  const listed: (readonly [string, string])[] = [];
  const known = [...spec.switches, ...spec.numbers, ...spec.words, ...lists, "--help"];
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (!word.startsWith("-") || word === "-") {
      files.push(word);
      continue;
    }
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    if (!known.includes(name)) {
      throw new UsageError(`unknown option ${name}; ${command} knows ${known.join(", ")}`);
    }
    if (given.has(name)) throw new UsageError(`${name} is given twice`);
    if (spec.switches.includes(name) || name === "--help") {
      if (equals >= 0) throw new UsageError(`${name} takes no value, and "${word}" gives it one`);
      given.set(name, "");
      continue;
    }
    const value = equals < 0 ? words[++at] : word.slice(equals + 1);
    if (value === undefined) throw new UsageError(`${name} needs a value`);
    if (spec.numbers.includes(name)) wholeNumber(name, value, 0, Number.MAX_SAFE_INTEGER);
    if (!lists.includes(name)) given.set(name, value);
    else if (value === "") throw new UsageError(`${name} needs a value`);
    else listed.push([name, value]);
  }
  const help = given.has("--help");
  if (!help) holdOperands(command, files, spec.operand);
  return {
    file: help ? "" : resolvePath(folder, files[0]),
    operand: files[1] ?? "",
    has: (option) => given.has(option),
    number: (option) => given.has(option) ? Number(given.get(option)) : undefined,
    word: (option) => given.get(option),
    list: (option) => listed.filter(([name]) => name === option).map(([, word]) => word),
  };
}

/** @throws {UsageError} when there is not one file, and after it what the command wants */
function holdOperands(command: string, words: readonly string[], operand?: string): void {
  const usage = `deno task ${command} FILE${operand === undefined ? "" : ` ${operand}`}`;
  if (words.length === 0) throw new UsageError(`no journal is given: ${usage}`);
  if (words[0] === "" || words.length > (operand === undefined ? 1 : 2)) {
    throw new UsageError(`one journal must be given: ${usage}`);
  }
  if (operand !== undefined && words.length < 2) throw new UsageError(`no ${operand}: ${usage}`);
}
