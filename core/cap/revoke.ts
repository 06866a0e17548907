import type { Effects } from "../effect.ts";
import type { State } from "../kernel.ts";
import { dropCapability } from "./naming.ts";
import { NodeFlag } from "./tables.ts";

/** Most nodes above one: what keeps looking up the path of a node a bounded walk. */
export const DEPTH_LIMIT = 200;

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
 * @returns 1 when none is left, 0 when there is more to do
 */
export function revokeStep(s: State, fx: Effects, h: number, node: number, limit: number): number {
  const first = s.capNode.firstChild;
  let at = node;
  let done = 0;
  for (; done < limit && first[node] !== 0; done++) {
    if (first[at] !== 0) at = first[at];
    else at = dropCapability(s, fx, h, at);
  }
  fx.charge(done);
  return first[node] === 0 ? 1 : 0;
}
