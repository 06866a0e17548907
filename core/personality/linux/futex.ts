import type { Effects } from "../../effect.ts";
import { Err } from "../../error.ts";
import { AccessKind, argumentAt, ArgumentLength, type Event, payloadU32 } from "../../event.ts";
import type { State } from "../../kernel.ts";
import { PAGE_BYTES } from "../../limits.ts";
import { resolve } from "../../mem/user.ts";
import {
  ANY_BITS,
  futexRequeue,
  futexWait,
  futexWakeRow,
  futexWakeTwo,
} from "../../sched/futex.ts";
import { isAlive, lockOwned, OwnerWord, putWord, unlockOwned } from "../../sched/futex_owner.ts";
import { findFutex, futexRegion } from "../../sched/futex_row.ts";
import { findThread } from "../../sched/tid.ts";
import { timespecArgument, untilTime } from "./clock.ts";

const Op = {
  Wait: 0,
  Wake: 1,
  Requeue: 3,
  CompareRequeue: 4,
  WakeOp: 5,
  LockPi: 6,
  UnlockPi: 7,
  TryLockPi: 8,
  WaitBitset: 9,
  WakeBitset: 10,
  LockPi2: 13,
} as const;

const Flag = { Private: 0x80, ClockRealtime: 0x100 } as const;
const COMMAND = ~(Flag.Private | Flag.ClockRealtime);

const Argument = { Word: 0, Time: 1, Second: 2 } as const;
const Register = { Address: 0, Op: 1, Value: 2, Second: 3, Other: 4, Third: 5 } as const;

const WORD_BYTES = 4;

/** A word sense has read; of a null pointer there is none, as nothing is mapped there. */
function wordOf(e: Event, nth: number = Argument.Word): number {
  const at = argumentAt(e, nth);
  return at < 0 || payloadU32(e, at) !== WORD_BYTES ? NaN : payloadU32(e, at + 4);
}

/**
 * When a wait ends, as virtual time in ns: what the call was given the first time it ran.
 *
 * @param absolute whether the time given is one of a clock, and of which
 * @returns ns, Infinity without a timeout, or NaN when it is malformed
 */
function deadlineOf(
  s: State,
  e: Event,
  t: number,
  absolute: boolean,
  realtime: boolean,
): number {
  if (s.thread.callDeadline[t] > 0) return s.thread.callDeadline[t];
  const at = argumentAt(e, Argument.Time);
  if (at < 0 || payloadU32(e, at) === ArgumentLength.Absent) return Infinity;
  if (absolute) return untilTime(s, e, Argument.Time, realtime);
  return e.time + timespecArgument(e, Argument.Time);
}

function wait(s: State, fx: Effects, e: Event, t: number, region: number): number {
  const op = e.uint(Register.Op) & COMMAND;
  const bits = op === Op.Wait ? ANY_BITS : e.uint(Register.Third);
  const realtime = (e.uint(Register.Op) & Flag.ClockRealtime) !== 0;
  const deadline = deadlineOf(s, e, t, op === Op.WaitBitset, realtime);
  if (Number.isNaN(deadline) || bits === 0) return -Err.Invalid;
  const word = wordOf(e);
  if (Number.isNaN(word)) return -Err.BadAddress;
  // A wait that has begun and whose time is over has ended by it, whatever the word is by now.
  if (s.thread.callDeadline[t] > 0 && deadline <= e.time) return -Err.TimedOut;
  if (word !== e.uint(Register.Value)) return -Err.Again;
  if (deadline <= e.time) return -Err.TimedOut;
  return futexWait(s, fx, e.hart, t, region, e.argument(Register.Address), bits, deadline);
}

function wake(s: State, fx: Effects, e: Event, t: number, region: number): number {
  const op = e.uint(Register.Op) & COMMAND;
  const bits = op === Op.Wake ? ANY_BITS : e.uint(Register.Third);
  if (bits === 0) return -Err.Invalid;
  const row = findFutex(s, t, region, e.argument(Register.Address));
  if (row !== 0 && s.futex.inherits[row] === 1) return -Err.Invalid;
  // As on Linux one is woken even where none was asked for.
  const most = Math.max(1, e.int(Register.Value));
  return futexWakeRow(s, fx, e.hart, t, row, most, bits);
}

