import assert from "node:assert/strict";
import { CallStage } from "./call_stage.ts";

Deno.test("no two stages of calls are taken for each other", () => {
  const stages = Object.values(CallStage);
  assert.equal(new Set(stages).size, stages.length);
});
