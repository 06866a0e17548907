import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { ONE, type State } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import { freeRegion, unlinkRegion } from "../mem/region.ts";
import { shootdownBefore } from "../mem/shootdown.ts";
import { abandonSpace, holdSpace, leaveSlot, takeSlot } from "../mem/space.ts";
import { sweepUnmap } from "../mem/unmap.ts";
import { CallStage } from "../sched/call_stage.ts";
import { beginOperation, OperationKind } from "../sched/operation.ts";
import { WaitKind } from "../sched/tables.ts";
import { waitOn } from "../sched/wait.ts";
import { dropCapability } from "./naming.ts";
import { beginRevoking, endRevoking } from "./node.ts";
import { CapKind, NodeFlag } from "./tables.ts";

/** Most nodes above one: what keeps looking up the path of a node a bounded walk. */
export const DEPTH_LIMIT = 200;

/** What the cursor of a thread that revokes holds. */
const Cursor = {
  /** The node whose descendants go. */
  Node: 0,
  /**
   * Page to go on with in the space being swept (`thread.sweeping`), and the page after the last.
   */
  Page: 1,
  End: 2,
} as const;

/**
 * Whether a node or one above it is being revoked: nothing may be derived or copied below it then.
 * At most DEPTH_LIMIT steps.
 */
export function isRevoked(s: State, node: number): boolean {
  const c = s.capNode;
  for (let at = node; at !== 0; at = c.parent[at]) {
    if ((c.flags[at] & NodeFlag.Revoking) !== 0) return true;
  }
  return false;
}

/**
 * Removes the descendants of a node, in whatever process, deepest first, and keeps the node itself.
 * Nodes above it and beside it are not touched.
 *
 * @param limit most nodes looked at by this call, more than the tree below the node is deep
 * @returns 0 when none is left; the node that memory is mapped through and that is next; or the
 * revoked node itself when there is more to do
 */
export function revokeStep(s: State, fx: Effects, h: number, node: number, limit: number): number {
  const c = s.capNode;
  let at = node;
  let done = 0;
  let mapped = 0;
  for (; done < limit && mapped === 0 && c.firstChild[node] !== 0; done++) {
    if (c.firstChild[at] !== 0) at = c.firstChild[at];
    else if (c.firstRegion[at] !== 0) mapped = at;
    else at = dropCapability(s, fx, h, at);
  }
  fx.charge(done);
  if (mapped !== 0) return mapped;
  return c.firstChild[node] === 0 ? 0 : node;
}

/**
 * Removes all descendants of a node of the running thread's process, and what is mapped through
 * them.
 *
 * @returns 0, -Err.Busy while another thread revokes it, or Result.Pending
 */
export function revoke(s: State, fx: Effects, hart: number, thread: number, node: number): number {
  if ((s.capNode.flags[node] & NodeFlag.Revoking) !== 0) return -Err.Busy;
  // From here on it must succeed.
  if (s.capNode.firstChild[node] === 0) {
    return mayBeCached(s, node)
      ? awaitShootdowns(s, thread, s.memory.shootdowns[ONE], Result.Pending)
      : 0;
  }
  beginRevoking(s, node);
  s.thread.cursor[6 * thread + Cursor.Node] = node;
  beginOperation(s, fx, hart, thread, OperationKind.Revoke);
  return Result.Pending;
}

/**
 * Takes the newest mapping through a node out of its space, so that nobody can touch it again, and
 * holds the space to sweep its pages. While another operation has the space, on another hart and
 * soon over, nothing happens.
 */
function beginSweep(s: State, fx: Effects, thread: number, node: number): void {
  const region = s.capNode.firstRegion[node];
  const space = s.region.space[region];
  if (s.addressSpace.operation[space] !== 0 || s.addressSpace.dying[space] !== 0) return;
  const at = 6 * thread;
  s.thread.sweeping[thread] = space;
  s.thread.cursor[at + Cursor.Page] = s.region.start[region];
  s.thread.cursor[at + Cursor.End] = s.region.end[region];
  holdSpace(s, space);
  takeSlot(s, thread, space);
  unlinkRegion(s, space, region);
  freeRegion(s, fx, region);
}

/** Sweeps on; the pages' frames wait for every hart that may know them. */
function sweep(s: State, fx: Effects, hart: number, thread: number, space: number): void {
  const cursor = s.thread.cursor;
  const at = 6 * thread;
  const end = cursor[at + Cursor.End];
  const page = sweepUnmap(s, fx, hart, space, cursor[at + Cursor.Page], end);
  cursor[at + Cursor.Page] = page;
  if (page < end) return;
  leaveSlot(s, fx, hart, thread, space);
  abandonSpace(s, space);
  s.thread.sweeping[thread] = 0;
}

/**
 * Whether harts may hold translations of what was below a node: what a revocation unmaps, and what
 * others have unmapped shortly before, whose shootdown may still be under way.
 */
function mayBeCached(s: State, node: number): boolean {
  return s.capNode.kind[node] === CapKind.Memory;
}

/**
 * Ends a revocation: it returns when no hart can reach what was unmapped until now.
 *
 * @param sent shootdowns sent when the last descendant went
 */
function awaitShootdowns(s: State, thread: number, sent: number, waiting: number): number {
  const row = shootdownBefore(s, sent);
  if (row === 0) return 0;
  s.thread.callStage[thread] = CallStage.Revoked;
  s.thread.callProgress[thread] = sent;
  waitOn(s, thread, WaitKind.Shootdown, row);
  return waiting;
}

/** One step of OperationKind.Revoke. */
export function stepRevoke(s: State, fx: Effects, hart: number, thread: number): number {
  const at = 6 * thread;
  const space = s.thread.sweeping[thread];
  if (space !== 0) {
    sweep(s, fx, hart, thread, space);
    return Result.Pending;
  }
  const node = s.thread.cursor[at + Cursor.Node];
  const next = revokeStep(s, fx, hart, node, UNITS);
  if (next === node) return Result.Pending;
  if (next !== 0) {
    beginSweep(s, fx, thread, next);
    return Result.Pending;
  }
  const cached = mayBeCached(s, node);
  endRevoking(s, fx, hart, node);
  if (!cached) return 0;
  return awaitShootdowns(s, thread, s.memory.shootdowns[ONE], Result.NoReturn);
}

/** Whether a thread's revocation is done and only waits for other harts; it runs again then. */
export function isRevocationDone(s: State, thread: number): boolean {
  return s.thread.callStage[thread] === CallStage.Revoked;
}

/** Runs on after such a wait; 0, or Result.Pending. */
export function finishRevocation(s: State, thread: number): number {
  return awaitShootdowns(s, thread, s.thread.callProgress[thread], Result.Pending);
}
