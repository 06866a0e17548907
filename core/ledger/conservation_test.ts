/**
 * Conservation, one resource at a time: an event takes units, another gives them back; after each
 * the totals hold and a recount agrees with the books, and at the end the resource's accounts are
 * what they were. tests/mutants plants a leak and a double free for each and runs this file.
 */
import assert from "node:assert/strict";
import { closeAll, install } from "../cap/descriptor.ts";
import { LAST_LIFE } from "../cap/namespace.ts";
import { closeNames, dropCapability, nameNode } from "../cap/naming.ts";
import { createNode, dependentNode } from "../cap/node.ts";
import { createNotification } from "../cap/notification.ts";
import { CapKind, PAGE_SLOTS, Right } from "../cap/tables.ts";
import { AccessKind, InputKind } from "../event.ts";
import { addEntry, removeEntry } from "../fs/directory.ts";
import { createInode } from "../fs/inode.ts";
import { setTarget } from "../fs/namespace.ts";
import { createOpenFile } from "../fs/open_file.ts";
import { createPipe } from "../fs/pipe_row.ts";
import { InodeKind, OpenFlag, OpenKind } from "../fs/tables.ts";
import { createChannel } from "../ipc/channel.ts";
import { attach } from "../ipc/connection.ts";
import { beginMessage, freeMessage, messageOf } from "../ipc/message.ts";
import { sendPulse } from "../ipc/pulse.ts";
import { postMessage } from "../ipc/ring.ts";
import { claimName } from "../ipc/service_name.ts";
import { drainEnds, releaseEnds } from "../ipc/teardown.ts";
import { ONE } from "../kernel.ts";
import { allocBuffer, freeBuffer } from "../mem/buffer.ts";
import { chunkArrived, requestChunk } from "../mem/chunk.ts";
import { addPage, createObject } from "../mem/object.ts";
import { clearLeaf, leafTable } from "../mem/pte.ts";
import { dropFrame, freeReleased } from "../mem/frame.ts";
import { reclaim } from "../mem/reclaim.ts";
import { mapRegion } from "../mem/region.ts";
import { acknowledgeShootdowns, openShootdown, sendShootdown } from "../mem/shootdown.ts";
import { createSpace, drainSpace, holdSpace, releaseSpace } from "../mem/space.ts";
import { ObjectKind, Prot } from "../mem/tables.ts";
import { resolve } from "../mem/user.ts";
import { dropImage, makeImage } from "../proc/image.ts";
import { createProcess, freeProcess } from "../proc/process.ts";
import { discardPending, sendSignal } from "../proc/signal.ts";
import { lockOwned, releaseOwned } from "../sched/futex_owner.ts";
import { futexRegion } from "../sched/futex_row.ts";
import { bookTime } from "../sched/hart_time.ts";
import { scheduler } from "../sched/scheduler.ts";
import { createThread, freeThread, raiseIpi } from "../sched/thread.ts";
import { acknowledgeIrq, bindIrq, takeIrq } from "../sched/irq.ts";
import { IRQ_SOURCES } from "../sched/tables.ts";
import { armTimer, disarmTimer, TimerSlot } from "../sched/timer.ts";
import { armTimerObject, createTimer, expireTimers } from "../sched/timer_object.ts";
import { LAST_GENERATION } from "../state/table.ts";
import { post } from "./post.ts";
import { bookRetired } from "./retired.ts";
import { Account, resources } from "./accounts.ts";
import { checkTotals } from "./check.ts";
import { closingTable } from "./closing.ts";
import { baseline } from "./opening.ts";
import { makeRecount } from "./recount.ts";
import { HEAP, HEAP_PAGE, makeWorld, type World } from "./test_world.ts";

/** One event of a scenario: what it is called, and what it does. */
type Step = readonly [name: string, event: (w: World) => unknown];

const prot = Prot.Read | Prot.Write;

/** Makes a second process with one thread, held by nothing but init's list of children. */
function child(w: World): number {
  const p = createProcess(w.s, w.init);
  w.s.process.firstThread[p] = createThread(w.s, p, w.s.process.pid[p]);
  return p;
}

