import assert from "node:assert/strict";
import {
  argumentAt,
  ArgumentLength,
  EventKind,
  payloadU32,
  type RecordedEvent,
} from "../../core/event.ts";
import { PATH_LIMIT } from "../../core/limits.ts";
import { STRINGS_LIMIT } from "../../core/syscall/row.ts";
import { encode } from "../riscv64/encode.ts";
import { Call, call, CODE, DATA, runTest } from "./test_kernel.ts";

const END = DATA + 4 * 4096;
const bytesOf = (text: string): number[] => [...new TextEncoder().encode(text)];
const words64 = (...values: number[]): number[] =>
  values.flatMap((v) => Array.from({ length: 8 }, (_, i) => Math.floor(v / 256 ** i) & 255));

/** The event of one call with arguments in a0…, and bytes at offsets of the data. */
function sensed(
  number: number,
  args: readonly number[],
  data: readonly (readonly [number, readonly number[]])[] = [],
  sp = 0,
): RecordedEvent {
  const { sink } = runTest({
    programs: [[encode("ecall"), ...call(Call.Exit)]],
    handler(kernel, e) {
      if (e.kind === EventKind.Boot) {
        args.forEach((value, i) => kernel.effects.setRegister(1, 10 + i, value));
        kernel.effects.setRegister(1, 17, number);
        kernel.effects.setRegister(1, 2, sp);
        for (const [offset, bytes] of data) kernel.put(0, offset, bytes);
      }
      if (e.kind !== EventKind.SyscallFault) return false;
      kernel.effects.returnValue(1, -14);
      return true;
    },
  });
  return sink.events[1];
}

const bytesAt = (e: RecordedEvent, nth: number): number[] => {
  const at = argumentAt(e, nth);
  return [...e.payload.subarray(at + 4, at + 4 + payloadU32(e, at))];
};
const lengthAt = (e: RecordedEvent, nth: number): number => payloadU32(e, argumentAt(e, nth));

Deno.test("sense: a call carries the registers its row names, and no others", () => {
  const e = sensed(57, [3, 99, 98]);
  assert.deepEqual([e.kind, e.cause, e.registerCount, e.int(0)], [EventKind.Syscall, 57, 1, 3]);
  assert.deepEqual([e.pcLo, e.payloadLength, e.glanceLength], [CODE, 0, 0]);
});

Deno.test("sense: the names of capabilities lie in t3 to t6, and follow the other registers", () => {
  const { sink } = runTest({
    programs: [[encode("ecall"), ...call(Call.Exit)]],
    handler(kernel, e) {
      if (e.kind !== EventKind.Boot) return false;
      for (let i = 1; i < 32; i++) kernel.effects.setRegister(1, i, 100 + i);
      kernel.effects.setRegister(1, 17, 678);
      return false;
    },
  });
  const e = sink.events[1];
  assert.deepEqual([e.cause, e.registerCount], [678, 6]);
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((i) => e.argument(i)), [110, 111, 128, 129, 130, 131]);
});

