import { assert } from "../assert.ts";
import { Err } from "../error.ts";
import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { NAME_PAGES } from "../proc/tables.ts";
import { allocRow, freeRow, freeRows } from "../state/table.ts";
import { NameKind, PAGE_SLOTS } from "./tables.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { NameFree, NamePageFree, NamePageUsed, NameRetired, NameUsed } = Account;
const { Exhausted, NoProcess, TooManyOpen } = Err;
const { Connection, Free, Moving } = NameKind;

/** Name slots a process may have. */
export const NAME_SLOTS = NAME_PAGES * PAGE_SLOTS;
/** Bits of a slot that are its place in its page. */
const PAGE_BITS = 6;
/** Bits of an id that are the slot; the generation lies above them. */
const SLOT_BITS = 12;
/** Ids are below this: positive 31-bit numbers. */
const ID_END = 2 ** 31;
/** Set in connection ids, so that they are never taken for a descriptor. */
export const CONNECTION_BIT = 1 << 30;
/** The same bit where the generation stands. */
const CONNECTION_LIFE = CONNECTION_BIT >>> SLOT_BITS;
/** Most names a slot gives; it is retired then, so an id never comes back. */
export const LAST_LIFE = 0x7ffff;
/** Most names a slot gives to connections, whose ids have a bit less for the generation. */
const LAST_CONNECTION_LIFE = LAST_LIFE >>> 1;

/** Element of the columns of namePage that is a slot of a process. */
function elementOf(s: State, process: number, slot: number): number {
  const page = s.process.namePage[process * NAME_PAGES + (slot >>> PAGE_BITS)];
  return (page << PAGE_BITS) | (slot & (PAGE_SLOTS - 1));
}

/** Takes a slot of a process out of the list of free ones, the one free for longest. */
function takeFree(s: State, process: number): number {
  const head = s.process.nameFreeHead[process];
  const at = elementOf(s, process, head - 1);
  s.process.nameFreeHead[process] = s.namePage.nextFree[at];
  if (s.process.nameFreeHead[process] === 0) s.process.nameFreeTail[process] = 0;
  s.namePage.nextFree[at] = 0;
  return head - 1;
}

/** Puts a slot that names nothing at the end of the free ones, or retires it. */
function giveBack(s: State, process: number, slot: number): void {
  const at = elementOf(s, process, slot);
  if (s.namePage.lives[at] >= LAST_LIFE) {
    s.process.namesRetired[process]++;
    post(s, NameFree, NameRetired, 1);
    return;
  }
  const tail = s.process.nameFreeTail[process];
  if (tail === 0) s.process.nameFreeHead[process] = slot + 1;
  else s.namePage.nextFree[elementOf(s, process, tail - 1)] = slot + 1;
  s.process.nameFreeTail[process] = slot + 1;
}

/** Whether the slot that is free for longest can give another id. */
function hasFree(s: State, process: number, kind: number): boolean {
  const head = s.process.nameFreeHead[process];
  if (head === 0) return false;
  return kind !== Connection ||
    s.namePage.lives[elementOf(s, process, head - 1)] < LAST_CONNECTION_LIFE;
}

/** Id of the name in a slot. */
function idIn(s: State, at: number, slot: number): number {
  const bit = s.namePage.kind[at] === Connection ? CONNECTION_BIT : 0;
  return slot | (s.namePage.lives[at] << SLOT_BITS) | bit;
}

/**
 * Whether a process can have one more name.
 *
 * @param kind a NameKind
 * @returns 0; -Err.TooManyOpen at the process's quota, -Err.Exhausted without a page of slots,
 * -Err.NoProcess once the process loses its names
 */
export function mayBind(s: State, process: number, kind: number): number {
  if (s.process.namesClosing[process] !== 0) return -NoProcess;
  if (hasFree(s, process, kind)) return 0;
  const next = s.process.nameSlots[process];
  if (next === NAME_SLOTS) return -TooManyOpen;
  if (next % PAGE_SLOTS === 0 && freeRows(s.namePage) === 0) return -Exhausted;
  return 0;
}

