import assert from "node:assert/strict";
import { Account } from "./accounts.ts";

Deno.test("no two accounts have one number", () => {
  const numbers = Object.values(Account);
  const twice = Object.entries(Account).filter(([, n], i) => numbers.indexOf(n) !== i);
  assert.deepEqual(twice, []);
});
