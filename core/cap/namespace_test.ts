import assert from "node:assert/strict";
import { Err } from "../error.ts";
import { FileBench } from "../fs/testing.ts";
import { recount } from "../ledger/recount.ts";
import { Account } from "../ledger/accounts.ts";
import { NAME_PAGES } from "../proc/tables.ts";
import { allocRow } from "../state/table.ts";
import {
  CONNECTION_BIT,
  freeName,
  LAST_LIFE,
  lookupName,
  mayBind,
  mayBindMany,
  NAME_SLOTS,
  slotOf,
} from "./namespace.ts";
import { closeNames, dropCapability, lookupToken, nameNode } from "./naming.ts";
import { childNode, createNode, flyNode, landNode, moveNode, RAISED } from "./node.ts";
import { isAlive } from "./object.ts";
import { CapKind, NameKind, PAGE_SLOTS, Right } from "./tables.ts";
import { closeAll } from "./descriptor.ts";

/** A bench, a process, and a way to name new capabilities of its space. */
function named(capacities = {}) {
  const b = new FileBench(capacities);
  const p = b.s.thread.process[b.process()];
  const make = (kind: number = NameKind.Node): number => {
    const node = kind === NameKind.Connection
      ? createNode(b.s, p, CapKind.Connection, allocRow(b.s.connection), Right.Send)
      : createNode(b.s, p, CapKind.Space, b.s.process.space[p], Right.Read);
    return node === 0 ? 0 : nameNode(b.s, p, node);
  };
  return { ...b, b, s: b.s, fx: b.fx, p, make };
}

/** Everything found wrong with capabilities, names and spaces; a bench has more that is bare. */
function wrong(b: FileBench): string[] {
  return recount(b.s).filter((line) => /capNode|namePage|NodeUsed|Name/.test(line));
}

Deno.test("names: ids are positive, no descriptor, the process's own, and gone when freed", () => {
  const { b, s, fx, p, make } = named();
  const q = s.thread.process[b.process()];
  const id = make();
  assert.ok(id >= 4096 && id < CONNECTION_BIT);
  const node = lookupToken(s, p, id);
  assert.equal(s.capNode.kind[node], CapKind.Space);
  assert.equal(lookupToken(s, q, id), 0);
  assert.equal(lookupName(s, p, id, NameKind.Moving), 0);
  assert.equal(lookupName(s, p, id | CONNECTION_BIT, NameKind.Node), 0);
  for (const bad of [-1, 0, 1, 255, 4095, id + 1, id + 4096, id - 4096, -id, 2 ** 31 - 1]) {
    assert.equal(lookupToken(s, p, bad), 0, String(bad));
  }
  const connection = make(NameKind.Connection);
  assert.ok((connection & CONNECTION_BIT) !== 0);
  assert.notEqual(lookupToken(s, p, connection), 0);
  assert.equal(lookupToken(s, p, connection ^ CONNECTION_BIT), 0);
  assert.deepEqual(wrong(b), []);
  dropCapability(s, fx, 0, node);
  assert.equal(lookupToken(s, p, id), 0);
  assert.equal(s.process.names[p], 1);
  assert.throws(() => freeName(s, p, id), /a name that is freed is there/);
});

Deno.test("names: slots are used again first in, first out, and an old id never comes back", () => {
  const { b, s, fx, p, make } = named();
  const ids = [make(), make(), make()];
  for (const id of [ids[1], ids[0], ids[2]]) dropCapability(s, fx, 0, lookupToken(s, p, id));
  const again = [make(), make(), make()];
  assert.deepEqual(again.map(slotOf), [1, 0, 2]);
  for (const id of ids) assert.equal(lookupToken(s, p, id), 0);
  for (const id of again) assert.notEqual(lookupToken(s, p, id), 0);
  assert.deepEqual(wrong(b), []);
});

