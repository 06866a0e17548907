import { ONE } from "../../core/kernel.ts";
import { SelfCheck, TICK_PLACES, TICKS } from "../../core/self_check.ts";
import { Exit } from "./exit.ts";
import type { JournalFile } from "./journal_file.ts";
import { stateAt } from "./show/state_at.ts";
import type { Verdict } from "./verdict.ts";

const WORDS: Readonly<Record<number, string>> = {
  [SelfCheck.None]: "the scheduler did not check itself",
  [SelfCheck.Passed]:
    `the better of two threads is chosen, with ${TICKS.length} kinds of tick at any of ` +
    `${TICK_PLACES} places or none`,
  [SelfCheck.NoThread]: "no slots for the two threads of the check: nothing was checked",
  [SelfCheck.Choice]: "not the better of two threads was chosen",
  [SelfCheck.Changed]: "asking who is next changed who is",
  [SelfCheck.Lost]: "a preempted thread was lost",
};

/** What a kernel's check of itself at boot found, as a verdict: only one that passed is good. */
export function selfCheckVerdict(found: number): Verdict {
  const status = found === SelfCheck.Passed ? Exit.Ok : Exit.Failed;
  const line = WORDS[found] ?? `unknown result ${found}`;
  return { status, line, details: [], events: 1, hashes: 0, last: 0 };
}

/** Reads the verdict off a journal's first event. */
export function selfCheckOf(file: JournalFile): Verdict {
  return selfCheckVerdict(stateAt(file, 0, () => {}).state.kernel.selfCheck[ONE]);
}
