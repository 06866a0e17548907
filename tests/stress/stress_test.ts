/** Every load, small, under a few seeds; and faults that each check must see. */
import assert from "node:assert/strict";
import { repository } from "../daybook.ts";
import { runChild, text } from "../child.ts";
import { runCampaign } from "./campaign.ts";
import { parseStressOptions } from "./options.ts";
import { type StressResult, stressRun } from "./stress_run.ts";
import { rowOf, tableText } from "./table.ts";
import { Watch } from "./watch.ts";
import { seedsOf, type Workload, WORKLOADS } from "./workloads.ts";

const folder = Deno.makeTempDirSync({ prefix: "daybook-stress-test-" });
const journal = `${folder}/run.daybook`;
Deno.test.afterAll(() => Deno.removeSync(folder, { recursive: true }));

/** A load with other arguments, and marks that come sooner. */
function small(name: string, args: readonly string[], lines: readonly string[]): Workload {
  const whole = WORKLOADS.find((workload) => workload.name === name);
  if (whole === undefined) throw new Error(`there is no load ${name}`);
  return { ...whole, args, lines, budget: 20_000 };
}

const SMALL: readonly Workload[] = [
  small("msgstorm", ["8", "8", "8"], ["messages: 14 round trips with 7 clients on 8 harts"]),
  small("chanstorm", ["8", "16", "32"], ["chanstorm: 4096 made and destroyed by 8 children"]),
  small("sends", ["16", "500"], ["sends: 8000 messages of 16 clients answered, "]),
  small("delegate", ["1"], ["delegate: 1 chains of 128 and fans of 64 revoked in the middle, "]),
  small("together", [], ["together: 8 loads at once"]),
];

for (const workload of SMALL) {
  for (const seed of [0, 3]) {
    Deno.test(`stress: ${workload.name}, small, seed ${seed}`, () => {
      assert.deepEqual(stressRun(workload, seed, journal).problems, []);
    });
  }
}

Deno.test("stress: a channel that is left fails, and is named by the load and by the kernel", () => {
  // The first child leaves out a destroy in round 2.
  const { problems } = stressRun(
    small("chanstorm", ["4", "3", "16", "2"], ["chanstorm: gate 0 kept"]),
    1,
    journal,
  );
  const all = problems.join("\n");
  const id = /chanstorm: channel (\d+) was not destroyed/.exec(all)?.[1];
  assert.match(all, /the load ended with wait status 256/);
  assert.match(all, /not printed: chanstorm: gate 0 kept/);
  assert.match(all, new RegExp(`gate: channel ${id} of process \\d+ was not destroyed`));
  assert.match(all, /^again: deno task run --harts 8 --seed 1 .*chanstorm 4 3 16 2$/m);
});

Deno.test("stress: a run without marks hangs after so many events, and its journal is whole", () => {
  const workload = { ...small("msgstorm", ["8", "8", "8"], []), budget: 300 };
  const { hung, problems, events, instructions } = stressRun(workload, 1, journal);
  assert.equal(hung, true);
  assert.match(problems[0], /^hang: 300 events without a mark, [\d,]+ in all, \d+ marks$/);
  assert.ok(problems.every((line) => /^(hang|printed|again): ?/.test(line)), problems.join("\n"));
  assert.ok(problems.at(-1)?.includes(`--instruction-limit ${instructions} `));
  assert.ok(events > 300 && events < 5000);
});

Deno.test("stress: a run that takes too many instructions hangs", () => {
  const workload = { ...small("msgstorm", ["8", "8", "8"], []), instructions: 10_000 };
  const { hung, problems } = stressRun(workload, 1, journal);
  assert.equal(hung, true);
  assert.match(problems[0], /^hang: 10,000 instructions, 0 marks$/);
});

Deno.test("stress: a load that fails is no success, whatever it printed", () => {
  const { problems } = stressRun(small("sends", ["0"], []), 1, journal);
  assert.match(problems.join("\n"), /the load ended with wait status 512\n[^]*usage: sends/);
});

Deno.test("watch: marks put the end off, and other lines do not", () => {
  const watch = new Watch(10);
  const print = (line: string): void => {
    const bytes = new TextEncoder().encode(line);
    watch.writeStream(1, bytes, 0, bytes.length);
  };
  assert.equal(watch.stop(10), false);
  print("progress: a ");
  print("1\nprogress");
  assert.equal(watch.stop(20), false);
  print("less\n");
  assert.equal(watch.stop(30), false);
  assert.equal(watch.marks, 1);
  assert.equal(watch.text(), "progressless\n");
  assert.equal(watch.stop(31), true);
});

Deno.test("campaign: runs of two processes, and one whose process does not know the load", async () => {
  const results: StressResult[] = [];
  const jobs = [
    { name: "msgstorm", seed: 5 },
    { name: "nothing", seed: 6 },
    { name: "delegate", seed: 7 },
  ];
  await runCampaign(jobs, 2, folder, (result) => results.push(result));
  const of = (name: string) => results.find((result) => result.name === name);
  assert.equal(results.length, 3);
  assert.deepEqual(of("msgstorm")?.problems, []);
  assert.deepEqual(of("delegate")?.problems, []);
  assert.match(of("nothing")?.problems[0] ?? "", /its process ended with status 1/);
  const rows = WORKLOADS.map((workload) => rowOf(workload, results)).filter((row) => row.runs > 0);
  assert.match(tableText(rows), /^load .*\ndelegate +1\/1 .*20 revocations.*\nmsgstorm +1\/1 /);
});

Deno.test("stress: a tenth is at least one, and options are read or refused", () => {
  const quick = WORKLOADS.map((workload) => [workload.name, seedsOf(workload, true)]);
  assert.deepEqual(Object.fromEntries(quick), {
    together: 3,
    chanstorm: 5,
    delegate: 10,
    msgstorm: 20,
    sends: 50,
  });
  const read = parseStressOptions(["--quick", "--only", "sends", "--seeds=3", "--from", "9"]);
  assert.deepEqual([read.quick, read.only, read.seeds, read.from], [true, ["sends"], 3, 9]);
  assert.throws(() => parseStressOptions(["--only", "storm"]), /there is no load "storm"/);
  assert.throws(() => parseStressOptions(["--seeds", "0"]), /--seeds/);
  assert.throws(() => parseStressOptions(["--fast"]), /unknown option --fast/);
});

Deno.test("stress: bad words are one line, and status 1", async () => {
  const args = ["task", "--quiet", "stress", "--only"];
  const { status, stderr } = await runChild(Deno.execPath(), args, { cwd: repository });
  assert.equal(status, 1);
  assert.equal(text(stderr), "stress: --only needs a value\n");
});
