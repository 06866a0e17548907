import type { State } from "../kernel.ts";
import { compareBooks } from "./recount_books.ts";
import { checkMessages } from "./recount_messages.ts";
import { checkObjects } from "./recount_objects.ts";
import { checkQueues } from "./recount_queues.ts";
import { makeRowZeroCheck } from "./recount_row_zero.ts";
import { compareRows } from "./recount_rows.ts";
import { type Finding, Reach } from "./recount_walk.ts";

export type { Finding } from "./recount_walk.ts";

/**
 * Makes the recount of a state (design, "The ledger", check 2): walks from the roots along owning
 * and holding columns and page tables, and holds live rows, reference counts, roles, balances,
 * queues and lists against what it found. The state is only read, and the recount's own memory is
 * used again at every call. For audits and tests, never while recording.
 *
 * @returns what is wrong, nothing when all is well; valid until the next call
 */
export function makeRecount(s: State): () => readonly Finding[] {
  const reach = new Reach(s);
  const checkRowZero = makeRowZeroCheck(s);
  return () => {
    reach.walk();
    checkRowZero(reach);
    compareRows(s, reach);
    compareBooks(s, reach);
    checkQueues(s, reach);
    checkObjects(s, reach);
    checkMessages(s, reach);
    return reach.findings;
  };
}

/** One recount, as lines that name table, row and what is wrong. */
export function recount(s: State): string[] {
  return makeRecount(s)().map((finding) => finding.text);
}
