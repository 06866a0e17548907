import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { WaitKind, WakeReason } from "../sched/tables.ts";
import { wakeAll } from "../sched/wait.ts";
import { allocRow, freeRow } from "../state/table.ts";
import { releaseIdleFifo } from "./fifo.ts";
import { dropInode, holdInode } from "./inode.ts";
import { freeText } from "./name.ts";
import { discardBytes, holdPipe, releasePipe } from "./pipe_row.ts";
import { OpenFlag } from "./tables.ts";

/**
 * Makes an open file that no capability names yet. It holds its inode and pipe, and counts as a
 * reader and writer of the pipe.
 *
 * @param kind an OpenKind
 * @param inode file, directory, device or fifo; 0 for an unnamed pipe
 * @param pipe the pipe of a pipe end or fifo; else 0
 * @param flags OpenFlag bits
 * @returns the open file, or 0 when the table is full
 */
export function createOpenFile(
  s: State,
  kind: number,
  inode: number,
  pipe: number,
  flags: number,
): number {
  const file = allocRow(s.openFile);
  if (file === 0) return 0;
  post(s, Account.OpenFileFree, Account.OpenFileUsed, 1);
  s.openFile.kind[file] = kind;
  s.openFile.flags[file] = flags;
  s.openFile.inode[file] = inode;
  s.openFile.pipe[file] = pipe;
  if (inode !== 0) {
    holdInode(s, inode);
    if ((flags & OpenFlag.Write) !== 0) s.inode.writers[inode]++;
  }
  if (pipe !== 0) {
    holdPipe(s, pipe);
    if ((flags & OpenFlag.Read) !== 0) s.pipe.readers[pipe]++;
    if ((flags & OpenFlag.Write) !== 0) s.pipe.writers[pipe]++;
  }
  return file;
}

/** Frees an open file once no capability names it; does nothing while one does. */
export function releaseOpenFile(s: State, fx: Effects, h: number, file: number): void {
  const o = s.openFile;
  if (o.refs[file] !== 0) return;
  if (o.vector[file] !== 0) freeText(s, o.vector[file]);
  const inode = o.inode[file];
  const pipe = o.pipe[file];
  const flags = o.flags[file];
  freeRow(o, file);
  post(s, Account.OpenFileUsed, Account.OpenFileFree, 1);
  if (pipe !== 0) closePipeEnd(s, fx, h, pipe, inode, flags);
  if (inode !== 0) {
    if ((flags & OpenFlag.Write) !== 0) s.inode.writers[inode]--;
    dropInode(s, fx, h, inode);
  }
}

function closePipeEnd(
  s: State,
  fx: Effects,
  h: number,
  pipe: number,
  inode: number,
  flags: number,
): void {
  const p = s.pipe;
  if ((flags & OpenFlag.Read) !== 0) {
    assert(p.readers[pipe] > 0, "a pipe counts its readers");
    p.readers[pipe]--;
    // Writers find the pipe broken.
    if (p.readers[pipe] === 0) wakeAll(s, fx, h, WaitKind.PipeWrite, pipe, WakeReason.Restart);
    // Another thread that was reading finds its descriptor closed. Without writers nobody can be: who
    // waits then is in open.
    if (p.readers[pipe] === 0 && p.writers[pipe] > 0) {
      wakeAll(s, fx, h, WaitKind.PipeRead, pipe, WakeReason.Restart);
    }
  }
  if ((flags & OpenFlag.Write) !== 0) {
    assert(p.writers[pipe] > 0, "a pipe counts its writers");
    p.writers[pipe]--;
    // Readers find the end.
    if (p.writers[pipe] === 0) wakeAll(s, fx, h, WaitKind.PipeRead, pipe, WakeReason.Restart);
    // As above, of a thread that was writing.
    if (p.writers[pipe] === 0 && p.readers[pipe] > 0) {
      wakeAll(s, fx, h, WaitKind.PipeWrite, pipe, WakeReason.Restart);
    }
  }
  if (inode !== 0 && p.readers[pipe] === 0 && p.writers[pipe] === 0) {
    discardBytes(s, fx, pipe);
    // A thread still blocked in open keeps the fifo's pipe, until it opens it or gives up.
    releaseIdleFifo(s, fx, inode);
  }
  releasePipe(s, fx, pipe);
}
