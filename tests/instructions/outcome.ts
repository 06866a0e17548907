import { REGISTERS } from "./test_case.ts";
import { floatRegisterName, integerRegisterName } from "../../arch/riscv64/disassemble.ts";

/** Linux numbers of the signals an instruction can raise; 0 when the case ran to its end. */
export const SIGNAL = { none: 0, ill: 4, trap: 5, bus: 7, segv: 11, endless: 255 } as const;

/** Linux numbers of si_code. */
export const SIGNAL_CODE = {
  illegalOpcode: 1,
  breakpoint: 1,
  mapError: 1,
  accessError: 2,
  alignment: 1,
} as const;

const SIGNAL_NAMES: Readonly<Record<number, string>> = {
  0: "end",
  4: "SIGILL",
  5: "SIGTRAP",
  7: "SIGBUS",
  11: "SIGSEGV",
  255: "endless",
};

/** All that a case left behind. */
export interface Outcome {
  readonly signal: number;
  /** si_code and si_addr of the signal; 0 without one. */
  readonly code: number;
  readonly address: bigint;
  /** Where the signal came; 0 without one. */
  readonly pc: bigint;
  /** As in a test case: low and high half of x0…x31 and f0…f31, with fcsr in the place of x0. */
  readonly registers: Uint32Array;
  /** The bytes of the case's window. */
  readonly window: Uint8Array;
}

/** The 64 bits of a register of an outcome or a test case. */
export function registerOf(registers: Uint32Array, index: number): bigint {
  return BigInt(registers[2 * index]!) | BigInt(registers[2 * index + 1]!) << 32n;
}

/** Name of the register at an index of {@link Outcome.registers}. */
export function registerNameAt(index: number): string {
  if (index === 0) return "fcsr";
  return index < 32 ? integerRegisterName(index) : floatRegisterName(index - 32);
}

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

const ending = ({ signal, code, address, pc }: Outcome): string =>
  signal === 0
    ? "end"
    : `${SIGNAL_NAMES[signal] ?? signal} code ${code} address ${hex(address)} pc ${hex(pc)}`;

/** How two outcomes differ, "" when they do not: ending, registers, memory. */
export function difference(ours: Outcome, theirs: Outcome): string {
  const parts: string[] = [];
  if (
    ours.signal !== theirs.signal || ours.code !== theirs.code ||
    ours.address !== theirs.address || ours.pc !== theirs.pc
  ) parts.push(`${ending(ours)}, expected ${ending(theirs)}`);
  for (let index = 0; index < REGISTERS; index++) {
    if (
      ours.registers[2 * index] === theirs.registers[2 * index] &&
      ours.registers[2 * index + 1] === theirs.registers[2 * index + 1]
    ) continue;
    const [mine, other] = [ours, theirs].map((o) => hex(registerOf(o.registers, index)));
    parts.push(`${registerNameAt(index)} ${mine}, expected ${other}`);
  }
  for (let i = 0; i < ours.window.length; i++) {
    if (ours.window[i] === theirs.window[i]) continue;
    parts.push(`window[${i}] ${hex(ours.window[i]!)}, expected ${hex(theirs.window[i]!)}`);
    if (parts.length > 8) break;
  }
  return parts.join("; ");
}
