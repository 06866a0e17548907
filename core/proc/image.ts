import { Err } from "../error.ts";
import { type Event, payloadU32, payloadU64 } from "../event.ts";
import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { LOWEST_PAGE } from "../mem/space.ts";
import { Prot } from "../mem/tables.ts";
import { elf } from "../isa/elf.ts";
import { PAGE_BYTES } from "../limits.ts";
import { allocRow, freeRow } from "../state/table.ts";
import { ImageKind, SEGMENTS } from "./tables.ts";

/** Bytes of an executable's head the kernel looks at: its header and program headers are in them. */
export const IMAGE_HEAD_BYTES = PAGE_BYTES;

const SCRIPT_BYTES = 256;
const HASH_BANG = 0x2123;
/** Highest address a segment may reach: half of the user half, so that stack and mappings fit. */
const LOAD_LIMIT = 2 ** 37;

/** Forgets what exec learned of an inode; called before its contents change. */
export function dropImage(s: State, inode: number): void {
  const image = s.inode.image[inode];
  if (image === 0) return;
  s.inode.image[inode] = 0;
  freeRow(s.image, image);
  post(s, Account.ImageUsed, Account.ImageFree, 1);
}

function u16(e: Event, at: number): number {
  return e.payload[at] | (e.payload[at + 1] << 8);
}

/** Reads a #! line into the image row: interpreter, optional argument; false when it is no use. */
function parseScript(s: State, image: number, e: Event): boolean {
  const end = Math.min(e.payloadLength, SCRIPT_BYTES - 2);
  let at = 2;
  const blank = (c: number) => c === 32 || c === 9;
  while (at < end && blank(e.payload[at])) at++;
  const out = image * SCRIPT_BYTES;
  let n = 0;
  while (at < end && !blank(e.payload[at]) && e.payload[at] !== 10) {
    s.image.script[out + n++] = e.payload[at++];
  }
  if (n === 0) return false;
  n++;
  while (at < end && blank(e.payload[at])) at++;
  const argument = n;
  while (at < end && e.payload[at] !== 10) s.image.script[out + n++] = e.payload[at++];
  while (n > argument && blank(s.image.script[out + n - 1])) s.image.script[out + --n] = 0;
  return true;
}

function readSegment(s: State, image: number, e: Event, at: number): boolean {
  const n = s.image.segments[image];
  if (n >= SEGMENTS) return false;
  const flags = payloadU32(e, at + 4);
  const offset = payloadU64(e, at + 8);
  const address = payloadU64(e, at + 16);
  const file = payloadU64(e, at + 32);
  const memory = payloadU64(e, at + 40);
  if (memory === 0) return true;
  // Linux maps nothing there either: a null pointer must fault.
  const bottom = s.image.relocatable[image] === 1 ? 0 : LOWEST_PAGE * PAGE_BYTES;
  if (address < bottom) return false;
  if (file > memory || address + memory > LOAD_LIMIT || offset > 2 ** 40) return false;
  if (offset % PAGE_BYTES !== address % PAGE_BYTES) return false;
  const to = image * SEGMENTS + n;
  if (n > 0) {
    const before = s.image.segmentAddress[to - 1] + s.image.segmentMemory[to - 1];
    const pageBefore = Math.ceil(before / PAGE_BYTES);
    if (Math.floor(address / PAGE_BYTES) < pageBefore) return false;
  }
  s.image.segmentAddress[to] = address;
  s.image.segmentMemory[to] = memory;
  s.image.segmentFile[to] = file;
  s.image.segmentOffset[to] = offset;
  s.image.segmentProt[to] = ((flags & elf.flagRead) !== 0 ? Prot.Read : 0) |
    ((flags & elf.flagWrite) !== 0 ? Prot.Write : 0) |
    ((flags & elf.flagExecute) !== 0 ? Prot.Execute : 0);
  s.image.segments[image] = n + 1;
  return true;
}

/** Reads the ELF header and program headers into the image row; false when it cannot be run. */
function parseElf(s: State, image: number, e: Event, size: number): boolean {
  if (e.payloadLength < elf.headerBytes) return false;
  if (payloadU32(e, 0) !== elf.magic) return false;
  if (e.payload[4] !== elf.class64 || e.payload[5] !== elf.littleEndian) return false;
  const type = u16(e, 16);
  if (type !== elf.typeExecutable && type !== elf.typeShared) return false;
  if (u16(e, 18) !== elf.machine) return false;
  const entry = payloadU64(e, 24);
  const headers = payloadU64(e, 32);
  const count = u16(e, 56);
  if (u16(e, 54) !== elf.programHeaderBytes || count === 0) return false;
  if (headers + count * elf.programHeaderBytes > e.payloadLength) return false;
  s.image.relocatable[image] = type === elf.typeShared ? 1 : 0;
  s.image.entry[image] = entry;
  s.image.headerCount[image] = count;
  for (let i = 0; i < count; i++) {
    const at = headers + i * elf.programHeaderBytes;
    const kind = payloadU32(e, at);
    // A program that names a dynamic loader cannot run without one.
    if (kind === elf.segmentInterpreter) return false;
    if (kind !== elf.segmentLoad) continue;
    const offset = payloadU64(e, at + 8);
    const file = payloadU64(e, at + 32);
    if (offset + file > size) return false;
    if (!readSegment(s, image, e, at)) return false;
    if (offset <= headers && headers + count * elf.programHeaderBytes <= offset + file) {
      s.image.headerAddress[image] = payloadU64(e, at + 16) + headers - offset;
    }
  }
  return s.image.segments[image] > 0;
}

/**
 * Makes an inode's image from the sampled head of its file.
 *
 * @param size bytes of the whole file
 * @returns the image row, or -Err.Exhausted
 */
export function makeImage(s: State, inode: number, e: Event, size: number): number {
  const image = allocRow(s.image);
  if (image === 0) return -Err.Exhausted;
  post(s, Account.ImageFree, Account.ImageUsed, 1);
  s.image.inode[image] = inode;
  s.inode.image[inode] = image;
  const script = e.payloadLength >= 2 && u16(e, 0) === HASH_BANG;
  s.image.kind[image] = script ? ImageKind.Script : ImageKind.Elf;
  if (script ? !parseScript(s, image, e) : !parseElf(s, image, e, size)) {
    s.image.kind[image] = ImageKind.Bad;
    s.image.error[image] = Err.BadExecutable;
  }
  return image;
}
