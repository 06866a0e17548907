import { ShutdownCause } from "../../arch/machine/config.ts";
import type { Outcome } from "../../arch/machine/machine.ts";
import { MachineDefect, OutputError } from "../../arch/machine/machine_defect.ts";
import type { OutputPort } from "../../arch/machine/ports.ts";
import { DenoHost } from "../../drivers/host/host.ts";
import { digestKernelSources } from "../../drivers/host/kernel_sources.ts";
import { printError, printOut } from "../../drivers/host/process.ts";
import { readTextFile } from "../../drivers/host/text_file.ts";
import { JournalWriteError } from "../write/byte_sink.ts";
import { auditFile, type AuditResult } from "./audit_file.ts";
import { CommandError } from "./command_error.ts";
import { Exit, RunExit } from "./exit.ts";
import { foldFile } from "./fold_file.ts";
import { countJournal, type JournalCounts } from "./count_journal.ts";
import { JournalFile } from "./journal_file.ts";
import { type JournalPath, journalPath } from "./journal_path.ts";
import { checkMarkers, parseMarkers } from "./markers.ts";
import { type MachineOptions, optionsHelp, parseMachineOptions } from "./options.ts";
import { resolvePath, shownPath } from "./paths.ts";
import { Progress } from "./progress.ts";
import { terminalProgress } from "./progress_output.ts";
import { record } from "./record.ts";
import { reexecuteFile } from "./reexecute_file.ts";
import { IMAGE, planBoot } from "./run_plan.ts";
import { selfCheckOf } from "./self_check.ts";
import { grouped, runSummary, seconds, SHUTDOWN_NAMES } from "./summary.ts";
import type { Verdict } from "./verdict.ts";

const HELP = `Boots the built-in image, records it, replays it both ways and audits its books.

deno task boot [options]

${optionsHelp()}`;

/** One check of a recorded boot, with what it took. */
interface Step {
  readonly name: string;
  readonly verdict: Verdict;
  /** Wall-clock ms. */
  readonly ms: number;
}

/** `boot`: 0 when all markers were seen, both replays are equal and the books are closed. */
export function boot(words: readonly string[], folder: string): number {
  const options = parseMachineOptions("boot", words);
  if (options.help) {
    printOut(HELP);
    return Exit.Ok;
  }
  const host = new DenoHost();
  try {
    return bootAndCheck(options, host, folder);
  } catch (error) {
    if (error instanceof JournalWriteError || error instanceof OutputError) {
      throw new CommandError(Exit.Failed, error.message, { cause: error });
    }
    throw error;
  } finally {
    host.close();
  }
}

function bootAndCheck(options: MachineOptions, host: DenoHost, folder: string): number {
  const journal = journalPath("boot", options, folder, Exit.Failed);
  const heard = new HeardConsole(options.json ? undefined : host);
  const begin = host.now();
  const outcome = bootOrExplain(options, host, folder, journal, heard);
  const bootMs = host.now() - begin;
  const root = options.root === undefined ? IMAGE : resolvePath(folder, options.root);
  const names = parseMarkers(readTextFile(`${root}/etc/markers`) ?? "");
  const markers = checkMarkers(names, heard.text());
  const path = journal.keep();
  const problems = [endProblem(outcome), markers.problem].filter((p) => p !== "");
  const steps: Step[] = [];
  let counts: JournalCounts | undefined, audit: AuditResult | undefined, size = 0;
  if (path !== undefined) {
    const file = new JournalFile(path);
    size = file.size;
    counts = countJournal(file.reader());
    audit = checkRecording(file, host, steps);
    file.close();
  }
  for (const { name, verdict } of steps) {
    if (verdict.status !== Exit.Ok) problems.push(`${name}: ${verdict.line}`);
  }
  const shown = path === undefined ? undefined : shownPath(folder, path);
  const facts = { outcome, bootMs, path: shown, size, counts, audit, steps, problems };
  const seen = `${markers.seen} of ${names.length}`;
  if (options.json) printOut(`${JSON.stringify(jsonOf(facts, seen))}\n`);
  else printOut(summaryText(facts, seen));
  if (problems.length > 0) printError(`boot: ${problems.join("; ")}\n`);
  return problems.length === 0 ? Exit.Ok : Exit.Failed;
}

