import { assert } from "../assert.ts";
import { ONE, type State } from "../kernel.ts";
import { watermark } from "../state/table.ts";
import { TID_BUCKETS } from "./tables.ts";

function bucketOf(tid: number): number {
  return ONE * TID_BUCKETS + tid % TID_BUCKETS;
}

/** Makes a thread with its id set findable by it. */
export function enterTid(s: State, thread: number): void {
  const at = bucketOf(s.thread.tid[thread]);
  s.thread.tidNext[thread] = s.kernel.tidBucket[at];
  s.kernel.tidBucket[at] = thread;
}

/** Makes a thread unfindable: its id is about to change, or its row to go. */
export function leaveTid(s: State, thread: number): void {
  const at = bucketOf(s.thread.tid[thread]);
  const next = s.thread.tidNext[thread];
  s.thread.tidNext[thread] = 0;
  if (s.kernel.tidBucket[at] === thread) {
    s.kernel.tidBucket[at] = next;
    return;
  }
  let other = s.kernel.tidBucket[at];
  while (s.thread.tidNext[other] !== thread) {
    other = s.thread.tidNext[other];
    assert(other !== 0, "a thread is in its tid bucket");
  }
  s.thread.tidNext[other] = next;
}

/** The thread with an id, the dead first thread of a process included, or 0. */
export function findThread(s: State, tid: number): number {
  if (tid <= 0) return 0;
  let thread = s.kernel.tidBucket[bucketOf(tid)];
  while (thread !== 0 && s.thread.tid[thread] !== tid) thread = s.thread.tidNext[thread];
  return thread;
}

/** Rebuilds the derived tid hash from the thread rows. */
export function rebuildTidHash(s: State): void {
  s.kernel.tidBucket.fill(0);
  for (let t = 1; t <= watermark(s.thread); t++) if (s.thread.$live[t] === 1) enterTid(s, t);
}
