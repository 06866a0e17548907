import { printError, printOut } from "../../drivers/host/process.ts";
import { countJournal, type JournalCounts } from "./count_journal.ts";
import { Exit } from "./exit.ts";
import { JournalFile } from "./journal_file.ts";
import { parseReaderOptions } from "./reader_options.ts";
import { grouped, seconds } from "./summary.ts";
import { endOf } from "./verdict.ts";

const HELP = `Tells what a journal holds: header, counts by hart and kind, sizes, hashes.

deno task info FILE [--json]
`;

/** `info`: 0, 2 unreadable, 3 cut or damaged. */
export function info(words: readonly string[], folder: string): number {
  const spec = { switches: ["--json"], numbers: [], words: [] };
  const request = parseReaderOptions("info", words, spec, folder);
  if (request.has("--help")) {
    printOut(HELP);
    return 0;
  }
  const file = new JournalFile(request.file);
  const reader = file.reader();
  const counts = countJournal(reader);
  const closed = reader.state === "closed";
  if (request.has("--json")) {
    const { header, size } = file;
    printOut(`${JSON.stringify({ file: file.path, size, closed, header, counts })}\n`);
  } else printOut(infoText(file, counts, closed));
  if (!closed) printError(`info: the journal is ${endOf(reader, reader.lastOrder)}\n`);
  file.close();
  return closed ? Exit.Ok : Exit.Partial;
}

function infoText(file: JournalFile, counts: JournalCounts, closed: boolean): string {
  const { header, configuration: c, size } = file;
  const perEvent = counts.events === 0 ? 0 : size / counts.events;
  const rows: (readonly [string, string])[] = [
    ["file", file.path],
    ["recorded by", `${header.program}, kernel ${header.identity.slice(0, 16)}`],
    ["boot", `${c.mode}: ${c.argv.join(" ")} (${c.program})`],
    ["machine", `${c.harts} harts, ${grouped(c.memory / 2 ** 20)} MiB, seed ${c.seed}`],
    ["image", c.image.slice(0, 16)],
    ["environment", c.env.join(" ")],
    ["closed", closed ? "yes" : "no"],
    ["events", grouped(counts.events)],
    ["virtual time", `${seconds(counts.time)} s`],
    ["size", `${grouped(size)} bytes, ${perEvent.toFixed(1)} an event`],
    ["K hashes", `${counts.kernelHashes}, last ${counts.lastKernelHash}`],
    ["M hashes", `${counts.machineHashes}, last ${counts.lastMachineHash}`],
    ...Object.entries(counts.byKind).map(([k, n]) => [`  ${k}`, grouped(n)] as const),
    ...counts.byHart.map((n, hart) => [`  hart ${hart}`, grouped(n)] as const),
  ];
  return rows.map(([name, value]) => `${name.padEnd(14)} ${value}\n`).join("");
}
