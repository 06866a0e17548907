import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { AccessKind, type Event } from "../event.ts";
import { Cause, Pte, USER_END_PAGE } from "../isa/riscv64.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { PAGE_BYTES } from "../limits.ts";
import { WaitKind } from "../sched/tables.ts";
import { waitOn } from "../sched/wait.ts";
import { CHUNK_PAGES, requestChunk } from "./chunk.ts";
import { allocFrame, dropFrame } from "./frame.ts";
import { ensurePage, findPage, needsChunk } from "./object.ts";
import {
  canMap,
  changeLeaf,
  clearLeaf,
  ensureTable,
  leafFlags,
  leafFrame,
  leafOf,
  leafTable,
  setLeaf,
} from "./pte.ts";
import { findRegion, firstFrom, isFree, moveStart } from "./region.ts";
import { hasRemote, openShootdown, sendShootdown } from "./shootdown.ts";
import { mayChange, spaceOf, STACK_PAGES } from "./space.ts";
import { FrameRole, Prot, RegionFlag } from "./tables.ts";

/** Signals and si_codes of faults; numbers of the signal interface, the same in every personality. */
const Fault = {
  Bus: 7,
  Kill: 9,
  Segment: 11,
  NotMapped: 1,
  NotAllowed: 2,
  BusAddress: 2,
} as const;

const PROT_OF: readonly number[] = [Prot.Read, Prot.Write, Prot.Execute];
const PTE_OF: readonly number[] = [
  Pte.Valid | Pte.User | Pte.Read,
  Pte.Valid | Pte.User | Pte.Write,
  Pte.Valid | Pte.User | Pte.Execute,
];

/** Whether a region's protection allows an access. Write implies read, as the page tables do. */
export function allows(prot: number, access: number): boolean {
  if ((prot & PROT_OF[access]) !== 0) return true;
  return access === AccessKind.Read && (prot & Prot.Write) !== 0;
}

/** Whether a page can be used as it is mapped. */
export function satisfies(flags: number, access: number): boolean {
  return (flags & PTE_OF[access]) === PTE_OF[access];
}

/**
 * Makes a page present, and private when the access is a write.
 *
 * @param h number of the event's hart
 * @param t the running thread, which waits where it has to
 * @param access an AccessKind
 * @param space that of t's process unless another is given
 * @returns its frame; -Err.BadAddress where nothing is mapped, -Err.Access where it is not allowed,
 * -Err.Io beyond the end of a file or where the host fails, -Err.NoMemory; or Result.Pending with t
 * blocked, whose call is to run again
 */
export function resolvePage(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  page: number,
  access: number,
  space: number = spaceOf(s, t),
): number {
  let region = findRegion(s, space, page);
  if (region !== 0 && !allows(s.region.prot[region], access)) return -Err.Access;
  const table = leafTable(s, space, page);
  const flags = leafOf(s, table, page);
  if (region !== 0 && satisfies(flags, access)) return leafFrame(s, table, page);
  if (!mayChange(s, t, space)) return Result.Pending;
  if (region === 0) {
    region = growStack(s, space, page, access);
    if (region === 0) return -Err.BadAddress;
  }
  if ((flags & Pte.Valid) === 0) return mapAbsent(s, fx, t, space, region, page, access);
  return changePresent(s, fx, h, t, space, region, table, page, access);
}

/** Extends the stack down to a page just below it, keeping a guard page; its region, or 0. */
function growStack(s: State, space: number, page: number, access: number): number {
  const top = s.addressSpace.stackTop[space];
  const region = firstFrom(s, space, page);
  if (region === 0 || (s.region.flags[region] & RegionFlag.GrowsDown) === 0) return 0;
  if (!allows(s.region.prot[region], access)) return 0;
  if (s.region.end[region] > top || page < top - STACK_PAGES) return 0;
  if (!isFree(s, space, page - 1, page)) return 0;
  moveStart(s, region, page);
  return region;
}

/** A new frame for private memory with a role and an account, but no reference yet. */
function takeAnonymous(s: State, fx: Effects): number {
  const frame = allocFrame(s, fx, FrameRole.Anonymous);
  if (frame !== 0) post(s, Account.FrameFree, Account.FrameAnonymous, 1);
  return frame;
}

function mapAbsent(
  s: State,
  fx: Effects,
  t: number,
  space: number,
  region: number,
  page: number,
  access: number,
): number {
  const prot = s.region.prot[region];
  const bytes = s.region.fileBytes[region] - (page - s.region.start[region]) * PAGE_BYTES;
  if (s.region.object[region] === s.memory.zeroObject[ONE] || bytes <= 0) {
    if (!canMap(s, space, page, 1)) return -Err.NoMemory;
    // From here on it must succeed.
    const frame = takeAnonymous(s, fx);
    fx.zero(frame, 0, PAGE_BYTES);
    setLeaf(s, space, ensureTable(s, fx, space, page), page, frame, leafFlags(prot, true));
    fx.charge(1);
    return frame;
  }
  const source = objectFrame(s, fx, t, region, page);
  if (source < 0) return source;
  const shared = (s.region.flags[region] & RegionFlag.Shared) !== 0;
  if (shared || (access !== AccessKind.Write && bytes >= PAGE_BYTES)) {
    if (!canMap(s, space, page, 0)) return -Err.NoMemory;
    const table = ensureTable(s, fx, space, page);
    setLeaf(s, space, table, page, source, leafFlags(prot, shared));
    fx.charge(1);
    if (!shared) mapAround(s, fx, space, region, table, page);
    return source;
  }
  if (!canMap(s, space, page, 1)) return -Err.NoMemory;
  const frame = takeAnonymous(s, fx);
  const kept = Math.min(bytes, PAGE_BYTES);
  fx.copy(source, 0, frame, 0, kept);
  if (kept < PAGE_BYTES) fx.zero(frame, kept, PAGE_BYTES - kept);
  setLeaf(s, space, ensureTable(s, fx, space, page), page, frame, leafFlags(prot, true));
  fx.charge(2);
  return frame;
}