function dropChild(w: World): void {
  const p = w.s.process.firstChild[w.init];
  const thread = w.s.process.firstThread[p];
  w.s.process.firstThread[p] = 0;
  freeThread(w.s, thread);
  freeProcess(w.s, p);
}

const text = new TextEncoder().encode("a name of some forty bytes, two chunks long");

function addFile(w: World, kind: number): number {
  const inode = createInode(w.s, kind, 0o644, 0, 0);
  if (kind === InodeKind.Symlink) setTarget(w.s, inode, text, 0, text.length);
  return addEntry(w.s, w.root, text, 0, text.length, inode);
}

function newestInode(w: World): number {
  return w.s.directoryEntry.inode[w.s.inode.lastEntry[w.root]];
}

function removeNewest(w: World): void {
  removeEntry(w.s, w.fx, 0, w.s.inode.lastEntry[w.root]);
}

function openPipe(w: World): void {
  const pipe = createPipe(w.s);
  for (
    const [kind, flags] of [[OpenKind.PipeRead, OpenFlag.Read], [
      OpenKind.PipeWrite,
      OpenFlag.Write,
    ]]
  ) {
    const file = createOpenFile(w.s, kind, 0, pipe, flags);
    assert.ok(install(w.s, w.init, file, 0) >= 0);
  }
}

/** Puts bytes into the newest pipe as a write does. */
function fillPipe(w: World): void {
  const pipe = w.s.openFile.pipe[w.s.capNode.object[w.s.process.firstNode[w.init]]];
  w.s.pipe.frame[pipe * 16] = allocBuffer(w.s, w.fx);
  w.s.pipe.head[pipe] = 100;
  post(w.s, Account.PipeBytesFree, Account.PipeBytesHeld, 100);
}

function childSpace(w: World): void {
  const p = child(w);
  const space = createSpace(w.s, w.fx);
  holdSpace(w.s, space);
  w.s.process.space[p] = space;
  const zero = w.s.memory.zeroObject[ONE];
  assert.ok(mapRegion(w.s, w.fx, space, HEAP_PAGE, HEAP_PAGE + 8, prot, 0, zero, 0, 0) > 0);
  const thread = w.s.process.firstThread[p];
  for (let page = 0; page < 8; page++) {
    assert.ok(resolve(w.s, w.fx, 0, thread, HEAP + page * 4096, AccessKind.Write) > 0);
  }
}

function dropChildSpace(w: World): void {
  const p = w.s.process.firstChild[w.init];
  const space = w.s.process.space[p];
  while (drainSpace(w.s, w.fx, space) === 0);
  w.s.process.space[p] = 0;
  releaseSpace(w.s, space);
  dropChild(w);
}

function fileWithPages(w: World): void {
  const inode = w.s.directoryEntry.inode[addFile(w, InodeKind.File)];
  const object = createObject(w.s, ObjectKind.File);
  w.s.inode.object[inode] = object;
  for (let page = 0; page < 3; page++) assert.ok(addPage(w.s, w.fx, object, page) > 0);
}

function askChunk(w: World): void {
  fileWithPages(w);
  const object = w.s.inode.object[newestInode(w)];
  w.s.memoryObject.hostFile[object] = 1;
  w.s.memoryObject.hostBytes[object] = 2 * 65536;
  requestChunk(w.s, w.fx, w.thread, object, 1);
  // What leaving the kernel does with a thread that blocked.
  w.s.hart.current[1] = 0;
}

function answerChunk(w: World): void {
  w.e.cause = InputKind.ChunkFailed;
  w.e.valueLo = 0;
  w.e.registers[0] = 1;
  chunkArrived(w.s, w.fx, 0, w.e);
}

/** Unmaps one page of init while hart 1 may still hold its translation. */
function unmapRemote(w: World): void {
  w.s.addressSpace.ranOnLo[w.space] |= 2;
  const row = openShootdown(w.s, w.space);
  dropFrame(w.s, clearLeaf(w.s, w.space, leafTable(w.s, w.space, HEAP_PAGE), HEAP_PAGE));
  sendShootdown(w.s, w.fx, 0, row);
}

