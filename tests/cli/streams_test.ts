/** The standard streams, the root and the surroundings that `run` gives its program. */
import assert from "node:assert/strict";
import { fetchBusybox } from "../busybox/fetch.ts";
import { type ChildResult, runChild, text } from "../child.ts";
import { assertPure, commandLine, daybook, repository } from "../daybook.ts";
import { copyInput, ENDED, printForever } from "../terminal/programs.ts";
import { spin, tinyElf } from "./tiny_elf.ts";

const folder = await Deno.makeTempDir({ prefix: "daybook-streams-" });
Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));
const file = (name: string): string => `${folder}/${name}`;

const executable = { mode: 0o755 };
await Deno.writeFile(file("copy"), copyInput, executable);
await Deno.writeFile(file("flood"), printForever, executable);
await Deno.writeFile(file("spin"), tinyElf(spin), executable);

const busybox: string | Error = await fetchBusybox().catch((error: Error) => error);
const ignore = busybox instanceof Error;
if (busybox instanceof Error) {
  // As for the busybox lines: where they must run, their absence is the failure.
  const inCi = Deno.env.get("CI") === "true";
  if (!inCi) console.log(`streams with busybox are skipped: ${busybox.message}`);
  Deno.test("streams: busybox can be had", { ignore: !inCi }, () => assert.fail(busybox.message));
}
const shell = (script: string): string[] => [`${busybox}`, "sh", "-c", script];

/** Runs a program with the redirections that a line of shell gives the command `"$@"`. */
function redirected(line: string, args: readonly string[]): Promise<ChildResult> {
  return runChild("sh", ["-c", line, "sh", ...commandLine("run", args)], { cwd: repository });
}

