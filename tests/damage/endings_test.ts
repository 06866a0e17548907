/** Journals that end where a machine could go on for ever, and journals that hardly begin. */
import assert from "node:assert/strict";
import { EventKind } from "../../core/event.ts";
import { encodeClosing } from "../../journal/format/closing.ts";
import { ByteColumn } from "../../journal/format/byte_column.ts";
import { FORMAT_VERSION, FrameKind, writeU32 } from "../../journal/format/format.ts";
import { MemorySink } from "../../journal/write/byte_sink.ts";
import { JournalWriter } from "../../journal/write/writer.ts";
import { decodeHeader, type JournalHeader } from "../../journal/format/header.ts";
import { JournalReader } from "../../journal/read/reader.ts";
import { MemorySource } from "../../journal/read/byte_source.ts";
import { auditJournal, countEvents, foldJournal, recordRun, replayJournal } from "../../mod.ts";
import { spin, tinyElf } from "../cli/tiny_elf.ts";
import { forge } from "./forge.ts";
import { eventsOf, Recorder } from "./small_journal.ts";

const recorder = new Recorder();
Deno.test.afterAll(() => recorder.remove());

/** A program that spins for ever, recorded until the wall clock's limit, and where it was ended. */
function recordSpin(): { readonly bytes: Uint8Array; readonly shutdown: number } {
  const { folder } = recorder;
  Deno.writeFileSync(`${folder}/spin`, tinyElf(spin), { mode: 0o755 });
  // On a busy host the limit may come before the program does.
  for (let limit = 0.25;; limit *= 2) {
    const words = ["--root", "root", "--memory", "16M", "--time-limit", String(limit), "spin"];
    recordRun(words, folder, `${folder}/spun`);
    const bytes = Deno.readFileSync(`${folder}/spun`);
    const events = eventsOf(bytes);
    const shutdown = events.findIndex((e) => e.kind === EventKind.Shutdown);
    // Its last act is to fault its one page of code in.
    if (shutdown > 8 && events[shutdown - 1].kind === EventKind.PageFault) {
      return { bytes, shutdown };
    }
  }
}

/** The bytes of a closing that counts so many events. */
function closing(events: number): Uint8Array {
  const out = new ByteColumn();
  const none = undefined;
  encodeClosing(
    { events, eventsOfHart: [events], blobs: 0, blobBytes: 0, lastK: none, lastM: none },
    out,
  );
  return out.bytes.slice(0, out.length);
}

Deno.test("a program that spins where its journal is cut: the replay ends with the journal", () => {
  const { bytes, shutdown } = recordSpin();
  const cut = (keep: number, closed: boolean): string =>
    recorder.file(forge(bytes, {
      keep,
      body: (kind, body) => {
        if (kind === FrameKind.Closed) return closed ? closing(keep) : undefined;
        return kind === FrameKind.Hashes ? undefined : body;
      },
    }));
  const open = cut(shutdown, false);
  const { status, line } = replayJournal(open);
  assert.equal(status, 3, line);
  assert.match(line, new RegExp(`the journal is cut after event ${shutdown - 1}: `));
  const forged = replayJournal(cut(shutdown, true));
  assert.equal(forged.status, 1);
  assert.equal(forged.line, `diverged at event ${shutdown} on hart 0: end differs`);
});

const recorded = recorder.record();
const header = new JournalReader(new MemorySource(recorded)).header ?? assert.fail("no header");

/** A journal of no events, closed or not, with a header of ours, altered. */
function empty(closed: boolean, alter: (h: JournalHeader) => JournalHeader = (h) => h): string {
  const sink = new MemorySink();
  const writer = new JournalWriter(sink, alter(header));
  if (closed) writer.end();
  else writer.stop();
  return recorder.file(sink.bytes());
}

Deno.test("a journal of no events is cut before event 0", () => {
  const path = empty(false);
  assert.equal(countEvents(path).events, 0);
  for (const read of [foldJournal, replayJournal, auditJournal]) {
    const { status, line, events, last } = read(path);
    assert.deepEqual({ status, events, last }, { status: 3, events: 0, last: -1 }, line);
    assert.match(line, /the journal is cut before event 0: the file ends/);
    assert.doesNotMatch(line, /-1/);
  }
});

Deno.test("a closed journal of no events is no boot", () => {
  const path = empty(true);
  for (const read of [foldJournal, replayJournal, auditJournal]) {
    assert.equal(read(path).status, 1, read(path).line);
  }
});

Deno.test("another kernel's journal is refused with the version that can read it", () => {
  const path = empty(false, (h) => ({ ...h, program: "daybook 7.8.9", identity: "ab".repeat(32) }));
  const line = /: this journal was recorded by another kernel; daybook 7\.8\.9 can replay it$/;
  for (const read of [foldJournal, replayJournal, auditJournal]) {
    assert.throws(() => read(path), { name: "CommandError", status: 2, message: line });
  }
  assert.equal(countEvents(path).events, 0, "what it holds can be told without its kernel");
});

Deno.test("a later format is refused by its number", () => {
  const bytes = recorded.slice();
  writeU32(bytes, 8, FORMAT_VERSION + 1);
  const path = recorder.file(bytes);
  const line = /cannot be read: format 2; this program reads 1$/;
  for (const read of [countEvents, foldJournal, replayJournal, auditJournal]) {
    assert.throws(() => read(path), { name: "CommandError", status: 2, message: line });
  }
});

Deno.test("a frame of a later program's kind ends the journal with its number", () => {
  const path = recorder.file(forge(recorded, {
    body: (kind, body) => kind === FrameKind.Hashes ? undefined : body,
    kind: (kind) => kind === FrameKind.Closed ? 7 : kind,
  }));
  const { status, line } = foldJournal(path);
  assert.equal(status, 3);
  assert.match(line, /cut after event \d+: a frame of kind 7, unknown to this program$/);
});

Deno.test("a configuration that no machine has is refused", () => {
  const cases: Readonly<Record<string, unknown>>[] = [
    { harts: 0 },
    { harts: 65 },
    { harts: "2" },
    { memory: 4096 },
    { memory: 2 ** 50 },
    { memory: 2 ** 24 + 1 },
    { roundTicks: 0 },
    { roundTicks: 2 ** 52 },
    { seed: -1 },
    { terminals: 8 },
    { mode: "sleep" },
  ];
  for (const wrong of cases) {
    const path = empty(false, (h) => ({
      ...h,
      configuration: { ...h.configuration, ...wrong } as JournalHeader["configuration"],
    }));
    for (const read of [countEvents, foldJournal, replayJournal, auditJournal]) {
      assert.throws(() => read(path), { name: "CommandError", status: 2 }, JSON.stringify(wrong));
    }
  }
  const tick = empty(false, (h) => ({ ...h, timeUnit: 2 ** 40 }));
  assert.throws(() => replayJournal(tick), { name: "CommandError", status: 2 });
});

Deno.test("bytes that are no header are none, however deep they nest", () => {
  for (const text of ["", "{}", "null", "[".repeat(200_000), '{"program":1}', "\ufffd"]) {
    assert.equal(decodeHeader(new TextEncoder().encode(text)), undefined);
  }
});
