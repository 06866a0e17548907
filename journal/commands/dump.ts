import { KernelDefect } from "../../core/assert.ts";
import { EFFECT_ARITY, EffectKind } from "../../core/effect.ts";
import { EVENT_NAMES, EventKind, RecordedEvent } from "../../core/event.ts";
import type { Reducer } from "../../core/reducer.ts";
import { rowOf } from "../../core/syscall/rows.ts";
import { printError, printOut } from "../../drivers/host/process.ts";
import { formatEvent } from "../format_event.ts";
import { Exit } from "./exit.ts";
import { kernelOf } from "./fold_file.ts";
import { JournalFile } from "./journal_file.ts";
import { errnoName } from "./names.ts";
import { parseReaderOptions, type ReaderRequest } from "./reader_options.ts";
import { UsageError } from "./usage_error.ts";
import { endOf } from "./verdict.ts";

const HELP = `Prints the events of a journal, one a line, calls in the style of strace.

deno task dump FILE [--from N] [--to N] [--hart H] [--kind K] [--pid P] [--json]

Columns: number of the event, hart, virtual time in seconds, pid, kind. Processes and results come
from a fold of the journal; with another kernel's journal they are left out.
`;

/** Characters gathered before they are printed. */
const CHUNK = 1 << 16;

interface Filter {
  readonly from: number;
  readonly to: number;
  readonly hart: number | undefined;
  readonly kind: number | undefined;
  readonly pid: number | undefined;
}

/** `dump`: 0, 2 unreadable, 3 cut or damaged. */
export function dump(words: readonly string[], folder: string): number {
  const numbers = ["--from", "--to", "--hart", "--pid"];
  const spec = { switches: ["--json"], numbers, words: ["--kind"] };
  const request = parseReaderOptions("dump", words, spec, folder);
  if (request.has("--help")) {
    printOut(HELP);
    return 0;
  }
  const filter = filterOf(request);
  const file = new JournalFile(request.file);
  const reader = file.reader();
  const guide = file.isOurs() ? new Guide(kernelOf(file).reducer) : undefined;
  if (guide === undefined && filter.pid !== undefined) {
    throw new UsageError("--pid needs a fold, and the journal was recorded by another kernel");
  }
  const json = request.has("--json");
  const e = new RecordedEvent();
  let text = "";
  while (reader.lastOrder < filter.to && reader.next(e)) {
    const pid = guide?.follow(e) ?? 0;
    if (!passes(e, pid, filter)) continue;
    text += json ? `${jsonOf(e, pid, guide)}\n` : `${lineOf(e, pid, guide)}\n`;
    if (text.length > CHUNK) {
      printOut(text);
      text = "";
    }
  }
  printOut(text);
  const whole = reader.state === "closed" || reader.state === "reading";
  if (!whole) printError(`dump: the journal is ${endOf(reader, reader.lastOrder)}\n`);
  file.close();
  return whole ? Exit.Ok : Exit.Partial;
}

function filterOf(request: ReaderRequest): Filter {
  const name = request.word("--kind");
  const kind = name === undefined ? undefined : EVENT_NAMES.indexOf(name);
  if (kind !== undefined && kind < 1) {
    const names = EVENT_NAMES.slice(1).join(", ");
    throw new UsageError(`--kind ${JSON.stringify(name)}: must be one of ${names}`);
  }
  return {
    from: request.number("--from") ?? 0,
    to: request.number("--to") ?? Infinity,
    hart: request.number("--hart"),
    kind,
    pid: request.number("--pid"),
  };
}

function passes(e: RecordedEvent, pid: number, f: Filter): boolean {
  return e.order >= f.from && (f.hart === undefined || e.hart === f.hart) &&
    (f.kind === undefined || e.kind === f.kind) && (f.pid === undefined || pid === f.pid);
}

function lineOf(e: RecordedEvent, pid: number, guide: Guide | undefined): string {
  const note = guide === undefined ? "" : `${pid === 0 ? "-" : pid}`.padStart(5) + " ";
  const line = formatEvent(e, rowOf, note);
  return guide === undefined ? line : line + guide.results();
}

function jsonOf(e: RecordedEvent, pid: number, guide: Guide | undefined): string {
  return JSON.stringify({
    order: e.order,
    hart: e.hart,
    time: e.time,
    kind: EVENT_NAMES[e.kind],
    pid: guide === undefined ? null : pid,
    cause: e.cause,
    pc: e.pc(),
    value: e.value(),
    text: formatEvent(e, rowOf).trim() + (guide?.results() ?? ""),
  });
}

/** Follows a boot with the kernel, to tell whose event it is and what calls return. */
class Guide {
  private broken = false;
  private thread = 0;
  private kind = 0;

  constructor(private readonly reducer: Reducer) {}

  /** Reduces the event; returns the pid of the thread that ran on its hart, 0 for none. */
  follow(e: RecordedEvent): number {
    if (this.broken) return 0;
    const s = this.reducer.state;
    this.kind = e.kind;
    this.thread = s.hart.current[e.hart + 1];
    const pid = this.thread === 0 ? 0 : s.process.pid[s.thread.process[this.thread]];
    try {
      this.broken = this.reducer.reduce(e) !== 0;
    } catch (error) {
      if (!(error instanceof KernelDefect)) throw error;
      this.broken = true;
    }
    return pid;
  }

  /** What the event's effects return to calls: " = 3", and for other threads' calls their pid. */
  results(): string {
    if (this.broken) return "";
    const { effects, state: s } = this.reducer;
    let text = "", own = false;
    for (let at = 0; at < effects.length; at += 1 + EFFECT_ARITY[effects.words[at]]) {
      if (effects.words[at] !== EffectKind.Return) continue;
      const thread = effects.words[at + 1];
      const value = resultText(effects.words[at + 2], effects.words[at + 3]);
      if (thread === this.thread) {
        own = true;
        text += ` = ${value}`;
      } else text += `; pid ${s.process.pid[s.thread.process[thread]]}'s call = ${value}`;
    }
    return this.kind === EventKind.Syscall && !own ? ` …${text}` : text;
  }
}

/** A result: an error by its name, a small number decimal, an address in hex. */
function resultText(low: number, high: number): string {
  if (high === -1 && low < 0 && low > -4096) return errnoName(-low);
  if (high === 0 && low >= 0 && low < 0x100000) return String(low);
  const digits = (high >>> 0).toString(16) + (low >>> 0).toString(16).padStart(8, "0");
  return `0x${digits.replace(/^0+(?=.)/, "")}`;
}
