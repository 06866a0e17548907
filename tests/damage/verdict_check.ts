/** Holds fold, replay, audit and count to what is true of a damaged journal, and to each other. */
import assert from "node:assert/strict";
import { CommandError } from "../../journal/commands/command_error.ts";
import { auditJournal, countEvents, foldJournal, replayJournal, type Verdict } from "../../mod.ts";
import type { Truth } from "./frames.ts";

/** The readers of a journal, each to the status and the last event it says. */
const READERS: readonly (readonly [string, (path: string) => Verdict])[] = [
  ["fold", foldJournal],
  ["replay", replayJournal],
  ["audit", auditJournal],
];

/** Holds all that reads a journal file to the truth about it. */
export function checkVerdicts(what: string, path: string, truth: Truth): void {
  if (!truth.header) return checkUnreadable(what, path);
  assert.equal(countEvents(path).events, truth.last + 1, `${what}: counted`);
  const status = truth.whole ? 0 : 3;
  for (const [name, read] of READERS) {
    const verdict = read(path);
    const said = `${what}: ${name}: ${verdict.line}`;
    assert.equal(verdict.status, status, said);
    assert.equal(verdict.last, truth.last, said);
    assert.equal(verdict.events, truth.last + 1, said);
    if (truth.whole) continue;
    const place = truth.last < 0 ? "before event 0" : `after event ${truth.last}`;
    assert.match(verdict.line, new RegExp(`the journal is (cut|damaged) ${place}: .*\\S`), said);
  }
}

function checkUnreadable(what: string, path: string): void {
  for (const read of [countEvents, foldJournal, replayJournal, auditJournal]) {
    assert.throws(() => read(path), (error: unknown) => {
      assert.ok(error instanceof CommandError, `${what}: ${error}`);
      assert.equal(error.status, 2, what);
      assert.match(error.message, /(is not a journal|cannot be read): .*\S/, what);
      assert.doesNotMatch(error.message, /\n/, what);
      return true;
    });
  }
}
