import assert from "node:assert/strict";
import { SelfCheck } from "../../core/self_check.ts";
import { Exit } from "./exit.ts";
import { selfCheckVerdict } from "./self_check.ts";

Deno.test("self-check: only one that ran and passed is good, and each result has its words", () => {
  const lines = new Set<string>();
  for (const found of Object.values(SelfCheck)) {
    const { status, line } = selfCheckVerdict(found);
    assert.equal(status, found === SelfCheck.Passed ? Exit.Ok : Exit.Failed);
    lines.add(line);
  }
  assert.equal(lines.size, Object.keys(SelfCheck).length);
  assert.equal(selfCheckVerdict(99).status, Exit.Failed);
});
