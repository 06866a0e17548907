import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import { ONE, type State } from "../kernel.ts";
import { NAME_LIMIT } from "../limits.ts";
import { Access, mayAccess } from "./access.ts";
import { findEntry } from "./directory.ts";
import { loadText, textIntoEffects } from "./name.ts";
import { isCurrent } from "../state/table.ts";
import { InodeKind, InodeSpecial } from "./tables.ts";

/** Symbolic links one walk follows. */
export const LINK_LIMIT = 40;
/** Components one walk looks up, those of links included: what the longest path can have. */
export const STEP_LIMIT = 2048;
/** Components counted as one unit of work. */
const STEPS_A_UNIT = 8;

/** What the last component of a walked path was. */
export const WalkLast = { Name: 0, Root: 1, Self: 2, Parent: 3 } as const;

/** Bytes of link texts one walk follows in all: two events' worth of names. */
export const LINK_BYTES = 32768;
/** Bytes of link texts counted as one unit of work. */
const BYTES_A_UNIT = 512;

const SLASH = 0x2f;
const DOT = 0x2e;

/** Stores where a walk ended; a name length of 0 says that it ended in the root, `.` or `..`. */
function finish(
  s: State,
  parent: number,
  inode: number,
  at: number,
  length: number,
  inEffects: number,
): number {
  const f = s.fileSystem;
  f.walkParent[ONE] = parent;
  f.walkInode[ONE] = inode;
  f.walkAt[ONE] = at;
  f.walkLength[ONE] = length;
  f.walkInEffects[ONE] = inEffects;
  f.walkLast[ONE] = WalkLast.Name;
  return 0;
}

/** As finish, for a walk that ended in the root, `.` or `..`. */
function finishDots(s: State, inode: number, at: number, last: number, inEffects: number): number {
  finish(s, inode, inode, at, 0, inEffects);
  s.fileSystem.walkLast[ONE] = last;
  return 0;
}

function parentOf(s: State, process: number, directory: number): number {
  if (directory === s.process.root[process] || directory === s.kernel.rootInode[ONE]) {
    return directory;
  }
  const parent = s.inode.parent[directory];
  if (parent !== 0) return parent;
  // Somebody is still in a removed directory: the way out is open while its parent exists.
  const former = s.inode.formerParent[directory];
  return isCurrent(s.inode, former, s.inode.formerParentGeneration[directory]) ? former : 0;
}

/** Follows a symbolic link in a directory; the walk's end is that of its text. */
function followLink(
  s: State,
  fx: Effects,
  process: number,
  directory: number,
  link: number,
): number {
  if (++s.fileSystem.walkLinks[ONE] > LINK_LIMIT) return -Err.Loop;
  if (s.inode.special[link] === InodeSpecial.SelfExecutable) {
    const executable = s.process.executable[process];
    return executable === 0 ? -Err.NotFound : finish(s, 0, executable, 0, 0, 0);
  }
  const length = s.inode.targetLength[link];
  s.fileSystem.walkBytes[ONE] += length;
  if (s.fileSystem.walkBytes[ONE] > LINK_BYTES) return -Err.Loop;
  const at = textIntoEffects(s, fx, s.inode.target[link], length);
  return walkBytes(s, fx, process, directory, fx.bytes, 1, at, at + length, true);
}

/** Walks the path in bytes[from, end) and leaves its end in the scratch columns. */
function walkBytes(
  s: State,
  fx: Effects,
  process: number,
  start: number,
  bytes: Uint8Array,
  inEffects: number,
  from: number,
  end: number,
  follow: boolean,
): number {
  let here = bytes[from] === SLASH ? s.process.root[process] : start;
  let at = from;
  while (at < end && bytes[at] === SLASH) at++;
  if (at === end) return finishDots(s, here, at, WalkLast.Root, inEffects);
  for (;;) {
    let stop = at;
    while (stop < end && bytes[stop] !== SLASH) stop++;
    const length = stop - at;
    let rest = stop;
    while (rest < end && bytes[rest] === SLASH) rest++;
    if (length > NAME_LIMIT) return -Err.NameTooLong;
    if (++s.fileSystem.walkSteps[ONE] > STEP_LIMIT) return -Err.Loop;
    if (s.inode.kind[here] !== InodeKind.Directory) return -Err.NotDirectory;
    if (!mayAccess(s, process, here, Access.Execute)) return -Err.Access;
    let next: number;
    if (bytes[at] === DOT && length === 1) next = here;
    else if (bytes[at] === DOT && length === 2 && bytes[at + 1] === DOT) {
      next = parentOf(s, process, here);
      if (next === 0) return -Err.NotFound;
    } else {
      const entry = findEntry(s, here, bytes, at, length);
      next = entry === 0 ? 0 : s.directoryEntry.inode[entry];
      const isLink = next !== 0 && s.inode.kind[next] === InodeKind.Symlink;
      if (rest === end) {
        return isLink && (follow || (rest > stop && s.fileSystem.walkKeep[ONE] === 0))
          ? followLink(s, fx, process, here, next)
          : finish(s, here, next, at, length, inEffects);
      }
      if (isLink) {
        const result = followLink(s, fx, process, here, next);
        if (result < 0) return result;
        next = s.fileSystem.walkInode[ONE];
      }
      if (next === 0) return -Err.NotFound;
    }
    if (rest === end) {
      return finishDots(s, next, at, length === 1 ? WalkLast.Self : WalkLast.Parent, inEffects);
    }
    here = next;
    at = rest;
  }
}

