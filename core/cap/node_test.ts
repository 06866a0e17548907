import assert from "node:assert/strict";
import { FileBench } from "../fs/testing.ts";
import { createOpenFile } from "../fs/open_file.ts";
import { Device, InodeKind, OpenFlag, OpenKind } from "../fs/tables.ts";
import { createInode } from "../fs/inode.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { DESCRIPTORS } from "../proc/tables.ts";
import {
  close,
  CLOSE_ON_EXEC,
  closeAll,
  closeOnExec,
  dup,
  dupOnto,
  forkDescriptors,
  install,
  lookupFile,
  lookupNode,
} from "./descriptor.ts";
import { childNode, createNode, deleteNode, leafBelow, siblingNode } from "./node.ts";
import { revokeStep } from "./revoke.ts";
import { CapKind, Right } from "./tables.ts";
import { Err } from "../error.ts";
import { freeRows, LAST_GENERATION, retiredRows } from "../state/table.ts";

function device(b: FileBench, flags: number = OpenFlag.Read): number {
  const inode = createInode(b.s, InodeKind.Device, 0o600, 0, 0);
  b.s.inode.device[inode] = Device.Null;
  return createOpenFile(b.s, OpenKind.Inode, inode, 0, flags);
}

Deno.test("children have no more rights; deleting an inner node raises its children", () => {
  const b = new FileBench();
  const { s, fx } = b;
  const p = s.thread.process[b.process()];
  const file = device(b);
  const root = createNode(s, p, CapKind.OpenFile, file, Right.Read | Right.Grant);
  const child = childNode(s, root, p, 15);
  assert.equal(s.capNode.rights[child], Right.Read | Right.Grant);
  const grandA = childNode(s, child, p, Right.Read);
  const grandB = childNode(s, child, p, Right.Write);
  assert.equal(s.capNode.rights[grandB], 0);
  const sibling = siblingNode(s, child, p);
  assert.equal(s.capNode.parent[sibling], root);
  assert.equal(s.capNode.rights[sibling], s.capNode.rights[child]);
  assert.equal(s.openFile.refs[file], 5);
  assert.equal(deleteNode(s, fx, 0, child), root);
  assert.equal(s.capNode.parent[grandA], root);
  assert.equal(s.capNode.parent[grandB], root);
  let children = 0;
  for (let n = s.capNode.firstChild[root]; n !== 0; n = s.capNode.nextSibling[n]) {
    children++;
    const next = s.capNode.nextSibling[n];
    if (next !== 0) assert.equal(s.capNode.previousSibling[next], n);
  }
  assert.equal(children, 3);
  // Deleting the original makes its children originals.
  assert.equal(deleteNode(s, fx, 0, root), 0);
  assert.equal(s.capNode.parent[grandA], 0);
  assert.equal(s.capNode.nextSibling[grandA], 0);
  for (const node of [grandB, grandA, sibling]) deleteNode(s, fx, 0, node);
  assert.equal(s.process.firstNode[p], 0);
  assert.equal(s.openFile.$live[file], 0);
});

Deno.test("revoke removes all descendants, in steps, and keeps the node", () => {
  const b = new FileBench();
  const { s, fx } = b;
  const p = s.thread.process[b.process()];
  const q = s.thread.process[b.process()];
  const fd = install(s, p, device(b), 0);
  const root = lookupNode(s, p, fd);
  let at = root;
  for (let i = 0; i < 5; i++) {
    at = childNode(s, at, i % 2 === 0 ? q : p, 15);
    childNode(s, at, q, 15);
  }
  let steps = 1;
  while (revokeStep(s, fx, 0, root, 8) !== 0) steps++;
  // Ten nodes, each gone to and left, and five more to come back to where a step left off.
  assert.equal(steps, 4);
  assert.equal(leafBelow(s, root), 0);
  assert.equal(lookupNode(s, p, fd), root);
  assert.equal(s.process.firstNode[q], 0);
  assert.equal(s.account.balance[Account.NodeUsed], 1);
  close(s, fx, 0, p, fd);
});

Deno.test("descriptors: lowest free, duplicates, close-on-exec, fork", () => {
  const b = new FileBench();
  const { s, fx } = b;
  const p = s.thread.process[b.process()];
  const q = s.thread.process[b.process()];
  const file = device(b);
  assert.equal(install(s, p, file, 0), 0);
  assert.equal(dup(s, p, 0, 0, 0), 1);
  assert.equal(dup(s, p, 0, 10, CLOSE_ON_EXEC), 10);
  assert.equal(dup(s, p, 9, 0, 0), -Err.BadDescriptor);
  assert.equal(dup(s, p, 0, DESCRIPTORS, 0), -Err.TooManyOpen);
  assert.equal(dupOnto(s, fx, 0, p, 0, 0, 0), -Err.Invalid);
  assert.equal(dupOnto(s, fx, 0, p, 0, DESCRIPTORS, 0), -Err.BadDescriptor);
  assert.equal(dupOnto(s, fx, 0, p, 0, 5, 0), 5);
  assert.equal(dupOnto(s, fx, 0, p, 5, 1, 0), 1);
  assert.equal(lookupFile(s, p, 1, Right.Read), file);
  assert.equal(lookupFile(s, p, 1, Right.Write), -Err.BadDescriptor);
  assert.equal(lookupFile(s, p, -1, 0), -Err.BadDescriptor);
  assert.equal(close(s, fx, 0, p, 0), 0);
  assert.equal(close(s, fx, 0, p, 0), -Err.BadDescriptor);
  assert.equal(dup(s, p, 1, 0, 0), 0);
  assert.equal(forkDescriptors(s, fx, p, q), 0);
  assert.equal(s.openFile.refs[file], 8);
  closeOnExec(s, fx, 0, q);
  assert.equal(lookupNode(s, q, 10), 0);
  assert.equal(s.process.descriptors[q], 3);
  closeAll(s, fx, 0, q);
  closeAll(s, fx, 0, p);
  assert.equal(s.account.balance[Account.OpenFileUsed], 0);
  assert.equal(s.account.balance[Account.NodeUsed], 0);
  assert.equal(s.account.balance[Account.DescriptorUsed], 0);
});

