import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { PageTableLayout, Pte, RAM_BASE_PAGE } from "../isa/riscv64.ts";
import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { freeRows } from "../state/table.ts";
import {
  allocFrame,
  dropPageTable,
  frameOfPfn,
  framesAvailable,
  holdFrame,
  retireFrame,
} from "./frame.ts";
import { FrameRole, Prot } from "./tables.ts";

/** PTEs of a page-table page. */
export const ENTRIES = PageTableLayout.entries;
const INDEX_BITS = PageTableLayout.indexBits;
const SHIFT = PageTableLayout.pageNumberShift;
const ROOT_LEVEL = PageTableLayout.levels - 1;
const LEAF = Pte.Read | Pte.Write | Pte.Execute;
/** Words of a table's bits of present entries. */
const PRESENT_WORDS = ENTRIES / 32;

/** Position in `entries` of a PTE's low word. */
function wordOf(row: number, index: number): number {
  return (row * ENTRIES + index) * 2;
}

function indexAt(page: number, level: number): number {
  return (page >>> (INDEX_BITS * level)) & (ENTRIES - 1);
}

/** The frame a valid PTE names. */
function frameAt(s: State, word: number): number {
  const lo = s.pageTable.entries[word];
  const hi = s.pageTable.entries[word + 1];
  // A page number has at most 25 bits here: the low word's 22, and a few of the high one.
  return frameOfPfn(s, ((hi << (32 - SHIFT)) | (lo >>> SHIFT)) - RAM_BASE_PAGE);
}

function store(s: State, word: number, frame: number, flags: number): void {
  const page = s.frame.pfn[frame] + RAM_BASE_PAGE;
  s.pageTable.entries[word] = ((page << SHIFT) >>> 0) | flags;
  s.pageTable.entries[word + 1] = page >>> (32 - SHIFT);
}

/** Counts an entry that became valid. */
function mark(s: State, row: number, index: number): void {
  s.pageTable.used[row]++;
  s.pageTable.present[row * PRESENT_WORDS + (index >>> 5)] |= 1 << (index & 31);
}

/** Counts an entry that is absent again. */
function unmark(s: State, row: number, index: number): void {
  s.pageTable.used[row]--;
  s.pageTable.present[row * PRESENT_WORDS + (index >>> 5)] &= ~(1 << (index & 31));
}

/**
 * The first valid entry of a table from `index` on, or ENTRIES. Most tables hold few entries: their
 * bits lie in one line of the cache, the entries in 64.
 */
function nextEntry(s: State, row: number, index: number): number {
  const base = row * PRESENT_WORDS;
  let mask = -1 << (index & 31);
  for (let word = index >>> 5; word < PRESENT_WORDS; word++) {
    const bits = s.pageTable.present[base + word] & mask;
    if (bits !== 0) return word * 32 + 31 - Math.clz32(bits & -bits);
    mask = -1;
  }
  return ENTRIES;
}

/** The row of the table below an entry, or 0 when the entry is absent. */
function below(s: State, row: number, index: number): number {
  const word = wordOf(row, index);
  if ((s.pageTable.entries[word] & Pte.Valid) === 0) return 0;
  return s.frame.pageTable[frameAt(s, word)];
}

function rootTable(s: State, space: number): number {
  return s.frame.pageTable[s.addressSpace.root[space]];
}

/**
 * The PTE bits of a leaf: accessed and dirty are preset, for the kernel tracks neither. A page that
 * allows nothing keeps a valid PTE without U, for a PTE without R, W and X would name a table.
 *
 * @param prot Prot bits of its region
 * @param writable whether stores may go to this frame now
 */
export function leafFlags(prot: number, writable: boolean): number {
  if (prot === 0) return Pte.Valid | Pte.Read | Pte.Accessed;
  let flags = Pte.Valid | Pte.User | Pte.Accessed;
  if ((prot & (Prot.Read | Prot.Write)) !== 0) flags |= Pte.Read;
  if ((prot & Prot.Execute) !== 0) flags |= Pte.Execute;
  if (writable && (prot & Prot.Write) !== 0) flags |= Pte.Write | Pte.Dirty;
  return flags;
}

/** The leaf table that covers a page, or 0. */
export function leafTable(s: State, space: number, page: number): number {
  let row = rootTable(s, space);
  for (let level = ROOT_LEVEL; level > 0; level--) {
    row = below(s, row, indexAt(page, level));
    if (row === 0) return 0;
  }
  return row;
}

/** Flags of a page's PTE, 0 when absent. `table` is its leaf table, or 0. */
export function leafOf(s: State, table: number, page: number): number {
  if (table === 0) return 0;
  return s.pageTable.entries[wordOf(table, indexAt(page, 0))] & ((1 << SHIFT) - 1);
}

/** The frame a present page's PTE names. */
export function leafFrame(s: State, table: number, page: number): number {
  return frameAt(s, wordOf(table, indexAt(page, 0)));
}

/** Page-table pages that mapping a page still needs. */
export function tablesNeeded(s: State, space: number, page: number): number {
  let row = rootTable(s, space);
  for (let level = ROOT_LEVEL; level > 0; level--) {
    row = below(s, row, indexAt(page, level));
    if (row === 0) return level;
  }
  return 0;
}

/**
 * Whether a page can be mapped now.
 *
 * @param frames frames wanted beside the page tables
 */
export function canMap(s: State, space: number, page: number, frames: number): boolean {
  const tables = tablesNeeded(s, space, page);
  return framesAvailable(s) >= tables + frames && freeRows(s.pageTable) >= tables;
}