/**
 * Whether a process can have some more names, at most PAGE_SLOTS.
 *
 * @param connections which of them are connections, a bit each in the order they are bound in
 * @returns 0 or the error of `mayBind`
 */
export function mayBindMany(
  s: State,
  process: number,
  names: number,
  connections: number,
): number {
  if (s.process.namesClosing[process] !== 0) return -NoProcess;
  let free = s.process.nameFreeHead[process];
  let fresh = 0;
  for (let i = 0; i < names; i++) {
    const at = free === 0 ? -1 : elementOf(s, process, free - 1);
    const connection = (connections >>> i & 1) !== 0;
    if (at < 0 || (connection && s.namePage.lives[at] >= LAST_CONNECTION_LIFE)) fresh++;
    else free = s.namePage.nextFree[at];
  }
  const next = s.process.nameSlots[process];
  if (fresh > NAME_SLOTS - next) return -TooManyOpen;
  const left = (PAGE_SLOTS - next % PAGE_SLOTS) % PAGE_SLOTS;
  return freeRows(s.namePage) === 0 && fresh > left ? -Exhausted : 0;
}

/** The next slot no name was ever in, with its page. */
function takeNew(s: State, process: number): number {
  const slot = s.process.nameSlots[process]++;
  if (slot % PAGE_SLOTS !== 0) return slot;
  const page = allocRow(s.namePage);
  assert(page !== 0, "a page of name slots was there before one was taken");
  post(s, NamePageFree, NamePageUsed, 1);
  s.namePage.process[page] = process;
  s.process.namePage[process * NAME_PAGES + s.process.namePages[process]++] = page;
  return slot;
}

/**
 * Gives something a name in a process's namespace.
 *
 * @param kind a NameKind
 * @param target row it stands for
 * @param generation generation of that row
 * @returns the id, a positive number of at least 4,096, or the error of `mayBind`
 */
export function bindName(
  s: State,
  process: number,
  kind: number,
  target: number,
  generation: number,
): number {
  const refused = mayBind(s, process, kind);
  if (refused < 0) return refused;
  // From here on it must succeed.
  const slot = hasFree(s, process, kind) ? takeFree(s, process) : takeNew(s, process);
  const at = elementOf(s, process, slot);
  s.namePage.kind[at] = kind;
  s.namePage.target[at] = target;
  s.namePage.targetGeneration[at] = generation;
  s.namePage.lives[at]++;
  s.process.names[process]++;
  post(s, NameFree, NameUsed, 1);
  return idIn(s, at, slot);
}

/** Whether any namespace could have given a number as an id. */
export function isId(id: number): boolean {
  return id > 0 && id < ID_END;
}

/** Element of a name that a process has, by its id; -1 when it has none of that id. */
function find(s: State, process: number, id: number): number {
  const slot = id & (NAME_SLOTS - 1);
  if (!isId(id) || slot >= s.process.nameSlots[process]) return -1;
  const names = s.namePage;
  const at = elementOf(s, process, slot);
  const kind = names.kind[at];
  const bit = kind === Connection ? CONNECTION_LIFE : 0;
  return kind !== Free && id >>> SLOT_BITS === (names.lives[at] | bit) ? at : -1;
}

/**
 * Finds what an id stands for, in constant time.
 *
 * @param id as a user gave it, any 64-bit value
 * @param kind the NameKind it must be
 * @returns the row, or 0 when the process has no such name: never given, given back, another kind
 */
export function lookupName(s: State, process: number, id: number, kind: number): number {
  const at = find(s, process, id);
  return at < 0 || s.namePage.kind[at] !== kind ? 0 : s.namePage.target[at];
}

/**
 * As `lookupName`, for an id that may be a connection's or any other capability's.
 *
 * @returns the node, or 0
 */
