import type { OpName } from "../ops.ts";

/** One instruction of a region: an IR op with its operands as register-slot indexes. */
export interface RegionOp {
  readonly name: OpName;
  /** Guest address. */
  readonly pc: number;
  /** Bytes of the instruction. */
  readonly length: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  /** For jumps the distance in guest bytes. */
  readonly immediate: number;
}

/** How a block ends. */
export type Ending =
  /** Goes on at `next`. */
  | "fall"
  /** Its last op is a conditional branch: to `taken`, else to `next`. */
  | "branch"
  /** Its last op jumps to `taken`. */
  | "goto"
  /** Its last op jumps to an address in a register: to one of `targets`, as far as is known. */
  | "indirect"
  /** Leaves the region at `next`. */
  | "leave";

/** A straight run of instructions that is entered at its first one only. */
export interface Block {
  readonly start: number;
  readonly ops: readonly RegionOp[];
  readonly ending: Ending;
  /** Guest addresses; -1 where the ending has none. */
  readonly taken: number;
  readonly next: number;
  readonly targets: readonly number[];
}

/**
 * Guest code that is compiled as one WebAssembly function: the blocks reachable from its entry, as
 * far as its limits let it. The first block is the entry's.
 */
export interface Region {
  readonly entry: number;
  readonly blocks: readonly Block[];
  /** Guest addresses of the pages the instructions lie in, the entry's first. */
  readonly pages: readonly number[];
  readonly instructions: number;
}
