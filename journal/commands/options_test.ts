import assert from "node:assert/strict";
import { optionsHelp, parseMachineOptions, UsageError } from "./options.ts";

function refused(words: string[], message: RegExp, command: "boot" | "run" = "run"): void {
  assert.throws(() => parseMachineOptions(command, words), (error: unknown) => {
    assert.ok(error instanceof UsageError, String(error));
    assert.match(error.message, message);
    assert.ok(!error.message.includes("\n"), "one line");
    return true;
  });
}

Deno.test("options: defaults of boot and run", () => {
  const boot = parseMachineOptions("boot", []);
  assert.equal(boot.harts, 8);
  assert.deepEqual(boot.command, []);
  const run = parseMachineOptions("run", ["prog"]);
  assert.equal(run.harts, 1);
  assert.equal(run.seed, 0);
  assert.equal(run.keepJournal && run.pace && run.embed, true);
  assert.equal(run.clock, undefined);
});

Deno.test("options: each one, as next word or after =", () => {
  const words = "--harts 64 --memory=64G --seed 4294967295 --root /r --env A=1 --env=B=x=y" +
    " --env E= --journal j --engine wasm --clock now --entropy host --time-limit 2.5" +
    " --instruction-limit 9007199254740991 --no-pace --no-embed --json prog";
  const o = parseMachineOptions("run", words.split(" "));
  assert.deepEqual(o, {
    harts: 64,
    memory: 64 * 2 ** 30,
    seed: 0xffff_ffff,
    root: "/r",
    env: [["A", "1"], ["B", "x=y"], ["E", ""]],
    journal: "j",
    keepJournal: true,
    engine: "wasm",
    clock: "now",
    hostEntropy: true,
    timeLimit: 2.5,
    instructionLimit: 9007199254740991,
    pace: false,
    embed: false,
    json: true,
    verbose: false,
    help: false,
    command: ["prog"],
  });
});

Deno.test("options: they end at the program or at --; the rest is the program's", () => {
  const of = (words: string[]) => parseMachineOptions("run", words);
  const o = of(["--harts", "2", "prog", "--harts", "99", "--", "-x"]);
  assert.equal(o.harts, 2);
  assert.deepEqual(o.command, ["prog", "--harts", "99", "--", "-x"]);
  assert.deepEqual(of(["--", "-prog", "--json"]).command, ["-prog", "--json"]);
  assert.deepEqual(of(["-", "x"]).command, ["-", "x"]);
  refused(["--", "--harts", "2", "prog"], /"--" ends the options.*\.\/--harts/);
});

Deno.test("options: what cannot be meant is refused in one line", () => {
  refused(["--hart", "2", "p"], /unknown option --hart; did you mean --harts\?/);
  refused(["-j", "p"], /unknown option -j; see deno task run --help/);
  refused(["--harts"], /--harts needs a value: --harts N/);
  refused(["--harts", "0", "p"], /--harts "0": must be a whole number from 1 to 64/);
  for (const bad of ["65", "-1", "1.5", "0x2", "", " 3", "1e1", "two"]) {
    refused(["--harts", bad, "p"], /must be a whole number from 1 to 64/);
  }
  refused(["--seed", "4294967296", "p"], /0 to 4294967295/);
  refused(["--instruction-limit", "0", "p"], /from 1 to 9007199254740991/);
  refused(["--instruction-limit", "9007199254740993", "p"], /must be/);
  refused(["--harts", "1", "--harts", "2", "p"], /--harts is given twice/);
  refused(["--json=1", "p"], /--json takes no value/);
  refused(["--engine", "qemu", "p"], /"qemu": must be ir or wasm/);
  refused(["--entropy", "seed", "p"], /must be host/);
  refused(["--env", "=x", "p"], /NAME=VALUE/);
  refused(["--env", "X", "p"], /NAME=VALUE/);
  refused(["--root=", "p"], /must be a directory or tar file/);
  refused(["--journal", "a", "--no-journal", "p"], /exclude each other/);
  refused([], /no program is given/);
  refused([""], /name is empty/);
  refused(["x"], /boot takes no arguments beside options, and was given "x"/, "boot");
  refused(["--env", "a\nb", "p"], /"a\\nb"/);
  refused(["--a\nb", "p"], /unknown option --a\?b/);
});

Deno.test("options: sizes", () => {
  const size = (text: string) => parseMachineOptions("run", ["--memory", text, "p"]).memory;
  assert.equal(size("16M"), 2 ** 24);
  assert.equal(size("512m"), 2 ** 29);
  assert.equal(size("64G"), 2 ** 36);
  assert.equal(size("20480K"), 20480 * 1024);
  assert.equal(size("16777216"), 2 ** 24);
  for (const bad of ["16777217", "15M", "65G", "1T", "1.5G", "", "G", "16MB", "-16M"]) {
    refused(["--memory", bad, "p"], /must be a size from 16M to 64G/);
  }
});

Deno.test("options: time limits", () => {
  const limit = (text: string) => parseMachineOptions("run", ["--time-limit", text, "p"]).timeLimit;
  assert.equal(limit("1"), 1);
  assert.equal(limit("0.001"), 0.001);
  for (const bad of ["0", "0.0", "-1", "1e3", "Infinity", "1,5", "0.0001"]) {
    refused(["--time-limit", bad, "p"], /number of seconds above 0/);
  }
});

Deno.test("options: start times mean the same everywhere", () => {
  const clock = (text: string) => parseMachineOptions("run", ["--clock", text, "p"]).clock;
  assert.equal(clock("1970-01-01"), 0);
  assert.equal(clock("2000-02-29T00:00:00Z"), 951782400e6);
  assert.equal(clock("2026-03-01T12:34:56.5Z"), 1772368496.5e6);
  assert.equal(clock("2026-03-01T12:34"), clock("2026-03-01T12:34:00Z"));
  assert.equal(clock("2026-03-01T12:34:00+02:00"), clock("2026-03-01T10:34:00Z"));
  assert.equal(clock("2026-03-01T22:34:00-05:30"), clock("2026-03-02T04:04:00Z"));
  assert.equal(clock("2199-12-31T23:59:59.999999Z"), 7258118399999999);
  for (
    const bad of [
      "today",
      "1969-12-31",
      "2200-01-01",
      "2025-02-29",
      "2026-13-01",
      "2026-00-10",
      "2026-04-31",
      "2026-01-01T24:00",
      "2026-01-01 10:00",
      "2026-01-01T10:00+15:00",
      "1970-01-01T00:00+01:00",
      "20260101",
      "",
    ]
  ) refused(["--clock", bad, "p"], /--clock .* must be now, or a date/);
});

Deno.test("options: help asks for nothing else and names every option", () => {
  assert.equal(parseMachineOptions("run", ["--help"]).help, true);
  const help = optionsHelp();
  for (const name of ["--harts N", "--memory SIZE", "--no-pace", "--entropy host", "--clock"]) {
    assert.ok(help.includes(name), name);
  }
});
