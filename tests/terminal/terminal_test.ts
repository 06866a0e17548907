/** `run` on a pseudo-terminal: line editing, signals, raw mode, size; and the session's replays. */
import assert from "node:assert/strict";
import { fetchBusybox } from "../busybox/fetch.ts";
import { text } from "../child.ts";
import { assertPure, daybook } from "../daybook.ts";
import { ENDED, showRawReads, showReads } from "./programs.ts";
import { Session, TERMINAL_COLUMNS, TERMINAL_ROWS, terminalMissing } from "./session.ts";

const folder = await Deno.makeTempDir({ prefix: "daybook-terminal-" });
Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));
await Deno.writeFile(`${folder}/reads`, showReads, { mode: 0o755 });
await Deno.writeFile(`${folder}/raw`, showRawReads, { mode: 0o755 });

const CTRL_C = "\x03";
const CTRL_D = "\x04";
const CTRL_H = "\x08";
const CTRL_U = "\x15";
const CTRL_W = "\x17";
const CTRL_Z = "\x1a";
const CTRL_BACKSLASH = "\x1c";
const DELETE = "\x7f";
/** Deno's own progress on a terminal ends with this: its line is cleared. */
const CLEARED = "\x1b[2K\x1b[J";
/** What a terminal prints to take one character off the screen. */
const RUBOUT = "\b \b";

const inCi = Deno.env.get("CI") === "true";
const noTerminal = await terminalMissing();
const busybox: string | Error = await fetchBusybox().catch((error: Error) => error);

/** Where a dialogue must run, what it lacks is the failure; elsewhere it is skipped and said so. */
function requirement(what: string, missing: string | null): void {
  if (missing === null) return;
  if (!inCi) console.log(`${what} are skipped: ${missing}`);
  Deno.test(`${what} can run`, { ignore: !inCi }, () => assert.fail(missing));
}
requirement("terminal dialogues", noTerminal);
requirement("busybox dialogues", busybox instanceof Error ? busybox.message : null);

let journals = 0;

/**
 * Records a dialogue, checks its status, replays its journal both ways and audits it.
 *
 * @param talk must leave the program about to end; what it prints after that may be `rest`
 */
function dialogue(
  name: string,
  words: readonly string[],
  status: number,
  talk: (session: Session) => Promise<void>,
  rest = "",
): void {
  const ignore = noTerminal !== null || (busybox instanceof Error && words.includes("sh"));
  Deno.test(`terminal: ${name}`, { ignore }, async () => {
    const journal = `${folder}/${journals++}.daybook`;
    const session = new Session(["--journal", journal, ...words]);
    try {
      await talk(session);
      assert.deepEqual(await session.end(), { status, rest });
    } finally {
      await session.dispose();
    }
    await assertReplays(journal, session.transcript);
  });
}

async function assertReplays(journal: string, transcript: string): Promise<void> {
  assertPure(journal);
  const [again, fold, audit] = await Promise.all([
    daybook("replay", [journal]),
    daybook("replay", ["--fold", "--quiet", journal]),
    daybook("audit", [journal]),
  ]);
  assert.equal(again.status, 0, text(again.stderr));
  assert.equal(fold.status, 0, text(fold.stderr));
  assert.equal(audit.status, 0, text(audit.stderr) + text(audit.stdout));
  let printed = "";
  for (const byte of again.stdout) printed += String.fromCharCode(byte);
  assert.equal(printed, guestOutput(transcript), "the replay prints what the session printed");
}

/**
 * What the guest sent of what a session's terminal showed: without what Deno shows while it
 * loads, which ends by clearing its line, and without the returns that the host's terminal puts before line ends.
 */
function guestOutput(transcript: string): string {
  const progressEnd = transcript.lastIndexOf(CLEARED);
  const output = progressEnd < 0 ? transcript : transcript.slice(progressEnd + CLEARED.length);
  return output.replaceAll("\r\n", "\n");
}

const reads = [`${folder}/reads`];
const raw = [`${folder}/raw`];

dialogue("lines are echoed, edited, and end at ^D", reads, ENDED, async (s) => {
  await s.see("?");
  assert.equal(await s.ask("plain\r", ">?"), "plain\r\n<plain\r\n>?");
  assert.equal(
    await s.ask(`hel${DELETE}lo\r`, ">?"),
    `hel${RUBOUT}lo\r\n<helo\r\n>?`,
    "DEL erases",
  );
  assert.equal(
    await s.ask(`${DELETE}a${DELETE}${DELETE}b\r`, ">?"),
    `a${RUBOUT}b\r\n<b\r\n>?`,
    "there is nothing before the start of a line",
  );
  assert.equal(
    await s.ask(`a${CTRL_H}b\r`, ">?"),
    `a^Hb\r\n<a${CTRL_H}b\r\n>?`,
    "^H is a character, as the erase character is DEL",
  );
  assert.equal(
    await s.ask(`junk${CTRL_U}good\r`, ">?"),
    `junk${RUBOUT.repeat(4)}good\r\n<good\r\n>?`,
    "^U kills the line",
  );
  assert.equal(
    await s.ask(`two words${CTRL_W}one\r`, ">?"),
    `two words${RUBOUT.repeat(5)}one\r\n<two one\r\n>?`,
    "^W erases a word",
  );
  assert.equal(
    await s.ask(`\x01${DELETE}\xc3\xa9${DELETE}e\r`, ">?"),
    `^A${RUBOUT}${RUBOUT}\xc3\xa9${RUBOUT}e\r\n<e\r\n>?`,
    "a control character is two columns, a UTF-8 one is one",
  );
  assert.equal(await s.ask("\r", ">?"), "\r\n<\r\n>?");
  assert.equal(await s.ask(`part${CTRL_D}`, ">?"), "part<part>?", "^D gives what there is");
  await s.type(CTRL_D);
});

