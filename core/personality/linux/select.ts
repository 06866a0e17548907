import { lookupFile } from "../../cap/descriptor.ts";
import type { Effects } from "../../effect.ts";
import { Err, Result } from "../../error.ts";
import { AccessKind, argumentAt, ArgumentLength, type Event, payloadU32 } from "../../event.ts";
import { askForPoll, freeExtraWaiters, linkPoll, readiness, Ready } from "../../fs/poll.ts";
import type { State } from "../../kernel.ts";
import { resolveRange } from "../../mem/user.ts";
import { writeUser } from "../../mem/user_copy.ts";
import { nextSignal } from "../../proc/signal.ts";
import { DESCRIPTORS } from "../../proc/tables.ts";
import { armSleep } from "../../sched/call.ts";
import { WaitKind, WakeReason } from "../../sched/tables.ts";
import { waitOn, wakeThread } from "../../sched/wait.ts";
import { freeRows } from "../../state/table.ts";
import { timespecArgument } from "./clock.ts";
import { maskFor } from "./poll.ts";

/** The sets, in argument order after the count. */
const SETS = 3;
const READ_SET = 0;
const WRITE_SET = 1;
/** Most descriptors a set is looked through for. */
const MOST = 1024;
const WORD_BITS = 64;

/** Bytes of a set of that many descriptors. */
function setBytes(count: number): number {
  return Math.ceil(count / WORD_BITS) * 8;
}

/** Where the bits of a copied-in set begin, or 0 when it was not given. */
function setAt(e: Event, set: number): number {
  const at = argumentAt(e, set);
  return at < 0 || payloadU32(e, at) >= ArgumentLength.TooLong ? 0 : at + 4;
}

/** Whether a set asks for a descriptor. */
function isIn(e: Event, set: number, fd: number): boolean {
  const at = setAt(e, set);
  return at !== 0 && (e.payload[at + (fd >>> 3)] & (1 << (fd & 7))) !== 0;
}

/** Ready bits that put a descriptor into the answer of a set. */
function answers(set: number): number {
  if (set === READ_SET) return Ready.Read | Ready.HangUp | Ready.Error;
  return set === WRITE_SET ? Ready.Write | Ready.Error : 0;
}

/** Descriptors of a count that are looked at: those there can be. */
function looked(count: number): number {
  return Math.min(count, DESCRIPTORS);
}

/** How many answers there are now, or -Err.BadDescriptor for one asked for that is not open. */
function countReady(s: State, e: Event, t: number, count: number): number {
  const p = s.thread.process[t];
  let ready = 0;
  for (let fd = 0; fd < looked(count); fd++) {
    for (let set = 0; set < SETS; set++) {
      if (!isIn(e, set, fd)) continue;
      const file = lookupFile(s, p, fd, 0);
      if (file < 0) return file;
      if ((readiness(s, p, file) & answers(set)) !== 0) ready++;
    }
  }
  return ready;
}

/** Makes every set that was given writable; 0, -Err or Result.Pending. */
function prepareSets(s: State, fx: Effects, e: Event, t: number, count: number): number {
  for (let set = 0; set < SETS; set++) {
    if (setAt(e, set) === 0) continue;
    const address = e.argument(1 + set);
    const bytes = setBytes(count);
    const usable = resolveRange(s, fx, e.hart, t, address, bytes, AccessKind.Write);
    if (usable < 0) return usable;
  }
  return 0;
}

/** Writes the sets back with what is ready now. */
function writeSets(s: State, fx: Effects, e: Event, t: number, count: number): void {
  const p = s.thread.process[t];
  const bytes = setBytes(count);
  for (let set = 0; set < SETS; set++) {
    if (setAt(e, set) === 0) continue;
    const at = fx.reserveBytes(bytes);
    fx.bytes.fill(0, at, at + bytes);
    for (let fd = 0; fd < looked(count); fd++) {
      if (!isIn(e, set, fd)) continue;
      const ready = readiness(s, p, lookupFile(s, p, fd, 0)) & answers(set);
      if (ready !== 0) fx.bytes[at + (fd >>> 3)] |= 1 << (fd & 7);
    }
    writeUser(s, fx, e.hart, t, e.argument(1 + set), at, bytes);
  }
}

/** Asks for all the input that is waited for; how many waiters that takes, or -Err.NoMemory. */
function askSets(s: State, fx: Effects, e: Event, t: number, count: number): number {
  const p = s.thread.process[t];
  let waiters = 0;
  for (let fd = 0; fd < looked(count); fd++) {
    if (isIn(e, WRITE_SET, fd)) waiters++;
    if (!isIn(e, READ_SET, fd)) continue;
    const asked = askForPoll(s, fx, lookupFile(s, p, fd, 0), Ready.Read);
    if (asked < 0) return asked;
    waiters++;
  }
  return waiters;
}

/** Links a waiter for each descriptor that something can wake. */
function linkSets(s: State, e: Event, t: number, count: number): void {
  const p = s.thread.process[t];
  let last = 0;
  for (let fd = 0; fd < looked(count); fd++) {
    // One that is in both sets takes a waiter for each.
    for (let set = READ_SET; set <= WRITE_SET; set++) {
      if (!isIn(e, set, fd)) continue;
      const events = set === READ_SET ? Ready.Read : Ready.Write;
      last = linkPoll(s, t, lookupFile(s, p, fd, 0), events, last);
    }
  }
  if (last === 0) waitOn(s, t, WaitKind.Sleep, 0);
}

/** pselect6. */
export function pselect6(s: State, fx: Effects, e: Event, t: number): number {
  freeExtraWaiters(s, t);
  const count = e.int(0);
  if (count < 0 || count > MOST) return -Err.Invalid;
  const timeout = timespecArgument(e, SETS);
  if (Number.isNaN(timeout)) return -Err.Invalid;
  const mask = argumentAt(e, SETS + 1);
  if (mask >= 0 && payloadU32(e, mask) === 8) maskFor(s, fx, e, t, mask + 4);
  const usable = prepareSets(s, fx, e, t, count);
  if (usable < 0) return usable;
  const ready = countReady(s, e, t, count);
  fx.charge(1 + Math.floor(looked(count) / WORD_BITS));
  if (ready < 0) return ready;
  const deadline = s.thread.callDeadline[t];
  const expired = timeout === 0 || (deadline > 0 && e.time >= deadline);
  if (ready > 0 || expired) {
    writeSets(s, fx, e, t, count);
    return ready;
  }
  const waiters = askSets(s, fx, e, t, count);
  if (waiters < 0) return waiters;
  // The thread's own waiter is the first.
  if (freeRows(s.waiter) < waiters - 1) return -Err.NoMemory;
  // From here on it must succeed.
  linkSets(s, e, t, count);
  if (timeout > 0) armSleep(s, fx, e.hart, t, deadline > 0 ? deadline : e.time + timeout);
  if (nextSignal(s, t) !== 0) wakeThread(s, fx, e.hart, t, WakeReason.Signal);
  return Result.Pending;
}
