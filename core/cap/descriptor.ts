import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { DESCRIPTORS } from "../proc/tables.ts";
import { freeRows, isCurrent } from "../state/table.ts";
import { OpenFlag } from "../fs/tables.ts";
import { createNode, deleteNode, siblingNode } from "./node.ts";
import { CapKind, Right } from "./tables.ts";

/** Descriptor flag: closed by exec. */
export const CLOSE_ON_EXEC = 1;

/**
 * Finds the capability node a descriptor names.
 *
 * @returns the node, or 0 when the number names none
 */
export function lookupNode(s: State, process: number, fd: number): number {
  if (fd < 0 || fd >= DESCRIPTORS) return 0;
  const at = process * DESCRIPTORS + fd;
  const node = s.process.descriptor[at];
  return isCurrent(s.capNode, node, s.process.descriptorGeneration[at]) ? node : 0;
}

/**
 * Finds the open file of a descriptor.
 *
 * @param rights Right bits the caller needs; 0 for none
 * @returns the open file row, or -Err.BadDescriptor
 */
export function lookupFile(s: State, process: number, fd: number, rights: number): number {
  const node = lookupNode(s, process, fd);
  if (node === 0 || (s.capNode.rights[node] & rights) !== rights) return -Err.BadDescriptor;
  return s.capNode.object[node];
}

/** Rights a node for an open file gets, by what the file was opened for. */
export function rightsOf(openFlags: number): number {
  let rights = Right.Map | Right.Grant;
  if ((openFlags & OpenFlag.Read) !== 0) rights |= Right.Read;
  if ((openFlags & OpenFlag.Write) !== 0) rights |= Right.Write;
  return rights;
}

/**
 * Finds the lowest closed descriptor.
 *
 * @param least no number below it is taken
 * @returns the number, or -Err.TooManyOpen
 */
export function lowestFree(s: State, process: number, least: number): number {
  const column = s.process.descriptor;
  for (let fd = least; fd < DESCRIPTORS; fd++) {
    if (column[process * DESCRIPTORS + fd] === 0) return fd;
  }
  return -Err.TooManyOpen;
}

/** Lets a descriptor that is closed name a node. */
function bind(s: State, process: number, fd: number, node: number, flags: number): void {
  const at = process * DESCRIPTORS + fd;
  assert(s.process.descriptor[at] === 0, "a descriptor is bound while closed");
  s.process.descriptor[at] = node;
  s.process.descriptorGeneration[at] = s.capNode.$generation[node];
  s.process.descriptorFlags[at] = flags;
  s.process.descriptors[process]++;
  s.capNode.slot[node] = fd + 1;
  post(s, Account.DescriptorFree, Account.DescriptorUsed, 1);
}

/** Closes a descriptor's number; its node is the caller's. */
export function unbind(s: State, process: number, fd: number): void {
  const at = process * DESCRIPTORS + fd;
  s.process.descriptor[at] = 0;
  s.process.descriptorGeneration[at] = 0;
  s.process.descriptorFlags[at] = 0;
  s.process.descriptors[process]--;
  post(s, Account.DescriptorUsed, Account.DescriptorFree, 1);
}

/**
 * Gives a process a descriptor for an open file that nothing names yet.
 *
 * @param flags CLOSE_ON_EXEC or 0
 * @returns the lowest closed descriptor, -Err.TooManyOpen or -Err.TooManyOpenSystem; on an error
 * the open file is as before
 */
export function install(s: State, process: number, file: number, flags: number): number {
  const fd = lowestFree(s, process, 0);
  if (fd < 0) return fd;
  const node = createNode(s, process, CapKind.OpenFile, file, rightsOf(s.openFile.flags[file]));
  if (node === 0) return -Err.TooManyOpenSystem;
  bind(s, process, fd, node, flags);
  return fd;
}

/** Descriptors that files a message brings can have: 0 is none of them. */
export function freeDescriptors(s: State, process: number): number {
  const zero = s.process.descriptor[process * DESCRIPTORS] === 0 ? 1 : 0;
  return DESCRIPTORS - s.process.descriptors[process] - zero;
}

/**
 * Gives an open file that a message has brought, a node of the process, a descriptor that exec
 * closes, as it takes all else that messages bring; the caller has asked `freeDescriptors`.
 *
 * @returns the lowest closed descriptor above 0
 */
