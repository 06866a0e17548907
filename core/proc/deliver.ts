import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { type Event, payloadU32, payloadU64 } from "../event.ts";
import { leaveCall } from "../ipc/carry.ts";
import { registerSample, roleRegister, signalFrame, STACK_DISABLED } from "../isa/signal_frame.ts";
import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { trampolineAddress } from "./trampoline.ts";
import { writeUser } from "../mem/user_copy.ts";
import { clearCall } from "../sched/call.ts";
import { InterruptRule } from "../sched/tables.ts";
import { hasHandler, nextSignal, setMask, takeSignal } from "./signal.ts";
import { ActionFlag, highBit, lowBit, Signal } from "./signal_numbers.ts";
import { SIGNALS } from "./tables.ts";

const SIGNAL_ROW = SIGNALS + 1;
const SI_USER = 0;
const SI_KERNEL = 0x80;
/** The code of a signal sent to one thread: -6, as every Unix with tgkill has it. */
const SI_THREAD = 0xffff_fffa;
const ECALL_BYTES = 4;

/** What becomes of the call a signal interrupted: a value to return, or NaN to run it again. */
function interruptedResult(s: State, thread: number, flags: number): number {
  const rule = s.thread.callBlocking[thread];
  if (rule === InterruptRule.Always) return NaN;
  const progress = s.thread.callProgress[thread];
  if (rule === InterruptRule.Progress && progress > 0) return progress;
  const restarts = rule !== InterruptRule.Interrupted;
  return restarts && (flags & ActionFlag.Restart) !== 0 ? NaN : -Err.Interrupted;
}

/** Fills a zeroed siginfo at `at` of the effect bytes with what is known of a signal. */
export function putSigInfo(
  s: State,
  fx: Effects,
  at: number,
  thread: number,
  signal: number,
): void {
  const p = s.thread.process[thread];
  fx.setU32(at + signalFrame.number, signal);
  if (s.thread.faultSignal[thread] === signal) {
    fx.setU32(at + signalFrame.code, s.thread.faultCode[thread]);
    fx.setU32(at + signalFrame.address, s.thread.faultAddressLo[thread]);
    fx.setU32(at + signalFrame.address + 4, s.thread.faultAddressHi[thread]);
  } else if (signal === Signal.Chld) {
    fx.setU32(at + signalFrame.code, s.process.childCode[p]);
    fx.setU32(at + signalFrame.address, s.process.childPid[p]);
    fx.setU32(at + signalFrame.status, s.process.childStatus[p]);
  } else {
    const lo = s.thread.pendingLo[thread] & lowBit(signal);
    const own = (lo | (s.thread.pendingHi[thread] & highBit(signal))) !== 0;
    const sender = own ? s.thread.senderPid[thread] : s.process.senderPid[p];
    fx.setU32(at + signalFrame.code, sender === 0 ? SI_KERNEL : own ? SI_THREAD : SI_USER);
    fx.setU32(at + signalFrame.address, sender);
  }
}

/**
 * Builds the frame of the signal the running thread is about to handle from the sampled registers,
 * and points the thread at its handler.
 *
 * @param e the Sample event with 65 u64: x1..x31, f0..f31, pc, fcsr
 * @param interrupted what the personality of the call in progress answers when it is interrupted
 * @returns 0 when the handler runs next, Result.Pending when the thread had to block, or
 * -Err.BadAddress when the stack cannot take the frame
 */
