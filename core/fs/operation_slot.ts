import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import type { State } from "../kernel.ts";
import { WaitKind, WakeReason } from "../sched/tables.ts";
import { waitOn, wakeAll } from "../sched/wait.ts";
import { dropInode, holdInode } from "./inode.ts";

/** Blocks t while another thread's long operation is under way on the contents of an inode. */
export function mustQueue(s: State, t: number, inode: number): boolean {
  if (inode === 0) return false;
  const holder = s.inode.operation[inode];
  if (holder === 0 || holder === t) return false;
  waitOn(s, t, WaitKind.FileOperation, inode);
  return true;
}

/** Takes the operation slot of an inode for a long operation of t; the inode stays until it ends. */
export function takeSlot(s: State, t: number, inode: number): void {
  if (inode === 0 || s.inode.operation[inode] === t) return;
  assert(s.inode.operation[inode] === 0, "an operation slot has one holder");
  s.inode.operation[inode] = t;
  s.inode.operated[inode] = inode;
  holdInode(s, inode);
}

/** Gives the operation slot of an inode back, if t holds it; who waited for it runs its call again. */
export function leaveSlot(s: State, fx: Effects, h: number, t: number, inode: number): void {
  if (inode === 0 || s.inode.operation[inode] !== t) return;
  s.inode.operation[inode] = 0;
  s.inode.operated[inode] = 0;
  wakeAll(s, fx, h, WaitKind.FileOperation, inode, WakeReason.Restart);
  dropInode(s, fx, h, inode);
}
