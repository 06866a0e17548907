import assert from "node:assert/strict";
import { createPipe } from "../fs/pipe_row.ts";
import { raiseIpi } from "../sched/thread.ts";
import { Account, resources } from "./accounts.ts";
import { checkTotals } from "./check.ts";
import { closingTable, formatClosingTable } from "./closing.ts";
import { LAST_ACCOUNT, openingTotals } from "./opening.ts";
import { makeWorld } from "./test_world.ts";

Deno.test("every account belongs to exactly one resource", () => {
  const named = resources.flatMap((r) => r.accounts);
  assert.deepEqual([...named].sort(), Object.keys(Account).filter((n) => n !== "None").sort());
  const numbers = Object.values(Account);
  assert.equal(new Set(numbers).size, numbers.length, "no two accounts share a number");
});

Deno.test("every resource opens with units, all in its first account", () => {
  const { s, opening } = makeWorld();
  resources.forEach((r, i) => assert.ok(opening[i] > 0, `${r.name} opens empty`));
  assert.deepEqual([...openingTotals(s)], [...opening], "what boot and init took stayed inside");
  assert.equal(s.account.$live[LAST_ACCOUNT], 1, "balances are hashed");
});

Deno.test("a total that changed and a negative account are named", () => {
  const { s, opening } = makeWorld();
  assert.equal(checkTotals(s, opening), "");
  s.account.balance[Account.PipeUsed]++;
  assert.equal(checkTotals(s, opening), "pipes: the accounts add up to 7, not 6");
  s.account.balance[Account.PipeUsed] = -1;
  s.account.balance[Account.PipeFree] = 7;
  assert.equal(checkTotals(s, opening), "pipes: PipeUsed is negative: -1");
});

Deno.test("the closing table names what was not given back and what was made or lost", () => {
  const { s, fx, opening } = makeWorld();
  const before = s.account.balance.slice(0, LAST_ACCOUNT + 1);
  const wrong = () =>
    closingTable(s, before, opening).rows.filter((r) => r.wrong !== undefined)
      .map((r) => `${r.resource}/${r.account}: ${r.wrong}`);
  assert.deepEqual(wrong(), []);
  createPipe(s);
  assert.deepEqual(wrong(), ["pipes/PipeUsed: 1 not given back"]);
  before[Account.PipeUsed] = 3;
  assert.deepEqual(wrong(), ["pipes/PipeUsed: 2 too many given back"]);
  before[Account.PipeUsed] = 1;
  raiseIpi(s, fx, 0, 1);
  assert.deepEqual(wrong(), ["IPIs/IpiPending: 1 still under way"]);
  s.account.balance[Account.IpiPending] = 0;
  assert.deepEqual(wrong().length, 2, "a unit vanished from a flow");
  assert.match(wrong()[0], /^IPIs\/IpiPending: the accounts add up to \d+, not \d+$/);
});

Deno.test("only the accounts that may stay changed are permanent", () => {
  const { s, opening, base } = makeWorld();
  const table = closingTable(s, base, opening);
  const permanent = table.rows.filter((r) => r.permanent !== undefined).map((r) => r.account);
  // Init still lives in this world: its frames are wrong, what backing they got is not.
  assert.deepEqual(permanent, ["FrameUnbacked", "BackingUsed", "AsidFree"]);
  assert.ok(table.rows.some((r) => r.account === "FrameAnonymous" && r.wrong !== undefined));
  assert.ok(table.rows.some((r) => r.account === "AsidUsed" && r.wrong !== undefined));
});

Deno.test("the closing table prints an account a line and the verdict last", () => {
  const { s, opening } = makeWorld();
  const before = s.account.balance.slice(0, LAST_ACCOUNT + 1);
  const lines = formatClosingTable(closingTable(s, before, opening)).split("\n");
  assert.match(lines[0], /^resource +account +baseline +now +change$/);
  assert.equal(lines.at(-1), "balanced: yes");
  createPipe(s);
  const text = formatClosingTable(closingTable(s, before, opening));
  assert.match(text, /^pipes +PipeUsed +0 +1 +\+1 +WRONG: 1 not given back$/m);
  assert.match(text, /balanced: NO, 1 accounts are off$/);
});
