import { close as closeDescriptor, CLOSE_ON_EXEC } from "../../cap/descriptor.ts";
import { dup as dupDescriptor, dupOnto, lookupFile, lookupNode } from "../../cap/descriptor.ts";
import type { Effects } from "../../effect.ts";
import { Err } from "../../error.ts";
import { AccessKind, argumentAt, type Event, payloadI64, payloadU32 } from "../../event.ts";
import { Access, mayAccess } from "../../fs/access.ts";
import { CreateFlag, openPath, openPipe } from "../../fs/open.ts";
import { Device, InodeKind, OpenFlag } from "../../fs/tables.ts";
import { positionAtEnd, seekTo } from "../../fs/seek.ts";
import { truncateFile } from "../../fs/truncate.ts";
import type { State } from "../../kernel.ts";
import { PAGE_BYTES } from "../../limits.ts";
import { writeUser } from "../../mem/user_copy.ts";
import { resolve } from "../../mem/user.ts";
import { DESCRIPTORS } from "../../proc/tables.ts";
import { AT_FDCWD, inodeArgument, pathArgument, pathOffset, pathStart } from "./arguments.ts";

/** open flags of Linux on this ISA. */
export const O = {
  AccessMode: 3,
  WriteOnly: 1,
  ReadWrite: 2,
  Create: 0o100,
  Exclusive: 0o200,
  Truncate: 0o1000,
  Append: 0o2000,
  NonBlock: 0o4000,
  LargeFile: 0o100000,
  Directory: 0o200000,
  NoFollow: 0o400000,
  CloseOnExec: 0o2000000,
  Path: 0o10000000,
} as const;

/** Linux open flags as core's OpenFlag and CreateFlag bits, or -Err.Invalid. */
export function coreFlags(flags: number): number {
  const mode = flags & O.AccessMode;
  if ((flags & (O.Create | O.Directory)) === (O.Create | O.Directory)) return -Err.Invalid;
  let core = 0;
  if (mode === O.AccessMode) core |= CreateFlag.Neither;
  else {
    if (mode !== O.WriteOnly) core |= OpenFlag.Read;
    if (mode !== 0) core |= OpenFlag.Write;
  }
  if ((flags & O.Append) !== 0) core |= OpenFlag.Append;
  if ((flags & O.NonBlock) !== 0) core |= OpenFlag.NonBlocking;
  if ((flags & O.Create) !== 0) core |= CreateFlag.Create;
  if ((flags & O.Exclusive) !== 0) core |= CreateFlag.Exclusive;
  if ((flags & O.Truncate) !== 0) core |= CreateFlag.Truncate;
  if ((flags & O.Directory) !== 0) core |= CreateFlag.DirectoryOnly;
  if ((flags & O.NoFollow) !== 0) core |= CreateFlag.NoFollow;
  if ((flags & O.CloseOnExec) !== 0) core |= CreateFlag.CloseOnExec;
  return core;
}

/** openat. */
export function openat(s: State, fx: Effects, e: Event, t: number): number {
  const length = pathArgument(e, 0);
  if (length < 0) return length;
  if (length === 0) return -Err.NotFound;
  const flags = coreFlags(e.uint(2));
  if (flags < 0) return flags;
  const start = pathStart(s, e, t, e.int(0), 0);
  if (start < 0) return start;
  const at = pathOffset(e, 0);
  return openPath(s, fx, e.hart, t, start, e.payload, at, length, flags, e.uint(3));
}

/** close. */
export function close(s: State, fx: Effects, e: Event, t: number): number {
  return closeDescriptor(s, fx, e.hart, s.thread.process[t], e.int(0));
}

/** dup. */
export function dup(s: State, _fx: Effects, e: Event, t: number): number {
  return dupDescriptor(s, s.thread.process[t], e.int(0), 0, 0);
}

/** dup3. */
export function dup3(s: State, fx: Effects, e: Event, t: number): number {
  const flags = e.uint(2);
  if ((flags & ~O.CloseOnExec) !== 0) return -Err.Invalid;
  const close = flags === 0 ? 0 : CLOSE_ON_EXEC;
  if (e.int(0) === e.int(1)) return -Err.Invalid;
  return dupOnto(s, fx, e.hart, s.thread.process[t], e.int(0), e.int(1), close);
}

const Fcntl = {
  Dup: 0,
  GetDescriptor: 1,
  SetDescriptor: 2,
  GetStatus: 3,
  SetStatus: 4,
  GetLock: 5,
  SetLock: 6,
  SetLockWait: 7,
  DupCloseOnExec: 1030,
} as const;
const Seek = { Set: 0, Current: 1, End: 2 } as const;
const LockType = { Read: 0, Write: 1, None: 2 } as const;
const FLOCK_BYTES = 32;