/** The frame of the object page a region shows at a page: there, made of zeros, or asked for. */
function objectFrame(s: State, fx: Effects, t: number, region: number, page: number): number {
  const object = s.region.object[region];
  const index = s.region.objectPage[region] + page - s.region.start[region];
  const found = findPage(s, object, index);
  if (found !== 0) return s.objectPage.frame[found];
  if (needsChunk(s, object, index)) {
    return requestChunk(s, fx, t, object, Math.floor(index / CHUNK_PAGES));
  }
  if (index >= s.memoryObject.sizePages[object]) return -Err.Io;
  const made = ensurePage(s, fx, object, index);
  return made < 0 ? made : s.objectPage.frame[made];
}

/**
 * Maps the neighbours of a file page that are in memory too, read only: those of the same aligned
 * group, whose PTEs are in the same leaf table. It saves a fault for each.
 */
function mapAround(
  s: State,
  fx: Effects,
  space: number,
  region: number,
  table: number,
  page: number,
): void {
  const r = s.region;
  const group = page - page % CHUNK_PAGES;
  const whole = r.start[region] + Math.floor(r.fileBytes[region] / PAGE_BYTES);
  const from = Math.max(group, r.start[region]);
  const to = Math.min(group + CHUNK_PAGES, r.end[region], whole);
  const flags = leafFlags(r.prot[region], false);
  let mapped = 0;
  for (let at = from; at < to; at++) {
    if (leafOf(s, table, at) !== 0) continue;
    const index = r.objectPage[region] + at - r.start[region];
    const row = findPage(s, r.object[region], index);
    if (row === 0) continue;
    setLeaf(s, space, table, at, s.objectPage.frame[row], flags);
    mapped++;
  }
  if (mapped > 0) fx.charge(mapped);
}

/** A present page whose PTE allows less than its region: copied on write, or its flags widened. */
function changePresent(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  space: number,
  region: number,
  table: number,
  page: number,
  access: number,
): number {
  const prot = s.region.prot[region];
  const frame = leafFrame(s, table, page);
  const shared = (s.region.flags[region] & RegionFlag.Shared) !== 0;
  const alone = s.frame.role[frame] === FrameRole.Anonymous && s.frame.refs[frame] === 1;
  fx.charge(1);
  if (access !== AccessKind.Write || shared || alone) {
    changeLeaf(s, table, page, leafFlags(prot, shared || alone));
    return frame;
  }
  return copyOnWrite(s, fx, h, t, space, table, page, prot);
}

/**
 * Blocks a thread until one of the shootdowns in flight, which fill their table, is answered.
 *
 * @returns Result.Pending, or -Err.NoMemory when none is in flight
 */
export function waitForOthers(s: State, t: number): number {
  const newest = s.memory.firstShootdown[ONE];
  if (newest === 0) return -Err.NoMemory;
  waitOn(s, t, WaitKind.Shootdown, newest);
  return Result.Pending;
}

function copyOnWrite(
  s: State,
  fx: Effects,
  h: number,
  t: number,
  space: number,
  table: number,
  page: number,
  prot: number,
): number {
  if (!canMap(s, space, page, 1)) return -Err.NoMemory;
  const remote = hasRemote(s, h, space);
  const shootdown = remote ? openShootdown(s, space) : 0;
  if (remote && shootdown === 0) return waitForOthers(s, t);

  // From here on it must succeed.
  const copy = takeAnonymous(s, fx);
  const old = clearLeaf(s, space, table, page);
  fx.copy(old, 0, copy, 0, PAGE_BYTES);
  setLeaf(s, space, table, page, copy, leafFlags(prot, true));
  fx.invalidatePage(s.addressSpace.asid[space], page);
  dropFrame(s, old);
  if (!remote) return copy;
  sendShootdown(s, fx, h, shootdown);
  waitOn(s, t, WaitKind.Shootdown, shootdown);
  return Result.Pending;
}

/** The AccessKind of a page fault's cause. */
export function accessOf(cause: number): number {
  if (cause === Cause.StorePage) return AccessKind.Write;
  return cause === Cause.FetchPage ? AccessKind.Execute : AccessKind.Read;
}

/**
 * Answers a PageFault event of the running thread.
 *
 * @returns 0 when the instruction can run again; Result.Pending with the thread blocked, and the
 * instruction to run again; or -Err.BadAddress with the thread's faultSignal, faultCode and
 * faultAddress set (faultSignal 9: no memory, it is to be killed)
 */
export function pageFault(s: State, fx: Effects, e: Event, t: number): number {
  const page = Math.floor(e.value() / PAGE_BYTES);
  const r = page < USER_END_PAGE
    ? resolvePage(s, fx, e.hart, t, page, accessOf(e.cause))
    : -Err.BadAddress;
  if (r >= 0) return 0;
  if (r === Result.Pending) return r;
  let signal: number = Fault.Segment;
  let code: number = r === -Err.Access ? Fault.NotAllowed : Fault.NotMapped;
  if (r === -Err.NoMemory) signal = Fault.Kill;
  if (r === -Err.Io) {
    signal = Fault.Bus;
    code = Fault.BusAddress;
  }
  s.thread.faultSignal[t] = signal;
  s.thread.faultCode[t] = code;
  s.thread.faultAddressLo[t] = e.valueLo;
  s.thread.faultAddressHi[t] = e.valueHi;
  return -Err.BadAddress;
}
