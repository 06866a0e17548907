/** A hart's own columns are written by its own events only, in every event of real runs. */
import assert from "node:assert/strict";
import { watchDiscipline } from "./discipline_watch.ts";
import { type LiveKernel, runKernel, type Stage, STAGES, type Watch } from "./harness.ts";

const CHECKED: ReadonlySet<string> = new Set([
  "memory",
  "pipes",
  "signals",
  "process",
  "affinity",
  "threads",
  "steal",
  "time",
  "toy",
  "channels",
  "capabilities",
  "native",
  "handover",
  "storm",
]);

function breaches(stage: Stage, harts: number, seed: number): string[] {
  const lines: string[] = [];
  const watch = (kernel: LiveKernel): Watch => watchDiscipline(kernel, (line) => lines.push(line));
  const run = runKernel({ ...stage, harts, seed, watch });
  assert.equal(run.outcome.closed, true);
  return lines;
}

for (const stage of STAGES.filter((s) => CHECKED.has(s.name))) {
  Deno.test(`${stage.name}: no hart writes what another owns`, () => {
    for (let seed = 0; seed < 4; seed++) {
      const lines = breaches(stage, [2, 8, 3, 4][seed], seed);
      assert.deepEqual(lines.slice(0, 5), [], `seed ${seed}: ${lines.length} breaches`);
    }
  });
}

/** Runs a storm while a hook breaks the rule once; returns what was reported. */
function planted(write: (kernel: LiveKernel, hart: number) => void): string[] {
  const lines: string[] = [];
  const storm = STAGES[STAGES.length - 1];
  assert.throws(() =>
    runKernel({
      ...storm,
      harts: 4,
      watch: (kernel) => {
        const watch = watchDiscipline(kernel, (line) => lines.push(line));
        return {
          after: (e) => {
            if (e.order === 500) write(kernel, e.hart);
            watch.after?.(e);
            if (e.order === 500) throw new Error("seen enough");
          },
        };
      },
    })
  );
  return lines;
}

Deno.test("a write to another hart's row is caught", () => {
  const lines = planted(({ state }, hart) => state.hart.needsReschedule[(hart + 1) % 4 + 1] ^= 1);
  assert.equal(lines.length, 1);
  assert.match(lines[0], /^event 500 .*wrote hart\.needsReschedule\[/);
});

Deno.test("a write to the timer heap of another hart is caught", () => {
  const lines = planted(({ state }, hart) => state.hart.heapLength[(hart + 1) % 4 + 1]++);
  assert.match(lines.join("\n"), /wrote hart\.heapLength\[/);
});

Deno.test("a write to a thread of another hart is caught", () => {
  const lines = planted(({ state }, hart) => {
    for (let t = 1; t < state.thread.$capacity; t++) {
      if (state.thread.$live[t] === 1 && state.thread.hart[t] !== hart) {
        state.thread.budget[t] += 1;
        return;
      }
    }
  });
  assert.equal(lines.length, 1);
  assert.match(lines[0], /wrote thread\.budget\[\d+\], a thread of hart \d/);
});
