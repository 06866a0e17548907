/**
 * Daybook as a library: run a program and record it, replay the journal both ways, audit its books,
 * read its events.
 *
 * @example
 * ```ts
 * const run = recordRun(["--harts", "2", "hello"], "/home/me", "/home/me/hello.daybook");
 * const equal = replayJournal("/home/me/hello.daybook").status === 0;
 * ```
 *
 * @module
 */
import type { OutputPort } from "./arch/machine/ports.ts";
import { DenoHost } from "./drivers/host/host.ts";
import { digestKernelSources } from "./drivers/host/kernel_sources.ts";
import { auditFile, type AuditResult } from "./journal/commands/audit_file.ts";
import { foldFile } from "./journal/commands/fold_file.ts";
import { countJournal, type JournalCounts } from "./journal/commands/count_journal.ts";
import { JournalFile } from "./journal/commands/journal_file.ts";
import { parseMachineOptions } from "./journal/commands/options.ts";
import { record, type Recording } from "./journal/commands/record.ts";
import { reexecuteFile } from "./journal/commands/reexecute_file.ts";
import { planBoot, planRun } from "./journal/commands/run_plan.ts";
import type { Verdict } from "./journal/commands/verdict.ts";

export type { Outcome } from "./arch/machine/machine.ts";
export type { OutputPort } from "./arch/machine/ports.ts";
export { RecordedEvent } from "./core/event.ts";
export type { AuditResult } from "./journal/commands/audit_file.ts";
export type { JournalCounts } from "./journal/commands/count_journal.ts";
export type { Recording } from "./journal/commands/record.ts";
export type { Verdict } from "./journal/commands/verdict.ts";
export { JournalReader } from "./journal/read/reader.ts";

/** Where a recording's output goes; the host's standard streams by default. */
export interface RecordingOptions {
  readonly output?: OutputPort;
}

/**
 * Runs a host program as the first process and records it.
 *
 * @param words as of `deno task run`: options, program, arguments
 * @param folder absolute path that relative ones start from
 * @param journal file to write, or undefined to keep none
 * @throws {Error} with one line for the user: UsageError, CommandError, HostError,
 * JournalWriteError; MachineDefect for a defect
 */
export function recordRun(
  words: readonly string[],
  folder: string,
  journal: string | undefined,
  options: RecordingOptions = {},
): Recording {
  return recordWith("run", words, folder, journal, options);
}

/** Boots the built-in image, or --root, and records it; otherwise as recordRun. */
export function recordBoot(
  words: readonly string[],
  folder: string,
  journal: string | undefined,
  options: RecordingOptions = {},
): Recording {
  return recordWith("boot", words, folder, journal, options);
}

function recordWith(
  command: "run" | "boot",
  words: readonly string[],
  folder: string,
  journal: string | undefined,
  recording: RecordingOptions,
): Recording {
  const options = parseMachineOptions(command, words);
  const host = new DenoHost();
  try {
    const planned = command === "run" ? planRun : planBoot;
    return record({
      plan: planned(options, host, folder),
      host,
      journal,
      identity: digestKernelSources(),
      paced: options.pace && command === "run",
      timeLimit: options.timeLimit,
      ...recording,
    });
  } finally {
    host.close();
  }
}

function withJournal<T>(path: string, use: (file: JournalFile) => T): T {
  const file = new JournalFile(path);
  try {
    return use(file);
  } finally {
    file.close();
  }
}

/**
 * Re-executes a journal: the whole machine, compared event by event.
 *
 * @param until the last event; all by default
 */
export function replayJournal(path: string, until?: number): Verdict {
  return withJournal(path, (file) => reexecuteFile(file, until === undefined ? {} : { until }));
}

/** Folds a journal: the kernel alone, its state hashes compared. */
export function foldJournal(path: string, until?: number): Verdict {
  return withJournal(path, (file) => foldFile(file, until === undefined ? {} : { until }));
}

/** Audits a journal: totals after each event, recounts, the closing table. */
export function auditJournal(path: string): AuditResult {
  return withJournal(path, (file) => auditFile(file));
}

/** Counts what a journal holds. */
export function countEvents(path: string): JournalCounts {
  return withJournal(path, (file) => countJournal(file.reader()));
}
