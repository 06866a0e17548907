import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { ONE, type State } from "../kernel.ts";
import { writeUser } from "../mem/user_copy.ts";
import { isBlocked, isIgnored, sendSignalToGroup } from "../proc/signal.ts";
import { Signal } from "../proc/signal_numbers.ts";
import { armSleep } from "../sched/call.ts";
import { WaitKind, WakeReason } from "../sched/tables.ts";
import { waitOn } from "../sched/wait.ts";
import {
  controlFlow,
  END_MARK,
  endsLine,
  finishEdit,
  flushInput,
  inputHeld,
  markLineEnd,
  terminalReadable,
} from "./line_discipline.ts";
import { LINE_BYTES, OpenFlag } from "./tables.ts";
import { Character, character, hasLocal, LocalFlag, storeSettings } from "./termios.ts";

/** Terminal units; the row of a terminal is its unit plus one. */
export const TerminalUnit = { Console: 0, Host: 1 } as const;

/** The terminal row an open terminal device means to a process; 0 when it has none. */
export function terminalOf(s: State, process: number, inode: number): number {
  const unit = s.inode.unit[inode];
  return unit === 0 ? s.process.terminal[process] : unit;
}

/**
 * Whether a process may read its terminal now. A background process gets SIGTTIN, and runs the call
 * again once it is continued.
 *
 * @returns 0, Result.Restart, or -Err.Io when it would not stop
 */
function refuseBackground(s: State, fx: Effects, h: number, t: number, row: number): number {
  const process = s.thread.process[t];
  const group = s.terminal.group[row];
  if (group === 0 || s.process.terminal[process] !== row || s.process.group[process] === group) {
    return 0;
  }
  if (isIgnored(s, process, Signal.Ttin) || isBlocked(s, t, Signal.Ttin)) return -Err.Io;
  sendSignalToGroup(s, fx, h, s.process.group[process], Signal.Ttin);
  // The signal acts before the call runs again, as one that ended a wait would.
  s.thread.wakeReason[t] = WakeReason.Signal;
  return Result.Restart;
}

/**
 * Whether a process may change its terminal, or write to it while TOSTOP is set. A background
 * process gets SIGTTOU, and runs the call again once it is continued; one that would not stop may.
 *
 * @returns 0 or Result.Restart
 */
export function refuseBackgroundOutput(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  row: number,
): number {
  const process = s.thread.process[t];
  const group = s.terminal.group[row];
  if (group === 0 || s.process.terminal[process] !== row || s.process.group[process] === group) {
    return 0;
  }
  if (isIgnored(s, process, Signal.Ttou) || isBlocked(s, t, Signal.Ttou)) return 0;
  sendSignalToGroup(s, fx, h, s.process.group[process], Signal.Ttou);
  // The signal acts before the call runs again, as one that ended a wait would.
  s.thread.wakeReason[t] = WakeReason.Signal;
  return Result.Restart;
}

/** Whether a write to a terminal must not happen now; results as refuseBackgroundOutput. */
export function refuseWrite(s: State, fx: Effects, h: number, t: number, row: number): number {
  if (!hasLocal(s, row, LocalFlag.StopOutput)) return 0;
  return refuseBackgroundOutput(s, fx, h, t, row);
}

/** Bytes a read takes now: up to and with the end of a line, or what there is in raw mode. */
function takeable(s: State, row: number, length: number): number {
  const held = Math.min(length, inputHeld(s, row));
  if (!hasLocal(s, row, LocalFlag.Canonical)) return held;
  const tail = s.terminal.inputTail[row];
  for (let i = 0; i < held; i++) if (endsLine(s, row, tail + i)) return i + 1;
  return held;
}

/** Nanoseconds of the unit of the read timer. */
const TENTH = 100_000_000;

/** What a read that must wait does not have: a deadline. */
const NO_DEADLINE = -1;

/**
 * Until when a read must wait for more: 0 when it need not, NO_DEADLINE, or the time, ns, at which
 * it takes what there is. In raw mode the settings' minimum and timer decide: with a minimum the
 * timer runs from the last byte typed, without one from the call.
 */
function waitUntil(s: State, h: number, t: number, row: number, length: number): number {
  if (hasLocal(s, row, LocalFlag.Canonical) || s.terminal.hungUp[row] === 1) {
    return terminalReadable(s, row) ? 0 : NO_DEADLINE;
  }
  const least = Math.min(character(s, row, Character.Minimum), length);
  const period = character(s, row, Character.Time) * TENTH;
  const held = inputHeld(s, row);
  if (held >= Math.max(least, 1)) return 0;
  if (period === 0 || (least > 0 && held === 0)) return least === 0 ? 0 : NO_DEADLINE;
  if (s.thread.wakeReason[t] === WakeReason.Timeout) return 0;
  const armed = s.thread.callDeadline[t];
  return least === 0 && armed > 0 ? armed : s.hart.lastTime[h + 1] + period;
}