/** The Ipi event of hart 1. */
function takeIpi(w: World): void {
  w.s.hart.ipiPending[2] = 0;
  post(w.s, Account.IpiPending, Account.IpiTaken, 1);
  acknowledgeShootdowns(w.s, w.fx, 1);
}

const addAndRemove = (kind: number): readonly Step[] => [
  ["addFile", (w) => addFile(w, kind)],
  ["removeNewest", removeNewest],
];
const close: Step = ["closeAll", (w) => closeAll(w.s, w.fx, 0, w.init)];
const reclaimed: Step = ["reclaim", (w) => reclaim(w.s, w.fx)];
const process: readonly Step[] = [["child", child], ["dropChild", dropChild]];
const space: readonly Step[] = [["childSpace", childSpace], ["dropChildSpace", dropChildSpace]];
const pages: readonly Step[] = [
  ["fileWithPages", fileWithPages],
  ["removeNewest", removeNewest],
  reclaimed,
];
const pipe: readonly Step[] = [["openPipe", openPipe], close];
const chunk: readonly Step[] = [
  ["askChunk", askChunk],
  ["answerChunk", answerChunk],
  ["removeNewest", removeNewest],
  reclaimed,
];

/** A capability of init's own space, with a native name whose slot has one more life. */
function nameSpace(w: World): void {
  const node = createNode(w.s, w.init, CapKind.Space, w.space, Right.Read);
  assert.ok(nameNode(w.s, w.init, node) > 0);
  w.s.namePage.lives[PAGE_SLOTS] = LAST_LIFE;
}

const names: readonly Step[] = [
  ["nameSpace", nameSpace],
  ["dropCapability", (w) => dropCapability(w.s, w.fx, 0, w.s.process.firstNode[w.init])],
  ["closeNames", (w) => closeNames(w.s, w.fx, 0, w.init)],
];

/** A channel of init with a connection of its own. */
function openChannel(w: World): void {
  w.fx.clear();
  const id = createChannel(w.s, w.init, 0);
  assert.ok(id > 0 && attach(w.s, w.fx, w.init, 0, id) > 0);
}

/** Closes init's native names, and with them what they name. */
function closeChannel(w: World): void {
  w.fx.clear();
  assert.ok(releaseEnds(w.s, w.fx, w.init) && closeNames(w.s, w.fx, 0, w.init) === 1);
  drainEnds(w.s, w.fx, 0);
}

function queuePulse(w: World): void {
  openChannel(w);
  const channel = w.s.process.firstChannel[w.init];
  assert.equal(sendPulse(w.s, w.fx, 0, channel, 5, 1, 2, 0, 0, 0), 0);
}

/** A channel of init with a ring for three posts, and one in it. */
function postOne(w: World): void {
  w.fx.clear();
  const id = createChannel(w.s, w.init, 0, 3);
  assert.ok(id > 0 && attach(w.s, w.fx, w.init, 0, id) > 0);
  const channel = w.s.process.firstChannel[w.init];
  const connection = w.s.process.firstConnection[w.init];
  const words = new Uint32Array(8);
  assert.equal(postMessage(w.s, w.fx, 0, channel, connection, 5, 32, words, 0), 0);
}

/** What a thread does that sends: it is not blocked, for nothing schedules here. */
function sendMessage(w: World): void {
  openChannel(w);
  const message = messageOf(w.s, w.thread);
  assert.ok(message > 0);
  beginMessage(w.s, message, w.s.process.firstConnection[w.init]);
}

const channel: readonly Step[] = [["openChannel", openChannel], ["closeChannel", closeChannel]];
const pulse: readonly Step[] = [["queuePulse", queuePulse], ["closeChannel", closeChannel]];
const posts: readonly Step[] = [["postOne", postOne], ["closeChannel", closeChannel]];
const message: readonly Step[] = [
  ["sendMessage", sendMessage],
  ["freeMessage", (w) => freeMessage(w.s, w.thread)],
  ["closeChannel", closeChannel],
];

