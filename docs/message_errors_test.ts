import assert from "node:assert/strict";
import { ERROR_CASES } from "../core/ipc/test_error_cases.ts";

Deno.test("errors: the page for readers has every case, and no other", async () => {
  const page = await Deno.readTextFile(new URL("message_errors.md", import.meta.url));
  const table = ERROR_CASES.map(({ call, error, when }) => `| \`${call}\` | ${error} | ${when} |`);
  assert.deepEqual(page.split("\n").filter((line) => line.startsWith("| `")), table);
});
