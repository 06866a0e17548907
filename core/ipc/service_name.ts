import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import { hashName } from "../fs/name.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { UNITS } from "../limits.ts";
import { allocRow, freeRow, freeRows, watermark } from "../state/table.ts";
import { SERVICE_BUCKETS, SERVICE_NAME_BYTES, SERVICE_NAMES } from "./tables.ts";

function bucketOf(hash: number): number {
  return ONE * SERVICE_BUCKETS + (hash >>> 0) % SERVICE_BUCKETS;
}

function isNamed(
  s: State,
  row: number,
  hash: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): boolean {
  const n = s.serviceName;
  // What names a channel that goes is free already.
  if (n.hash[row] !== hash || s.channel.dying[n.channel[row]] !== 0) return false;
  if (n.length[row] !== length) return false;
  const first = row * SERVICE_NAME_BYTES;
  for (let i = 0; i < length; i++) if (n.bytes[first + i] !== bytes[at + i]) return false;
  return true;
}

/**
 * Finds who has a name. No chain is longer than UNITS.
 *
 * @param bytes where the name lies, from `at`
 * @returns its row; 0 for a name nobody has; -Err.Invalid for an empty one, -Err.NameTooLong
 */
export function findService(s: State, bytes: Uint8Array, at: number, length: number): number {
  if (length === 0) return -Err.Invalid;
  if (length > SERVICE_NAME_BYTES) return -Err.NameTooLong;
  const hash = hashName(bytes, at, length) >>> 0;
  let row = s.ipc.serviceBucket[bucketOf(hash)];
  while (row !== 0 && !isNamed(s, row, hash, bytes, at, length)) row = s.serviceName.hashNext[row];
  return row;
}

/** Rows in the chain of a hash. */
function chainOf(s: State, hash: number): number {
  let rows = 0;
  let row = s.ipc.serviceBucket[bucketOf(hash)];
  for (; row !== 0; row = s.serviceName.hashNext[row]) rows++;
  return rows;
}

function enterBucket(s: State, row: number): void {
  const n = s.serviceName;
  const bucket = bucketOf(n.hash[row]);
  const first = s.ipc.serviceBucket[bucket];
  n.hashNext[row] = first;
  n.hashPrevious[row] = 0;
  if (first !== 0) n.hashPrevious[first] = row;
  s.ipc.serviceBucket[bucket] = row;
}

function leaveBucket(s: State, row: number): void {
  const n = s.serviceName;
  const next = n.hashNext[row];
  const previous = n.hashPrevious[row];
  if (next !== 0) n.hashPrevious[next] = previous;
  if (previous !== 0) n.hashNext[previous] = next;
  else s.ipc.serviceBucket[bucketOf(n.hash[row])] = next;
}

/**
 * Gives a channel a name, by which others open connections to it. It may have several.
 *
 * @returns 0; -Err.Invalid for an empty name; -Err.NameTooLong; -Err.Exists when a channel has it;
 * -Err.Exhausted when the channel's owner or the system has too many
 */
export function claimName(
  s: State,
  channel: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): number {
  const found = findService(s, bytes, at, length);
  if (found < 0) return found;
  if (found !== 0) return -Err.Exists;
  const n = s.serviceName;
  const process = s.channel.process[channel];
  const hash = hashName(bytes, at, length) >>> 0;
  if (s.process.serviceNames[process] >= SERVICE_NAMES || freeRows(n) === 0) return -Err.Exhausted;
  if (chainOf(s, hash) >= UNITS) return -Err.Exhausted;
  // From here on it must succeed.
  const row = allocRow(n);
  post(s, Account.ServiceNameFree, Account.ServiceNameUsed, 1);
  n.channel[row] = channel;
  n.length[row] = length;
  n.hash[row] = hash;
  for (let i = 0; i < length; i++) n.bytes[row * SERVICE_NAME_BYTES + i] = bytes[at + i];
  enterBucket(s, row);
  const first = s.channel.firstName[channel];
  n.next[row] = first;
  if (first !== 0) n.previous[first] = row;
  s.channel.firstName[channel] = row;
  s.process.serviceNames[process]++;
  return 0;
}

/** Takes a name from its channel. */
export function dropName(s: State, row: number): void {
  const n = s.serviceName;
  const channel = n.channel[row];
  const next = n.next[row];
  const previous = n.previous[row];
  if (next !== 0) n.previous[next] = previous;
  if (previous !== 0) n.next[previous] = next;
  else s.channel.firstName[channel] = next;
  // What a dying channel had is its process's no more.
  const process = s.channel.process[channel];
  if (process !== 0) s.process.serviceNames[process]--;
  leaveBucket(s, row);
  freeRow(n, row);
  post(s, Account.ServiceNameUsed, Account.ServiceNameFree, 1);
}

/** Names a channel has: at most SERVICE_NAMES. */
export function countNames(s: State, channel: number): number {
  let names = 0;
  let row = s.channel.firstName[channel];
  for (; row !== 0; row = s.serviceName.next[row]) names++;
  assert(names <= SERVICE_NAMES, "a channel has no more names than its process may have");
  return names;
}

/** Takes its names from a dying channel, as far as the event goes; true when none is left. */
export function drainNames(s: State, fx: Effects, channel: number): boolean {
  for (; fx.woken < UNITS; fx.woken++) {
    const row = s.channel.firstName[channel];
    if (row === 0) return true;
    dropName(s, row);
  }
  return s.channel.firstName[channel] === 0;
}

/** Rebuilds the derived hash of names, after a restore. */
export function rebuildServiceHash(s: State): void {
  s.ipc.serviceBucket.fill(0);
  for (let row = 1; row <= watermark(s.serviceName); row++) {
    if (s.serviceName.$live[row] === 1) enterBucket(s, row);
  }
}
