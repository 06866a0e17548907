/**
 * Runs our programs under qemu-riscv64, which speaks the same ABI, and looks at the ELF files
 * themselves. Needs --allow-read, --allow-write (a temporary folder) and --allow-run.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { outputs } from "./build.ts";
import { currentHeader, syscallHeader } from "./generate.ts";
import { BuildError, packages, requirePackages } from "./toolchain.ts";

const root = new URL(".", import.meta.url).pathname;
const qemu = ["/usr/bin/qemu-riscv64", "/usr/local/bin/qemu-riscv64"].find(exists);
if (qemu === undefined) console.log("qemu-riscv64 is not installed: its tests are skipped");

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

interface Outcome {
  stdout: string;
  code: number;
  signal: string | null;
}

/** Runs a program of ours with an environment of RUNNER and `env` alone. */
async function run(
  program: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  if (qemu === undefined) throw new Error("qemu-riscv64 is not installed");
  const command = new Deno.Command(qemu, {
    args: [program, ...args],
    clearEnv: true,
    env: { RUNNER: qemu, ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { stdout, code, signal } = await command.output();
  return { stdout: new TextDecoder().decode(stdout), code, signal };
}

function emulated(name: string, body: () => Promise<void>): void {
  Deno.test({ name, ignore: qemu === undefined, fn: body });
}

const boot = (name: string) => `${root}image/bin/${name}`;
const bench = (name: string) => `${root}bench/bin/${name}`;
const bad = (name: string) => `${root}bad/bin/${name}`;

Deno.test("the kept header is what the table gives", () => {
  assert.equal(Deno.readTextFileSync(`${root}lib/generated/syscalls.h`), currentHeader());
});

Deno.test("a stub loads its number and arguments", () => {
  const header = syscallHeader([{ name: "pair", number: 7, args: [{}, {}] }]);
  assert.match(header, /#define SYS_pair 7\n/);
  assert.match(header, /long sys_pair\(long x0, long x1\)/);
  assert.match(header, /a1 __asm__\("a1"\) = x1;/);
  assert.throws(() => syscallHeader([{ name: "x", number: 1, args: new Array(7).fill({}) }]));
});

Deno.test("other compiler versions are refused in one line", async () => {
  await requirePackages((name) => Promise.resolve(packages[name]));
  for (const found of ["", "1:14.0.6-13"]) {
    await assert.rejects(requirePackages(() => Promise.resolve(found)), (error: unknown) => {
      assert.ok(error instanceof BuildError);
      assert.match(error.message, /^userland is built with clang-14 = 1:14\.0\.6-12.*$/);
      return true;
    });
  }
});

Deno.test("the stages and the expected markers name the same programs", () => {
  const lines = (name: string) =>
    Deno.readTextFileSync(`${root}image/etc/${name}`).split("\n").filter((line) =>
      line !== "" && !line.startsWith("#")
    );
  const stages = lines("stages").map((line) => line.split(" ")[0]);
  assert.deepEqual(lines("markers"), [...stages, "init"]);
  for (const stage of stages) assert.ok(exists(boot(stage)), stage);
});

interface Segment {
  readonly flags: number;
  readonly start: number;
  readonly end: number;
}

/** The loadable segments of a 64-bit little-endian ELF file. */
function segments(bytes: Uint8Array): Segment[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: Segment[] = [];
  const first = Number(view.getBigUint64(32, true));
  for (let i = 0; i < view.getUint16(56, true); i++) {
    const at = first + i * view.getUint16(54, true);
    if (view.getUint32(at, true) !== 1) continue;
    const start = Number(view.getBigUint64(at + 16, true));
    const size = Number(view.getBigUint64(at + 40, true));
    found.push({ flags: view.getUint32(at + 4, true), start, end: start + size });
  }
  return found;
}

Deno.test("every program is a small static RV64 file that separates code from data", () => {
  let total = 0;
  for (const folder of new Set(outputs.map((output) => output.programs))) {
    for (const entry of Deno.readDirSync(root + folder)) {
      const bytes = Deno.readFileSync(`${root}${folder}/${entry.name}`);
      total += bytes.length;
      assert.deepEqual([...bytes.subarray(0, 6)], [0x7f, 0x45, 0x4c, 0x46, 2, 1], entry.name);
      assert.deepEqual([...bytes.subarray(16, 20)], [2, 0, 243, 0], entry.name);
      let page = 0;
      for (const { flags, start, end } of segments(bytes)) {
        assert.notEqual(flags & 3, 3, `${entry.name} has a segment both writable and executable`);
        assert.ok(Math.floor(start / 4096) >= page, `${entry.name} has segments on one page`);
        page = Math.ceil(end / 4096);
      }
    }
  }
  assert.ok(total < 512 * 1024, `the programs have ${total} bytes`);
});

emulated("hello shows its arguments and environment", async () => {
  const { stdout, code } = await run(boot("hello"), ["a", "b c"], { GREETING: "good day" });
  assert.equal(code, 0, stdout);
  assert.equal(
    stdout,
    "hello from a user process with 2 arguments\nargument 1 is 'a'\nargument 2 is 'b c'\n" +
      "GREETING is 'good day'\n",
  );
});

emulated("the library keeps its promises", async () => {
  assert.deepEqual(await run(`${root}checks/bin/library`), {
    stdout: "library: all as promised\n",
    code: 0,
    signal: null,
  });
});

for (const name of ["memory", "fault", "pipes", "signals", "process", "files", "time", "float"]) {
  emulated(`boot stage ${name}`, async () => {
    const { stdout, code } = await run(boot(name));
    assert.equal(code, 0, stdout);
    assert.match(stdout, new RegExp(`^${name}: .*\n$`));
  });
}

emulated("the storm counts exactly and refuses wrong parameters", async () => {
  const { stdout, code } = await run(boot("storm"), ["5", "8", "3", "4"]);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^storm: 24 tokens went round 5 workers$/m);
  assert.match(stdout, /^storm: 120 reports of 5 workers collected$/m);
  assert.equal((await run(boot("storm"), ["0"])).code, 2);
});

emulated("init marks what succeeds, what dies and what is missing", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "userland-" });
  try {
    for (const name of ["init", "hello", "float"]) {
      Deno.copyFileSync(boot(name), `${folder}/${name}`);
    }
    Deno.copyFileSync(bad("illegal"), `${folder}/illegal`);
    Deno.writeTextFileSync(`${folder}/good`, "# a comment\nhello one\n\nfloat\n");
    Deno.writeTextFileSync(`${folder}/poor`, "hello\nillegal\nmissing");
    const markers = (text: string) => text.split("\n").filter((line) => line.startsWith("marker:"));

    const good = await run(`${folder}/init`, [`${folder}/good`]);
    assert.equal(good.code, 0, good.stdout);
    assert.match(good.stdout, /argument 1 is 'one'/);
    assert.deepEqual(markers(good.stdout), [
      "marker: hello ok",
      "marker: float ok",
      "marker: init done",
    ]);

    const poor = await run(`${folder}/init`, [`${folder}/poor`]);
    assert.equal(poor.code, 1);
    const lines = markers(poor.stdout);
    assert.equal(lines[0], "marker: hello ok");
    assert.match(lines[1], /^marker: illegal FAILED /);
    assert.match(lines[2], /^marker: missing FAILED /);
    assert.equal(lines[3], "marker: init FAILED");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

/** What each benchmark prints for a small count. */
const checksums: readonly [name: string, args: string[], line: string][] = [
  ["matmul", ["1"], "matmul 9ba0af3fba3b5642"],
  ["quicksort", ["1"], "quicksort 3ca530e57f936454"],
  ["nbody", ["1000"], "nbody ac55710feaa2c3e9"],
  ["bytecode", ["100"], "bytecode 73db435596723d84"],
  ["hash", ["1"], "hash 000009d7659af32e"],
  ["memcpy", ["20"], "memcpy 465bfb1750a92063"],
  ["nullcall", ["50"], "nullcall 50"],
  ["nullcall", ["50", "empty"], "nullcall 0"],
  ["writenull", ["50"], "writenull 50"],
  ["pipepong", ["10"], "pipepong 55"],
  ["forkexit", ["4"], "forkexit 6"],
  ["forkexec", ["3"], "forkexec 15"],
  ["pagefault", ["256"], "pagefault 32896"],
  ["ctxswitch", ["10"], "ctxswitch 10"],
];

for (const [name, args, line] of checksums) {
  emulated(`benchmark ${name} ${args.join(" ")}`, async () => {
    assert.deepEqual(await run(bench(name), args), {
      stdout: line + "\n",
      code: 0,
      signal: null,
    });
  });
}

emulated("benchmark sieve finds as many primes as there are", async () => {
  const { stdout } = await run(bench("sieve"), ["1"]);
  assert.equal(stdout, `sieve ${(148933).toString(16).padStart(16, "0")}\n`);
});

emulated("benchmark sha256 computes SHA-256", async () => {
  const message = Uint8Array.from({ length: 65536 }, (_, i) => i & 255);
  const first = createHash("sha256").update(message).digest();
  message.set(first);
  const second = createHash("sha256").update(message).digest("hex");
  assert.equal((await run(bench("sha256"), ["2"])).stdout, `sha256 ${second}\n`);
});

const ends: readonly [name: string, signal: string][] = [
  ["write_text", "SIGSEGV"],
  ["jump_data", "SIGSEGV"],
  ["call_null", "SIGSEGV"],
  ["overflow_stack", "SIGSEGV"],
  ["read_kernel", "SIGSEGV"],
  ["privileged", "SIGILL"],
  ["illegal", "SIGILL"],
];

for (const [name, signal] of ends) {
  emulated(`hostile program ${name} dies of ${signal}`, async () => {
    assert.equal((await run(bad(name))).signal, signal);
  });
}
