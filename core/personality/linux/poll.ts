import { lookupFile } from "../../cap/descriptor.ts";
import type { Effects } from "../../effect.ts";
import { Err, Result } from "../../error.ts";
import { argumentAt, ArgumentLength, type Event, payloadU32 } from "../../event.ts";
import { askForPoll, freeExtraWaiters, linkPoll, readiness } from "../../fs/poll.ts";
import type { State } from "../../kernel.ts";
import { PAGE_BYTES } from "../../limits.ts";
import { writeUser } from "../../mem/user_copy.ts";
import { armSleep } from "../../sched/call.ts";
import { WaitKind, WakeReason } from "../../sched/tables.ts";
import { waitOn, wakeThread } from "../../sched/wait.ts";
import { nextSignal, setMask } from "../../proc/signal.ts";
import { freeRows } from "../../state/table.ts";
import { timespecArgument } from "./clock.ts";

const POLLFD_BYTES = 8;
/** Bit of revents for a descriptor that is not open. */
const POLLNVAL = 32;
/** Bits that are reported whether asked for or not: error, hang-up. */
const ALWAYS = 8 | 16;
const READ = 1 | 64;
const WRITE = 4 | 256;

/** Ready bits for asked-for poll events: the normal-data bits mean the same as the plain ones. */
function coreEvents(events: number): number {
  return ((events & READ) !== 0 ? 1 : 0) | ((events & WRITE) !== 0 ? 4 : 0);
}

/** revents of one struct pollfd. */
function pollOne(s: State, p: number, fd: number, events: number): number {
  if (fd < 0) return 0;
  const file = lookupFile(s, p, fd, 0);
  if (file < 0) return POLLNVAL;
  const ready = readiness(s, p, file);
  let result = ready & ALWAYS;
  if ((ready & 1) !== 0) result |= events & READ;
  if ((ready & 4) !== 0) result |= events & WRITE;
  return result;
}

/** Writes the array back with its revents; returns how many are ready. */
function writeBack(
  s: State,
  fx: Effects,
  e: Event,
  t: number,
  from: number,
  count: number,
): number {
  const p = s.thread.process[t];
  const at = fx.reserveBytes(count * POLLFD_BYTES);
  let ready = 0;
  for (let i = 0; i < count; i++) {
    const item = from + i * POLLFD_BYTES;
    const events = payloadU32(e, item + 4) & 0xffff;
    const result = pollOne(s, p, payloadU32(e, item) | 0, events);
    if (result !== 0) ready++;
    fx.setU32(at + i * POLLFD_BYTES, payloadU32(e, item));
    fx.setU32(at + i * POLLFD_BYTES + 4, events | (result << 16));
  }
  fx.charge(1 + Math.floor(count * POLLFD_BYTES / PAGE_BYTES));
  if (count === 0) return 0;
  const wrote = writeUser(s, fx, e.hart, t, e.argument(0), at, count * POLLFD_BYTES);
  return wrote < 0 ? wrote : ready;
}

function anyReady(s: State, e: Event, t: number, from: number, count: number): boolean {
  const p = s.thread.process[t];
  for (let i = 0; i < count; i++) {
    const item = from + i * POLLFD_BYTES;
    const events = payloadU32(e, item + 4) & 0xffff;
    if (pollOne(s, p, payloadU32(e, item) | 0, events) !== 0) return true;
  }
  return false;
}

/** Asks for all the input that is waited for; 0 or -Err.NoMemory. */
function askAll(s: State, fx: Effects, e: Event, t: number, from: number, count: number): number {
  for (let i = 0; i < count; i++) {
    const item = from + i * POLLFD_BYTES;
    const file = lookupFile(s, s.thread.process[t], payloadU32(e, item) | 0, 0);
    if (file < 0) continue;
    const asked = askForPoll(s, fx, file, coreEvents(payloadU32(e, item + 4)));
    if (asked < 0) return asked;
  }
  return 0;
}

/** Links a waiter for each item that something can wake. */
function linkAll(s: State, e: Event, t: number, from: number, count: number): void {
  let last = 0;
  for (let i = 0; i < count; i++) {
    const item = from + i * POLLFD_BYTES;
    const file = lookupFile(s, s.thread.process[t], payloadU32(e, item) | 0, 0);
    if (file < 0) continue;
    last = linkPoll(s, t, file, coreEvents(payloadU32(e, item + 4)), last);
  }
  if (last === 0) waitOn(s, t, WaitKind.Sleep, 0);
}

/** Puts a mask in place for the wait; the old one comes back when the call is over. */
export function maskFor(s: State, fx: Effects, e: Event, t: number, at: number): void {
  if (s.thread.restoreMask[t] === 0) {
    s.thread.savedMaskLo[t] = s.thread.blockedLo[t];
    s.thread.savedMaskHi[t] = s.thread.blockedHi[t];
    s.thread.restoreMask[t] = 1;
  }
  setMask(s, fx, e.hart, t, payloadU32(e, at), payloadU32(e, at + 4));
}

/** ppoll. */
export function ppoll(s: State, fx: Effects, e: Event, t: number): number {
  freeExtraWaiters(s, t);
  const count = e.uint(1);
  const array = argumentAt(e, 0);
  const given = array < 0 ? ArgumentLength.Absent : payloadU32(e, array);
  if (given === ArgumentLength.TooLong) return -Err.Invalid;
  if (count > 0 && given === ArgumentLength.Absent) return -Err.BadAddress;
  if (count > 0 && given !== count * POLLFD_BYTES) return -Err.Invalid;
  const timeout = timespecArgument(e, 1);
  if (Number.isNaN(timeout)) return -Err.Invalid;
  const mask = argumentAt(e, 2);
  if (e.argument(3) !== 0 && e.argument(4) !== 8) return -Err.Invalid;
  if (mask >= 0 && payloadU32(e, mask) === 8) maskFor(s, fx, e, t, mask + 4);
  const from = array + 4;
  const deadline = s.thread.callDeadline[t];
  const expired = timeout === 0 || (deadline > 0 && e.time >= deadline);
  if (expired || anyReady(s, e, t, from, count)) return writeBack(s, fx, e, t, from, count);
  // The thread's own waiter is the first.
  if (freeRows(s.waiter) < count - 1) return -Err.NoMemory;
  const asked = askAll(s, fx, e, t, from, count);
  if (asked < 0) return asked;
  // From here on it must succeed.
  linkAll(s, e, t, from, count);
  if (timeout > 0) armSleep(s, fx, e.hart, t, deadline > 0 ? deadline : e.time + timeout);
  if (nextSignal(s, t) !== 0) wakeThread(s, fx, e.hart, t, WakeReason.Signal);
  return Result.Pending;
}
