import assert from "node:assert/strict";
import { DenoHost } from "./host.ts";
import { HostError } from "./host_error.ts";
import { FileSource } from "./file_source.ts";
import { HostFiles } from "./host_files.ts";
import { openProgram } from "./program.ts";

const decoder = new TextDecoder();

/** Runs statements that have a DenoHost `host` and a `say` to standard error, in a shell line. */
async function inShell(statements: string, line: (command: string) => string): Promise<string> {
  const file = Deno.makeTempFileSync({ suffix: ".ts" });
  try {
    const module = new URL("./host.ts", import.meta.url).href;
    Deno.writeTextFileSync(
      file,
      `import { DenoHost } from ${JSON.stringify(module)};
       const host = new DenoHost();
       const say = (text: unknown) => console.error(String(text));
       ${statements}`,
    );
    const command =
      `'${Deno.execPath()}' run --quiet --no-check --allow-read --allow-run '${file}'`;
    const child = new Deno.Command("/bin/sh", {
      args: ["-c", line(command)],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    });
    return decoder.decode((await child.output()).stderr).trim();
  } finally {
    Deno.removeSync(file);
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

const READ_ALL = `
  const memory = new Uint8Array(new SharedArrayBuffer(8192));
  const seen: string[] = [];
  for (let n = -1; n !== 0;) {
    n = host.readStreamBlock(0, memory, 100);
    seen.push(n + ":" + memory[100] + ":" + memory[99 + n]);
  }
  say(seen.join(" "));`;

Deno.test("host: stdin comes in whole blocks however it arrives, short only at the end", async () => {
  const slow = "(head -c 100 /dev/zero; sleep 0.2; yes a | head -c 5000)";
  assert.equal(await inShell(READ_ALL, (c) => `${slow} | ${c}`), "4096:0:10 1004:97:10 0:97:0");
});

Deno.test("host: an empty, closed or unreadable stdin is at its end", async () => {
  assert.match(await inShell(READ_ALL, (c) => `${c} < /dev/null`), /^0:0:\d+$/);
  assert.match(await inShell(READ_ALL, (c) => `${c} < /tmp`), /^0:0:\d+$/);
  const other = "say(host.readStreamBlock(1, new Uint8Array(4096), 0));";
  assert.equal(await inShell(other, (c) => `echo x | ${c}`), "0");
});

Deno.test("host: a write is whole, or says that the reader has gone or the disk is full", async () => {
  const write = `
    const bytes = new Uint8Array(new SharedArrayBuffer(300000)).fill(65);
    say(host.writeStream(1, bytes, 5, 299990));`;
  const slow = (c: string): string => `(${c}) | (sleep 0.2; wc -c >&2)`;
  assert.equal(await inShell(write, slow), "0\n299990");
  assert.equal(await inShell(write, (c) => `(${c}) | true`), "1");
  assert.equal(await inShell(write, (c) => `${c} > /dev/full`), "2");
});

Deno.test("host: without a terminal there is no typed input and a standard size", async () => {
  const ask = `
    say([host.openTerminal(), host.isTerminal(0), host.isTerminal(1), host.isTerminal(3)]);
    say(host.pollTerminal(new Uint8Array(8)));
    host.close();
    host.close();`;
  assert.equal(
    await inShell(ask, (c) => `echo x | ${c}`),
    "false,false,false,false\n0",
  );
});

const NO_SCRIPT = !exists("/usr/bin/script");

Deno.test({
  name: "host: a terminal gives its bytes, and gets its settings back however the process ends",
  ignore: NO_SCRIPT,
  fn: async () => {
    const typed = `
      const got: number[] = [];
      const bytes = new Uint8Array(8);
      if (!host.openTerminal()) say("no terminal");
      while (!got.includes(113)) {
        host.waitUntil(host.now() + 10000);
        const count = host.pollTerminal(bytes);
        for (let i = 0; i < count; i++) got.push(bytes[i]);
      }
      say("got " + got.join(","));
      LEAVE`;
    for (
      const leave of [
        'host.close(); Deno.kill(Deno.pid, "SIGKILL");',
        "Deno.exit(0);",
        'throw "ends";',
      ]
    ) {
      const line = (c: string): string =>
        `printf 'a\\tq' | script -qec "stty -g; ${c} 2>&1; stty -g" /dev/null >&2`;
      const text = await inShell(typed.replace("LEAVE", leave), line);
      // The echo of what is typed may come between, and before anything else on a line.
      assert.ok(text.includes("got 97,9,113"), text);
      const settings = text.match(/[0-9a-f]+(:[0-9a-f]+){10,}/g) ?? [];
      assert.equal(settings.length, 2, text);
      assert.equal(settings[0].slice(-60), settings[1].slice(-60), leave);
      assert.equal(
        settings[1].split(":").slice(1, 4).join(),
        settings[0].split(":").slice(1, 4).join(),
      );
    }
  },
});

Deno.test("host: digests of shared bytes, entropy of any length, waiting for the past", () => {
  const host = new DenoHost();
  const bytes = new Uint8Array(new SharedArrayBuffer(8));
  bytes.set([0, 97, 98, 99, 0]);
  const digest = new Uint8Array(32);
  host.digest(bytes, 1, 3, digest);
  const hex = [...digest].map((b) => b.toString(16).padStart(2, "0")).join("");
  assert.equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const entropy = new Uint8Array(100000);
  host.randomBytes(entropy);
  assert.ok(entropy.subarray(65536).some((b) => b !== 0));
  host.waitUntil(host.now() - 1);
  host.waitUntil(host.now() + 2);
});

Deno.test("file source: reads at random, sees growth, and names what it cannot open", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const path = `${folder}/j`;
    Deno.writeTextFileSync(path, "0123456789");
    const source = FileSource.open(path);
    const into = new Uint8Array(4);
    assert.equal(source.size, 10);
    assert.equal(source.read(8, into), 2);
    assert.equal(decoder.decode(into.subarray(0, 2)), "89");
    assert.equal(source.read(0, into), 4);
    assert.equal(source.read(100, into), 0);
    Deno.writeTextFileSync(path, "ab", { append: true });
    assert.equal(source.size, 12);
    assert.equal(source.read(10, into), 2);
    source.close();
    for (const [bad, reason] of [[`${folder}/n`, "no such file"], [folder, "it is a directory"]]) {
      assert.throws(() => FileSource.open(bad), (error: unknown) => {
        assert.ok(error instanceof HostError);
        assert.equal(error.message, `cannot read ${bad}: ${reason}`);
        return true;
      });
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("program: its first bytes and number; none, a folder and a device are told apart", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const path = `${folder}/p`;
    Deno.writeTextFileSync(path, "\x7fELF and so on");
    Deno.chmodSync(path, 0o755);
    const files = new HostFiles();
    const program = openProgram(path, files);
    assert.deepEqual([program.file, program.size, program.mode], [0, 14, 0o755]);
    assert.equal(decoder.decode(program.head), "\x7fELF and so on");
    const kind = (of: string): string => {
      try {
        openProgram(of, files);
      } catch (error) {
        if (error instanceof HostError) return error.kind;
        throw error;
      }
      return "opened";
    };
    assert.equal(kind(`${folder}/none`), "not-found");
    assert.equal(kind(`${path}/below`), "not-found");
    assert.equal(kind(folder), "wrong-kind");
    assert.equal(kind("/dev/null"), "wrong-kind");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
