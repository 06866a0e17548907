import assert from "node:assert/strict";
import { EventKind } from "../../core/event.ts";
import { encode } from "../riscv64/encode.ts";
import { Call, call, DATA, dataFrame, runTest, set } from "./test_kernel.ts";

/** The machine's hash at the end of a program that stores a byte, with registers as given. */
function finalHash(value: number, offset: number, register = 0, kernelByte = 0): string {
  const { sink } = runTest({
    programs: [[
      encode("lui", { d: 6, imm: DATA }),
      set(7, value),
      encode("sb", { s1: 6, s2: 7, imm: offset }),
      set(7, register),
      set(10, 0),
      ...call(Call.Exit),
    ]],
    handler(kernel, e) {
      if (e.kind !== EventKind.Boot || kernelByte === 0) return false;
      const at = kernel.effects.putBytes(Uint8Array.of(kernelByte), 0, 1);
      kernel.effects.write(dataFrame(0, 3), 9, at, 1);
      return false;
    },
  });
  return sink.hashes.filter((h) => h.startsWith("M")).join();
}

Deno.test("the machine's hash sees stores, registers and what effects write", () => {
  const one = finalHash(1, 8);
  assert.equal(finalHash(1, 8), one);
  const others = [finalHash(2, 8), finalHash(1, 9), finalHash(1, 8, 5), finalHash(1, 8, 0, 4)];
  assert.equal(new Set([one, ...others]).size, 5);
});
