import { lookupFile } from "../../cap/descriptor.ts";
import type { Effects } from "../../effect.ts";
import { Err } from "../../error.ts";
import { argumentAt, ArgumentLength, type Event, payloadI64, payloadU32 } from "../../event.ts";
import { Access, mayAccess, mayChange } from "../../fs/access.ts";
import { shownLinks } from "../../fs/directory.ts";
import { PERMISSIONS } from "../../fs/inode.ts";
import { Device, InodeKind } from "../../fs/tables.ts";
import { wallClock } from "../../fs/time.ts";
import { ONE, type State } from "../../kernel.ts";
import { PAGE_BYTES } from "../../limits.ts";
import { framesAvailable } from "../../mem/frame.ts";
import { writeUser } from "../../mem/user_copy.ts";
import { isRoot } from "../../proc/root.ts";
import { freeRows } from "../../state/table.ts";
import { AT_FDCWD, AtFlag, descriptorInode, inodeArgument, pathArgument } from "./arguments.ts";

const STAT_BYTES = 128;
const STATFS_BYTES = 120;
const TMPFS_MAGIC = 0x01021994;
const DEVICE_NUMBER = 1;
const BLOCK = 512;
const FIFO_TYPE = 0o010000;

/** File type bits of st_mode, by InodeKind. */
const TYPE_BITS: readonly number[] = [0, 0o100000, 0o040000, 0o120000, 0o020000, FIFO_TYPE];

/** st_mode of an inode. Host streams show as fifos, as a shell's pipes do. */
function modeOf(s: State, inode: number): number {
  if (s.inode.device[inode] === Device.Stream) return FIFO_TYPE | s.inode.mode[inode];
  return TYPE_BITS[s.inode.kind[inode]] | s.inode.mode[inode];
}

/** st_rdev: major * 256 + minor, as Linux numbers its devices. */
function deviceNumber(s: State, inode: number): number {
  const unit = s.inode.unit[inode];
  switch (s.inode.device[inode]) {
    case Device.Null:
      return 0x103;
    case Device.Zero:
      return 0x105;
    case Device.Full:
      return 0x107;
    case Device.Random:
      return 0x108 + unit;
    case Device.Terminal:
      return 0x500 + unit;
    default:
      return 0;
  }
}

function putTime(fx: Effects, at: number, micros: number): void {
  const seconds = Math.floor(micros / 1_000_000);
  fx.setU64(at, seconds);
  fx.setU64(at + 8, (micros - seconds * 1_000_000) * 1000);
}

/** Writes struct stat of an inode into the effect bytes; returns its offset. */
function putStat(s: State, fx: Effects, inode: number): number {
  const at = fx.reserveBytes(STAT_BYTES);
  fx.bytes.fill(0, at, at + STAT_BYTES);
  const i = s.inode;
  fx.setU64(at, DEVICE_NUMBER);
  fx.setU64(at + 8, i.number[inode]);
  fx.setU32(at + 16, modeOf(s, inode));
  fx.setU32(at + 20, shownLinks(s, inode));
  fx.setU32(at + 24, i.uid[inode]);
  fx.setU32(at + 28, i.gid[inode]);
  fx.setU64(at + 32, deviceNumber(s, inode));
  fx.setU64(at + 48, i.size[inode]);
  fx.setU32(at + 56, PAGE_BYTES);
  fx.setU64(at + 64, Math.ceil(i.size[inode] / BLOCK));
  putTime(fx, at + 72, i.accessed[inode]);
  putTime(fx, at + 88, i.modified[inode]);
  putTime(fx, at + 104, i.changed[inode]);
  return at;
}

/** Writes struct stat of an unnamed pipe into the effect bytes; returns its offset. */
function putPipeStat(s: State, fx: Effects, pipe: number, t: number): number {
  const at = fx.reserveBytes(STAT_BYTES);
  fx.bytes.fill(0, at, at + STAT_BYTES);
  const p = s.thread.process[t];
  fx.setU64(at, DEVICE_NUMBER);
  fx.setU64(at + 8, s.pipe.number[pipe]);
  fx.setU32(at + 16, FIFO_TYPE | 0o600);
  fx.setU32(at + 20, 1);
  fx.setU32(at + 24, s.process.uid[p]);
  fx.setU32(at + 28, s.process.gid[p]);
  fx.setU32(at + 56, PAGE_BYTES);
  const now = wallClock(s);
  for (let time = 72; time <= 104; time += 16) putTime(fx, at + time, now);
  return at;
}

