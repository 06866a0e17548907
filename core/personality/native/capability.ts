import { copyTo, derive, grantOriginal, mayReceive, moveTo } from "../../cap/delegate.ts";
import { dropCapability } from "../../cap/naming.ts";
import { finishRevocation, isRevocationDone, revoke } from "../../cap/revoke.ts";
import { CapKind, Right } from "../../cap/tables.ts";
import { checkToken, findToken } from "../../cap/token.ts";
import type { Effects } from "../../effect.ts";
import { Err } from "../../error.ts";
import type { Event } from "../../event.ts";
import { type State } from "../../kernel.ts";
import { findProcess } from "../../proc/process.ts";
import { isRoot } from "../../proc/root.ts";
import { spawn } from "../../proc/spawn.ts";
import { KNOWN_SLOTS, ProcessState } from "../../proc/tables.ts";

const BADGE = 2 ** 16;
const RIGHTS = 2 ** 8;
/** What whoever may ask for a process gets. */
const PROCESS_RIGHTS = Right.Read | Right.Grant | Right.Control;

/** The capability an argument names, of any kind; a node or -Err. */
function anyCapability(s: State, e: Event, t: number, argument: number): number {
  return checkToken(s, s.thread.process[t], e.argument(argument), 0, 0);
}

/** The process a token with Control names, the caller's own for 0; or -Err. */
function targetProcess(s: State, e: Event, t: number, argument: number): number {
  const own = s.thread.process[t];
  if (e.argument(argument) === 0) return own;
  const node = checkToken(s, own, e.argument(argument), CapKind.Process, Right.Control);
  return node < 0 ? node : s.capNode.object[node];
}

/** cap_identify(token). */
export function capIdentify(s: State, _fx: Effects, e: Event, t: number): number {
  const node = anyCapability(s, e, t, 0);
  if (node < 0) return node;
  const { kind, rights, badge } = s.capNode;
  return kind[node] + rights[node] * RIGHTS + badge[node] * BADGE;
}

/** cap_derive(token, rights). */
export function capDerive(s: State, _fx: Effects, e: Event, t: number): number {
  const node = anyCapability(s, e, t, 0);
  return node < 0 ? node : derive(s, s.thread.process[t], node, e.uint(1) & 0xff, 0);
}

/** cap_mint(token, rights, badge). */
export function capMint(s: State, _fx: Effects, e: Event, t: number): number {
  const node = anyCapability(s, e, t, 0);
  if (node < 0) return node;
  if (e.uint(2) === 0) return -Err.Invalid;
  return derive(s, s.thread.process[t], node, e.uint(1) & 0xff, e.uint(2));
}

/** cap_copy(token, process). */
export function capCopy(s: State, _fx: Effects, e: Event, t: number): number {
  const node = anyCapability(s, e, t, 0);
  if (node < 0) return node;
  const target = targetProcess(s, e, t, 1);
  return target < 0 ? target : copyTo(s, node, target);
}

/** cap_move(token, process). */
export function capMove(s: State, _fx: Effects, e: Event, t: number): number {
  const node = anyCapability(s, e, t, 0);
  if (node < 0) return node;
  const target = targetProcess(s, e, t, 1);
  return target < 0 ? target : moveTo(s, node, target);
}

/** cap_delete(token), of an object that is gone as well. */
export function capDelete(s: State, fx: Effects, e: Event, t: number): number {
  const node = findToken(s, s.thread.process[t], e.argument(0));
  if (node < 0) return node;
  dropCapability(s, fx, e.hart, node);
  return 0;
}

/** cap_revoke(token). */
export function capRevoke(s: State, fx: Effects, e: Event, t: number): number {
  if (isRevocationDone(s, t)) return finishRevocation(s, t);
  const node = anyCapability(s, e, t, 0);
  return node < 0 ? node : revoke(s, fx, e.hart, t, node);
}

/** cap_space(). */
export function capSpace(s: State, _fx: Effects, _e: Event, t: number): number {
  const p = s.thread.process[t];
  const full = mayReceive(s, p);
  if (full < 0) return full;
  const rights = Right.Read | Right.Map | Right.Grant | Right.Control;
  return grantOriginal(s, p, CapKind.Space, s.process.space[p], rights);
}

/** cap_process(pid). */
export function capProcess(s: State, _fx: Effects, e: Event, t: number): number {
  const own = s.thread.process[t];
  const p = e.int(0) === 0 ? own : findProcess(s, e.int(0));
  if (p === 0 || (p !== own && s.process.parent[p] !== own)) return -Err.NoCapability;
  if (s.process.state[p] !== ProcessState.Live) return -Err.NoProcess;
  // Control of a process is to run code as its user.
  if (!isRoot(s, own) && s.process.uid[p] !== s.process.uid[own]) return -Err.FewerRights;
  const full = mayReceive(s, own);
  if (full < 0) return full;
  return grantOriginal(s, own, CapKind.Process, p, PROCESS_RIGHTS);
}

/** cap_renounce(slots). */
export function capRenounce(s: State, _fx: Effects, e: Event, t: number): number {
  const p = s.thread.process[t];
  if ((e.uint(0) & ~KNOWN_SLOTS) !== 0) return -Err.Invalid;
  s.process.renounced[p] |= e.uint(0);
  return KNOWN_SLOTS & ~s.process.renounced[p];
}

/** process_spawn(space, entry, stack, argument, slots): a token of the child. */
export function processSpawn(s: State, fx: Effects, e: Event, t: number): number {
  const own = s.thread.process[t];
  const node = checkToken(s, own, e.argument(0), CapKind.Space, Right.Control);
  if (node < 0) return node;
  if ((e.uint(4) & ~KNOWN_SLOTS) !== 0) return -Err.Invalid;
  const full = mayReceive(s, own);
  if (full < 0) return full;
  const space = s.capNode.object[node];
  const entry = e.argument(1);
  const stack = e.argument(2);
  const p = spawn(s, fx, e.hart, t, space, entry, stack, e.argument(3), e.uint(4));
  if (p < 0) return p;
  return grantOriginal(s, own, CapKind.Process, p, PROCESS_RIGHTS);
}
