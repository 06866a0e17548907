import type { Effects } from "../../effect.ts";
import { Err, Result } from "../../error.ts";
import { argumentAt, ArgumentLength, type Event, payloadU32 } from "../../event.ts";
import { signalFrame } from "../../isa/signal_frame.ts";
import { type State } from "../../kernel.ts";
import { writeUser } from "../../mem/user_copy.ts";
import { putSigInfo, restoreFrame } from "../../proc/deliver.ts";
import { EVERYBODY, signalMany, signalProcess, signalThread } from "../../proc/kill.ts";
import { discardPending, isIgnored, setMask, takeSignal } from "../../proc/signal.ts";
import { highBit, lowBit, Signal, UNBLOCKABLE } from "../../proc/signal_numbers.ts";
import { SIGNALS } from "../../proc/tables.ts";
import { Account } from "../../ledger/accounts.ts";
import { armSleep } from "../../sched/call.ts";
import { WaitKind, WakeReason } from "../../sched/tables.ts";
import { findThread } from "../../sched/tid.ts";
import { waitOn, wakeThread } from "../../sched/wait.ts";
import { timespecArgument } from "./clock.ts";

const SET_BYTES = 8;
const ACTION_BYTES = 24;

function present(e: Event, at: number): boolean {
  return at >= 0 && payloadU32(e, at) < ArgumentLength.TooLong;
}

/** rt_sigaction. */
export function rtSigaction(s: State, fx: Effects, e: Event, t: number): number {
  const signal = e.int(0);
  if (e.argument(3) !== SET_BYTES) return -Err.Invalid;
  if (signal < 1 || signal > SIGNALS) return -Err.Invalid;
  const at = argumentAt(e, 0);
  const sets = present(e, at);
  if (sets && (signal === Signal.Kill || signal === Signal.Stop)) return -Err.Invalid;
  const p = s.thread.process[t];
  const action = p * (SIGNALS + 1) + signal;
  if (e.argument(2) !== 0) {
    const old = fx.reserveBytes(ACTION_BYTES);
    fx.setU32(old, s.process.handlerLo[action]);
    fx.setU32(old + 4, s.process.handlerHi[action]);
    fx.setU32(old + 8, s.process.actionFlags[action]);
    fx.setU32(old + 12, 0);
    fx.setU32(old + 16, s.process.actionMaskLo[action]);
    fx.setU32(old + 20, s.process.actionMaskHi[action]);
    const wrote = writeUser(s, fx, e.hart, t, e.argument(2), old, ACTION_BYTES);
    if (wrote < 0) return wrote;
  }
  if (!sets) return 0;
  s.process.handlerLo[action] = payloadU32(e, at + 4);
  s.process.handlerHi[action] = payloadU32(e, at + 8);
  s.process.actionFlags[action] = payloadU32(e, at + 12);
  s.process.actionMaskLo[action] = payloadU32(e, at + 20) & ~UNBLOCKABLE;
  s.process.actionMaskHi[action] = payloadU32(e, at + 24);
  if (isIgnored(s, p, signal)) discardPending(s, p, lowBit(signal), highBit(signal));
  return 0;
}

const How = { Block: 0, Unblock: 1, Set: 2 } as const;

/** rt_sigprocmask. */
export function rtSigprocmask(s: State, fx: Effects, e: Event, t: number): number {
  if (e.argument(3) !== SET_BYTES) return -Err.Invalid;
  const at = argumentAt(e, 0);
  const sets = present(e, at);
  const how = e.int(0);
  if (sets && (how < How.Block || how > How.Set)) return -Err.Invalid;
  if (e.argument(2) !== 0) {
    const old = fx.reserveBytes(SET_BYTES);
    fx.setU32(old, s.thread.blockedLo[t]);
    fx.setU32(old + 4, s.thread.blockedHi[t]);
    const wrote = writeUser(s, fx, e.hart, t, e.argument(2), old, SET_BYTES);
    if (wrote < 0) return wrote;
  }
  if (!sets) return 0;
  const lo = payloadU32(e, at + 4);
  const hi = payloadU32(e, at + 8);
  const oldLo = s.thread.blockedLo[t];
  const oldHi = s.thread.blockedHi[t];
  if (how === How.Block) setMask(s, fx, e.hart, t, oldLo | lo, oldHi | hi);
  else if (how === How.Unblock) setMask(s, fx, e.hart, t, oldLo & ~lo, oldHi & ~hi);
  else setMask(s, fx, e.hart, t, lo, hi);
  return 0;
}

/** rt_sigpending. */
export function rtSigpending(s: State, fx: Effects, e: Event, t: number): number {
  if (e.argument(1) > SET_BYTES) return -Err.Invalid;
  const p = s.thread.process[t];
  const at = fx.reserveBytes(SET_BYTES);
  const lo = (s.thread.pendingLo[t] | s.process.pendingLo[p]) & s.thread.blockedLo[t];
  const hi = (s.thread.pendingHi[t] | s.process.pendingHi[p]) & s.thread.blockedHi[t];
  fx.setU32(at, lo);
  fx.setU32(at + 4, hi);
  return writeUser(s, fx, e.hart, t, e.argument(0), at, SET_BYTES);
}