/**
 * Reads a terminal: in canonical mode at most one line, else what has been typed.
 *
 * @param row terminal row
 * @returns bytes read, 0 at the end, -Err.Again, -Err.Io, -Err.BadAddress, Result.Restart or
 * Result.Pending
 */
export function readTerminal(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  file: number,
  row: number,
  address: number,
  length: number,
): number {
  if (length === 0) return 0;
  const refused = refuseBackground(s, fx, h, t, row);
  if (refused < 0) return refused;
  const until = waitUntil(s, h, t, row, length);
  if (until !== 0) {
    if (s.thread.callProgress[t] > 0) return 0;
    if ((s.openFile.flags[file] & OpenFlag.NonBlocking) !== 0) return -Err.Again;
    waitOn(s, t, WaitKind.Terminal, row);
    if (until !== NO_DEADLINE) armSleep(s, fx, h, t, until);
    return Result.Pending;
  }
  const tail = s.terminal.inputTail[row];
  const taken = takeable(s, row, length);
  const at = fx.reserveBytes(taken);
  for (let i = 0; i < taken; i++) {
    fx.bytes[at + i] = s.terminal.input[row * LINE_BYTES + (tail + i) % LINE_BYTES];
  }
  const last = taken > 0 && endsLine(s, row, tail + taken - 1) && fx.bytes[at + taken - 1];
  // The mark of a typed end of file is taken but not given.
  const given = last === END_MARK ? taken - 1 : taken;
  const result = given === 0 ? 0 : writeUser(s, fx, h, t, address, at, given);
  if (result < 0) return result;
  for (let i = 0; i < taken; i++) markLineEnd(s, row, tail + i, false);
  s.terminal.inputTail[row] = tail + taken;
  // A line read to just before its end-of-file mark must not give a second, empty read.
  if (
    given === taken && inputHeld(s, row) > 0 && last === false && endsLine(s, row, tail + taken) &&
    s.terminal.input[row * LINE_BYTES + (tail + taken) % LINE_BYTES] === END_MARK
  ) {
    markLineEnd(s, row, tail + taken, false);
    s.terminal.inputTail[row]++;
  }
  controlFlow(s, fx, row);
  fx.charge(1);
  return given;
}

/** When changed settings take effect on what was typed before. */
export const SettingsMode = { Now: 0, Flush: 1 } as const;

/**
 * Changes a terminal's settings. Typed bytes stay readable across a change between canonical and
 * raw mode.
 *
 * @param bytes,at TERMIOS_BYTES bytes
 * @param mode SettingsMode.Flush throws away what was typed and not read
 */
export function changeSettings(
  s: State,
  row: number,
  bytes: Uint8Array,
  at: number,
  mode: number,
): void {
  const was = hasLocal(s, row, LocalFlag.Canonical);
  storeSettings(s, row, bytes, at);
  const is = hasLocal(s, row, LocalFlag.Canonical);
  if (mode === SettingsMode.Flush) flushInput(s, row);
  else if (was && !is) finishEdit(s, row);
  else if (!was && is && inputHeld(s, row) > 0) {
    markLineEnd(s, row, s.terminal.inputHead[row] - 1, true);
  }
}

/** Makes a terminal the controlling one of a process's session. */
export function setControllingTerminal(s: State, process: number, row: number): void {
  s.process.terminal[process] = row;
  s.terminal.session[row] = s.process.session[process];
  s.terminal.group[row] = s.process.group[process];
}

/** Sets a terminal's size, in characters; its foreground group hears of a change. */
export function setSize(
  s: State,
  fx: Effects,
  h: number,
  row: number,
  columns: number,
  rows: number,
): void {
  if (s.terminal.columns[row] === columns && s.terminal.rows[row] === rows) return;
  s.terminal.columns[row] = columns;
  s.terminal.rows[row] = rows;
  const group = s.terminal.group[row];
  if (group !== 0) sendSignalToGroup(s, fx, h, group, Signal.Winch);
}

/** Takes in the new size of the terminal this boot talks to (InputKind.WindowSize). */
export function resizeTerminal(
  s: State,
  fx: Effects,
  h: number,
  columns: number,
  rows: number,
): void {
  const unit = s.kernel.runMode[ONE] === 0 ? TerminalUnit.Console : TerminalUnit.Host;
  setSize(s, fx, h, unit + 1, columns & 0xffff, rows & 0xffff);
}

export { terminalInput } from "./line_discipline.ts";
