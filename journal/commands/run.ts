import { OutputError } from "../../arch/machine/machine_defect.ts";
import { MachineDefect } from "../../arch/machine/machine_defect.ts";
import { ShutdownCause } from "../../arch/machine/config.ts";
import type { Outcome } from "../../arch/machine/machine.ts";
import { DenoHost } from "../../drivers/host/host.ts";
import { HostError } from "../../drivers/host/host_error.ts";
import { digestKernelSources } from "../../drivers/host/kernel_sources.ts";
import { printError, printOut } from "../../drivers/host/process.ts";
import { JournalWriteError } from "../write/byte_sink.ts";
import { CommandError } from "./command_error.ts";
import { RunExit, statusOfProgram } from "./exit.ts";
import { faultReport } from "./fault_report.ts";
import { type JournalPath, journalPath } from "./journal_path.ts";
import { errnoName } from "./names.ts";
import { type MachineOptions, optionsHelp, parseMachineOptions } from "./options.ts";
import { shownPath } from "./paths.ts";
import { record, type Recording } from "./record.ts";
import { planRun } from "./run_plan.ts";
import { runSummary } from "./summary.ts";

const SIGPIPE = 13;

export const RUN_HELP =
  `Runs a static 64-bit RISC-V Linux program as the first process of a machine.

deno task run [options] PROGRAM [ARG…]

${optionsHelp()}`;

/** `run`: a host program as the first process, standard streams connected. */
export function run(words: readonly string[], folder: string): number {
  const options = parseMachineOptions("run", words);
  if (options.help) {
    printOut(RUN_HELP);
    return 0;
  }
  const host = new DenoHost();
  try {
    return runProgram(options, host, folder);
  } catch (error) {
    throw asCommandError(error);
  } finally {
    host.close();
  }
}

function runProgram(options: MachineOptions, host: DenoHost, folder: string): number {
  const plan = planRun(options, host, folder);
  const journal = journalPath("run", options, folder, RunExit.Daybook);
  const recording = recordOrExplain(journal, folder, () =>
    record({
      plan,
      host,
      journal: journal.path,
      identity: digestKernelSources(),
      paced: options.pace,
      timeLimit: options.timeLimit,
    }));
  const kept = journal.keep();
  if (recording.fault !== undefined && (options.verbose || host.isTerminal(2))) {
    printError(faultReport(recording.fault, kept));
  }
  if (options.json) printError(`${JSON.stringify(runSummary(recording.outcome, kept))}\n`);
  if (recording.startError !== 0) {
    const why = errnoName(recording.startError).slice(1);
    throw new CommandError(
      RunExit.NotExecutable,
      `cannot run ${options.command[0]}: execve failed with ${why}`,
    );
  }
  const { outcome, outputClosed } = recording;
  if (outputClosed && outcome.reason === ShutdownCause.PowerOff) return RunExit.Signal + SIGPIPE;
  return explain(outcome);
}

/** A defect leaves a journal that reproduces it; the line says how. */
function recordOrExplain(journal: JournalPath, folder: string, body: () => Recording): Recording {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof MachineDefect)) throw error;
    const kept = journal.keep();
    const replay = kept === undefined
      ? ""
      : `; to see it again: deno task replay ${shownPath(folder, kept)}`;
    throw new CommandError(RunExit.Defect, `${error.message}${replay}`, { cause: error });
  }
}

/** The exit status of an outcome, with a line where it is not the program's own. */
function explain(outcome: Outcome): number {
  switch (outcome.reason) {
    case ShutdownCause.InitExit:
      return statusOfProgram(outcome.waitStatus);
    case ShutdownCause.PowerOff:
      throw new CommandError(RunExit.Limit, "the time limit was reached");
    case ShutdownCause.Limit:
      throw new CommandError(RunExit.Limit, "the instruction limit was reached");
    default:
      throw new CommandError(
        RunExit.Daybook,
        "deadlock: every thread waits, and nothing can come that would wake one",
      );
  }
}

/** Faults of the host around a run, with the status of §9; anything else passes as it is. */
function asCommandError(error: unknown): unknown {
  if (error instanceof HostError || error instanceof JournalWriteError) {
    return new CommandError(RunExit.Daybook, error.message, { cause: error });
  }
  if (error instanceof OutputError) {
    return new CommandError(RunExit.Daybook, error.message, { cause: error });
  }
  return error;
}
