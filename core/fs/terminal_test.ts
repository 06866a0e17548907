import assert from "node:assert/strict";
import { Result } from "../error.ts";
import { EventKind, InputKind } from "../event.ts";
import * as io from "../personality/linux/io.ts";
import { Ioctl, ioctl } from "../personality/linux/terminal.ts";
import { Signal } from "../proc/signal_numbers.ts";
import { WakeReason } from "../sched/tables.ts";
import { wakeThread } from "../sched/wait.ts";
import { openStandard } from "./standard.ts";
import { resizeTerminal, terminalInput } from "./terminal.ts";
import { E, FileBench, MEMORY, text } from "./testing.ts";

const ROW = 2;
const SIZE = 100;

function start(): { b: FileBench; t: number } {
  const b = new FileBench({}, 7);
  const t = b.process();
  openStandard(b.s, b.fx, b.s.thread.process[t]);
  b.settle();
  return { b, t };
}

function type(b: FileBench, typed: string): void {
  b.e.kind = EventKind.Input;
  b.e.cause = InputKind.Terminal;
  b.e.valueLo = 1;
  b.e.valueHi = 0;
  const bytes = text(typed);
  b.e.payload.set(bytes);
  b.e.payloadLength = bytes.length;
  terminalInput(b.s, b.fx, 0, b.e);
  b.settle();
}

function read(b: FileBench, t: number, length = SIZE): string | number {
  const count = b.call(t, io.read, [0, MEMORY, length]);
  return count < 0 ? count : b.peekText(t, MEMORY, count);
}

function settings(b: FileBench, t: number, change: (v: DataView) => void, flush = false): number {
  assert.equal(b.call(t, ioctl, [0, Ioctl.GetSettings, MEMORY]), 0);
  const bytes = b.peek(t, MEMORY, 36);
  change(new DataView(bytes.buffer));
  const request = flush ? Ioctl.SetSettingsFlush : Ioctl.SetSettings;
  return b.call(t, ioctl, [0, request, MEMORY], bytes);
}

function end(b: FileBench, t: number): void {
  b.exit(t);
  b.close();
}

Deno.test("canonical mode: what is typed, what is read, what is echoed", () => {
  const table: [typed: string, lines: (string | number)[], echoed: string][] = [
    ["ab\n", ["ab\n"], "ab\n"],
    ["ab\r", ["ab\n"], "ab\n"],
    ["abc\x7f\x7fd\n", ["ad\n"], "abc\b \b\b \bd\n"],
    ["\x7f\x7fx\n", ["x\n"], "x\n"],
    ["junk\x15ok\n", ["ok\n"], "junk\b \b\b \b\b \b\b \bok\n"],
    ["one two \x17x\n", ["one x\n"], "one two \b \b\b \b\b \b\b \bx\n"],
    ["a\x01\x7fb\n", ["ab\n"], "a^A\b \b\b \bb\n"],
    ["one\ntwo\n", ["one\n", "two\n"], "one\ntwo\n"],
    ["part\x04", ["part"], "part"],
    ["\x04", [""], ""],
    ["x\n\x04", ["x\n", ""], "x\n"],
  ];
  for (const [typed, lines, echoed] of table) {
    const { b, t } = start();
    type(b, typed);
    for (const line of lines) assert.equal(read(b, t), line, JSON.stringify(typed));
    assert.equal(read(b, t), Result.Pending);
    assert.equal(b.output[1], echoed, JSON.stringify(typed));
    end(b, t);
  }
});

Deno.test("a long line is read in pieces, and a waiting reader wakes at its end only", () => {
  const { b, t } = start();
  assert.equal(read(b, t, 3), Result.Pending);
  type(b, "abcd");
  assert.ok(b.blocked(t));
  type(b, "e\n");
  assert.ok(!b.blocked(t));
  assert.equal(read(b, t, 3), "abc");
  assert.equal(read(b, t, 3), "de\n");
  // The mark of an end of file just past a full read is not read as an end of its own.
  type(b, "xyz\x04");
  assert.equal(read(b, t, 3), "xyz");
  assert.equal(read(b, t, 3), Result.Pending);
  end(b, t);
});

