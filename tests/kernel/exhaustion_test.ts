/** What runs out is an error of the program that asked: the kernel goes on, and its books close. */
import assert from "node:assert/strict";
import {
  IMAGE_ENTRIES,
  runKernel,
  type RunOptions,
  type RunResult,
  SMALL,
  STAGES,
} from "./harness.ts";
import { recountEveryEvent } from "./recount_watch.ts";

const BAD = "userland/bad/bin/";
const BENCH = "userland/bench/bin/";
const Signal = { Kill: 9 } as const;
const FRAMES_OF_16_MIB = 4096;

function balanced(options: RunOptions): RunResult {
  const run = runKernel({ ...options, watch: recountEveryEvent });
  assert.equal(run.outcome.closed, true);
  return run;
}

for (const harts of [1, 4]) {
  Deno.test(`a fork bomb beside init fills small tables and is cleared away, ${harts} harts`, () => {
    const run = balanced({ program: `${BAD}fork_bomb`, underInit: true, harts });
    assert.match(run.stdout, /fork_bomb: \d+ children, then error 11\n/);
    assert.match(run.stdout, /marker: fork_bomb ok\n/);
    assert.match(run.stdout, /marker: init done\n/);
  });

  Deno.test(`a fork bomb in 16 MiB runs out of memory, ${harts} harts`, () => {
    const run = runKernel({
      program: `${BAD}fork_bomb`,
      harts,
      capacities: { frame: FRAMES_OF_16_MIB },
    });
    // The bomb itself may be who finds no frame for a page it writes to.
    if (run.status === Signal.Kill) return;
    const count = /fork_bomb: (\d+) children, then error 12\n/.exec(run.stdout);
    assert.ok(count !== null && Number(count[1]) > 100, run.stdout);
  });

  Deno.test(`a memory hog beside init is killed alone, ${harts} harts`, () => {
    const run = balanced({
      program: `${BAD}memory_hog`,
      underInit: true,
      harts,
      capacities: { ...SMALL, frame: 700 },
    });
    assert.match(run.stdout, /memory_hog: the child ended with status 9\n/);
    assert.match(run.stdout, /marker: init done\n/);
  });

  Deno.test(`2,200 forks recycle every ASID, ${harts} harts`, () => {
    const run = runKernel({
      program: `${BENCH}forkexit`,
      args: ["2200"],
      harts,
      seed: harts,
    });
    assert.equal(run.status, 0);
    assert.ok(run.kernel.state.memory.asidEpoch[1] >= 1, "the ASIDs never ran out");
  });
}

Deno.test("hundreds of processes live at one time on 64 harts", () => {
  const run = runKernel({
    program: `${BAD}fork_bomb`,
    args: ["600"],
    harts: 64,
    capacities: { frame: 16384 },
  });
  assert.match(run.stdout, /fork_bomb: 600 children, then error 0\n/);
});

/** Rows that leave a table short while a stage runs; where it starts at all it must end in order. */
const SHORT: readonly (readonly [keyof typeof SMALL, readonly number[]])[] = [
  ["thread", [1, 2, 4]],
  ["waiter", [1, 2, 4]],
  ["process", [2, 5, 7]],
  ["addressSpace", [1, 2, 3]],
  ["region", [4, 8, 16, 24]],
  ["memoryObject", [18, 20, 24]],
  ["objectPage", [2, 8, 20]],
  ["shootdown", [1, 2]],
  ["capNode", [3, 8, 14]],
  ["openFile", [3, 5, 7]],
  ["pipe", [1, 2]],
  ["inode", [16, 17, 19].map((n) => IMAGE_ENTRIES + n)],
  ["image", [1]],
  ["directoryEntry", [13, 15].map((n) => IMAGE_ENTRIES + n)],
  ["nameChunk", [15, 17, 19].map((n) => IMAGE_ENTRIES + n)],
  ["chunkRequest", [1]],
  ["pageTable", [4, 8, 12]],
];

for (const [table, sizes] of SHORT) {
  Deno.test(`a table of ${sizes.join(", ")} ${table} rows: errors, never a defect`, () => {
    for (const rows of sizes) {
      for (const name of ["process", "files", "storm"]) {
        const stage = STAGES.find((s) => s.name === name);
        assert.ok(stage !== undefined);
        balanced({ ...stage, harts: 2, seed: rows, capacities: { ...SMALL, [table]: rows } });
      }
    }
  });
}

Deno.test("frames that run out anywhere in a run: errors or a killed process, never a defect", () => {
  for (let backing = 66; backing < 190; backing += 11) {
    for (const name of ["process", "storm"]) {
      const stage = STAGES.find((s) => s.name === name);
      assert.ok(stage !== undefined);
      balanced({ ...stage, harts: 2, seed: backing, backing, totalFrames: FRAMES_OF_16_MIB });
    }
  }
});
