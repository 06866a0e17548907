import { grantOriginal, mayReceive } from "../../cap/delegate.ts";
import { isAlive } from "../../cap/object.ts";
import { CapKind, Right } from "../../cap/tables.ts";
import { checkToken, findToken } from "../../cap/token.ts";
import type { Effects } from "../../effect.ts";
import { Err, Result } from "../../error.ts";
import type { Event } from "../../event.ts";
import type { State } from "../../kernel.ts";
import { HART_TIME_NS } from "../../limits.ts";
import { isRoot } from "../../proc/root.ts";
import { doomThread } from "../../proc/signal.ts";
import { spawnThread } from "../../proc/spawn_thread.ts";
import { ProcessState } from "../../proc/tables.ts";
import { affinityOf, setAffinity } from "../../sched/affinity.ts";
import { armSleep } from "../../sched/call.ts";
import { setBasePriority, setUntimed } from "../../sched/priority.ts";
import { WaitKind } from "../../sched/tables.ts";
import { waitOn } from "../../sched/wait.ts";

/** What whoever makes a thread gets, and a thread of itself. */
const THREAD_RIGHTS = Right.Read | Right.Grant | Right.Control;

/** The thread a token names, or -Err. */
function threadOf(s: State, e: Event, t: number, rights: number): number {
  const node = checkToken(s, s.thread.process[t], e.argument(0), CapKind.Thread, rights);
  return node < 0 ? node : s.capNode.object[node];
}

/** Whether a thread may give another a priority: its own at most, root's threads any. */
function mayGive(s: State, t: number, priority: number): boolean {
  return priority <= s.thread.priority[t] || isRoot(s, s.thread.process[t]);
}

/** thread_create(process, entry, stack, argument, priority): a token of the thread. */
export function threadCreate(s: State, fx: Effects, e: Event, t: number): number {
  const own = s.thread.process[t];
  const node = checkToken(s, own, e.argument(0), CapKind.Process, Right.Control);
  if (node < 0) return node;
  if (!mayGive(s, t, e.argument(4))) return -Err.FewerRights;
  const full = mayReceive(s, own);
  if (full < 0) return full;
  const p = s.capNode.object[node];
  const [entry, stack, argument] = [e.argument(1), e.argument(2), e.argument(3)];
  const thread = spawnThread(s, fx, e.hart, t, p, entry, stack, argument, e.argument(4));
  if (thread < 0) return thread;
  return grantOriginal(s, own, CapKind.Thread, thread, THREAD_RIGHTS);
}

/** thread_destroy(thread): it ends where it next leaves the kernel, on its own hart. */
export function threadDestroy(s: State, fx: Effects, e: Event, t: number): number {
  const thread = threadOf(s, e, t, Right.Control);
  if (thread < 0) return thread;
  if (s.process.state[s.thread.process[thread]] !== ProcessState.Live) return -Err.NoProcess;
  doomThread(s, fx, e.hart, thread);
  return 0;
}

/** thread_self(). */
export function threadSelf(s: State, _fx: Effects, _e: Event, t: number): number {
  const p = s.thread.process[t];
  const full = mayReceive(s, p);
  return full < 0 ? full : grantOriginal(s, p, CapKind.Thread, t, THREAD_RIGHTS);
}

/** thread_join(thread, deadline): 0 once it has ended, also when it ended long ago. */
export function threadJoin(s: State, fx: Effects, e: Event, t: number): number {
  const node = findToken(s, s.thread.process[t], e.argument(0));
  if (node < 0) return node;
  if (s.capNode.kind[node] !== CapKind.Thread) return -Err.WrongKind;
  if ((s.capNode.rights[node] & Right.Read) === 0) return -Err.FewerRights;
  if (!isAlive(s, node)) return 0;
  const thread = s.capNode.object[node];
  if (thread === t) return -Err.Deadlock;
  const deadline = Math.min(e.argument(1), HART_TIME_NS);
  if (deadline > 0) {
    if (e.time >= deadline) return -Err.TimedOut;
    armSleep(s, fx, e.hart, t, deadline);
  }
  waitOn(s, t, WaitKind.Join, thread);
  return Result.Pending;
}

/** thread_priority(thread). */
export function threadPriority(s: State, _fx: Effects, e: Event, t: number): number {
  const thread = threadOf(s, e, t, Right.Read);
  return thread < 0 ? thread : s.thread.priority[thread];
}

/** thread_set_priority(thread, priority). */
export function threadSetPriority(s: State, fx: Effects, e: Event, t: number): number {
  const thread = threadOf(s, e, t, Right.Control);
  if (thread < 0) return thread;
  if (e.argument(1) > 255) return -Err.Invalid;
  if (!mayGive(s, t, e.argument(1))) return -Err.FewerRights;
  setUntimed(s, fx, e.hart, thread, false);
  setBasePriority(s, fx, e.hart, thread, e.argument(1));
  return 0;
}

/** thread_affinity(thread, word). */
export function threadAffinity(s: State, _fx: Effects, e: Event, t: number): number {
  const thread = threadOf(s, e, t, Right.Read);
  if (thread < 0) return thread;
  return e.argument(1) > 1 ? -Err.Invalid : affinityOf(s, thread, e.argument(1));
}

/** thread_set_affinity(thread, low, high). */
export function threadSetAffinity(s: State, fx: Effects, e: Event, t: number): number {
  const thread = threadOf(s, e, t, Right.Control);
  if (thread < 0) return thread;
  return setAffinity(s, fx, e.hart, t, thread, e.uint(1), e.uint(2));
}