Deno.test("raw mode gives bytes as they come; leftovers survive a change of mode", () => {
  const { b, t } = start();
  type(b, "left");
  const raw = (v: DataView) => {
    v.setUint32(12, v.getUint32(12, true) & ~(0x2 | 0x8 | 0x1), true);
    v.setUint32(0, v.getUint32(0, true) & ~0x100, true);
  };
  assert.equal(settings(b, t, raw), 0);
  assert.equal(read(b, t, 3), "lef");
  type(b, "\r\x03");
  assert.equal(read(b, t), "t\r\x03");
  assert.equal(b.output[1], "left");
  assert.equal(settings(b, t, (v) => v.setUint8(17 + 6, 3)), 0);
  type(b, "ab");
  assert.equal(read(b, t), Result.Pending);
  type(b, "c");
  assert.equal(read(b, t), "abc");
  assert.equal(settings(b, t, (v) => v.setUint8(17 + 6, 0)), 0);
  assert.equal(read(b, t), "");
  type(b, "gone");
  const canonical = (v: DataView) => v.setUint32(12, v.getUint32(12, true) | 2, true);
  assert.equal(settings(b, t, canonical, true), 0);
  assert.equal(read(b, t), Result.Pending);
  end(b, t);
});

Deno.test("signal characters reach the foreground group and throw away the line", () => {
  for (const [typed, signal] of [["\x03", Signal.Int], ["\x1c", Signal.Quit]] as const) {
    const { b, t } = start();
    const p = b.s.thread.process[t];
    b.s.process.handlerLo[65 * p + signal] = 0x1000;
    type(b, `abc${typed}d\n`);
    assert.equal(b.s.process.pendingLo[p], 1 << (signal - 1));
    assert.equal(read(b, t), "d\n");
    assert.equal(b.output[1], `abc^${typed === "\x03" ? "C" : "\\"}d\n`);
    end(b, t);
  }
});

Deno.test("a background reader gets SIGTTIN, or an error where it would not stop", () => {
  const { b, t } = start();
  const p = b.s.thread.process[t];
  assert.equal(b.call(t, ioctl, [0, Ioctl.SetGroup, MEMORY], new Uint8Array([99, 0, 0, 0])), 0);
  b.s.process.handlerLo[65 * p + Signal.Ttin] = 1;
  assert.equal(read(b, t), E.Io);
  assert.equal(b.call(t, ioctl, [0, Ioctl.GetGroup, MEMORY]), 0);
  assert.equal(b.peek(t, MEMORY, 4)[0], 99);
  end(b, t);
});

Deno.test("size: told, changed, announced", () => {
  const { b, t } = start();
  assert.equal(b.call(t, ioctl, [1, Ioctl.GetSize, MEMORY]), 0);
  assert.deepEqual([...b.peek(t, MEMORY, 4)], [24, 0, 80, 0]);
  const p = b.s.thread.process[t];
  b.s.process.handlerLo[65 * p + Signal.Winch] = 0x1000;
  resizeTerminal(b.s, b.fx, 0, 132, 50);
  assert.equal(b.s.terminal.columns[ROW], 132);
  assert.equal(b.s.process.pendingLo[p], 1 << (Signal.Winch - 1));
  end(b, t);
});

Deno.test("output goes to the host as it is; a hang-up is an end", () => {
  const { b, t } = start();
  b.poke(t, MEMORY, text("hi\n"));
  assert.equal(b.call(t, io.write, [2, MEMORY, 3]), 3);
  assert.equal(b.output[1], "hi\n");
  const p = b.s.thread.process[t];
  b.s.process.handlerLo[65 * p + Signal.Hup] = 0x1000;
  assert.equal(read(b, t), Result.Pending);
  type(b, "");
  assert.equal(read(b, t), "");
  assert.equal(b.s.process.pendingLo[p], 1);
  end(b, t);
});

