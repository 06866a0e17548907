import assert from "node:assert/strict";
import { install } from "../cap/descriptor.ts";
import { addEntry } from "../fs/directory.ts";
import { createInode } from "../fs/inode.ts";
import { createOpenFile } from "../fs/open_file.ts";
import { createPipe } from "../fs/pipe_row.ts";
import { InodeKind, OpenFlag, OpenKind } from "../fs/tables.ts";
import { ONE } from "../kernel.ts";
import { leafFrame, leafTable } from "../mem/pte.ts";
import { createProcess } from "../proc/process.ts";
import { createThread, startThread } from "../sched/thread.ts";
import { TimerSlot } from "../sched/timer.ts";
import { armTimer } from "../sched/timer.ts";
import { DEFAULT_PRIORITY, ThreadState } from "../sched/tables.ts";
import { allocRow, freeRow } from "../state/table.ts";
import { Account } from "./accounts.ts";
import { recount } from "./recount.ts";
import { HEAP_PAGE, makeWorld, type World } from "./test_world.ts";

/** A world with something in every corner the faults are planted in. */
function busyWorld(): World & { child: number; sleeper: number; file: number; inode: number } {
  const w = makeWorld();
  const { s, fx } = w;
  const child = createProcess(s, w.init);
  const sleeper = createThread(s, child, 2);
  s.process.firstThread[child] = sleeper;
  startThread(s, fx, 0, sleeper, 0);
  armTimer(s, 0, w.thread, TimerSlot.Sleep, 100);
  armTimer(s, 0, w.thread, TimerSlot.Interval, 50);
  const pipe = createPipe(s);
  const file = createOpenFile(s, OpenKind.PipeRead, 0, pipe, OpenFlag.Read);
  install(s, w.init, file, 0);
  const inode = createInode(s, InodeKind.File, 0, 0, 0);
  addEntry(s, w.root, new Uint8Array([120]), 0, 1, inode);
  return { ...w, child, sleeper, file, inode };
}

type Busy = ReturnType<typeof busyWorld>;

const frame = ({ s, space }: Busy): number =>
  leafFrame(s, leafTable(s, space, HEAP_PAGE), HEAP_PAGE);

