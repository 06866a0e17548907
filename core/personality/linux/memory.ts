import { lookupFile } from "../../cap/descriptor.ts";
import type { Effects } from "../../effect.ts";
import { Err } from "../../error.ts";
import type { Event } from "../../event.ts";
import { Device, OpenFlag } from "../../fs/tables.ts";
import { USER_END_PAGE } from "../../isa/riscv64.ts";
import type { State } from "../../kernel.ts";
import { PAGE_BYTES } from "../../limits.ts";
import { moveBreak } from "../../mem/heap.ts";
import { mapMemory, Placement } from "../../mem/map.ts";
import { protectRange } from "../../mem/protect.ts";
import { ANY_PROT, isCovered } from "../../mem/region.ts";
import { remap } from "../../mem/remap.ts";
import { spaceOf } from "../../mem/space.ts";
import { Prot, RegionFlag } from "../../mem/tables.ts";
import { discardRange, unmapRange } from "../../mem/unmap.ts";

/** PROT_ bits that mean access; PROT_GROWSDOWN and PROT_GROWSUP are let pass. */
const ACCESS_BITS = Prot.Read | Prot.Write | Prot.Execute;
const PROT_GROWS = 0x0300_0000;

const MapFlag = {
  Shared: 1,
  Private: 2,
  SharedValidate: 3,
  Type: 0x0f,
  Fixed: 0x10,
  Anonymous: 0x20,
  FixedNoReplace: 0x10_0000,
} as const;

const REMAP_MAY_MOVE = 1;

/** Highest madvise advice known; all but the one below are advice only. */
const LAST_ADVICE = 25;
const ADVICE_DONT_NEED = 4;

function pagesOf(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES);
}

/** Bytes from here on make 2^64 when they are rounded up to pages, which is none. */
const LAST_PAGE = 2 ** 64 - PAGE_BYTES;

/** Whether an argument is a multiple of the page size; as a number it may have been rounded to one. */
function isAligned(e: Event, index: number): boolean {
  return e.uint(index) % PAGE_BYTES === 0;
}

/** brk: never fails; where the break cannot go it answers the break as it is. */
export function brk(s: State, fx: Effects, e: Event, t: number): number {
  const r = moveBreak(s, fx, e.hart, t, e.argument(0));
  return r === -Err.NoMemory ? moveBreak(s, fx, e.hart, t, 0) : r;
}

/** munmap. EINVAL, ENOMEM. */
export function munmap(s: State, fx: Effects, e: Event, t: number): number {
  const start = e.argument(0);
  const length = e.argument(1);
  if (!isAligned(e, 0) || length === 0) return -Err.Invalid;
  const end = start / PAGE_BYTES + pagesOf(length);
  if (end > USER_END_PAGE) return -Err.Invalid;
  return unmapRange(s, fx, e.hart, t, start / PAGE_BYTES, end, 0);
}

/** mprotect. EINVAL, ENOMEM (part not mapped: nothing is changed), EACCES (also for W with X). */
export function mprotect(s: State, fx: Effects, e: Event, t: number): number {
  const start = e.argument(0);
  const length = e.argument(1);
  const prot = e.argument(2);
  if (!isAligned(e, 0)) return -Err.Invalid;
  if (prot > 0xffff_ffff || (prot & ~(ACCESS_BITS | PROT_GROWS)) !== 0) return -Err.Invalid;
  if (length === 0) return 0;
  const end = start / PAGE_BYTES + pagesOf(length);
  if (end > USER_END_PAGE) return -Err.NoMemory;
  return protectRange(s, fx, e.hart, t, start / PAGE_BYTES, end, prot & ACCESS_BITS);
}

/** mremap with MREMAP_MAYMOVE or no flag. EINVAL, EFAULT, ENOMEM. */
export function mremap(s: State, fx: Effects, e: Event, t: number): number {
  const start = e.argument(0);
  const oldPages = pagesOf(e.argument(1));
  const newPages = pagesOf(e.argument(2));
  const flags = e.argument(3);
  if (!isAligned(e, 0) || flags > REMAP_MAY_MOVE) return -Err.Invalid;
  if (oldPages === 0 || newPages === 0) return -Err.Invalid;
  if (start / PAGE_BYTES + oldPages > USER_END_PAGE) return -Err.BadAddress;
  const mayMove = flags === REMAP_MAY_MOVE;
  return remap(s, fx, e.hart, t, start / PAGE_BYTES, oldPages, newPages, mayMove);
}