/** Status flags as F_GETFL shows them. */
function statusFlags(flags: number): number {
  const reads = (flags & OpenFlag.Read) !== 0;
  let status: number = (flags & OpenFlag.Write) === 0 ? 0 : reads ? O.ReadWrite : O.WriteOnly;
  if ((flags & OpenFlag.Append) !== 0) status |= O.Append;
  if ((flags & OpenFlag.NonBlocking) !== 0) status |= O.NonBlock;
  if ((flags & OpenFlag.Directory) !== 0) status |= O.Directory;
  return status;
}

function setStatus(s: State, file: number, status: number): number {
  let flags = s.openFile.flags[file] & ~(OpenFlag.Append | OpenFlag.NonBlocking);
  if ((status & O.Append) !== 0) flags |= OpenFlag.Append;
  if ((status & O.NonBlock) !== 0) flags |= OpenFlag.NonBlocking;
  s.openFile.flags[file] = flags;
  return 0;
}

/** Offset of the struct flock of a record lock that makes sense, or -Err. */
function recordLock(s: State, e: Event, file: number): number {
  const at = argumentAt(e, 0);
  if (at < 0 || payloadU32(e, at) !== FLOCK_BYTES) return -Err.BadAddress;
  const type = payloadU32(e, at + 4) & 0xffff;
  const whence = payloadU32(e, at + 4) >>> 16;
  let start = payloadI64(e, at + 12);
  const length = payloadI64(e, at + 20);
  if (type > LockType.None || whence > Seek.End) return -Err.Invalid;
  if (whence === Seek.Current) start += s.openFile.offset[file];
  else if (whence === Seek.End) start += positionAtEnd(s, file);
  return start < 0 || start + length < 0 ? -Err.Invalid : at + 4;
}

/**
 * Sets or asks for a record lock. None is kept, so every one is granted and none is found: as for a
 * program that has the file to itself.
 */
function lockRecord(s: State, fx: Effects, e: Event, t: number, file: number): number {
  const lock = recordLock(s, e, file);
  if (lock < 0) return lock;
  const type = payloadU32(e, lock) & 0xffff;
  if (e.int(1) === Fcntl.GetLock) {
    if (type === LockType.None) return -Err.Invalid;
    const at = fx.reserveBytes(2);
    fx.bytes[at] = LockType.None;
    fx.bytes[at + 1] = 0;
    return writeUser(s, fx, e.hart, t, e.argument(2), at, 2);
  }
  const flags = s.openFile.flags[file];
  if (type === LockType.Read && (flags & OpenFlag.Read) === 0) return -Err.BadDescriptor;
  if (type === LockType.Write && (flags & OpenFlag.Write) === 0) return -Err.BadDescriptor;
  return 0;
}

const Flock = { Shared: 1, Exclusive: 2, NonBlocking: 4, Unlock: 8 } as const;

/** flock: granted always, as lockRecord. */
export function flock(s: State, _fx: Effects, e: Event, t: number): number {
  const operation = e.uint(1) & ~Flock.NonBlocking;
  if (
    operation !== Flock.Shared && operation !== Flock.Exclusive && operation !== Flock.Unlock
  ) return -Err.Invalid;
  return lookupNode(s, s.thread.process[t], e.int(0)) === 0 ? -Err.BadDescriptor : 0;
}

/** fcntl. */
export function fcntl(s: State, fx: Effects, e: Event, t: number): number {
  const p = s.thread.process[t];
  const fd = e.int(0);
  const node = lookupNode(s, p, fd);
  if (node === 0) return -Err.BadDescriptor;
  const file = s.capNode.object[node];
  const argument = e.int(2);
  switch (e.int(1)) {
    case Fcntl.Dup:
    case Fcntl.DupCloseOnExec: {
      if (argument < 0 || argument >= DESCRIPTORS) return -Err.Invalid;
      const close = e.int(1) === Fcntl.Dup ? 0 : CLOSE_ON_EXEC;
      return dupDescriptor(s, p, fd, argument, close);
    }
    case Fcntl.GetDescriptor:
      return s.process.descriptorFlags[p * DESCRIPTORS + fd];
    case Fcntl.SetDescriptor:
      s.process.descriptorFlags[p * DESCRIPTORS + fd] = argument & CLOSE_ON_EXEC;
      return 0;
    case Fcntl.GetStatus:
      // Opening a path implies large files; a pipe was not opened.
      return statusFlags(s.openFile.flags[file]) |
        (s.openFile.inode[file] === 0 ? 0 : O.LargeFile);
    case Fcntl.SetStatus:
      return setStatus(s, file, e.uint(2));
    case Fcntl.GetLock:
    case Fcntl.SetLock:
    case Fcntl.SetLockWait:
      return lockRecord(s, fx, e, t, file);
    default:
      return -Err.Invalid;
  }
}

