/** Signal numbers, as every Unix on this ISA has them. */
export const Signal = {
  Hup: 1,
  Int: 2,
  Quit: 3,
  Ill: 4,
  Trap: 5,
  Abrt: 6,
  Bus: 7,
  Fpe: 8,
  Kill: 9,
  Usr1: 10,
  Segv: 11,
  Usr2: 12,
  Pipe: 13,
  Alrm: 14,
  Term: 15,
  Chld: 17,
  Cont: 18,
  Stop: 19,
  Tstp: 20,
  Ttin: 21,
  Ttou: 22,
  Urg: 23,
  Winch: 28,
} as const;

/** What a signal does when its action is the default. */
export const DefaultAction = { Terminate: 0, Ignore: 1, Stop: 2, Continue: 3 } as const;

/** The default action of a signal. */
export function defaultAction(signal: number): number {
  switch (signal) {
    case Signal.Chld:
    case Signal.Urg:
    case Signal.Winch:
      return DefaultAction.Ignore;
    case Signal.Cont:
      return DefaultAction.Continue;
    case Signal.Stop:
    case Signal.Tstp:
    case Signal.Ttin:
    case Signal.Ttou:
      return DefaultAction.Stop;
    default:
      return DefaultAction.Terminate;
  }
}

/** Bit of a signal in the low word of a set, or 0. */
export function lowBit(signal: number): number {
  return signal <= 32 ? 1 << (signal - 1) : 0;
}

/** Bit of a signal in the high word of a set, or 0. */
export function highBit(signal: number): number {
  return signal > 32 ? 1 << (signal - 33) : 0;
}

/** Bits of KILL and STOP, which nothing blocks or catches. */
export const UNBLOCKABLE = (1 << (Signal.Kill - 1)) | (1 << (Signal.Stop - 1));

/** SA_ flags of RISC-V Linux that the kernel honours. */
export const ActionFlag = {
  NoChildStop: 1,
  NoChildWait: 2,
  Info: 4,
  Restart: 0x10000000,
  NoDefer: 0x40000000,
  ResetHandler: 0x80000000,
} as const;

/** si_code of SIGCHLD. */
export const ChildCode = { Exited: 1, Killed: 2, Stopped: 5, Continued: 6 } as const;
