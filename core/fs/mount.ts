import { assert } from "../assert.ts";
import { dup, install } from "../cap/descriptor.ts";
import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import { ONE, type State } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import { allocRow, freeRows } from "../state/table.ts";
import { addEntry, removeEntry } from "./directory.ts";
import { createInode, dropInode, holdInode } from "./inode.ts";
import { createOpenFile } from "./open_file.ts";
import { drainStreams, streamRow } from "./stream.ts";
import { Device, InodeKind, InodeSpecial, OpenFlag, OpenKind } from "./tables.ts";
import { resetSettings } from "./termios.ts";

/** Terminal units; the row of a terminal is its unit plus one. */
export const TerminalUnit = { Console: 0, Host: 1 } as const;

const STREAMS = 3;

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
  for (let unit = 0; unit < STREAMS; unit++) {
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

/** Makes devices, then the root: initDevices and mountRoot in one. */
export function initFileSystem(s: State, fx: Effects): void {
  initDevices(s);
  mountRoot(s, fx);
}

/** Opens a device that has no name. */
function openNameless(s: State, device: number, unit: number, flags: number): number {
  if (freeRows(s.inode) === 0 || freeRows(s.openFile) === 0) return 0;
  const inode = createInode(s, InodeKind.Device, 0o600, 0, 0);
  s.inode.device[inode] = device;
  s.inode.unit[inode] = unit;
  return createOpenFile(s, OpenKind.Inode, inode, 0, flags);
}

/** Makes a terminal the controlling one of a process's session. */
export function setControllingTerminal(s: State, process: number, row: number): void {
  s.process.terminal[process] = row;
  s.terminal.session[row] = s.process.session[process];
  s.terminal.group[row] = s.process.group[process];
}

/**
 * Gives a process without descriptors its first three: the console in boot mode; in run mode, for
 * each, the host's terminal or a host stream, as the configuration says.
 *
 * @returns 0 or -Err.TooManyOpenSystem
 */
export function openStandardStreams(s: State, process: number): number {
  const terminals = s.kernel.runMode[ONE] === 0 ? 7 : s.kernel.streamKinds[ONE];
  const unit = s.kernel.runMode[ONE] === 0 ? TerminalUnit.Console : TerminalUnit.Host;
  let terminal = -1;
  for (let i = 0; i < STREAMS; i++) {
    if ((terminals & (1 << i)) === 0) {
      const mode = i === 0 ? OpenFlag.Read : OpenFlag.Write;
      const file = openNameless(s, Device.Stream, i, mode);
      if (file === 0 || install(s, process, file, 0) !== i) return -Err.TooManyOpenSystem;
    } else if (terminal >= 0) {
      if (dup(s, process, terminal, 0, 0) !== i) return -Err.TooManyOpenSystem;
    } else {
      const file = openNameless(s, Device.Terminal, unit + 1, OpenFlag.Read | OpenFlag.Write);
      if (file === 0 || install(s, process, file, 0) !== i) return -Err.TooManyOpenSystem;
      setControllingTerminal(s, process, unit + 1);
      terminal = i;
    }
  }
  return 0;
}

/** A directory without subdirectories that have entries: where emptying a tree begins. */
function deepestFrom(s: State, directory: number): number {
  let at = directory;
  for (;;) {
    const entry = s.inode.firstEntry[at];
    if (entry === 0) return at;
    const child = s.directoryEntry.inode[entry];
    if (s.inode.firstEntry[child] === 0) return at;
    at = child;
  }
}

/**
 * Takes the file system apart, at most UNITS names per call, once no process is left.
 *
 * @returns 1 when nothing is left, 0 when there is more to do
 */
export function drainFileSystem(s: State, fx: Effects, h: number): number {
  const root = s.kernel.rootInode[ONE];
  if (root === 0) return 1;
  drainStreams(s, fx);
  let at = deepestFrom(s, root);
  let done = 0;
  for (; done < UNITS; done++) {
    if (s.inode.firstEntry[at] === 0) {
      if (at === root) break;
      at = s.inode.parent[at];
      continue;
    }
    at = deepestFrom(s, at);
    removeEntry(s, fx, h, s.inode.firstEntry[at]);
  }
  fx.charge(done);
  if (s.inode.firstEntry[root] !== 0) return 0;
  s.kernel.rootInode[ONE] = 0;
  s.inode.parent[root] = 0;
  dropInode(s, fx, h, root);
  return 1;
}
