import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { releaseObject } from "../mem/object.ts";
import { allocRow, freeRow } from "../state/table.ts";
import { WaitKind, WakeReason } from "../sched/tables.ts";
import { wakeAll } from "../sched/wait.ts";
import { freeText } from "./name.ts";
import { releasePipe } from "./pipe_row.ts";
import { InodeKind } from "./tables.ts";
import { wallClock } from "./time.ts";

/** Permission bits of a mode, the set-id and sticky bits included. */
export const PERMISSIONS = 0o7777;

/**
 * Makes an inode that nothing names or holds yet; the caller adds an entry or holds it in the same
 * event.
 *
 * @param kind an InodeKind
 * @param mode permission bits
 * @returns the inode, or 0 when the table is full
 */
export function createInode(
  s: State,
  kind: number,
  mode: number,
  uid: number,
  gid: number,
): number {
  const inode = allocRow(s.inode);
  if (inode === 0) return 0;
  post(s, Account.InodeFree, Account.InodeUsed, 1);
  const now = wallClock(s);
  s.inode.kind[inode] = kind;
  s.inode.mode[inode] = mode & PERMISSIONS;
  s.inode.uid[inode] = uid;
  s.inode.gid[inode] = gid;
  s.inode.number[inode] = ++s.fileSystem.nextNumber[ONE];
  s.inode.accessed[inode] = now;
  s.inode.modified[inode] = now;
  s.inode.changed[inode] = now;
  // Positions 1 and 2 are those of . and .. in a listing.
  if (kind === InodeKind.Directory) s.inode.nextCookie[inode] = 3;
  const first = s.kernel.firstInode[ONE];
  s.inode.next[inode] = first;
  if (first !== 0) s.inode.previous[first] = inode;
  s.kernel.firstInode[ONE] = inode;
  return inode;
}

/** Takes one more reference of an inode. */
export function holdInode(s: State, inode: number): void {
  s.inode.refs[inode]++;
}

/** Gives a reference of an inode back; the last one frees it with its contents. */
export function dropInode(s: State, fx: Effects, h: number, inode: number): void {
  assert(s.inode.refs[inode] > 0, "an inode that is dropped was held");
  if (--s.inode.refs[inode] === 0) freeInode(s, fx, h, inode);
}

/** Frees an inode nothing holds: one just made whose creation goes no further, or the last drop. */
export function freeInode(s: State, fx: Effects, h: number, inode: number): void {
  const i = s.inode;
  assert(i.refs[inode] === 0 && i.firstEntry[inode] === 0, "an inode is freed unheld and empty");
  // Who waits to truncate it by its path holds nothing, and finds the name gone.
  wakeAll(s, fx, h, WaitKind.FileOperation, inode, WakeReason.Restart);
  const pipe = i.pipe[inode];
  if (pipe !== 0) {
    // Threads that block in open hold nothing; they run again and find the name gone.
    wakeAll(s, fx, h, WaitKind.PipeRead, pipe, WakeReason.Restart);
    wakeAll(s, fx, h, WaitKind.PipeWrite, pipe, WakeReason.Restart);
    i.pipe[inode] = 0;
    releasePipe(s, fx, pipe);
  }
  if (i.object[inode] !== 0) releaseObject(s, fx, i.object[inode]);
  if (i.target[inode] !== 0) freeText(s, i.target[inode]);
  if (i.image[inode] !== 0) {
    freeRow(s.image, i.image[inode]);
    post(s, Account.ImageUsed, Account.ImageFree, 1);
  }
  const next = i.next[inode];
  const previous = i.previous[inode];
  if (next !== 0) i.previous[next] = previous;
  if (previous !== 0) i.next[previous] = next;
  else s.kernel.firstInode[ONE] = next;
  freeRow(i, inode);
  post(s, Account.InodeUsed, Account.InodeFree, 1);
}
