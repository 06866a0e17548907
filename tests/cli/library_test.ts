/** The public API of mod.ts, used as a program would. */
import assert from "node:assert/strict";
import { auditJournal, countEvents, foldJournal, recordRun, replayJournal } from "../../mod.ts";
import { repository } from "../daybook.ts";

const folder = await Deno.makeTempDir({ prefix: "daybook-library-" });
Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

Deno.test("a program can be recorded, replayed both ways, audited and counted", () => {
  const journal = `${folder}/hello.daybook`;
  let printed = "";
  const { outcome, fault } = recordRun(
    ["--harts", "2", "hello", "you"],
    `${repository}userland/image/bin`,
    journal,
    {
      output: {
        writeStream: (stream, bytes, from, length) => {
          assert.equal(stream, 1);
          printed += new TextDecoder().decode(bytes.slice(from, from + length));
          return 0;
        },
      },
    },
  );
  assert.match(printed, /argument 1 is 'you'\n$/);
  assert.equal(outcome.waitStatus, 0);
  assert.equal(fault, undefined);
  assert.equal(replayJournal(journal).status, 0);
  assert.equal(replayJournal(journal, 9).events, 10);
  assert.equal(foldJournal(journal).status, 0);
  const audit = auditJournal(journal);
  assert.equal(audit.status, 0);
  assert.equal(audit.table?.balanced, true);
  assert.equal(countEvents(journal).events, outcome.stats.events);
});

Deno.test("what cannot be done is one line", () => {
  assert.throws(() => recordRun(["nonesuch"], folder, undefined), /cannot run .*no such file/);
  assert.throws(() => replayJournal(`${folder}/nonesuch`), /no such file/);
});
