/** Registers of a case: fcsr, x1…x31, f0…f31. */
export const REGISTERS = 64;

/**
 * Pairs of integer registers that a case leaves alone: the first points to its record, the second
 * holds the address of its code. A case picks a pair that its code does not name.
 */
export const SPARES: readonly (readonly [number, number])[] = [[31, 30], [28, 27], [6, 5], [3, 4]];

/** Where a case's code lies. */
export type Place =
  /** Anywhere; a jump behind it ends the case. */
  | { readonly kind: "flow" }
  /** At `SLOT`, one instruction of up to four bytes among breakpoints. */
  | { readonly kind: "slot" }
  /** At an address, and then a breakpoint. */
  | { readonly kind: "fixed"; readonly address: number };

/** A piece of guest memory that is set before a case and compared after it. */
export interface Window {
  /** A multiple of 8. */
  readonly address: number;
  /** A multiple of 8 of them; all cases of a batch have at most its window size. */
  readonly bytes: Uint8Array;
}

/** Some instructions, and everything they start from. */
export interface TestCase {
  /** What it is about: an instruction's name, or a program's. */
  readonly name: string;
  /** Instructions as 32-bit numbers; 16-bit ones take two bytes. */
  readonly code: readonly number[];
  readonly place: Place;
  /** Low and high half of x0…x31 and f0…f31, with fcsr in the place of x0. */
  readonly registers: Uint32Array;
  readonly window?: Window;
  /** Index of its {@link SPARES}. */
  readonly spare: number;
}

/** The first spare pair with none of these integer registers. Throws when they meet all pairs. */
export function spareWithout(used: ReadonlySet<number>): number {
  const index = SPARES.findIndex((pair) => !pair.some((register) => used.has(register)));
  if (index < 0) throw new RangeError(`registers ${[...used].join()} leave no spare pair`);
  return index;
}

/** Sets a register (index as in {@link TestCase.registers}) of a register image. */
export function setRegister(registers: Uint32Array, index: number, value: bigint): void {
  registers[2 * index] = Number(BigInt.asUintN(32, value));
  registers[2 * index + 1] = Number(BigInt.asUintN(32, value >> 32n));
}
