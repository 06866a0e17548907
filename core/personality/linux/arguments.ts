import { lookupFile } from "../../cap/descriptor.ts";
import type { Effects } from "../../effect.ts";
import { Err } from "../../error.ts";
import { argumentAt, ArgumentLength, type Event, payloadU32 } from "../../event.ts";
import { walkName, walkPath } from "../../fs/path.ts";
import { InodeKind } from "../../fs/tables.ts";
import { ONE, type State } from "../../kernel.ts";

/** Stands for the current directory in place of a directory descriptor. */
export const AT_FDCWD = -100;
/** Flags of the calls that take a path. */
export const AtFlag = {
  NoFollow: 0x100,
  /** Remove a directory (unlinkat); by effective ids (faccessat2). */
  RemoveDirectory: 0x200,
  Follow: 0x400,
  EmptyPath: 0x1000,
} as const;

const SLASH = 0x2f;

/** The directory a relative path begins in, or -Err.BadDescriptor or -Err.NotDirectory. */
export function startDirectory(s: State, t: number, dirfd: number): number {
  const p = s.thread.process[t];
  if (dirfd === AT_FDCWD) return s.process.cwd[p];
  const file = lookupFile(s, p, dirfd, 0);
  if (file < 0) return file;
  const inode = s.openFile.inode[file];
  return inode !== 0 && s.inode.kind[inode] === InodeKind.Directory ? inode : -Err.NotDirectory;
}

/**
 * Length of a copied-in path.
 *
 * @param nth which copied-in argument it is
 * @returns bytes, -Err.BadAddress for a null pointer, or -Err.NameTooLong
 */
export function pathArgument(e: Event, nth: number): number {
  const at = argumentAt(e, nth);
  if (at < 0) return -Err.Invalid;
  const length = payloadU32(e, at);
  if (length === ArgumentLength.Absent) return -Err.BadAddress;
  return length === ArgumentLength.TooLong ? -Err.NameTooLong : length;
}

/** Offset of a copied-in path's bytes. */
export function pathOffset(e: Event, nth: number): number {
  return argumentAt(e, nth) + 4;
}

/**
 * The directory a copied-in path begins in: an absolute path needs no valid descriptor.
 *
 * @returns the inode, or -Err
 */
export function pathStart(s: State, e: Event, t: number, dirfd: number, nth: number): number {
  if (e.payload[pathOffset(e, nth)] === SLASH) return s.process.root[s.thread.process[t]];
  return startDirectory(s, t, dirfd);
}

/**
 * Walks a copied-in path; the result is in `s.fileSystem.walk*`.
 *
 * @returns 0 or -Err
 */
export function walkArgument(
  s: State,
  fx: Effects,
  e: Event,
  t: number,
  dirfd: number,
  nth: number,
  follow: boolean,
): number {
  const length = pathArgument(e, nth);
  if (length < 0) return length;
  if (length === 0) return -Err.NotFound;
  const start = pathStart(s, e, t, dirfd, nth);
  if (start < 0) return start;
  const p = s.thread.process[t];
  return walkPath(s, fx, p, start, e.payload, pathOffset(e, nth), length, follow);
}

/** Walks to the name a call makes or takes away (walkName); the result is in `s.fileSystem.walk*`. */
export function nameArgument(
  s: State,
  fx: Effects,
  e: Event,
  t: number,
  dirfd: number,
  nth: number,
): number {
  const length = pathArgument(e, nth);
  if (length < 0) return length;
  if (length === 0) return -Err.NotFound;
  const start = pathStart(s, e, t, dirfd, nth);
  if (start < 0) return start;
  return walkName(s, fx, s.thread.process[t], start, e.payload, pathOffset(e, nth), length);
}

/** As walkArgument, but the path must name something: the inode, or -Err. */
export function inodeArgument(
  s: State,
  fx: Effects,
  e: Event,
  t: number,
  dirfd: number,
  nth: number,
  follow: boolean,
): number {
  const walked = walkArgument(s, fx, e, t, dirfd, nth, follow);
  if (walked < 0) return walked;
  const inode = s.fileSystem.walkInode[ONE];
  return inode === 0 ? -Err.NotFound : inode;
}

/** The inode of a descriptor: of a pipe none, which is -Err.Invalid. */
export function descriptorInode(s: State, t: number, fd: number): number {
  const file = lookupFile(s, s.thread.process[t], fd, 0);
  if (file < 0) return file;
  const inode = s.openFile.inode[file];
  return inode === 0 ? -Err.Invalid : inode;
}
