import { EVENT_NAMES, RecordedEvent } from "../../core/event.ts";
import { hashText } from "../../core/state/hash.ts";
import { printError, printOut } from "../../drivers/host/process.ts";
import { HashKind } from "../format.ts";
import type { JournalReader } from "../reader.ts";
import { Exit } from "./exit.ts";
import { JournalFile } from "./journal_file.ts";
import { parseReaderOptions } from "./reader_options.ts";
import { grouped, seconds } from "./summary.ts";
import { endOf } from "./verdict.ts";

const HELP = `Tells what a journal holds: header, counts by hart and kind, sizes, hashes.

deno task info FILE [--json]
`;

/** What a journal holds. */
export interface JournalCounts {
  readonly events: number;
  readonly byKind: Readonly<Record<string, number>>;
  readonly byHart: readonly number[];
  /** ns of virtual time of the last event. */
  readonly time: number;
  readonly kernelHashes: number;
  readonly machineHashes: number;
  /** The last of each, hex; "" for none. */
  readonly lastKernelHash: string;
  readonly lastMachineHash: string;
  readonly payloadBytes: number;
}

/** Reads a journal to its end and counts. */
export function countJournal(reader: JournalReader): JournalCounts {
  const e = new RecordedEvent();
  const kinds = new Array<number>(EVENT_NAMES.length).fill(0);
  const harts: number[] = [];
  const hashes = [0, 0];
  const last = ["", ""];
  let events = 0, time = 0, payloadBytes = 0;
  while (reader.next(e)) {
    events++;
    kinds[e.kind]++;
    while (harts.length <= e.hart) harts.push(0);
    harts[e.hart]++;
    time = e.time > time ? e.time : time;
    payloadBytes += e.payloadLength;
    for (const h of reader.hashes) {
      const which = h.kind === HashKind.K ? 0 : 1;
      hashes[which]++;
      last[which] = hashText(h.hash);
    }
  }
  const byKind: Record<string, number> = {};
  kinds.forEach((count, kind) => {
    if (count > 0) byKind[EVENT_NAMES[kind]] = count;
  });
  return {
    events,
    byKind,
    byHart: harts,
    time,
    kernelHashes: hashes[0],
    machineHashes: hashes[1],
    lastKernelHash: last[0],
    lastMachineHash: last[1],
    payloadBytes,
  };
}

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
