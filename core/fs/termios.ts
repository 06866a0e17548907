import type { State } from "../kernel.ts";

/** Bytes of the settings, as Linux lays out struct termios: four flag words, line, 19 characters. */
export const TERMIOS_BYTES = 36;

/** Input flags that are acted on. */
export const InputFlag = { InlCr: 0x40, IgnCr: 0x80, IcrNl: 0x100, Utf8: 0x4000 } as const;

/** Local flags that are acted on. */
export const LocalFlag = {
  Signals: 0x1,
  Canonical: 0x2,
  Echo: 0x8,
  EchoErase: 0x10,
  EchoKill: 0x20,
  EchoNewline: 0x40,
  NoFlush: 0x80,
  /** Output of background processes stops them. */
  StopOutput: 0x100,
  EchoControl: 0x200,
} as const;

/** Indices of control characters. */
export const Character = {
  Interrupt: 0,
  Quit: 1,
  Erase: 2,
  Kill: 3,
  EndOfFile: 4,
  Time: 5,
  Minimum: 6,
  Suspend: 10,
  EndOfLine: 11,
  WordErase: 14,
} as const;

const INPUT_AT = 0;
const LOCAL_AT = 12;
const CHARACTERS_AT = 17;
const ROW_BYTES = 64;

/** Settings of a fresh terminal: ICRNL IXON; OPOST ONLCR; 38400 8N1; canonical with echo. */
const INITIAL: readonly number[] = [
  ...[0x00, 0x45, 0x00, 0x00],
  ...[0x05, 0x00, 0x00, 0x00],
  ...[0xbf, 0x00, 0x00, 0x00],
  ...[0x3b, 0x8a, 0x00, 0x00],
  0x00,
  ...[0x03, 0x1c, 0x7f, 0x15, 0x04, 0x00, 0x01, 0x00, 0x11, 0x13, 0x1a, 0x00],
  ...[0x12, 0x0f, 0x17, 0x16, 0x00, 0x00, 0x00],
];

/** Gives a terminal row the settings of a fresh terminal. */
export function resetSettings(s: State, row: number): void {
  for (let i = 0; i < TERMIOS_BYTES; i++) s.terminal.settings[row * ROW_BYTES + i] = INITIAL[i];
}

/** Replaces a terminal's settings by TERMIOS_BYTES bytes. */
export function storeSettings(s: State, row: number, bytes: Uint8Array, at: number): void {
  for (let i = 0; i < TERMIOS_BYTES; i++) {
    s.terminal.settings[row * ROW_BYTES + i] = bytes[at + i];
  }
}

/** Copies a terminal's settings out. */
export function loadSettings(s: State, row: number, into: Uint8Array, at: number): void {
  for (let i = 0; i < TERMIOS_BYTES; i++) {
    into[at + i] = s.terminal.settings[row * ROW_BYTES + i];
  }
}

function word(s: State, row: number, at: number): number {
  const b = s.terminal.settings;
  const i = row * ROW_BYTES + at;
  return b[i] | (b[i + 1] << 8) | (b[i + 2] << 16) | (b[i + 3] << 24);
}

/** Whether an input flag is set. */
export function hasInput(s: State, row: number, flag: number): boolean {
  return (word(s, row, INPUT_AT) & flag) !== 0;
}

/** Whether a local flag is set. */
export function hasLocal(s: State, row: number, flag: number): boolean {
  return (word(s, row, LOCAL_AT) & flag) !== 0;
}

/** A control character, by index; 0 means that it is off. */
export function character(s: State, row: number, index: number): number {
  return s.terminal.settings[row * ROW_BYTES + CHARACTERS_AT + index];
}
