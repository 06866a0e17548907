import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { WaitKind } from "../sched/tables.ts";
import { linkWaiter, waitOn } from "../sched/wait.ts";
import { allocRow, freeRow } from "../state/table.ts";
import { ATOMIC_BYTES, PIPE_BYTES, pipeHeld } from "./pipe.ts";
import { askStream, streamReadable, streamRow } from "./stream.ts";
import { Device, OpenFlag } from "./tables.ts";
import { terminalOf } from "./terminal.ts";
import { terminalReadable } from "./line_discipline.ts";

/** What poll reports of an open file; the values are core's own. */
export const Ready = { Read: 1, Write: 4, Error: 8, HangUp: 16 } as const;

/** Set in waiter.events of every poll item, so that a waker tells it from a blocked call. */
const POLL_ITEM = 1 << 16;

function pipeReady(s: State, file: number): number {
  const pipe = s.openFile.pipe[file];
  const flags = s.openFile.flags[file];
  const held = pipeHeld(s, pipe);
  let ready = 0;
  if ((flags & OpenFlag.Read) !== 0) {
    if (held > 0) ready |= Ready.Read;
    if (s.pipe.writers[pipe] === 0) ready |= Ready.HangUp;
  }
  if ((flags & OpenFlag.Write) !== 0) {
    if (PIPE_BYTES - held >= ATOMIC_BYTES) ready |= Ready.Write;
    if (s.pipe.readers[pipe] === 0) ready |= Ready.Error;
  }
  return ready;
}

/** What an open file is ready for now: Ready bits. */
export function readiness(s: State, process: number, file: number): number {
  if (s.openFile.pipe[file] !== 0) return pipeReady(s, file);
  const inode = s.openFile.inode[file];
  const device = s.inode.device[inode];
  if (device === Device.Stream) {
    return Ready.Write | (streamReadable(s, s.inode.unit[inode]) ? Ready.Read : 0);
  }
  if (device === Device.Terminal) {
    const row = terminalOf(s, process, inode);
    if (row === 0) return Ready.HangUp | Ready.Error;
    return Ready.Write | (terminalReadable(s, row) ? Ready.Read : 0);
  }
  return Ready.Read | Ready.Write;
}

/** Frees the further waiters that an earlier poll of a thread left; they are linked nowhere. */
export function freeExtraWaiters(s: State, t: number): void {
  const own = s.thread.waiter[t];
  let w = s.waiter.nextOfThread[own];
  let count = 0;
  while (w !== 0) {
    const next = s.waiter.nextOfThread[w];
    assert(s.waiter.kind[w] === WaitKind.None, "a waiter that is freed waits for nothing");
    freeRow(s.waiter, w);
    w = next;
    count++;
  }
  s.waiter.nextOfThread[own] = 0;
  s.waiter.events[own] = 0;
  if (count > 0) post(s, Account.WaiterUsed, Account.WaiterFree, count);
}

/** Whether waiting for these events on an open file is waiting for the host's next block. */
function waitsForStream(s: State, file: number, events: number): boolean {
  const isStream = s.openFile.pipe[file] === 0 &&
    s.inode.device[s.openFile.inode[file]] === Device.Stream;
  return isStream && (events & Ready.Read) !== 0;
}

/**
 * Asks the host for what a poll of an open file will wait for, before anything is linked: once a
 * waiter is linked the poll must succeed.
 *
 * @param events Ready bits waited for
 * @returns 0 or -Err.NoMemory
 */
export function askForPoll(s: State, fx: Effects, file: number, events: number): number {
  if (!waitsForStream(s, file, events)) return 0;
  return askStream(s, fx, s.inode.unit[s.openFile.inode[file]]);
}

/**
 * Links a waiter of t to what makes an open file ready; the first one blocks t. An open file that
 * nothing wakes (its readiness never changes) takes none. The caller has counted free waiters and
 * called `askForPoll`.
 *
 * @param last waiter of t linked last, 0 for none yet
 * @param events Ready bits waited for
 * @returns the waiter linked last now
 */
export function linkPoll(
  s: State,
  t: number,
  file: number,
  events: number,
  last: number,
): number {
  const inode = s.openFile.inode[file];
  const pipe = s.openFile.pipe[file];
  let kind = 0;
  let object = 0;
  if (pipe !== 0) {
    const reads = (s.openFile.flags[file] & OpenFlag.Read) !== 0 &&
      ((events & Ready.Read) !== 0 || (s.openFile.flags[file] & OpenFlag.Write) === 0);
    kind = reads ? WaitKind.PipeRead : WaitKind.PipeWrite;
    object = pipe;
  } else if (s.inode.device[inode] === Device.Stream) {
    if (!waitsForStream(s, file, events)) return last;
    kind = WaitKind.Stream;
    object = streamRow(s.inode.unit[inode]);
    assert(s.stream.requested[object] === 1, "a poll waits for a block that was asked for");
  } else if (s.inode.device[inode] === Device.Terminal) {
    kind = WaitKind.Terminal;
    object = terminalOf(s, s.thread.process[t], inode);
  }
  if (object === 0) return last;
  if (last === 0) {
    waitOn(s, t, kind, object);
    const own = s.thread.waiter[t];
    s.waiter.events[own] = events | POLL_ITEM;
    return own;
  }
  const extra = allocRow(s.waiter);
  assert(extra !== 0, "waiters were counted before a poll links them");
  post(s, Account.WaiterFree, Account.WaiterUsed, 1);
  s.waiter.thread[extra] = t;
  s.waiter.events[extra] = events | POLL_ITEM;
  s.waiter.nextOfThread[last] = extra;
  linkWaiter(s, extra, kind, object);
  return extra;
}