function statDescriptor(s: State, fx: Effects, e: Event, t: number, address: number): number {
  const file = lookupFile(s, s.thread.process[t], e.int(0), 0);
  if (file < 0) return file;
  const inode = s.openFile.inode[file];
  const at = inode !== 0 ? putStat(s, fx, inode) : putPipeStat(s, fx, s.openFile.pipe[file], t);
  return writeUser(s, fx, e.hart, t, address, at, STAT_BYTES);
}

/** fstat. */
export function fstat(s: State, fx: Effects, e: Event, t: number): number {
  return statDescriptor(s, fx, e, t, e.argument(1));
}

/** newfstatat. */
export function newfstatat(s: State, fx: Effects, e: Event, t: number): number {
  const flags = e.uint(3);
  if (pathArgument(e, 0) === 0 && (flags & AtFlag.EmptyPath) !== 0) {
    if (e.int(0) !== AT_FDCWD) return statDescriptor(s, fx, e, t, e.argument(2));
    const cwd = putStat(s, fx, s.process.cwd[s.thread.process[t]]);
    return writeUser(s, fx, e.hart, t, e.argument(2), cwd, STAT_BYTES);
  }
  const follow = (flags & AtFlag.NoFollow) === 0;
  const inode = inodeArgument(s, fx, e, t, e.int(0), 0, follow);
  if (inode < 0) return inode;
  return writeUser(s, fx, e.hart, t, e.argument(2), putStat(s, fx, inode), STAT_BYTES);
}

function checkAccess(s: State, fx: Effects, e: Event, t: number, flags: number): number {
  const wanted = e.uint(2);
  if ((wanted & ~7) !== 0) return -Err.Invalid;
  const inode = inodeArgument(s, fx, e, t, e.int(0), 0, (flags & AtFlag.NoFollow) === 0);
  if (inode < 0) return inode;
  const allowed = mayAccess(s, s.thread.process[t], inode, wanted);
  return allowed || wanted === 0 ? 0 : -Err.Access;
}

/** faccessat. Linux's bits of wanted access are core's. */
export function faccessat(s: State, fx: Effects, e: Event, t: number): number {
  return checkAccess(s, fx, e, t, 0);
}

/** faccessat2. */
export function faccessat2(s: State, fx: Effects, e: Event, t: number): number {
  return checkAccess(s, fx, e, t, e.uint(3));
}

function changeMode(s: State, t: number, inode: number, mode: number): number {
  if (!mayChange(s, s.thread.process[t], inode)) return -Err.NotPermitted;
  if (s.inode.kind[inode] === InodeKind.Symlink) return -Err.NotSupported;
  s.inode.mode[inode] = mode & PERMISSIONS;
  s.inode.changed[inode] = wallClock(s);
  return 0;
}

/** fchmod. */
export function fchmod(s: State, _fx: Effects, e: Event, t: number): number {
  const inode = descriptorInode(s, t, e.int(0));
  return inode < 0 ? inode : changeMode(s, t, inode, e.uint(1));
}

/** fchmodat. */
export function fchmodat(s: State, fx: Effects, e: Event, t: number): number {
  const inode = inodeArgument(s, fx, e, t, e.int(0), 0, true);
  return inode < 0 ? inode : changeMode(s, t, inode, e.uint(2));
}

const UNCHANGED = 0xffffffff;

function changeOwner(s: State, t: number, inode: number, uid: number, gid: number): number {
  const p = s.thread.process[t];
  const own = s.process.uid[p] === s.inode.uid[inode];
  const givesAway = uid !== UNCHANGED && uid !== s.inode.uid[inode];
  if (!isRoot(s, p) && (!own || givesAway)) return -Err.NotPermitted;
  if (uid !== UNCHANGED) s.inode.uid[inode] = uid;
  if (gid !== UNCHANGED) s.inode.gid[inode] = gid;
  s.inode.changed[inode] = wallClock(s);
  return 0;
}

