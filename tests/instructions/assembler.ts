import { codeBytes } from "../../arch/machine/test_elf.ts";
import { encode } from "../../arch/riscv64/encode.ts";
import type { Operands } from "../../arch/riscv64/encode.ts";

interface Fixup {
  readonly index: number;
  readonly name: string;
  readonly operands: Operands;
  readonly label: string;
}

/** Appends 32-bit instructions from an address upwards, with labels for branches and jumps. */
export class Assembler {
  readonly #words: number[] = [];
  readonly #labels = new Map<string, number>();
  readonly #fixups: Fixup[] = [];

  constructor(readonly base: number) {}

  /** Appends an instruction. */
  op(name: string, operands: Operands = {}): this {
    this.#words.push(encode(name, operands));
    return this;
  }

  /** Appends a branch or `jal` to a label, which may follow later. */
  to(label: string, name: string, operands: Operands = {}): this {
    this.#fixups.push({ index: this.#words.length, name, operands, label });
    this.#words.push(0);
    return this;
  }

  /** Names the next instruction. */
  label(name: string): this {
    this.#labels.set(name, this.#words.length);
    return this;
  }

  /** Loads a number from -2^31 up to 2^31 − 2,049. */
  load(register: number, value: number): this {
    const high = ((value + 0x800) & ~0xfff) | 0;
    this.op("lui", { d: register, imm: high });
    return this.op("addi", { d: register, s1: register, imm: value - high });
  }

  /** Address of a label. Throws when there is none. */
  addressOf(label: string): number {
    const index = this.#labels.get(label);
    if (index === undefined) throw new Error(`no label ${label}`);
    return this.base + index * 4;
  }

  /** The code, all labels resolved. */
  bytes(): Uint8Array<ArrayBuffer> {
    for (const { index, name, operands, label } of this.#fixups) {
      const imm = this.addressOf(label) - (this.base + index * 4);
      this.#words[index] = encode(name, { ...operands, imm });
    }
    return codeBytes(this.#words);
  }
}
