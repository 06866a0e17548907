import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { allocRow, freeRow, freeRows } from "../state/table.ts";
import { CHUNK_BYTES } from "./tables.ts";

/** Chunks a text of that many bytes takes. */
export function chunksOf(length: number): number {
  return Math.ceil(length / CHUNK_BYTES);
}

/** Whether the table has room for texts of that many chunks in all. */
export function canStore(s: State, chunks: number): boolean {
  return freeRows(s.nameChunk) >= chunks;
}

/**
 * Stores a text in a chain of name chunks. The caller has asked `canStore`.
 *
 * @returns the first chunk; 0 for an empty text
 */
export function storeText(s: State, bytes: Uint8Array, at: number, length: number): number {
  const c = s.nameChunk;
  let first = 0;
  let last = 0;
  for (let done = 0; done < length; done += CHUNK_BYTES) {
    const chunk = allocRow(c);
    assert(chunk !== 0, "name chunks were counted before a text is stored");
    const count = Math.min(CHUNK_BYTES, length - done);
    for (let i = 0; i < count; i++) c.bytes[chunk * CHUNK_BYTES + i] = bytes[at + done + i];
    if (last === 0) first = chunk;
    else c.next[last] = chunk;
    last = chunk;
  }
  post(s, Account.NameChunkFree, Account.NameChunkUsed, chunksOf(length));
  return first;
}

/** Frees a chain of name chunks. */
export function freeText(s: State, first: number): void {
  let count = 0;
  for (let chunk = first; chunk !== 0;) {
    const next = s.nameChunk.next[chunk];
    freeRow(s.nameChunk, chunk);
    chunk = next;
    count++;
  }
  post(s, Account.NameChunkUsed, Account.NameChunkFree, count);
}

/** Frees the first chunk of a chain; returns the next one. */
export function dropFirstChunk(s: State, first: number): number {
  const next = s.nameChunk.next[first];
  freeRow(s.nameChunk, first);
  post(s, Account.NameChunkUsed, Account.NameChunkFree, 1);
  return next;
}

/** Whether a chain of chunks holds exactly these bytes; both have the same length. */
export function sameText(
  s: State,
  first: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): boolean {
  const column = s.nameChunk.bytes;
  let chunk = first;
  let from = chunk * CHUNK_BYTES;
  for (let i = 0, inChunk = 0; i < length; i++, inChunk++) {
    if (inChunk === CHUNK_BYTES) {
      chunk = s.nameChunk.next[chunk];
      from = chunk * CHUNK_BYTES;
      inChunk = 0;
    }
    if (column[from + inChunk] !== bytes[at + i]) return false;
  }
  return true;
}

/** Copies a chain of chunks into a byte array. */
export function loadText(
  s: State,
  first: number,
  length: number,
  into: Uint8Array,
  at: number,
): void {
  let chunk = first;
  for (let done = 0; done < length; done += CHUNK_BYTES) {
    const count = Math.min(CHUNK_BYTES, length - done);
    const from = chunk * CHUNK_BYTES;
    for (let i = 0; i < count; i++) into[at + done + i] = s.nameChunk.bytes[from + i];
    chunk = s.nameChunk.next[chunk];
  }
}

/** Copies a chain of chunks into the effect bytes, where it is contiguous; returns its offset. */
export function textIntoEffects(s: State, fx: Effects, first: number, length: number): number {
  const at = fx.reserveBytes(length);
  loadText(s, first, length, fx.bytes, at);
  return at;
}

/** Hash of a name, 32 bits. */
export function hashName(bytes: Uint8Array, at: number, length: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[at + i], 0x01000193);
  hash ^= hash >>> 15;
  return hash >>> 0;
}
