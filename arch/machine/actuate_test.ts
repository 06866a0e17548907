import assert from "node:assert/strict";
import { EventKind } from "../../core/event.ts";
import { encode } from "../riscv64/encode.ts";
import { REGISTER } from "./memory/layout.ts";
import { Call, call, CODE, codeFrame, DATA, dataFrame, runTest, set } from "./test_kernel.ts";
import type { TestKernel } from "./test_kernel.ts";
import { codeBytes } from "./test_elf.ts";

const exit = (status: number): number[] => [set(10, status), ...call(Call.Exit)];

/** Applies effects at Boot, then samples bytes of a frame. */
function bytesAfter(
  effects: (kernel: TestKernel) => void,
  frame: number,
  offset: number,
  length: number,
): number[] {
  const { sink } = runTest({
    programs: [exit(0), exit(0)],
    handler(kernel, e) {
      if (e.kind === EventKind.Boot) {
        effects(kernel);
        kernel.effects.sampleFrame(frame, offset, length);
      }
      return e.kind === EventKind.Sample;
    },
  });
  return [...sink.of(EventKind.Sample)[0].payload];
}

Deno.test("write, zero and copy apply in emission order", () => {
  const [a, b] = [dataFrame(0, 0), dataFrame(1, 2)];
  const bytes = bytesAfter(
    ({ effects: fx }) => {
      const at = fx.putBytes(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 0, 8);
      fx.write(a, 4090, at, 6);
      fx.copy(a, 4090, b, 10, 6);
      fx.zero(b, 12, 2);
      fx.write(b, 15, at, 1);
    },
    b,
    9,
    8,
  );
  assert.deepEqual(bytes, [0, 1, 2, 0, 0, 5, 1, 0]);
});

Deno.test("long immediate writes are whole", () => {
  const bytes = bytesAfter(
    ({ effects: fx }) => {
      const at = fx.reserveBytes(4096);
      for (let i = 0; i < 4096; i++) fx.bytes[at + i] = i * 7;
      fx.write(dataFrame(0), 0, at, 4096);
    },
    dataFrame(0),
    0,
    4096,
  );
  assert.deepEqual(bytes, Array.from({ length: 4096 }, (_, i) => (i * 7) & 255));
});

Deno.test("registers are set, copied, loaded, sampled and cleared", () => {
  const samples: number[][] = [];
  const { sink } = runTest({
    programs: [exit(0)],
    handler(kernel, e) {
      const fx = kernel.effects;
      if (e.kind === EventKind.Boot) {
        const at = fx.reserveBytes(1 + 520) + 1;
        for (let i = 0; i < 520; i++) fx.bytes[at + i] = (i * 3) & 255;
        fx.loadRegisters(2, at);
        fx.copyRegisters(2, 3);
        fx.setRegister(3, 10, -2);
        fx.sampleRegisters(3);
      }
      if (e.kind !== EventKind.Sample) return false;
      samples.push([...e.payload.subarray(0, e.payloadLength)]);
      fx.clearRegisters(3);
      if (samples.length === 1) fx.sampleRegisters(3);
      return true;
    },
  });
  const expected = Array.from({ length: 520 }, (_, i) => (i * 3) & 255);
  expected.splice(9 * 8, 8, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
  assert.deepEqual(samples, [expected, new Array<number>(520).fill(0)]);
  assert.deepEqual(sink.of(EventKind.Sample).map((e) => e.valueLo), [3, 3]);
});

Deno.test("a call returns a value and goes on behind its ecall", () => {
  const { outcome } = runTest({
    programs: [[...call(Call.Write), ...call(Call.Exit)]],
    handler(kernel, e) {
      if (e.cause !== Call.Write || e.kind !== EventKind.Syscall) return false;
      kernel.effects.returnValue(1, 42);
      return true;
    },
  });
  assert.equal(outcome.waitStatus, 42 << 8);
});

Deno.test("code that an effect changes is fetched anew", () => {
  let rounds = 0;
  const { outcome } = runTest({
    programs: [[set(10, 1), ...call(Call.Write), ...call(Call.Exit)]],
    handler(kernel, e) {
      if (e.cause !== Call.Write || e.kind !== EventKind.Syscall) return false;
      const fx = kernel.effects;
      const bytes = codeBytes([set(10, 2)]);
      fx.write(codeFrame(0), 0, fx.putBytes(bytes, 0, 4), 4);
      fx.setRegister(1, REGISTER.pc, rounds++ === 0 ? CODE : CODE + 12);
      return true;
    },
  });
  assert.equal(outcome.waitStatus, 2 << 8);
});

Deno.test("a mapping that went is gone before the next instruction", () => {
  const store = encode("sd", { s1: 6, s2: 6, imm: 0 });
  const { sink } = runTest({
    programs: [[
      encode("lui", { d: 6, imm: DATA }),
      store,
      ...call(Call.Write),
      store,
      ...exit(0),
    ]],
    handler(kernel, e) {
      const fx = kernel.effects;
      if (e.cause === Call.Write && e.kind === EventKind.Syscall) {
        kernel.unmap(0, DATA);
        fx.invalidatePage(1, DATA / 4096);
      }
      if (e.kind !== EventKind.PageFault) return false;
      fx.programEnded(0);
      return true;
    },
  });
  assert.deepEqual(sink.of(EventKind.PageFault).map((e) => [e.cause, e.value()]), [[15, DATA]]);
});

function printed(consoleOutput: boolean): string[] {
  const writes: string[] = [];
  runTest({
    programs: [exit(0)],
    config: { consoleOutput },
    output(stream, bytes, from, length) {
      writes.push(`${stream}:${String.fromCharCode(...bytes.subarray(from, from + length))}`);
      return 0;
    },
    handler(kernel, e) {
      if (e.kind !== EventKind.Boot) return false;
      const fx = kernel.effects;
      const text = new TextEncoder().encode("frame");
      fx.write(dataFrame(0), 100, fx.putBytes(text, 0, 5), 5);
      fx.hostWrite(1, dataFrame(0), 100, 5);
      fx.hostPrint(1, fx.putBytes(text, 1, 3), 3);
      fx.hostPrint(2, fx.putBytes(text, 0, 1), 1);
      return false;
    },
  });
  return writes;
}

Deno.test("host streams get frame bytes and immediate bytes; a console takes stream 1", () => {
  assert.deepEqual(printed(false), ["1:frame", "1:ram", "2:f"]);
  assert.deepEqual(printed(true), ["2:f", "1:frameram"]);
});
