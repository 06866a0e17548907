import { decode } from "../../arch/riscv64/decoder.ts";
import { encode, instructionNamed } from "../../arch/riscv64/encode.ts";
import type { Operands } from "../../arch/riscv64/encode.ts";
import { extractImmediate } from "../../arch/riscv64/formats.ts";
import { BOUNDARY } from "./memory_map.ts";
import type { TestCase } from "./test_case.ts";

/** Bytes of memory that programs work on, half below and half above the boundary of two pages. */
export const ARENA_BYTES = 512;
export const ARENA = BOUNDARY.writable - ARENA_BYTES / 2;

/** One instruction of a program. */
export interface Item {
  /** Unique in its program; jumps name their targets so. */
  readonly id: number;
  readonly name: string;
  readonly operands: Operands;
  /** The item it goes to; one that is gone stands for the next that is there. */
  readonly target?: number;
  /** The `auipc` whose address an indirect jump's offset counts from; absent: its own. */
  readonly from?: number;
  /** Items that only make sense together: a loop's counter and branch, a call and its body. */
  readonly group?: number;
  /** Bits beyond the operands, as `aq` and `rl`. */
  readonly extra?: number;
}

/** A program before it has addresses. */
export interface Program {
  readonly name: string;
  /** In memory order; ids ascend. */
  readonly items: readonly Item[];
  readonly registers: Uint32Array;
  readonly memory: Uint8Array;
  readonly spare: number;
}

/** What stands in for a 16-bit jump that does not reach. */
const LONG_FORM: Readonly<Record<string, string>> = {
  "c.j": "jal",
  "c.beqz": "beq",
  "c.bnez": "bne",
};

/** Gives the items addresses, lengthens what does not reach, and encodes. */
export function assemble(items: readonly Item[]): number[] {
  const names = items.map(({ name }) => name);
  for (;;) {
    const offsets = [0];
    for (const name of names) offsets.push(offsets.at(-1)! + instructionNamed(name).length);
    const place = (id: number): number => {
      const index = items.findIndex((item) => item.id >= id);
      return offsets[index < 0 ? items.length : index]!;
    };
    let lengthened = false;
    const words = items.map((item, index) => {
      if (item.target === undefined) return encodeItem(item, names[index]!, item.operands.imm ?? 0);
      const origin = item.from === undefined ? offsets[index]! : place(item.from);
      const distance = place(item.target) - origin;
      const long = LONG_FORM[names[index]!];
      const bits = encodeItem(item, names[index]!, distance);
      const row = instructionNamed(names[index]!);
      if (long !== undefined && extractImmediate(row.format.imm!, bits) !== distance) {
        names[index] = long;
        lengthened = true;
      }
      return bits;
    });
    if (!lengthened) return words;
  }
}

function encodeItem(item: Item, name: string, imm: number): number {
  const bits = encode(name, { ...item.operands, imm }) | (item.extra ?? 0);
  return bits >>> 0;
}

/** A program as a case. */
export function programCase(program: Program): TestCase {
  return {
    name: program.name,
    code: assemble(program.items),
    place: { kind: "flow" },
    registers: program.registers,
    window: { address: ARENA, bytes: program.memory },
    spare: program.spare,
  };
}

/** Whether an instruction with these operands is itself: 16-bit forms are others with some. */
export function isItself(name: string, operands: Operands): boolean {
  return decode(encode(name, operands)) === instructionNamed(name);
}
