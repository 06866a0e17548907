/** Recording processes in trouble: killed, out of disk, slowed down. */
import assert from "node:assert/strict";
import { auditJournal, countEvents, foldJournal, replayJournal } from "../../mod.ts";
import { runChild, text } from "../child.ts";
import { commandLine, daybook, repository } from "../daybook.ts";
import { killOnce, placeProgram, runWords } from "./kills.ts";

const folder = await Deno.makeTempDir({ prefix: "daybook-trouble-" });
Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));
placeProgram(folder);

const linux = Deno.build.os === "linux";

/** A command of a shell, `$@` being a run of Daybook. */
function inShell(script: string, words: readonly string[]): ReturnType<typeof runChild> {
  return runChild("/bin/sh", ["-c", script, "sh", ...commandLine("run", words)], {
    cwd: repository,
  });
}

/** What a journal must be that could not be written to its end. */
function checkPartial(journal: string): void {
  const last = countEvents(journal).events - 1;
  assert.ok(last > 1000, `${last}`);
  for (const read of [foldJournal, replayJournal, auditJournal]) {
    const { status, line, last: event } = read(journal);
    assert.equal(status, 3, line);
    assert.equal(event, last);
    assert.match(line, new RegExp(`cut after event ${last}: the file ends`));
  }
}

Deno.test("killed at a drawn moment, a recording leaves a journal good to a named event", async () => {
  for (let seed = 1; seed <= 5; seed++) await killOnce(folder, seed);
});

Deno.test({
  name: "a limit of the file size is one line, and the journal is good up to there",
  ignore: !linux,
  async fn() {
    // Deno writes what it learns of modules into its own files: it must have nothing to learn then.
    await daybook("run", ["--instruction-limit", "1000", ...runWords(folder, `${folder}/first`)]);
    const journal = `${folder}/limited`;
    const limit = 2 ** 20;
    const script = `ulimit -f ${limit / 512}; "$@" | tail -c 1 >/dev/null; exit 0`;
    const result = await inShell(
      script.replace(`"$@"`, `{ "$@"; echo $? >&2; }`),
      runWords(folder, journal),
    );
    const said = text(result.stderr);
    assert.equal(said, `run: cannot write the journal ${journal}: File too large\n125\n`);
    assert.equal((await Deno.stat(journal)).size, limit);
    checkPartial(journal);
  },
});

/** Makes a small file system, or says that this user may not. */
async function mountSmall(at: string, kib: number): Promise<boolean> {
  if (!linux) return false;
  await Deno.mkdir(at, { recursive: true });
  const options = ["-t", "tmpfs", "-o", `size=${kib}k`, "none", at];
  try {
    return (await runChild("mount", options)).status === 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const small = `${folder}/small`;
const mounted = await mountSmall(small, 512);
Deno.test.afterAll(async () => {
  if (mounted) await runChild("umount", [small]);
});

Deno.test({
  name: "a full file system is one line, and the journal is good up to there",
  ignore: !mounted,
  async fn() {
    const journal = `${small}/j`;
    const result = await inShell(
      `{ "$@"; echo $? >&2; } | tail -c 1 >/dev/null`,
      runWords(folder, journal),
    );
    const said = text(result.stderr);
    assert.equal(said, `run: cannot write the journal ${journal}: No space left on device\n125\n`);
    assert.ok((await Deno.stat(journal)).size > 400_000);
    checkPartial(journal);
    // Full from the start: not even the header.
    const next = await daybook("run", runWords(folder, `${small}/k`), { limitMs: 60_000 });
    assert.equal(next.status, 125);
    assert.match(text(next.stderr), /^run: cannot write the journal [^\n]*: No space left/);
  },
});

Deno.test({
  name: "a reader of the journal that is slow holds the machine back, and nothing is lost",
  ignore: !linux,
  async fn() {
    const limit = ["--instruction-limit", "2000000"];
    const direct = `${folder}/direct`, pipe = `${folder}/pipe`, copy = `${folder}/copy`;
    assert.equal((await daybook("run", [...limit, ...runWords(folder, direct)])).status, 124);
    // More records than a ring holds, so the machine must have waited for the pipe's reader.
    assert.ok(countEvents(direct).events > 120_000, `${countEvents(direct).events} events`);
    const script = `mkfifo ${pipe}; "$@" >/dev/null & { sleep 1; cat; } <${pipe} >${copy}; wait $!`;
    const result = await inShell(script, [...limit, ...runWords(folder, pipe)]);
    assert.equal(result.status, 124, text(result.stderr));
    const one = await Deno.readFile(direct), two = await Deno.readFile(copy);
    assert.ok(one.length === two.length && one.every((b, i) => b === two[i]));
    assert.equal(foldJournal(copy).status, 0);
  },
});
