import { lookupFile } from "../../cap/descriptor.ts";
import type { Effects } from "../../effect.ts";
import { Err } from "../../error.ts";
import type { Event } from "../../event.ts";
import { Access, mayAccess } from "../../fs/access.ts";
import { findEntry } from "../../fs/directory.ts";
import { dropInode, holdInode } from "../../fs/inode.ts";
import { entryFrom, listCost, ListPosition, positionAfter, setListed } from "../../fs/list.ts";
import { loadText, textIntoEffects } from "../../fs/name.ts";
import { linkNode, makeLink, makeNode, RENAME_NO_REPLACE } from "../../fs/namespace.ts";
import { renameNode, unlinkNode } from "../../fs/namespace.ts";
import { pathIntoEffects, pathLength } from "../../fs/path.ts";
import { Device, InodeKind, InodeSpecial } from "../../fs/tables.ts";
import { ONE, type State } from "../../kernel.ts";
import { PATH_LIMIT, UNITS } from "../../limits.ts";
import { writeUser } from "../../mem/user_copy.ts";
import {
  AT_FDCWD,
  AtFlag,
  inodeArgument,
  nameArgument,
  pathArgument,
  pathOffset,
  startDirectory,
} from "./arguments.ts";

/** mkdirat. */
export function mkdirat(s: State, fx: Effects, e: Event, t: number): number {
  const walked = nameArgument(s, fx, e, t, e.int(0), 0);
  if (walked < 0) return walked;
  const p = s.thread.process[t];
  const made = makeNode(s, fx, p, e.payload, InodeKind.Directory, e.uint(2) & 0o1777);
  return made < 0 ? made : 0;
}

const FileType = { Mask: 0o170000, Fifo: 0o010000, Regular: 0o100000 } as const;

/** mknodat: regular files and fifos. */
export function mknodat(s: State, fx: Effects, e: Event, t: number): number {
  const type = e.uint(2) & FileType.Mask;
  const regular = type === 0 || type === FileType.Regular;
  if (!regular && type !== FileType.Fifo) return -Err.NotPermitted;
  const walked = nameArgument(s, fx, e, t, e.int(0), 0);
  if (walked < 0) return walked;
  const kind = regular ? InodeKind.File : InodeKind.Fifo;
  const made = makeNode(s, fx, s.thread.process[t], e.payload, kind, e.uint(2) & 0o7777);
  return made < 0 ? made : 0;
}

/** unlinkat. */
export function unlinkat(s: State, fx: Effects, e: Event, t: number): number {
  const flags = e.uint(2);
  if ((flags & ~AtFlag.RemoveDirectory) !== 0) return -Err.Invalid;
  const walked = nameArgument(s, fx, e, t, e.int(0), 0);
  if (walked < 0) return walked;
  const directory = flags === 0 ? 0 : 1;
  return unlinkNode(s, fx, e.hart, s.thread.process[t], e.payload, directory);
}

/** symlinkat. */
export function symlinkat(s: State, fx: Effects, e: Event, t: number): number {
  const length = pathArgument(e, 0);
  if (length < 0) return length;
  const walked = nameArgument(s, fx, e, t, e.int(1), 1);
  if (walked < 0) return walked;
  return makeLink(s, fx, s.thread.process[t], e.payload, e.payload, pathOffset(e, 0), length);
}

/** linkat. */
export function linkat(s: State, fx: Effects, e: Event, t: number): number {
  const flags = e.uint(4);
  if ((flags & ~AtFlag.Follow) !== 0) return -Err.Invalid;
  const inode = inodeArgument(s, fx, e, t, e.int(0), 0, flags !== 0);
  if (inode < 0) return inode;
  const walked = nameArgument(s, fx, e, t, e.int(2), 1);
  return walked < 0 ? walked : linkNode(s, fx, s.thread.process[t], e.payload, inode);
}

/** renameat2: plain, or refusing to replace. */
export function renameat2(s: State, fx: Effects, e: Event, t: number): number {
  const flags = e.uint(4);
  if ((flags & ~RENAME_NO_REPLACE) !== 0) return -Err.Invalid;
  const walked = nameArgument(s, fx, e, t, e.int(0), 0);
  if (walked < 0) return walked;
  const f = s.fileSystem;
  const from = f.walkInode[ONE];
  if (from === 0) return -Err.NotFound;
  if (f.walkLength[ONE] === 0) return -Err.Busy;
  const bytes = f.walkInEffects[ONE] === 1 ? fx.bytes : e.payload;
  const entry = findEntry(s, f.walkParent[ONE], bytes, f.walkAt[ONE], f.walkLength[ONE]);
  const slash = f.walkSlash[ONE] === 1;
  const target = nameArgument(s, fx, e, t, e.int(2), 1);
  if (target < 0) return target;
  return renameNode(s, fx, e.hart, s.thread.process[t], e.payload, entry, flags, slash);
}

/** readlinkat: the text, without a NUL, cut to the buffer. */
export function readlinkat(s: State, fx: Effects, e: Event, t: number): number {
  if (e.int(3) <= 0) return -Err.Invalid;
  const inode = inodeArgument(s, fx, e, t, e.int(0), 0, false);
  if (inode < 0) return inode;
  if (s.inode.kind[inode] !== InodeKind.Symlink) return -Err.Invalid;
  const p = s.thread.process[t];
  let length: number = s.inode.targetLength[inode];
  let at: number;
  if (s.inode.special[inode] === InodeSpecial.SelfExecutable) {
    const executable = s.process.executable[p];
    length = executable === 0 ? -Err.NotFound : pathLength(s, p, executable);
    if (length < 0) return length;
    if (length > PATH_LIMIT) return -Err.NameTooLong;
    at = pathIntoEffects(s, fx, p, executable, length);
  } else at = textIntoEffects(s, fx, s.inode.target[inode], length);
  const count = Math.min(length, e.int(3));
  const wrote = writeUser(s, fx, e.hart, t, e.argument(2), at, count);
  return wrote < 0 ? wrote : count;
}

