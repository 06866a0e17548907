/** The event path is twice as fast when V8 keeps the kernel's tables as objects with fixed places. */
import assert from "node:assert/strict";
import { runChild, text } from "../child.ts";

Deno.test("bench: no table of the kernel is a hash table to V8, and a planted one is seen", async () => {
  const probe = new URL("./fast_state_probe.ts", import.meta.url).pathname;
  const args = ["run", "--no-prompt", "--v8-flags=--allow-natives-syntax", probe];
  const { stdout, stderr, status } = await runChild(Deno.execPath(), args);
  assert.equal(status, 0, text(stderr));
  assert.deepEqual(JSON.parse(text(stdout)), ["planted"]);
});
