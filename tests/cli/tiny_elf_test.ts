import assert from "node:assert/strict";
import { runChild } from "../child.ts";
import { findQemu } from "../busybox/reference.ts";
import { exit, illegal, manyCalls, tinyElf } from "./tiny_elf.ts";

const qemu = await findQemu();

Deno.test("the tiny programs do under qemu-riscv64 what they say", {
  ignore: qemu === null,
}, async () => {
  const path = await Deno.makeTempFile({ prefix: "daybook-tiny-" });
  const statusOf = async (code: readonly number[]): Promise<number> => {
    await Deno.writeFile(path, tinyElf(code), { mode: 0o755 });
    return (await runChild(qemu ?? "", [path])).status;
  };
  try {
    assert.equal(await statusOf(exit(42)), 42);
    assert.equal(await statusOf(manyCalls(2)), 0);
    assert.equal(await statusOf(illegal), 132);
  } finally {
    await Deno.remove(path);
  }
});
