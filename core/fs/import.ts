import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import { type Event, payloadU32, payloadU64 } from "../event.ts";
import { ONE, type State } from "../kernel.ts";
import { NAME_LIMIT, PAGE_BYTES } from "../limits.ts";
import { createObject } from "../mem/object.ts";
import { ObjectKind } from "../mem/tables.ts";
import { freeRows } from "../state/table.ts";
import { addEntry, canAddEntry, findEntry } from "./directory.ts";
import { createInode } from "./inode.ts";
import { canStore, chunksOf } from "./name.ts";
import { setTarget } from "./namespace.ts";
import { RECORD_HEAD, RecordField, TreeKind } from "./tree_records.ts";
import { InodeKind } from "./tables.ts";

const SLASH = 0x2f;
const DOT = 0x2e;

/** Walks a path of the tree below the root: no links are followed. 0 when it is not there. */
function locate(s: State, bytes: Uint8Array, at: number, end: number): number {
  let here = s.kernel.rootInode[ONE];
  for (let from = at; from < end && here !== 0;) {
    let stop = from;
    while (stop < end && bytes[stop] !== SLASH) stop++;
    const entry = findEntry(s, here, bytes, from, stop - from);
    here = entry === 0 ? 0 : s.directoryEntry.inode[entry];
    from = stop + 1;
  }
  return here;
}

function u16(e: Event, at: number): number {
  return e.payload[at] | (e.payload[at + 1] << 8);
}

/** Makes the inode of a record. */
function makeInode(s: State, e: Event, record: number): number {
  const kind = e.payload[record + RecordField.Kind];
  const mode = u16(e, record + RecordField.Mode);
  if (freeRows(s.inode) === 0) return -Err.NoSpace;
  if (kind === TreeKind.Symlink) {
    const length = u16(e, record + RecordField.TargetLength);
    if (!canStore(s, chunksOf(length) + chunksOf(NAME_LIMIT))) return -Err.NoSpace;
    const inode = createInode(s, InodeKind.Symlink, 0o777, 0, 0);
    const at = record + RECORD_HEAD + u16(e, record + RecordField.PathLength);
    setTarget(s, inode, e.payload, at, length);
    return inode;
  }
  if (kind === TreeKind.File) {
    const object = createObject(s, ObjectKind.File);
    if (object === 0) return -Err.NoSpace;
    const size = payloadU64(e, record + RecordField.Size);
    s.memoryObject.hostFile[object] = payloadU32(e, record + RecordField.File) + 1;
    s.memoryObject.hostBytes[object] = size;
    s.memoryObject.sizePages[object] = Math.ceil(size / PAGE_BYTES);
    const inode = createInode(s, InodeKind.File, mode, 0, 0);
    s.inode.object[inode] = object;
    s.inode.size[inode] = size;
    return inode;
  }
  const inodeKind = kind === TreeKind.Directory ? InodeKind.Directory : InodeKind.Fifo;
  return createInode(s, inodeKind, mode, 0, 0);
}

/** Whether a name is `.` or `..`, which are no entries. */
function isDots(bytes: Uint8Array, at: number, length: number): boolean {
  return length <= 2 && bytes[at] === DOT && bytes[at + length - 1] === DOT;
}

/** Enters one record; what is there already (the kernel's own /dev, /proc, /tmp) stays. */
function enterRecord(s: State, e: Event, record: number): number {
  const kind = e.payload[record + RecordField.Kind];
  const begin = record + RECORD_HEAD;
  const end = begin + u16(e, record + RecordField.PathLength);
  let name = end;
  while (name > begin && e.payload[name - 1] !== SLASH) name--;
  const directory = name === begin
    ? s.kernel.rootInode[ONE]
    : locate(s, e.payload, begin, name - 1);
  if (directory === 0) return -Err.NotFound;
  if (s.inode.kind[directory] !== InodeKind.Directory) return -Err.NotDirectory;
  const length = end - name;
  if (length > NAME_LIMIT) return -Err.NameTooLong;
  if (length === 0 || isDots(e.payload, name, length)) return -Err.Invalid;
  const present = findEntry(s, directory, e.payload, name, length);
  if (present !== 0) {
    const inode = s.directoryEntry.inode[present];
    if (kind === TreeKind.Directory && s.inode.kind[inode] === InodeKind.Directory) return 0;
    return s.inode.kind[inode] === InodeKind.Directory ? -Err.IsDirectory : 0;
  }
  if (!canAddEntry(s, length)) return -Err.NoSpace;
  let inode: number;
  if (kind === TreeKind.Link) {
    inode = locate(s, e.payload, end, end + u16(e, record + RecordField.TargetLength));
    if (inode === 0) return -Err.NotFound;
    if (s.inode.kind[inode] === InodeKind.Directory) return -Err.NotPermitted;
  } else {
    inode = makeInode(s, e, record);
    if (inode < 0) return inode;
  }
  addEntry(s, directory, e.payload, name, length, inode);
  return 0;
}

function enterRecords(s: State, fx: Effects, e: Event): number {
  let records = 0;
  for (let at = 0; at < e.payloadLength; records++) {
    if (at + RECORD_HEAD > e.payloadLength) return -Err.Invalid;
    const bytes = RECORD_HEAD + u16(e, at + RecordField.PathLength) +
      u16(e, at + RecordField.TargetLength);
    if (at + bytes > e.payloadLength) return -Err.Invalid;
    const result = enterRecord(s, e, at);
    if (result < 0) return result;
    at += bytes;
  }
  fx.charge(records);
  return 0;
}

/**
 * Enters the records of a Tree event into the file system, owned by user and group 0 and with the
 * time of the boot's start. The first record that cannot be entered leaves its error in
 * `fileSystem.importError` (NoSpace, NotFound, NotDirectory, IsDirectory, NameTooLong, Invalid);
 * records after it are not looked at.
 */
export function importTree(s: State, fx: Effects, e: Event): void {
  if (s.fileSystem.importError[ONE] !== 0) return;
  s.fileSystem.importError[ONE] = -enterRecords(s, fx, e);
}