function requeue(s: State, fx: Effects, e: Event, t: number, region: number): number {
  const wakes = e.int(Register.Value);
  const moves = e.int(Register.Second);
  const other = e.argument(Register.Other);
  if (wakes < 0 || moves < 0 || e.uint(Register.Other) % WORD_BYTES !== 0) {
    return -Err.Invalid;
  }
  const shared = (e.uint(Register.Op) & Flag.Private) === 0;
  const toRegion = futexRegion(s, t, other, shared);
  if (toRegion < 0) return toRegion;
  if ((e.uint(Register.Op) & COMMAND) === Op.CompareRequeue) {
    const word = wordOf(e);
    if (Number.isNaN(word)) return -Err.BadAddress;
    if (word !== e.uint(Register.Third)) return -Err.Again;
  }
  const row = findFutex(s, t, region, e.argument(Register.Address));
  return futexRequeue(s, fx, e.hart, t, row, toRegion, other, shared, wakes, moves);
}

/** What WAKE_OP makes of the second word: a code, an operand, a comparison and its operand. */
const Encoding = { Shift: 0x80000000, Operation: 28, Comparison: 24, Operand: 12 } as const;

/** A number of 12 bits with a sign. */
function signed12(bits: number): number {
  return bits << 20 >> 20;
}

/** The second word as WAKE_OP leaves it, or NaN for an unknown operation. */
function changedWord(word: number, code: number): number {
  const given = signed12(code >>> Encoding.Operand);
  const operand = (code & Encoding.Shift) === 0 ? given : 1 << (given & 31);
  switch (code >>> Encoding.Operation & 7) {
    case 0:
      return operand >>> 0;
    case 1:
      return word + operand >>> 0;
    case 2:
      return (word | operand) >>> 0;
    case 3:
      return (word & ~operand) >>> 0;
    case 4:
      return (word ^ operand) >>> 0;
    default:
      return NaN;
  }
}

/** Whether the second word as it was lets WAKE_OP wake there too: 1 or 0, or NaN. */
function comparesTrue(word: number, code: number): number {
  const operand = signed12(code);
  const was = word | 0;
  switch (code >>> Encoding.Comparison & 15) {
    case 0:
      return was === operand ? 1 : 0;
    case 1:
      return was !== operand ? 1 : 0;
    case 2:
      return was < operand ? 1 : 0;
    case 3:
      return was <= operand ? 1 : 0;
    case 4:
      return was > operand ? 1 : 0;
    case 5:
      return was >= operand ? 1 : 0;
    default:
      return NaN;
  }
}

/**
 * WAKE_OP: changes a second word in the event that has read it, wakes at the first, and at the second
 * if that was as the comparison says. Neither may have an owner.
 */
function wakeAndChange(s: State, fx: Effects, e: Event, t: number, region: number): number {
  const other = e.argument(Register.Other);
  const code = e.uint(Register.Third);
  if (other % WORD_BYTES !== 0) return -Err.Invalid;
  const word = wordOf(e, Argument.Second);
  if (Number.isNaN(word)) return -Err.BadAddress;
  const changed = changedWord(word, code);
  const both = comparesTrue(word, code);
  if (Number.isNaN(changed) || Number.isNaN(both)) return -Err.NotImplemented;
  const otherRegion = futexRegion(s, t, other, (e.uint(Register.Op) & Flag.Private) === 0);
  if (otherRegion < 0) return otherRegion;
  const frame = resolve(s, fx, e.hart, t, other, AccessKind.Write);
  if (frame < 0) return frame;
  const row = findFutex(s, t, region, e.argument(Register.Address));
  const second = findFutex(s, t, otherRegion, other);
  if (s.futex.inherits[row] === 1) return -Err.Invalid;
  if (both === 1 && s.futex.inherits[second] === 1) return -Err.Invalid;

  // From here on it must succeed.
  putWord(fx, frame, other % PAGE_BYTES, changed);
  const most = Math.max(1, e.int(Register.Value));
  const then = both === 0 ? 0 : Math.max(1, e.int(Register.Second));
  return futexWakeTwo(s, fx, e.hart, t, row, most, second, then);
}