/** A source is bound, interrupts twice, and goes with an interrupt that nobody acknowledged. */
const irqs: readonly Step[] = [
  ["bindIrq", (w) => {
    const bell = createNotification(w.s);
    const node = createNode(w.s, w.init, CapKind.Notification, bell, Right.Send);
    assert.ok(nameNode(w.s, w.init, node) > 0);
    const irq = bindIrq(w.s, w.fx, 7, bell, 1);
    const own = dependentNode(w.s, node, w.init, CapKind.Irq, irq, Right.Send);
    assert.ok(nameNode(w.s, w.init, own) > 0);
  }],
  ["takeIrq", (w) => takeIrq(w.s, w.fx, 0, 7)],
  ["acknowledgeIrq", (w) => {
    assert.ok(acknowledgeIrq(w.s, w.fx, w.s.kernel.irqOfSource[IRQ_SOURCES + 7]));
  }],
  ["takeIrq", (w) => takeIrq(w.s, w.fx, 0, 7)],
  ["closeNames", (w) => closeNames(w.s, w.fx, 0, w.init)],
];

const scenarios: Readonly<Record<string, readonly Step[]>> = {
  "frames by role": space,
  "frame references": pages,
  "backing slots": [
    ["allocBuffer", (w) => {
      w.s.stream.object[1] = allocBuffer(w.s, w.fx);
    }],
    ["freeBuffer", (w) => {
      const frame = w.s.stream.object[1];
      w.s.stream.object[1] = 0;
      freeBuffer(w.s, w.fx, frame);
    }],
  ],
  "page-table pages": space,
  "thread slots": process,
  "processes": process,
  "address spaces": space,
  "ASIDs": space,
  "regions": space,
  "memory objects": pages,
  "object pages": pages,
  "shootdowns": [
    ["unmapRemote", unmapRemote],
    ["takeIpi", takeIpi],
    ["freeReleased", (w) => freeReleased(w.s, 256)],
    ["fault", (w) => resolve(w.s, w.fx, 0, w.thread, HEAP, AccessKind.Write)],
  ],
  "capability nodes": pipe,
  "open files": pipe,
  "pipes": pipe,
  "pipe bytes": [["openPipe", openPipe], ["fillPipe", fillPipe], close],
  "inodes": addAndRemove(InodeKind.File),
  "images": [
    ["makeImage", (w) => {
      addFile(w, InodeKind.File);
      w.e.payloadLength = 0;
      makeImage(w.s, newestInode(w), w.e, 0);
    }],
    ["dropImage", (w) => dropImage(w.s, newestInode(w))],
  ],
  "directory entries": addAndRemove(InodeKind.Directory),
  "name chunks": addAndRemove(InodeKind.Symlink),
  "chunk requests": chunk,
  "waiters": process,
  "timers": [
    ["armTimer", (w) => {
      armTimer(w.s, 0, w.thread, TimerSlot.Sleep, 5000);
      armTimer(w.s, 0, w.thread, TimerSlot.Interval, 4000);
    }],
    ["disarmTimer", (w) => {
      disarmTimer(w.s, 0, w.thread, TimerSlot.Sleep);
      disarmTimer(w.s, 0, w.thread, TimerSlot.Interval);
    }],
  ],
  "descriptors": pipe,
  "channels": channel,
  "connections": channel,
  "message rows": message,
  "pulse rows": pulse,
  "messages": message,
  "pulses": pulse,
  "signals": [
    ["sendSignal", (w) => sendSignal(w.s, w.fx, 0, w.init, 9)],
    ["discardPending", (w) => discardPending(w.s, w.init, 0xffffffff, 0xffffffff)],
  ],
  "IPIs": [["raiseIpi", (w) => raiseIpi(w.s, w.fx, 0, 1)], ["takeIpi", takeIpi]],
  "host requests": chunk,
  "hart time": [["bookTime", (w) => bookTime(w.s, 1, 500)], [
    "bookTime",
    (w) => bookTime(w.s, 0, 1300),
  ]],
  "futexes": [
    ["lockOwned", (w) => {
      const t = child(w);
      const other = w.s.process.firstThread[t];
      const region = futexRegion(w.s, w.thread, HEAP, false);
      w.s.process.space[t] = w.space;
      holdSpace(w.s, w.space);
      lockOwned(w.s, w.fx, 0, other, region, HEAP, 1, w.thread, 1, 0, 9000, 0);
    }],
    ["releaseOwned", (w) => releaseOwned(w.s, w.fx, 0, w.thread)],
  ],
  "retired slots": [
    ["openPipe", (w) => {
      openPipe(w);
      w.s.pipe.$generation[1] = LAST_GENERATION;
    }],
    ["closeAll", (w) => {
      closeAll(w.s, w.fx, 0, w.init);
      bookRetired(w.s);
    }],
  ],
  "native names": names,
  "name pages": names,
  "notifications": [
    ["makeNotification", (w) => {
      const row = createNotification(w.s);
      const node = createNode(w.s, w.init, CapKind.Notification, row, Right.Send);
      assert.ok(nameNode(w.s, w.init, node) > 0);
    }],
    ["closeNames", (w) => closeNames(w.s, w.fx, 0, w.init)],
  ],
  "ring entries": posts,
  "posts": posts,
  "service names": [
    ["nameChannel", (w) => {
      openChannel(w);
      const channel = w.s.process.firstChannel[w.init];
      assert.equal(claimName(w.s, channel, text, 0, text.length), 0);
      assert.equal(claimName(w.s, channel, text, 1, text.length - 1), 0);
    }],
    ["closeChannel", closeChannel],
  ],
  "timer objects": [
    ["makeTimer", (w) => {
      const bell = createNotification(w.s);
      const node = createNode(w.s, w.init, CapKind.Notification, bell, Right.Send);
      assert.ok(nameNode(w.s, w.init, node) > 0);
      const timer = createTimer(w.s, bell, 1);
      const own = dependentNode(w.s, node, w.init, CapKind.Timer, timer, Right.Send);
      assert.ok(nameNode(w.s, w.init, own) > 0);
      armTimerObject(w.s, w.fx, 0, timer, 5000, 0);
    }],
    ["expireTimers", (w) => expireTimers(w.s, w.fx, 0, 6000)],
    ["closeNames", (w) => closeNames(w.s, w.fx, 0, w.init)],
  ],
  "IRQ bindings": irqs,
  "IRQs": irqs,
};

