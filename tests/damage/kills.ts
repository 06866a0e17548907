/** Recording processes killed at drawn moments, and what their journals must then be. */
import assert from "node:assert/strict";
import { EventKind, RecordedEvent } from "../../core/event.ts";
import { defaultRingBytes } from "../../journal/write/ring.ts";
import { FRAME_EVENTS } from "../../journal/format/format.ts";
import { MemorySource } from "../../journal/read/byte_source.ts";
import { JournalReader } from "../../journal/read/reader.ts";
import { Random } from "../../journal/test_journal.ts";
import { auditJournal, countEvents, foldJournal, replayJournal } from "../../mod.ts";
import { commandLine, repository } from "../daybook.ts";
import { noisyElf, RECORD_BYTES } from "./noisy.ts";

/** The least a write takes in a ring, bytes: what bounds how many may be lost in one. */
const RING_RECORD = 4 * (11 + 2 * 3 + 6);
const WRITE = 64;
/** The machine may have printed a write, and not yet have recorded the next; not the other way. */
const AHEAD = 1;

/** How a killed recording fared. */
export interface Kill {
  readonly signal: Deno.Signal;
  /** Writes the program had made as its reader saw it, and those the journal has. */
  readonly printed: number;
  readonly recorded: number;
  /** The last good event, -1 for none. */
  readonly last: number;
}

const SIGNALS: readonly Deno.Signal[] = ["SIGKILL", "SIGTERM", "SIGINT"];

/** Puts the program to be killed into a folder; returns its path. */
export function placeProgram(folder: string): string {
  const path = `${folder}/noisy`;
  Deno.writeFileSync(path, noisyElf(), { mode: 0o755 });
  Deno.mkdirSync(`${folder}/empty`, { recursive: true });
  return path;
}

/** Words of `run` for that program. */
export function runWords(folder: string, journal: string): string[] {
  const root = `${folder}/empty`;
  return ["--memory", "16M", "--root", root, "--journal", journal, `${folder}/noisy`];
}

/**
 * Records the program of `placeProgram`, kills the process when it has printed a drawn number of
 * bytes, and holds its journal: at three moments while it is written, and at the end.
 *
 * @param seed draws signal and moment
 */
export async function killOnce(folder: string, seed: number): Promise<Kill> {
  const r = new Random(seed * 40503);
  for (let n = 0; n < 5; n++) r.u32();
  const signal = SIGNALS[seed % SIGNALS.length];
  const moment = r.below(RECORD_BYTES * 30_000);
  const journal = `${folder}/killed-${seed}`;
  const [deno = "", ...args] = commandLine("run", runWords(folder, journal));
  const child = new Deno.Command(deno, {
    args,
    cwd: repository,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const chunks: Uint8Array[] = [];
  let printed = 0, killed = false, looks = 0, grown = -1;
  for await (const chunk of child.stdout) {
    chunks.push(chunk);
    printed += chunk.length;
    if (!killed && looks < 3 && printed > moment * looks / 3) {
      looks++;
      grown = lookWhileWritten(journal, grown);
    }
    if (!killed && printed > moment) {
      child.kill(signal);
      killed = true;
    }
  }
  assert.equal((await child.status).signal, signal, `seed ${seed}: the run ended by itself`);
  try {
    return checkKilled(seed, signal, journal, chunks, Math.floor(printed / RECORD_BYTES), grown);
  } finally {
    Deno.removeSync(journal);
  }
}

/** A journal still being written folds and audits up to a named event, never fewer than before. */
function lookWhileWritten(journal: string, before: number): number {
  if (!hasHeader(journal)) return before;
  const folded = foldJournal(journal);
  const audited = auditJournal(journal);
  for (const { status, line } of [folded, audited]) assert.equal(status, 3, line);
  assert.ok(folded.last >= before && audited.last >= folded.last, "a growing file holds less");
  return audited.last;
}

/** Whether there is enough of a file to be a journal. */
function hasHeader(journal: string): boolean {
  try {
    return new JournalReader(new MemorySource(Deno.readFileSync(journal))).header !== undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function checkKilled(
  seed: number,
  signal: Deno.Signal,
  journal: string,
  chunks: readonly Uint8Array[],
  printed: number,
  grown: number,
): Kill {
  if (!hasHeader(journal)) {
    assert.equal(grown, -1);
    assert.ok(printed < lossBound(), `seed ${seed}: no journal after ${printed} writes`);
    return { signal, printed, recorded: 0, last: -1 };
  }
  const said = `seed ${seed}, ${signal}`;
  const last = countEvents(journal).events - 1;
  for (const read of [foldJournal, replayJournal, auditJournal]) {
    const verdict = read(journal);
    assert.equal(verdict.status, 3, `${said}: ${verdict.line}`);
    assert.equal(verdict.last, last, `${said}: ${verdict.line}`);
    assert.match(verdict.line, last < 0 ? /before event 0/ : new RegExp(`event ${last}\\b`));
  }
  assert.ok(last >= grown, `${said}: less than was there before`);
  const recorded = compareWrites(said, journal, chunks);
  assert.ok(recorded <= printed + AHEAD, `${said}: ${recorded} recorded, ${printed} printed`);
  assert.ok(printed - recorded < lossBound(), `${said}: ${recorded} recorded, ${printed} printed`);
  return { signal, printed, recorded, last };
}

/** Writes that may be on their way: in the rings, and in the frame that is being filled. */
function lossBound(): number {
  return Math.ceil(defaultRingBytes(1) / RING_RECORD) + FRAME_EVENTS + AHEAD;
}

/** The journal's writes are the program's output, from its first byte; returns how many there are. */
function compareWrites(said: string, journal: string, chunks: readonly Uint8Array[]): number {
  const output = new Uint8Array(chunks.reduce((n, c) => n + c.length, 0));
  let to = 0;
  for (const chunk of chunks) {
    output.set(chunk, to);
    to += chunk.length;
  }
  const reader = new JournalReader(new MemorySource(Deno.readFileSync(journal)));
  const e = new RecordedEvent();
  let at = 0;
  while (reader.next(e)) {
    if (e.kind !== EventKind.Syscall || e.cause !== WRITE) continue;
    for (let i = 0; i < RECORD_BYTES && at + i < output.length; i++) {
      if (e.glance[i] !== output[at + i]) assert.fail(`${said}: event ${e.order} wrote otherwise`);
    }
    at += RECORD_BYTES;
  }
  return at / RECORD_BYTES;
}
