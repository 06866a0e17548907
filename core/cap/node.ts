import type { Effects } from "../effect.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { allocRow, freeRow } from "../state/table.ts";
import { generationOf, holdNamed, releaseObject } from "./object.ts";
import { type CapKind, NodeFlag } from "./tables.ts";

/** A CapKind of an object that exists. */
type Kind = (typeof CapKind)[keyof typeof CapKind];

/**
 * Most children that are moved when the node above them is deleted; with more it stays, a ghost.
 */
export const RAISED = 8;

/** Puts a node at the head of a process's list, or of the ghosts' for process 0. */
function enterSpace(s: State, node: number, process: number): void {
  const c = s.capNode;
  const heads = process === 0 ? s.kernel.firstGhost : s.process.firstNode;
  const at = process === 0 ? ONE : process;
  const first = heads[at];
  c.space[node] = process;
  c.previousInSpace[node] = 0;
  c.nextInSpace[node] = first;
  if (first !== 0) c.previousInSpace[first] = node;
  heads[at] = node;
}

function leaveSpace(s: State, node: number): void {
  const c = s.capNode;
  const process = c.space[node];
  const next = c.nextInSpace[node];
  const previous = c.previousInSpace[node];
  if (next !== 0) c.previousInSpace[next] = previous;
  if (previous !== 0) c.nextInSpace[previous] = next;
  else if (process === 0) s.kernel.firstGhost[ONE] = next;
  else s.process.firstNode[process] = next;
  c.space[node] = 0;
  c.nextInSpace[node] = 0;
  c.previousInSpace[node] = 0;
}

function allocNode(
  s: State,
  process: number,
  kind: number,
  object: number,
  rights: number,
): number {
  const c = s.capNode;
  const node = allocRow(c);
  if (node === 0) return 0;
  post(s, Account.NodeFree, Account.NodeUsed, 1);
  c.kind[node] = kind;
  c.object[node] = object;
  c.objectGeneration[node] = generationOf(s, kind, object);
  c.rights[node] = rights;
  enterSpace(s, node, process);
  holdNamed(s, kind, object);
  return node;
}

function linkUnder(s: State, parent: number, node: number): void {
  const c = s.capNode;
  c.parent[node] = parent;
  c.previousSibling[node] = 0;
  c.nextSibling[node] = 0;
  if (parent === 0) return;
  const first = c.firstChild[parent];
  c.nextSibling[node] = first;
  if (first !== 0) c.previousSibling[first] = node;
  c.firstChild[parent] = node;
  c.children[parent]++;
}

/**
 * Makes an original capability: a node without a parent, in a process's space. It takes one
 * reference of the object.
 *
 * @returns the node, or 0 when the table is full
 */
export function createNode(
  s: State,
  process: number,
  kind: Kind,
  object: number,
  rights: number,
): number {
  return allocNode(s, process, kind, object, rights);
}

/** Makes a node of the object of another: same badge, and the generation the other knows. */
function nodeLike(s: State, node: number, process: number, rights: number): number {
  const c = s.capNode;
  const made = allocNode(s, process, c.kind[node], c.object[node], rights);
  if (made === 0) return 0;
  c.badge[made] = c.badge[node];
  c.objectGeneration[made] = c.objectGeneration[node];
  return made;
}

/**
 * Makes a node with equal rights beside another, in any process's space: dup, fork, descriptor
 * passing, copy. It takes one more reference of the object.
 *
 * @returns the new node, or 0 when the table is full
 */
export function siblingNode(s: State, node: number, process: number): number {
  const c = s.capNode;
  const made = nodeLike(s, node, process, c.rights[node]);
  if (made === 0) return 0;
  c.depth[made] = c.depth[node];
  linkUnder(s, c.parent[node], made);
  return made;
}

/**
 * Makes a node with no more rights below another: derive and mint.
 *
 * @param rights Right bits; those the parent lacks are dropped
 * @returns the new node, or 0 when the table is full
 */
export function childNode(s: State, node: number, process: number, rights: number): number {
  const c = s.capNode;
  const made = nodeLike(s, node, process, rights & c.rights[node]);
  if (made === 0) return 0;
  c.depth[made] = c.depth[node] + 1;
  linkUnder(s, node, made);
  return made;
}

/**
 * Makes a node for another object below a node that gives the right to make it: a connection below
 * the channel it leads to. Of the rights only those its parent has.
 *
 * @returns the new node, or 0 when the table is full
 */
export function dependentNode(
  s: State,
  node: number,
  process: number,
  kind: Kind,
  object: number,
  rights: number,
): number {
  const c = s.capNode;
  const made = allocNode(s, process, kind, object, rights & c.rights[node]);
  if (made === 0) return 0;
  c.badge[made] = c.badge[node];
  c.depth[made] = c.depth[node] + 1;
  linkUnder(s, node, made);
  return made;
}

/** Hands a node to another process's space; the caller sees to its name on both sides. */
export function moveNode(s: State, node: number, process: number): void {
  leaveSpace(s, node);
  enterSpace(s, node, process);
}

/**
 * Takes a node, which has no name any more or one that is kept for its return, out of its process:
 * a message carries it now.
 *
 * @param carrier the message, which owns the node until `landNode`
 */
export function flyNode(s: State, node: number, carrier: number): void {
  leaveSpace(s, node);
  s.capNode.carrier[node] = carrier;
  s.capNode.flags[node] |= NodeFlag.InFlight;
}

