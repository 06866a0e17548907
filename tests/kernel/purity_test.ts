/** The reducer is a function of (state, event): three kernels, one in a worker, stay equal. */
import assert from "node:assert/strict";
import { runKernel, type RunResult, SMALL, STAGES } from "./harness.ts";
import { purityBreach } from "./purity.ts";

function recorded(name: string, harts: number, seed: number): RunResult {
  const stage = STAGES.find((s) => s.name === name);
  assert.ok(stage !== undefined, name);
  return runKernel({ ...stage, harts, seed, record: true });
}

for (const name of ["process", "signals", "files", "storm"]) {
  Deno.test(`${name}: equal arenas after each event`, async () => {
    const run = recorded(name, 4, 3);
    assert.equal(await purityBreach(run, { capacities: SMALL, interval: 1 }), "");
  });
}

for (const name of ["memory", "pipes", "affinity"]) {
  Deno.test(`${name}: equal arenas every 1,000 events`, async () => {
    const run = recorded(name, 8, 1);
    assert.equal(await purityBreach(run, { capacities: SMALL, interval: 1000 }), "");
  });
}

async function copyTree(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const entry of Deno.readDir(from)) {
    if (entry.isDirectory) await copyTree(`${from}/${entry.name}`, `${to}/${entry.name}`);
    else if (!entry.name.endsWith("_test.ts")) {
      await Deno.copyFile(`${from}/${entry.name}`, `${to}/${entry.name}`);
    }
  }
}

/** Checks a storm against a kernel in which one piece of source stands for another. */
async function breachOf(file: string, before: string, after: string): Promise<string> {
  const core = new URL("../../core", import.meta.url).pathname;
  const folder = await Deno.makeTempDir({ prefix: "daybook-purity-" });
  try {
    await copyTree(core, `${folder}/core`);
    const path = `${folder}/core/${file}`;
    const source = await Deno.readTextFile(path);
    assert.equal(source.split(before).length, 2, `${file} says "${before}" once`);
    await Deno.writeTextFile(path, source.replace(before, after));
    const module = `file://${folder}/core/reducer.ts`;
    return await purityBreach(recorded("storm", 4, 0), { capacities: SMALL, interval: 1, module });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const FILE = "sched/call.ts";
const ENTRY =
  "export function returnFromCall(s: State, fx: Effects, thread: number, value: number): void {\n";

Deno.test("module-level state in the kernel is caught", async () => {
  const breach = await breachOf(
    FILE,
    ENTRY,
    `let calls = 0;\n${ENTRY}  s.thread.userTime[thread] += calls++;\n`,
  );
  assert.match(breach, /^event \d+: thread\[\d+\]\.userTime/);
});

Deno.test("a random effect is caught", async () => {
  const breach = await breachOf(
    FILE,
    ENTRY,
    `${ENTRY}  fx.charge(1 + Math.floor(Math.random() * 1e6));\n`,
  );
  assert.match(breach, /^event \d+: effect word/);
});

Deno.test("what only differs from worker to worker is caught", async () => {
  const breach = await breachOf(
    FILE,
    ENTRY,
    `const inWorker = "WorkerGlobalScope" in globalThis ? 1 : 0;\n${ENTRY}` +
      "  s.thread.userTime[thread] += inWorker;\n",
  );
  assert.match(breach, /^event \d+: another state in the worker/);
});

Deno.test("a look at registers the event does not carry is caught", async () => {
  const before = "  s.kernel.lastOrder[ONE] = e.order + 1;\n";
  const after = `${before}  s.kernel.timerSequence[ONE] += e.registers[15] & 1;\n`;
  const breach = await breachOf("reduce.ts", before, after);
  assert.match(breach, /^event \d+: kernel\[1\]\.timerSequence/);
});
