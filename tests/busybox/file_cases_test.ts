/** What calls on files answer, case by case, is the same here and under `qemu-riscv64`. */
import assert from "node:assert/strict";
import { runChild, text } from "../child.ts";
import { daybook, repository } from "../daybook.ts";
import { findQemu } from "./reference.ts";

const qemu = await findQemu();
if (qemu === null) console.log("qemu-riscv64 is not installed: its tests are skipped");

const PROGRAM = `${repository}userland/checks/bin/file_cases`;
/** The cases there are at least: a program that stops early must not pass. */
const CASES = 560;

Deno.test({
  name: "every case of file_cases answers as under qemu-riscv64, and its journal replays",
  ignore: qemu === null,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "daybook-file-cases-" });
    const journal = `${folder}/journal`;
    try {
      const wanted = await runChild(qemu ?? "", [PROGRAM, folder], { cwd: folder });
      const got = await daybook("run", ["--journal", journal, PROGRAM, "/tmp"]);
      assert.equal(wanted.status, 0);
      assert.deepEqual(text(got.stdout).split("\n"), text(wanted.stdout).split("\n"));
      assert.equal(text(got.stderr), "");
      assert.equal(got.status, 0);
      assert.ok(text(got.stdout).split("\n").length > CASES);
      for (const args of [["--quiet"], ["--fold", "--quiet"]]) {
        assert.equal((await daybook("replay", [...args, journal])).status, 0);
      }
      assert.equal((await daybook("audit", [journal])).status, 0);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
