/** The loads of `deno task stress`. */

/** A program of the image with its arguments, and what is held of a run of it. */
export interface Workload {
  readonly name: string;
  readonly doc: string;
  /** A program of userland/image/bin, and its arguments. */
  readonly program: string;
  readonly args: readonly string[];
  /** Seeds of a whole campaign; `--quick` takes a tenth, rounded up. */
  readonly seeds: number;
  /** What a run does, for the table: so many of something. */
  readonly count: number;
  readonly unit: string;
  /** Beginnings of lines that must be in the output. */
  readonly lines: readonly string[];
  /** Events that may pass without a mark: a run that takes more of them hangs. */
  readonly budget: number;
  /** Instructions of all harts after which a run hangs, whatever it marks. */
  readonly instructions: number;
  /** Whether the kernel's tables are looked at when the storm of channels says it is done. */
  readonly gate?: true;
}

const DEMONSTRATION = "messages: 14 round trips with 7 clients on 8 harts";
const MESSAGES = "messages: 8192 round trips with 8 servers";
const CHANNELS = "chanstorm: 2048000 made and destroyed by 16 children";
const SENDS = "sends: 16000 messages of 16 clients answered, ";

export const WORKLOADS: readonly Workload[] = [
  {
    name: "together",
    doc: "all of the others at once, with pipes, fork, futexes, threads and signals",
    program: "together",
    args: ["full"],
    seeds: 25,
    count: 1,
    unit: "boots",
    lines: [
      DEMONSTRATION,
      MESSAGES,
      CHANNELS,
      SENDS,
      "delegate: 40 chains of 128 and fans of 64 revoked in the middle, ",
      "storm: 53760 reports of 16 workers collected",
      "sync: ok",
      "signals: ",
      "pipes: ",
      "together: 8 loads at once",
    ],
    budget: 2_000_000,
    instructions: 10_000_000_000,
    gate: true,
  },
  {
    name: "chanstorm",
    doc: "16 children make and destroy 128 channels 1,000 times, in a drawn order",
    program: "chanstorm",
    args: ["16", "1000", "128"],
    seeds: 50,
    count: 2_048_000,
    unit: "channels",
    lines: [CHANNELS, "chanstorm: gate 0 kept"],
    budget: 2_000_000,
    instructions: 5_000_000_000,
    gate: true,
  },
  {
    name: "delegate",
    doc: "chains of 128 and fans of 64 revoked in the middle while 6 others delegate",
    program: "delegate",
    args: ["20"],
    seeds: 100,
    count: 20,
    unit: "revocations",
    lines: ["delegate: 20 chains of 128 and fans of 64 revoked in the middle, "],
    budget: 100_000,
    instructions: 2_000_000_000,
  },
  {
    name: "msgstorm",
    doc: "14 round trips on 8 harts; then 8 servers with 8 clients of 128 round trips each",
    program: "messages",
    args: ["8", "128", "8"],
    seeds: 200,
    count: 8192,
    unit: "round trips",
    lines: [DEMONSTRATION, MESSAGES],
    budget: 100_000,
    instructions: 2_000_000_000,
  },
  {
    name: "sends",
    doc: "a server and 16 clients of 1,000 messages each, with two more that exchange messages",
    program: "sends",
    args: ["16", "1000"],
    seeds: 500,
    count: 16_000,
    unit: "messages",
    lines: [SENDS],
    budget: 100_000,
    instructions: 2_000_000_000,
  },
];

/** Seeds that a campaign runs of a load. */
export function seedsOf(workload: Workload, quick: boolean): number {
  return quick ? Math.ceil(workload.seeds / 10) : workload.seeds;
}