/** lseek. */
export function lseek(s: State, _fx: Effects, e: Event, t: number): number {
  const file = lookupFile(s, s.thread.process[t], e.int(0), 0);
  if (file < 0) return file;
  const inode = s.openFile.inode[file];
  const device = s.inode.device[inode];
  if (
    s.openFile.pipe[file] !== 0 || device === Device.Terminal || device === Device.Stream
  ) return -Err.Seek;
  const offset = e.signed(1);
  switch (e.int(2)) {
    case Seek.Set:
      return seekTo(s, file, offset);
    case Seek.Current:
      return seekTo(s, file, s.openFile.offset[file] + offset);
    case Seek.End:
      return seekTo(s, file, positionAtEnd(s, file) + offset);
    default:
      return -Err.Invalid;
  }
}

/** ftruncate. */
export function ftruncate(s: State, fx: Effects, e: Event, t: number): number {
  const file = lookupFile(s, s.thread.process[t], e.int(0), 0);
  if (file < 0) return file;
  const inode = s.openFile.inode[file];
  if (e.signed(1) < 0 || inode === 0 || s.inode.kind[inode] !== InodeKind.File) return -Err.Invalid;
  if ((s.openFile.flags[file] & OpenFlag.Write) === 0) return -Err.Invalid;
  return truncateFile(s, fx, e.hart, t, inode, e.argument(1));
}

/** truncate. */
export function truncate(s: State, fx: Effects, e: Event, t: number): number {
  const inode = inodeArgument(s, fx, e, t, AT_FDCWD, 0, true);
  if (inode < 0) return inode;
  if (s.inode.kind[inode] === InodeKind.Directory) return -Err.IsDirectory;
  if (e.signed(1) < 0 || s.inode.kind[inode] !== InodeKind.File) return -Err.Invalid;
  if (!mayAccess(s, s.thread.process[t], inode, Access.Write)) return -Err.Access;
  return truncateFile(s, fx, e.hart, t, inode, e.argument(1));
}

/** pipe2. The place for the two descriptors is made usable before anything is taken. */
export function pipe2(s: State, fx: Effects, e: Event, t: number): number {
  const flags = e.uint(1);
  if ((flags & ~(O.CloseOnExec | O.NonBlock)) !== 0) return -Err.Invalid;
  const address = e.argument(0);
  const first = resolve(s, fx, e.hart, t, address, AccessKind.Write);
  if (first < 0) return first;
  if (address % PAGE_BYTES > PAGE_BYTES - 8) {
    const last = resolve(s, fx, e.hart, t, address + 7, AccessKind.Write);
    if (last < 0) return last;
  }
  const made = openPipe(s, s.thread.process[t], coreFlags(flags) & ~OpenFlag.Read);
  if (made < 0) return made;
  const at = fx.reserveBytes(8);
  fx.setU32(at, made % 65536);
  fx.setU32(at + 4, Math.floor(made / 65536));
  return writeUser(s, fx, e.hart, t, address, at, 8);
}

/** sync: there is no store behind the file system. */
export function sync(): number {
  return 0;
}

/** fsync and fdatasync: nothing to do for a descriptor that exists. */
export function fsync(s: State, _fx: Effects, e: Event, t: number): number {
  return lookupNode(s, s.thread.process[t], e.int(0)) === 0 ? -Err.BadDescriptor : 0;
}

/** fallocate: not offered. */
export function fallocate(s: State, _fx: Effects, e: Event, t: number): number {
  const node = lookupNode(s, s.thread.process[t], e.int(0));
  if (node === 0) return -Err.BadDescriptor;
  if (e.signed(2) < 0 || e.signed(3) <= 0) return -Err.Invalid;
  return e.signed(2) + e.signed(3) >= 2 ** 63 ? -Err.TooLarge : -Err.NotSupported;
}

/** umask. */
export function umask(s: State, _fx: Effects, e: Event, t: number): number {
  const p = s.thread.process[t];
  const old = s.process.umask[p];
  s.process.umask[p] = e.uint(0) & 0o777;
  return old;
}
