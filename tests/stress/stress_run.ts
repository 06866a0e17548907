/** One load under one seed, with all that must hold of it. */
import { ShutdownCause } from "../../arch/machine/config.ts";
import type { Outcome } from "../../arch/machine/machine.ts";
import { MachineDefect } from "../../arch/machine/machine_defect.ts";
import { DenoHost } from "../../drivers/host/host.ts";
import { digestKernelSources } from "../../drivers/host/kernel_sources.ts";
import { auditFile } from "../../journal/commands/audit_file.ts";
import { JournalFile } from "../../journal/commands/journal_file.ts";
import { parseMachineOptions } from "../../journal/commands/options.ts";
import { record } from "../../journal/commands/record.ts";
import { reexecuteFile } from "../../journal/commands/reexecute_file.ts";
import { planRun } from "../../journal/commands/run_plan.ts";
import { grouped, SHUTDOWN_NAMES } from "../../journal/commands/summary.ts";
import type { Verdict } from "../../journal/commands/verdict.ts";
import { repository } from "../daybook.ts";
import { ChannelGate } from "./channel_gate.ts";
import { Watch } from "./watch.ts";
import type { Workload } from "./workloads.ts";

/** Harts of every run. */
export const HARTS = 8;

/** What came of a run. */
export interface StressResult {
  readonly name: string;
  readonly seed: number;
  /** One line for each thing that does not hold, and the line that runs it again. */
  readonly problems: readonly string[];
  readonly hung: boolean;
  readonly events: number;
  readonly instructions: number;
  readonly journalBytes: number;
  /** Wall-clock ms. */
  readonly ms: { readonly record: number; readonly whole: number };
}

/** The words after `deno task run` that make the run. */
function wordsOf(workload: Workload, seed: number, instructions: number): string[] {
  return [
    ...["--harts", String(HARTS), "--seed", String(seed), "--env", "PROGRESS=1"],
    ...["--instruction-limit", String(instructions)],
    ...[`userland/image/bin/${workload.program}`, ...workload.args],
  ];
}

/**
 * Records a load under a seed, replays it both ways and audits it.
 *
 * @param journal file to record into; overwritten
 */
export function stressRun(workload: Workload, seed: number, journal: string): StressResult {
  const began = performance.now();
  const watch = new Watch(workload.budget);
  const problems: string[] = [];
  const words = wordsOf(workload, seed, workload.instructions);
  const outcome = recordOrExplain(words, journal, watch, problems);
  const recorded = performance.now();
  if (outcome !== undefined) problems.push(...endProblems(workload, outcome, watch));
  const file = new JournalFile(journal);
  const journalBytes = file.size;
  try {
    problems.push(...checkJournal(workload, file));
  } finally {
    file.close();
  }
  const instructions = outcome?.stats.instructions ?? 0;
  if (problems.length > 0) problems.push(again(workload, seed, watch.hung ? instructions : 0));
  return {
    name: workload.name,
    seed,
    problems,
    hung: watch.hung || outcome?.reason === ShutdownCause.Limit,
    events: outcome?.stats.events ?? 0,
    instructions,
    journalBytes,
    ms: { record: recorded - began, whole: performance.now() - began },
  };
}

/** The line that makes the same run, up to where it was ended. */
function again(workload: Workload, seed: number, instructions: number): string {
  const limit = instructions > 0 ? instructions : workload.instructions;
  return `again: deno task run ${wordsOf(workload, seed, limit).join(" ")}`;
}

function recordOrExplain(
  words: readonly string[],
  journal: string,
  watch: Watch,
  problems: string[],
): Outcome | undefined {
  const host = new DenoHost();
  try {
    const { outcome, startError } = record({
      plan: planRun(parseMachineOptions("run", words), host, repository),
      host,
      output: watch,
      journal,
      identity: digestKernelSources(),
      paced: false,
      timeLimit: undefined,
      stop: (events) => watch.stop(events),
    });
    if (startError !== 0) problems.push(`record: the program did not start (error ${startError})`);
    return outcome;
  } catch (error) {
    if (!(error instanceof MachineDefect)) throw error;
    problems.push(`record: ${error.message}`);
    return undefined;
  } finally {
    host.close();
  }
}

/** What is wrong with how a run ended, and with what it printed. */
function endProblems(workload: Workload, outcome: Outcome, watch: Watch): string[] {
  const problems: string[] = [];
  const { reason, waitStatus, stats } = outcome;
  if (watch.hung) {
    const events = grouped(stats.events);
    problems.push(
      `hang: ${grouped(workload.budget)} events without a mark, ${events} in all, ` +
        `${watch.marks} marks`,
    );
  } else if (reason === ShutdownCause.Limit) {
    problems.push(`hang: ${grouped(workload.instructions)} instructions, ${watch.marks} marks`);
  } else if (reason !== ShutdownCause.InitExit) {
    problems.push(`the run ended by ${SHUTDOWN_NAMES[reason]}`);
  } else if (waitStatus !== 0) problems.push(`the load ended with wait status ${waitStatus}`);
  const text = watch.text();
  const lines = text.split("\n");
  const missing = workload.lines.filter((begin) => !lines.some((line) => line.startsWith(begin)));
  for (const begin of missing) problems.push(`not printed: ${begin}`);
  if (problems.length > 0) problems.push(`printed:\n${text.trimEnd().replaceAll(/^/gm, "    ")}`);
  return problems;
}

/** Both replays, the audit, and the look at the kernel's channels. */
function checkJournal(workload: Workload, file: JournalFile): string[] {
  const problems: string[] = [];
  const check = (name: string, verdict: Verdict): void => {
    if (verdict.status === 0) return;
    problems.push([`${name}: ${verdict.line}`, ...verdict.details].join("\n"));
  };
  check("re-execute", reexecuteFile(file));
  // The audit is a fold too: every state hash is compared.
  const gate = new ChannelGate();
  const look = workload.gate === true ? gate.after.bind(gate) : undefined;
  check("fold and audit", auditFile(file, () => {}, look));
  problems.push(...gate.problems.map((line) => `gate: ${line}`));
  if (workload.gate === true && gate.looks !== 1) problems.push(`gate: looked ${gate.looks} times`);
  return problems;
}