/** Runs a scenario, each step an event; what is wrong names the event and its resource. */
function conserve(resource: string, steps: readonly Step[]): void {
  const w = makeWorld();
  const recount = makeRecount(w.s);
  assert.deepEqual(recount().map((f) => f.text), [], "the world is sound before the scenario");
  const before = baseline(w.s);
  const group = resources.find((r) => r.name === resource);
  assert.ok(group, `${resource} is a resource`);
  let moved = false;
  steps.forEach(([name, event], order) => {
    const at = `event ${order} (${name}), ${resource}`;
    const earlier = baseline(w.s);
    assert.doesNotThrow(() => event(w), `${at}: it runs`);
    for (let h = 0; h + 1 < w.s.hart.$capacity; h++) scheduler.settle(w.s, h);
    assert.equal(checkTotals(w.s, w.opening), "", `${at}: totals`);
    const found = recount().map((f) => f.text);
    assert.deepEqual(found, [], `${at}: recount: ${found.join("; ")}`);
    moved ||= group.accounts.some((a) => w.s.account.balance[Account[a]] !== earlier[Account[a]]);
  });
  assert.ok(moved, `the scenario moves ${resource}`);
  const closing = closingTable(w.s, before, w.opening);
  const open = closing.rows.filter((row) => row.wrong !== undefined && row.resource === resource);
  const lines = open.map((row) => `${row.resource}: ${row.account}: ${row.wrong}`);
  assert.deepEqual(lines, [], `closing: ${lines.join("; ")}`);
}

for (const [resource, steps] of Object.entries(scenarios)) {
  Deno.test(`conservation: ${resource}`, () => conserve(resource, steps));
}

Deno.test("conservation: every resource has a scenario", () => {
  assert.deepEqual(Object.keys(scenarios), resources.map((r) => r.name));
});
