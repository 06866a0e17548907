import { UsageError } from "../../journal/commands/usage_error.ts";
import { someText, wholeNumber } from "../../journal/commands/values.ts";
import { WORKLOADS } from "./workloads.ts";

/** What the user asked of `stress`. */
export interface StressOptions {
  /** A tenth of the seeds. */
  quick: boolean;
  /** Names of loads; all when empty. */
  only: string[];
  /** Seeds of each load; as the load says by default. */
  seeds: number | undefined;
  /** First seed. */
  from: number;
  /** Processes at a time. */
  jobs: number;
  json: boolean;
  /** A line for each run. */
  verbose: boolean;
  help: boolean;
}

const LAST_SEED = 0xffff_ffff;

export const HELP =
  `Runs loads on 8 harts under many schedules: each is recorded, replayed both ways and audited.

deno task stress [options]

  --quick       a tenth of the seeds
  --only NAME   this load; may be repeated
  --seeds N     so many seeds of each
  --from SEED   the first seed; 1 by default
  --jobs N      processes at a time, 1 to 64; 2 by default
  --json        the result as JSON
  --verbose     a line for each run, on standard error
  --help        this text

loads:
${
    WORKLOADS.map(({ name, doc, seeds }) => `  ${name.padEnd(12)}${doc}; ${seeds} seeds\n`).join("")
  }`;

/**
 * Reads the words after `stress`.
 *
 * @throws {UsageError}
 */
export function parseStressOptions(words: readonly string[]): StressOptions {
  const options: StressOptions = {
    quick: false,
    only: [],
    seeds: undefined,
    from: 1,
    jobs: 2,
    json: false,
    verbose: false,
    help: false,
  };
  for (let at = 0; at < words.length; at++) {
    const [name, inline] = words[at].split(/=(.*)/s);
    const value = (): string => {
      const text = inline ?? words[++at];
      if (text === undefined) throw new UsageError(`${name} needs a value`);
      return text;
    };
    if (name === "--only") options.only.push(workloadName(someText(name, value(), "a load")));
    else if (name === "--seeds") options.seeds = wholeNumber(name, value(), 1, 1_000_000);
    else if (name === "--from") options.from = wholeNumber(name, value(), 0, LAST_SEED - 1_000_000);
    else if (name === "--jobs") options.jobs = wholeNumber(name, value(), 1, 64);
    else if (inline !== undefined) throw new UsageError(`unknown option ${words[at]}`);
    else if (name === "--quick") options.quick = true;
    else if (name === "--json") options.json = true;
    else if (name === "--verbose") options.verbose = true;
    else if (name === "--help") options.help = true;
    else throw new UsageError(`unknown option ${name}; see deno task stress --help`);
  }
  return options;
}

function workloadName(name: string): string {
  if (WORKLOADS.some((workload) => workload.name === name)) return name;
  const known = WORKLOADS.map((workload) => workload.name).join(", ");
  throw new UsageError(`there is no load "${name}"; there are ${known}`);
}