/** Takes a frame for a page-table page; the caller has asked for room. */
export function makeTable(s: State, fx: Effects): number {
  const frame = allocFrame(s, fx, FrameRole.PageTable);
  assert(frame !== 0, "frames were counted before a page table is made");
  post(s, Account.FrameFree, Account.FramePageTable, 1);
  post(s, Account.PageTableFree, Account.PageTableUsed, 1);
  return frame;
}

/** Lets a page-table page go that nothing names any more. */
export function freeTable(s: State, fx: Effects, frame: number): void {
  dropPageTable(s, fx, frame);
  post(s, Account.PageTableUsed, Account.PageTableFree, 1);
  retireFrame(s, frame);
}

/** The leaf table that covers a page, made with those above it; the caller has asked `canMap`. */
export function ensureTable(s: State, fx: Effects, space: number, page: number): number {
  let row = rootTable(s, space);
  for (let level = ROOT_LEVEL; level > 0; level--) {
    const index = indexAt(page, level);
    let next = below(s, row, index);
    if (next === 0) {
      const frame = makeTable(s, fx);
      store(s, wordOf(row, index), frame, Pte.Valid);
      mark(s, row, index);
      s.addressSpace.tables[space]++;
      next = s.frame.pageTable[frame];
    }
    row = next;
  }
  return row;
}

/** Maps an absent page and counts the reference. */
export function setLeaf(
  s: State,
  space: number,
  table: number,
  page: number,
  frame: number,
  flags: number,
): void {
  assert((flags & LEAF) !== 0, "a leaf PTE allows something");
  const index = indexAt(page, 0);
  const word = wordOf(table, index);
  assert((s.pageTable.entries[word] & Pte.Valid) === 0, "a page is mapped where none is");
  store(s, word, frame, flags);
  holdFrame(s, frame);
  mark(s, table, index);
  s.addressSpace.resident[space]++;
}

/** Changes the flags of a present page. */
export function changeLeaf(s: State, table: number, page: number, flags: number): void {
  const word = wordOf(table, indexAt(page, 0));
  s.pageTable.entries[word] = (s.pageTable.entries[word] & -(1 << SHIFT)) | flags;
}

/**
 * Unmaps a present page.
 *
 * @returns its frame, whose reference the caller now has to give back
 */
export function clearLeaf(s: State, space: number, table: number, page: number): number {
  const index = indexAt(page, 0);
  const word = wordOf(table, index);
  const frame = frameAt(s, word);
  s.pageTable.entries[word] = 0;
  s.pageTable.entries[word + 1] = 0;
  unmark(s, table, index);
  s.addressSpace.resident[space]--;
  return frame;
}

/** First present page from `page` on and below `end`, or `end`; what is absent is skipped whole. */
export function nextPresent(s: State, space: number, page: number, end: number): number {
  const root = rootTable(s, space);
  while (page < end) {
    const top = nextEntry(s, root, indexAt(page, 2));
    if (top === ENTRIES) return end;
    if (top !== indexAt(page, 2)) page = top << (2 * INDEX_BITS);
    const middle = below(s, root, top);
    const index = nextEntry(s, middle, indexAt(page, 1));
    const begin = ((top << INDEX_BITS) + index) << INDEX_BITS;
    if (begin > page) page = begin;
    // Past the last entry of the middle table `page` is in the next one.
    if (index === ENTRIES) continue;
    const leaf = nextEntry(s, below(s, middle, index), indexAt(page, 0));
    page = begin + leaf;
    if (leaf !== ENTRIES) return Math.min(page, end);
  }
  return end;
}

/** First present page behind one whose leaf table is known, and below `end`; else `end`. */
export function nextAfter(
  s: State,
  space: number,
  table: number,
  page: number,
  end: number,
): number {
  const begin = page & -ENTRIES;
  const leaf = nextEntry(s, table, indexAt(page, 0) + 1);
  if (leaf !== ENTRIES) return Math.min(begin + leaf, end);
  return nextPresent(s, space, begin + ENTRIES, end);
}

/** Frees the tables that cover a page as far as they are empty; the root stays. */
export function pruneTables(s: State, fx: Effects, space: number, page: number): void {
  const root = rootTable(s, space);
  const middle = below(s, root, indexAt(page, 2));
  if (middle === 0) return;
  const leaf = below(s, middle, indexAt(page, 1));
  if (leaf !== 0) {
    if (s.pageTable.used[leaf] !== 0) return;
    unlinkTable(s, fx, space, middle, indexAt(page, 1), leaf);
  }
  if (s.pageTable.used[middle] === 0) unlinkTable(s, fx, space, root, indexAt(page, 2), middle);
}

function unlinkTable(
  s: State,
  fx: Effects,
  space: number,
  parent: number,
  index: number,
  row: number,
): void {
  const word = wordOf(parent, index);
  s.pageTable.entries[word] = 0;
  s.pageTable.entries[word + 1] = 0;
  unmark(s, parent, index);
  s.addressSpace.tables[space]--;
  freeTable(s, fx, s.pageTable.frame[row]);
}

/**
 * Finds a page whose tables exist, the lowest there is, present or not: where teardown goes on.
 *
 * @returns a page of that leaf table, or -1 when only the root is left
 */
export function firstTablePage(s: State, space: number): number {
  const root = rootTable(s, space);
  const top = nextEntry(s, root, 0);
  if (top === ENTRIES) return -1;
  const index = nextEntry(s, below(s, root, top), 0);
  return ((top << INDEX_BITS) + (index === ENTRIES ? 0 : index)) << INDEX_BITS;
}
