/** Journals of runs that were killed, cut or altered: accepted up to a named event, exit status 3. */
import assert from "node:assert/strict";
import { text } from "../child.ts";
import { commandLine, daybook, repository } from "../daybook.ts";
import { manyCalls, tinyElf } from "./tiny_elf.ts";

const folder = await Deno.makeTempDir({ prefix: "daybook-damage-" });
Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

/** Asserts that every reader accepts the journal up to an event it names. Returns what it said. */
async function assertCut(journal: string): Promise<void> {
  const readers = [
    ["replay", "--quiet"],
    ["replay", "--fold", "--quiet"],
    ["audit"],
    ["info"],
  ] as const;
  for (const [command, ...options] of readers) {
    const result = await daybook(command, [...options, journal]);
    const said = text(result.stdout) + text(result.stderr);
    assert.equal(result.status, 3, `${command} ${options.join(" ")}: ${said}`);
    assert.match(said, /event \d/, `${command} names no event: ${said}`);
    assert.doesNotMatch(said, /Uncaught|\.ts:\d+/);
  }
}

async function record(name: string, pages: number, ...options: string[]): Promise<string> {
  const program = `${folder}/${name}`;
  await Deno.writeFile(program, tinyElf(manyCalls(pages)), { mode: 0o755 });
  return await recordAs(name, program, ...options);
}

/** Several journals of one program: its name is part of what the guest is given. */
async function recordAs(name: string, program: string, ...options: string[]): Promise<string> {
  const journal = `${folder}/${name}.daybook`;
  const result = await daybook("run", ["--journal", journal, ...options, program]);
  assert.equal(result.status, 0, text(result.stderr));
  return journal;
}

Deno.test("a run killed by SIGKILL leaves a journal that replays up to a named event", async () => {
  const program = `${folder}/endless`;
  const journal = `${folder}/killed.daybook`;
  await Deno.writeFile(program, tinyElf(manyCalls(0x7ffff)), { mode: 0o755 });
  const [deno = "", ...args] = commandLine("run", ["--journal", journal, program]);
  const child = new Deno.Command(deno, {
    args,
    cwd: repository,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let ended = false;
  const end = child.status.then((status) => {
    ended = true;
    return status;
  });
  try {
    // Several frames must be on disk, else there is nothing to replay.
    while (!ended && await size(journal) < 65536) await pause(20);
  } finally {
    if (!ended) child.kill("SIGKILL");
  }
  assert.equal((await end).signal, "SIGKILL", "the run ended by itself");
  await assertCut(journal);
});

Deno.test("a journal cut anywhere is accepted up to a named event", async () => {
  const journal = await record("whole", 20);
  const bytes = await Deno.readFile(journal);
  for (const part of [0.5, 0.9]) {
    const cut = `${folder}/cut-${part}`;
    await Deno.writeFile(cut, bytes.subarray(0, Math.floor(bytes.length * part)));
    await assertCut(cut);
  }
  const stump = `${folder}/stump`;
  await Deno.writeFile(stump, bytes.subarray(0, 8));
  assert.equal((await daybook("replay", ["--quiet", stump])).status, 2);
});

Deno.test("a journal with one bit flipped is accepted up to a named event", async () => {
  const journal = await record("flip", 20);
  const bytes = await Deno.readFile(journal);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 4;
  await Deno.writeFile(`${folder}/flipped`, bytes);
  await assertCut(`${folder}/flipped`);
});

Deno.test("equal seeds write equal journals, another seed another one", async () => {
  const program = `${folder}/calls`;
  await Deno.writeFile(program, tinyElf(manyCalls(3)), { mode: 0o755 });
  const runs = await Promise.all([
    recordAs("first", program, "--seed", "7", "--harts", "4"),
    recordAs("second", program, "--seed", "7", "--harts", "4"),
    recordAs("other", program, "--seed", "8", "--harts", "4"),
  ]);
  const [first, second, other] = await Promise.all(runs.map((path) => Deno.readFile(path)));
  assert.ok(first !== undefined && second !== undefined && other !== undefined);
  assert.ok(same(first, second), "two runs with one seed differ");
  assert.ok(!same(first, other), "the seed does not reach the journal");
});

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

const size = async (path: string): Promise<number> =>
  (await Deno.stat(path).catch(() => null))?.size ?? 0;

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
