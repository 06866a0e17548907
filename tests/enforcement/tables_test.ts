/** No program can make the kernel write a page-table entry that is reserved, or W and X at once. */
import assert from "node:assert/strict";
import { Pte } from "../../core/isa/riscv64.ts";
import { leafFlags } from "../../core/mem/pte.ts";
import { Prot } from "../../core/mem/tables.ts";
import { runKernel } from "../kernel/harness.ts";
import { CRIMES } from "./crimes.ts";
import { entryBreach, watchTables } from "./table_watch.ts";

Deno.test("tables: the flags of a leaf are those of its protection, for every protection", () => {
  for (let prot = 0; prot < 8; prot++) {
    for (const writable of [false, true]) {
      const flags = leafFlags(prot, writable);
      const has = (bit: number): boolean => (flags & bit) !== 0;
      const text = `prot ${prot}, writable ${writable}: flags ${flags.toString(2)}`;
      assert.ok(has(Pte.Valid) && has(Pte.Accessed), text);
      assert.equal(has(Pte.User), prot !== 0, text);
      assert.equal(has(Pte.Write), writable && (prot & Prot.Write) !== 0, text);
      assert.equal(has(Pte.Dirty), has(Pte.Write), text);
      assert.equal(has(Pte.Execute), (prot & Prot.Execute) !== 0, text);
      assert.equal(has(Pte.Read), (prot & (Prot.Read | Prot.Write)) !== 0 || prot === 0, text);
      // No region is W and X; all others the walker takes for leaves.
      const both = Prot.Write | Prot.Execute;
      const wrong = writable && (prot & both) === both ? "W and X" : "";
      assert.equal(entryBreach(flags, 0), wrong, text);
    }
  }
});

Deno.test("tables: what is reserved is seen", () => {
  const leaf = leafFlags(Prot.Read | Prot.Write, true);
  assert.equal(entryBreach(leaf, 0x3f_ffff), "");
  for (let bit = 22; bit < 32; bit++) assert.notEqual(entryBreach(leaf, (1 << bit) >>> 0), "");
  for (const wrong of [Pte.Valid | Pte.Write, Pte.Valid | Pte.User, leaf & ~Pte.Dirty, leaf & ~1]) {
    assert.notEqual(entryBreach(wrong, 0), "", wrong.toString(2));
  }
});

for (const [program, ...args] of [[CRIMES], ["userland/image/bin/memory"]]) {
  Deno.test(`tables: after every event of ${program.split("/").at(-1)} every entry is sound`, () => {
    const run = runKernel({ program, args, harts: 2, watch: watchTables });
    assert.equal(run.status, 0);
  });
}