export function deliverSignal(
  s: State,
  fx: Effects,
  e: Event,
  thread: number,
  interrupted: number,
): number {
  const signal = nextSignal(s, thread);
  const p = s.thread.process[thread];
  if (signal === 0 || !hasHandler(s, p, signal)) return 0;
  const action = p * SIGNAL_ROW + signal;
  const flags = s.process.actionFlags[action];
  let restarts = true;
  let result = NaN;
  if (s.thread.call[thread] !== 0) {
    result = interruptedResult(s, thread, flags);
    restarts = Number.isNaN(result);
  }
  const sp = payloadU64(e, registerSample.x(roleRegister.sp));
  const to = Math.floor((sp - signalFrame.bytes) / 16) * 16;
  const at = fx.reserveBytes(signalFrame.bytes);
  fx.bytes.fill(0, at, at + signalFrame.bytes);
  putSigInfo(s, fx, at, thread, signal);
  fx.setU32(at + signalFrame.stackFlags, STACK_DISABLED);
  const saved = s.thread.restoreMask[thread] === 1;
  fx.setU32(
    at + signalFrame.mask,
    saved ? s.thread.savedMaskLo[thread] : s.thread.blockedLo[thread],
  );
  fx.setU32(
    at + signalFrame.mask + 4,
    saved ? s.thread.savedMaskHi[thread] : s.thread.blockedHi[thread],
  );
  const bytes = fx.bytes;
  const registers = at + signalFrame.registers;
  // A pc may be any 64-bit value, but where an ecall ran it is an address.
  for (let i = 0; i < 8; i++) bytes[registers + i] = e.payload[registerSample.pc + i];
  if (!restarts) fx.setU64(registers, payloadU64(e, registerSample.pc) + ECALL_BYTES);
  for (let i = 0; i < 31 * 8; i++) bytes[registers + 8 + i] = e.payload[i];
  for (let i = 0; i < 32 * 8; i++) {
    bytes[at + signalFrame.floats + i] = e.payload[registerSample.floats + i];
  }
  fx.setU32(at + signalFrame.fcsr, payloadU32(e, registerSample.fcsr));
  if (!Number.isNaN(result)) {
    fx.setU64(registers + 8 * roleRegister.a0, result < 0 ? interrupted : result);
  }
  if (result < 0 && s.thread.callRemain[thread] !== 0) {
    const left = fx.reserveBytes(16);
    const ns = Math.max(0, s.thread.callDeadline[thread] - e.time);
    fx.setU64(left, Math.floor(ns / 1e9));
    fx.setU64(left + 8, ns % 1e9);
    const told = writeUser(s, fx, e.hart, thread, s.thread.callRemain[thread], left, 16);
    // It waits for that page now, and cannot wait for one of the frame's too.
    if (told === Result.Pending) return Result.Pending;
  }
  const wrote = to > 0 ? writeUser(s, fx, e.hart, thread, to, at, signalFrame.bytes) : -1;
  if (wrote === Result.Pending) return Result.Pending;
  if (wrote < 0) return -Err.BadAddress;

  // From here on it must succeed.
  s.thread.restoreMask[thread] = 0;
  takeSignal(s, thread, signal, Account.SignalConsumed);
  leaveCall(s, fx, e.hart, thread);
  const defers = (flags & ActionFlag.NoDefer) === 0;
  const lo = s.process.actionMaskLo[action] | (defers ? lowBit(signal) : 0);
  const hi = s.process.actionMaskHi[action] | (defers ? highBit(signal) : 0);
  setMask(s, fx, e.hart, thread, s.thread.blockedLo[thread] | lo, s.thread.blockedHi[thread] | hi);
  const handlerLo = s.process.handlerLo[action];
  const handlerHi = s.process.handlerHi[action];
  if ((flags & ActionFlag.ResetHandler) !== 0) {
    s.process.handlerLo[action] = 0;
    s.process.handlerHi[action] = 0;
  }
  fx.setRegister(thread, roleRegister.ra, trampolineAddress);
  fx.setRegister(thread, roleRegister.sp, to);
  fx.setRegister(thread, roleRegister.a0, signal);
  fx.setRegister(thread, roleRegister.a1, to);
  fx.setRegister(thread, roleRegister.a2, to + signalFrame.context);
  fx.setRegisterWords(thread, roleRegister.pc, handlerLo, handlerHi);
  return 0;
}

/** Makes a process die of a signal whose handler has no usable stack. */
export function failDelivery(s: State, thread: number): void {
  const action = s.thread.process[thread] * SIGNAL_ROW + Signal.Segv;
  s.process.handlerLo[action] = 0;
  s.process.handlerHi[action] = 0;
  s.thread.faultSignal[thread] = Signal.Segv;
}

/**
 * Puts back what a signal frame saved. Nothing in it can raise privilege: only user registers and
 * the mask come from it, and KILL and STOP stay unblockable.
 *
 * @param at offset of the frame's bytes in the event's payload
 */
export function restoreFrame(s: State, fx: Effects, e: Event, thread: number, at: number): void {
  const lo = payloadU32(e, at + signalFrame.mask);
  setMask(s, fx, e.hart, thread, lo, payloadU32(e, at + signalFrame.mask + 4));
  const to = fx.reserveBytes(registerSample.bytes);
  const bytes = fx.bytes;
  const registers = at + signalFrame.registers;
  for (let i = 0; i < 31 * 8; i++) bytes[to + i] = e.payload[registers + 8 + i];
  for (let i = 0; i < 32 * 8; i++) {
    bytes[to + registerSample.floats + i] = e.payload[at + signalFrame.floats + i];
  }
  for (let i = 0; i < 8; i++) bytes[to + registerSample.pc + i] = e.payload[registers + i];
  bytes[to + registerSample.pc] &= 0xfe;
  fx.setU64(to + registerSample.fcsr, payloadU32(e, at + signalFrame.fcsr) & 0xff);
  fx.loadRegisters(thread, to);
  clearCall(s, thread);
}
