import { Err } from "../error.ts";
import type { State } from "../kernel.ts";
import { InodeKind } from "./tables.ts";

/** The position that "from the end" counts from. */
export function positionAtEnd(s: State, file: number): number {
  const inode = s.openFile.inode[file];
  return s.inode.kind[inode] === InodeKind.File ? s.inode.size[inode] : 0;
}

/**
 * Sets an open file's position. Devices without one stay at 0.
 *
 * @returns the position, or -Err.Invalid when it is negative or no exact number
 */
export function seekTo(s: State, file: number, position: number): number {
  if (!(position >= 0 && position <= Number.MAX_SAFE_INTEGER)) return -Err.Invalid;
  if (s.inode.kind[s.openFile.inode[file]] === InodeKind.Device) return 0;
  s.openFile.offset[file] = position;
  return position;
}
