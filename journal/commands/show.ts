import { ONE } from "../../core/kernel.ts";
import { DenoHost } from "../../drivers/host/host.ts";
import { printError, printOut } from "../../drivers/host/process.ts";
import { JournalFile } from "./journal_file.ts";
import { Progress } from "./progress.ts";
import { terminalProgress } from "./progress_output.ts";
import { parseReaderOptions } from "./reader_options.ts";
import { sheetData, sheetText } from "./show/sheet.ts";
import { stateAt } from "./show/state_at.ts";
import { views } from "./show/view.ts";
import { seconds } from "./summary.ts";
import { UsageError } from "./usage_error.ts";

const HELP = `Shows the state of the kernel at one event of a journal.

deno task show FILE [--at N] VIEW [--json]

  --at N  after event N; the last event unless given

Views:
${Object.entries(views).map(([name, { doc }]) => `  ${name.padEnd(10)} ${doc}\n`).join("")}`;

/** `show`: 0, 1 the fold differs from what was recorded, 2 unreadable, 3 cut or damaged before N. */
export function show(words: readonly string[], folder: string): number {
  const spec = { switches: ["--json"], numbers: ["--at"], words: [], operand: "VIEW" };
  const request = parseReaderOptions("show", words, spec, folder);
  if (request.has("--help")) {
    printOut(HELP);
    return 0;
  }
  const name = request.operand;
  if (!Object.hasOwn(views, name)) {
    const known = Object.keys(views).join(", ");
    throw new UsageError(`no view ${JSON.stringify(name)}; there are ${known}`);
  }
  const file = new JournalFile(request.file);
  const progress = new Progress("folding", terminalProgress(new DenoHost()));
  try {
    const at = stateAt(file, request.number("--at"), (n) => progress.update(n, 0, "events"));
    progress.clear();
    const sheet = views[name].of(at.state);
    const time = at.state.kernel.now[ONE];
    if (request.has("--json")) {
      printOut(`${JSON.stringify({ event: at.event, time, view: name, ...sheetData(sheet) })}\n`);
    } else printOut(`${name} after event ${at.event}, ${seconds(time)} s\n${sheetText(sheet)}`);
    if (at.status !== 0) printError(`show: ${at.line}\n`);
    return at.status;
  } finally {
    progress.clear();
    file.close();
  }
}