/**
 * Walks a path. Where it ended is left in `s.fileSystem.walk*` until the next walk: the inode (0
 * when the last name is free), its directory, and the last name.
 *
 * @param start directory a relative path begins in
 * @param bytes the event's payload or the effect bytes, without a NUL
 * @param follow whether a symbolic link at the end is followed
 * @returns 0, or -Err: NotFound, NotDirectory, Access, NameTooLong, Loop
 */
export function walkPath(
  s: State,
  fx: Effects,
  process: number,
  start: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  follow: boolean,
): number {
  s.fileSystem.walkKeep[ONE] = 0;
  const result = walkTo(s, fx, process, start, bytes, at, length, follow);
  if (result < 0) return result;
  const f = s.fileSystem;
  const inode = f.walkInode[ONE];
  if (f.walkSlash[ONE] === 1 && inode !== 0 && s.inode.kind[inode] !== InodeKind.Directory) {
    return -Err.NotDirectory;
  }
  return 0;
}

/**
 * Walks to the name that a call makes or takes away: as walkPath, but a link at the end is never
 * followed, and what a slash after the name demands is left to the caller.
 *
 * @returns 0, or -Err as walkPath
 */
export function walkName(
  s: State,
  fx: Effects,
  process: number,
  start: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): number {
  s.fileSystem.walkKeep[ONE] = 1;
  return walkTo(s, fx, process, start, bytes, at, length, false);
}

function walkTo(
  s: State,
  fx: Effects,
  process: number,
  start: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  follow: boolean,
): number {
  if (length === 0) return -Err.NotFound;
  const f = s.fileSystem;
  f.walkSteps[ONE] = 0;
  f.walkLinks[ONE] = 0;
  f.walkBytes[ONE] = 0;
  f.walkSlash[ONE] = bytes[at + length - 1] === SLASH ? 1 : 0;
  const inEffects = bytes === fx.bytes ? 1 : 0;
  const result = walkBytes(s, fx, process, start, bytes, inEffects, at, at + length, follow);
  const work = f.walkSteps[ONE] / STEPS_A_UNIT + f.walkBytes[ONE] / BYTES_A_UNIT;
  fx.charge(1 + Math.floor(work));
  return result;
}

/** Longest path text that is made: components of a directory chain, as a guard. */
const DEPTH_LIMIT = STEP_LIMIT;

/**
 * Length of the absolute path of an inode, as seen from a process's root.
 *
 * @returns bytes, or -Err.NotFound when it has no name any more or lies outside
 */
export function pathLength(s: State, process: number, inode: number): number {
  const root = s.process.root[process];
  let length = 0;
  let at = inode;
  for (let depth = 0; at !== root; depth++) {
    const entry = s.inode.entry[at];
    if (entry === 0 || depth === DEPTH_LIMIT) return -Err.NotFound;
    length += 1 + s.directoryEntry.nameLength[entry];
    at = s.directoryEntry.directory[entry];
  }
  return length === 0 ? 1 : length;
}

/**
 * Writes the absolute path of an inode into the effect bytes.
 *
 * @param length what `pathLength` said
 * @returns offset of the text
 */
export function pathIntoEffects(
  s: State,
  fx: Effects,
  process: number,
  inode: number,
  length: number,
): number {
  const begin = fx.reserveBytes(length);
  const root = s.process.root[process];
  if (inode === root) {
    fx.bytes[begin] = SLASH;
    return begin;
  }
  let end = begin + length;
  for (let at = inode; at !== root;) {
    const entry = s.inode.entry[at];
    const name = s.directoryEntry.nameLength[entry];
    end -= name;
    loadText(s, s.directoryEntry.name[entry], name, fx.bytes, end);
    end--;
    fx.bytes[end] = SLASH;
    at = s.directoryEntry.directory[entry];
  }
  return begin;
}
