import type { Effects } from "../effect.ts";
import type { Event } from "../event.ts";
import type { State } from "../kernel.ts";
import { sendSignalToGroup } from "../proc/signal.ts";
import { Signal } from "../proc/signal_numbers.ts";
import { WaitKind, WakeReason } from "../sched/tables.ts";
import { wakeAll } from "../sched/wait.ts";
import { watermark } from "../state/table.ts";
import { LINE_BYTES } from "./tables.ts";
import { Character, character, hasInput, hasLocal, InputFlag, LocalFlag } from "./termios.ts";

/** Most bytes of one Terminal input event; whoever makes the events cuts them. */
export const TERMINAL_INPUT_LIMIT = 4096;

/** Host stream that a terminal's output goes to. */
export const TERMINAL_STREAM = 1;

/** What stands in the ring for an end of file typed at a terminal, marked as a line end. */
export const END_MARK = 4;

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const BACKSPACE = 0x08;
const SPACE = 0x20;
const DELETE = 0x7f;
const CARET = 0x5e;

/** Bytes in the ring of finished input. */
export function inputHeld(s: State, row: number): number {
  return s.terminal.inputHead[row] - s.terminal.inputTail[row];
}

/** Whether the byte at a ring position ends a line. */
export function endsLine(s: State, row: number, position: number): boolean {
  const at = position % LINE_BYTES;
  return (s.terminal.lineEnds[(row * LINE_BYTES + at) >>> 3] & (1 << (at & 7))) !== 0;
}

/** Marks the byte at a ring position as the end of a line, or takes the mark away. */
export function markLineEnd(s: State, row: number, position: number, ends: boolean): void {
  const at = position % LINE_BYTES;
  const byte = (row * LINE_BYTES + at) >>> 3;
  const bit = 1 << (at & 7);
  const was = (s.terminal.lineEnds[byte] & bit) !== 0;
  if (was === ends) return;
  if (ends) {
    s.terminal.lineEnds[byte] |= bit;
    s.terminal.lines[row]++;
  } else {
    s.terminal.lineEnds[byte] &= ~bit;
    s.terminal.lines[row]--;
  }
}

function pushInput(s: State, row: number, byte: number): void {
  // As terminals do: what finds no room is lost.
  if (inputHeld(s, row) === LINE_BYTES) return;
  const position = s.terminal.inputHead[row]++;
  s.terminal.input[row * LINE_BYTES + position % LINE_BYTES] = byte;
}

function put(fx: Effects, byte: number): void {
  fx.bytes[fx.reserveBytes(1)] = byte;
}

function isControl(byte: number): boolean {
  return (byte < SPACE && byte !== NEWLINE && byte !== 9) || byte === DELETE;
}

function echo(s: State, fx: Effects, row: number, byte: number): void {
  if (!hasLocal(s, row, LocalFlag.Echo)) {
    if (byte === NEWLINE && hasLocal(s, row, LocalFlag.EchoNewline)) put(fx, byte);
    return;
  }
  if (isControl(byte) && hasLocal(s, row, LocalFlag.EchoControl)) {
    put(fx, CARET);
    put(fx, byte ^ 0x40);
  } else put(fx, byte);
}

/** Takes the last character off the edit line and off the screen. */
function eraseOne(s: State, fx: Effects, row: number): void {
  const base = row * LINE_BYTES;
  let length = s.terminal.editLength[row];
  if (length === 0) return;
  let byte = s.terminal.edit[base + --length];
  if (hasInput(s, row, InputFlag.Utf8)) {
    while (length > 0 && (byte & 0xc0) === 0x80) byte = s.terminal.edit[base + --length];
  }
  s.terminal.edit.fill(0, base + length, base + s.terminal.editLength[row]);
  s.terminal.editLength[row] = length;
  if (!hasLocal(s, row, LocalFlag.Echo)) return;
  const columns = isControl(byte) && hasLocal(s, row, LocalFlag.EchoControl) ? 2 : 1;
  for (let i = 0; i < columns; i++) {
    put(fx, BACKSPACE);
    put(fx, SPACE);
    put(fx, BACKSPACE);
  }
}

function eraseWord(s: State, fx: Effects, row: number): void {
  const base = row * LINE_BYTES;
  const edit = s.terminal.edit;
  while (
    s.terminal.editLength[row] > 0 && edit[base + s.terminal.editLength[row] - 1] === SPACE
  ) eraseOne(s, fx, row);
  while (
    s.terminal.editLength[row] > 0 && edit[base + s.terminal.editLength[row] - 1] !== SPACE
  ) eraseOne(s, fx, row);
}

/** Moves the edit line into the ring of finished input. */
export function finishEdit(s: State, row: number): void {
  const base = row * LINE_BYTES;
  const length = s.terminal.editLength[row];
  for (let i = 0; i < length; i++) pushInput(s, row, s.terminal.edit[base + i]);
  s.terminal.edit.fill(0, base, base + length);
  s.terminal.editLength[row] = 0;
}

function finishLine(s: State, row: number, end: number): void {
  finishEdit(s, row);
  pushInput(s, row, end);
  markLineEnd(s, row, s.terminal.inputHead[row] - 1, true);
}

/** Held input above which a terminal's input is held back, and below which it comes in again. */
const HIGH_WATER = LINE_BYTES / 2;
const LOW_WATER = LINE_BYTES / 4;

