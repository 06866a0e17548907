/** Bad input to the commands: one clear line, no stack trace, and the documented exit status. */
import assert from "node:assert/strict";
import { type ChildResult, text } from "../child.ts";
import { type Command, daybook, daybookWord } from "../daybook.ts";
import { exit, illegal, spin, tinyElf } from "./tiny_elf.ts";

const folder = await Deno.makeTempDir({ prefix: "daybook-cli-" });
Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

const GOOD = tinyElf(exit(42));
const files: Readonly<Record<string, Uint8Array | string>> = {
  good: GOOD,
  illegal: tinyElf(illegal),
  spin: tinyElf(spin),
  truncatedHeader: GOOD.subarray(0, 40),
  truncatedSegments: GOOD.subarray(0, 100),
  truncatedCode: GOOD.subarray(0, GOOD.length - 4),
  otherMachine: tinyElf(exit(0), { machine: 62 }),
  otherClass: tinyElf(exit(0), { fileClass: 1 }),
  empty: "",
  text: "This is neither a program, nor a journal, nor an archive.\n".repeat(20),
};
for (const [name, content] of Object.entries(files)) {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  await Deno.writeFile(`${folder}/${name}`, bytes, { mode: 0o755 });
}
const file = (name: string): string => `${folder}/${name}`;

/** Asserts the status, and that all the user got is one line without a stack trace. */
function assertRefused(result: ChildResult, status: number): void {
  const said = text(result.stderr);
  assert.equal(result.status, status, said);
  assert.equal(text(result.stdout), "");
  assert.match(said, /^[^\n]*\S[^\n]*\n$/, "exactly one line on stderr");
  assert.doesNotMatch(said, /\bat .*:\d+:\d+|Uncaught|\[object |undefined/);
}

/** [what is tried, exit status, arguments of `run`] */
const refusedRuns: readonly (readonly [string, number, readonly string[]])[] = [
  ["an ELF header cut short", 126, [file("truncatedHeader")]],
  ["ELF segment headers cut short", 126, [file("truncatedSegments")]],
  ["an ELF segment cut short", 126, [file("truncatedCode")]],
  ["an ELF file of another machine", 126, [file("otherMachine")]],
  ["a 32-bit ELF file", 126, [file("otherClass")]],
  ["an empty program", 126, [file("empty")]],
  ["a text file as program", 126, [file("text")]],
  ["a missing program", 127, [file("missing")]],
  ["no program", 125, []],
  ["a missing --root", 125, ["--root", file("missing"), file("good")]],
  ["a --root that is no archive", 125, ["--root", file("text"), file("good")]],
  ["a full disk", 125, ["--journal", "/dev/full", file("good")]],
  ["a journal in a missing folder", 125, ["--journal", file("missing/j"), file("good")]],
  ["65 harts", 125, ["--harts", "65", file("good")]],
  ["no harts", 125, ["--harts", "0", file("good")]],
  ["harts that are no number", 125, ["--harts", "two", file("good")]],
  ["too little memory", 125, ["--memory", "1", file("good")]],
  ["too much memory", 125, ["--memory", "65G", file("good")]],
  ["a memory size of no unit", 125, ["--memory", "64Q", file("good")]],
  ["a seed that is no number", 125, ["--seed", "nonsense", file("good")]],
  ["an unknown engine", 125, ["--engine", "steam", file("good")]],
  ["an environment entry without =", 125, ["--env", "NAME", file("good")]],
  ["a clock that is no date", 125, ["--clock", "yesterday", file("good")]],
  ["a negative instruction limit", 125, ["--instruction-limit", "-1", file("good")]],
  ["a time limit that is no number", 125, ["--time-limit", "soon", file("good")]],
  ["an unknown option", 125, ["--no-such-option", file("good")]],
  ["an option without its value", 125, ["--harts"]],
];

for (const [what, status, args] of refusedRuns) {
  Deno.test(`run refuses ${what}: ${status}`, async () => {
    const journal = args.includes("--journal") ? [] : ["--no-journal"];
    assertRefused(await daybook("run", [...journal, ...args]), status);
  });
}

const readers: readonly Command[] = ["replay", "audit", "info", "dump", "show"];
for (const command of readers) {
  Deno.test(`${command} refuses what is no journal: 2`, async () => {
    for (const name of ["text", "empty", "good", "missing", ""]) {
      const view = command === "show" ? ["harts"] : [];
      assertRefused(await daybook(command, [name === "" ? folder : file(name), ...view]), 2);
    }
  });
  Deno.test(`${command} refuses unknown options and missing arguments: 2`, async () => {
    assertRefused(await daybook(command, []), 2);
    assertRefused(await daybook(command, ["--no-such-option", file("text")]), 2);
  });
}

Deno.test("an unknown command is refused", async () => {
  assertRefused(await daybookWord("no-such-command"), 125);
});

Deno.test("run ends with the program's status, or 128 and its signal", async () => {
  assert.equal((await daybook("run", ["--no-journal", file("good")])).status, 42);
  const died = await daybook("run", ["--no-journal", file("illegal")]);
  assert.equal(died.status, 132);
  assert.doesNotMatch(text(died.stderr), /Uncaught|\.ts:\d+/);
});

Deno.test("run stops at its limits: 124", async () => {
  const limits = [["--instruction-limit", "1000000"], ["--time-limit", "1"]];
  for (const limit of limits) {
    const result = await daybook("run", ["--no-journal", ...limit, file("spin")]);
    assert.equal(result.status, 124, text(result.stderr));
  }
});

Deno.test("paths are relative to where the user stood", async () => {
  const env = { ...Deno.env.toObject(), INIT_CWD: folder };
  const result = await daybook("run", ["--journal", "here.daybook", "good"], { env });
  assert.equal(result.status, 42, text(result.stderr));
  assert.equal((await daybook("audit", ["here.daybook"], { env })).status, 0);
});

Deno.test("the check of refusals sees each fault", () => {
  const bytes = (line: string) => new TextEncoder().encode(line);
  const good = { stdout: bytes(""), stderr: bytes("run: no such file\n"), status: 125 };
  assertRefused(good, 125);
  const faults: readonly ChildResult[] = [
    { ...good, status: 1 },
    { ...good, stdout: bytes("x") },
    { ...good, stderr: bytes("") },
    { ...good, stderr: bytes("one\ntwo\n") },
    { ...good, stderr: bytes("no line end") },
    { ...good, stderr: bytes("error: Uncaught (in promise) Error: x\n") },
    { ...good, stderr: bytes("x at run (file:///x/main.ts:3:4)\n") },
  ];
  for (const fault of faults) assert.throws(() => assertRefused(fault, 125), text(fault.stderr));
});
