import type { State } from "../../../core/kernel.ts";
import { capsView } from "./caps.ts";
import { channelsView } from "./channels.ts";
import { hartsView } from "./harts.ts";
import { memoryView } from "./memory.ts";
import { poolsView } from "./pools.ts";
import { processesView } from "./processes.ts";
import { runqView } from "./runq.ts";
import type { Sheet } from "./sheet.ts";
import { threadsView } from "./threads.ts";

/** A view: a pure function of the state. */
export interface View {
  readonly doc: string;
  readonly of: (s: State) => Sheet;
}

/** Every view by the word that asks for it. */
export const views: Readonly<Record<string, View>> = {
  harts: { doc: "what each hart runs, owes and asks for", of: hartsView },
  runq: { doc: "run queues in order, and the longest waits by priority", of: runqView },
  threads: { doc: "state, place, call and wait of each thread", of: threadsView },
  processes: { doc: "family, state and holdings of each process", of: processesView },
  memory: { doc: "address spaces and frames", of: memoryView },
  channels: { doc: "channels: who waits in their queues, what went through", of: channelsView },
  caps: { doc: "capabilities and what they were derived from", of: capsView },
  pools: { doc: "slots of every table: used, free, retired", of: poolsView },
};
