import { lookupFile, setCloseOnExec } from "../../cap/descriptor.ts";
import type { Effects } from "../../effect.ts";
import { Err } from "../../error.ts";
import { argumentAt, type Event, payloadU32 } from "../../event.ts";
import { controlFlow, inputHeld } from "../../fs/line_discipline.ts";
import { pipeHeld } from "../../fs/pipe.ts";
import { streamRow } from "../../fs/stream.ts";
import { Device, InodeKind, OpenFlag } from "../../fs/tables.ts";
import {
  changeSettings,
  refuseBackgroundOutput,
  setControllingTerminal,
  setSize,
  SettingsMode,
  terminalOf,
} from "../../fs/terminal.ts";
import { loadSettings, TERMIOS_BYTES } from "../../fs/termios.ts";
import type { State } from "../../kernel.ts";
import { writeUser } from "../../mem/user_copy.ts";

/** Requests of ioctl that are answered. */
export const Ioctl = {
  GetSettings: 0x5401,
  SetSettings: 0x5402,
  SetSettingsWait: 0x5403,
  SetSettingsFlush: 0x5404,
  SetControlling: 0x540e,
  GetGroup: 0x540f,
  SetGroup: 0x5410,
  GetSize: 0x5413,
  SetSize: 0x5414,
  HeldBytes: 0x541b,
  NonBlocking: 0x5421,
  GetSession: 0x5429,
  NoCloseOnExec: 0x5450,
  CloseOnExec: 0x5451,
} as const;

const SIZE_BYTES = 8;

/** Offset of a request's copied-in argument with at least that many bytes, or -Err.BadAddress. */
function inputAt(e: Event, bytes: number): number {
  const at = argumentAt(e, 0);
  if (at < 0) return -Err.BadAddress;
  const length = payloadU32(e, at);
  return length >= bytes && at + 4 + bytes <= e.payloadLength ? at + 4 : -Err.BadAddress;
}

function writeInt(s: State, fx: Effects, e: Event, t: number, value: number): number {
  const at = fx.reserveBytes(4);
  fx.setU32(at, value);
  return writeUser(s, fx, e.hart, t, e.argument(2), at, 4);
}

function writeSettings(s: State, fx: Effects, e: Event, t: number, row: number): number {
  const at = fx.reserveBytes(TERMIOS_BYTES);
  loadSettings(s, row, fx.bytes, at);
  return writeUser(s, fx, e.hart, t, e.argument(2), at, TERMIOS_BYTES);
}

function writeSize(s: State, fx: Effects, e: Event, t: number, row: number): number {
  const at = fx.reserveBytes(SIZE_BYTES);
  fx.setU32(at, s.terminal.rows[row] | (s.terminal.columns[row] << 16));
  fx.setU32(at + 4, 0);
  return writeUser(s, fx, e.hart, t, e.argument(2), at, SIZE_BYTES);
}

function terminalRequest(s: State, fx: Effects, e: Event, t: number, row: number): number {
  const p = s.thread.process[t];
  const request = e.uint(1);
  switch (request) {
    case Ioctl.GetSettings:
      return writeSettings(s, fx, e, t, row);
    case Ioctl.SetSettings:
    case Ioctl.SetSettingsWait:
    case Ioctl.SetSettingsFlush: {
      const at = inputAt(e, TERMIOS_BYTES);
      if (at < 0) return at;
      const refused = refuseBackgroundOutput(s, fx, e.hart, t, row);
      if (refused < 0) return refused;
      const mode = request === Ioctl.SetSettingsFlush ? SettingsMode.Flush : SettingsMode.Now;
      changeSettings(s, row, e.payload, at, mode);
      controlFlow(s, fx, row);
      return 0;
    }
    case Ioctl.GetSize:
      return writeSize(s, fx, e, t, row);
    case Ioctl.SetSize: {
      const at = inputAt(e, SIZE_BYTES);
      if (at < 0) return at;
      const size = payloadU32(e, at);
      setSize(s, fx, e.hart, row, size >>> 16, size & 0xffff);
      return 0;
    }
    case Ioctl.GetGroup:
      return s.process.terminal[p] === row
        ? writeInt(s, fx, e, t, s.terminal.group[row])
        : -Err.NotTerminal;
    case Ioctl.GetSession:
      return s.process.terminal[p] === row
        ? writeInt(s, fx, e, t, s.terminal.session[row])
        : -Err.NotTerminal;
    case Ioctl.SetGroup: {
      const at = inputAt(e, 4);
      if (at < 0) return at;
      if (s.process.terminal[p] !== row || s.terminal.session[row] !== s.process.session[p]) {
        return -Err.NotTerminal;
      }
      const refused = refuseBackgroundOutput(s, fx, e.hart, t, row);
      if (refused < 0) return refused;
      s.terminal.group[row] = payloadU32(e, at);
      return 0;
    }
    case Ioctl.SetControlling:
      if (s.process.session[p] !== s.process.pid[p]) return -Err.NotPermitted;
      setControllingTerminal(s, p, row);
      return 0;
    case Ioctl.HeldBytes:
      return writeInt(s, fx, e, t, inputHeld(s, row));
    default:
      return -Err.NotTerminal;
  }
}

/** Bytes a read would find now, of what FIONREAD answers for beside terminals; -1 for others. */
function heldBytes(s: State, file: number): number {
  if (s.openFile.pipe[file] !== 0) return pipeHeld(s, s.openFile.pipe[file]);
  const inode = s.openFile.inode[file];
  if (s.inode.kind[inode] === InodeKind.File) {
    return Math.max(0, s.inode.size[inode] - s.openFile.offset[file]);
  }
  if (s.inode.device[inode] !== Device.Stream) return -1;
  const row = streamRow(s.inode.unit[inode]);
  return s.stream.end[row] - s.stream.begin[row];
}

/** ioctl. */
export function ioctl(s: State, fx: Effects, e: Event, t: number): number {
  const p = s.thread.process[t];
  const file = lookupFile(s, p, e.int(0), 0);
  if (file < 0) return file;
  const request = e.uint(1);
  if (request === Ioctl.NonBlocking) {
    const at = inputAt(e, 4);
    if (at < 0) return at;
    if (payloadU32(e, at) !== 0) s.openFile.flags[file] |= OpenFlag.NonBlocking;
    else s.openFile.flags[file] &= ~OpenFlag.NonBlocking;
    return 0;
  }
  if (request === Ioctl.CloseOnExec || request === Ioctl.NoCloseOnExec) {
    setCloseOnExec(s, p, e.int(0), request === Ioctl.CloseOnExec);
    return 0;
  }
  const inode = s.openFile.inode[file];
  if (s.inode.device[inode] === Device.Terminal) {
    const row = terminalOf(s, p, inode);
    return row === 0 ? -Err.Io : terminalRequest(s, fx, e, t, row);
  }
  const held = request === Ioctl.HeldBytes ? heldBytes(s, file) : -1;
  return held < 0 ? -Err.NotTerminal : writeInt(s, fx, e, t, held);
}
