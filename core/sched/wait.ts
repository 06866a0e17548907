import { assert, unreachable } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { ONE, type State } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import { isInTransit, makeReady, request } from "./thread.ts";
import { Request, ThreadState, WaitKind, WakeReason } from "./tables.ts";

function headsOf(s: State, kind: number): Uint32Array {
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
    case WaitKind.Stream:
      return s.stream.waitHead;
    case WaitKind.Notification:
      return s.notification.waitHead;
    default:
      return unreachable("every wait kind with an object has a queue");
  }
}

function tailsOf(s: State, kind: number): Uint32Array {
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
    case WaitKind.Stream:
      return s.stream.waitTail;
    case WaitKind.Notification:
      return s.notification.waitTail;
    default:
      return unreachable("every wait kind with an object has a queue");
  }
}

/** Links a waiter row at the tail of an object's queue. */
export function linkWaiter(s: State, waiter: number, kind: number, object: number): void {
  assert(s.waiter.kind[waiter] === WaitKind.None, "a waiter waits on one object");
  s.waiter.kind[waiter] = kind;
  s.waiter.object[waiter] = object;
  s.waiter.generation[waiter]++;
  if (kind === WaitKind.Sleep) return;
  const heads = headsOf(s, kind);
  const tails = tailsOf(s, kind);
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
  if (kind !== WaitKind.Sleep) {
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
  s.waiter.kind[waiter] = WaitKind.None;
  s.waiter.object[waiter] = 0;
  s.waiter.next[waiter] = 0;
  s.waiter.previous[waiter] = 0;
}

/**
 * Blocks the running thread on an object with its own waiter. The caller returns Result.Pending;
 * the thread's pc stays at its `ecall`.
 */
export function waitOn(s: State, thread: number, kind: number, object: number): void {
  linkWaiter(s, s.thread.waiter[thread], kind, object);
  s.thread.state[thread] = ThreadState.Blocked;
  s.thread.wakeReason[thread] = WakeReason.None;
}

/** Whether a thread still waits: nothing has unlinked it yet. */
export function isWaiting(s: State, thread: number): boolean {
  return s.thread.state[thread] === ThreadState.Blocked &&
    s.waiter.kind[s.thread.waiter[thread]] !== WaitKind.None;
}

/** The thread of the first waiter in an object's queue, or 0. */
export function firstWaiter(s: State, kind: number, object: number): number {
  const waiter = headsOf(s, kind)[object];
  return waiter === 0 ? 0 : s.waiter.thread[waiter];
}

/**
 * Ends a thread's wait: unlinks every waiter it has, and makes it ready on its own hart, by request
 * and IPI if that is another one.
 *
 * @param hart number of the event's hart
 * @param reason a WakeReason
 */
export function wakeThread(
  s: State,
  fx: Effects,
  hart: number,
  thread: number,
  reason: number,
): void {
  assert(s.thread.state[thread] === ThreadState.Blocked, "only a blocked thread is woken");
  for (let w = s.thread.waiter[thread]; w !== 0; w = s.waiter.nextOfThread[w]) unlinkWaiter(s, w);
  s.thread.wakeReason[thread] = reason;
  if (s.thread.hart[thread] === hart && !isInTransit(s, thread)) makeReady(s, hart, thread);
  else request(s, fx, hart, thread, Request.Wake);
}

/** Wakes the first waiter of an object's queue; returns its thread, or 0 when there is none. */
export function wakeFirst(
  s: State,
  fx: Effects,
  hart: number,
  kind: number,
  object: number,
  reason: number,
): number {
  const thread = firstWaiter(s, kind, object);
  if (thread !== 0) wakeThread(s, fx, hart, thread, reason);
  return thread;
}

/**
 * Wakes every waiter of an object's queue, to run its call again: at most UNITS in one event, and
 * the rest in the next ones. The queue is empty on return, and its object may go.
 *
 * @returns how many are awake already
 */
export function wakeAll(
  s: State,
  fx: Effects,
  hart: number,
  kind: number,
  object: number,
  reason: number,
): number {
  let count = 0;
  while (fx.woken < UNITS && wakeFirst(s, fx, hart, kind, object, reason) !== 0) {
    fx.woken++;
    count++;
  }
  const head = headsOf(s, kind)[object];
  if (head !== 0) setWaking(s, kind, object, head);
  return count;
}

/** Moves a whole queue, from its head on, to the end of the waiters being woken. */
function setWaking(s: State, kind: number, object: number, head: number): void {
  const last = s.kernel.wakingTail[ONE];
  const tails = tailsOf(s, kind);
  if (last === 0) s.kernel.wakingHead[ONE] = head;
  else {
    s.waiter.next[last] = head;
    s.waiter.previous[head] = last;
  }
  s.kernel.wakingTail[ONE] = tails[object];
  headsOf(s, kind)[object] = 0;
  tails[object] = 0;
}

/** Whether waiters are left whose queue was woken. */
export function hasWaking(s: State): boolean {
  return s.kernel.wakingHead[ONE] !== 0;
}

/** Wakes waiters whose queue was woken, as far as the event's UNITS go. */
export function wakeSome(s: State, fx: Effects, hart: number): void {
  for (; fx.woken < UNITS && hasWaking(s); fx.woken++) {
    const waiter = s.kernel.wakingHead[ONE];
    wakeThread(s, fx, hart, s.waiter.thread[waiter], WakeReason.Restart);
  }
  fx.charge(fx.woken);
}
