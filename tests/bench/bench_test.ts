/** The benchmark runs, and its report has the figures that are asked of it; not how large they are. */
import assert from "node:assert/strict";
import { text } from "../child.ts";
import { runChild } from "../child.ts";
import { repository } from "../daybook.ts";
import configuration from "../../deno.json" with { type: "json" };
import { choose } from "./choices.ts";
import { isWanted, type Report } from "./measure.ts";
import { reportMarkdown, reportText } from "./tables.ts";

function bench(args: readonly string[]) {
  const words = configuration.tasks.bench.split(" ").slice(1);
  return runChild(Deno.execPath(), [...words, ...args], { cwd: repository, limitMs: 300_000 });
}

Deno.test("bench --quick --json: one report, every figure there", async () => {
  const { stdout, stderr, status } = await bench(["--quick", "--json"]);
  assert.equal(status, 0, text(stderr));
  const report: Report = JSON.parse(text(stdout));
  const { compute, real, paths, messages, reducer, boot, start, noBusybox } = report;
  assert.ok(compute !== undefined && paths !== undefined && boot !== undefined);
  assert.equal(messages?.length, 3);
  for (const { name, least, median, p99, transfers } of messages ?? []) {
    assert.ok(0 < least && least <= median && median <= p99 && transfers > 0, name);
  }
  assert.equal(reducer?.length, 3);
  for (const row of reducer ?? []) assert.ok(row.nanoseconds > 0, row.name);
  assert.equal(compute.rows.length, 8);
  for (const row of compute.rows) {
    assert.ok(row.instructions > 1000 && row.seconds > 0 && row.mips > 0, row.program);
    assert.ok(row.offSeconds > 0 && row.interpreterSeconds > 0 && row.replaySeconds > 0);
    assert.ok(row.onOverOff > 0 && row.replayOverOn > 0 && row.peakBytes > 2 ** 20);
    assert.equal(row.overQemu !== undefined, report.qemu !== undefined);
    assert.equal(row.nativeSeconds !== undefined, compute.gcc !== undefined);
  }
  assert.equal(paths.length, 14);
  for (const row of paths) {
    assert.ok(Number.isFinite(row.microseconds) && Number.isFinite(row.cpuMicroseconds), row.name);
  }
  const { journal } = boot;
  assert.ok(journal.events > 1000 && journal.bytesPerEvent > 1 && boot.replaySeconds > 0);
  assert.ok(journal.blobBytes > 0 && journal.blobBytes < journal.bytes);
  assert.equal(boot.events.reduce((sum, { count }) => sum + count, 0), journal.events);
  for (const { kind, nanoseconds } of boot.events) assert.ok(Number.isFinite(nanoseconds), kind);
  const found = [
    "sieve",
    "memcpy",
    "geometric mean",
    "null system call",
    "per event",
    "one-way",
    "capability check",
  ];
  if (noBusybox === undefined) {
    assert.equal(real?.length, 5);
    for (const row of real ?? []) assert.ok(row.seconds > 0 && row.replaySeconds > 0, row.program);
    assert.ok(start !== undefined && start.taskSeconds > 0 && start.denoSeconds > 0);
    found.push("bzip2", "first output");
  }
  for (const table of [reportText(report), reportMarkdown(report, "2026-01-31")]) {
    for (const name of found) assert.ok(table.includes(name), `${name} is not in\n${table}`);
  }
});

Deno.test("bench: a wrong option is one line and status 1", async () => {
  const { stdout, stderr, status } = await bench(["--fast"]);
  assert.equal(status, 1);
  assert.equal(text(stdout), "");
  assert.match(text(stderr), /^bench: [^\n]+\n$/);
});

Deno.test("bench: what cannot be meant is refused", () => {
  const date = "2026-01-31";
  for (
    const words of [
      ["--write"],
      ["--write", "today"],
      ["--quick", "--write", date],
      ["--only"],
      ["--only", "everything"],
      ["--only", "sieve", "--write", date],
    ]
  ) {
    assert.equal(typeof choose(words), "string", words.join(" "));
  }
  assert.deepEqual(choose(["--json", "--write", date]), {
    quick: false,
    json: true,
    date,
    only: undefined,
  });
});

Deno.test("bench --only: a section with all its rows, or one row with its section", () => {
  assert.ok(isWanted(undefined, "boot") && isWanted(undefined, "compute", "sieve"));
  assert.ok(isWanted("compute", "compute") && isWanted("compute", "compute", "sieve"));
  assert.ok(isWanted("sieve", "compute") && isWanted("sieve", "compute", "sieve"));
  assert.ok(!isWanted("sieve", "compute", "hash") && !isWanted("sieve", "real"));
  assert.ok(!isWanted("compute", "real") && !isWanted("compute", "real", "gzip"));
});
