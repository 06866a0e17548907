/** Debian's busybox prints under Daybook what it prints under qemu-riscv64. */
import assert from "node:assert/strict";
import { auditJournal } from "../../mod.ts";
import { accepted, type Bench, compareLine, differences, makeBench } from "./compare.ts";
import { lines } from "./lines.ts";

const bench: Bench | string = await makeBench().catch((error: Error) => error.message);

if (typeof bench === "string") {
  const reason = bench;
  const inCi = Deno.env.get("CI") === "true";
  if (!inCi) console.log(`busybox lines are skipped: ${reason}`);
  // Where the lines must run, their absence is the failure.
  Deno.test("busybox and qemu-riscv64 can be had", { ignore: !inCi }, () => {
    assert.fail(reason);
  });
} else {
  for (const line of lines) {
    Deno.test(`busybox: ${line.name}`, async () => {
      const found = await compareLine(bench, line);
      assert.ok(found.length === 0, `\n${found.join("\n")}`);
    });
  }
  Deno.test.afterAll(() => bench.dispose());
}

Deno.test("busybox lines have unique names, and there are at least 48", () => {
  const names = lines.map((line) => line.name);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.length >= 48);
  for (const name of names) assert.match(name, /^[a-z0-9-]+$/);
});

Deno.test("the comparison sees a difference in each stream and in the status", () => {
  const bytes = (word: string) => new TextEncoder().encode(word);
  const wanted = { stdout: bytes("out"), stderr: bytes("err"), status: 0 };
  assert.deepEqual(differences(wanted, { ...wanted }), []);
  assert.match(differences(wanted, { ...wanted, stdout: bytes("ouT") }).join(), /^stdout/);
  assert.match(differences(wanted, { ...wanted, stderr: bytes("err ") }).join(), /^stderr/);
  assert.match(differences(wanted, { ...wanted, status: 1 }).join(), /^status/);
});

Deno.test("the comparison sees a journal that is refused, or is none", () => {
  const verdict = (status: number) => ({ status, line: "line", details: ["detail"] });
  assert.equal(accepted("fold", () => verdict(0)), null);
  assert.equal(accepted("fold", () => verdict(1)), "fold: status 1, line\ndetail");
  const none = new URL("no-such.daybook", import.meta.url).pathname;
  assert.match(accepted("audit", () => auditJournal(none)) ?? "", /^audit: .*no-such\.daybook/);
});
