import { assert } from "../assert.ts";
import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { allocRow, freeRow } from "../state/table.ts";
import type { CapKind } from "./tables.ts";

/** A CapKind of an object that exists. */
type Kind = (typeof CapKind)[keyof typeof CapKind];

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
  c.rights[node] = rights;
  c.space[node] = process;
  const first = s.process.firstNode[process];
  c.nextInSpace[node] = first;
  if (first !== 0) c.previousInSpace[first] = node;
  s.process.firstNode[process] = node;
  s.openFile.refs[object]++;
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

/**
 * Makes a node with equal rights beside another, in any process's space: dup, fork, descriptor
 * passing. It takes one more reference of the object.
 *
 * @returns the new node, or 0 when the table is full
 */
export function siblingNode(s: State, node: number, process: number): number {
  const c = s.capNode;
  const made = allocNode(s, process, c.kind[node], c.object[node], c.rights[node]);
  if (made !== 0) linkUnder(s, c.parent[node], made);
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
  const made = allocNode(s, process, c.kind[node], c.object[node], rights & c.rights[node]);
  if (made !== 0) linkUnder(s, node, made);
  return made;
}

function unlinkFromParent(s: State, node: number): void {
  const c = s.capNode;
  const next = c.nextSibling[node];
  const previous = c.previousSibling[node];
  if (next !== 0) c.previousSibling[next] = previous;
  if (previous !== 0) c.nextSibling[previous] = next;
  else if (c.parent[node] !== 0) c.firstChild[c.parent[node]] = next;
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

function unlinkFromSpace(s: State, node: number): void {
  const c = s.capNode;
  const next = c.nextInSpace[node];
  const previous = c.previousInSpace[node];
  if (next !== 0) c.previousInSpace[next] = previous;
  if (previous !== 0) c.nextInSpace[previous] = next;
  else s.process.firstNode[c.space[node]] = next;
}

/**
 * Deletes a node. Its children go to its parent. The caller has already taken it out of the
 * namespace, and releases the returned object (its reference count is already one less).
 *
 * @returns the object the node held
 */
export function deleteNode(s: State, node: number): number {
  const c = s.capNode;
  const object = c.object[node];
  assert(s.openFile.refs[object] > 0, "a node's object counts it");
  unlinkFromParent(s, node);
  raiseChildren(s, node);
  unlinkFromSpace(s, node);
  freeRow(c, node);
  post(s, Account.NodeUsed, Account.NodeFree, 1);
  s.openFile.refs[object]--;
  return object;
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