/** Faults: what is planted, and a piece of the line that must name it. */
const faults: readonly (readonly [what: string, plant: (w: Busy) => unknown, names: RegExp])[] = [
  ["a leaked row", ({ s }) => allocRow(s.pipe), /^pipe 2: in use, but nothing owns or holds it/],
  [
    "a leaked chain",
    ({ s, inode }) => {
      s.inode.target[inode] = allocRow(s.nameChunk);
      s.inode.target[inode] = 0;
    },
    /^nameChunk 2: in use, but nothing/,
  ],
  ["a row freed while held", ({ s, file }) => freeRow(s.openFile, file), /^openFile 1: free, but/],
  [
    "a missing holder",
    ({ s, init, inode }) => s.process.cwd[init] = inode,
    /^inode 2: 2 holders found, refs says 1/,
  ],
  ["a surplus count", ({ s, file }) => s.openFile.refs[file]++, /^openFile 1: 1 holders found.*2/],
  [
    "two owners",
    ({ s, thread, sleeper }) => s.thread.waiter[sleeper] = s.thread.waiter[thread],
    /^waiter 1: owned more than once, again by thread\.waiter/,
  ],
  [
    "a handle beyond its table",
    ({ s, init }) => s.process.root[init] = 4_000_000,
    /^inode 4000000: process\.root\[1\] names a row beyond/,
  ],
  ["a write to row 0", ({ s }) => s.thread.state[0] = 2, /^thread 0: state of the row that means/],
  [
    "a leaked frame",
    ({ s, space }) => {
      const at = leafTable(s, space, HEAP_PAGE) * 1024 + (HEAP_PAGE % 512) * 2;
      s.pageTable.entries[at] = 0;
    },
    /^frame \d+: role anonymous, but nothing reaches it/,
  ],
  [
    "a frame freed while mapped",
    (w) => w.s.frame.role[frame(w)] = 0,
    /^frame \d+: role free, but it is reached as a frame of role anonymous/,
  ],
  [
    "a wrong reference count of a frame",
    (w) => w.s.frame.refs[frame(w)]++,
    /^frame \d+: 1 references found, refs says 2/,
  ],
  [
    "a circle in the free list",
    ({ s }) => {
      const first = allocRow(s.frame);
      s.memory.backed[ONE] = first;
      s.memory.freeHead[ONE] = first;
      s.frame.next[first] = first;
    },
    /^frame \d+: the free list runs in a circle/,
  ],
  [
    "a PTE of a frame without backing",
    ({ s, space }) => {
      const at = leafTable(s, space, HEAP_PAGE) * 1024 + (HEAP_PAGE % 512) * 2;
      s.pageTable.entries[at] += 500 << 10;
    },
    /PTE \d+ of space 1 names no backed frame/,
  ],
  [
    "a balance off by one",
    ({ s }) => s.account.balance[Account.PipeUsed]--,
    /PipeUsed: 0 booked, 1 pipe rows reached/,
  ],
  [
    "a lost queue member",
    ({ s, sleeper }) => {
      s.hart.queueHead[256 + DEFAULT_PRIORITY] = 0;
      s.hart.queueTail[256 + DEFAULT_PRIORITY] = 0;
      s.hart.queueBitmap[256 / 32] = 0;
      s.hart.ready[1] = 0;
      s.thread.queued[sleeper] = 0;
    },
    /^thread 2: ready, but in no run queue and not in transit/,
  ],
  [
    "a circle in a run queue",
    ({ s, sleeper }) => s.thread.queueNext[sleeper] = sleeper,
    /^thread 2: in the run queues twice/,
  ],
  [
    "a wrong bitmap",
    ({ s }) => s.hart.queueBitmap[256 / 32] = 0,
    new RegExp(`the bitmap and the queue of level ${DEFAULT_PRIORITY}`),
  ],
  [
    "a blocked thread nobody will wake",
    ({ s, thread }) => s.thread.state[thread] = ThreadState.Blocked,
    /^thread 1: blocked, but in no wait queue/,
  ],
  [
    "a thread running on two harts",
    ({ s, thread }) => s.hart.current[2] = thread,
    /^thread 1: running, but current of 2 harts/,
  ],
  [
    "a waiter that only says it waits",
    ({ s, sleeper }) => s.waiter.kind[s.thread.waiter[sleeper]] = 2,
    /^waiter 2: it says it waits for kind 2/,
  ],
  [
    "a timer lost from its heap",
    ({ s }) => s.hart.heapLength[1]--,
    /^thread 1: its timers are not in its heap/,
  ],
  [
    "a heap out of order",
    ({ s, thread }) => s.thread.intervalDeadline[thread] = 5000,
    /heap place 1 is due before its parent/,
  ],
  [
    "a descriptor of a node that is gone",
    ({ s, init }) => s.process.descriptorGeneration[init * 256]++,
    /^process 1: descriptor 0 names a node that is gone/,
  ],
  [
    "a process without a parent",
    ({ s, child }) => s.process.parent[child] = 0,
    /^process 2: without a parent, and not init/,
  ],
  [
    "overlapping regions",
    ({ s, space }) => {
      const first = s.addressSpace.firstRegion[space];
      const row = allocRow(s.region);
      s.region.space[row] = space;
      s.region.start[row] = s.region.start[first];
      s.region.end[row] = s.region.end[first];
      s.region.next[first] = row;
    },
    /^region 2: empty, out of order or overlapping/,
  ],
  [
    "two spaces with one ASID",
    ({ s, space }) => s.addressSpace.asid[space] = 9,
    /^addressSpace 1: ASID 9 is not marked as taken/,
  ],
  ["a link count off by one", ({ s, inode }) => s.inode.links[inode]++, /^inode 2: 1 names, links/],
  ["a pipe's readers off by one", ({ s }) => s.pipe.readers[1]++, /^pipe 1: 1 open read ends/],
];

Deno.test("a sound world has no findings", () => {
  assert.deepEqual(recount(makeWorld().s), []);
  assert.deepEqual(recount(busyWorld().s), []);
});

for (const [what, plant, names] of faults) {
  Deno.test(`the recount finds ${what}`, () => {
    const w = busyWorld();
    plant(w);
    const found = recount(w.s);
    assert.ok(found.some((line) => names.test(line)), `${names} not in\n${found.join("\n")}`);
  });
}

Deno.test("a thread in transit is neither lost nor queued", () => {
  const w = makeWorld();
  const p = createProcess(w.s, w.init);
  const thread = createThread(w.s, p, 2);
  w.s.process.firstThread[p] = thread;
  startThread(w.s, w.fx, 0, thread, 1);
  assert.deepEqual(recount(w.s), []);
  w.s.thread.requests[thread] = 0;
  assert.match(recount(w.s).join("\n"), /thread 2: its requests and the inboxes disagree/);
});
