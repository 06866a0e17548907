/**
 * The configurations the checker visits: a few threads, each with a script of calls. `small` ones are
 * visited by `deno task test` too.
 */
import type { Configuration } from "./configuration.ts";
import { ASIDS } from "./configurations/asids.ts";
import { CAPABILITIES } from "./configurations/capabilities.ts";
import { FUTEXES } from "./configurations/futexes.ts";
import { HANDOVER } from "./configurations/handover.ts";
import { MESSAGES } from "./configurations/messages.ts";
import { PAGING } from "./configurations/paging.ts";
import { PIPES } from "./configurations/pipes.ts";
import { PRIORITIES } from "./configurations/priorities.ts";
import { PROCESSES } from "./configurations/processes.ts";
import { RINGS } from "./configurations/rings.ts";
import { SCHEDULING } from "./configurations/scheduling.ts";
import { SIGNALS } from "./configurations/signals.ts";
import { THREADS } from "./configurations/threads.ts";

export const CONFIGURATIONS: readonly Configuration[] = [
  ...PIPES,
  ...PROCESSES,
  ...SIGNALS,
  ...PAGING,
  ...SCHEDULING,
  ...CAPABILITIES,
  ...FUTEXES,
  ...THREADS,
  ...MESSAGES,
  ...PRIORITIES,
  ...RINGS,
  ...HANDOVER,
  ...ASIDS,
];
