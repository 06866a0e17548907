/** Every command on bad input: one clear line, the documented status, and nothing of the user's lost. */
import assert from "node:assert/strict";
import { runChild, text } from "../child.ts";
import { type Command, commandLine, daybook, repository } from "../daybook.ts";
import { exit, tinyElf } from "./tiny_elf.ts";

const folder = await Deno.makeTempDir({ prefix: "daybook-bad-" });
Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));
const file = (name: string): string => `${folder}/${name}`;

const PROGRAM = tinyElf(exit(0));
await Deno.writeFile(file("good"), PROGRAM, { mode: 0o755 });
await Deno.writeTextFile(file("letter"), "Dear journal,\n");
await Deno.mkdir(file("empty"));
const plain = ["--memory", "16M", "--root", file("empty")];
const made = await daybook("run", [...plain, "--journal", file("journal"), file("good")]);
assert.equal(made.status, 0, text(made.stderr));
const JOURNAL = await Deno.readFile(file("journal"));
const linux = Deno.build.os === "linux";
if (linux) await runChild("mkfifo", [file("pipe")]);
// The journal's own later version: the version is the four bytes behind the eight of the magic.
await Deno.writeFile(file("later"), JOURNAL.with(8, 9));
await Deno.writeFile(file("stump"), JOURNAL.subarray(0, 200));

/** One refusal: the command, its exit status, its arguments, and what the line must say. */
type Case = readonly [Command, number, readonly string[], RegExp];

const cases: readonly Case[] = [
  ["boot", 2, ["--harts", "65"], /--harts "65": must be/],
  ["boot", 2, ["surplus"], /boot takes no arguments/],
  ["boot", 2, ["--root", file("missing")], /missing: no such/],
  [
    "boot",
    1,
    ["--root", file("empty"), "--journal", folder],
    /cannot write the journal .*directory/,
  ],
  ["boot", 1, ["--journal", file("letter")], /letter: there is a file of another kind/],
  ["run", 125, ["--journal", file("good"), file("good")], /good: there is a file of another kind/],
  ["run", 125, ["--journal", folder, file("good")], /cannot write the journal .*directory/],
  ["run", 125, ["--journal", "/proc/version", file("good")], /cannot write the journal/],
  ["run", 125, ["--journal", file("letter/x"), file("good")], /cannot write the journal/],
  ["run", 125, ["--journal", file("j"), "--no-journal", file("good")], /exclude each other/],
  ["run", 127, ["--journal", file("journal"), file("missing")], /no such file/],
  ["run", 126, ["--journal", file("journal"), file("letter")], /cannot run/],
  ["run", 125, ["--journal", file("journal"), "--harts", "0", file("good")], /--harts "0"/],
  ["replay", 2, ["--until", "soon", file("journal")], /--until "soon"/],
  ["replay", 2, ["--until", "-1", file("journal")], /--until/],
  ["replay", 2, ["--contents", file("missing"), file("journal")], /missing: no such file/],
  ["replay", 2, ["--contents", "", file("journal")], /--contents needs a value/],
  ["replay", 2, [file("journal"), file("journal")], /one journal must be given/],
  ["replay", 2, [file("later")], /format 9; this program reads 1/],
  ["audit", 2, [file("later")], /format 9; this program reads 1/],
  ["audit", 2, [file("stump")], /is not a journal: .*cut|is not a journal: the file ends/],
  ["info", 2, [file("stump")], /is not a journal/],
  ["dump", 2, ["--kind", "lunch", file("journal")], /--kind "lunch": must be one of/],
  ["dump", 2, ["--from", "1e3", file("journal")], /--from "1e3"/],
  ["dump", 2, ["--hart", "", file("journal")], /--hart ""/],
  ["dump", 2, ["--from", "1", "--from", "2", file("journal")], /--from is given twice/],
  ["show", 2, [], /no journal is given: deno task show FILE VIEW/],
  ["show", 2, [file("journal")], /no VIEW: deno task show FILE VIEW/],
  ["show", 2, [file("journal"), "lunch"], /no view "lunch"; there are harts, runq/],
  ["show", 2, [file("journal"), "toString"], /no view "toString"/],
  ["show", 2, [file("journal"), "harts", "runq"], /one journal must be given/],
  ["show", 2, [file("journal"), "harts", "--at", "-1"], /--at "-1"/],
  ["show", 2, [file("journal"), "harts", "--at", "4000000"], /no such event; its last is \d+/],
  ["show", 2, [file("later"), "harts"], /format 9; this program reads 1/],
  ["show", 2, [file("letter"), "harts"], /is not a journal/],
];
const linuxCases: readonly Case[] = [
  ["info", 2, [file("pipe")], /pipe: it is not a regular file/],
  ["replay", 2, ["/dev/null"], /null: it is not a regular file/],
  ["replay", 2, ["--contents", "/dev/full", file("letter")], /is not a journal/],
];

for (const [command, status, args, line] of linux ? [...cases, ...linuxCases] : cases) {
  const shown = args.map((word) => word.replace(`${folder}/`, "").replace(folder, "FOLDER"));
  Deno.test(`${command} ${shown.join(" ")}: ${status} and one line`, async () => {
    const result = await daybook(command, args, { limitMs: 30_000 });
    const said = text(result.stderr);
    assert.equal(result.status, status, said);
    assert.match(said, /^[^\n]*\S[^\n]*\n$/, "exactly one line");
    assert.match(said, line);
    assert.ok(said.startsWith(`${command}: `), said);
    assert.doesNotMatch(said, /\bat .*:\d+:\d+|Uncaught|\[object |undefined|defect/);
    assert.equal(text(result.stdout), "");
    // Nothing was lost: what was there is there.
    assert.deepEqual(await Deno.readFile(file("journal")), JOURNAL);
    assert.deepEqual(await Deno.readFile(file("good")), PROGRAM);
    assert.equal(await Deno.readTextFile(file("letter")), "Dear journal,\n");
  });
}

Deno.test("a journal takes the place of an older one, and of nothing else", async () => {
  await Deno.writeFile(file("old"), JOURNAL.subarray(0, 300));
  const again = await daybook("run", [...plain, "--journal", file("old"), file("good")]);
  assert.equal(again.status, 0, text(again.stderr));
  assert.deepEqual(await Deno.readFile(file("old")), JOURNAL);
});

Deno.test({
  name: "a full standard output is one line, a full standard error none",
  ignore: !linux,
  async fn() {
    const inShell = (command: Command, redirection: string) =>
      runChild("/bin/sh", [
        "-c",
        `"$@" ${redirection}`,
        "sh",
        ...commandLine(command, [file("journal")]),
      ], {
        cwd: repository,
      });
    for (const command of ["dump", "info"] as const) {
      const { status, stderr } = await inShell(command, ">/dev/full");
      assert.equal(status, 2);
      assert.equal(
        text(stderr),
        `${command}: cannot write to standard output: No space left on device\n`,
      );
    }
    const { status, stdout } = await inShell("replay", "2>/dev/full");
    assert.equal(status, 0);
    assert.equal(text(stdout), "");
  },
});

Deno.test({
  name: "a journal that may not be read is one line",
  // Root may read everything.
  ignore: !linux || Deno.uid() === 0,
  async fn() {
    await Deno.writeFile(file("secret"), JOURNAL, { mode: 0 });
    const { status, stderr } = await daybook("info", [file("secret")]);
    assert.equal(status, 2);
    assert.match(text(stderr), /^info: cannot read .*secret: permission denied\n$/);
  },
});
