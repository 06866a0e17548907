import assert from "node:assert/strict";
import { derive, moveTo } from "../../cap/delegate.ts";
import { lookupToken, nameNode } from "../../cap/naming.ts";
import { createNode } from "../../cap/node.ts";
import { DEPTH_LIMIT, revokeStep } from "../../cap/revoke.ts";
import { CapKind, Right } from "../../cap/tables.ts";
import { Err } from "../../error.ts";
import { AccessKind } from "../../event.ts";
import { FileBench } from "../../fs/testing.ts";
import { Account } from "../../ledger/accounts.ts";
import { recount } from "../../ledger/recount.ts";
import { UNITS } from "../../limits.ts";
import { resolve } from "../../mem/user.ts";
import { Bench } from "../../proc/testing.ts";
import { nativeRows } from "../../syscall/native_table.ts";

const NR = new Map<string, number>(nativeRows.map((row) => [row.name, row.number]));
const nr = (name: string): number => NR.get(name) ?? 0;
const AT = 0x2000 * 4096;

Deno.test("revoke: it returns when every hart has forgotten what it unmapped", () => {
  const b = new Bench();
  const child = b.on(0) === 0 ? 0 : b.processOf(b.fork());
  const token = b.call(0, nr("cap_process"), b.s.process.pid[child]) ?? 0;
  const memory = b.call(0, nr("memory_create"), 2) ?? 0;
  const handed = b.call(0, nr("cap_derive"), memory, 0xff) ?? 0;
  const there = b.call(0, nr("cap_move"), handed, token) ?? 0;
  const space = b.call(1, nr("cap_space")) ?? 0;
  assert.equal(b.call(1, nr("space_map"), space, there, AT, 2, 0, 3), 0);
  assert.ok(resolve(b.s, b.world.fx, 1, b.on(1), AT, AccessKind.Write) > 0);
  b.world.fx.clear();
  // Hart 1, which may know the page, does not answer.
  b.held.add(1);
  const revoker = b.on(0);
  assert.equal(b.call(0, nr("cap_revoke"), memory), undefined);
  assert.equal(b.s.account.balance[Account.ShootdownUsed], 1);
  b.check();
  b.held.delete(1);
  b.pump();
  assert.equal(b.results.get(revoker), 0);
  assert.equal(b.s.account.balance[Account.ShootdownUsed], 0);
  b.check();
});

/** Everything found wrong with capabilities and names; a bench has more that is bare. */
function wrong(b: FileBench): string[] {
  return recount(b.s).filter((line) => /capNode|namePage|NodeUsed|Name/.test(line));
}

/** A bench with some processes, and an original capability of the first one's space. */
function many(processes: number, nodes: number) {
  const b = new FileBench({ capNode: nodes + 100, namePage: 400 });
  const { s } = b;
  const owners = Array.from({ length: processes }, () => s.thread.process[b.process()]);
  const space = s.process.space[owners[0]];
  const root = createNode(s, owners[0], CapKind.Space, space, 0xff);
  const token = nameNode(s, owners[0], root);
  return { b, s, fx: b.fx, owners, root, token, base: s.account.balance[Account.NodeUsed] };
}

/** Derives and moves the result, as a native call would. */
function hand(s: FileBench["s"], from: number, node: number): number {
  const token = derive(s, from, node, 0xff, 0);
  assert.ok(token > 0, `derived: ${token}`);
  return lookupToken(s, from, token);
}

Deno.test("revoke: a chain of depth 128 and a fan of 64 below each of its ends, in bounded steps", () => {
  const { b, s, fx, owners, root, base } = many(4, 20_000);
  let at = root;
  for (let depth = 0; depth < 128; depth++) at = hand(s, s.capNode.space[at], at);
  for (let n = 0; n < 64; n++) {
    const middle = hand(s, owners[0], at);
    const owner = owners[n % owners.length];
    assert.ok(moveTo(s, middle, owner) > 0);
    for (let m = 0; m < 64; m++) hand(s, owner, middle);
  }
  assert.equal(s.account.balance[Account.NodeUsed] - base, 128 + 64 + 64 * 64);
  assert.deepEqual(wrong(b), []);
  let steps = 0;
  for (let left = root; left !== 0; left = revokeStep(s, fx, 0, root, UNITS)) {
    fx.clear();
    assert.ok(++steps < 200, "a revocation ends");
  }
  assert.equal(s.account.balance[Account.NodeUsed], base);
  assert.deepEqual(wrong(b), []);
});

Deno.test("revoke: what is derived too deep is refused, at a depth of at least 128", () => {
  const { s, owners, root } = many(1, 1000);
  assert.ok(DEPTH_LIMIT >= 128 && DEPTH_LIMIT < UNITS);
  let at = root;
  for (let depth = 0; depth < DEPTH_LIMIT; depth++) at = hand(s, owners[0], at);
  assert.equal(derive(s, owners[0], at, 0xff, 0), -Err.TooDeep);
});

Deno.test("revoke: a storm of random trees: what is below goes, all else stays", () => {
  let x = 12345;
  const below = (n: number): number => {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    return (x >>> 8) % n;
  };
  for (let round = 0; round < 20; round++) {
    const { b, s, fx, owners, root } = many(3, 400);
    const nodes = [root];
    const parents = [-1];
    for (let n = 1; n < 120; n++) {
      const parent = below(nodes.length);
      parents.push(parent);
      nodes.push(hand(s, owners[0], nodes[parent]));
    }
    const target = below(60);
    const doomed = new Set<number>();
    parents.forEach((parent, n) => {
      if (parent === target || doomed.has(parent)) doomed.add(n);
    });
    const generations = nodes.map((node) => s.capNode.$generation[node]);
    while (revokeStep(s, fx, 0, nodes[target], UNITS) !== 0) fx.clear();
    fx.clear();
    nodes.forEach((node, n) => {
      const stays = s.capNode.$live[node] === 1 && s.capNode.$generation[node] === generations[n];
      assert.equal(stays, !doomed.has(n), `round ${round}: node ${n} below ${target}`);
    });
    assert.deepEqual(wrong(b), []);
  }
});

Deno.test("rights: a token that may not be granted is not", () => {
  const { s, owners, root } = many(1, 100);
  const weak = derive(s, owners[0], root, Right.Read, 0);
  assert.equal(derive(s, owners[0], lookupToken(s, owners[0], weak), 1, 0), -Err.FewerRights);
});
