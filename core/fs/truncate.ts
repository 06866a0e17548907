import type { Effects } from "../effect.ts";
import { Result } from "../error.ts";
import type { State } from "../kernel.ts";
import { beginOperation, OperationKind } from "../sched/operation.ts";
import { leaveSlot, mustQueue, takeSlot } from "./operation_slot.ts";
import { truncateInode } from "./regular.ts";

/** Slots of thread.cursor in a long truncation. */
const Cursor = { Inode: 0, Size: 1 } as const;

/**
 * Sets the size of a regular file: in one event if few pages go, else as a long operation that
 * holds the inode's operation slot.
 *
 * @returns 0, -Err as truncateInode, or Result.Pending
 */
export function truncateFile(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  inode: number,
  size: number,
): number {
  if (mustQueue(s, t, inode)) return Result.Pending;
  const result = truncateInode(s, fx, inode, size);
  if (result !== Result.Restart) return result;
  takeSlot(s, t, inode);
  beginOperation(s, fx, h, t, OperationKind.Truncate);
  s.thread.cursor[6 * t + Cursor.Inode] = inode;
  s.thread.cursor[6 * t + Cursor.Size] = size;
  return Result.Pending;
}

/** The step of OperationKind.Truncate. */
export function stepTruncate(s: State, fx: Effects, h: number, t: number): number {
  const inode = s.thread.cursor[6 * t + Cursor.Inode];
  const result = truncateInode(s, fx, inode, s.thread.cursor[6 * t + Cursor.Size]);
  if (result === Result.Restart) return Result.Pending;
  leaveSlot(s, fx, h, t, inode);
  return result;
}