Deno.test("names: a slot is retired after its last life, and comes back with the process", () => {
  const { b, s, fx, p, make } = named();
  const id = make();
  const at = s.process.namePage[p * NAME_PAGES] * PAGE_SLOTS;
  s.namePage.lives[at] = LAST_LIFE;
  const last = slotOf(id) | (LAST_LIFE << 12);
  const node = lookupToken(s, p, last);
  assert.notEqual(node, 0);
  dropCapability(s, fx, 0, node);
  assert.equal(s.account.balance[Account.NameRetired], 1);
  assert.equal(slotOf(make()), 1);
  assert.equal(lookupToken(s, p, last), 0);
  assert.deepEqual(wrong(b), []);
  assert.equal(closeNames(s, fx, 0, p), 1);
  assert.equal(s.account.balance[Account.NameRetired], 0);
  assert.equal(s.account.balance[Account.NameUsed], 0);
  assert.equal(s.account.balance[Account.NamePageUsed], 0);
  assert.deepEqual(wrong(b), []);
});

Deno.test("names: a connection does not take a slot whose generation its id cannot hold", () => {
  const { s, fx, p, make } = named();
  const id = make();
  const at = s.process.namePage[p * NAME_PAGES] * PAGE_SLOTS;
  s.namePage.lives[at] = LAST_LIFE >>> 1;
  dropCapability(s, fx, 0, s.process.firstNode[p]);
  const connection = make(NameKind.Connection);
  assert.equal(slotOf(connection), 1);
  const other = make();
  assert.equal(slotOf(other), slotOf(id));
  // Its generation has the bit that a connection's id has, and it is no connection.
  assert.notEqual(other & CONNECTION_BIT, 0);
  assert.notEqual(lookupName(s, p, other, NameKind.Node), 0);
  assert.equal(lookupName(s, p, other, NameKind.Connection), 0);
});

Deno.test("names: a process has 4,096 at most, and a system without pages says so", () => {
  const { s, fx, p, make } = named({ capNode: 5000, namePage: 64 });
  for (let n = 0; n < NAME_SLOTS; n++) assert.ok(make() > 0);
  assert.equal(mayBind(s, p, NameKind.Node), -Err.TooManyOpen);
  // Sixteen steps, none longer than 256 slots.
  let steps = 1;
  while (closeNames(s, fx, 0, p) === 0) {
    assert.equal(make(), -Err.NoProcess);
    dropCapability(s, fx, 0, s.process.firstNode[p]);
    fx.clear();
    steps++;
  }
  assert.equal(steps, 16);
  assert.equal(s.process.firstNode[p], 0);
  const small = named({ namePage: 1 });
  for (let n = 0; n < PAGE_SLOTS; n++) assert.ok(small.make() > 0);
  assert.equal(mayBind(small.s, small.p, NameKind.Node), -Err.Exhausted);
});

Deno.test("names: room for several is told as binding them finds it", () => {
  const told: number[] = [];
  for (const made of [61, 62, 63, 64]) {
    for (const worn of [0, 2]) {
      for (const connections of [0, 5, 15]) {
        const { s, fx, p, make } = named({ namePage: 1 });
        const ids = Array.from({ length: made }, () => make());
        const page = s.process.namePage[p * NAME_PAGES] * PAGE_SLOTS;
        for (const id of ids.slice(0, worn)) {
          // Good for a name, but not for a connection's.
          s.namePage.lives[page + slotOf(id)] = LAST_LIFE >>> 1;
          const node = s.namePage.target[page + slotOf(id)];
          dropCapability(s, fx, 0, node);
        }
        const answer = mayBindMany(s, p, 4, connections);
        told.push(answer);
        let result = 0;
        for (let i = 0; i < 4 && result >= 0; i++) {
          const id = make((connections >>> i & 1) === 0 ? NameKind.Node : NameKind.Connection);
          result = id > 0 ? 0 : id;
        }
        assert.equal(answer, result, `${made} made, ${worn} worn, connections ${connections}`);
      }
    }
  }
  assert.ok(told.includes(0) && told.includes(-Err.Exhausted));
  const { s, p, make } = named({ capNode: 5000, namePage: 64 });
  for (let n = 0; n < NAME_SLOTS - 2; n++) make();
  assert.equal(mayBindMany(s, p, 2, 0), 0);
  assert.equal(mayBindMany(s, p, 3, 0), -Err.TooManyOpen);
});

