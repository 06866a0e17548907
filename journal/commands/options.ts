import { UsageError } from "./usage_error.ts";
import { memorySize, oneOf, seconds, setting, someText, startTime, wholeNumber } from "./values.ts";

export { UsageError } from "./usage_error.ts";

/** What the user asked of `boot` or `run`. */
export interface MachineOptions {
  /** 1 to 64. */
  harts: number;
  /** Guest-physical memory, bytes. */
  memory: number;
  /** Seed of schedule and entropy; 0 = round robin. */
  seed: number;
  /** Directory or tar file, as typed. */
  root: string | undefined;
  /** NAME, VALUE in the order given. */
  env: (readonly [string, string])[];
  /** Journal file, as typed. */
  journal: string | undefined;
  /** False with --no-journal. */
  keepJournal: boolean;
  engine: "ir" | "wasm" | undefined;
  /** Microseconds since 1970; "now" asks the host; undefined is the constant. */
  clock: number | "now" | undefined;
  hostEntropy: boolean;
  /** Wall-clock seconds. */
  timeLimit: number | undefined;
  instructionLimit: number | undefined;
  /** False with --no-pace. */
  pace: boolean;
  /** File contents go into the journal; false with --no-embed. */
  embed: boolean;
  json: boolean;
  /** Tells more, also where standard error is no terminal. */
  verbose: boolean;
  /** --help was given; nothing else is to be done. */
  help: boolean;
  /** Of `run`: the program and its arguments, as typed. Empty with --help, and for `boot`. */
  command: readonly string[];
}

/** One option, said once: parser and help are made of this. */
interface Option {
  readonly name: string;
  /** How the help writes its value; absent for a switch. */
  readonly value?: string;
  readonly doc: string;
  readonly repeats?: boolean;
  set(into: MachineOptions, text: string): void;
}

const SEED_MAX = 0xffff_ffff;

const OPTIONS: readonly Option[] = [
  {
    name: "--harts",
    value: "N",
    doc: "harts, 1 to 64",
    set: (o, t) => o.harts = wholeNumber("--harts", t, 1, 64),
  },
  {
    name: "--memory",
    value: "SIZE",
    doc: "memory, 16M to 64G",
    set: (o, t) => o.memory = memorySize("--memory", t),
  },
  {
    name: "--seed",
    value: "S",
    doc: "seed of schedule and entropy; 0 is round robin",
    set: (o, t) => o.seed = wholeNumber("--seed", t, 0, SEED_MAX),
  },
  {
    name: "--root",
    value: "DIR|TAR",
    doc: "what the guest sees as /",
    set: (o, t) => o.root = someText("--root", t, "a directory or tar file"),
  },
  {
    name: "--env",
    value: "K=V",
    doc: "adds to the guest's environment; may be repeated",
    repeats: true,
    set: (o, t) => void o.env.push(setting("--env", t)),
  },
  {
    name: "--journal",
    value: "FILE",
    doc: "where the journal goes",
    set: (o, t) => o.journal = someText("--journal", t, "a file name"),
  },
  {
    name: "--no-journal",
    doc: "records nothing",
    set: (o) => o.keepJournal = false,
  },
  {
    name: "--no-embed",
    doc: "keeps digests of file contents in the journal, not the contents",
    set: (o) => o.embed = false,
  },
  {
    name: "--engine",
    value: "ir|wasm",
    doc: "interpret, or compile to WebAssembly; the same journal either way",
    set: (o, t) => o.engine = oneOf("--engine", t, ["ir", "wasm"]),
  },
  {
    name: "--clock",
    value: "ISO|now",
    doc: "the guest's start time; without it a constant",
    set: (o, t) => o.clock = startTime("--clock", t),
  },
  {
    name: "--entropy",
    value: "host",
    doc: "entropy from the host; without it from the seed",
    set: (o, t) => o.hostEntropy = oneOf("--entropy", t, ["host"]) === "host",
  },
  {
    name: "--time-limit",
    value: "SECONDS",
    doc: "power off after so much wall-clock time",
    set: (o, t) => o.timeLimit = seconds("--time-limit", t),
  },
  {
    name: "--instruction-limit",
    value: "N",
    doc: "power off after so many instructions of all harts",
    set: (o, t) =>
      o.instructionLimit = wholeNumber("--instruction-limit", t, 1, Number.MAX_SAFE_INTEGER),
  },
  {
    name: "--no-pace",
    doc: "with a terminal, do not slow down to the wall clock",
    set: (o) => o.pace = false,
  },
  {
    name: "--verbose",
    doc: "tells of a fatal fault even when standard error is no terminal",
    set: (o) => o.verbose = true,
  },
  { name: "--json", doc: "the summary as JSON", set: (o) => o.json = true },
  { name: "--help", doc: "this text", set: (o) => o.help = true },
];

