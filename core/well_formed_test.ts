import assert from "node:assert/strict";
import { ArgumentLength, Event, EventKind, InputKind } from "./event.ts";
import { isCallEvent, isInputEvent, isRecord } from "./well_formed.ts";

const OPENAT = 56;
const PPOLL = 73;
const EXECVE = 221;

function event(kind: number, cause: number, registers: number, words: readonly number[]): Event {
  const e = new Event();
  e.kind = kind;
  e.cause = cause;
  e.registerCount = registers;
  e.payloadLength = 4 * words.length;
  const view = new DataView(e.payload.buffer);
  words.forEach((word, i) => view.setUint32(4 * i, word, true));
  return e;
}

const call = (number: number, registers: number, ...words: readonly number[]): Event =>
  event(EventKind.Syscall, number, registers, words);

Deno.test("a call carries its row's registers and copied-in arguments, and nothing else", () => {
  assert.ok(isCallEvent(call(OPENAT, 4, 4, 0x41414141)));
  assert.ok(isCallEvent(call(OPENAT, 4, ArgumentLength.Absent)));
  assert.ok(isCallEvent(call(OPENAT, 4, ArgumentLength.TooLong)));
  assert.ok(!isCallEvent(call(OPENAT, 3, 4, 0x41414141)), "a register is missing");
  assert.ok(!isCallEvent(call(OPENAT, 4)), "the path is missing");
  assert.ok(!isCallEvent(call(OPENAT, 4, 9, 0x41414141)), "the path runs past the payload");
  assert.ok(!isCallEvent(call(OPENAT, 4, 4, 0x41414141, 0)), "something follows");
  assert.ok(isCallEvent(call(5000, 6)), "an unknown call has six registers");
  assert.ok(!isCallEvent(call(5000, 6, 0)));
});

Deno.test("an array is as long as the register that counts it says", () => {
  const e = call(PPOLL, 5, 16, 1, 2, 3, 4, ArgumentLength.Absent, ArgumentLength.Absent);
  e.registers[2] = 2;
  assert.ok(isCallEvent(e));
  e.registers[2] = 3;
  assert.ok(!isCallEvent(e));
});

Deno.test("a string vector counts its strings", () => {
  const vectors = (count: number): Event => call(EXECVE, 3, 1, 0x61, 8, count, 0x00620061, 4, 0);
  assert.ok(isCallEvent(vectors(2)));
  assert.ok(!isCallEvent(vectors(1)));
  assert.ok(!isCallEvent(vectors(3)));
});

Deno.test("an input is no longer than what the kernel has room for", () => {
  const stream = event(EventKind.Input, InputKind.Stream, 1, []);
  stream.registers[0] = 4096;
  assert.ok(isInputEvent(stream));
  stream.registers[0] = 4097;
  assert.ok(!isInputEvent(stream));
  const chunk = event(EventKind.Input, InputKind.Chunk, 2, []);
  chunk.registers[2] = 65536;
  assert.ok(isInputEvent(chunk));
  chunk.registers[3] = 1;
  assert.ok(!isInputEvent(chunk));
});

Deno.test("a start names a program and has two whole vectors of not too many strings", () => {
  const start = (...words: readonly number[]): Event =>
    event(EventKind.Input, InputKind.Start, 0, words);
  assert.ok(isInputEvent(start(1, 0x61, 6, 1, 0x61, 4, 0)));
  assert.ok(!isInputEvent(start(0, 6, 1, 0x61, 4, 0)), "no name");
  assert.ok(!isInputEvent(start(1, 0x61, 6, 1, 0x61)), "no environment");
  assert.ok(!isInputEvent(start(1, 0x61, 6, 2, 0x61, 4, 0)), "one string, not two");
  const empty = new Array<number>(1025).fill(0);
  assert.ok(!isInputEvent(start(1, 0x61, 4 + 4100, 4100, ...empty, 4, 0)), "too many");
});

Deno.test("an argument of a fixed size is never too long, an array is when its count is", () => {
  const NANOSLEEP = 101;
  assert.ok(isCallEvent(call(NANOSLEEP, 2, ArgumentLength.Absent)));
  assert.ok(!isCallEvent(call(NANOSLEEP, 2, ArgumentLength.TooLong)));
  const polled = call(PPOLL, 5, ArgumentLength.TooLong, ...Array(2).fill(ArgumentLength.Absent));
  assert.ok(!isCallEvent(polled), "a count of 0 is not too long");
  polled.registers[2] = 257;
  assert.ok(isCallEvent(polled));
});

Deno.test("a record's fields are whole numbers of their size", () => {
  const fresh = () => call(172, 0);
  assert.ok(isRecord(fresh()));
  const fields = ["kind", "hart", "cause", "pcLo", "pcHi", "valueLo", "valueHi", "access"] as const;
  for (const field of [...fields, "sequence", "order", "registerCount", "payloadLength"] as const) {
    for (const wrong of [NaN, -1, 0.5, 2 ** 60]) {
      const e = fresh();
      e[field] = wrong;
      assert.ok(!isRecord(e), `${field} ${wrong}`);
    }
  }
  const e = fresh();
  e.registerCount = 9;
  assert.ok(!isRecord(e));
  e.registerCount = 0;
  e.payloadLength = 65537;
  assert.ok(!isRecord(e));
});