Deno.test("sense: an unknown call carries six registers", () => {
  const e = sensed(999, [1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual([e.cause, e.registerCount, e.int(5)], [999, 6, 6]);
  for (const number of [1024, 2 ** 32 + 64, -1]) {
    assert.equal(sensed(number, []).cause, 0xffff_ffff);
  }
});

Deno.test("sense: paths are copied without their NUL, padded with zeroes, across pages", () => {
  const e = sensed(56, [3, DATA + 4093, 0x42, 7], [[4093, [...bytesOf("/a/bcd"), 0]]]);
  assert.equal(lengthAt(e, 0), 6);
  assert.deepEqual(bytesAt(e, 0), bytesOf("/a/bcd"));
  assert.equal(e.payloadLength, 4 + 8);
  assert.deepEqual([e.payload[10], e.payload[11]], [0, 0]);
  assert.deepEqual([0, 1, 2, 3].map((i) => e.int(i)), [3, DATA + 4093, 0x42, 7]);
});

Deno.test("sense: nothing of an earlier event is left in the padding", () => {
  const { sink } = runTest({
    programs: [[encode("ecall"), encode("lui", { d: 10, imm: DATA + 4096 }), ...call(49)]],
    handler(kernel, e) {
      if (e.kind === EventKind.Boot) {
        kernel.effects.setRegister(1, 10, DATA);
        kernel.effects.setRegister(1, 17, 49);
        kernel.put(0, 0, bytesOf("a long path"));
        kernel.put(0, 4096, [65, 0]);
      }
      if (e.kind === EventKind.Syscall) {
        if (e.order === 1) kernel.effects.returnValue(1, 0);
        else kernel.effects.programEnded(0);
      }
      return e.kind !== EventKind.Shutdown;
    },
  });
  const [first, second] = sink.of(EventKind.Syscall);
  assert.equal(lengthAt(first, 0), 11);
  assert.deepEqual([...second.payload], [1, 0, 0, 0, 65, 0, 0, 0]);
});

Deno.test("sense: a path is absent, too long, or just fits", () => {
  assert.equal(lengthAt(sensed(49, [0]), 0), ArgumentLength.Absent);
  const long = new Array<number>(PATH_LIMIT).fill(65);
  assert.equal(lengthAt(sensed(49, [DATA + 100], [[100, long]]), 0), ArgumentLength.TooLong);
  const fits = sensed(49, [DATA + 100], [[100, long.slice(1)]]);
  assert.equal(lengthAt(fits, 0), PATH_LIMIT - 1);
});

Deno.test("sense: an argument that cannot be read makes a fault at its first missing byte", () => {
  const e = sensed(49, [END - 2], [[4 * 4096 - 2, bytesOf("ab")]]);
  assert.deepEqual([e.kind, e.cause, e.access], [EventKind.SyscallFault, 49, 0]);
  assert.deepEqual([e.value(), e.payloadLength, e.registerCount], [END, 0, 0]);
  const kernelSide = sensed(49, [-4096]);
  assert.equal(kernelSide.kind, EventKind.SyscallFault);
  assert.deepEqual([kernelSide.valueLo, kernelSide.valueHi], [0xffff_f000, 0xffff_ffff]);
});

Deno.test("sense: a structure, present and absent, and a reading of the clock", () => {
  const e = sensed(101, [DATA + 4090, 5], [[4090, words64(3, 500)]]);
  assert.deepEqual(bytesAt(e, 0), words64(3, 500));
  assert.equal(e.value(), e.time);
  assert.equal(e.registerCount, 2);
  assert.equal(lengthAt(sensed(101, [0, 5]), 0), ArgumentLength.Absent);
});

Deno.test("sense: arrays have as many elements as their count says", () => {
  const vector = words64(DATA, 5, DATA + 5, 6);
  const e = sensed(66, [1, DATA + 4088, 2], [[4088, vector]]);
  assert.deepEqual(bytesAt(e, 0), vector);
  assert.equal(lengthAt(sensed(66, [1, DATA, 0]), 0), 0);
  assert.equal(lengthAt(sensed(66, [1, 0, 1]), 0), ArgumentLength.Absent);
  assert.equal(lengthAt(sensed(66, [1, DATA, 1025]), 0), ArgumentLength.TooLong);
  assert.equal(lengthAt(sensed(66, [1, DATA, 2 ** 32 + 1]), 0), ArgumentLength.TooLong);
});

Deno.test("sense: string vectors come whole, as a count and strings with their NULs", () => {
  const strings = [...bytesOf("ls"), 0, ...bytesOf("-l"), 0, 0];
  const e = sensed(221, [DATA, DATA + 8188, 0], [
    [0, [...bytesOf("/bin/ls"), 0]],
    [4094, strings],
    [8188, words64(DATA + 4094, DATA + 4097, DATA + 4100, 0)],
  ]);
  assert.deepEqual(bytesAt(e, 0), bytesOf("/bin/ls"));
  assert.deepEqual(bytesAt(e, 1), [3, 0, 0, 0, ...strings]);
  assert.equal(lengthAt(e, 2), ArgumentLength.Absent);
  assert.equal(e.registerCount, 3);
});

Deno.test("sense: string vectors beyond their limit are too long, also both together", () => {
  const text = [...new Array<number>(4095).fill(66), 0];
  const many = (count: number): number[] =>
    words64(...new Array<number>(count).fill(DATA + 4096), 0);
  const run = (argv: number, envp: number): RecordedEvent =>
    sensed(221, [DATA, DATA + 8192, DATA + 12288], [
      [0, [47, 0]],
      [4096, text],
      [8192, many(argv)],
      [12288, many(envp)],
    ]);
  const most = Math.floor((STRINGS_LIMIT - 8) / 4096);
  const both = run(most - 1, 1);
  assert.deepEqual([lengthAt(both, 1), lengthAt(both, 2)], [4 + (most - 1) * 4096, 4 + 4096]);
  assert.equal(lengthAt(run(most + 1, 0), 1), ArgumentLength.TooLong);
  assert.equal(lengthAt(run(most - 1, 2), 2), ArgumentLength.TooLong);
  const stray = sensed(221, [DATA, DATA + 8192, 0], [[0, [47, 0]], [8192, words64(8, 0)]]);
  assert.deepEqual([stray.kind, stray.value()], [EventKind.SyscallFault, 8]);
});

Deno.test("sense: the frame of a signal return is read at the stack pointer", () => {
  const frame = Array.from({ length: 1088 }, (_, i) => i & 255);
  const e = sensed(139, [1, 2], [[3600, frame]], DATA + 3600);
  assert.deepEqual(bytesAt(e, 0), frame);
  assert.equal(e.registerCount, 0);
  assert.equal(sensed(139, [], [], END - 1087).kind, EventKind.SyscallFault);
});

Deno.test("sense: a write leaves a glance of its first bytes, when they can be read", () => {
  const text = bytesOf("0123456789abcdefghijklmnopqrstuvwxyz");
  const glance = (address: number, length: number): number[] => {
    const e = sensed(64, [1, address, length], [[4090, text]]);
    return [...e.glance.subarray(0, e.glanceLength)];
  };
  assert.deepEqual(glance(DATA + 4090, 36), text.slice(0, 32));
  assert.deepEqual(glance(DATA + 4090, 3), text.slice(0, 3));
  assert.deepEqual(glance(DATA + 4090, 2 ** 33), text.slice(0, 32));
  assert.deepEqual(glance(END - 3, 8), []);
  assert.deepEqual(glance(DATA, 0), []);
});

Deno.test("sense: page faults and exceptions carry cause and trap value", () => {
  const trap = (code: readonly number[]): RecordedEvent =>
    runTest({
      programs: [[...code, ...call(Call.Exit)]],
      handler(kernel, e) {
        if (e.kind !== EventKind.PageFault && e.kind !== EventKind.Exception) return false;
        kernel.effects.setRegister(1, 65, CODE + 4 * code.length);
        return true;
      },
    }).sink.events[1];
  const load = trap([encode("ld", { d: 5, s1: 0, imm: 24 })]);
  assert.deepEqual([load.kind, load.cause, load.value()], [EventKind.PageFault, 13, 24]);
  const illegal = trap([0xffff_ffff | 0]);
  assert.deepEqual([illegal.kind, illegal.cause], [EventKind.Exception, 2]);
  assert.equal(illegal.valueLo, 0xffff_ffff);
  assert.equal(trap([encode("ebreak")]).cause, 3);
});