/** The living thread a word names, or 0; one of another space only where memory is shared. */
function ownerOf(s: State, t: number, region: number, word: number): number {
  const thread = findThread(s, word & OwnerWord.Thread);
  if (!isAlive(s, thread)) return 0;
  const alike = s.process.space[s.thread.process[thread]] === s.process.space[s.thread.process[t]];
  return region !== 0 || alike ? thread : 0;
}

function lock(s: State, fx: Effects, e: Event, t: number, region: number): number {
  const op = e.uint(Register.Op) & COMMAND;
  const realtime = op === Op.LockPi || (e.uint(Register.Op) & Flag.ClockRealtime) !== 0;
  const deadline = op === Op.TryLockPi ? -1 : deadlineOf(s, e, t, true, realtime);
  if (Number.isNaN(deadline)) return -Err.Invalid;
  const word = wordOf(e);
  if (Number.isNaN(word)) return -Err.BadAddress;
  const address = e.argument(Register.Address);
  const frame = resolve(s, fx, e.hart, t, address, AccessKind.Write);
  if (frame < 0) return frame;
  const owner = ownerOf(s, t, region, word);
  const offset = address % PAGE_BYTES;
  // A time before the boot has passed like any other; only TRYLOCK_PI does not wait at all.
  const until = op === Op.TryLockPi ? -1 : Math.max(0, deadline);
  return lockOwned(
    s,
    fx,
    e.hart,
    t,
    region,
    address,
    word,
    owner,
    frame,
    offset,
    until,
    e.time,
  );
}

function unlock(s: State, fx: Effects, e: Event, t: number, region: number): number {
  const word = wordOf(e);
  if (Number.isNaN(word)) return -Err.BadAddress;
  if ((word & OwnerWord.Thread) !== s.thread.tid[t]) return -Err.NotPermitted;
  const address = e.argument(Register.Address);
  const frame = resolve(s, fx, e.hart, t, address, AccessKind.Write);
  if (frame < 0) return frame;
  return unlockOwned(s, fx, e.hart, t, region, address, word, frame, address % PAGE_BYTES);
}

/** Whether an operation may be told which clock its time is of. */
function takesClock(op: number): boolean {
  return op === Op.Wait || op === Op.WaitBitset || op === Op.LockPi2;
}

/**
 * futex. Waiters wake by priority and then arrival. A word of private memory is one whether PRIVATE
 * is given or not. The operations that requeue to a futex with an owner are refused: no C library of
 * today makes them.
 */
export function futex(s: State, fx: Effects, e: Event, t: number): number {
  const flags = e.uint(Register.Op);
  const op = flags & COMMAND;
  if ((flags & Flag.ClockRealtime) !== 0 && !takesClock(op)) return -Err.NotImplemented;
  if (e.uint(Register.Address) % WORD_BYTES !== 0) return -Err.Invalid;
  const shared = (flags & Flag.Private) === 0;
  const region = futexRegion(s, t, e.argument(Register.Address), shared);
  switch (op) {
    case Op.Wait:
    case Op.WaitBitset:
      return region < 0 ? region : wait(s, fx, e, t, region);
    case Op.Wake:
    case Op.WakeBitset:
      return region < 0 ? region : wake(s, fx, e, t, region);
    case Op.Requeue:
    case Op.CompareRequeue:
      return region < 0 ? region : requeue(s, fx, e, t, region);
    case Op.WakeOp:
      return region < 0 ? region : wakeAndChange(s, fx, e, t, region);
    case Op.LockPi:
    case Op.LockPi2:
    case Op.TryLockPi:
      return region < 0 ? region : lock(s, fx, e, t, region);
    case Op.UnlockPi:
      return region < 0 ? region : unlock(s, fx, e, t, region);
    default:
      return -Err.NotImplemented;
  }
}