export function nameFile(s: State, process: number, node: number): number {
  const fd = lowestFree(s, process, 1);
  bind(s, process, fd, node, CLOSE_ON_EXEC);
  return fd;
}

/**
 * Closes a descriptor.
 *
 * @returns 0 or -Err.BadDescriptor
 */
export function close(s: State, fx: Effects, h: number, process: number, fd: number): number {
  const node = lookupNode(s, process, fd);
  if (node === 0) return -Err.BadDescriptor;
  // From here on it must succeed.
  unbind(s, process, fd);
  deleteNode(s, fx, h, node);
  return 0;
}

/**
 * Duplicates a descriptor at the lowest closed number.
 *
 * @param least no number below it is taken
 * @param flags CLOSE_ON_EXEC or 0, of the new descriptor
 * @returns the new descriptor, -Err.BadDescriptor, -Err.TooManyOpen or -Err.TooManyOpenSystem
 */
export function dup(
  s: State,
  process: number,
  fd: number,
  least: number,
  flags: number,
): number {
  const node = lookupNode(s, process, fd);
  if (node === 0) return -Err.BadDescriptor;
  const made = lowestFree(s, process, least);
  if (made < 0) return made;
  const copy = siblingNode(s, node, process);
  if (copy === 0) return -Err.TooManyOpenSystem;
  bind(s, process, made, copy, flags);
  return made;
}

/**
 * Duplicates a descriptor onto a number, closing what that named.
 *
 * @returns the number, -Err.BadDescriptor, -Err.Invalid when both are equal, or
 * -Err.TooManyOpenSystem
 */
export function dupOnto(
  s: State,
  fx: Effects,
  h: number,
  process: number,
  from: number,
  to: number,
  flags: number,
): number {
  const node = lookupNode(s, process, from);
  if (node === 0) return -Err.BadDescriptor;
  if (from === to) return -Err.Invalid;
  if (to < 0 || to >= DESCRIPTORS) return -Err.BadDescriptor;
  const copy = siblingNode(s, node, process);
  if (copy === 0) return -Err.TooManyOpenSystem;
  // From here on it must succeed.
  close(s, fx, h, process, to);
  bind(s, process, to, copy, flags);
  return to;
}

/**
 * Gives a new process a sibling of every descriptor of another, at the same numbers.
 *
 * @returns 0, or -Err.TooManyOpenSystem with nothing done
 */
export function forkDescriptors(s: State, fx: Effects, from: number, to: number): number {
  const wanted = s.process.descriptors[from];
  if (freeRows(s.capNode) < wanted) return -Err.TooManyOpenSystem;
  // From here on it must succeed.
  let left = wanted;
  for (let fd = 0; fd < DESCRIPTORS && left > 0; fd++) {
    const at = from * DESCRIPTORS + fd;
    const node = s.process.descriptor[at];
    if (node === 0) continue;
    left--;
    const copy = siblingNode(s, node, to);
    assert(copy !== 0, "capability nodes were counted before forking descriptors");
    bind(s, to, fd, copy, s.process.descriptorFlags[at]);
  }
  fx.charge(wanted);
  return 0;
}

/** Closes what is marked close-on-exec. At most DESCRIPTORS units of work. */
export function closeOnExec(s: State, fx: Effects, h: number, process: number): void {
  for (let fd = 0; fd < DESCRIPTORS; fd++) {
    if ((s.process.descriptorFlags[process * DESCRIPTORS + fd] & CLOSE_ON_EXEC) !== 0) {
      close(s, fx, h, process, fd);
    }
  }
}

/** Closes every descriptor, for exit. At most DESCRIPTORS units of work. */
export function closeAll(s: State, fx: Effects, h: number, process: number): void {
  let closed = 0;
  for (let fd = 0; fd < DESCRIPTORS && s.process.descriptors[process] > 0; fd++) {
    if (close(s, fx, h, process, fd) === 0) closed++;
  }
  fx.charge(closed);
}

/** Marks an open descriptor to be closed by exec, or takes the mark away. */
export function setCloseOnExec(s: State, process: number, fd: number, on: boolean): void {
  s.process.descriptorFlags[process * DESCRIPTORS + fd] = on ? CLOSE_ON_EXEC : 0;
}
