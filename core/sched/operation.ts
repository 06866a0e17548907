import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import type { State } from "../kernel.ts";

/** Long operations; reduce.ts binds each to its step. */
export const OperationKind = {
  None: 0,
  Fork: 1,
  Exec: 2,
  Exit: 3,
  Unmap: 4,
  Protect: 5,
  Remap: 6,
  Read: 7,
  Write: 8,
  Discard: 9,
  Kill: 10,
  ReadVector: 11,
  WriteVector: 12,
  SendFile: 13,
  Truncate: 14,
  FutexWake: 15,
  Revoke: 16,
  RobustList: 17,
} as const;

/**
 * Starts a long operation of the running thread: its steps are Continue events of this hart with no
 * guest instruction of the hart in between.
 */
export function beginOperation(
  s: State,
  _fx: Effects,
  hart: number,
  thread: number,
  kind: number,
): void {
  assert(s.hart.operation[hart + 1] === 0, "a hart steps one operation at a time");
  s.hart.operation[hart + 1] = thread;
  s.thread.operation[thread] = kind;
}

/** Ends the operation under way on a hart. */
export function endOperation(s: State, hart: number, thread: number): void {
  assert(s.hart.operation[hart + 1] === thread, "the operation that ends is the one under way");
  s.hart.operation[hart + 1] = 0;
  s.thread.operation[thread] = 0;
  s.thread.cursor.fill(0, thread * 6, thread * 6 + 6);
}
