import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import type { State } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import { DESCRIPTORS } from "../proc/tables.ts";
import { lookupNode, unbind } from "./descriptor.ts";
import { forgetCarrier } from "./flight.ts";
import {
  beginClosingNames,
  bindName,
  endClosingNames,
  freeLastPage,
  freeSlot,
  kindInSlot,
  lookupNamedNode,
  slotOf,
  targetInSlot,
} from "./namespace.ts";
import { deleteNode } from "./node.ts";
import { CapKind, NameKind, NodeFlag, PAGE_SLOTS } from "./tables.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { Connection: capKindConnection } = CapKind;
const { Connection: nameKindConnection, Free, Moving, Node } = NameKind;

/**
 * Finds the node a token names: a descriptor below DESCRIPTORS, else a native name.
 *
 * @param id as a user gave it, any 64-bit value
 * @returns the node, or 0 when the number names none
 */
export function lookupToken(s: State, process: number, id: number): number {
  if (id < DESCRIPTORS) return lookupNode(s, process, id);
  return lookupNamedNode(s, process, id);
}

/** The NameKind of a node's native name. */
export function nameKindOf(s: State, node: number): number {
  return s.capNode.kind[node] === capKindConnection ? nameKindConnection : Node;
}

/**
 * Gives a node of a process a native name.
 *
 * @returns the id, or the error of `mayBind`
 */
export function nameNode(s: State, process: number, node: number): number {
  const id = bindName(s, process, nameKindOf(s, node), node, s.capNode.$generation[node]);
  if (id > 0) s.capNode.slot[node] = DESCRIPTORS + slotOf(id) + 1;
  return id;
}

/** Takes the name of a node away, or takes it out of what carries it. */
export function unnameNode(s: State, node: number): void {
  const c = s.capNode;
  if ((c.flags[node] & NodeFlag.InFlight) !== 0) return forgetCarrier(s, node);
  const slot = c.slot[node];
  c.slot[node] = 0;
  if (slot > DESCRIPTORS) freeSlot(s, c.space[node], slot - DESCRIPTORS - 1);
  else if (slot > 0) unbind(s, c.space[node], slot - 1);
}

/**
 * Takes a capability away: its name and its node; what was derived from it goes up a level.
 *
 * @returns the nearest node above it that is left, or 0
 */
export function dropCapability(s: State, fx: Effects, hart: number, node: number): number {
  unnameNode(s, node);
  return deleteNode(s, fx, hart, node);
}

function dropNamed(s: State, fx: Effects, hart: number, process: number, slot: number): void {
  const kind = kindInSlot(s, process, slot);
  if (kind === Free) return;
  const target = targetInSlot(s, process, slot);
  assert(kind !== Moving, "no message is on its way when its sender's names go");
  dropCapability(s, fx, hart, target);
}

/**
 * Takes all native names from a process, for exec and exit, at most UNITS slots a call; descriptors
 * stay. Until it is done the process gets no new ones.
 *
 * @returns 1 when none is left, 0 when there is more to do
 */
export function closeNames(s: State, fx: Effects, hart: number, process: number): number {
  const p = s.process;
  if (p.namePages[process] === 0) {
    if (p.namesClosing[process] !== 0) endClosingNames(s, process);
    return 1;
  }
  beginClosingNames(s, process);
  let slots = UNITS;
  while (slots > 0 && p.namePages[process] > 0) {
    const first = (p.namePages[process] - 1) * PAGE_SLOTS;
    const end = p.nameSlots[process];
    const from = Math.max(first, end - slots);
    for (let slot = end - 1; slot >= from; slot--) dropNamed(s, fx, hart, process, slot);
    slots -= Math.max(1, end - from);
    p.nameSlots[process] = from;
    if (from === first) freeLastPage(s, process);
  }
  fx.charge(UNITS - Math.max(0, slots));
  if (p.namePages[process] !== 0) return 0;
  endClosingNames(s, process);
  return 1;
}