/** rt_sigsuspend: waits with another mask; the old one comes back with the handler's frame. */
export function rtSigsuspend(s: State, fx: Effects, e: Event, t: number): number {
  if (e.argument(1) !== SET_BYTES) return -Err.Invalid;
  const at = argumentAt(e, 0);
  if (!present(e, at)) return -Err.BadAddress;
  if (s.thread.restoreMask[t] === 0) {
    s.thread.savedMaskLo[t] = s.thread.blockedLo[t];
    s.thread.savedMaskHi[t] = s.thread.blockedHi[t];
    s.thread.restoreMask[t] = 1;
  }
  setMask(s, fx, e.hart, t, payloadU32(e, at + 4), payloadU32(e, at + 8));
  waitOn(s, t, WaitKind.Sleep, 0);
  const p = s.thread.process[t];
  const ready = ((s.process.pendingLo[p] | s.thread.pendingLo[t]) & ~s.thread.blockedLo[t]) |
    ((s.process.pendingHi[p] | s.thread.pendingHi[t]) & ~s.thread.blockedHi[t]);
  // A signal the new mask lets through ends the wait at once.
  if (ready !== 0) wakeThread(s, fx, e.hart, t, WakeReason.Signal);
  return Result.Pending;
}

/** rt_sigreturn: the frame at the stack pointer was copied in. */
export function rtSigreturn(s: State, fx: Effects, e: Event, t: number): number {
  const at = argumentAt(e, 0);
  if (at < 0 || payloadU32(e, at) !== signalFrame.bytes) return -Err.BadAddress;
  restoreFrame(s, fx, e, t, at + 4);
  return Result.NoReturn;
}

/** rt_sigtimedwait: takes a pending signal of a set. */
export function rtSigtimedwait(s: State, fx: Effects, e: Event, t: number): number {
  if (e.argument(3) !== SET_BYTES) return -Err.Invalid;
  const at = argumentAt(e, 0);
  if (!present(e, at)) return -Err.BadAddress;
  const duration = timespecArgument(e, 1);
  if (Number.isNaN(duration)) return -Err.Invalid;
  const p = s.thread.process[t];
  const wantedLo = payloadU32(e, at + 4) & ~UNBLOCKABLE;
  const wantedHi = payloadU32(e, at + 8);
  const lo = wantedLo & (s.thread.pendingLo[t] | s.process.pendingLo[p]);
  const hi = wantedHi & (s.thread.pendingHi[t] | s.process.pendingHi[p]);
  const signal = lo !== 0 ? 32 - Math.clz32(lo & -lo) : hi !== 0 ? 64 - Math.clz32(hi & -hi) : 0;
  if (signal !== 0) {
    if (e.argument(1) !== 0) {
      const info = fx.reserveBytes(128);
      fx.bytes.fill(0, info, info + 128);
      putSigInfo(s, fx, info, t, signal);
      const wrote = writeUser(s, fx, e.hart, t, e.argument(1), info, 128);
      if (wrote < 0) return wrote;
    }
    takeSignal(s, t, signal, Account.SignalConsumed);
    return signal;
  }
  const deadline = s.thread.callDeadline[t];
  if (duration === 0 || (deadline > 0 && e.time >= deadline)) return -Err.Again;
  if (duration > 0) armSleep(s, fx, e.hart, t, deadline > 0 ? deadline : e.time + duration);
  s.thread.awaitedLo[t] = wantedLo;
  s.thread.awaitedHi[t] = wantedHi;
  waitOn(s, t, WaitKind.Sleep, 0);
  return Result.Pending;
}

function validSignal(signal: number): boolean {
  return signal >= 0 && signal <= SIGNALS;
}

/** kill: an id of any of its threads stands for a process. */
export function kill(s: State, fx: Effects, e: Event, t: number): number {
  const which = e.int(0);
  const signal = e.int(1);
  if (!validSignal(signal)) return -Err.Invalid;
  const from = s.thread.process[t];
  if (which > 0) {
    const p = s.thread.process[findThread(s, which)];
    return p === 0 ? -Err.NoProcess : signalProcess(s, fx, e.hart, from, p, signal);
  }
  if (which === -1) return signalMany(s, fx, e.hart, t, EVERYBODY, signal);
  const group = which === 0 ? s.process.group[from] : -which;
  return signalMany(s, fx, e.hart, t, group, signal);
}

/** Sends one thread a signal; `group` is the id its process must have, or 0. */
function killThread(
  s: State,
  fx: Effects,
  e: Event,
  t: number,
  group: number,
  tid: number,
  signal: number,
): number {
  const thread = findThread(s, tid);
  const p = s.thread.process[thread];
  if (thread === 0 || (group !== 0 && s.process.pid[p] !== group)) return -Err.NoProcess;
  return signalThread(s, fx, e.hart, s.thread.process[t], thread, signal);
}

/** tkill. */
export function tkill(s: State, fx: Effects, e: Event, t: number): number {
  if (!validSignal(e.int(1)) || e.int(0) <= 0) return -Err.Invalid;
  return killThread(s, fx, e, t, 0, e.int(0), e.int(1));
}

/** tgkill. */
export function tgkill(s: State, fx: Effects, e: Event, t: number): number {
  if (!validSignal(e.int(2)) || e.int(0) <= 0 || e.int(1) <= 0) return -Err.Invalid;
  return killThread(s, fx, e, t, e.int(0), e.int(1), e.int(2));
}

const SS_DISABLE = 2;

/** sigaltstack: there is none; asking for one is refused. */
export function sigaltstack(s: State, fx: Effects, e: Event, t: number): number {
  const at = argumentAt(e, 0);
  if (present(e, at) && (payloadU32(e, at + 12) & SS_DISABLE) === 0) return -Err.NoMemory;
  if (e.argument(1) === 0) return 0;
  const old = fx.reserveBytes(24);
  fx.bytes.fill(0, old, old + 24);
  fx.setU32(old + 8, SS_DISABLE);
  return writeUser(s, fx, e.hart, t, e.argument(1), old, 24);
}
