/** A small kernel state for the ledger's tests: two harts, init with one thread, a root directory. */
import assert from "node:assert/strict";
import { boot, encodeBoot } from "../boot.ts";
import { Effects } from "../effect.ts";
import { AccessKind, Event, EventKind } from "../event.ts";
import { createInode, holdInode } from "../fs/inode.ts";
import { InodeKind } from "../fs/tables.ts";
import { kernelTables, ONE, type State } from "../kernel.ts";
import { mapRegion } from "../mem/region.ts";
import { createSpace, holdSpace } from "../mem/space.ts";
import { Prot } from "../mem/tables.ts";
import { resolve } from "../mem/user.ts";
import { createProcess } from "../proc/process.ts";
import { ProcessState } from "../proc/tables.ts";
import { scheduler } from "../sched/scheduler.ts";
import { stopAsking } from "../sched/steal.ts";
import { ThreadState } from "../sched/tables.ts";
import { createThread, startThread } from "../sched/thread.ts";
import { type ArenaLayout, bindArena, layoutArena } from "../state/arena.ts";
import { baseline, openingTotals } from "./opening.ts";

/** First page of init's private memory, and the address of it. */
export const HEAP_PAGE = 0x100;
export const HEAP = HEAP_PAGE * 4096;

/** A booted state and what a test wants of it. */
export interface World {
  readonly s: State;
  readonly layout: ArenaLayout;
  readonly fx: Effects;
  readonly e: Event;
  readonly opening: Float64Array;
  readonly base: Float64Array;
  /** Init, its thread (running on hart 0), its space, and the root directory. */
  readonly init: number;
  readonly thread: number;
  readonly space: number;
  readonly root: number;
}

const CAPACITIES: Readonly<Partial<Record<keyof typeof kernelTables, number>>> = {
  hart: 2,
  thread: 12,
  waiter: 24,
  process: 8,
  addressSpace: 8,
  region: 40,
  memoryObject: 24,
  objectPage: 64,
  shootdown: 6,
  frame: 200,
  capNode: 40,
  openFile: 20,
  pipe: 6,
  inode: 30,
  image: 6,
  directoryEntry: 30,
  nameChunk: 60,
  chunkRequest: 6,
  pageTable: 40,
  namePage: 24,
  channel: 8,
  connection: 12,
  message: 12,
  pulse: 40,
  notification: 24,
};

/**
 * Boots, makes the root directory and lets init run.
 *
 * @param more rows of tables that a test needs more of
 */
export function makeWorld(more: typeof CAPACITIES = {}): World {
  const layout = layoutArena(kernelTables, { ...CAPACITIES, ...more });
  const s = bindArena(kernelTables, layout, new ArrayBuffer(layout.bytes), 0);
  const fx = new Effects();
  const e = new Event();
  e.kind = EventKind.Boot;
  e.payloadLength = encodeBoot({
    harts: 2,
    totalFrames: 1000,
    backingSlots: 200,
    runMode: 1,
    streamKinds: 0,
    columns: 80,
    rows: 24,
    startTime: 0,
  }, e.payload);
  boot(s, fx, e);
  const opening = openingTotals(s);
  const base = baseline(s);
  const root = createInode(s, InodeKind.Directory, 0o755, 0, 0);
  holdInode(s, root);
  s.kernel.rootInode[ONE] = root;
  const init = createProcess(s, 0);
  const thread = createThread(s, init, 1);
  s.process.firstThread[init] = thread;
  s.process.state[init] = ProcessState.Live;
  const space = createSpace(s, fx);
  s.process.space[init] = space;
  holdSpace(s, space);
  const zero = s.memory.zeroObject[ONE];
  const prot = Prot.Read | Prot.Write;
  assert.ok(mapRegion(s, fx, space, HEAP_PAGE, HEAP_PAGE + 64, prot, 0, zero, 0, 0) > 0);
  for (let page = 0; page < 3; page++) {
    assert.ok(resolve(s, fx, 0, thread, HEAP + page * 4096, AccessKind.Write) > 0);
  }
  startThread(s, fx, 0, thread, 0);
  scheduler.remove(s, 0, thread);
  s.thread.state[thread] = ThreadState.Running;
  s.hart.current[1] = thread;
  stopAsking(s, 0);
  fx.clear();
  return { s, layout, fx, e, opening, base, init, thread, space, root };
}
