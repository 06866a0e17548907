import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { type Event, InputKind } from "../event.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { FILE_CHUNK_BYTES, PAGE_BYTES } from "../limits.ts";
import { WaitKind, WakeReason } from "../sched/tables.ts";
import { waitOn, wakeAll } from "../sched/wait.ts";
import { allocRow, freeRow, freeRows } from "../state/table.ts";
import { framesAvailable } from "./frame.ts";
import { addPage, findPage, holdObject, releaseObject } from "./object.ts";

/** Pages of a chunk. */
export const CHUNK_PAGES = FILE_CHUNK_BYTES / PAGE_BYTES;

/** The request in flight for a chunk, or 0. */
function findRequest(s: State, object: number, chunk: number): number {
  const c = s.chunkRequest;
  let row = s.fileSystem.firstChunk[ONE];
  while (row !== 0 && (c.object[row] !== object || c.chunk[row] !== chunk)) row = c.next[row];
  return row;
}

/**
 * Blocks a thread until a chunk of a host file is here, asking for it unless that was done. The
 * call then runs again.
 *
 * @returns Result.Pending with the thread blocked, -Err.Io when the host cannot deliver the file, or
 * -Err.NoMemory when there is no room for its pages
 */
export function requestChunk(
  s: State,
  fx: Effects,
  t: number,
  object: number,
  chunk: number,
): number {
  if (s.memoryObject.failed[object] !== 0) return -Err.Io;
  let row = findRequest(s, object, chunk);
  if (row === 0) {
    if (framesAvailable(s) < CHUNK_PAGES || freeRows(s.objectPage) < CHUNK_PAGES) {
      return -Err.NoMemory;
    }
    row = allocRow(s.chunkRequest);
    if (row === 0) return -Err.NoMemory;
    // From here on it must succeed.
    post(s, Account.ChunkRequestFree, Account.ChunkRequestUsed, 1);
    post(s, Account.RequestSource, Account.RequestPending, 1);
    s.chunkRequest.object[row] = object;
    s.chunkRequest.chunk[row] = chunk;
    holdObject(s, object);
    const first = s.fileSystem.firstChunk[ONE];
    s.chunkRequest.next[row] = first;
    if (first !== 0) s.chunkRequest.previous[first] = row;
    s.fileSystem.firstChunk[ONE] = row;
    fx.requestChunk(s.memoryObject.hostFile[object] - 1, chunk);
  }
  waitOn(s, t, WaitKind.Chunk, row);
  return Result.Pending;
}

/**
 * Takes the answer to a chunk request (InputKind.Chunk or ChunkFailed): fills page frames from the
 * machine's staging buffer, and lets all who wait run their calls again. Pages that somebody wrote
 * in the meantime stay as they are. Without memory the calls ask again, or find out for themselves.
 */
export function chunkArrived(s: State, fx: Effects, h: number, e: Event): void {
  const chunk = e.uint(0);
  let row = s.fileSystem.firstChunk[ONE];
  while (row !== 0) {
    const object = s.chunkRequest.object[row];
    if (s.chunkRequest.chunk[row] === chunk && s.memoryObject.hostFile[object] === e.valueLo + 1) {
      break;
    }
    row = s.chunkRequest.next[row];
  }
  // Nothing waits for an answer that comes after its request was dropped.
  if (row === 0) return;
  const object = s.chunkRequest.object[row];
  if (e.cause === InputKind.ChunkFailed) s.memoryObject.failed[object] = 1;
  else fillPages(s, fx, object, chunk, e.uint(1));
  wakeAll(s, fx, h, WaitKind.Chunk, row, WakeReason.Restart);
  freeRequest(s, fx, row);
  post(s, Account.RequestPending, Account.RequestAnswered, 1);
}

/** Drops a request that nobody waits for any more, when the boot ends; its answer will be ignored. */
export function dropChunkRequest(s: State, fx: Effects, row: number): void {
  assert(s.chunkRequest.waitHead[row] === 0, "nobody waits for a chunk that is dropped");
  freeRequest(s, fx, row);
  post(s, Account.RequestPending, Account.RequestDiscarded, 1);
}

function fillPages(s: State, fx: Effects, object: number, chunk: number, length: number): void {
  const first = chunk * CHUNK_PAGES;
  const wanted = s.memoryObject.hostBytes[object] - chunk * FILE_CHUNK_BYTES;
  for (let i = 0; i < CHUNK_PAGES && i * PAGE_BYTES < wanted; i++) {
    if (findPage(s, object, first + i) !== 0) continue;
    const page = addPage(s, fx, object, first + i);
    if (page < 0) return;
    const frame = s.objectPage.frame[page];
    // What the host no longer has, or a truncation has cut off since, reads zero.
    const bytes = Math.max(0, Math.min(length, wanted, (i + 1) * PAGE_BYTES) - i * PAGE_BYTES);
    if (bytes > 0) fx.loadInput(i * PAGE_BYTES, frame, 0, bytes);
    if (bytes < PAGE_BYTES) fx.zero(frame, bytes, PAGE_BYTES - bytes);
    fx.charge(1);
  }
}

function freeRequest(s: State, fx: Effects, row: number): void {
  const c = s.chunkRequest;
  const next = c.next[row];
  const previous = c.previous[row];
  if (next !== 0) c.previous[next] = previous;
  if (previous !== 0) c.next[previous] = next;
  else s.fileSystem.firstChunk[ONE] = next;
  releaseObject(s, fx, c.object[row]);
  freeRow(c, row);
  post(s, Account.ChunkRequestUsed, Account.ChunkRequestFree, 1);
}
