import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import { ONE, type State } from "../kernel.ts";
import { Access, mayAccess, mayRemove } from "./access.ts";
import {
  addEntry,
  canAddEntry,
  findEntry,
  removeEntry,
  replaceEntry,
  touchContents,
} from "./directory.ts";
import { createInode, holdInode } from "./inode.ts";
import { freeRows } from "../state/table.ts";
import { canStore, chunksOf, storeText } from "./name.ts";
import { STEP_LIMIT, WalkLast } from "./path.ts";
import { InodeKind } from "./tables.ts";
import { createObject } from "../mem/object.ts";
import { ObjectKind } from "../mem/tables.ts";

/** Whether a directory still has a place in the tree, so that names may be added to it. */
function isLinked(s: State, directory: number): boolean {
  return s.inode.links[directory] > 0 || directory === s.kernel.rootInode[ONE];
}

/** Why a new name cannot be made where the last walk ended: 0 or -Err. */
function refuseNewName(s: State, process: number): number {
  const f = s.fileSystem;
  const directory = f.walkParent[ONE];
  if (f.walkInode[ONE] !== 0) return -Err.Exists;
  if (!isLinked(s, directory)) return -Err.NotFound;
  if (!mayAccess(s, process, directory, Access.Write | Access.Execute)) return -Err.Access;
  if (!canAddEntry(s, f.walkLength[ONE])) return -Err.NoSpace;
  return 0;
}

function walkedName(s: State, fx: Effects, payload: Uint8Array): Uint8Array {
  return s.fileSystem.walkInEffects[ONE] === 1 ? fx.bytes : payload;
}

function addWalked(s: State, fx: Effects, payload: Uint8Array, inode: number): void {
  const f = s.fileSystem;
  const bytes = walkedName(s, fx, payload);
  addEntry(s, f.walkParent[ONE], bytes, f.walkAt[ONE], f.walkLength[ONE], inode);
}

/**
 * Makes a file, directory or fifo where the last walk ended on a free name.
 *
 * @param kind InodeKind.File, Directory or Fifo
 * @param mode permission bits; the process's umask is taken off
 * @param payload bytes the walk was given, when not the effect bytes
 * @returns the inode, or -Err: Exists, NotFound, Access, NoSpace
 */
export function makeNode(
  s: State,
  fx: Effects,
  process: number,
  payload: Uint8Array,
  kind: number,
  mode: number,
): number {
  const refused = refuseNewName(s, process);
  if (refused < 0) return refused;
  // A trailing slash may only name a directory.
  if (s.fileSystem.walkSlash[ONE] === 1 && kind !== InodeKind.Directory) return -Err.NotFound;
  if (freeRows(s.inode) === 0) return -Err.NoSpace;
  const object = kind === InodeKind.File ? createObject(s, ObjectKind.File) : 0;
  if (kind === InodeKind.File && object <= 0) return -Err.NoSpace;
  // From here on it must succeed.
  const masked = mode & ~s.process.umask[process];
  const inode = createInode(s, kind, masked, s.process.uid[process], s.process.gid[process]);
  s.inode.object[inode] = object;
  addWalked(s, fx, payload, inode);
  return inode;
}

/**
 * Makes a symbolic link where the last walk ended on a free name.
 *
 * @param bytes,at,length its text
 * @returns 0 or -Err: Exists, NotFound, Access, NoSpace
 */
export function makeLink(
  s: State,
  fx: Effects,
  process: number,
  payload: Uint8Array,
  bytes: Uint8Array,
  at: number,
  length: number,
): number {
  if (length === 0) return -Err.NotFound;
  const refused = refuseNewName(s, process);
  if (refused < 0) return refused;
  if (s.fileSystem.walkSlash[ONE] === 1) return -Err.NotFound;
  if (!canStore(s, chunksOf(length) + chunksOf(s.fileSystem.walkLength[ONE]))) return -Err.NoSpace;
  const uid = s.process.uid[process];
  const inode = createInode(s, InodeKind.Symlink, 0o777, uid, s.process.gid[process]);
  if (inode === 0) return -Err.NoSpace;
  // From here on it must succeed.
  setTarget(s, inode, bytes, at, length);
  addWalked(s, fx, payload, inode);
  return 0;
}

/** Gives a new symbolic link its text; the caller has asked `canStore`. */
export function setTarget(
  s: State,
  inode: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  s.inode.target[inode] = storeText(s, bytes, at, length);
  s.inode.targetLength[inode] = length;
  s.inode.size[inode] = length;
}

/**
 * Makes a further name for an inode where the last walk ended.
 *
 * @returns 0 or -Err: Exists, NotFound, Access, NoSpace, NotPermitted for a directory
 */
export function linkNode(
  s: State,
  fx: Effects,
  process: number,
  payload: Uint8Array,
  inode: number,
): number {
  if (s.inode.kind[inode] === InodeKind.Directory) return -Err.NotPermitted;
  // An inode without a name is on its way out: it gets no new one.
  if (s.inode.links[inode] === 0) return -Err.NotFound;
  const refused = refuseNewName(s, process);
  if (refused < 0) return refused;
  if (s.fileSystem.walkSlash[ONE] === 1) return -Err.NotFound;
  // From here on it must succeed.
  addWalked(s, fx, payload, inode);
  return 0;
}

