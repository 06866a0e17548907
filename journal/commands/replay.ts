import { DenoHost } from "../../drivers/host/host.ts";
import { HostContents } from "../../drivers/host/host_contents.ts";
import { printError, printOut } from "../../drivers/host/process.ts";
import { foldFile } from "./fold_file.ts";
import { JournalFile } from "./journal_file.ts";
import { resolvePath } from "./paths.ts";
import { Progress } from "./progress.ts";
import { terminalProgress } from "./progress_output.ts";
import { parseReaderOptions } from "./reader_options.ts";
import { reexecuteFile } from "./reexecute_file.ts";
import { oneOf } from "./values.ts";
import type { Verdict } from "./verdict.ts";

const HELP = `Runs a recorded boot again and compares it with its journal bit for bit.

deno task replay FILE [--fold] [--until N] [--engine ir|wasm] [--contents PATH]… [--quiet] [--json]

  --fold     the kernel alone, fed from the journal, without a machine
  --until N  up to event N
  --engine   ir interprets, wasm compiles hot code (the default); the events are the same
  --contents PATH  a file, or a folder of files, that a journal made with --no-embed
             lacks; may be repeated
  --quiet    without the console output of the boot
  --json     the verdict as JSON
`;

/** `replay`: 0 equal, 1 diverged, 2 unreadable, 3 equal up to where the journal is cut. */
export function replay(words: readonly string[], folder: string): number {
  const spec = {
    switches: ["--fold", "--quiet", "--json"],
    numbers: ["--until"],
    words: ["--engine"],
  };
  const lists = ["--contents"];
  const request = parseReaderOptions("replay", words, { ...spec, lists }, folder);
  if (request.has("--help")) {
    printOut(HELP);
    return 0;
  }
  const file = new JournalFile(request.file);
  const host = new DenoHost();
  const progress = new Progress("replaying", terminalProgress(host));
  const until = request.number("--until");
  const paths = request.list("--contents").map((path) => resolvePath(folder, path));
  const engine = request.word("--engine");
  const options = {
    ...(engine === undefined ? {} : { engine: oneOf("--engine", engine, ["ir", "wasm"]) }),
    ...(paths.length === 0 ? {} : { contents: new HostContents(paths) }),
    ...(until === undefined ? {} : { until }),
    progress: (events: number): void => progress.update(events, 0, "events"),
  };
  const quiet = request.has("--quiet") || request.has("--json");
  const verdict = request.has("--fold")
    ? foldFile(file, options)
    : reexecuteFile(file, quiet ? options : { ...options, output: host });
  progress.clear();
  file.close();
  printVerdict("replay", verdict, request.has("--json"));
  return verdict.status;
}

/** Prints a verdict: as JSON on standard output, as text on standard error. */
function printVerdict(name: string, verdict: Verdict, json: boolean): void {
  if (json) printOut(`${JSON.stringify(verdict)}\n`);
  else printError([`${name}: ${verdict.line}`, ...verdict.details].join("\n") + "\n");
}
