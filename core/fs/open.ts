import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { ONE, type State } from "../kernel.ts";
import { CLOSE_ON_EXEC, install, lowestFree } from "../cap/descriptor.ts";
import { completeCall } from "../sched/call.ts";
import { WaitKind, WakeReason } from "../sched/tables.ts";
import { waitOn, wakeAll, wakeThread } from "../sched/wait.ts";
import { UNITS } from "../limits.ts";
import { freeRows } from "../state/table.ts";
import { Access, mayAccess } from "./access.ts";
import { makeNode } from "./namespace.ts";
import { createOpenFile } from "./open_file.ts";
import { walkPath } from "./path.ts";
import { createPipe, holdPipe } from "./pipe_row.ts";
import { truncateInode } from "./regular.ts";
import { CallStage } from "../sched/call_stage.ts";
import { Device, InodeKind, OpenFlag, OpenKind } from "./tables.ts";

/** What open may do beside opening; bits above those of OpenFlag. */
export const CreateFlag = {
  Create: 1 << 8,
  Exclusive: 1 << 9,
  Truncate: 1 << 10,
  DirectoryOnly: 1 << 11,
  NoFollow: 1 << 12,
  CloseOnExec: 1 << 13,
  /** Asks for the rights to read and write, and opens for neither: to ask a device things. */
  Neither: 1 << 14,
} as const;

/** Bits that stay with the open file. */
const KEPT = OpenFlag.Read | OpenFlag.Write | OpenFlag.Append | OpenFlag.NonBlocking;

/** Why a process cannot get one more open file and descriptor: 0 or -Err. */
export function refuseDescriptor(s: State, process: number): number {
  const fd = lowestFree(s, process, 0);
  if (fd < 0) return fd;
  return freeRows(s.openFile) === 0 || freeRows(s.capNode) === 0 ? -Err.TooManyOpenSystem : 0;
}

/**
 * Opens a path, creating the file if asked.
 *
 * @param start directory a relative path begins in
 * @param flags OpenFlag and CreateFlag bits
 * @param mode permission bits of a new file, before the umask
 * @returns the descriptor, Result.Pending (a fifo without a partner), or -Err: those of walkPath,
 * Exists, IsDirectory, NotDirectory, Loop, Access, Invalid, NoSpace, NoMemory (a fifo's pipe),
 * NoSuchDevice, TooManyOpen, TooManyOpenSystem
 */
export function openPath(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  start: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  flags: number,
  mode: number,
): number {
  const process = s.thread.process[t];
  const exclusive = (flags & CreateFlag.Create) !== 0 && (flags & CreateFlag.Exclusive) !== 0;
  const follow = (flags & CreateFlag.NoFollow) === 0 && !exclusive;
  const walked = walkPath(s, fx, process, start, bytes, at, length, follow);
  if (walked < 0) return walked;
  const full = refuseDescriptor(s, process);
  if (full < 0) return full;
  let inode = s.fileSystem.walkInode[ONE];
  if (inode === 0) {
    if ((flags & CreateFlag.Create) === 0) return -Err.NotFound;
    if ((flags & CreateFlag.DirectoryOnly) !== 0) return -Err.Invalid;
    if (s.fileSystem.walkSlash[ONE] === 1) return -Err.IsDirectory;
    inode = makeNode(s, fx, process, bytes, InodeKind.File, mode);
    if (inode < 0) return inode;
  } else {
    if (exclusive) return -Err.Exists;
    const refused = refuseOpen(s, process, inode, flags);
    if (refused < 0) return refused;
  }
  return openInode(s, fx, h, t, inode, flags);
}

/** Why an existing inode cannot be opened with these flags: 0 or -Err. */
function refuseOpen(s: State, process: number, inode: number, flags: number): number {
  const kind = s.inode.kind[inode];
  if (kind === InodeKind.Symlink) return -Err.Loop;
  if (kind === InodeKind.Directory) {
    const writes = OpenFlag.Write | CreateFlag.Create | CreateFlag.Truncate | CreateFlag.Neither;
    if ((flags & writes) !== 0) return -Err.IsDirectory;
  } else if ((flags & CreateFlag.DirectoryOnly) !== 0) return -Err.NotDirectory;
  let wanted = 0;
  if ((flags & (OpenFlag.Read | CreateFlag.Neither)) !== 0) wanted |= Access.Read;
  const writes = OpenFlag.Write | CreateFlag.Truncate | CreateFlag.Neither;
  if ((flags & writes) !== 0) wanted |= Access.Write;
  if (!mayAccess(s, process, inode, wanted)) return -Err.Access;
  if (
    kind === InodeKind.Device && s.inode.device[inode] === Device.Terminal &&
    s.inode.unit[inode] === 0 && s.process.terminal[process] === 0
  ) return -Err.NoSuchDevice;
  return 0;
}

function openInode(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  inode: number,
  flags: number,
): number {
  const kind = s.inode.kind[inode];
  if (kind === InodeKind.Fifo) return openFifo(s, fx, h, t, inode, flags);
  if (kind === InodeKind.File && (flags & CreateFlag.Truncate) !== 0) {
    const cut = truncateInode(s, fx, inode, 0);
    if (cut < 0) return cut;
  }
  const process = s.thread.process[t];
  const kept = (flags & KEPT) | (kind === InodeKind.Directory ? OpenFlag.Directory : 0);
  const file = createOpenFile(s, OpenKind.Inode, inode, 0, kept);
  return install(s, process, file, closeFlag(flags));
}

function closeFlag(flags: number): number {
  return (flags & CreateFlag.CloseOnExec) !== 0 ? CLOSE_ON_EXEC : 0;
}

