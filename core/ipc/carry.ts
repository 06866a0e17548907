import { mayDelegate } from "../cap/delegate.ts";
import { freeDescriptors, nameFile } from "../cap/descriptor.ts";
import { releaseKept } from "../cap/flight.ts";
import { mayBindMany, setSlotKind } from "../cap/namespace.ts";
import { lookupToken, nameKindOf, nameNode } from "../cap/naming.ts";
import { deleteNode, flyNode, landNode, siblingNode } from "../cap/node.ts";
import { CapKind, NameKind } from "../cap/tables.ts";
import { checkToken } from "../cap/token.ts";
import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import type { Event } from "../event.ts";
import type { State } from "../kernel.ts";
import { DESCRIPTORS } from "../proc/tables.ts";
import { clearCall } from "../sched/call.ts";
import { freeRows } from "../state/table.ts";
import { CARRIED } from "./tables.ts";
import { capabilitiesOf, CAPABILITY_REGISTER, movedOf } from "./tag.ts";

/** Argument of a call with capabilities that names the first of them. */
const FIRST = 2;

// The room that capabilities take, as a number: open files, which become descriptors, in bits 0 to
// 2; other names in bits 3 to 5; which of these are connections, a bit each, from bit 6 on.
const FILE = 1;
const NAME = 1 << 3;
const CONNECTION = 1 << 6;

function filesIn(room: number): number {
  return room & 7;
}

function namesIn(room: number): number {
  return (room >>> 3) & 7;
}

/** The room that some capabilities and one more, of a CapKind, take. */
function withOne(room: number, kind: number): number {
  if (kind === CapKind.OpenFile) return room + FILE;
  return room + NAME + (kind === CapKind.Connection ? CONNECTION << namesIn(room) : 0);
}

/** Whether a process has room for open files as descriptors and for other names. */
function hasRoom(s: State, process: number, room: number): boolean {
  return filesIn(room) <= freeDescriptors(s, process) &&
    mayBindMany(s, process, namesIn(room), room >>> 6) === 0;
}

/**
 * Whether the capabilities that a call names may go to a process.
 *
 * @param e event of a call whose arguments from the third on are tokens
 * @param tag low word of its tag
 * @param target process that is to get them
 * @returns 0; the error of `checkToken`; -Err.FewerRights without Grant, -Err.Revoked; for one that
 * is moved -Err.WrongKind for a descriptor and -Err.Invalid when it is named twice; -Err.Again
 * without nodes for copies; -Err.NoSpace when the target has no room for them
 */
export function mayCarry(s: State, e: Event, thread: number, tag: number, target: number): number {
  const process = s.thread.process[thread];
  const count = capabilitiesOf(tag);
  let room = 0;
  let copies = 0;
  for (let i = 0; i < count; i++) {
    const token = e.argument(FIRST + i);
    const node = checkToken(s, process, token, 0, 0);
    if (node < 0) return node;
    const refused = mayDelegate(s, node);
    if (refused < 0) return refused;
    room = withOne(room, s.capNode.kind[node]);
    if ((movedOf(tag) >>> i & 1) === 0) {
      copies++;
      continue;
    }
    if (s.capNode.slot[node] <= DESCRIPTORS) return -Err.WrongKind;
    for (let j = 0; j < count; j++) {
      if (j !== i && e.argument(FIRST + j) === token) return -Err.Invalid;
    }
  }
  if (freeRows(s.capNode) < copies) return -Err.Again;
  return hasRoom(s, target, room) ? 0 : -Err.NoSpace;
}

/**
 * Puts the capabilities that a call names, which `mayCarry`, in flight with a message: copies, and
 * those that are moved, whose names stay taken and mean nothing until the message is received or
 * fails.
 */
export function carry(s: State, e: Event, tag: number, message: number): void {
  const process = s.thread.process[s.message.thread[message]];
  const count = capabilitiesOf(tag);
  for (let i = 0; i < count; i++) {
    const node = lookupToken(s, process, e.argument(FIRST + i));
    const moved = (movedOf(tag) >>> i & 1) !== 0;
    const flying = moved ? node : siblingNode(s, node, process);
    if (moved) setSlotKind(s, process, s.capNode.slot[node] - DESCRIPTORS - 1, NameKind.Moving);
    flyNode(s, flying, message);
    s.message.capability[CARRIED * message + i] = flying;
  }
  s.message.carried[message] = count;
}

/** Whether a process has room for the capabilities that a message carries. */
export function mayLand(s: State, message: number, process: number): boolean {
  const { carried, capability } = s.message;
  let room = 0;
  for (let i = 0; i < carried[message]; i++) {
    const node = capability[CARRIED * message + i];
    if (node !== 0) room = withOne(room, s.capNode.kind[node]);
  }
  return hasRoom(s, process, room);
}

/**
 * Hands the capabilities that a message carries to the process of a thread, which has room for
 * them, and their names to its registers t3 to t6: 0 for one that was revoked on the way.
 */
export function land(s: State, fx: Effects, message: number, receiver: number): void {
  const process = s.thread.process[receiver];
  const { carried, capability } = s.message;
  for (let i = 0; i < carried[message]; i++) {
    const node = capability[CARRIED * message + i];
    capability[CARRIED * message + i] = 0;
    let token = 0;
    if (node !== 0) {
      releaseKept(s, node);
      landNode(s, node, process);
      const file = s.capNode.kind[node] === CapKind.OpenFile;
      token = file ? nameFile(s, process, node) : nameNode(s, process, node);
    }
    fx.setRegister(receiver, CAPABILITY_REGISTER + i, token);
  }
  carried[message] = 0;
}

/**
 * Ends the flight of the capabilities of a message that nobody receives: copies go, and what was
 * moved is its sender's again by the name it had. At most CARRIED of them.
 */
export function giveBack(s: State, fx: Effects, hart: number, message: number): void {
  const { carried, capability } = s.message;
  const process = s.thread.process[s.message.thread[message]];
  for (let i = 0; i < carried[message]; i++) {
    const node = capability[CARRIED * message + i];
    capability[CARRIED * message + i] = 0;
    if (node === 0) continue;
    const slot = s.capNode.slot[node] - DESCRIPTORS - 1;
    if (slot < 0) {
      deleteNode(s, fx, hart, node);
      continue;
    }
    landNode(s, node, process);
    setSlotKind(s, process, slot, nameKindOf(s, node));
  }
  carried[message] = 0;
}

/** As `giveBack`, for whatever the call of a thread was sending when it ends. */
export function giveBackOf(s: State, fx: Effects, hart: number, thread: number): void {
  const message = s.thread.message[thread];
  if (message !== 0 && s.message.carried[message] !== 0) giveBack(s, fx, hart, message);
}

/** Ends the call a thread has in progress without a result: it does something else next. */
export function leaveCall(s: State, fx: Effects, hart: number, thread: number): void {
  giveBackOf(s, fx, hart, thread);
  clearCall(s, thread);
}
