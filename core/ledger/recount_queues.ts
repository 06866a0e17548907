import { ONE, type State } from "../kernel.ts";
import { HEAP_CAPACITY, PRIORITY_LEVELS, ThreadState, WaitKind } from "../sched/tables.ts";
import { watermark } from "../state/table.ts";
import type { Reach } from "./recount_walk.ts";

const LEVEL_WORDS = PRIORITY_LEVELS / 32;

const STATE_NAMES: readonly string[] = [
  "free",
  "embryo",
  "ready",
  "running",
  "blocked",
  "stopped",
  "dead",
];

/** A wait queue: the objects of one kind, with their first and last waiters. */
interface WaitQueue {
  readonly kind: number;
  readonly table: string;
  readonly rows: number;
  readonly live: Uint8Array | null;
  readonly head: Uint32Array;
  readonly tail: Uint32Array;
}

function waitQueues(s: State): readonly WaitQueue[] {
  const queue = (
    kind: number,
    table:
      | "process"
      | "thread"
      | "pipe"
      | "chunkRequest"
      | "addressSpace"
      | "inode"
      | "shootdown"
      | "channel"
      | "notification"
      | "futex",
    head: Uint32Array,
    tail: Uint32Array,
  ) => ({ kind, table, rows: watermark(s[table]), live: s[table].$live, head, tail });
  const { process, pipe, chunkRequest, addressSpace, inode, shootdown, terminal, stream } = s;
  const { channel, futex, notification } = s;
  return [
    queue(WaitKind.Child, "process", process.waitHead, process.waitTail),
    queue(WaitKind.Vfork, "process", process.vforkHead, process.vforkTail),
    queue(WaitKind.Threads, "process", process.execHead, process.execTail),
    queue(WaitKind.Join, "thread", s.thread.joinHead, s.thread.joinTail),
    queue(WaitKind.PipeRead, "pipe", pipe.readHead, pipe.readTail),
    queue(WaitKind.PipeWrite, "pipe", pipe.writeHead, pipe.writeTail),
    queue(WaitKind.Chunk, "chunkRequest", chunkRequest.waitHead, chunkRequest.waitTail),
    queue(WaitKind.SpaceOperation, "addressSpace", addressSpace.waitHead, addressSpace.waitTail),
    queue(WaitKind.FileOperation, "inode", inode.waitHead, inode.waitTail),
    queue(WaitKind.Shootdown, "shootdown", shootdown.waitHead, shootdown.waitTail),
    queue(WaitKind.MessageSend, "channel", channel.sendHead, channel.sendTail),
    queue(WaitKind.MessageReceive, "channel", channel.receiveHead, channel.receiveTail),
    queue(WaitKind.MessageReply, "channel", channel.replyHead, channel.replyTail),
    queue(WaitKind.Notification, "notification", notification.waitHead, notification.waitTail),
    queue(WaitKind.Futex, "futex", futex.waitHead, futex.waitTail),
    {
      kind: WaitKind.Terminal,
      table: "terminal",
      rows: terminal.$capacity - 1,
      live: null,
      head: terminal.waitHead,
      tail: terminal.waitTail,
    },
    {
      kind: WaitKind.Stream,
      table: "stream",
      rows: stream.$capacity - 1,
      live: null,
      head: stream.waitHead,
      tail: stream.waitTail,
    },
  ];
}

/** Where each thread and waiter was found. */
interface Places {
  readonly queued: Uint8Array;
  readonly current: Uint8Array;
  readonly inbox: Uint8Array;
  readonly timers: Uint8Array;
  readonly waiting: Uint8Array;
}

/**
 * Checks run queues, inboxes, wait queues and timer heaps: links consistent and without circles,
 * every ready thread queued once or in transit, every running one the current of its hart, every
 * blocked one waiting or in transit.
 */
export function checkQueues(s: State, reach: Reach): void {
  const threads = watermark(s.thread) + 1;
  const places: Places = {
    queued: new Uint8Array(threads),
    current: new Uint8Array(threads),
    inbox: new Uint8Array(threads),
    timers: new Uint8Array(threads),
    waiting: new Uint8Array(watermark(s.waiter) + 1),
  };
  for (let hart = 0; hart < s.kernel.harts[ONE]; hart++) {
    checkRunQueues(s, reach, hart, places);
    checkInbox(s, reach, hart, places);
    checkHeap(s, reach, hart, places);
    checkTimerList(s, reach, hart);
    const current = s.hart.current[hart + 1];
    if (current === 0) continue;
    if (current < threads) places.current[current]++;
    if (s.thread.hart[current] !== hart) {
      reach.report("hart", hart + 1, `its current thread ${current} belongs to another hart`);
    }
    // With steps to do first, a hart leaves a thread that blocked where it is until they are done.
    const steps = s.hart.continuePending[hart + 1] !== 0;
    if (!steps && s.thread.state[current] !== ThreadState.Running) {
      const state = STATE_NAMES[s.thread.state[current]];
      reach.report("hart", hart + 1, `its current thread ${current} is ${state}, not running`);
    }
  }
  for (const queue of waitQueues(s)) checkWaitQueue(s, reach, queue, places);
  checkWaking(s, reach, places);
  checkThreads(s, reach, places);
  checkWaiters(s, reach, places);
}