/** fchown. */
export function fchown(s: State, _fx: Effects, e: Event, t: number): number {
  const inode = descriptorInode(s, t, e.int(0));
  return inode < 0 ? inode : changeOwner(s, t, inode, e.uint(1), e.uint(2));
}

/** fchownat. */
export function fchownat(s: State, fx: Effects, e: Event, t: number): number {
  const follow = (e.uint(4) & AtFlag.NoFollow) === 0;
  const inode = inodeArgument(s, fx, e, t, e.int(0), 0, follow);
  return inode < 0 ? inode : changeOwner(s, t, inode, e.uint(2), e.uint(3));
}

const UTIME_NOW = 0x3fffffff;
const UTIME_OMIT = 0x3ffffffe;
const KEEP = -1;
const MALFORMED = -2;

/** One of utimensat's two times as microseconds since 1970, KEEP or MALFORMED. */
function timeArgument(s: State, e: Event, at: number): number {
  if (at < 0) return wallClock(s);
  const ns = payloadU32(e, at + 8);
  if (payloadU32(e, at + 12) !== 0) return MALFORMED;
  if (ns === UTIME_NOW) return wallClock(s);
  if (ns === UTIME_OMIT) return KEEP;
  const seconds = payloadI64(e, at);
  if (ns >= 1_000_000_000 || seconds < 0 || seconds > 2 ** 33) return MALFORMED;
  return seconds * 1_000_000 + Math.floor(ns / 1000);
}

/** utimensat; with a null path, of the descriptor itself. Times are kept in microseconds. */
export function utimensat(s: State, fx: Effects, e: Event, t: number): number {
  const pathAt = argumentAt(e, 0);
  const absent = pathAt >= 0 && payloadU32(e, pathAt) === ArgumentLength.Absent;
  const follow = (e.uint(3) & AtFlag.NoFollow) === 0;
  if (absent && e.int(0) === AT_FDCWD) return -Err.BadAddress;
  const inode = absent
    ? descriptorInode(s, t, e.int(0))
    : inodeArgument(s, fx, e, t, e.int(0), 0, follow);
  if (inode < 0) return inode;
  const times = argumentAt(e, 1);
  const given = times >= 0 && payloadU32(e, times) !== ArgumentLength.Absent;
  const accessed = timeArgument(s, e, given ? times + 4 : -1);
  const modified = timeArgument(s, e, given ? times + 20 : -1);
  if (accessed === MALFORMED || modified === MALFORMED) return -Err.Invalid;
  const p = s.thread.process[t];
  if (!mayChange(s, p, inode) && (given || !mayAccess(s, p, inode, Access.Write))) {
    return given ? -Err.NotPermitted : -Err.Access;
  }
  if (accessed !== KEEP) s.inode.accessed[inode] = accessed;
  if (modified !== KEEP) s.inode.modified[inode] = modified;
  s.inode.changed[inode] = wallClock(s);
  return 0;
}

function writeStatfs(s: State, fx: Effects, e: Event, t: number): number {
  const at = fx.reserveBytes(STATFS_BYTES);
  fx.bytes.fill(0, at, at + STATFS_BYTES);
  const free = framesAvailable(s);
  fx.setU64(at, TMPFS_MAGIC);
  fx.setU64(at + 8, PAGE_BYTES);
  fx.setU64(at + 16, s.memory.backingSlots[ONE]);
  fx.setU64(at + 24, free);
  fx.setU64(at + 32, free);
  fx.setU64(at + 40, s.inode.$capacity - 1);
  fx.setU64(at + 48, freeRows(s.inode));
  fx.setU64(at + 64, 255);
  fx.setU64(at + 72, PAGE_BYTES);
  return writeUser(s, fx, e.hart, t, e.argument(1), at, STATFS_BYTES);
}

/** statfs: there is one file system, in memory. */
export function statfs(s: State, fx: Effects, e: Event, t: number): number {
  const inode = inodeArgument(s, fx, e, t, AT_FDCWD, 0, true);
  return inode < 0 ? inode : writeStatfs(s, fx, e, t);
}

/** fstatfs. */
export function fstatfs(s: State, fx: Effects, e: Event, t: number): number {
  const file = lookupFile(s, s.thread.process[t], e.int(0), 0);
  return file < 0 ? file : writeStatfs(s, fx, e, t);
}
