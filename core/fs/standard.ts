import { assert } from "../assert.ts";
import { dup, install } from "../cap/descriptor.ts";
import type { Effects } from "../effect.ts";
import { ONE, type State } from "../kernel.ts";
import { createInode } from "./inode.ts";
import { createOpenFile } from "./open_file.ts";
import { STREAM_UNITS } from "./stream.ts";
import { Device, InodeKind, OpenFlag, OpenKind } from "./tables.ts";
import { setControllingTerminal, TerminalUnit } from "./terminal.ts";

/** Opens a device that has no name; for the first process, whose tables are empty. */
function openNameless(s: State, device: number, unit: number, flags: number): number {
  const inode = createInode(s, InodeKind.Device, 0o600, 0, 0);
  assert(inode !== 0, "a fresh inode table holds the standard streams");
  s.inode.device[inode] = device;
  s.inode.unit[inode] = unit;
  const file = createOpenFile(s, OpenKind.Inode, inode, 0, flags);
  assert(file !== 0, "a fresh open file table holds the standard streams");
  return file;
}

/**
 * Gives the first process its first three descriptors: the console in boot mode; in run mode, for
 * each, the host's terminal or a host stream, as the configuration says.
 */
export function openStandard(s: State, fx: Effects, process: number): void {
  const boot = s.kernel.runMode[ONE] === 0;
  const terminals = boot ? 7 : s.kernel.streamKinds[ONE];
  const row = (boot ? TerminalUnit.Console : TerminalUnit.Host) + 1;
  let terminal = -1;
  for (let i = 0; i < STREAM_UNITS; i++) {
    let fd: number;
    if ((terminals & (1 << i)) === 0) {
      const flags = i === 0 ? OpenFlag.Read : OpenFlag.Write;
      fd = install(s, process, openNameless(s, Device.Stream, i, flags), 0);
    } else if (terminal >= 0) fd = dup(s, process, terminal, 0, 0);
    else {
      const flags = OpenFlag.Read | OpenFlag.Write;
      fd = install(s, process, openNameless(s, Device.Terminal, row, flags), 0);
      setControllingTerminal(s, process, row);
      terminal = i;
    }
    assert(fd === i, "a process without descriptors gets the first three in order");
  }
  fx.charge(STREAM_UNITS);
}