export function lookupNamedNode(s: State, process: number, id: number): number {
  const at = find(s, process, id);
  return at < 0 || s.namePage.kind[at] === Moving ? 0 : s.namePage.target[at];
}

/** Whether an id named something in this process once and does no more. */
export function wasName(s: State, process: number, id: number): boolean {
  const slot = id & (NAME_SLOTS - 1);
  if (!isId(id) || slot >= s.process.nameSlots[process]) return false;
  const at = elementOf(s, process, slot);
  const life = (id >>> SLOT_BITS) & LAST_LIFE;
  if (life === 0 || life > s.namePage.lives[at]) return false;
  return s.namePage.kind[at] === Moving || find(s, process, id) < 0;
}

/** Frees the name in a slot of a process; nothing stands for it any more. */
export function freeSlot(s: State, process: number, slot: number): void {
  const at = elementOf(s, process, slot);
  assert(s.namePage.kind[at] !== Free, "a name is freed once");
  s.namePage.kind[at] = Free;
  s.namePage.target[at] = 0;
  s.namePage.targetGeneration[at] = 0;
  s.process.names[process]--;
  post(s, NameUsed, NameFree, 1);
  // While the process loses all its names no slot is used again.
  if (s.process.namesClosing[process] === 0) giveBack(s, process, slot);
}

/** Frees a name by its id. */
export function freeName(s: State, process: number, id: number): void {
  assert(find(s, process, id) >= 0, "a name that is freed is there");
  freeSlot(s, process, id & (NAME_SLOTS - 1));
}

/** Keeps the name in a slot of a process while a message carries its node, or brings it back. */
export function setSlotKind(s: State, process: number, slot: number, kind: number): void {
  s.namePage.kind[elementOf(s, process, slot)] = kind;
}

/** The slot of an id, for whoever keeps it to free it later with `freeSlot`. */
export function slotOf(id: number): number {
  return id & (NAME_SLOTS - 1);
}

/** The id of the name in a slot of a process. */
export function idInSlot(s: State, process: number, slot: number): number {
  return idIn(s, elementOf(s, process, slot), slot);
}

/** NameKind of the name in a slot; Free when it names nothing. */
export function kindInSlot(s: State, process: number, slot: number): number {
  return s.namePage.kind[elementOf(s, process, slot)];
}

/** Row the name in a slot stands for. */
export function targetInSlot(s: State, process: number, slot: number): number {
  return s.namePage.target[elementOf(s, process, slot)];
}

/**
 * Begins to take all names from a process: no slot is used again, no new name is given.
 */
export function beginClosingNames(s: State, process: number): void {
  s.process.namesClosing[process] = 1;
  s.process.nameFreeHead[process] = 0;
  s.process.nameFreeTail[process] = 0;
}

/** Gives back the highest page of slots, all of whose names are freed. */
export function freeLastPage(s: State, process: number): void {
  const p = s.process;
  const at = process * NAME_PAGES + --p.namePages[process];
  const page = p.namePage[at];
  for (let n = page * PAGE_SLOTS; n < (page + 1) * PAGE_SLOTS; n++) {
    assert(s.namePage.kind[n] === Free, "a page of names is freed when they are");
  }
  p.namePage[at] = 0;
  p.nameSlots[process] = Math.min(p.nameSlots[process], p.namePages[process] * PAGE_SLOTS);
  freeRow(s.namePage, page);
  post(s, NamePageUsed, NamePageFree, 1);
}

/** Ends the closing of a namespace that has no page left: it is as that of a new process. */
export function endClosingNames(s: State, process: number): void {
  assert(s.process.namePages[process] === 0, "a namespace is closed when its pages are gone");
  post(s, NameRetired, NameFree, s.process.namesRetired[process]);
  s.process.namesRetired[process] = 0;
  s.process.namesClosing[process] = 0;
}
