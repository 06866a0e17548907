import type { State } from "../kernel.ts";
import { isRoot } from "../proc/root.ts";
import { InodeKind } from "./tables.ts";

/** Kinds of access a permission check asks for. */
export const Access = { Execute: 1, Write: 2, Read: 4 } as const;

const ANY_EXECUTE = 0o111;

/**
 * Whether a process's user may use an inode. User 0 may all, but execute only what has an execute
 * bit or is a directory.
 *
 * @param wanted Access bits
 */
export function mayAccess(s: State, process: number, inode: number, wanted: number): boolean {
  const mode = s.inode.mode[inode];
  if (isRoot(s, process)) {
    return (wanted & Access.Execute) === 0 || (mode & ANY_EXECUTE) !== 0 ||
      s.inode.kind[inode] === InodeKind.Directory;
  }
  let bits = mode;
  if (s.inode.uid[inode] === s.process.uid[process]) bits = mode >> 6;
  else if (s.inode.gid[inode] === s.process.gid[process]) bits = mode >> 3;
  return (bits & wanted) === wanted;
}

/** Whether a process's user may change an inode's mode, owner and times. */
export function mayChange(s: State, process: number, inode: number): boolean {
  return isRoot(s, process) || s.process.uid[process] === s.inode.uid[inode];
}

const STICKY = 0o1000;

/** Whether a process's user may take a name of an inode out of a directory, or rename it. */
export function mayRemove(s: State, process: number, directory: number, inode: number): boolean {
  if (!mayAccess(s, process, directory, Access.Write | Access.Execute)) return false;
  if ((s.inode.mode[directory] & STICKY) === 0) return true;
  const uid = s.process.uid[process];
  return isRoot(s, process) || uid === s.inode.uid[inode] || uid === s.inode.uid[directory];
}