dialogue("each read gives one line of those typed ahead", reads, ENDED, async (s) => {
  await s.see("?");
  const said = await s.ask(`one\rtwo\r${CTRL_D}`, "<two\r\n>?");
  assert.equal(said.replaceAll(/(one|two)\r\n(?!>)/g, ""), "<one\r\n>?<two\r\n>?");
});

for (
  const [name, typed, shown, status] of [
    ["^C", CTRL_C, "^C", 130],
    ["^\\", CTRL_BACKSLASH, "^\\", 131],
  ] as const
) {
  dialogue(`${name} kills the program in the foreground`, reads, status, async (s) => {
    await s.see("?");
    assert.equal(await s.ask(`half a line${typed}`, shown), `half a line${shown}`);
  });
}

dialogue("raw mode gives bytes as they are typed, with no echo", raw, 130, async (s) => {
  await s.see("?");
  for (const byte of ["x", DELETE, CTRL_D, CTRL_U, "\x00", "\xff"]) {
    assert.equal(await s.ask(byte, ">?"), `<${byte}>?`);
  }
  assert.equal(await s.ask("\r", ">?"), "<\r\n>?", "ICRNL and ONLCR are still on");
  await s.type(CTRL_C);
});

/** What busybox's shell prints when it waits: its prompt, and a question for the cursor's place. */
const PROMPT = "@ \x1b[6n";
/**
 * A command line that runs a program in the foreground once it has said `go`. Before that, what is
 * typed may still find the shell's raw mode.
 */
const foreground = (program: string): string => `sh -c 'echo go; exec ${program}'`;
/**
 * A program that says `go` and then waits: a shell would have its own way with signals until it has
 * executed what it was asked to.
 */
const WAITING = "tail -f /tmp/go";
const MAKE_GO = "echo go > /tmp/go\r";
const GO = "\r\ngo\r\n";
const shell = ["--env", "PS1=@ ", `${busybox}`, "sh"];

dialogue("a shell has line editing and the terminal's size", shell, 5, async (s) => {
  await s.see(PROMPT);
  assert.equal(
    await s.ask("stty size\r", PROMPT),
    `stty size\r\n${TERMINAL_ROWS} ${TERMINAL_COLUMNS}\r\n${PROMPT}`,
  );
  const edited = await s.ask(`echo hel${DELETE}lo\r`, PROMPT);
  assert.ok(edited.endsWith(`\r\nhelo\r\n${PROMPT}`), JSON.stringify(edited));
  // Left, then a character in the middle: the shell edits by itself, in raw mode.
  const middle = await s.ask("echo ac\x1b[Db\r", PROMPT);
  assert.ok(middle.endsWith(`\r\nabc\r\n${PROMPT}`), JSON.stringify(middle));
  // Up, up: its history.
  const history = await s.ask("\x1b[A\x1b[A\r", PROMPT);
  assert.ok(history.endsWith(`\r\nhelo\r\n${PROMPT}`), JSON.stringify(history));
  const killed = await s.ask(`nonsense${CTRL_U}echo x\r`, PROMPT);
  assert.ok(killed.endsWith(`\r\nx\r\n${PROMPT}`), JSON.stringify(killed));
  await s.ask("exit 5\r", "exit 5\r\n");
});

dialogue("^C and ^\\ kill the shell's child and not the shell", shell, 0, async (s) => {
  await s.see(PROMPT);
  await s.ask(MAKE_GO, PROMPT);
  await s.ask(`${WAITING}\r`, GO);
  assert.equal(await s.ask(CTRL_C, PROMPT), `^C\r\n${PROMPT}`);
  assert.ok((await s.ask("echo $?\r", PROMPT)).endsWith(`\r\n130\r\n${PROMPT}`));
  await s.ask(`${WAITING} > /dev/tty | ${WAITING}\r`, GO);
  await s.see("go\r\n");
  assert.match(await s.ask(CTRL_BACKSLASH, PROMPT), /^\^\\/);
  assert.ok((await s.ask("echo $?\r", PROMPT)).endsWith(`\r\n131\r\n${PROMPT}`));
  await s.ask(`no command${CTRL_C}`, PROMPT);
  assert.ok((await s.ask("echo alive\r", PROMPT)).endsWith(`\r\nalive\r\n${PROMPT}`));
  await s.type(CTRL_D);
}, "\r\n");