/** Puts a node that a message carried into a process's space; the caller gives it a name. */
export function landNode(s: State, node: number, process: number): void {
  s.capNode.carrier[node] = 0;
  s.capNode.flags[node] &= ~NodeFlag.InFlight;
  enterSpace(s, node, process);
}

function unlinkFromParent(s: State, node: number): void {
  const c = s.capNode;
  const parent = c.parent[node];
  const next = c.nextSibling[node];
  const previous = c.previousSibling[node];
  if (next !== 0) c.previousSibling[next] = previous;
  if (previous !== 0) c.nextSibling[previous] = next;
  else if (parent !== 0) c.firstChild[parent] = next;
  if (parent !== 0) c.children[parent]--;
}

/** Hands the children of a node to its parent; without a parent they become originals. */
function raiseChildren(s: State, node: number): void {
  const c = s.capNode;
  const parent = c.parent[node];
  for (let child = c.firstChild[node]; child !== 0;) {
    const next = c.nextSibling[child];
    linkUnder(s, parent, child);
    child = next;
  }
  c.firstChild[node] = 0;
}

/** Notes that a region was mapped through a node: whoever revokes the node unmaps it. */
export function attachRegion(s: State, region: number, node: number): void {
  const first = s.capNode.firstRegion[node];
  s.region.node[region] = node;
  s.region.nextOfNode[region] = first;
  if (first !== 0) s.region.previousOfNode[first] = region;
  s.capNode.firstRegion[node] = region;
}

/** Takes a region that goes off the node it was mapped through; a ghost may go with it. */
export function detachRegion(s: State, fx: Effects, region: number): void {
  const node = s.region.node[region];
  if (node === 0) return;
  const next = s.region.nextOfNode[region];
  const previous = s.region.previousOfNode[region];
  if (next !== 0) s.region.previousOfNode[next] = previous;
  if (previous !== 0) s.region.nextOfNode[previous] = next;
  else s.capNode.firstRegion[node] = next;
  s.region.node[region] = 0;
  s.region.nextOfNode[region] = 0;
  s.region.previousOfNode[region] = 0;
  // Its object is memory, which no hart has a part in letting go.
  settleGhosts(s, fx, 0, node);
}

/** Whether a deleted node cannot go yet. */
function mustStay(s: State, node: number): boolean {
  const c = s.capNode;
  return c.children[node] > RAISED || c.firstRegion[node] !== 0 ||
    (c.flags[node] & NodeFlag.Revoking) !== 0;
}

/** Frees a node that no list has, with at most RAISED children. */
function freeNode(s: State, fx: Effects, hart: number, node: number): void {
  const c = s.capNode;
  const kind = c.kind[node];
  const object = c.object[node];
  unlinkFromParent(s, node);
  raiseChildren(s, node);
  freeRow(c, node);
  post(s, Account.NodeUsed, Account.NodeFree, 1);
  releaseObject(s, fx, hart, kind, object);
}

/** Frees a ghost that can go now, and those above it that can go with it; the next node above. */
function settleGhosts(s: State, fx: Effects, hart: number, from: number): number {
  const c = s.capNode;
  let node = from;
  while ((c.flags[node] & NodeFlag.Ghost) !== 0 && !mustStay(s, node)) {
    const above = c.parent[node];
    leaveSpace(s, node);
    freeNode(s, fx, hart, node);
    node = above;
  }
  return node;
}

/**
 * Deletes a node that nothing names and no message carries any more. Its children go to its parent.
 * With more than RAISED children the row stays as a ghost until they are fewer, so that no deletion
 * is longer than another; so it does while it is being revoked, and while memory is mapped through
 * it. Its reference of the object goes with the row.
 *
 * @returns the nearest node above it that is left, or 0
 */
export function deleteNode(s: State, fx: Effects, hart: number, node: number): number {
  const c = s.capNode;
  const parent = c.parent[node];
  if ((c.flags[node] & NodeFlag.InFlight) === 0) leaveSpace(s, node);
  if (!mustStay(s, node)) {
    freeNode(s, fx, hart, node);
    return settleGhosts(s, fx, hart, parent);
  }
  c.flags[node] = (c.flags[node] & NodeFlag.Revoking) | NodeFlag.Ghost;
  c.carrier[node] = 0;
  c.slot[node] = 0;
  enterSpace(s, node, 0);
  if (c.children[node] > 0 || c.firstRegion[node] !== 0) return parent;
  // Whoever revokes it finds it empty; nothing above has to wait for that.
  unlinkFromParent(s, node);
  linkUnder(s, 0, node);
  return settleGhosts(s, fx, hart, parent);
}

/** Marks a node whose descendants are about to go. */
export function beginRevoking(s: State, node: number): void {
  s.capNode.flags[node] |= NodeFlag.Revoking;
}

/** Takes the mark away; a node that was deleted meanwhile goes. */
export function endRevoking(s: State, fx: Effects, hart: number, node: number): void {
  s.capNode.flags[node] &= ~NodeFlag.Revoking;
  settleGhosts(s, fx, hart, node);
}

/**
 * Finds a descendant without children of its own, for revoking bottom-up.
 *
 * @returns a leaf strictly below the node, or 0 when it has no children
 */
export function leafBelow(s: State, node: number): number {
  const c = s.capNode;
  let at = c.firstChild[node];
  if (at === 0) return 0;
  while (c.firstChild[at] !== 0) at = c.firstChild[at];
  return at;
}
