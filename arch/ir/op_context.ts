import type { FunctionBuilder } from "./wasm/function_builder.ts";

/**
 * The operands of an IR op. `a` is the register slot written, `b`, `c`, `d` those read. Everything
 * else an op knows is its 32-bit immediate.
 */
export type Operand = "a" | "b" | "c" | "d";

/** Wasm function indexes of arithmetic too long to emit in place. */
export interface OpHelpers {
  /** (i64, i64) → i64: the high half of the unsigned product. */
  readonly mulhu: number;
  /** Floating point, by the names in `arch/ir/float/README.md`. */
  readonly float: Readonly<Record<string, number>>;
}

/**
 * What the meaning of an op is written against. The interpreter implements it with registers in
 * memory and operands read from the op; a compiler with registers in locals and constants. Each
 * method appends WebAssembly code to `f`; "pushes" means onto the WebAssembly stack.
 */
export interface OpContext {
  readonly f: FunctionBuilder;
  readonly helpers: OpHelpers;
  /** Wasm globals (i32, mutable): accrued fflags, and frm. */
  readonly fflags: number;
  readonly frm: number;

  /** Scratch locals, free at the start of every op. */
  i32(n: 0 | 1 | 2): number;
  i64(n: 0 | 1): number;

  /** Pushes a register slot (i64). */
  get(operand: Operand): void;
  /** Writes what `value` pushes (i64) to a register slot. */
  set(operand: Operand, value: () => void): void;
  /** Pushes the low 32 bits of a register slot (i32). */
  getWord(operand: Operand): void;
  /** Writes what `value` pushes (i32), sign-extended, to a register slot. */
  setWord(operand: Operand, value: () => void): void;
  /** Whether a register is known to hold a sign-extended word, which costs less than 64 bits. */
  isWord(operand: Operand): boolean;
  /** Pushes the immediate, sign-extended (i64) or as it is (i32). */
  immediate(): void;
  immediate32(): void;
  /** Pushes the address of this instruction, or of the one after it in memory (i64). */
  pc(): void;
  nextPc(): void;

  /**
   * Loads from the guest address `b + immediate`: pushes a linear address, then `read` must replace
   * it by the value at `offset` bytes from there. Traps leave the op before `read`.
   */
  load(size: 1 | 2 | 4 | 8, read: (offset: number) => void): void;
  /**
   * Stores `value` (pushes i64) at `b + immediate` with `write` (pops linear address, i64), at
   * `offset` bytes from there.
   */
  store(size: 1 | 2 | 4 | 8, value: () => void, write: (offset: number) => void): void;
  /**
   * Translates the guest address in `b`, which must be a multiple of `size`, for an atomic access,
   * and returns the local that holds the linear address. Misaligned is cause 4 (read) or 6.
   */
  atomicAddress(size: 4 | 8, access: "read" | "write"): number;
  /** Records the hart's reservation on the linear address in a local; size 0 drops it. */
  reserve(address: number, size: 0 | 4 | 8): void;
  /** Pushes 1 (i32) if the reservation is exactly this address and size. */
  isReserved(address: number, size: 4 | 8): void;

  /** Goes to `pc + immediate` if `condition` pushes non-zero (i32), else to the next. */
  branch(condition: () => void): void;
  /** Goes to `pc + immediate`. */
  jumpRelative(): void;
  /** Goes to the guest address in a local (i64). */
  jump(target: number): void;
  /** Raises an exception: `value` pushes its trap value (i64). Nothing retires. */
  trap(cause: number, value: () => void): void;
  /** Raises an illegal-instruction exception; the trap value is the instruction's bits. */
  trapIllegal(): void;

  /** Pushes (i64) the guest's time, and raises the machine-wide highest reading to it. */
  readTime(): void;
  /** Pushes (i64) the instructions this hart has retired before this one. */
  readRetired(): void;
}

/** What control an op takes over; others fall through to the next instruction. */
export type Control = "branch" | "jump" | "relative" | "trap";

/** One IR op. `shape` names the register operands in use: `a` is written, others are read. */
export interface OpSpec {
  readonly shape: "" | "a" | "ab" | "abc" | "abcd" | "b" | "bc";
  readonly memory?: "load" | "store" | "atomic";
  readonly control?: Control;
  /** Appends the op's meaning. */
  emit(c: OpContext): void;
}
