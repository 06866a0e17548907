/** The quick lanes, a small campaign, and planted faults that each check must see. */
import assert from "node:assert/strict";
import { ShutdownCause } from "../../arch/machine/config.ts";
import { exit, tinyElf } from "../cli/tiny_elf.ts";
import { Random } from "../kernel/random.ts";
import { cutCases, failureOf, hostileCases, stageRoot } from "./campaign.ts";
import { checkedRun } from "./checked_run.ts";
import { LANES, runLane } from "./lanes.ts";
import { runLaneProcess } from "./run_lane.ts";

const folder = Deno.makeTempDirSync({ prefix: "daybook-lanes-" });
const journal = `${folder}/lane.daybook`;
Deno.test.afterAll(() => Deno.removeSync(folder, { recursive: true }));

for (const lane of LANES.filter((l) => l.quick === true)) {
  Deno.test(`lane: ${lane.name}`, async () => {
    const { problems } = await runLaneProcess(lane, journal);
    assert.deepEqual(problems, []);
  });
}

Deno.test("lanes: names are unique", () => {
  assert.equal(new Set(LANES.map((l) => l.name)).size, LANES.length);
});

Deno.test("lanes: a boot that is cut, and one that stays low, are seen", () => {
  const cut = runLane(
    { name: "cut", options: ["--instruction-limit", "100000", "--memory", "64M"], high: true },
    journal,
  );
  assert.match(cut.problems.join("\n"), /missing: .*marker: init done/);
  assert.match(cut.problems.join("\n"), /ended with cause 3/);
  assert.match(cut.problems.join("\n"), /no page table lay above 4 GiB/);
  assert.match(cut.problems.join("\n"), /no user page lay above 4 GiB/);
});

Deno.test("lanes: a lane that takes too much memory is seen", async () => {
  const { problems } = await runLaneProcess(LANES[1], journal, 2 ** 20);
  assert.match(problems.join(), /^\d+ MiB were resident$/);
});

Deno.test("campaign: a thousand processes at once", () => {
  const words = ["--harts", "8", "--seed", "5", "userland/bad/bin/crowd", "1000"];
  const { output, problems, outcome } = checkedRun({ command: "run", words }, journal);
  assert.deepEqual(problems, []);
  assert.equal(outcome?.waitStatus, 0, output);
  assert.match(output, /1000 at a pipe, 1000 by signal, 1000 orphans, 1000 deep/);
});

Deno.test("campaign: more spaces than there are ASIDs", () => {
  const words = ["--harts", "2", "--root", ".", "./forkexit", "2100"];
  const bench = new URL("../../userland/bench/bin", import.meta.url).pathname;
  const what = { command: "run", words, folder: bench, memory: 2 ** 21 } as const;
  const { output, problems } = checkedRun(what, journal);
  assert.deepEqual(problems, []);
  assert.match(output, /^forkexit \d+\n$/);
});

Deno.test("campaign: hostile programs on a machine of 1 MiB", () => {
  const cases = hostileCases([2], [7], [1]).filter((what) => !what.words.includes("names"));
  for (const what of cases) assert.equal(failureOf(what, journal), "");
});

Deno.test("campaign: a stage cut anywhere replays, and its books close", () => {
  const root = stageRoot(folder, "process");
  const whole = checkedRun({ command: "boot", words: ["--root", root] }, journal);
  assert.deepEqual(whole.problems, []);
  const total = whole.outcome?.stats.instructions ?? 0;
  for (const what of cutCases(root, total, 6, new Random(20))) {
    assert.equal(failureOf(what, journal), "");
  }
});

Deno.test("campaign: a deadlock is a failure", () => {
  // Without its siblings beside it the storm's parent waits for reports that never come.
  const words = ["--harts", "2", "userland/image/bin/storm", "16", "100", "8", "32"];
  assert.match(failureOf({ command: "run", words }, journal), /record: deadlock/);
});

/** A program that sleeps once, then ends with status 0. */
function sleeper(seconds: number): Uint8Array {
  const timespecAt = 120 + 8 * 4;
  const lui_a0 = 0x10537, addi_a0 = (timespecAt << 20) | 0x50513;
  const a1_0 = 0x593, nanosleep = (101 << 20) | 0x893, ecall = 0x73;
  return tinyElf([lui_a0, addi_a0, a1_0, nanosleep, ecall, ...exit(0), seconds, 0, 0, 0]);
}

Deno.test("a sleep of days ends in time, and one beyond the clocks is a deadlock", () => {
  const program = `${folder}/sleeper`;
  const sleep = (harts: number, seconds: number) => {
    Deno.writeFileSync(program, sleeper(seconds), { mode: 0o755 });
    const words = ["--harts", String(harts), program];
    const { outcome, problems } = checkedRun({ command: "run", words }, journal);
    return { outcome, problems };
  };
  const days = sleep(8, 900_000);
  assert.deepEqual(days.problems, []);
  assert.equal(days.outcome?.reason, ShutdownCause.InitExit);
  assert.equal(days.outcome?.waitStatus, 0);
  assert.ok((days.outcome?.stats.timeNs ?? 0) > 900_000e9);
  const never = sleep(64, 900_000);
  assert.deepEqual(never.problems, ["record: deadlock"]);
  assert.equal(never.outcome?.reason, ShutdownCause.Deadlock);
});
