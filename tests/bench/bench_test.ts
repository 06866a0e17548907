/** The benchmark runs, and its report has the figures that are asked of it; not how large they are. */
import assert from "node:assert/strict";
import { text } from "../child.ts";
import { runChild } from "../child.ts";
import { repository } from "../daybook.ts";
import configuration from "../../deno.json" with { type: "json" };
import { type Report, reportMarkdown, reportText } from "./tables.ts";

function bench(args: readonly string[]) {
  const words = configuration.tasks.bench.split(" ").slice(1);
  return runChild(Deno.execPath(), [...words, ...args], { cwd: repository, limitMs: 300_000 });
}

Deno.test("bench --quick --json: one report, every figure there", async () => {
  const { stdout, stderr, status } = await bench(["--quick", "--json"]);
  assert.equal(status, 0, text(stderr));
  const report: Report = JSON.parse(text(stdout));
  assert.equal(report.compute.rows.length, 8);
  for (const row of report.compute.rows) {
    assert.ok(row.instructions > 1000 && row.seconds > 0 && row.mips > 0, row.program);
  }
  assert.equal(report.paths.length, 8);
  for (const row of report.paths) assert.ok(Number.isFinite(row.microseconds), row.name);
  const { journal, startSeconds } = report.boot;
  assert.ok(journal.events > 1000 && journal.bytesPerEvent > 1 && startSeconds > 0);
  assert.ok(journal.blobBytes > 0 && journal.blobBytes < journal.bytes);
  for (const table of [reportText(report), reportMarkdown(report, "2026-01-31")]) {
    for (const name of ["sieve", "memcpy", "geometric mean", "null system call", "per event"]) {
      assert.ok(table.includes(name), `${name} is not in\n${table}`);
    }
  }
});

Deno.test("bench: a wrong option is one line and status 1", async () => {
  for (
    const args of [["--fast"], ["--write"], ["--write", "today"], [
      "--quick",
      "--write",
      "2026-01-31",
    ]]
  ) {
    const { stdout, stderr, status } = await bench(args);
    assert.equal(status, 1);
    assert.equal(text(stdout), "");
    assert.match(text(stderr), /^bench: [^\n]+\n$/);
  }
});