function bootOrExplain(
  options: MachineOptions,
  host: DenoHost,
  folder: string,
  journal: JournalPath,
  output: OutputPort,
): Outcome {
  try {
    const plan = planBoot(options, host, folder);
    return record({
      plan,
      host,
      output,
      journal: journal.path,
      identity: digestKernelSources(),
      paced: false,
      timeLimit: options.timeLimit,
    }).outcome;
  } catch (error) {
    if (!(error instanceof MachineDefect)) throw error;
    const kept = journal.keep();
    const again = kept === undefined
      ? ""
      : `; to see it again: deno task replay ${shownPath(folder, kept)}`;
    throw new CommandError(RunExit.Defect, `${error.message}${again}`, { cause: error });
  }
}

/** Passes the console on, and keeps what it said. */
class HeardConsole implements OutputPort {
  private readonly decoder = new TextDecoder();
  private heard = "";

  constructor(private readonly to: OutputPort | undefined) {}

  writeStream(stream: number, bytes: Uint8Array, from: number, length: number): number {
    this.heard += this.decoder.decode(bytes.slice(from, from + length), { stream: true });
    return this.to === undefined ? 0 : this.to.writeStream(stream, bytes, from, length);
  }

  text(): string {
    return this.heard;
  }
}

function endProblem(outcome: Outcome): string {
  if (outcome.reason === ShutdownCause.InitExit) return "";
  return `the boot ended by ${SHUTDOWN_NAMES[outcome.reason]}, not by init`;
}

/** What the scheduler found of itself, both replays and the audit. */
function checkRecording(file: JournalFile, host: DenoHost, steps: Step[]): AuditResult {
  const timed = <V extends Verdict>(
    name: string,
    doing: string,
    check: (progress: (events: number) => void) => V,
  ): V => {
    const progress = new Progress(doing, terminalProgress(host));
    const begin = host.now();
    const verdict = check((events) => progress.update(events, 0, "events"));
    progress.clear();
    steps.push({ name, verdict, ms: host.now() - begin });
    return verdict;
  };
  timed("self-check", "checking", () => selfCheckOf(file));
  timed("re-execute", "re-executing", (progress) => reexecuteFile(file, { progress }));
  timed("fold", "folding", (progress) => foldFile(file, { progress }));
  return timed("audit", "auditing", (progress) => auditFile(file, progress));
}

interface Facts {
  readonly outcome: Outcome;
  readonly bootMs: number;
  readonly path: string | undefined;
  readonly size: number;
  readonly counts: JournalCounts | undefined;
  readonly audit: AuditResult | undefined;
  readonly steps: readonly Step[];
  readonly problems: readonly string[];
}

function jsonOf(facts: Facts, markers: string): unknown {
  const { outcome, bootMs, path, size, counts, steps, problems } = facts;
  return {
    ...runSummary(outcome, path),
    markers,
    bootMs: Math.round(bootMs),
    journalBytes: size,
    counts: counts ?? null,
    steps: steps.map(({ name, verdict: { status, line, details }, ms }) => ({
      name,
      status,
      line,
      details,
      ms: Math.round(ms),
    })),
    books: facts.audit?.table?.rows ?? null,
    problems,
  };
}

function summaryText(facts: Facts, markers: string): string {
  const { outcome, bootMs, path, size, counts, steps, audit } = facts;
  const { events, instructions, timeNs, hartTime } = outcome.stats;
  const ticks = hartTime.user + hartTime.kernel + hartTime.idle + hartTime.debt;
  const share = (part: number): string => `${(100 * part / Math.max(1, ticks)).toFixed(1)} %`;
  const rows: [string, string][] = [
    ["markers", markers],
    ["boot", `${grouped(events)} events, ${grouped(instructions)} instructions in ${ms(bootMs)}`],
    [
      "virtual time",
      `${seconds(timeNs)} s; harts: user ${share(hartTime.user)}, kernel ` +
      `${share(hartTime.kernel)}, idle ${share(hartTime.idle)}`,
    ],
  ];
  if (counts !== undefined) {
    rows.push(
      ["by kind", Object.entries(counts.byKind).map(([k, n]) => `${k} ${grouped(n)}`).join(", ")],
      ["by hart", counts.byHart.map(grouped).join(", ")],
    );
  }
  if (path !== undefined) {
    const each = (size / Math.max(1, events)).toFixed(1);
    rows.push(["journal", `${path}, ${grouped(size)} bytes, ${each} an event`]);
  }
  for (const step of steps) rows.push([step.name, `${step.verdict.line}, ${ms(step.ms)}`]);
  const width = Math.max(...rows.map(([name]) => name.length));
  const text = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join("");
  const table = audit === undefined || audit.tableText === "" ? "" : `\n${audit.tableText}\n`;
  return `\n${text}${table}`;
}

function ms(value: number): string {
  return `${(value / 1000).toFixed(2)} s`;
}
