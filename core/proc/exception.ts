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

/** Gives a thread SIGSEGV for an address that is not mapped. */
export function segmentFault(s: State, thread: number, address: number): void {
  s.thread.faultSignal[thread] = Signal.Segv;
  s.thread.faultCode[thread] = Code.NotMapped;
  s.thread.faultAddress[thread] = address;
}

/** Turns an exception of the running thread into the signal it gets. */
export function exceptionSignal(s: State, e: Event, thread: number): void {
  let signal: number = Signal.Segv;
  let code: number = Code.AccessError;
  let address = e.value();
  switch (e.cause) {
    case cause.illegalInstruction:
      signal = Signal.Ill;
      code = Code.IllegalOpcode;
      address = e.pc();
      break;
    case cause.breakpoint:
      signal = Signal.Trap;
      code = Code.Breakpoint;
      address = e.pc();
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
  s.thread.faultAddress[thread] = address;
}
