import assert from "node:assert/strict";
import { referencePage } from "./reference.ts";
import { tables } from "./test_boxes.ts";

Deno.test("the reference page names every table and column", () => {
  const page = referencePage("Boxes", tables);
  assert.match(page, /^# Boxes\n\n## box\n\nBoxes \\\| crates\./);
  assert.match(page, /\| lid \| u32 \| object \| state \| owns lid \| its lid \|/);
  assert.match(page, /\| list \| u32 × 100, listed used \| object \| state \| {2}\| numbers \|/);
  for (const [key, spec] of Object.entries(tables)) {
    assert.ok(page.includes(`## ${key}\n`));
    for (const name of Object.keys(spec.columns)) assert.ok(page.includes(`| ${name} |`));
  }
});
