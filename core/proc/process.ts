import { assert } from "../assert.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { allocRow, freeRow, watermark } from "../state/table.ts";
import { NAME_BYTES, PID_BUCKETS, ProcessState } from "./tables.ts";

function bucketOf(pid: number): number {
  return pid % PID_BUCKETS;
}

function enterPid(s: State, process: number): void {
  const at = ONE * PID_BUCKETS + bucketOf(s.process.pid[process]);
  s.process.pidNext[process] = s.kernel.pidBucket[at];
  s.kernel.pidBucket[at] = process;
}

function leavePid(s: State, process: number): void {
  const at = ONE * PID_BUCKETS + bucketOf(s.process.pid[process]);
  let other = s.kernel.pidBucket[at];
  if (other === process) {
    s.kernel.pidBucket[at] = s.process.pidNext[process];
    return;
  }
  while (s.process.pidNext[other] !== process) {
    other = s.process.pidNext[other];
    assert(other !== 0, "a live process is in its pid bucket");
  }
  s.process.pidNext[other] = s.process.pidNext[process];
}

/** Rebuilds the derived pid hash from the process rows. */
export function rebuildPidHash(s: State): void {
  s.kernel.pidBucket.fill(0);
  for (let p = 1; p <= watermark(s.process); p++) if (s.process.$live[p] === 1) enterPid(s, p);
}

/** The process with a pid, zombies included, or 0. */
export function findProcess(s: State, pid: number): number {
  if (pid <= 0) return 0;
  let p = s.kernel.pidBucket[ONE * PID_BUCKETS + bucketOf(pid)];
  while (p !== 0 && s.process.pid[p] !== pid) p = s.process.pidNext[p];
  return p;
}

/** Names a process after bytes that end at a NUL, at `length`, or where the name is full. */
export function setName(
  s: State,
  process: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  let open = true;
  for (let i = 0; i < NAME_BYTES; i++) {
    open = open && i < NAME_BYTES - 1 && i < length && bytes[at + i] !== 0;
    s.process.name[process * NAME_BYTES + i] = open ? bytes[at + i] : 0;
  }
}

/** Makes a process the newest child of another. */
export function adopt(s: State, parent: number, child: number): void {
  const first = s.process.firstChild[parent];
  s.process.parent[child] = parent;
  s.process.nextSibling[child] = first;
  s.process.previousSibling[child] = 0;
  if (first !== 0) s.process.previousSibling[first] = child;
  s.process.firstChild[parent] = child;
}

/** Takes a process out of its parent's list of children. */
export function disown(s: State, child: number): void {
  const next = s.process.nextSibling[child];
  const previous = s.process.previousSibling[child];
  if (previous === 0) s.process.firstChild[s.process.parent[child]] = next;
  else s.process.nextSibling[previous] = next;
  if (next !== 0) s.process.previousSibling[next] = previous;
  s.process.parent[child] = 0;
  s.process.nextSibling[child] = 0;
  s.process.previousSibling[child] = 0;
}

/**
 * Makes an embryo with the next pid, as child of `parent` (0 for init).
 *
 * @returns its row, or 0 when the table is full
 */
export function createProcess(s: State, parent: number): number {
  const p = allocRow(s.process);
  if (p === 0) return 0;
  post(s, Account.ProcessFree, Account.ProcessUsed, 1);
  s.process.pid[p] = s.kernel.nextPid[ONE]++;
  s.process.state[p] = ProcessState.Embryo;
  enterPid(s, p);
  if (parent === 0) s.kernel.init[ONE] = p;
  else adopt(s, parent, p);
  s.kernel.processes[ONE]++;
  return p;
}

/** Frees a process that owns and holds nothing any more. */
export function freeProcess(s: State, p: number): void {
  assert(s.process.space[p] === 0, "a freed process has released its space");
  assert(s.process.firstChild[p] === 0, "a freed process has no children");
  assert(s.process.firstThread[p] === 0, "a freed process has no threads");
  assert(s.process.threads[p] === 0, "a freed process counts no threads");
  assert(s.process.waitHead[p] === 0, "nobody waits in a freed process");
  leavePid(s, p);
  if (s.kernel.init[ONE] === p) s.kernel.init[ONE] = 0;
  else disown(s, p);
  freeRow(s.process, p);
  s.kernel.processes[ONE]--;
  post(s, Account.ProcessUsed, Account.ProcessFree, 1);
}
