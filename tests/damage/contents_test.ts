/** Journals that keep digests only: folded and audited alone, re-executed with the contents given. */
import assert from "node:assert/strict";
import { HostContents } from "../../drivers/host/host_contents.ts";
import { JournalFile } from "../../journal/commands/journal_file.ts";
import { reexecuteFile } from "../../journal/commands/reexecute_file.ts";
import type { Verdict } from "../../journal/commands/verdict.ts";
import { auditJournal, foldJournal } from "../../mod.ts";
import { framesOf, Kind, truthOf } from "./frames.ts";
import { DATA_FILE } from "./program.ts";
import { eventsOf, Recorder } from "./small_journal.ts";

const recorder = new Recorder();
Deno.test.afterAll(() => recorder.remove());
const { folder } = recorder;
const bare = recorder.record("--no-embed");
const frames = framesOf(bare);
const program = `${folder}/bursts`, data = `${folder}/root/${DATA_FILE}`;

function replay(bytes: Uint8Array, ...paths: string[]): Verdict {
  const file = new JournalFile(recorder.file(bytes));
  try {
    return reexecuteFile(file, paths.length === 0 ? {} : { contents: new HostContents(paths) });
  } finally {
    file.close();
  }
}

Deno.test("a journal without contents holds no blob, and folds and audits", () => {
  assert.ok(frames.every((f) => f.kind !== Kind.Blob));
  const path = recorder.file(bare);
  assert.equal(foldJournal(path).status, 0);
  assert.equal(auditJournal(path).status, 0);
});

Deno.test("a journal without contents says by path what its replay lacks", () => {
  const wants = (what: string) => ({
    name: "CommandError",
    status: 2,
    message: new RegExp(
      `re-executing event \\d+ wants chunk 0 of ${what} with SHA-256 [0-9a-f]{64}`,
    ),
  });
  assert.throws(() => replay(bare), wants("/bin/bursts"));
  assert.throws(() => replay(bare, program), wants(`/${DATA_FILE}`));
  assert.throws(() => replay(bare, data), wants("/bin/bursts"));
});

Deno.test("a journal without contents is re-executed when they are given, and only they", () => {
  const events = eventsOf(bare).length;
  for (const paths of [[program, data], [folder]]) {
    const { status, line, events: equal } = replay(bare, ...paths);
    assert.equal(status, 0, line);
    assert.equal(equal, events);
  }
  const before = Deno.readTextFileSync(data);
  Deno.writeTextFileSync(data, `${before.slice(0, -1)}?`);
  assert.throws(() => replay(bare, program, data), { name: "CommandError", status: 2 });
  Deno.writeTextFileSync(data, before);
});

Deno.test("a damaged journal without contents is good up to the same event", () => {
  for (let at = 500; at < bare.length; at += 211) {
    const bytes = bare.slice();
    bytes[at] ^= 4;
    const { last } = truthOf(bare, frames, bytes);
    const verdict = replay(bytes, folder);
    assert.equal(verdict.status, 3, verdict.line);
    assert.equal(verdict.last, last, verdict.line);
    assert.equal(foldJournal(recorder.file(bytes)).last, last);
  }
});
