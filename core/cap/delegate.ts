import { Err } from "../error.ts";
import type { State } from "../kernel.ts";
import { DESCRIPTORS, ProcessState } from "../proc/tables.ts";
import { freeRows } from "../state/table.ts";
import { freeSlot, mayBind } from "./namespace.ts";
import { nameKindOf, nameNode } from "./naming.ts";
import { childNode, createNode, dependentNode, moveNode, siblingNode } from "./node.ts";
import { DEPTH_LIMIT, isRevoked } from "./revoke.ts";
import { type CapKind, NameKind, Right } from "./tables.ts";

/** A CapKind of an object that exists. */
type Kind = (typeof CapKind)[keyof typeof CapKind];

/**
 * Whether a process can get one more capability with a native name.
 *
 * @param kind a NameKind
 * @returns 0; the error of `mayBind`, or -Err.Exhausted without a node
 */
export function mayReceive(
  s: State,
  process: number,
  kind: number = NameKind.Node,
): number {
  if (s.process.state[process] !== ProcessState.Live) return -Err.NoProcess;
  if (freeRows(s.capNode) === 0) return -Err.Exhausted;
  return mayBind(s, process, kind);
}

/** Whether a node may be handed on at all; 0, -Err.FewerRights or -Err.Revoked. */
export function mayDelegate(s: State, node: number): number {
  if ((s.capNode.rights[node] & Right.Grant) === 0) return -Err.FewerRights;
  return isRevoked(s, node) ? -Err.Revoked : 0;
}

/**
 * Makes an original capability of a new object and names it; the caller has asked `mayReceive`.
 *
 * @returns the token
 */
export function grantOriginal(
  s: State,
  process: number,
  kind: Kind,
  object: number,
  rights: number,
): number {
  return nameNode(s, process, createNode(s, process, kind, object, rights));
}

/**
 * Whether a process can get a capability of something made below a node, which it has; the node
 * need not give the right to be handed on.
 *
 * @returns 0, -Err.Revoked, -Err.TooDeep, or the error of `mayReceive`
 */
export function mayDepend(s: State, process: number, node: number): number {
  if (isRevoked(s, node)) return -Err.Revoked;
  if (s.capNode.depth[node] >= DEPTH_LIMIT) return -Err.TooDeep;
  return mayReceive(s, process);
}

/**
 * Makes a capability of another object below a node and names it; the caller has asked `mayDepend`.
 * It goes when the node is revoked.
 *
 * @param rights Right bits wanted; those the node lacks are dropped
 * @returns the token
 */
export function grantDependent(
  s: State,
  process: number,
  node: number,
  kind: Kind,
  object: number,
  rights: number,
): number {
  return nameNode(s, process, dependentNode(s, node, process, kind, object, rights));
}

/**
 * Makes a capability with no more rights below another of the same process.
 *
 * @param rights Right bits wanted; those the node lacks are dropped
 * @param badge mark of what is made; 0 keeps that of the node
 * @returns the token; -Err.FewerRights without Grant or when badged already, -Err.Revoked,
 * -Err.TooDeep, or the error of `mayReceive`
 */
export function derive(
  s: State,
  process: number,
  node: number,
  rights: number,
  badge: number,
): number {
  const refused = mayDelegate(s, node);
  if (refused < 0) return refused;
  if (badge !== 0 && s.capNode.badge[node] !== 0) return -Err.FewerRights;
  if (s.capNode.depth[node] >= DEPTH_LIMIT) return -Err.TooDeep;
  const full = mayReceive(s, process, nameKindOf(s, node));
  if (full < 0) return full;
  // From here on it must succeed.
  const made = childNode(s, node, process, rights);
  if (badge !== 0) s.capNode.badge[made] = badge;
  return nameNode(s, process, made);
}

/**
 * Makes an equal capability beside another, in any process.
 *
 * @param target process that gets it
 * @returns its token there; -Err.FewerRights, -Err.Revoked, or the error of `mayReceive`
 */
export function copyTo(s: State, node: number, target: number): number {
  const refused = mayDelegate(s, node);
  if (refused < 0) return refused;
  const full = mayReceive(s, target, nameKindOf(s, node));
  if (full < 0) return full;
  // From here on it must succeed.
  return nameNode(s, target, siblingNode(s, node, target));
}

/**
 * Hands a capability with a native name to another process; what was derived from it stays below
 * it.
 *
 * @returns its token there; -Err.WrongKind for a descriptor, -Err.FewerRights, -Err.Revoked, or the
 * error of `mayReceive`
 */
export function moveTo(s: State, node: number, target: number): number {
  const refused = mayDelegate(s, node);
  if (refused < 0) return refused;
  const slot = s.capNode.slot[node] - DESCRIPTORS - 1;
  if (slot < 0) return -Err.WrongKind;
  if (s.process.state[target] !== ProcessState.Live) return -Err.NoProcess;
  const full = mayBind(s, target, nameKindOf(s, node));
  if (full < 0) return full;
  // From here on it must succeed.
  freeSlot(s, s.capNode.space[node], slot);
  moveNode(s, node, target);
  return nameNode(s, target, node);
}
