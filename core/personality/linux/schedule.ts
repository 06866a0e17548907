import type { Effects } from "../../effect.ts";
import { Err } from "../../error.ts";
import { AccessKind, argumentAt, ArgumentLength, type Event, payloadU32 } from "../../event.ts";
import type { State } from "../../kernel.ts";
import { resolveRange } from "../../mem/user.ts";
import { writeUser } from "../../mem/user_copy.ts";
import { affinityOf, setAffinity } from "../../sched/affinity.ts";
import { scheduler } from "../../sched/scheduler.ts";
import { findThread } from "../../sched/tid.ts";

const MASK_BYTES = 8;

/** sched_yield: to the tail of its level. */
export function schedYield(s: State, _fx: Effects, e: Event, t: number): number {
  const best = scheduler.peek(s, e.hart);
  if (best === 0) return 0;
  s.thread.budget[t] = 0;
  s.hart.needsReschedule[e.hart + 1] = 1;
  return 0;
}

/** The thread with an id, the calling one for 0; 0 when there is none. */
function threadOf(s: State, t: number, tid: number): number {
  return tid === 0 ? t : findThread(s, tid);
}

/** sched_setaffinity: a thread outside its new set moves, by request when it is another hart's. */
export function schedSetaffinity(s: State, fx: Effects, e: Event, t: number): number {
  const at = argumentAt(e, 0);
  if (at < 0 || payloadU32(e, at) === ArgumentLength.Absent) return -Err.BadAddress;
  const bytes = e.uint(1);
  if (bytes === 0) return -Err.Invalid;
  const thread = threadOf(s, t, e.int(0));
  if (thread === 0) return -Err.NoProcess;
  const lo = payloadU32(e, at + 4) & (bytes >= 4 ? -1 : 2 ** (bytes * 8) - 1);
  return setAffinity(s, fx, e.hart, t, thread, lo, bytes >= 8 ? payloadU32(e, at + 8) : 0);
}

/** sched_getaffinity: bytes of the mask written. */
export function schedGetaffinity(s: State, fx: Effects, e: Event, t: number): number {
  const bytes = e.uint(1);
  // As on Linux the bits are counted in 32 bits.
  if (Math.imul(bytes, 8) >>> 0 < 8 * MASK_BYTES || bytes % 8 !== 0) return -Err.Invalid;
  const thread = threadOf(s, t, e.int(0));
  if (thread === 0) return -Err.NoProcess;
  const at = fx.reserveBytes(MASK_BYTES);
  fx.setU32(at, affinityOf(s, thread, 0));
  fx.setU32(at + 4, affinityOf(s, thread, 1));
  const wrote = writeUser(s, fx, e.hart, t, e.argument(2), at, MASK_BYTES);
  return wrote < 0 ? wrote : MASK_BYTES;
}

/** getcpu: the hart, and node 0. */
export function getcpu(s: State, fx: Effects, e: Event, t: number): number {
  for (let i = 0; i < 2; i++) {
    if (e.argument(i) === 0) continue;
    const usable = resolveRange(s, fx, e.hart, t, e.argument(i), 4, AccessKind.Write);
    if (usable < 0) return usable;
  }
  // Both or none: from here on it must succeed.
  for (let i = 0; i < 2; i++) {
    if (e.argument(i) === 0) continue;
    const at = fx.reserveBytes(4);
    fx.setU32(at, i === 0 ? e.hart : 0);
    writeUser(s, fx, e.hart, t, e.argument(i), at, 4);
  }
  return 0;
}