/** getcwd: the path with its NUL; returns its length with it. */
export function getcwd(s: State, fx: Effects, e: Event, t: number): number {
  const p = s.thread.process[t];
  const length = pathLength(s, p, s.process.cwd[p]);
  if (length < 0) return length;
  if (length + 1 > PATH_LIMIT) return -Err.NameTooLong;
  if (length + 1 > e.argument(1)) return -Err.Range;
  const at = pathIntoEffects(s, fx, p, s.process.cwd[p], length);
  fx.bytes[fx.reserveBytes(1)] = 0;
  const wrote = writeUser(s, fx, e.hart, t, e.argument(0), at, length + 1);
  return wrote < 0 ? wrote : length + 1;
}

function enterDirectory(s: State, fx: Effects, h: number, t: number, inode: number): number {
  const p = s.thread.process[t];
  if (s.inode.kind[inode] !== InodeKind.Directory) return -Err.NotDirectory;
  if (!mayAccess(s, p, inode, Access.Execute)) return -Err.Access;
  // From here on it must succeed.
  holdInode(s, inode);
  const old = s.process.cwd[p];
  s.process.cwd[p] = inode;
  dropInode(s, fx, h, old);
  return 0;
}

/** chdir. */
export function chdir(s: State, fx: Effects, e: Event, t: number): number {
  const inode = inodeArgument(s, fx, e, t, AT_FDCWD, 0, true);
  return inode < 0 ? inode : enterDirectory(s, fx, e.hart, t, inode);
}

/** fchdir. */
export function fchdir(s: State, fx: Effects, e: Event, t: number): number {
  if (e.int(0) === AT_FDCWD) return -Err.BadDescriptor;
  const inode = startDirectory(s, t, e.int(0));
  return inode < 0 ? inode : enterDirectory(s, fx, e.hart, t, inode);
}

const DIRENT_HEAD = 19;
/** Most bytes of one listing; as many as a user copy moves at any alignment. */
const LISTING_BYTES = 32768;

/** d_type by InodeKind. */
const DIRENT_TYPE: readonly number[] = [0, 8, 4, 10, 2, 1];
const DIRENT_FIFO = 1;

function typeOf(s: State, inode: number): number {
  if (s.inode.device[inode] === Device.Stream) return DIRENT_FIFO;
  return DIRENT_TYPE[s.inode.kind[inode]];
}

/** Begins a struct linux_dirent64 with its name's place still empty; returns its offset. */
function putHead(
  s: State,
  fx: Effects,
  inode: number,
  next: number,
  nameLength: number,
): number {
  const bytes = direntBytes(nameLength);
  const at = fx.reserveBytes(bytes);
  fx.bytes.fill(0, at, at + bytes);
  fx.setU64(at, s.inode.number[inode]);
  fx.setU64(at + 8, next);
  fx.bytes[at + 16] = bytes;
  fx.bytes[at + 17] = bytes >>> 8;
  fx.bytes[at + 18] = typeOf(s, inode);
  return at;
}

function direntBytes(nameLength: number): number {
  return (DIRENT_HEAD + nameLength + 1 + 7) & ~7;
}

const DOT = 0x2e;

/** Puts `.` or `..` into a listing. */
function putDots(s: State, fx: Effects, directory: number, position: number): void {
  const parent = s.inode.parent[directory];
  const inode = position === ListPosition.Self || parent === 0 ? directory : parent;
  const at = putHead(s, fx, inode, position + 1, position + 1);
  for (let i = 0; i <= position; i++) fx.bytes[at + DIRENT_HEAD + i] = DOT;
}

/** getdents64. */
export function getdents64(s: State, fx: Effects, e: Event, t: number): number {
  const file = lookupFile(s, s.thread.process[t], e.int(0), 0);
  if (file < 0) return file;
  const directory = s.openFile.inode[file];
  if (directory === 0 || s.inode.kind[directory] !== InodeKind.Directory) return -Err.NotDirectory;
  if (s.inode.links[directory] === 0 && directory !== s.kernel.rootInode[ONE]) return -Err.NotFound;
  const room = Math.min(e.int(2), LISTING_BYTES);
  const begin = fx.bytesLength;
  let position = s.openFile.offset[file];
  while (position < ListPosition.FirstEntry) {
    if (fx.bytesLength - begin + direntBytes(position + 1) > room) break;
    putDots(s, fx, directory, position++);
  }
  let listed = 0;
  let last = 0;
  let entry = position < ListPosition.FirstEntry ? 0 : entryFrom(s, file);
  if (entry < 0) {
    fx.charge(UNITS);
    return entry;
  }
  while (entry !== 0 && listed < UNITS) {
    const length = s.directoryEntry.nameLength[entry];
    if (fx.bytesLength - begin + direntBytes(length) > room) break;
    position = positionAfter(s, entry);
    const at = putHead(s, fx, s.directoryEntry.inode[entry], position, length);
    loadText(s, s.directoryEntry.name[entry], length, fx.bytes, at + DIRENT_HEAD);
    last = entry;
    entry = s.directoryEntry.next[entry];
    listed++;
  }
  const length = fx.bytesLength - begin;
  if (length === 0) return entry === 0 && position >= ListPosition.FirstEntry ? 0 : -Err.Invalid;
  const wrote = writeUser(s, fx, e.hart, t, e.argument(1), begin, length);
  if (wrote < 0) return wrote;
  setListed(s, file, last === 0 ? s.openFile.entry[file] : last, position);
  fx.charge(listCost(listed));
  return length;
}