const MEMORY_DEFAULT = 2 ** 30;

/** Options when none are given. */
function defaults(command: "boot" | "run"): MachineOptions {
  return {
    harts: command === "boot" ? 8 : 1,
    memory: MEMORY_DEFAULT,
    seed: 0,
    root: undefined,
    env: [],
    journal: undefined,
    keepJournal: true,
    engine: undefined,
    clock: undefined,
    hostEntropy: false,
    timeLimit: undefined,
    instructionLimit: undefined,
    pace: true,
    embed: true,
    json: false,
    verbose: false,
    help: false,
    command: [],
  };
}

/**
 * Reads the words after `boot` or `run`. Values follow as the next word or after `=`. The options of
 * `run` end at the program, or at `--`; what follows belongs to the program.
 *
 * @throws {UsageError} one line: what was given, and what is allowed
 */
export function parseMachineOptions(
  command: "boot" | "run",
  words: readonly string[],
): MachineOptions {
  const options = defaults(command);
  const seen = new Set<string>();
  let at = 0;
  while (at < words.length && words[at].startsWith("-") && words[at] !== "-") {
    const word = words[at++];
    if (word === "--") {
      refuseOptionAfterDashes(words[at]);
      break;
    }
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    const option = find(name, command);
    if (seen.has(name) && option.repeats !== true) throw new UsageError(`${name} is given twice`);
    seen.add(name);
    if (option.value === undefined) {
      if (equals >= 0) throw new UsageError(`${name} takes no value, and "${word}" gives it one`);
      option.set(options, "");
    } else {
      const text = equals < 0 ? words[at++] : word.slice(equals + 1);
      if (text === undefined) {
        throw new UsageError(`${name} needs a value: ${name} ${option.value}`);
      }
      option.set(options, text);
    }
  }
  if (options.help) return options;
  if (seen.has("--journal") && seen.has("--no-journal")) {
    throw new UsageError("--journal and --no-journal exclude each other");
  }
  options.command = words.slice(at);
  checkCommand(command, options.command);
  return options;
}

function checkCommand(command: "boot" | "run", words: readonly string[]): void {
  if (command === "boot" && words.length > 0) {
    throw new UsageError(`boot takes no arguments beside options, and was given "${words[0]}"`);
  }
  if (command === "run" && words.length === 0) {
    throw new UsageError("no program is given: deno task run [options] PROGRAM [ARG…]");
  }
  if (words[0] === "") throw new UsageError("the program's name is empty");
}

/** `deno task run -- --harts 2 X` is a habit from elsewhere; taken at its word it runs "--harts". */
function refuseOptionAfterDashes(word: string | undefined): void {
  if (word === undefined || OPTIONS.every((o) => o.name !== word.split("=")[0])) return;
  throw new UsageError(
    `"--" ends the options, so ${word} would be the program: leave "--" out, or write ./${word}`,
  );
}

function find(name: string, command: string): Option {
  for (const option of OPTIONS) if (option.name === name) return option;
  const near = OPTIONS.find((o) => o.name.startsWith(name) || `-${name}` === o.name);
  const hint = near === undefined
    ? `see deno task ${command} --help`
    : `did you mean ${near.name}?`;
  throw new UsageError(`unknown option ${name}; ${hint}`);
}

/** The help of the options, one line each. */
export function optionsHelp(): string {
  const heads = OPTIONS.map((o) => o.value === undefined ? o.name : `${o.name} ${o.value}`);
  const width = Math.max(...heads.map((h) => h.length));
  return OPTIONS.map((o, i) => `  ${heads[i].padEnd(width)}  ${o.doc}\n`).join("");
}
