import { DenoHost } from "../../drivers/host/host.ts";
import { printError, printOut } from "../../drivers/host/process.ts";
import { auditFile, type AuditResult } from "./audit_file.ts";
import { JournalFile } from "./journal_file.ts";
import { Progress } from "./progress.ts";
import { terminalProgress } from "./progress_output.ts";
import { micros } from "./show/names.ts";
import { parseReaderOptions } from "./reader_options.ts";

const HELP = `Folds a journal, recounts every resource and closes the books.

deno task audit FILE [--json]
`;

/** `audit`: 0 balanced and closed, 1 not, 2 unreadable, 3 balanced up to where it is cut. */
export function audit(words: readonly string[], folder: string): number {
  const spec = { switches: ["--json"], numbers: [], words: [] };
  const request = parseReaderOptions("audit", words, spec, folder);
  if (request.has("--help")) {
    printOut(HELP);
    return 0;
  }
  const file = new JournalFile(request.file);
  const progress = new Progress("auditing", terminalProgress(new DenoHost()));
  const result = auditFile(file, (events) => progress.update(events, 0, "events"));
  progress.clear();
  file.close();
  printAudit(result, request.has("--json"));
  return result.status;
}

/** Prints the closing table and the verdict: failures on standard error. */
export function printAudit(result: AuditResult, json: boolean): void {
  if (json) {
    const { tableText: _, ...plain } = result;
    printOut(`${JSON.stringify(plain)}\n`);
    return;
  }
  if (result.tableText !== "") printOut(`${result.tableText}\n`);
  for (const { level, ns, hart } of result.waits) {
    printOut(`longest wait at level ${level}: ${micros(ns)} us, on hart ${hart}\n`);
  }
  const lines = [`audit: ${result.line}`, ...result.details].join("\n");
  if (result.status === 0) printOut(`${lines}\n`);
  else printError(`${lines}\n`);
}