Deno.test("a full node table refuses, and fork takes nothing then", () => {
  const b = new FileBench({ capNode: 5 });
  const { s, fx } = b;
  const p = s.thread.process[b.process()];
  const q = s.thread.process[b.process()];
  install(s, p, device(b), 0);
  for (let i = 1; i < 3; i++) assert.equal(dup(s, p, 0, 0, 0), i);
  assert.equal(forkDescriptors(s, fx, p, q), -Err.TooManyOpenSystem);
  assert.equal(s.process.descriptors[q], 0);
  assert.equal(dup(s, p, 0, 0, 0), 3);
  assert.equal(dup(s, p, 0, 0, 0), 4);
  assert.equal(dup(s, p, 0, 0, 0), -Err.TooManyOpenSystem);
  assert.equal(dupOnto(s, fx, 0, p, 0, 1, 0), -Err.TooManyOpenSystem);
  assert.equal(lookupFile(s, p, 1, 0) > 0, true);
});

Deno.test("a descriptor whose node went names nothing, also once the row lives again", () => {
  const b = new FileBench();
  const { s } = b;
  const p = s.thread.process[b.process()];
  const file = device(b);
  const fd = install(s, p, file, 0);
  const node = lookupNode(s, p, fd);
  siblingNode(s, node, p);
  deleteNode(s, b.fx, 0, node);
  assert.equal(lookupNode(s, p, fd), 0);
  for (let i = 0; i < 300; i++) {
    const made = createNode(s, p, CapKind.OpenFile, file, 0);
    if (made === node) break;
    if (made !== 0) deleteNode(s, b.fx, 0, made);
  }
  assert.equal(lookupNode(s, p, fd), 0);
});

Deno.test("a revoked descriptor names nothing, and the one it came from still does", () => {
  const b = new FileBench();
  const { s } = b;
  const p = s.thread.process[b.process()];
  const fd = install(s, p, device(b), 0);
  const node = lookupNode(s, p, fd);
  const child = childNode(s, node, p, Right.Read);
  // No call derives yet: the child gets its descriptor by hand.
  const at = p * DESCRIPTORS + 7;
  s.process.descriptor[at] = child;
  s.process.descriptorGeneration[at] = s.capNode.$generation[child];
  s.process.descriptors[p]++;
  s.capNode.slot[child] = 8;
  post(s, Account.DescriptorFree, Account.DescriptorUsed, 1);
  assert.equal(lookupNode(s, p, 7), child);
  assert.equal(revokeStep(s, b.fx, 0, node, 4), 0);
  assert.equal(s.process.descriptor[at], 0);
  assert.equal(lookupNode(s, p, 7), 0);
  assert.equal(lookupNode(s, p, fd), node);
  assert.equal(s.process.descriptors[p], 1);
});

Deno.test("a node's slot at its last generation is retired: an old descriptor never names another", () => {
  const b = new FileBench({ capNode: 6 });
  const { s } = b;
  const p = s.thread.process[b.process()];
  const nodes = freeRows(s.capNode);
  const file = device(b);
  const fd = install(s, p, file, 0);
  const node = lookupNode(s, p, fd);
  // As if it had lived half a million lives.
  s.capNode.$generation[node] = LAST_GENERATION;
  s.process.descriptorGeneration[p * DESCRIPTORS + fd] = LAST_GENERATION;
  assert.equal(lookupNode(s, p, fd), node);
  assert.equal(close(s, b.fx, 0, p, fd), 0);
  assert.equal(retiredRows(s.capNode), 1);
  // Every other node can still be had, and the one that is gone never.
  assert.equal(install(s, p, device(b), 0), 0);
  for (let made = 1; made < nodes - 1; made++) {
    assert.equal(dup(s, p, 0, 0, 0), made);
    assert.notEqual(lookupNode(s, p, made), node);
  }
  assert.equal(dup(s, p, 0, 0, 0), -Err.TooManyOpenSystem);
  // A descriptor that still held the old handle would find nothing.
  for (const generation of [0, LAST_GENERATION, LAST_GENERATION + 1]) {
    s.process.descriptor[p * DESCRIPTORS + 200] = node;
    s.process.descriptorGeneration[p * DESCRIPTORS + 200] = generation;
    assert.equal(lookupNode(s, p, 200), 0);
  }
});