/** madvise: DONTNEED drops the pages, everything else is advice. EINVAL, ENOMEM. */
export function madvise(s: State, fx: Effects, e: Event, t: number): number {
  const start = e.argument(0);
  const length = e.argument(1);
  const advice = e.argument(2);
  if (!isAligned(e, 0) || advice > LAST_ADVICE) return -Err.Invalid;
  if (length === 0) return 0;
  if (length > LAST_PAGE) return -Err.Invalid;
  const page = start / PAGE_BYTES;
  const end = page + pagesOf(length);
  if (end > USER_END_PAGE || !isCovered(s, spaceOf(s, t), page, end)) return -Err.NoMemory;
  if (advice !== ADVICE_DONT_NEED) return 0;
  return discardRange(s, fx, e.hart, t, page, end);
}

/** msync: there is nothing behind a mapping to write to. EINVAL, ENOMEM. */
export function msync(s: State, _fx: Effects, e: Event, t: number): number {
  const start = e.argument(0);
  const length = e.argument(1);
  if (!isAligned(e, 0)) return -Err.Invalid;
  if (length === 0 || length > LAST_PAGE) return 0;
  const page = start / PAGE_BYTES;
  const end = page + pagesOf(length);
  return end <= USER_END_PAGE && isCovered(s, spaceOf(s, t), page, end) ? 0 : -Err.NoMemory;
}

/** mmap. EINVAL, ENOMEM, EACCES, EBADF, ENODEV, EPERM, EEXIST. */
export function mmap(s: State, fx: Effects, e: Event, t: number): number {
  const length = e.argument(1);
  const prot = e.uint(2) & ACCESS_BITS;
  const flags = e.uint(3);
  const offset = e.argument(5);
  const type = flags & MapFlag.Type;
  if (length === 0 || !isAligned(e, 5)) return -Err.Invalid;
  if (type < MapFlag.Shared || type > MapFlag.SharedValidate) return -Err.Invalid;
  const shared = type !== MapFlag.Private;
  const placement = placementOf(flags);
  const start = e.argument(0);
  if (placement !== Placement.Hint && !isAligned(e, 0)) return -Err.Invalid;
  if (length > USER_END_PAGE * PAGE_BYTES) return -Err.NoMemory;

  let object = 0;
  let maxProt: number = ANY_PROT;
  if ((flags & MapFlag.Anonymous) === 0) {
    const file = lookupFile(s, s.thread.process[t], e.int(4), 0);
    if (file < 0) return file;
    if (shared && (s.openFile.flags[file] & OpenFlag.Write) === 0) maxProt &= ~Prot.Write;
    object = mappedObject(s, file);
    if (object < 0) return object;
  }
  if ((prot & ~maxProt) !== 0) return -Err.Access;
  const wanted = Math.min(pagesOf(start), USER_END_PAGE);
  const kind = shared ? RegionFlag.Shared : 0;
  return mapMemory(
    s,
    fx,
    e.hart,
    t,
    wanted,
    pagesOf(length),
    prot,
    kind,
    object,
    object === 0 ? 0 : offset / PAGE_BYTES,
    placement,
    maxProt,
  );
}

function placementOf(flags: number): number {
  if ((flags & MapFlag.FixedNoReplace) !== 0) return Placement.FixedFree;
  return (flags & MapFlag.Fixed) !== 0 ? Placement.Fixed : Placement.Hint;
}

/** The object a mapping of an open file shows: 0 for /dev/zero; -Err.Access or -Err.NoDevice. */
function mappedObject(s: State, file: number): number {
  const inode = s.openFile.inode[file];
  if (inode === 0) return -Err.NoDevice;
  if ((s.openFile.flags[file] & OpenFlag.Read) === 0) return -Err.Access;
  if (s.inode.device[inode] === Device.Zero) return 0;
  return s.inode.object[inode] === 0 ? -Err.NoDevice : s.inode.object[inode];
}