/**
 * Holds the host terminal's input back while the ring is filling up, so that nothing of a paste is
 * lost. Called after anything was put into the ring or taken from it.
 */
export function controlFlow(s: State, fx: Effects, row: number): void {
  // An unfinished line alone never holds back what may finish it.
  const held = inputHeld(s, row) === 0 ? 0 : inputHeld(s, row) + s.terminal.editLength[row];
  const throttled = s.terminal.throttled[row] === 1;
  if (throttled ? held > LOW_WATER : held <= HIGH_WATER) return;
  s.terminal.throttled[row] = throttled ? 0 : 1;
  fx.terminalFlow(s.terminal.throttled[row] ^ 1);
}

/** Throws away what was typed and not yet read. */
export function flushInput(s: State, row: number): void {
  while (s.terminal.inputTail[row] < s.terminal.inputHead[row]) {
    markLineEnd(s, row, s.terminal.inputTail[row]++, false);
  }
  s.terminal.edit.fill(0, row * LINE_BYTES, row * LINE_BYTES + s.terminal.editLength[row]);
  s.terminal.editLength[row] = 0;
}

/** The signal a byte asks for, or 0. */
function signalOf(s: State, row: number, byte: number): number {
  if (byte === 0 || !hasLocal(s, row, LocalFlag.Signals)) return 0;
  if (byte === character(s, row, Character.Interrupt)) return Signal.Int;
  if (byte === character(s, row, Character.Quit)) return Signal.Quit;
  if (byte === character(s, row, Character.Suspend)) return Signal.Tstp;
  return 0;
}

function editByte(s: State, fx: Effects, row: number, byte: number): void {
  if (byte !== 0) {
    if (byte === character(s, row, Character.Erase)) return eraseOne(s, fx, row);
    if (byte === character(s, row, Character.WordErase)) return eraseWord(s, fx, row);
    if (byte === character(s, row, Character.Kill)) {
      while (s.terminal.editLength[row] > 0) eraseOne(s, fx, row);
      return;
    }
    if (byte === character(s, row, Character.EndOfFile)) return finishLine(s, row, END_MARK);
  }
  if (byte === NEWLINE || (byte !== 0 && byte === character(s, row, Character.EndOfLine))) {
    echo(s, fx, row, byte);
    return finishLine(s, row, byte);
  }
  // The last places of the edit line are kept for its end.
  if (s.terminal.editLength[row] >= LINE_BYTES - 1) return;
  s.terminal.edit[row * LINE_BYTES + s.terminal.editLength[row]++] = byte;
  echo(s, fx, row, byte);
}

function typeByte(s: State, fx: Effects, h: number, row: number, typed: number): void {
  let byte = typed;
  if (byte === RETURN) {
    if (hasInput(s, row, InputFlag.IgnCr)) return;
    if (hasInput(s, row, InputFlag.IcrNl)) byte = NEWLINE;
  } else if (byte === NEWLINE && hasInput(s, row, InputFlag.InlCr)) byte = RETURN;
  const signal = signalOf(s, row, byte);
  if (signal !== 0) {
    echo(s, fx, row, byte);
    if (!hasLocal(s, row, LocalFlag.NoFlush)) flushInput(s, row);
    const group = s.terminal.group[row];
    if (group !== 0) sendSignalToGroup(s, fx, h, group, signal);
    return;
  }
  if (hasLocal(s, row, LocalFlag.Canonical)) return editByte(s, fx, row, byte);
  pushInput(s, row, byte);
  echo(s, fx, row, byte);
}

/** Whether a read of a terminal would find something: a line, raw bytes, or the end. */
export function terminalReadable(s: State, row: number): boolean {
  if (s.terminal.hungUp[row] === 1) return true;
  if (hasLocal(s, row, LocalFlag.Canonical)) return s.terminal.lines[row] > 0;
  return inputHeld(s, row) > 0;
}

/**
 * Takes in typed bytes (InputKind.Terminal): edits, echoes, sends signals, wakes readers. An empty
 * payload is a hang-up.
 */
export function terminalInput(s: State, fx: Effects, h: number, e: Event): void {
  const row = e.value() + 1;
  if (row > watermark(s.terminal)) return;
  if (e.payloadLength === 0) {
    s.terminal.hungUp[row] = 1;
    if (s.terminal.group[row] !== 0) {
      sendSignalToGroup(s, fx, h, s.terminal.group[row], Signal.Hup);
    }
  }
  typeBytes(s, fx, h, row, e.payload, 0, e.payloadLength);
}

/** Puts typed bytes through a terminal's line discipline. */
export function typeBytes(
  s: State,
  fx: Effects,
  h: number,
  row: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  const echoAt = fx.bytesLength;
  const count = Math.min(length, TERMINAL_INPUT_LIMIT);
  for (let i = 0; i < count; i++) typeByte(s, fx, h, row, bytes[at + i]);
  if (fx.bytesLength > echoAt) fx.hostPrint(TERMINAL_STREAM, echoAt, fx.bytesLength - echoAt);
  controlFlow(s, fx, row);
  if (terminalReadable(s, row)) {
    wakeAll(s, fx, h, WaitKind.Terminal, row, WakeReason.Restart);
  }
}
