import { assert, unreachable } from "../assert.ts";
import { ONE, type State } from "../kernel.ts";
import { ownPriority } from "./effective_priority.ts";
import { WaitKind } from "./tables.ts";
import { enterByPriority, leaveStretch } from "./priority_list.ts";

/** The first waiters of the objects of a kind, by row. */
export function headsOf(s: State, kind: number): Uint32Array {
  switch (kind) {
    case WaitKind.Child:
      return s.process.waitHead;
    case WaitKind.PipeRead:
      return s.pipe.readHead;
    case WaitKind.PipeWrite:
      return s.pipe.writeHead;
    case WaitKind.Chunk:
      return s.chunkRequest.waitHead;
    case WaitKind.Terminal:
      return s.terminal.waitHead;
    case WaitKind.SpaceOperation:
      return s.addressSpace.waitHead;
    case WaitKind.FileOperation:
      return s.inode.waitHead;
    case WaitKind.Shootdown:
      return s.shootdown.waitHead;
    case WaitKind.Vfork:
      return s.process.vforkHead;
    case WaitKind.Notification:
      return s.notification.waitHead;
    case WaitKind.Stream:
      return s.stream.waitHead;
    case WaitKind.Futex:
      return s.futex.waitHead;
    case WaitKind.MessageSend:
      return s.channel.sendHead;
    case WaitKind.MessageReceive:
      return s.channel.receiveHead;
    case WaitKind.MessageReply:
      return s.channel.replyHead;
    case WaitKind.Threads:
      return s.process.execHead;
    case WaitKind.Join:
      return s.thread.joinHead;
    default:
      return unreachable("every wait kind with an object has a queue");
  }
}

/** The last waiters of the objects of a kind, by row. */
export function tailsOf(s: State, kind: number): Uint32Array {
  switch (kind) {
    case WaitKind.Child:
      return s.process.waitTail;
    case WaitKind.PipeRead:
      return s.pipe.readTail;
    case WaitKind.PipeWrite:
      return s.pipe.writeTail;
    case WaitKind.Chunk:
      return s.chunkRequest.waitTail;
    case WaitKind.Terminal:
      return s.terminal.waitTail;
    case WaitKind.SpaceOperation:
      return s.addressSpace.waitTail;
    case WaitKind.FileOperation:
      return s.inode.waitTail;
    case WaitKind.Shootdown:
      return s.shootdown.waitTail;
    case WaitKind.Vfork:
      return s.process.vforkTail;
    case WaitKind.Notification:
      return s.notification.waitTail;
    case WaitKind.Stream:
      return s.stream.waitTail;
    case WaitKind.Futex:
      return s.futex.waitTail;
    case WaitKind.MessageSend:
      return s.channel.sendTail;
    case WaitKind.MessageReceive:
      return s.channel.receiveTail;
    case WaitKind.MessageReply:
      return s.channel.replyTail;
    case WaitKind.Threads:
      return s.process.execTail;
    case WaitKind.Join:
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
  return kind === WaitKind.Futex || kind === WaitKind.MessageSend ||
    kind === WaitKind.MessageReceive;
}

/**
 * Links a waiter row into an object's queue: at its tail, or behind its equals where the queue is
 * ordered by priority.
 */
export function linkWaiter(s: State, waiter: number, kind: number, object: number): void {
  assert(s.waiter.kind[waiter] === WaitKind.None, "a waiter waits on one object");
  s.waiter.kind[waiter] = kind;
  s.waiter.object[waiter] = object;
  s.waiter.generation[waiter]++;
  if (kind === WaitKind.Sleep) return;
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
  if (kind === WaitKind.None) return;
  if (isByPriority(kind)) leaveStretch(s.waiter, waiter);
  if (kind !== WaitKind.Sleep) unlinkFrom(s, waiter, kind);
  s.waiter.kind[waiter] = WaitKind.None;
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
