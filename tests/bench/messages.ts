/** Messages between two address spaces: how long round trips take, and how those times spread. */
import { BENCH } from "./compute.ts";
import { fresh } from "./fresh.ts";
import type { Setting } from "./setting.ts";
import { quantile } from "./statistics.ts";

/** msg_send: one a round trip. */
const MSG_SEND = 664;
const COUNT = 400_000;
const TURNS = 3;

/** Round trips of one kind, over batches (see `stamps.ts`) of warm runs, recording on. */
export interface MessageRow {
  readonly name: string;
  /** Host microseconds of a round trip: of the fastest batch, the median one, the 99th of 100. */
  readonly least: number;
  readonly median: number;
  readonly p99: number;
  /** One-way transfers a second at the median: the send counts, and so does the reply. */
  readonly transfers: number;
}

const WAYS: readonly { readonly name: string; readonly harts: number; readonly apart: string[] }[] =
  [
    { name: "round trip, same hart", harts: 1, apart: [] },
    { name: "round trip, two harts of 2", harts: 2, apart: ["1"] },
    { name: "round trip, two harts of 8", harts: 8, apart: ["1"] },
  ];

/** Names of the rows. */
export const MESSAGES: readonly string[] = WAYS.map(({ name }) => name);

/** Measures them in turns, each run in a process of its own; of each the first half warms up. */
export async function measureMessages(setting: Setting): Promise<MessageRow[]> {
  const ways = WAYS.filter(({ name }) => setting.wants("messages", name));
  const batches = ways.map((): number[] => []);
  const turns = setting.quick ? 1 : TURNS;
  for (let turn = 0; turn < turns; turn++) {
    for (const [i, { name, harts, apart }] of ways.entries()) {
      setting.tell(`messages, ${name}, ${turn + 1} of ${turns}`);
      const count = setting.quick ? 1000 : COUNT;
      const run = await fresh(setting, {
        kind: "run",
        words: ["--harts", String(harts), "--root", ".", "./msgpong", String(count), ...apart],
        folder: BENCH,
        journal: `${setting.folder}/message.daybook`,
        output: `${setting.folder}/out`,
        stamped: MSG_SEND,
      });
      const all = run.batches ?? [];
      batches[i].push(...all.slice(all.length >>> 1));
    }
  }
  return ways.map(({ name }, i) => {
    const median = quantile(batches[i], 0.5);
    return {
      name,
      least: quantile(batches[i], 0),
      median,
      p99: quantile(batches[i], 0.99),
      transfers: 2e6 / median,
    };
  });
}
