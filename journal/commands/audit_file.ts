import { KernelDefect } from "../../core/assert.ts";
import type { RecordedEvent } from "../../core/event.ts";
import { Auditor } from "../../core/ledger/auditor.ts";
import { type ClosingTable, formatClosingTable } from "../../core/ledger/closing.ts";
import {
  type Culprit,
  culpritText,
  findCulprits,
  type Fold,
  type Suspect,
  suspectsOf,
  suspectsOfFindings,
} from "../../core/ledger/culprit.ts";
import type { State } from "../../core/kernel.ts";
import { type Finding, makeRecount } from "../../core/ledger/recount.ts";
import { Exit } from "./exit.ts";
import { rowOf } from "../../core/syscall/rows.ts";
import { fold } from "../replay/fold.ts";
import { HashKind } from "../format/format.ts";
import { formatEvent } from "../format_event.ts";
import type { JournalReader } from "../read/reader.ts";
import { foldChecked, kernelOf } from "./fold_file.ts";
import type { JournalFile } from "./journal_file.ts";
import { type LongestWait, longestWaits } from "./show/runq.ts";
import { grouped } from "./summary.ts";
import { endOf, type Verdict } from "./verdict.ts";

/** Findings shown; the first ones tell the story. */
const FINDINGS_SHOWN = 16;
const PROGRESS_EVENTS = 4096;
/** Events between two recounts while the event that broke the books is looked for. */
const STRIDE = 64;

/** What an audit found. */
export interface AuditResult extends Verdict {
  /** The closing table, when the books could be closed. */
  readonly table: ClosingTable | undefined;
  /** The table as text, "" without one. */
  readonly tableText: string;
  /** Recounts made. */
  readonly recounts: number;
  /** How long ready threads had to wait for a hart at most, by level. */
  readonly waits: readonly LongestWait[];
}

/** What is wrong with the books, and after which event it showed. */
interface Imbalance {
  readonly order: number;
  readonly line: string;
  readonly details: readonly string[];
  readonly suspects: readonly Suspect[];
}

/**
 * Folds a journal from the start and holds the ledger's three checks: totals after each event, a
 * recount at each K hash and at the end, the closing table at the end. What leaked is traced to the
 * event that took it by a second fold.
 *
 * @param look called after each event of the first fold, with the state it left
 */
export function auditFile(
  file: JournalFile,
  progress: (events: number) => void = () => {},
  look: ((s: State, e: RecordedEvent) => void) | undefined = undefined,
): AuditResult {
  file.holdOurs();
  const reader = file.reader();
  const kernel = kernelOf(file);
  const auditor = new Auditor(kernel.reducer.state);
  let recounts = 0;
  let imbalance: Imbalance | undefined;
  let lastGood = 0;
  const recount = (order: number): void => {
    recounts++;
    if (auditor.recount().length === 0) lastGood = order;
    else imbalance ??= traceRecount(file, lastGood, order);
  };
  const verdict = foldChecked(reader, kernel, undefined, (e) => {
    if (e.order === 0) auditor.begin();
    look?.(kernel.reducer.state, e);
    const line = auditor.checkTotals();
    if (line !== "") imbalance = { order: e.order, line, details: [], suspects: [] };
    else if (hasKernelHash(reader)) recount(e.order);
    if (e.order % PROGRESS_EVENTS === 0) progress(e.order);
    return imbalance === undefined;
  });
  const waits = longestWaits(kernel.reducer.state);
  // With a diverged fold the state is not the boot's, and its books say nothing.
  if (verdict.status === Exit.Failed) {
    return { ...verdict, table: undefined, tableText: "", recounts, waits };
  }
  // Within the event that met a defect the books need not balance.
  if (verdict.defect === true) {
    const line = `balanced up to event ${verdict.last - 1}; ${verdict.line}`;
    return { ...verdict, line, table: undefined, tableText: "", recounts, waits };
  }
  if (imbalance === undefined && verdict.events > 0) recount(verdict.last);
  const table = reader.state === "closed" && imbalance === undefined ? auditor.close() : undefined;
  if (table !== undefined && !table.balanced) {
    imbalance = unbalanced(kernel.reducer.state, table, verdict.last);
  }
  if (imbalance !== undefined) {
    const culprits = culpritsOf(file, imbalance, auditor);
    return { ...verdict, ...failed(imbalance, culprits), ...text(table), recounts, waits };
  }
  return { ...verdict, ...passed(verdict, reader), ...text(table), recounts, waits };
}