/** The pipe of a fifo, made at its first open; 0 when the table is full. */
function fifoPipe(s: State, inode: number): number {
  let pipe = s.inode.pipe[inode];
  if (pipe !== 0) return pipe;
  pipe = createPipe(s);
  if (pipe === 0) return 0;
  holdPipe(s, pipe);
  s.inode.pipe[inode] = pipe;
  return pipe;
}

/** Whether a waiter blocks in open of a fifo. */
function isOpener(s: State, w: number): boolean {
  return w !== 0 && s.waiter.events[w] === 0 &&
    s.thread.callStage[s.waiter.thread[w]] === CallStage.OpenFifo;
}

function openFifo(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  inode: number,
  flags: number,
): number {
  // One opened for neither would be no end of the pipe, and could never give it back.
  if ((flags & CreateFlag.Neither) !== 0) return -Err.Invalid;
  const mode = flags & (OpenFlag.Read | OpenFlag.Write);
  const reads = mode === OpenFlag.Read;
  const nonBlocking = (flags & OpenFlag.NonBlocking) !== 0;
  // A fifo that nobody has open or opens has no pipe, and an open that is refused makes none.
  if (s.inode.pipe[inode] === 0 && mode === OpenFlag.Write && nonBlocking) {
    return -Err.NoSuchDevice;
  }
  const pipe = fifoPipe(s, inode);
  if (pipe === 0) return -Err.NoMemory;
  const partners = reads ? s.pipe.writers[pipe] : s.pipe.readers[pipe];
  const partnerHead = reads ? s.pipe.writeHead[pipe] : s.pipe.readHead[pipe];
  // Where nobody has the partner's end open, nobody can wait there but in open.
  const partnerWaits = isOpener(s, partnerHead);
  if (mode === OpenFlag.Write && nonBlocking && partners === 0 && !partnerWaits) {
    return -Err.NoSuchDevice;
  }
  if (
    mode !== (OpenFlag.Read | OpenFlag.Write) && !nonBlocking && partners === 0 && !partnerWaits
  ) {
    s.thread.callStage[t] = CallStage.OpenFifo;
    s.thread.callArgument[4 * t] = inode;
    s.thread.callArgument[4 * t + 1] = flags;
    s.waiter.events[s.thread.waiter[t]] = 0;
    waitOn(s, t, reads ? WaitKind.PipeRead : WaitKind.PipeWrite, pipe);
    return Result.Pending;
  }
  const process = s.thread.process[t];
  const fd = installFifo(s, process, inode, pipe, flags);
  if (fd < 0) return fd;
  if ((mode & OpenFlag.Read) !== 0) admit(s, fx, h, pipe, WaitKind.PipeWrite);
  if ((mode & OpenFlag.Write) !== 0) admit(s, fx, h, pipe, WaitKind.PipeRead);
  return fd;
}

function installFifo(
  s: State,
  process: number,
  inode: number,
  pipe: number,
  flags: number,
): number {
  const full = refuseDescriptor(s, process);
  if (full < 0) return full;
  const kind = (flags & OpenFlag.Read) !== 0 ? OpenKind.PipeRead : OpenKind.PipeWrite;
  const file = createOpenFile(s, kind, inode, pipe, flags & KEPT);
  return install(s, process, file, closeFlag(flags));
}

/**
 * Finishes the opens that waited for this partner. The partner's open counts them as present at
 * once, so a writer that opens, writes and closes before they run loses nothing.
 */
function admit(s: State, fx: Effects, h: number, pipe: number, kind: number): void {
  let w = kind === WaitKind.PipeRead ? s.pipe.readHead[pipe] : s.pipe.writeHead[pipe];
  while (w !== 0) {
    // So many have had their turn: the rest open for themselves, in the events that follow.
    if (fx.woken++ >= UNITS) {
      wakeAll(s, fx, h, kind, pipe, WakeReason.Restart);
      return;
    }
    const t = s.waiter.thread[w];
    const opens = isOpener(s, w);
    w = s.waiter.next[w];
    if (!opens) continue;
    const inode = s.thread.callArgument[4 * t];
    const flags = s.thread.callArgument[4 * t + 1];
    const fd = installFifo(s, s.thread.process[t], inode, pipe, flags);
    if (fd >= 0) completeCall(s, fx, h, t, fd);
    else wakeThread(s, fx, h, t, WakeReason.Restart);
  }
}

/**
 * Makes a pipe with a descriptor for each end.
 *
 * @param flags OpenFlag.NonBlocking or 0, and CreateFlag.CloseOnExec or 0
 * @returns read descriptor + 65,536 * write descriptor, or -Err: TooManyOpen, TooManyOpenSystem
 */
export function openPipe(s: State, process: number, flags: number): number {
  const first = lowestFree(s, process, 0);
  if (first < 0) return first;
  const second = lowestFree(s, process, first + 1);
  if (second < 0) return second;
  if (freeRows(s.openFile) < 2 || freeRows(s.capNode) < 2) return -Err.TooManyOpenSystem;
  const pipe = createPipe(s);
  if (pipe === 0) return -Err.TooManyOpenSystem;
  // From here on it must succeed.
  const kept = flags & OpenFlag.NonBlocking;
  const reader = createOpenFile(s, OpenKind.PipeRead, 0, pipe, OpenFlag.Read | kept);
  const writer = createOpenFile(s, OpenKind.PipeWrite, 0, pipe, OpenFlag.Write | kept);
  install(s, process, reader, closeFlag(flags));
  install(s, process, writer, closeFlag(flags));
  return first + 65536 * second;
}