function checkRunQueues(s: State, reach: Reach, hart: number, places: Places): void {
  const row = hart + 1;
  let ready = 0;
  for (let level = 0; level < PRIORITY_LEVELS; level++) {
    const at = row * PRIORITY_LEVELS + level;
    const head = s.hart.queueHead[at];
    const bit = (s.hart.queueBitmap[row * LEVEL_WORDS + (level >>> 5)] >>> (level & 31)) & 1;
    if ((bit !== 0) !== (head !== 0)) {
      reach.report("hart", row, `the bitmap and the queue of level ${level} disagree`);
    }
    let previous = 0;
    for (let thread = head; thread !== 0; thread = s.thread.queueNext[thread]) {
      if (thread >= places.queued.length || places.queued[thread] > 0) {
        reach.report("thread", thread, `in the run queues twice, again at level ${level}`);
        break;
      }
      places.queued[thread] = 1;
      ready++;
      if (s.thread.queuePrevious[thread] !== previous) {
        reach.report("thread", thread, "its run queue link back is wrong");
      }
      if (s.thread.level[thread] !== level || s.thread.hart[thread] !== hart) {
        reach.report(
          "thread",
          thread,
          `queued at level ${level} of hart ${hart}, not where it says`,
        );
      }
      previous = thread;
    }
    if (s.hart.queueTail[at] !== previous) {
      reach.report("hart", row, `the tail of level ${level} is not its last thread`);
    }
  }
  if (ready !== s.hart.ready[row]) {
    reach.report("hart", row, `${ready} threads queued, ready says ${s.hart.ready[row]}`);
  }
}

function checkInbox(s: State, reach: Reach, hart: number, places: Places): void {
  const row = hart + 1;
  let last = 0;
  for (let thread = s.hart.inboxHead[row]; thread !== 0; thread = s.thread.inboxNext[thread]) {
    if (thread >= places.inbox.length || places.inbox[thread] > 0) {
      reach.report("thread", thread, "in the inboxes twice");
      return;
    }
    places.inbox[thread] = 1;
    if (s.thread.inboxPrevious[thread] !== last) {
      reach.report("thread", thread, "its inbox link back is wrong");
    }
    last = thread;
    if (s.thread.hart[thread] !== hart) reach.report("thread", thread, "in another hart's inbox");
  }
  if (s.hart.inboxTail[row] !== last) reach.report("hart", row, "the inbox's tail is not its last");
}

function checkHeap(s: State, reach: Reach, hart: number, places: Places): void {
  const base = (hart + 1) * HEAP_CAPACITY;
  const deadline = (entry: number): number =>
    (entry & 1) === 0
      ? s.thread.timerDeadline[entry >>> 1]
      : s.thread.intervalDeadline[entry >>> 1];
  for (let at = 0; at < s.hart.heapLength[hart + 1]; at++) {
    const entry = s.hart.heap[base + at];
    const thread = entry >>> 1;
    const index = (entry & 1) === 0 ? s.thread.timerIndex[thread] : s.thread.intervalIndex[thread];
    if (thread === 0 || thread >= places.timers.length || index !== at + 1) {
      reach.report("hart", hart + 1, `heap place ${at} holds a timer that is not there`);
      continue;
    }
    places.timers[thread] |= 1 << (entry & 1);
    if (s.thread.hart[thread] !== hart) {
      reach.report("thread", thread, `a timer of it is in the heap of hart ${hart}`);
    }
    if (at > 0 && deadline(s.hart.heap[base + ((at - 1) >>> 1)]) > deadline(entry)) {
      reach.report("hart", hart + 1, `heap place ${at} is due before its parent`);
    }
  }
}

/** The timers armed on a hart, by deadline; each knows its place, and none is anywhere else. */
function checkTimerList(s: State, reach: Reach, hart: number): void {
  const t = s.timer;
  let previous = 0;
  let steps = 0;
  for (let row = s.hart.firstTimer[hart + 1]; row !== 0; row = t.next[row]) {
    if (t.home[row] !== hart + 1 || t.listed[row] !== 1 || t.previous[row] !== previous) {
      reach.report("timer", row, `in the list of hart ${hart}, its own columns say otherwise`);
    }
    if (t.due[row] < t.due[previous]) {
      reach.report("timer", row, `due before the one before it on hart ${hart}`);
    }
    previous = row;
    if (++steps > watermark(t)) break;
  }
  for (let row = 1; row <= watermark(t); row++) {
    if (t.$live[row] === 1 && t.home[row] === hart + 1) steps--;
  }
  if (steps !== 0) {
    reach.report("hart", hart + 1, `${steps} more timers in its list than armed here`);
  }
}

