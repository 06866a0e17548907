import assert from "node:assert/strict";
import { createPipe, freePipe } from "../fs/pipe_row.ts";
import { Account } from "./accounts.ts";
import { Auditor } from "./auditor.ts";
import { makeWorld } from "./test_world.ts";

Deno.test("an auditor sees a unit made, a row leaked, and books that do not close", () => {
  const { s, fx } = makeWorld();
  const auditor = new Auditor(s);
  auditor.begin();
  assert.equal(auditor.checkTotals(), "");
  assert.deepEqual(auditor.recount(), []);
  assert.equal(auditor.close().balanced, true);

  const pipe = createPipe(s);
  assert.equal(auditor.checkTotals(), "");
  assert.match(auditor.recount()[0].text, /^pipe 1: in use, but nothing owns or holds it/);
  assert.equal(auditor.close().balanced, false);
  freePipe(s, fx, pipe);
  assert.deepEqual(auditor.recount(), []);
  assert.equal(auditor.close().balanced, true);

  s.account.balance[Account.PipeFree]++;
  assert.match(auditor.checkTotals(), /^pipes: /);
  assert.equal(auditor.close().balanced, false);
});