/** Asserts that a journal replays both ways and balances; what its replay printed. */
async function assertSound(journal: string): Promise<Uint8Array> {
  assertPure(journal);
  const [again, fold, audit] = await Promise.all([
    daybook("replay", [journal]),
    daybook("replay", ["--fold", "--quiet", journal]),
    daybook("audit", [journal]),
  ]);
  assert.equal(again.status, 0, text(again.stderr));
  assert.equal(fold.status, 0, text(fold.stderr));
  assert.equal(audit.status, 0, text(audit.stderr) + text(audit.stdout));
  return again.stdout;
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

async function sameFiles(a: string, b: string): Promise<boolean> {
  return sameBytes(await Deno.readFile(file(a)), await Deno.readFile(file(b)));
}

/** Bytes of every value, in an order that nothing repeats. */
function noise(length: number): Uint8Array<ArrayBuffer> {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}
const INPUT = noise(1_300_001);
await Deno.writeFile(file("input"), INPUT);

/** Runs `copy` with input that a slow writer gives it in pieces of all sizes. */
async function copySlowly(journal: string, input: Uint8Array): Promise<ChildResult> {
  const [program = "", ...args] = commandLine("run", ["--journal", journal, file("copy")]);
  const child = new Deno.Command(program, {
    args,
    cwd: repository,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  let at = 0;
  for (let piece = 1; at < input.length; piece = piece * 7 % 65_521) {
    await writer.write(input.subarray(at, at + piece));
    at += piece;
    // The reader gets to see the piece alone, most of the time; nothing depends on it.
    await new Promise((resume) => setTimeout(resume, 1));
  }
  await writer.close();
  const { code, stdout, stderr } = await output;
  return { stdout, stderr, status: code };
}

function assertCopied(result: ChildResult): void {
  assert.equal(text(result.stderr), "");
  assert.equal(result.status, ENDED);
  assert.ok(sameBytes(result.stdout, INPUT), "the output is the input, byte for byte");
}

Deno.test("streams: input from a file, a pipe and a slow writer gives one journal", async () => {
  const run = ["--journal", file("file.daybook"), file("copy")];
  assertCopied(await redirected(`exec "$@" < '${file("input")}'`, run));
  const whole = ["--journal", file("pipe.daybook"), file("copy")];
  assertCopied(await daybook("run", whole, { stdin: INPUT }));
  assertCopied(await copySlowly(file("slow.daybook"), INPUT));
  assert.ok(await sameFiles("file.daybook", "pipe.daybook"), "file and pipe");
  assert.ok(await sameFiles("file.daybook", "slow.daybook"), "file and slow writer");
  assert.ok(sameBytes(await assertSound(file("slow.daybook")), INPUT));

  const altered = Uint8Array.from(INPUT);
  altered[1_000_000] ^= 1;
  const other = ["--journal", file("altered.daybook"), file("copy")];
  await daybook("run", other, { stdin: altered });
  assert.ok(!await sameFiles("file.daybook", "altered.daybook"), "one bit makes another journal");
});

Deno.test("streams: a closed input, a directory and /dev/null are an empty input", async () => {
  const inputs = { none: "<&-", folder: `< '${folder}'`, null: "< /dev/null" };
  for (const [name, redirection] of Object.entries(inputs)) {
    const result = await redirected(`exec "$@" ${redirection}`, [
      "--journal",
      file(`${name}.daybook`),
      file("copy"),
    ]);
    assert.deepEqual(
      [name, result.status, text(result.stdout), text(result.stderr)],
      [name, ENDED, "", ""],
    );
  }
  assert.ok(await sameFiles("none.daybook", "null.daybook"));
  assert.ok(await sameFiles("folder.daybook", "null.daybook"));
  await assertSound(file("none.daybook"));
});

Deno.test("streams: a reader that goes away ends the run as a broken pipe does", async () => {
  const journal = file("flood.daybook");
  const result = await redirected(`{ "$@"; echo "status $?" >&2; } | head -c 1000 | wc -c`, [
    "--journal",
    journal,
    file("flood"),
  ]);
  assert.equal(text(result.stdout).trim(), "1000");
  assert.equal(text(result.stderr), "status 141\n", "no line of ours, no stack trace");
  await assertSound(journal);
});

Deno.test("streams: output that was closed from the start is not missed", async () => {
  const journal = file("mute.daybook");
  const line = `printf something | { "$@" >&-; }`;
  const result = await redirected(line, ["--journal", journal, file("copy")]);
  assert.doesNotMatch(text(result.stderr), /\bat .*:\d+:\d+|Uncaught|defect/);
  assert.equal(text(result.stdout), "");
  assert.equal(text(await assertSound(journal)).slice(0, 9), "something");
});

Deno.test("streams: a full output ends the run with one line, and a readable journal", async () => {
  const journal = file("full.daybook");
  const result = await redirected(`printf x | "$@" > /dev/full`, [
    "--journal",
    journal,
    file("copy"),
  ]);
  assert.equal(result.status, 125);
  assert.match(text(result.stderr), /^run: .*standard output.*\n$/);
  for (const command of ["info", "audit"] as const) {
    const { status } = await daybook(command, [journal]);
    assert.ok(status === 0 || status === 3, `${command}: ${status}`);
  }
});

Deno.test("streams: standard error is apart, and binary", { ignore }, async () => {
  const journal = file("both.daybook");
  const args = [
    "--journal",
    journal,
    ...shell("tee /tmp/in | tail -c 5; cat /tmp/in >&2; echo end >&2"),
  ];
  const result = await daybook("run", args, { stdin: INPUT.subarray(0, 100_000) });
  assert.ok(sameBytes(result.stdout, INPUT.subarray(99_995, 100_000)));
  assert.ok(sameBytes(result.stderr.subarray(0, 100_000), INPUT.subarray(0, 100_000)));
  assert.equal(text(result.stderr.subarray(100_000)), "end\n");
  await assertSound(journal);
});

/** Makes a host tree with links in and out of it, and next to it what it must not show. */
async function makeTree(name: string): Promise<string> {
  const root = file(name);
  await Deno.mkdir(`${root}/sub/deep`, { recursive: true });
  await Deno.mkdir(`${root}/empty`);
  await Deno.writeFile(`${root}/sub/large`, INPUT.subarray(0, 200_000));
  await Deno.writeTextFile(`${root}/sub/deep/é`, "inside\n");
  await Deno.writeTextFile(`${root}/tool`, "#!/bin/sh\n", executable);
  await Deno.mkdir(file("outside"), { recursive: true });
  await Deno.writeTextFile(file("outside/secret"), "secret\n");
  const links = {
    above: "../outside/secret",
    absolute: file("outside/secret"),
    folder: file("outside"),
    host: "/etc/hostname",
    climb: `${"../".repeat(40)}etc/hostname`,
    good: "sub/deep/é",
    goodAbsolute: "/sub/deep/é",
    loop: "loop",
  };
  for (const [link, target] of Object.entries(links)) await Deno.symlink(target, `${root}/${link}`);
  return root;
}

/** Every name below a host folder, with content or target. */
async function snapshot(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory, isSymlink } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    const { mode, mtime } = await Deno.lstat(path);
    const head = `${path} ${mode} ${mtime?.getTime()}`;
    if (isDirectory) found.push(head, ...await snapshot(path));
    else if (isSymlink) found.push(`${head} -> ${await Deno.readLink(path)}`);
    else found.push(`${head} ${text(await Deno.readFile(path))}`);
  }
  return found.sort();
}

Deno.test("root: a directory and its archive look alike, and no link leaves them", {
  ignore,
}, async () => {
  const root = await makeTree("tree");
  const packed = await runChild("tar", ["-cf", file("tree.tar"), "-C", root, "."]);
  assert.equal(packed.status, 0, text(packed.stderr));
  const script = "ls -lRn /empty /sub /bin; ls -ln /; cksum /sub/large; cat good goodAbsolute; " +
    "for l in above absolute folder host climb loop; do cat $l && echo leaked $l; done";
  const results = [];
  for (const [name, from] of [["dir", root], ["tar", file("tree.tar")]]) {
    const args = ["--journal", file(`${name}.daybook`), "--root", from];
    const result = await daybook("run", [...args, ...shell(script)]);
    results.push({ out: text(result.stdout), err: text(result.stderr) });
    await assertSound(file(`${name}.daybook`));
  }
  assert.deepEqual(results[0], results[1]);
  const { out, err } = results[0];
  assert.match(out, /-rwxr-xr-x .* tool\n/);
  assert.match(out, /\ninside\ninside\n$/);
  assert.doesNotMatch(out, /leaked|secret\n.*secret\n$/);
  assert.equal(err.match(/^cat: can't open '\w+': /gm)?.length, 6);
});

Deno.test("root: what the guest writes never reaches the host", { ignore }, async () => {
  const root = await makeTree("written");
  await Deno.mkdir(file("outside/kept"));
  const packed = await runChild("tar", ["-cf", file("written.tar"), "-C", root, "."]);
  assert.equal(packed.status, 0, text(packed.stderr));
  const archive = await Deno.readFile(file("written.tar"));
  const before = [await snapshot(root), await snapshot(file("outside"))];
  const script = "echo new > new; echo over > tool; chmod 700 sub/large; echo more >> good; " +
    "rm absolute; mv sub moved; mkdir -p a/b; ln -s x y; rmdir empty; echo x > above; " +
    "echo x > host; rm -rf folder/; touch -d 2001-01-01 moved; cat new tool moved/deep/é";
  for (const from of [root, file("written.tar")]) {
    const result = await daybook("run", ["--no-journal", "--root", from, ...shell(script)]);
    assert.equal(text(result.stdout), "new\nover\ninside\nmore\n", text(result.stderr));
  }
  assert.deepEqual([await snapshot(root), await snapshot(file("outside"))], before);
  assert.ok(sameBytes(await Deno.readFile(file("written.tar")), archive));
});

Deno.test("surroundings: --env adds to a fixed environment", { ignore }, async () => {
  const env = { ...Deno.env.toObject(), DAYBOOK_LEAK: "host" };
  const args = ["--no-journal", "--env", "A=b=c", "--env", "EMPTY=", "--env", "HOME=/é x"];
  const result = await daybook("run", [...args, `${busybox}`, "env"], { env });
  assert.deepEqual(text(result.stdout).trimEnd().split("\n").sort(), [
    "A=b=c",
    "EMPTY=",
    "HOME=/é x",
    "PATH=/bin:/usr/bin",
  ]);
});

Deno.test("surroundings: --clock sets the time, which is a constant without it", {
  ignore,
}, async () => {
  const date = async (...args: string[]): Promise<string> => {
    const command = [`${busybox}`, "date", "-u", "+%FT%T"];
    return text((await daybook("run", ["--no-journal", ...args, ...command])).stdout).trim();
  };
  assert.equal(await date("--clock", "2001-02-03T04:05:06Z"), "2001-02-03T04:05:06");
  assert.equal(await date("--clock", "2024-02-29T23:59:59+02:00"), "2024-02-29T21:59:59");
  assert.equal(await date(), await date());
});

Deno.test("surroundings: entropy of the host differs, replays equal; of a seed it is the same", {
  ignore,
}, async () => {
  const draw = async (name: string, ...args: string[]): Promise<string> => {
    const journal = file(`${name}.daybook`);
    const script = shell("od -An -tx1 -N16 /dev/urandom");
    const result = await daybook("run", ["--journal", journal, ...args, ...script]);
    assert.match(text(result.stdout), /^( [0-9a-f]{2}){16}\n$/);
    assert.ok(sameBytes(await assertSound(journal), result.stdout));
    return text(result.stdout);
  };
  assert.notEqual(
    await draw("host1", "--entropy", "host"),
    await draw("host2", "--entropy", "host"),
  );
  assert.equal(await draw("seed1", "--seed", "5"), await draw("seed2", "--seed", "5"));
  assert.ok(await sameFiles("seed1.daybook", "seed2.daybook"));
  assert.notEqual(await draw("seed3", "--seed", "6"), await draw("seed4", "--seed", "5"));
});

Deno.test("surroundings: a run that its time limit ends is closed and replays", async () => {
  const journal = file("limit.daybook");
  const args = ["--journal", journal, "--time-limit", "1", file("spin")];
  const result = await daybook("run", args);
  assert.equal(result.status, 124);
  assert.match(text(result.stderr), /^run: [^\n]*time limit[^\n]*\n$/);
  await assertSound(journal);
});
