/**
 * Layout of the frame a signal handler gets on RISC-V Linux (struct rt_sigframe): siginfo, then
 * ucontext with the general registers and the floating-point state. Offsets in bytes.
 */
export const signalFrame = {
  bytes: 1088,
  /** siginfo */
  number: 0,
  code: 8,
  /** si_addr of a fault; si_pid of kill and SIGCHLD */
  address: 16,
  uid: 20,
  status: 24,
  /** ucontext */
  context: 128,
  stackFlags: 152,
  mask: 168,
  /** pc, then x1 to x31 */
  registers: 304,
  /** f0 to f31, then fcsr */
  floats: 560,
  fcsr: 816,
} as const;

/** SS_DISABLE of sigaltstack. */
export const STACK_DISABLED = 2;

/** Sampled registers: x1 to x31, f0 to f31, pc, fcsr, each a u64. */
export const registerSample = {
  bytes: 520,
  /** Offset of x register i (1 to 31). */
  x: (i: number): number => (i - 1) * 8,
  floats: 248,
  pc: 504,
  fcsr: 512,
} as const;

/** Register numbers by role (RISC-V psABI). */
export const roleRegister = {
  ra: 1,
  sp: 2,
  tp: 4,
  a0: 10,
  a1: 11,
  a2: 12,
  a3: 13,
  a4: 14,
  a7: 17,
  pc: 65,
} as const;
