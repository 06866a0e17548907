import assert from "node:assert/strict";
import { MessageBench, Nr } from "../../../core/ipc/testing.ts";
import { makeWorld } from "../../../core/ledger/test_world.ts";
import { Bench, Call, words } from "../../../core/proc/testing.ts";
import { runKernel, type RunOptions, STAGES } from "../../../tests/kernel/harness.ts";
import { hartSet, micros, wordOf } from "./names.ts";
import { type Sheet, sheetData, sheetText } from "./sheet.ts";
import { views } from "./view.ts";

/** Rows of a view as objects. */
function rows(sheet: Sheet): Record<string, unknown>[] {
  return sheetData(sheet).rows as Record<string, unknown>[];
}

Deno.test("views: a run under every view after every event is the run without them", () => {
  for (const name of ["steal", "process", "pipes"]) {
    const stage = STAGES.find((s) => s.name === name);
    assert.ok(stage !== undefined);
    const options: RunOptions = { ...stage, harts: 3, seed: 4, record: true };
    const plain = runKernel(options);
    let looks = 0;
    const looked = runKernel({
      ...options,
      watch: ({ state }) => ({
        after: (e) => {
          if (e.order % 3 !== 0) return;
          for (const view of Object.values(views)) {
            const text = sheetText(view.of(state));
            assert.ok(text.split("\n").every((line) => line.length <= 100));
            looks++;
          }
        },
      }),
    });
    assert.ok(looks > 500, `${name}: ${looks} looks`);
    assert.equal(looked.events, plain.events);
    assert.deepEqual(looked.hashes, plain.hashes);
    assert.deepEqual(looked.memoryHashes, plain.memoryHashes);
  }
});

Deno.test("views: no byte of the arena changes while one is made", () => {
  const { s } = makeWorld();
  const bytes = new Uint8Array(s.kernel.$header.buffer);
  const before = bytes.slice();
  for (const view of Object.values(views)) sheetText(view.of(s));
  assert.deepEqual(bytes, before);
});

Deno.test("views: harts, queues and threads say who runs, who waits and for what", () => {
  const b = new Bench();
  const child = b.fork();
  assert.equal(b.call(0, Call.setaffinity, 2, 8, words(1)), 0);
  b.timer(0, 300_000);
  assert.equal(b.call(0, Call.clone, 17), 3);
  assert.equal(b.call(1, Call.nanosleep, words(5, 0), 0), undefined);
  const [zero, one] = rows(views.harts.of(b.s));
  assert.deepEqual([zero.runs, zero.ready, zero.asks], ["1", 1, "-"]);
  assert.deepEqual([one.runs, one.ready, one.asks, one.timers], ["idle", 0, "any", 1]);
  b.s.hart.longestWait[2 * 256 + 10] = 5_000_001;
  b.s.hart.longestWait[256 + 10] = 4_000_000;
  b.s.hart.longestWait[256 + 11] = 7;
  const queue = views.runq.of(b.s);
  assert.deepEqual(rows(queue).map((r) => [r.hart, r.place, r.tid]), [[0, "runs", 1], [0, "1", 2]]);
  const waited = b.s.hart.lastTime[1] - b.s.thread.readySince[child];
  assert.equal(rows(queue)[1]["waited us"], micros(waited));
  assert.deepEqual(queue.facts, {
    "longest wait at level 11": "0.007 us, on hart 0",
    "longest wait at level 10": "5000.001 us, on hart 1",
  });
  const threads = rows(views.threads.of(b.s));
  assert.deepEqual(threads.map((t) => [t.tid, t.state, t.call, t["waits for"], t.harts]), [
    [1, "running", "-", "-", "all"],
    [2, "ready", "-", "-", "0"],
    [3, "blocked", "nanosleep", "sleep", "all"],
  ]);
  const processes = rows(views.processes.of(b.s));
  assert.deepEqual(processes.map((p) => [p.pid, p.parent, p.state, p.threads]), [
    [1, 0, "live", 1],
    [2, 1, "live", 1],
    [3, 1, "live", 1],
  ]);
  assert.equal(rows(views.memory.of(b.s)).length, 3);
});

Deno.test("views: a channel shows its three queues, and what went through it", () => {
  const b = new MessageBench();
  const shown = () => rows(views.channels.of(b.s))[0];
  const queues = () => [shown().send, shown().receive, shown().reply, shown().serves];
  assert.deepEqual([shown().pid, shown().clients], ["1", 1]);
  assert.deepEqual(queues(), ["-", "-", "-", "-"]);
  b.blocks(1, Nr.send, b.coid, 8);
  assert.deepEqual(queues(), ["2", "-", "-", "-"]);
  assert.deepEqual(views.channels.of(b.s).facts, { "messages sent": 1 });
  const receipt = b.done(0, Nr.receive, b.chid, 0, 0, 0);
  assert.deepEqual(queues(), ["-", "-", "2", "1"]);
  b.done(0, Nr.reply, receipt, 0, 0);
  assert.deepEqual([shown().received, shown().answered, shown().reply], [1, 1, "-"]);
  b.blocks(0, Nr.receive, b.chid, 0, 0, 0);
  assert.deepEqual(queues(), ["-", "1", "-", "-"]);
});

Deno.test("views: pools count the slots of every table, capabilities name their holder", () => {
  const b = new Bench();
  assert.equal(b.call(0, Call.pipe2, 0x10_0000, 0), 0);
  b.fork();
  const caps = rows(views.caps.of(b.s));
  assert.deepEqual(caps.map((c) => [c.pid, c.slot, c.kind, c.rights]), [
    ["1", "fd 0", "open file", "rmg"],
    ["1", "fd 1", "open file", "wmg"],
    ["2", "fd 0", "open file", "rmg"],
    ["2", "fd 1", "open file", "wmg"],
  ]);
  const pools = new Map(rows(views.pools.of(b.s)).map((row) => [row.table, row]));
  const { rows: all, used, free } = pools.get("capNode") as Record<string, number>;
  assert.deepEqual([used, used + free], [4, all]);
});

Deno.test("views: sheets align numbers right, cut long lines and say when there is nothing", () => {
  const sheet: Sheet = {
    columns: ["n", "text"],
    rows: [[7, "a"], [12, "b".repeat(120)]],
    none: "-",
  };
  const lines = sheetText(sheet).split("\n");
  assert.deepEqual(lines.slice(0, 2), [" n  text", " 7  a"]);
  assert.equal(lines[2].length, 100);
  assert.ok(lines[2].endsWith("…"));
  assert.equal(
    sheetText({ columns: ["n"], rows: [], facts: { x: 1 }, none: "no n" }),
    "x: 1\nno n\n",
  );
});

Deno.test("views: words and sets of harts", () => {
  assert.equal(wordOf({ None: 0, PipeRead: 1 }, 1), "pipe read");
  assert.equal(wordOf({ None: 0 }, 9), "9");
  assert.equal(hartSet(0b1011_0011, 0, 8), "0-1,4-5,7");
  assert.equal(hartSet(0xff, 0, 8), "all");
  assert.equal(hartSet(0x8000_0000, 1, 64), "31-32");
  assert.equal(hartSet(0, 0, 8), "none");
  assert.equal(micros(1_002_003), "1002.003");
});
