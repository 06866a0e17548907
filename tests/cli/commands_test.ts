/** The commands on good input: what each promises, seen from outside. */
import assert from "node:assert/strict";
import { text } from "../child.ts";
import { daybook, repository } from "../daybook.ts";
import { exit, illegal, tinyElf } from "./tiny_elf.ts";

const folder = await Deno.makeTempDir({ prefix: "daybook-commands-" });
Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));
await Deno.writeFile(`${folder}/seven`, tinyElf(exit(7)), { mode: 0o755 });
await Deno.writeFile(`${folder}/illegal`, tinyElf(illegal), { mode: 0o755 });
const hello = `${repository}userland/image/bin/hello`;

async function said(
  status: number,
  ...[command, args]: Parameters<typeof daybook>
): Promise<{ out: string; err: string }> {
  const result = await daybook(command, args);
  const both = { out: text(result.stdout), err: text(result.stderr) };
  assert.equal(result.status, status, `${command} ${args.join(" ")}: ${both.out}${both.err}`);
  return both;
}

Deno.test("boot sees its markers, replays both ways and closes its books", async () => {
  const journal = `${folder}/boot.daybook`;
  const { out } = await said(0, "boot", ["--journal", journal]);
  assert.match(out, /marker: init done/);
  assert.match(out, /self-check .* the better of two threads is chosen/);
  assert.match(out, /re-execute .* equal/);
  assert.match(out, /fold .* equal/);
  assert.match(out, /balanced: yes/);
  const { out: json } = await said(0, "info", ["--json", journal]);
  const facts = JSON.parse(json);
  assert.equal(facts.closed, true);
  assert.equal(facts.counts.byHart.length, 8);
});

Deno.test("boot names a marker that is missing", async () => {
  const root = `${folder}/root`;
  await Deno.mkdir(`${root}/bin`, { recursive: true });
  await Deno.mkdir(`${root}/etc`);
  await Deno.copyFile(hello, `${root}/bin/init`);
  await Deno.writeTextFile(`${root}/etc/markers`, "nonesuch\n");
  const { err } = await said(1, "boot", ["--root", root, "--journal", `${folder}/missing.daybook`]);
  assert.match(err, /^boot: .*marker: nonesuch ok.*\n$/);
});

Deno.test("a journal can be dumped, filtered, and replayed up to an event", async () => {
  const journal = `${folder}/hello.daybook`;
  const { out: printed } = await said(0, "run", ["--journal", journal, hello, "x"]);
  assert.match(printed, /argument 1 is 'x'/);
  const { out: all } = await said(0, "dump", [journal]);
  const lines = all.trimEnd().split("\n");
  assert.match(all, /execve\(".*hello", \[".*hello", "x"\]/);
  assert.match(all, /write\(1, "argument 1.*"…?, \d+\) at 0x[0-9a-f]+ = \d+/);
  assert.match(lines[0], /^ +0 h0 .* boot/);
  const { out: calls } = await said(0, "dump", ["--kind", "syscall", "--from", "5", journal]);
  const wanted = lines.filter((l) => / syscall {2}/.test(l) && Number(l.slice(0, 8)) >= 5);
  assert.deepEqual(calls.trimEnd().split("\n"), wanted);
  const { out: one } = await said(0, "dump", ["--pid", "1", "--to", "6", "--hart", "0", journal]);
  assert.ok(one.split("\n").length < 8 && /execve/.test(one));
  assert.equal((await said(0, "dump", ["--hart", "5", journal])).out, "");
  const { out: again, err } = await said(0, "replay", ["--until", "20", journal]);
  assert.match(err, /21 events/);
  assert.ok(printed.startsWith(again));
  assert.equal((await said(0, "replay", [journal])).out, printed);
});

Deno.test("the state at any event can be shown, as text and as JSON", async () => {
  const journal = `${folder}/shown.daybook`;
  await said(0, "run", ["--harts", "2", "--journal", journal, hello]);
  const { out } = await said(0, "show", [journal, "--at", "12", "harts"]);
  assert.match(
    out,
    /^harts after event 12, 0\.\d{9} s\nhart +runs .*\n +0 +1 +hello .*\n +1 +idle/,
  );
  for (const line of out.split("\n")) assert.ok(line.length <= 100, line);
  const { out: json } = await said(0, "show", ["--json", "--at=12", journal, "threads"]);
  const shown = JSON.parse(json);
  assert.deepEqual([shown.view, shown.event, shown.rows.length], ["threads", 12, 1]);
  assert.deepEqual([shown.rows[0].pid, shown.rows[0].state], [1, "running"]);
  assert.match((await said(0, "show", [journal, "runq"])).out, /nothing runs and nothing is ready/);
  // Cut: what there is up to the last whole event, and where that is.
  const bytes = await Deno.readFile(journal);
  const cut = `${folder}/shown-cut.daybook`;
  await Deno.writeFile(cut, bytes.subarray(0, bytes.length - 40));
  const partial = await said(3, "show", [cut, "--at", "4000000", "pools"]);
  assert.match(partial.err, /^show: the journal is .* after event \d+/);
  await said(0, "show", [cut, "--at", "0", "pools"]);
});

Deno.test("a journal without contents folds, and re-execution says what it wants", async () => {
  const journal = `${folder}/bare.daybook`;
  await said(0, "run", ["--no-embed", "--journal", journal, hello]);
  const { err } = await said(2, "replay", [journal]);
  assert.match(err, /SHA-256 [0-9a-f]{64}/);
  await said(0, "replay", ["--fold", journal]);
  await said(0, "audit", [journal]);
});

Deno.test("a fatal fault is told of with registers, mappings and last events", async () => {
  const journal = `${folder}/illegal.daybook`;
  const args = ["--journal", journal, `${folder}/illegal`];
  assert.equal((await said(132, "run", args)).err, "");
  const { err } = await said(132, "run", ["--verbose", ...args]);
  assert.match(err, /SIGILL at event \d+: illegal instruction at pc 0x10078/);
  assert.match(err, / pc 0000000000010078/);
  assert.match(err, /r-xp \[file\]/);
  assert.match(err, /exception +cause 2/);
});

Deno.test("run tells what it did as JSON, and refuses a file without the right to run", async () => {
  const { err } = await said(7, "run", ["--json", "--no-journal", `${folder}/seven`]);
  assert.equal(JSON.parse(err).waitStatus, 7 << 8);
  await Deno.writeFile(`${folder}/plain`, tinyElf(exit(0)), { mode: 0o644 });
  assert.match((await said(126, "run", [`${folder}/plain`])).err, /chmod/);
  await Deno.writeTextFile(`${folder}/script`, "#!/no/such/shell\n", { mode: 0o755 });
  assert.match((await said(126, "run", [`${folder}/script`])).err, /ENOENT/);
});

Deno.test("every command prints its help on standard output, and nothing else", async () => {
  for (const command of ["boot", "run", "replay", "audit", "info", "dump", "show"] as const) {
    const { out, err } = await said(0, command, ["--help"]);
    assert.equal(err, "", command);
    assert.match(out, new RegExp(`\\ndeno task ${command} `), command);
  }
});
