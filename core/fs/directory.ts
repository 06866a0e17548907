import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { allocRow, freeRow, freeRows, watermark } from "../state/table.ts";
import { dropInode, holdInode } from "./inode.ts";
import { canStore, chunksOf, freeText, hashName, sameText, storeText } from "./name.ts";
import { InodeKind, NAME_BUCKETS } from "./tables.ts";
import { wallClock } from "./time.ts";

function bucketOf(directory: number, hash: number): number {
  return NAME_BUCKETS + ((hash ^ Math.imul(directory, 0x9e3779b1)) >>> 0) % NAME_BUCKETS;
}

/**
 * Finds a name in a directory. `.` and `..` are not entries.
 *
 * @returns the entry, or 0
 */
export function findEntry(
  s: State,
  directory: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): number {
  const hash = hashName(bytes, at, length);
  const d = s.directoryEntry;
  let entry = s.fileSystem.nameBucket[bucketOf(directory, hash)];
  while (entry !== 0) {
    if (
      d.nameHash[entry] === hash && d.directory[entry] === directory &&
      d.nameLength[entry] === length && sameText(s, d.name[entry], bytes, at, length)
    ) return entry;
    entry = d.hashNext[entry];
  }
  return 0;
}

/** Whether the tables have room for one more entry with a name of that length. */
export function canAddEntry(s: State, nameLength: number): boolean {
  return freeRows(s.directoryEntry) > 0 && canStore(s, chunksOf(nameLength));
}

function linkHash(s: State, entry: number): void {
  const bucket = bucketOf(s.directoryEntry.directory[entry], s.directoryEntry.nameHash[entry]);
  s.directoryEntry.hashNext[entry] = s.fileSystem.nameBucket[bucket];
  s.fileSystem.nameBucket[bucket] = entry;
}

function unlinkHash(s: State, entry: number): void {
  const d = s.directoryEntry;
  const bucket = bucketOf(d.directory[entry], d.nameHash[entry]);
  let at = s.fileSystem.nameBucket[bucket];
  if (at === entry) {
    s.fileSystem.nameBucket[bucket] = d.hashNext[entry];
    return;
  }
  while (d.hashNext[at] !== entry) at = d.hashNext[at];
  d.hashNext[at] = d.hashNext[entry];
}

/**
 * Adds a name that the directory does not have. The caller has asked `canAddEntry`.
 *
 * @returns the entry
 */
export function addEntry(
  s: State,
  directory: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  inode: number,
): number {
  const d = s.directoryEntry;
  const entry = allocRow(d);
  assert(entry !== 0, "an entry was reserved before it is added");
  post(s, Account.EntryFree, Account.EntryUsed, 1);
  d.directory[entry] = directory;
  d.name[entry] = storeText(s, bytes, at, length);
  d.nameLength[entry] = length;
  d.nameHash[entry] = hashName(bytes, at, length);
  d.inode[entry] = inode;
  d.cookie[entry] = s.inode.nextCookie[directory]++;
  const last = s.inode.lastEntry[directory];
  d.previous[entry] = last;
  if (last === 0) s.inode.firstEntry[directory] = entry;
  else d.next[last] = entry;
  s.inode.lastEntry[directory] = entry;
  s.inode.entries[directory]++;
  linkHash(s, entry);
  holdInode(s, inode);
  s.inode.links[inode]++;
  s.inode.entry[inode] = entry;
  s.inode.changed[inode] = wallClock(s);
  if (s.inode.kind[inode] === InodeKind.Directory) s.inode.parent[inode] = directory;
  touchContents(s, directory);
  return entry;
}

/** Notes that the contents of an inode changed now. */
export function touchContents(s: State, inode: number): void {
  const now = wallClock(s);
  s.inode.modified[inode] = now;
  s.inode.changed[inode] = now;
}

/** Notes that a directory without a name has left the tree; `..` in it still leads out. */
function detach(s: State, inode: number): void {
  const i = s.inode;
  if (i.kind[inode] !== InodeKind.Directory || i.links[inode] !== 0) return;
  i.formerParent[inode] = i.parent[inode];
  i.formerParentGeneration[inode] = i.$generation[i.parent[inode]];
  i.parent[inode] = 0;
}

/** Takes a name out of its directory; the last name of an unheld inode frees it. */
export function removeEntry(s: State, fx: Effects, h: number, entry: number): void {
  const d = s.directoryEntry;
  const directory = d.directory[entry];
  const inode = d.inode[entry];
  unlinkHash(s, entry);
  const next = d.next[entry];
  const previous = d.previous[entry];
  if (next === 0) s.inode.lastEntry[directory] = previous;
  else d.previous[next] = previous;
  if (previous === 0) s.inode.firstEntry[directory] = next;
  else d.next[previous] = next;
  s.inode.entries[directory]--;
  freeText(s, d.name[entry]);
  freeRow(d, entry);
  post(s, Account.EntryUsed, Account.EntryFree, 1);
  touchContents(s, directory);
  s.inode.links[inode]--;
  s.inode.changed[inode] = wallClock(s);
  if (s.inode.entry[inode] === entry) s.inode.entry[inode] = 0;
  detach(s, inode);
  dropInode(s, fx, h, inode);
}

/** Lets an entry name another inode; the old one is dropped. For rename onto an existing name. */
export function replaceEntry(s: State, fx: Effects, h: number, entry: number, inode: number): void {
  const d = s.directoryEntry;
  const old = d.inode[entry];
  const directory = d.directory[entry];
  d.inode[entry] = inode;
  holdInode(s, inode);
  s.inode.links[inode]++;
  s.inode.entry[inode] = entry;
  s.inode.changed[inode] = wallClock(s);
  if (s.inode.kind[inode] === InodeKind.Directory) s.inode.parent[inode] = directory;
  touchContents(s, directory);
  s.inode.links[old]--;
  s.inode.changed[old] = wallClock(s);
  if (s.inode.entry[old] === entry) s.inode.entry[old] = 0;
  detach(s, old);
  dropInode(s, fx, h, old);
}

/** Link count as stat shows it: a directory counts itself; its children's `..` are not counted. */
export function shownLinks(s: State, inode: number): number {
  const links = s.inode.links[inode];
  if (s.inode.kind[inode] !== InodeKind.Directory) return links;
  return links === 0 && s.kernel.rootInode[ONE] !== inode ? 0 : 2;
}

/** Rebuilds the derived (directory, name) hash from the entries, after a restore. */
export function rebuildNameHash(s: State): void {
  s.fileSystem.nameBucket.fill(0);
  const d = s.directoryEntry;
  for (let entry = 1; entry <= watermark(d); entry++) {
    d.hashNext[entry] = 0;
    if (d.$live[entry] === 1) linkHash(s, entry);
  }
}
