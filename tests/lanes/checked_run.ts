/** A recorded run with everything checked that must hold of any run, however it ended. */
import { ShutdownCause } from "../../arch/machine/config.ts";
import type { Outcome } from "../../arch/machine/machine.ts";
import { MachineDefect } from "../../arch/machine/machine_defect.ts";
import { type OutputPort, OutputResult } from "../../arch/machine/ports.ts";
import { DenoHost } from "../../drivers/host/host.ts";
import { digestKernelSources } from "../../drivers/host/kernel_sources.ts";
import { auditFile } from "../../journal/commands/audit_file.ts";
import { foldFile } from "../../journal/commands/fold_file.ts";
import { JournalFile } from "../../journal/commands/journal_file.ts";
import { parseMachineOptions } from "../../journal/commands/options.ts";
import { record } from "../../journal/commands/record.ts";
import { reexecuteFile } from "../../journal/commands/reexecute_file.ts";
import { planBoot, planRun, type RunPlan } from "../../journal/commands/run_plan.ts";
import type { Verdict } from "../../journal/commands/verdict.ts";
import { repository } from "../daybook.ts";
import { journalBreach } from "../kernel/journal_purity.ts";

/** What to run. */
export interface Case {
  readonly command: "boot" | "run";
  /** As typed after the command. */
  readonly words: readonly string[];
  /** Absolute path of the folder the words are typed in; the repository by default. */
  readonly folder?: string;
  /** Bytes of memory, also where the command line would find them too few. */
  readonly memory?: number;
}

/** What came of it. */
export interface CheckedRun {
  /** Undefined when the run met a defect. */
  readonly outcome: Outcome | undefined;
  /** All that the guest wrote to its console or standard streams. */
  readonly output: string;
  /** One line for each check that failed; empty when all is well. */
  readonly problems: readonly string[];
}

/**
 * Records a run, replays it both ways, audits it, and folds it in lock step.
 *
 * @param journal file to record into; overwritten
 */
export function checkedRun(what: Case, journal: string): CheckedRun {
  const output = new TextOutput();
  const problems: string[] = [];
  const outcome = recordOrExplain(what, journal, output, problems);
  const file = new JournalFile(journal);
  try {
    const check = (name: string, verdict: Verdict): void => {
      if (verdict.status === 0) return;
      problems.push([`${name}: ${verdict.line}`, ...verdict.details].join("\n"));
    };
    check("re-execute", reexecuteFile(file));
    check("fold", foldFile(file));
    check("audit", auditFile(file));
    const breach = journalBreach(journal);
    if (breach !== "") problems.push(`purity: ${breach}`);
  } finally {
    file.close();
  }
  return { outcome, output: output.text(), problems };
}

function recordOrExplain(
  what: Case,
  journal: string,
  output: OutputPort,
  problems: string[],
): Outcome | undefined {
  const host = new DenoHost();
  try {
    const { outcome } = record({
      plan: planOf(what, host),
      host,
      output,
      journal,
      identity: digestKernelSources(),
      paced: false,
      timeLimit: undefined,
    });
    if (outcome.reason === ShutdownCause.Deadlock) problems.push("record: deadlock");
    return outcome;
  } catch (error) {
    if (!(error instanceof MachineDefect)) throw error;
    problems.push(`record: ${error.message}`);
    return undefined;
  } finally {
    host.close();
  }
}

function planOf({ command, words, folder, memory }: Case, host: DenoHost): RunPlan {
  const options = parseMachineOptions(command, words);
  const plan = (command === "boot" ? planBoot : planRun)(options, host, folder ?? repository);
  if (memory === undefined) return plan;
  return { ...plan, configuration: { ...plan.configuration, memory } };
}

/** Keeps what the guest writes. */
class TextOutput implements OutputPort {
  private readonly decoder = new TextDecoder();
  private kept = "";

  writeStream(_stream: number, bytes: Uint8Array, from: number, length: number): number {
    this.kept += this.decoder.decode(bytes.slice(from, from + length), { stream: true });
    return OutputResult.Done;
  }

  text(): string {
    return this.kept;
  }
}