Deno.test("names: closing them leaves descriptors, and what others derived from them", () => {
  const { b, s, fx, p, make } = named();
  const q = s.thread.process[b.process()];
  const node = lookupToken(s, p, make());
  const theirs = childNode(s, node, q, Right.Read);
  const id = nameNode(s, q, theirs);
  const space = s.process.space[p];
  assert.equal(s.addressSpace.refs[space], 3);
  assert.equal(closeNames(s, fx, 0, p), 1);
  assert.equal(s.process.firstNode[p], 0);
  assert.equal(lookupToken(s, q, id), theirs);
  assert.equal(s.capNode.parent[theirs], 0);
  assert.equal(s.addressSpace.refs[space], 2);
  closeAll(s, fx, 0, p);
  assert.deepEqual(wrong(b), []);
});

Deno.test("ghosts: a node with many children is deleted at once and goes when they are few", () => {
  const { b, s, fx, p, make } = named();
  const top = lookupToken(s, p, make());
  const middle = childNode(s, top, p, Right.Read);
  nameNode(s, p, middle);
  const below = Array.from({ length: RAISED + 3 }, () => childNode(s, middle, p, Right.Read));
  for (const node of below) nameNode(s, p, node);
  assert.equal(dropCapability(s, fx, 0, middle), top);
  assert.equal(s.capNode.$live[middle], 1);
  assert.equal(s.kernel.firstGhost[1], middle);
  assert.deepEqual(wrong(b), []);
  // It still lies between them: whoever revokes above it reaches what is below.
  for (const node of below.slice(0, 3)) {
    assert.equal(s.capNode.parent[below[RAISED]], middle);
    dropCapability(s, fx, 0, node);
  }
  assert.equal(s.capNode.$live[middle], 0);
  assert.equal(s.capNode.parent[below[RAISED]], top);
  assert.equal(s.capNode.children[top], RAISED);
  assert.equal(s.kernel.firstGhost[1], 0);
  assert.deepEqual(wrong(b), []);
});

Deno.test("nodes move between processes, and fly in between without a space", () => {
  const { b, s, fx, p, make } = named();
  const q = s.thread.process[b.process()];
  const node = lookupToken(s, p, make());
  const child = childNode(s, node, p, Right.Read);
  moveNode(s, child, q);
  assert.equal(s.process.firstNode[q], child);
  assert.equal(s.capNode.parent[child], node);
  flyNode(s, child, 7);
  s.message.carried[7] = 2;
  s.message.capability[4 * 7 + 1] = child;
  assert.equal(s.process.firstNode[q], 0);
  assert.equal(s.capNode.space[child], 0);
  landNode(s, child, q);
  assert.equal(s.process.firstNode[q], child);
  // Whatever takes it away in flight tells the message.
  flyNode(s, child, 7);
  dropCapability(s, fx, 0, child);
  assert.equal(s.message.capability[4 * 7 + 1], 0);
  assert.equal(s.capNode.children[node], 0);
});

Deno.test("a node of a kind without a table is found by the recount, and cannot be made", () => {
  const { b, s, p, make } = named();
  const node = lookupToken(s, p, make());
  s.capNode.kind[node] = 77;
  assert.ok(recount(s).some((line) => line.includes("kind 77, which has no table")));
  assert.throws(() => createNode(b.s, p, 77 as 1, 1, 0), /a kind with a table/);
});

Deno.test("a process that is gone is no object any more, also when its row lives again", () => {
  const { b, s, p } = named();
  const q = s.thread.process[b.process()];
  const node = createNode(s, p, CapKind.Process, q, Right.Control);
  assert.equal(s.capNode.objectGeneration[node], s.process.$generation[q]);
  assert.ok(isAlive(s, node));
  s.process.$generation[q]++;
  assert.ok(!isAlive(s, node));
  const copy = childNode(s, node, p, Right.Control);
  assert.equal(s.capNode.objectGeneration[copy], s.capNode.objectGeneration[node]);
});
