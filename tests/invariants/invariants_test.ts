/** Every invariant holds after every event of every stage; and each, when broken, is seen at once. */
import assert from "node:assert/strict";
import { ThreadState } from "../../core/sched/tables.ts";
import {
  type LiveKernel,
  runKernel,
  type RunOptions,
  type Stage,
  STAGES,
  type Watch,
} from "../kernel/harness.ts";
import { eachLive } from "./checker.ts";
import type { Plant } from "./plant.ts";
import { plants } from "./plants.ts";
import { reportsIn } from "./reports.ts";
import { groups, watchInvariants } from "./watch.ts";

/** Harts and schedule seeds of the runs. */
const RUNS: readonly (readonly [harts: number, seed: number])[] = [
  [1, 0],
  [4, 0],
  [4, 1],
  [4, 2],
  [8, 3],
];
/** Stages of few processes and thousands of faults: the schedule changes little in them. */
const LONG: ReadonlySet<string> = new Set(["memory", "fault"]);

function stageOf(name: string): Stage {
  const stage = STAGES.find((s) => s.name === name);
  if (stage === undefined) throw new Error(`no stage ${name}`);
  return stage;
}

for (const stage of STAGES) {
  Deno.test(`invariants: all hold after every event of ${stage.name}`, () => {
    for (const [harts, seed] of LONG.has(stage.name) ? RUNS.slice(0, 2) : RUNS) {
      const options: RunOptions = { ...stage, harts, seed };
      const where = `${stage.name}, ${harts} harts, seed ${seed}`;
      try {
        const run = runKernel({ ...options, watch: (kernel) => watchInvariants(kernel) });
        assert.equal(run.outcome.closed, true);
        assert.equal(run.status, 0, run.stdout);
      } catch (error) {
        throw new Error(`${where}: ${rootOf(error)}`);
      }
    }
  });
}

/** Gives every process between its fork and its first turn a priority of its own. */
function spreadPriorities(kernel: LiveKernel): Watch {
  const { thread } = kernel.state;
  const watch = watchInvariants(kernel);
  return {
    after: (e) => {
      watch.after?.(e);
      eachLive(thread, (t) => {
        if (thread.state[t] === ThreadState.Embryo) thread.priority[t] = 8 + (thread.tid[t] % 5);
      });
    },
  };
}

Deno.test("invariants: all hold with threads of several priorities", () => {
  for (const name of ["storm", "process", "preempt"]) {
    for (const harts of [1, 4]) {
      const run = runKernel({ ...stageOf(name), harts, seed: harts, watch: spreadPriorities });
      assert.equal(run.outcome.closed, true, `${name}, ${harts} harts`);
    }
  }
});

/** The message of the first error in a chain of causes. */
function rootOf(error: unknown): string {
  let at = error;
  while (at instanceof Error && at.cause !== undefined) at = at.cause;
  return at instanceof Error ? at.message : String(at);
}

/** Runs a stage up to the plant's moment and breaks the rule there; what the check says of it. */
function seen(plant: Plant): string {
  const group = groups.find((g) => g.name === plant.group);
  assert.ok(group !== undefined, plant.group);
  let order = -1;
  try {
    runKernel({
      ...stageOf(plant.stage),
      harts: 4,
      seed: 1,
      watch: (kernel) => {
        const watch = watchInvariants(kernel, [group]);
        return {
          after: (e) => {
            if (e.order > 20 && plant.write(kernel, e)) order = e.order;
            watch.after?.(e);
            if (order >= 0) throw new Error("was not seen");
          },
        };
      },
    });
  } catch (error) {
    const text = rootOf(error);
    return text.startsWith(`after event ${order} `) ? text : `${plant.stage}: ${text}`;
  }
  return "its moment never came";
}

/** The reports an error tells of, without the event they come after. */
const reportsOf = (text: string): string[] =>
  text.replace(/^after event \d+ \(.*?\): /, "").split("; ");

/** Whether a report says what a template does, in which a `*` stands for a number. */
function says(report: string, template: string): boolean {
  const parts = template.split("*").map((part) => part.replace(/[.()]/g, "\\$&"));
  return new RegExp(`^\\S+ [^:]+: ${parts.join("\\S+")}$`).test(report);
}

for (const plant of plants) {
  Deno.test(`invariants: ${plant.id} sees ${plant.what}`, () => {
    const text = seen(plant);
    assert.match(text, new RegExp(`^after event \\d+ .*\\b${plant.id} `), text);
    if (plant.says === undefined) return;
    const reports = reportsOf(text);
    const fits = reports.length === plant.says.length &&
      reports.every((report, i) => says(report, plant.says?.[i] ?? ""));
    assert.ok(fits, `${text}\nwanted: ${plant.says.join("; ")}`);
  });
}

Deno.test("invariants: every one a group reports has a plant", () => {
  const planted = new Set(plants.map((p) => `${p.group} ${p.id}`));
  const missing = groups.flatMap((g) => g.ids.map((id) => `${g.name} ${id}`))
    .filter((name) => !planted.has(name));
  assert.deepEqual(missing, []);
});

/** Groups of which every report has a plant of its own. */
const COMPLETE = ["capabilities", "messages", "timers", "waiting"];

Deno.test("invariants: every report of some groups is what a plant leads to", () => {
  for (const name of COMPLETE) {
    const source = Deno.readTextFileSync(new URL(`${name}.ts`, import.meta.url));
    const planted = new Set(plants.flatMap((p) => p.group === name ? p.says ?? [] : []));
    assert.deepEqual(reportsIn(source).filter((text) => !planted.has(text)), [], name);
  }
});