Deno.test("what is no terminal says so", () => {
  const b = new FileBench();
  const t = b.process();
  openStandard(b.s, b.fx, b.s.thread.process[t]);
  assert.equal(b.call(t, ioctl, [1, Ioctl.GetSettings, MEMORY]), E.NotTerminal);
  assert.equal(b.call(t, ioctl, [9, Ioctl.GetSettings, MEMORY]), E.BadDescriptor);
  end(b, t);
});

/** Raw mode with a minimum and a timer in tenths of a second. */
function raw(b: FileBench, t: number, minimum: number, tenths: number): void {
  settings(b, t, (v) => {
    v.setUint32(12, v.getUint32(12, true) & ~0xa, true);
    v.setUint8(17 + 5, tenths);
    v.setUint8(17 + 6, minimum);
  });
}

Deno.test("raw mode: the minimum and the timer say when a read takes what there is", () => {
  const { b, t } = start();
  const wakeBy = (reason: number) => wakeThread(b.s, b.fx, 0, t, reason);
  b.s.hart.lastTime[1] = 5_000;
  raw(b, t, 0, 0);
  assert.equal(read(b, t), "");
  raw(b, t, 0, 3);
  assert.equal(read(b, t), Result.Pending);
  assert.equal(b.s.thread.callDeadline[t], 300_005_000);
  // The timer runs from the call on, whatever wakes it in between.
  b.s.hart.lastTime[1] = 9_000;
  wakeBy(WakeReason.Restart);
  assert.equal(read(b, t), Result.Pending);
  assert.equal(b.s.thread.callDeadline[t], 300_005_000);
  wakeBy(WakeReason.Timeout);
  assert.equal(read(b, t), "");
  b.s.thread.wakeReason[t] = WakeReason.None;
  raw(b, t, 3, 2);
  assert.equal(read(b, t), Result.Pending);
  assert.equal(b.s.thread.callDeadline[t], 0, "no timer before the first byte");
  type(b, "a");
  assert.equal(read(b, t), Result.Pending);
  assert.equal(b.s.thread.callDeadline[t], 200_009_000);
  b.s.hart.lastTime[1] = 50_000;
  type(b, "b");
  assert.equal(read(b, t), Result.Pending);
  assert.equal(b.s.thread.callDeadline[t], 200_050_000, "it begins again with each byte");
  wakeBy(WakeReason.Timeout);
  assert.equal(read(b, t), "ab");
  b.s.thread.wakeReason[t] = WakeReason.None;
  type(b, "xyz");
  assert.equal(read(b, t), "xyz");
  end(b, t);
});

Deno.test("a background process stops when it writes under TOSTOP", () => {
  const { b, t } = start();
  const p = b.s.thread.process[t];
  const pending = () => (b.s.process.pendingLo[p] >>> (Signal.Ttou - 1)) & 1;
  b.poke(t, MEMORY + 4096, text("out"));
  const write = () => io.write(b.s, b.fx, b.e, t);
  b.s.terminal.group[ROW] = 999;
  assert.equal(b.call(t, io.write, [1, MEMORY + 4096, 3]), 3);
  assert.equal(pending(), 0);
  b.s.terminal.group[ROW] = b.s.process.group[p];
  settings(b, t, (v) => v.setUint32(12, v.getUint32(12, true) | 0x100, true));
  assert.equal(b.call(t, io.write, [1, MEMORY + 4096, 3]), 3);
  b.s.terminal.group[ROW] = 999;
  [1, MEMORY + 4096, 3].forEach((value, i) => {
    b.e.registers[2 * i] = value;
    b.e.registers[2 * i + 1] = 0;
  });
  assert.equal(write(), Result.Restart);
  assert.equal(pending(), 1);
  b.s.thread.blockedLo[t] = 1 << (Signal.Ttou - 1);
  assert.equal(write(), 3);
  b.settle();
  assert.equal(b.output[1], "outoutout");
});
