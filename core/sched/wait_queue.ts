import { assert, unreachable } from "../assert.ts";
import { ONE, type State } from "../kernel.ts";
import { ownPriority } from "./effective_priority.ts";
import { WaitKind } from "./tables.ts";
import { enterByPriority, leaveStretch } from "./priority_list.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const {
  Child,
  Chunk,
  FileOperation,
  Futex,
  Join,
  MessageReceive,
  MessageReply,
  MessageSend,
  None: NoneKind,
  Notification,
  PipeRead,
  PipeWrite,
  Shootdown,
  Sleep,
  SpaceOperation,
  Stream,
  Terminal,
  Threads,
  Vfork,
} = WaitKind;

/** The first waiters of the objects of a kind, by row. Those that many calls wait in come first. */
export function headsOf(s: State, kind: number): Uint32Array {
  switch (kind) {
    case MessageSend:
      return s.channel.sendHead;
    case MessageReceive:
      return s.channel.receiveHead;
    case MessageReply:
      return s.channel.replyHead;
    case Futex:
      return s.futex.waitHead;
    case PipeRead:
      return s.pipe.readHead;
    case PipeWrite:
      return s.pipe.writeHead;
    case Child:
      return s.process.waitHead;
    case Chunk:
      return s.chunkRequest.waitHead;
    case Terminal:
      return s.terminal.waitHead;
    case SpaceOperation:
      return s.addressSpace.waitHead;
    case FileOperation:
      return s.inode.waitHead;
    case Shootdown:
      return s.shootdown.waitHead;
    case Vfork:
      return s.process.vforkHead;
    case Notification:
      return s.notification.waitHead;
    case Stream:
      return s.stream.waitHead;
    case Threads:
      return s.process.execHead;
    case Join:
      return s.thread.joinHead;
    default:
      return unreachable("every wait kind with an object has a queue");
  }
}

/** The last waiters of the objects of a kind, by row. */
export function tailsOf(s: State, kind: number): Uint32Array {
  switch (kind) {
    case MessageSend:
      return s.channel.sendTail;
    case MessageReceive:
      return s.channel.receiveTail;
    case MessageReply:
      return s.channel.replyTail;
    case Futex:
      return s.futex.waitTail;
    case PipeRead:
      return s.pipe.readTail;
    case PipeWrite:
      return s.pipe.writeTail;
    case Child:
      return s.process.waitTail;
    case Chunk:
      return s.chunkRequest.waitTail;
    case Terminal:
      return s.terminal.waitTail;
    case SpaceOperation:
      return s.addressSpace.waitTail;
    case FileOperation:
      return s.inode.waitTail;
    case Shootdown:
      return s.shootdown.waitTail;
    case Vfork:
      return s.process.vforkTail;
    case Notification:
      return s.notification.waitTail;
    case Stream:
      return s.stream.waitTail;
    case Threads:
      return s.process.execTail;
    case Join:
      return s.thread.joinTail;
    default:
      return unreachable("every wait kind with an object has a queue");
  }
}

/** The first waiter of an object's queue, or 0. */
export function headOf(s: State, kind: number, object: number): number {
  return headsOf(s, kind)[object];
}

/** Whether the queues of a kind are ordered by priority, and only then by arrival. */
export function isByPriority(kind: number): boolean {
  return kind === Futex || kind === MessageSend ||
    kind === MessageReceive;
}

/**
 * Links a waiter row into an object's queue: at its tail, or behind its equals where the queue is
 * ordered by priority.
 */
export function linkWaiter(s: State, waiter: number, kind: number, object: number): void {
  assert(s.waiter.kind[waiter] === NoneKind, "a waiter waits on one object");
  s.waiter.kind[waiter] = kind;
  s.waiter.object[waiter] = object;
  s.waiter.generation[waiter]++;
  if (kind === Sleep) return;
  const heads = headsOf(s, kind);
  const tails = tailsOf(s, kind);
  if (isByPriority(kind)) {
    s.waiter.priority[waiter] = ownPriority(s, s.waiter.thread[waiter]);
    enterByPriority(s.waiter, heads, tails, object, waiter);
    return;
  }
  const last = tails[object];
  s.waiter.previous[waiter] = last;
  s.waiter.next[waiter] = 0;
  if (last === 0) heads[object] = waiter;
  else s.waiter.next[last] = waiter;
  tails[object] = waiter;
}

/** Takes a waiter row out of whatever queue it is in. */
export function unlinkWaiter(s: State, waiter: number): void {
  const kind = s.waiter.kind[waiter];
  if (kind === NoneKind) return;
  if (isByPriority(kind)) leaveStretch(s.waiter, waiter);
  if (kind !== Sleep) unlinkFrom(s, waiter, kind);
  s.waiter.kind[waiter] = NoneKind;
  s.waiter.object[waiter] = 0;
  s.waiter.next[waiter] = 0;
  s.waiter.previous[waiter] = 0;
  s.waiter.priority[waiter] = 0;
}

/** Joins a waiter's neighbours; of the waiter itself nothing changes. */
export function unlinkFromQueue(s: State, waiter: number): void {
  unlinkFrom(s, waiter, s.waiter.kind[waiter]);
}

function unlinkFrom(s: State, waiter: number, kind: number): void {
  const object = s.waiter.object[waiter];
  const next = s.waiter.next[waiter];
  const previous = s.waiter.previous[waiter];
  // Of the waiters being woken, only the ends know that they left their object's queue.
  if (previous !== 0) s.waiter.next[previous] = next;
  else if (s.kernel.wakingHead[ONE] === waiter) s.kernel.wakingHead[ONE] = next;
  else headsOf(s, kind)[object] = next;
  if (next !== 0) s.waiter.previous[next] = previous;
  else if (s.kernel.wakingTail[ONE] === waiter) s.kernel.wakingTail[ONE] = previous;
  else tailsOf(s, kind)[object] = previous;
}

/** Moves a whole queue, from its head on, to the end of the waiters being woken. */
export function setWaking(s: State, kind: number, object: number): void {
  const heads = headsOf(s, kind);
  const head = heads[object];
  const last = s.kernel.wakingTail[ONE];
  const tails = tailsOf(s, kind);
  if (last === 0) s.kernel.wakingHead[ONE] = head;
  else {
    s.waiter.next[last] = head;
    s.waiter.previous[head] = last;
  }
  s.kernel.wakingTail[ONE] = tails[object];
  heads[object] = 0;
  tails[object] = 0;
}
