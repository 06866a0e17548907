/** All invariants after every event of a run. */
import { EVENT_NAMES, type RecordedEvent } from "../../core/event.ts";
import type { Watch } from "../kernel/harness.ts";
import { capabilities } from "./capabilities.ts";
import type { Group, Report, Subject } from "./checker.ts";
import { effects } from "./effects.ts";
import { files } from "./files.ts";
import { history } from "./history.ts";
import { ipis } from "./ipis.ts";
import { messages } from "./messages.ts";
import { paging } from "./paging.ts";
import { priorities } from "./priorities.ts";
import { processes } from "./processes.ts";
import { queues } from "./queues.ts";
import { rings } from "./rings.ts";
import { scheduling } from "./scheduling.ts";
import { starvation } from "./starvation.ts";
import { stealing } from "./stealing.ts";
import { tables } from "./tables.ts";
import { timers } from "./timers.ts";
import { waiting } from "./waiting.ts";

/** Every group of invariants. */
export const groups: readonly Group[] = [
  history,
  queues,
  scheduling,
  priorities,
  ipis,
  timers,
  paging,
  capabilities,
  processes,
  files,
  rings,
  tables,
  waiting,
  effects,
  stealing,
  starvation,
  messages,
];

/** Most breaches one event's error tells of. */
const TOLD = 6;

/**
 * Checks every invariant after each event. The first event that breaks one ends the run with an
 * error that names the event, the invariants and the rows.
 *
 * @param only the groups to check
 */
export function watchInvariants(subject: Subject, only: readonly Group[] = groups): Watch {
  const checks = only.map((group) => group.make(subject));
  const breaches: string[] = [];
  const report: Report = (id, row, what) => {
    if (breaches.length < TOLD) breaches.push(`${id} ${row}: ${what}`);
  };
  return {
    after: (e: RecordedEvent) => {
      for (const check of checks) check(e, report);
      if (breaches.length === 0) return;
      const event = `event ${e.order} (${EVENT_NAMES[e.kind]} ${e.cause}, hart ${e.hart})`;
      throw new Error(`after ${event}: ${breaches.join("; ")}`);
    },
  };
}
