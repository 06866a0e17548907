/** The reducer is a function of (state, event): three kernels, one in a worker, stay equal. */
import assert from "node:assert/strict";
import { runKernel, type RunResult, SMALL, STAGES } from "./harness.ts";
import { purityBreach, type ReducerModule } from "./purity.ts";

function recorded(name: string, harts: number, seed: number): RunResult {
  const stage = STAGES.find((s) => s.name === name);
  assert.ok(stage !== undefined, name);
  return runKernel({ ...stage, harts, seed, record: true });
}

/** Harts of a machine, and events between two comparisons of the arenas. */
const MACHINES: readonly (readonly [number, number])[] = [[1, 1], [2, 1], [8, 1000], [64, 1000]];

for (const { name } of STAGES) {
  for (const [harts, interval] of MACHINES) {
    const when = interval === 1 ? "each event" : `every ${interval} events`;
    Deno.test(`purity: ${name} on ${harts} harts, equal arenas after ${when}`, () => {
      const run = recorded(name, harts, harts);
      assert.equal(purityBreach(run, { capacities: SMALL, interval }), "");
    });
  }
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

let storm: RunResult | undefined;

/** One piece of source that stands for another: file, before, after. */
type Plant = readonly [string, string, string];

/** Checks a storm against a kernel in which some pieces of source stand for others. */
async function breachOf(...plants: readonly Plant[]): Promise<string> {
  const core = new URL("../../core", import.meta.url).pathname;
  const folder = await Deno.makeTempDir({ prefix: "daybook-purity-" });
  try {
    await copyTree(core, `${folder}/core`);
    for (const [file, before, after] of plants) {
      const path = `${folder}/core/${file}`;
      const source = await Deno.readTextFile(path);
      assert.equal(source.split(before).length, 2, `${file} says "${before}" once`);
      await Deno.writeTextFile(path, source.replace(before, () => after));
    }
    const url = `file://${folder}/core/reducer.ts`;
    const { makeReducer }: ReducerModule = await import(url);
    storm ??= recorded("storm", 4, 0);
    return purityBreach(storm, { capacities: SMALL, interval: 1 }, { url, makeReducer });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const FILE = "sched/call.ts";
const ENTRY =
  "export function returnFromCall(s: State, fx: Effects, thread: number, value: number): void {\n";

/** A fault at the return of every call. */
const atReturn = (statement: string, before = ""): Plant => [
  FILE,
  ENTRY,
  `${before}${ENTRY}  ${statement}\n`,
];

const REDUCE = "  s.kernel.lastOrder[one] = e.order + 1;\n";
/** A fault in every event. */
const atEvent = (statement: string, before = ""): Plant => [
  "reduce.ts",
  REDUCE,
  `${REDUCE}  ${before}${statement}\n`,
];

Deno.test("purity: the kernel that plants are put into is pure without them", async () => {
  assert.equal(await breachOf(atReturn("")), "");
});

Deno.test("purity: module-level state in the kernel is caught", async () => {
  const breach = await breachOf(
    atReturn("s.thread.userTime[thread] += calls++;", "let calls = 0;\n"),
  );
  assert.match(breach, /^event \d+: thread\[\d+\]\.userTime/);
});

Deno.test("purity: state of a kernel that is not in its arena is caught", async () => {
  const breach = await breachOf(
    [
      "reducer.ts",
      "  const effects = new Effects();\n",
      "  const effects = new Effects(); let n = 0;\n",
    ],
    [
      "reducer.ts",
      "    reduce: (e) => reduce(state, effects, e, drivers),",
      "    reduce: (e) => (state.thread.userTime[1] += n++ % 7, reduce(state, effects, e, drivers)),",
    ],
  );
  // The first binding of B and its first renewal agree for a hundred events.
  assert.match(breach, /^event \d{2,}: thread\[1\]\.userTime/);
});

Deno.test("purity: the order of a map that dies with its kernel is caught", async () => {
  const breach = await breachOf(
    [
      "reducer.ts",
      "  const effects = new Effects();\n",
      "  const effects = new Effects(); const seen = new Map();\n",
    ],
    [
      "reducer.ts",
      "    reduce: (e) => reduce(state, effects, e, drivers),",
      "    reduce: (e) => {\n" +
      "      seen.set(e.hart, e.order);\n" +
      "      state.thread.userTime[1] += [...seen.keys()].indexOf(e.hart);\n" +
      "      return reduce(state, effects, e, drivers);\n    },",
    ],
  );
  assert.match(breach, /^event \d{3,}: thread\[1\]\.userTime/);
});

Deno.test("purity: a random effect is caught", async () => {
  const breach = await breachOf(atReturn("fx.charge(1 + Math.floor(Math.random() * 1e6));"));
  assert.match(breach, /^event \d+: effect word/);
});

Deno.test("purity: the host's time is caught, by the clock of another day", async () => {
  // All of this test is over in one day: only the worker's other clock can tell.
  const day = "Math.floor(Date.now() / 86_400_000)";
  const state = await breachOf(atReturn(`s.thread.userTime[thread] += ${day};`));
  assert.match(state, /^event \d+: another state in the worker/);
  const date = await breachOf(atReturn("fx.charge(new Date().getFullYear());"));
  assert.match(date, /^event \d+: other effects in the worker/);
});

Deno.test("purity: what only differs from worker to worker is caught", async () => {
  const breach = await breachOf(
    atReturn(
      "s.thread.userTime[thread] += inWorker;",
      'const inWorker = "WorkerGlobalScope" in globalThis ? 1 : 0;\n',
    ),
  );
  assert.match(breach, /^event \d+: another state in the worker/);
});

Deno.test("purity: a look at what the event does not carry is caught", async () => {
  for (const look of ["e.registers[15] & 1", "e.payload[65_535] & 1"]) {
    const breach = await breachOf(atEvent(`s.kernel.timerSequence[ONE] += ${look};`));
    assert.match(breach, /^event \d+: kernel\[1\]\.timerSequence/);
  }
});

Deno.test("purity: the identity of the event's object is caught", async () => {
  const breach = await breachOf(
    [
      "reduce.ts",
      "export function reduce(",
      "const last = new WeakMap<State, Event>();\nexport function reduce(",
    ],
    atEvent("if (last.get(s) === e) s.kernel.timerSequence[ONE]++; last.set(s, e);"),
  );
  assert.match(breach, /^event \d+: kernel\[1\]\.timerSequence/);
});

Deno.test("purity: a NaN in the state is caught", async () => {
  const breach = await breachOf(atReturn("s.thread.userTime[thread] = NaN;"));
  assert.match(breach, /^event \d+: thread\[\d+\]\.userTime is NaN/);
});

Deno.test("purity: effects of two kernels in one buffer are caught", async () => {
  const breach = await breachOf(
    ["reducer.ts", "  const effects = new Effects();\n", "  const effects = shared;\n"],
    [
      "reducer.ts",
      "/** The kernel, bound to one arena. */",
      "const shared = new Effects();\n/** The kernel, bound to one arena. */",
    ],
  );
  assert.match(breach, /^event \d+: one effect buffer for two kernels/);
});

Deno.test("purity: a look at effects of the event before is caught", async () => {
  const breach = await breachOf(atReturn("s.thread.userTime[thread] += fx.words[fx.length] & 3;"));
  assert.match(breach, /^event \d+: /);
});

Deno.test("purity: the arena's place in its buffer is caught", async () => {
  const breach = await breachOf(
    atReturn("s.thread.userTime[thread] += s.kernel.now.byteOffset & 4096;"),
  );
  assert.match(breach, /^event \d+: thread\[\d+\]\.userTime/);
});

Deno.test("purity: rubbish around the arena is caught", async () => {
  const breach = await breachOf(
    atReturn(
      "s.thread.userTime[thread] += new Uint8Array(s.kernel.now.buffer)[s.kernel.now.buffer.byteLength - 1];",
    ),
  );
  assert.match(breach, /^event \d+: thread\[\d+\]\.userTime/);
});

Deno.test("purity: a look at elements that are not in use is caught", async () => {
  const breach = await breachOf(
    atEvent(
      "s.kernel.timerSequence[ONE] += s.hart.heap[2 * s.hart.heap.length / s.hart.$capacity - 1] & 1;",
    ),
  );
  assert.match(breach, /^event \d+: kernel\[1\]\.timerSequence/);
});