/**
 * Removes the name the last walk ended on.
 *
 * @param directory 1 to remove an empty directory, 0 to remove anything else
 * @returns 0 or -Err: NotFound, IsDirectory, NotDirectory, NotEmpty, Access, Busy, Invalid
 */
export function unlinkNode(
  s: State,
  fx: Effects,
  h: number,
  process: number,
  payload: Uint8Array,
  directory: number,
): number {
  const f = s.fileSystem;
  const inode = f.walkInode[ONE];
  if (inode === 0) return -Err.NotFound;
  const isDirectory = s.inode.kind[inode] === InodeKind.Directory;
  if (f.walkLength[ONE] === 0) {
    if (directory === 0) return -Err.IsDirectory;
    const last = f.walkLast[ONE];
    if (last === WalkLast.Root) return -Err.Busy;
    return last === WalkLast.Self ? -Err.Invalid : -Err.NotEmpty;
  }
  const parent = f.walkParent[ONE];
  if (!mayRemove(s, process, parent, inode)) return -Err.Access;
  if (directory === 0 && isDirectory) return -Err.IsDirectory;
  if (f.walkSlash[ONE] === 1 && !isDirectory) return -Err.NotDirectory;
  if (directory === 1 && !isDirectory) return -Err.NotDirectory;
  if (s.inode.firstEntry[inode] !== 0) return -Err.NotEmpty;
  const bytes = walkedName(s, fx, payload);
  const entry = findEntry(s, parent, bytes, f.walkAt[ONE], f.walkLength[ONE]);
  // From here on it must succeed.
  removeEntry(s, fx, h, entry);
  return 0;
}

/** What `renameNode` must not replace. */
export const RENAME_NO_REPLACE = 1;

/** Whether `inside` is `directory` or lies below it. */
function isWithin(s: State, inside: number, directory: number): boolean {
  let at = inside;
  for (let depth = 0; at !== 0 && depth < STEP_LIMIT; depth++) {
    if (at === directory) return true;
    at = s.inode.parent[at];
  }
  return false;
}

/** Why an existing inode cannot be replaced by another in a rename: 0 or -Err. */
function refuseReplace(
  s: State,
  process: number,
  parent: number,
  from: number,
  to: number,
): number {
  if (!mayRemove(s, process, parent, to)) return -Err.Access;
  const fromDirectory = s.inode.kind[from] === InodeKind.Directory;
  const toDirectory = s.inode.kind[to] === InodeKind.Directory;
  if (fromDirectory && !toDirectory) return -Err.NotDirectory;
  if (!fromDirectory && toDirectory) return -Err.IsDirectory;
  if (toDirectory && s.inode.firstEntry[to] !== 0) return -Err.NotEmpty;
  return 0;
}

/**
 * Moves a name to where the last walk ended.
 *
 * @param entry the old name's directory entry
 * @param flags RENAME_NO_REPLACE or 0
 * @param slash whether a slash followed the old name, which only a directory may have
 * @returns 0 or -Err: Exists, NotFound, Access, NoSpace, Invalid (into itself), IsDirectory,
 * NotDirectory, NotEmpty, Busy
 */
export function renameNode(
  s: State,
  fx: Effects,
  h: number,
  process: number,
  payload: Uint8Array,
  entry: number,
  flags: number,
  slash: boolean,
): number {
  const f = s.fileSystem;
  const from = s.directoryEntry.inode[entry];
  const oldParent = s.directoryEntry.directory[entry];
  const parent = f.walkParent[ONE];
  const target = f.walkInode[ONE];
  if (f.walkLength[ONE] === 0) return -Err.Busy;
  if (!mayRemove(s, process, oldParent, from)) return -Err.Access;
  if (s.inode.kind[from] === InodeKind.Directory && isWithin(s, parent, from)) return -Err.Invalid;
  if (target !== 0 && (flags & RENAME_NO_REPLACE) !== 0) return -Err.Exists;
  if (
    (f.walkSlash[ONE] === 1 || slash) && s.inode.kind[from] !== InodeKind.Directory
  ) return -Err.NotDirectory;
  if (target === from) return 0;
  const refused = target === 0
    ? refuseNewName(s, process)
    : refuseReplace(s, process, parent, from, target);
  if (refused < 0) return refused;
  // From here on it must succeed.
  holdInode(s, from);
  if (target === 0) addWalked(s, fx, payload, from);
  else {
    const bytes = walkedName(s, fx, payload);
    const replaced = findEntry(s, parent, bytes, f.walkAt[ONE], f.walkLength[ONE]);
    replaceEntry(s, fx, h, replaced, from);
  }
  removeEntry(s, fx, h, entry);
  s.inode.refs[from]--;
  if (oldParent !== parent) touchContents(s, oldParent);
  return 0;
}
