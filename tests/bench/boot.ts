/** The built-in image: how large its journal is, how long it takes, what its events cost. */
import { type EventCost, measureEventCosts } from "./event_costs.ts";
import { fresh, inChild } from "./fresh.ts";
import { type JournalSize, measureJournal } from "./journal_size.ts";
import type { Setting } from "./setting.ts";
import { median } from "./statistics.ts";

/** Figures of the boot. */
export interface BootResult {
  readonly journal: JournalSize;
  /** From the first input to the closed journal. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly replaySeconds: number;
  /** Largest resident set of a process that boots the image once, bytes. */
  readonly peakBytes: number;
  readonly events: readonly EventCost[];
}

const TURNS = 5;

/** Measures the boot. */
export async function measureBoot(setting: Setting): Promise<BootResult> {
  const turns = setting.quick ? 1 : TURNS;
  const journal = `${setting.folder}/boot.daybook`;
  const boots = [], replays = [];
  for (let turn = 0; turn < turns; turn++) {
    setting.tell(`boot, ${turn + 1} of ${turns}`);
    // Always a process of its own: its size is asked for.
    boots.push(await inChild({ kind: "boot", journal, output: `${setting.folder}/console` }));
    replays.push(await fresh(setting, { kind: "replay", journal }));
  }
  setting.tell("event costs");
  return {
    journal: measureJournal(journal, boots[0].events),
    seconds: median(boots.map((boot) => boot.seconds)),
    cpuSeconds: median(boots.map((boot) => boot.cpuSeconds)),
    replaySeconds: median(replays.map((replay) => replay.seconds)),
    peakBytes: Math.max(...boots.map((boot) => boot.peakBytes)),
    events: measureEventCosts(journal, boots[0].events, turns),
  };
}
