import assert from "node:assert/strict";
import { statusOfProgram } from "./exit.ts";

Deno.test("exit: a program's status is its own, or 128 and its signal", () => {
  assert.equal(statusOfProgram(0), 0);
  assert.equal(statusOfProgram(7 << 8), 7);
  assert.equal(statusOfProgram(255 << 8), 255);
  assert.equal(statusOfProgram(11), 139);
  assert.equal(statusOfProgram(6 | 0x80), 134);
});