function unbalanced(s: State, table: ClosingTable, order: number): Imbalance {
  const wrong = table.rows.filter((row) => row.wrong !== undefined);
  return {
    order,
    line: wrong.map((row) => `${row.resource} (${row.account}): ${row.wrong}`).join("; "),
    details: [],
    suspects: suspectsOf(s, table),
  };
}

function hasKernelHash(reader: JournalReader): boolean {
  const hashes = reader.hashes;
  return hashes.length > 0 && hashes[0].kind === HashKind.K;
}

/**
 * Finds the event after which a recount first differs, by folding again: first in strides, then
 * event by event.
 *
 * @param good the last event after which a recount agreed
 * @param bad an event after which it does not
 */
function traceRecount(file: JournalFile, good: number, bad: number): Imbalance {
  const coarse = firstDifference(file, good, bad, STRIDE);
  const end = coarse?.order ?? bad;
  const fine = firstDifference(file, Math.max(good, end - STRIDE), end, 1);
  // A fold that dies of a defect on the way leaves the event where the difference was seen.
  return fine ?? coarse ?? { order: bad, line: "a recount differs", details: [], suspects: [] };
}

function firstDifference(
  file: JournalFile,
  from: number,
  to: number,
  stride: number,
): Imbalance | undefined {
  const kernel = kernelOf(file);
  const recount = makeRecount(kernel.reducer.state);
  let found: Imbalance | undefined;
  const after = (e: RecordedEvent): boolean => {
    const looks = e.order > from && (e.order === to || (e.order - from) % stride === 0);
    if (!looks) return true;
    const findings = recount();
    if (findings.length === 0) return true;
    found = imbalanceOf(e.order, findings, formatEvent(e, rowOf));
    return false;
  };
  try {
    fold(file.reader(), kernel, { until: to, after });
  } catch (error) {
    if (!(error instanceof KernelDefect)) throw error;
  }
  return found;
}

function imbalanceOf(order: number, findings: readonly Finding[], event: string): Imbalance {
  const shown = findings.slice(0, FINDINGS_SHOWN).map((f) => `  ${f.text}`);
  const more = findings.length - shown.length;
  return {
    order,
    line: findings[0].text,
    details: [`  ${event.trim()}`, ...shown, ...(more > 0 ? [`  … and ${more} more`] : [])],
    suspects: suspectsOfFindings(findings),
  };
}

/** Traces what leaked to the events that took it. */
function culpritsOf(file: JournalFile, imbalance: Imbalance, auditor: Auditor): Culprit[] {
  if (imbalance.suspects.length === 0) return [];
  const again: Fold = (after) => {
    const kernel = kernelOf(file);
    fold(file.reader(), kernel, {
      until: imbalance.order,
      after: (e) => after(kernel.reducer.state, e.order),
    });
  };
  return findCulprits(again, imbalance.suspects, auditor.baseline);
}

function failed(imbalance: Imbalance, culprits: readonly Culprit[]): Partial<Verdict> {
  return {
    status: Exit.Failed,
    line: `not balanced after event ${imbalance.order}: ${imbalance.line}`,
    details: [...imbalance.details, ...culprits.map((c) => `  ${culpritText(c)}`)],
    last: imbalance.order,
  };
}

function passed(verdict: Verdict, reader: JournalReader): Partial<Verdict> {
  const count = grouped(verdict.events);
  if (verdict.status === Exit.Ok) {
    return { line: `balanced and closed after ${count} events` };
  }
  const end = endOf(reader, verdict.last);
  const where = verdict.events === 0
    ? "there are no events"
    : `balanced up to event ${verdict.last}, but not closed there`;
  return { line: `${where}: the journal is ${end}` };
}

function text(
  table: ClosingTable | undefined,
): { readonly table: ClosingTable | undefined; readonly tableText: string } {
  return { table, tableText: table === undefined ? "" : formatClosingTable(table) };
}
