import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { inputText } from "./input_text.ts";

Deno.test("bench input: so many bytes, whole lines, and the same bytes everywhere", () => {
  const bytes = inputText(100_000);
  assert.equal(bytes.length, 100_000);
  const lines = new TextDecoder().decode(bytes).split("\n");
  assert.equal(lines.pop(), "");
  for (const line of lines.slice(0, -1)) assert.match(line, /^[a-z]+ \d{1,6}( [a-z]+){3,8}$/);
  assert.ok(new Set(lines).size === lines.length);
  assert.equal(
    createHash("sha256").update(bytes).digest("hex"),
    "070a82ae17f2984297d35df8083933c96022f62d8499d21af16c7267c392602f",
  );
  assert.deepEqual(inputText(70_000).subarray(0, 69_999), bytes.subarray(0, 69_999));
});
