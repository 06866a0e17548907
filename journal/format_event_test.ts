import assert from "node:assert/strict";
import { EventKind, InputKind, RecordedEvent } from "../core/event.ts";
import { type CallLookup, formatEvent } from "./format_event.ts";

const shape = (name: string, ...kinds: string[]) => ({
  name,
  args: kinds.map((kind, i) => ({ name: `a${i}`, how: { kind } })),
});
const calls: CallLookup = (call) => {
  if (call === 56) return shape("openat", "value", "path", "value");
  if (call === 64) return { ...shape("write", "value", "address", "value"), glance: [1, 2] };
  if (call === 221) return shape("execve", "path", "strings", "in");
  return undefined;
};

function event(kind: number, cause: number, registers: readonly number[] = []): RecordedEvent {
  const e = new RecordedEvent();
  e.kind = kind;
  e.cause = cause;
  e.order = 12;
  e.hart = 3;
  e.time = 1_234_567_890;
  e.pcLo = 0x10078;
  registers.forEach((value, i) => {
    e.registers[2 * i] = value;
    e.registers[2 * i + 1] = value < 0 ? 0xffffffff : 0;
  });
  e.registerCount = registers.length;
  return e;
}

function put(e: RecordedEvent, ...parts: readonly (string | number)[]): void {
  const view = new DataView(e.payload.buffer);
  for (const part of parts) {
    if (typeof part === "number") {
      view.setUint32(e.payloadLength, part, true);
      e.payloadLength += 4;
      continue;
    }
    const bytes = new TextEncoder().encode(part);
    e.payload.set(bytes, e.payloadLength);
    e.payloadLength += (bytes.length + 3) & ~3;
  }
}

Deno.test("a call is shown as strace would, with its copied-in arguments", () => {
  const e = event(EventKind.Syscall, 56, [-100, 0x7f000000, 0x8000]);
  put(e, 6, "/a\n/é");
  assert.equal(
    formatEvent(e, calls),
    '      12 h3    1.234567890 syscall       openat(-100, "/a\\n/é", 0x8000) at 0x10078',
  );
});

Deno.test("vectors, absent and overlong arguments are told apart", () => {
  const e = event(EventKind.Syscall, 221, [1, 2, 3]);
  put(e, 0xfffffffe, 4 + 5, 2, "a\0bc\0", 0xffffffff);
  assert.match(formatEvent(e, calls), /execve\(\(too long\), \["a", "bc"\], NULL\)/);
  put(e, 1);
  e.payloadLength = 4;
  assert.match(formatEvent(e, calls), /execve\(\(too long\), \?, \?\)/);
});

Deno.test("a write shows the glance of its bytes, and that there are more", () => {
  const e = event(EventKind.Syscall, 64, [1, 0x5000, 3]);
  assert.match(formatEvent(e, calls), /write\(1, 0x5000, 3\)/);
  e.glance.set(new TextEncoder().encode("hi\n"));
  e.glanceLength = 3;
  assert.match(formatEvent(e, calls), /write\(1, "hi\\n", 3\)/);
  e.registers[4] = 400;
  assert.match(formatEvent(e, calls), /write\(1, "hi\\n"…, 400\)/);
});

Deno.test("an unknown call, faults and inputs have their facts; a line is one line", () => {
  const unknown = event(EventKind.Syscall, 999, [1, 0xfffffffe]);
  assert.match(formatEvent(unknown, calls), /call_999\(0x1, 0xfffffffe\)/);
  const fault = event(EventKind.PageFault, 13);
  fault.valueLo = 0x10;
  fault.valueHi = 0x2;
  assert.match(formatEvent(fault, calls), /cause 13, value 0x200000010, pc 0x10078$/);
  const typed = event(EventKind.Input, InputKind.Terminal);
  typed.payload.set([27, 10, 0x7f]);
  typed.payloadLength = 3;
  assert.match(formatEvent(typed, calls), /terminal 0, "\\u001b\\n\\u007f"$/);
  for (let kind = 0; kind < 14; kind++) {
    for (let cause = 0; cause < 10; cause++) {
      assert.doesNotMatch(formatEvent(event(kind, cause, [1, 2]), calls), /\n|undefined|NaN/);
    }
  }
});

Deno.test("a note goes before the kind", () => {
  const line = formatEvent(event(EventKind.Timer, 5), calls, "    7 ");
  assert.equal(line, "      12 h3    1.234567890     7 timer");
});
