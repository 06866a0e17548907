import assert from "node:assert/strict";
import { exit, tinyElf } from "../../tests/cli/tiny_elf.ts";
import { refuseElf } from "./elf_check.ts";

const good = tinyElf(exit(0));

Deno.test("a static program is let through, a script too", () => {
  assert.equal(refuseElf(good, good.length), "");
  const script = new TextEncoder().encode("#!/bin/sh\n");
  assert.equal(refuseElf(script, script.length), "");
});

Deno.test("each mistake has its own words", () => {
  const refused = (bytes: Uint8Array, size = bytes.length): string => refuseElf(bytes, size);
  const altered = (at: number, value: number): Uint8Array => {
    const copy = good.slice();
    copy[at] = value;
    return copy;
  };
  const lines = [
    refused(new Uint8Array(0)),
    refused(new TextEncoder().encode("text that is longer than a header. ".repeat(9))),
    refused(good.subarray(0, 40)),
    refused(good.subarray(0, 100)),
    refused(good, good.length - 4),
    refused(tinyElf(exit(0), { machine: 62 })),
    refused(tinyElf(exit(0), { machine: 40_000 })),
    refused(tinyElf(exit(0), { fileClass: 1 })),
    refused(altered(5, 2)),
    refused(altered(16, 1)),
    refused(altered(64, 3)),
    refused(altered(64, 6)),
    refused(altered(56, 0)),
    refused(good.subarray(0, 80), 4096),
  ];
  for (const line of lines) assert.match(line, /^it[s ]/);
  assert.equal(new Set(lines).size, lines.length);
});