function checkWaitQueue(s: State, reach: Reach, queue: WaitQueue, places: Places): void {
  for (let row = 1; row <= queue.rows; row++) {
    if (queue.live !== null && queue.live[row] === 0) continue;
    let previous = 0;
    for (let waiter = queue.head[row]; waiter !== 0; waiter = s.waiter.next[waiter]) {
      if (waiter >= places.waiting.length || places.waiting[waiter] > 0) {
        reach.report("waiter", waiter, `in wait queues twice, again at ${queue.table} ${row}`);
        break;
      }
      places.waiting[waiter] = 1;
      if (s.waiter.kind[waiter] !== queue.kind || s.waiter.object[waiter] !== row) {
        reach.report("waiter", waiter, `queued at ${queue.table} ${row}, not where it says`);
      }
      if (s.waiter.previous[waiter] !== previous) {
        reach.report("waiter", waiter, "its wait queue link back is wrong");
      }
      previous = waiter;
    }
    if (queue.tail[row] !== previous) {
      reach.report(queue.table, row, "the tail of its wait queue is not its last waiter");
    }
  }
}

/** Waiters being woken: their objects may be gone, so only the links are looked at. */
function checkWaking(s: State, reach: Reach, places: Places): void {
  let previous = 0;
  for (let waiter = s.kernel.wakingHead[ONE]; waiter !== 0; waiter = s.waiter.next[waiter]) {
    if (waiter >= places.waiting.length || places.waiting[waiter] > 0) {
      reach.report("waiter", waiter, "in wait queues twice, again among those being woken");
      break;
    }
    places.waiting[waiter] = 1;
    if (s.waiter.previous[waiter] !== previous) {
      reach.report("waiter", waiter, "its link back among those being woken is wrong");
    }
    previous = waiter;
  }
  if (s.kernel.wakingTail[ONE] !== previous) {
    reach.report("kernel", ONE, "the tail of the waiters being woken is not their last");
  }
}

function waits(s: State, thread: number): boolean {
  for (let w = s.thread.waiter[thread]; w !== 0; w = s.waiter.nextOfThread[w]) {
    if (s.waiter.kind[w] !== WaitKind.None) return true;
  }
  return false;
}

function checkThreads(s: State, reach: Reach, places: Places): void {
  for (let t = 1; t < places.queued.length; t++) {
    if (s.thread.$live[t] === 0) continue;
    const state = s.thread.state[t];
    const transit = s.thread.requests[t] !== 0;
    const name = STATE_NAMES[state] ?? String(state);
    if ((s.thread.queued[t] !== 0) !== (places.queued[t] !== 0)) {
      reach.report("thread", t, "the run queues and its queued flag disagree");
    }
    if (transit !== (places.inbox[t] !== 0) || transit !== (s.thread.inInbox[t] !== 0)) {
      reach.report("thread", t, "its requests and the inboxes disagree");
    }
    if (places.queued[t] > 0 && state !== ThreadState.Ready) {
      reach.report("thread", t, `${name}, but in a run queue`);
    }
    if (state === ThreadState.Ready && places.queued[t] === 0 && !transit) {
      reach.report("thread", t, "ready, but in no run queue and not in transit");
    }
    if (state === ThreadState.Running && places.current[t] !== 1) {
      reach.report("thread", t, `running, but current of ${places.current[t]} harts`);
    }
    if (state === ThreadState.Blocked && !waits(s, t) && !transit) {
      reach.report("thread", t, "blocked, but in no wait queue and not in transit");
    }
    if (state !== ThreadState.Blocked && waits(s, t)) {
      reach.report("thread", t, `${name}, but its waiter is linked`);
    }
    const armed = (s.thread.timerIndex[t] !== 0 ? 1 : 0) +
      (s.thread.intervalIndex[t] !== 0 ? 2 : 0);
    if (armed !== places.timers[t]) reach.report("thread", t, "its timers are not in its heap");
  }
}

function checkWaiters(s: State, reach: Reach, places: Places): void {
  for (let w = 1; w < places.waiting.length; w++) {
    if (s.waiter.$live[w] === 0) continue;
    const kind = s.waiter.kind[w];
    const linked = kind !== WaitKind.None && kind !== WaitKind.Sleep;
    if (linked !== (places.waiting[w] !== 0)) {
      reach.report("waiter", w, `it says it waits for kind ${kind}, its queue says otherwise`);
    }
  }
}
