import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { ONE, type State } from "../kernel.ts";
import { allocRow } from "../state/table.ts";
import { addEntry } from "./directory.ts";
import { createInode, holdInode } from "./inode.ts";
import { STREAM_UNITS, streamRow } from "./stream.ts";
import { Device, InodeKind, InodeSpecial } from "./tables.ts";
import { TerminalUnit } from "./terminal.ts";
import { resetSettings } from "./termios.ts";

/** Gives terminals and host streams their rows, before the baseline of the books. */
export function initDevices(s: State): void {
  for (let unit = 0; unit <= TerminalUnit.Host; unit++) {
    const row = allocRow(s.terminal);
    assert(row === unit + 1, "terminal rows are made first and in order");
    s.terminal.unit[row] = unit;
    s.terminal.columns[row] = s.kernel.columns[ONE];
    s.terminal.rows[row] = s.kernel.rows[ONE];
    resetSettings(s, row);
  }
  for (let unit = 0; unit < STREAM_UNITS; unit++) {
    const row = allocRow(s.stream);
    assert(row === streamRow(unit), "stream rows are made first and in order");
    s.stream.unit[row] = unit;
  }
}

/** Adds a new inode under a name of letters; the tables are empty then, so it cannot fail. */
function plant(
  s: State,
  fx: Effects,
  directory: number,
  name: string,
  kind: number,
  mode: number,
): number {
  const inode = createInode(s, kind, mode, 0, 0);
  assert(inode !== 0, "a fresh inode table holds the first directories");
  const at = fx.reserveBytes(name.length);
  for (let i = 0; i < name.length; i++) fx.bytes[at + i] = name.charCodeAt(i);
  addEntry(s, directory, fx.bytes, at, name.length, inode);
  return inode;
}

function plantDevice(
  s: State,
  fx: Effects,
  directory: number,
  name: string,
  device: number,
  unit: number,
): void {
  const inode = plant(s, fx, directory, name, InodeKind.Device, 0o666);
  s.inode.device[inode] = device;
  s.inode.unit[inode] = unit;
}

/** Mounts an empty root with /dev, /proc/self/exe and /tmp. */
export function mountRoot(s: State, fx: Effects): void {
  const root = createInode(s, InodeKind.Directory, 0o755, 0, 0);
  assert(root !== 0, "a fresh inode table holds the root");
  holdInode(s, root);
  s.kernel.rootInode[ONE] = root;
  s.inode.parent[root] = root;
  const dev = plant(s, fx, root, "dev", InodeKind.Directory, 0o755);
  plantDevice(s, fx, dev, "null", Device.Null, 0);
  plantDevice(s, fx, dev, "zero", Device.Zero, 0);
  plantDevice(s, fx, dev, "full", Device.Full, 0);
  plantDevice(s, fx, dev, "random", Device.Random, 0);
  plantDevice(s, fx, dev, "urandom", Device.Random, 1);
  plantDevice(s, fx, dev, "tty", Device.Terminal, 0);
  plantDevice(s, fx, dev, "console", Device.Terminal, TerminalUnit.Console + 1);
  const proc = plant(s, fx, root, "proc", InodeKind.Directory, 0o555);
  const self = plant(s, fx, proc, "self", InodeKind.Directory, 0o555);
  const exe = plant(s, fx, self, "exe", InodeKind.Symlink, 0o777);
  s.inode.special[exe] = InodeSpecial.SelfExecutable;
  plant(s, fx, root, "tmp", InodeKind.Directory, 0o1777);
}
