import type { Event } from "../event.ts";
import type { State } from "../kernel.ts";
import { cause } from "../isa/trap_cause.ts";
import { Signal } from "./signal_numbers.ts";

/** si_code values of synchronous faults (POSIX). */
const Code = {
  IllegalOpcode: 1,
  Alignment: 1,
  Breakpoint: 1,
  NotMapped: 1,
  AccessError: 2,
} as const;

/** Gives a thread SIGSEGV for the event's value, an address that is not mapped. */
export function segmentFault(s: State, e: Event, thread: number): void {
  s.thread.faultSignal[thread] = Signal.Segv;
  s.thread.faultCode[thread] = Code.NotMapped;
  s.thread.faultAddressLo[thread] = e.valueLo;
  s.thread.faultAddressHi[thread] = e.valueHi;
}

/** Turns an exception of the running thread into the signal it gets. */
export function exceptionSignal(s: State, e: Event, thread: number): void {
  let signal: number = Signal.Segv;
  let code: number = Code.AccessError;
  let atPc = false;
  switch (e.cause) {
    case cause.illegalInstruction:
      signal = Signal.Ill;
      code = Code.IllegalOpcode;
      atPc = true;
      break;
    case cause.breakpoint:
      signal = Signal.Trap;
      code = Code.Breakpoint;
      atPc = true;
      break;
    case cause.fetchMisaligned:
    case cause.loadMisaligned:
    case cause.storeMisaligned:
      signal = Signal.Bus;
      code = Code.Alignment;
      break;
  }
  s.thread.faultSignal[thread] = signal;
  s.thread.faultCode[thread] = code;
  s.thread.faultAddressLo[thread] = atPc ? e.pcLo : e.valueLo;
  s.thread.faultAddressHi[thread] = atPc ? e.pcHi : e.valueHi;
}