dialogue("^Z stops a job, fg and bg continue it", shell, 0, async (s) => {
  await s.see(PROMPT);
  await s.ask(`${foreground("cat")}\r`, GO);
  assert.equal(await s.ask("one\r", "\r\none\r\n"), "one\r\none\r\n");
  assert.match(await s.ask(CTRL_Z, PROMPT), /\^Z.*\[1\]\+ +Stopped.*cat/s);
  assert.match(await s.ask("jobs\r", PROMPT), /\[1\]\+ +Stopped.*cat/);
  await s.ask("fg\r", 'exec cat"\r\n');
  assert.equal(await s.ask("two\r", "\r\ntwo\r\n"), "two\r\ntwo\r\n");
  await s.ask(CTRL_D, PROMPT);
  // A job in the background that reads the terminal is stopped.
  await s.ask("cat &\r", PROMPT);
  assert.match(await s.ask("sleep 1; jobs\r", PROMPT), /\[1\]\+ +Stopped.*cat/);
  assert.match(await s.ask("kill %1; fg; echo $?\r", PROMPT), /\r\n143\r\n/);
  await s.type("exit\r");
}, "exit\r\n");

dialogue("a child of the shell reads lines up to ^D", shell, 0, async (s) => {
  await s.see(PROMPT);
  await s.ask(`${foreground("wc -c")}\r`, GO);
  assert.equal(await s.ask("abc\r", "abc\r\n"), "abc\r\n");
  const counted = await s.ask(`de${CTRL_D}${CTRL_D}`, PROMPT);
  assert.equal(counted, `de6\r\n${PROMPT}`);
  await s.type("exit\r");
}, "exit\r\n");

dialogue("stty changes the modes that a child finds", shell, 0, async (s) => {
  await s.see(PROMPT);
  await s.ask("stty -echo; echo now; head -n 1; stty echo\r", "\r\nnow\r\n");
  assert.equal(await s.ask("secret\r", PROMPT), `secret\r\n${PROMPT}`, "printed once, by head");
  await s.ask("stty -icanon -echo; echo now; head -c 1; stty sane\r", "\r\nnow\r\n");
  assert.equal(await s.ask("k", PROMPT), `k${PROMPT}`, "without a line's end");
  const modes = await s.ask("stty -a\r", PROMPT);
  assert.match(modes, / icanon .* echo /);
  await s.type("exit\r");
}, "exit\r\n");

dialogue(
  "signals and ends of file reach other harts",
  ["--harts", "4", "--seed", "7", ...shell],
  0,
  async (s) => {
    await s.see(PROMPT);
    await s.ask(MAKE_GO, PROMPT);
    for (let round = 0; round < 3; round++) {
      await s.ask(`cat | sleep 100 | ${WAITING}\r`, GO);
      assert.equal(await s.ask(CTRL_C, PROMPT), `^C\r\n${PROMPT}`);
    }
    await s.ask(`${foreground("cat")} | cat | cat\r`, "\r\ngo\r\n");
    assert.equal(await s.ask("line\r", "\r\nline\r\n"), "line\r\nline\r\n");
    await s.ask(CTRL_D, PROMPT);
    await s.type(CTRL_D);
  },
  "\r\n",
);

Deno.test("terminal: the time limit ends a program that waits for typing", {
  ignore: noTerminal !== null,
}, async () => {
  const journal = `${folder}/limit.daybook`;
  const session = new Session(["--journal", journal, "--time-limit", "1", ...reads]);
  try {
    await session.see("?");
    assert.deepEqual(await session.end(), {
      status: 124,
      rest: "run: the time limit was reached\r\n",
    });
  } finally {
    await session.dispose();
  }
  await assertReplays(journal, "?");
});

Deno.test(
  "terminal: a dialogue that goes wrong is seen",
  { ignore: noTerminal !== null },
  async () => {
    const session = new Session(["--no-journal", ...reads]);
    await session.see("?");
    await session.type(CTRL_C);
    await assert.rejects(session.see("never printed"), /waited for "never printed".*\^C/);
    assert.equal((await session.end()).status, 130);
  },
);

dialogue("a long paste reaches a slow reader whole", shell, 0, async (s) => {
  await s.see(PROMPT);
  await s.ask("stty -echo; sh -c 'echo go; sleep 1; exec wc -c'; stty echo\r", "\r\ngo\r\n");
  await s.type(`${"x".repeat(59)}\r`.repeat(500) + CTRL_D);
  await s.see("30000\r\n");
  await s.see(PROMPT);
  await s.type("exit\r");
}, "exit\r\n");
