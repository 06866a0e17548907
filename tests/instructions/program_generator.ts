import { ops } from "../../arch/ir/ops.ts";
import { encode, instructionNamed } from "../../arch/riscv64/encode.ts";
import type { Operands } from "../../arch/riscv64/encode.ts";
import { extractImmediate } from "../../arch/riscv64/formats.ts";
import type { RegisterField } from "../../arch/riscv64/formats.ts";
import { instructions } from "../../arch/riscv64/instructions.ts";
import type { Instruction } from "../../arch/riscv64/instructions.ts";
import { Random } from "../kernel/random.ts";
import { accessSize } from "./instruction_cases.ts";
import { bystander } from "./operand_values.ts";
import { ARENA, ARENA_BYTES, isItself } from "./program.ts";
import type { Item, Program } from "./program.ts";
import { setRegister, SPARES } from "./test_case.ts";

const LINK = 1, SP = 2, A0 = 10, A7 = 17;
/** Where bases may point, so that offsets of both signs stay in the arena. */
const BASE_STEP = 16;
const FARTHEST = 14;

const OFTEN = 3;

/** The table with branches and accesses several times, so that they are not rare. */
const choices: readonly Instruction[] = instructions.flatMap((row) => {
  const { control, memory } = ops[row.op];
  const often = control === "branch" || memory !== undefined;
  return Array<Instruction>(often ? OFTEN : 1).fill(row);
});

/** One random program: a function of the seed and the number alone. */
export function randomProgram(seed: number, number: number): Program {
  return new Generator(seed, number).program();
}

/**
 * Draws a program that ends: jumps go forward, but for loops whose counter nothing else writes, and
 * subroutines that call nothing. Accesses stay in the arena, but for rare ones that end it.
 */
class Generator {
  readonly #random: Random;
  readonly #items: Item[] = [];
  readonly #spare: number;
  /** A second base, among the registers that 16-bit loads and stores can name. */
  readonly #base: number;
  readonly #counters: number[];
  readonly #reserved: Set<number>;
  readonly #origins = new Map<number, number>();
  readonly #name: string;
  #nextId = 0;
  #groups = 0;
  #openLoops = 0;
  #inSubroutine = false;

  constructor(seed: number, number: number) {
    const random = this.#random = new Random(
      Math.imul(seed, 0x9e3779b1) ^ Math.imul(number, 40503),
    );
    this.#name = `program ${seed}/${number}`;
    this.#spare = random.below(SPARES.length);
    this.#base = random.pick([8, 9, 11, 12, 13, 14, 15]);
    const fixed = [0, LINK, SP, A0, A7, this.#base, ...SPARES[this.#spare]!];
    const free = [...Array(32).keys()].filter((register) => !fixed.includes(register));
    this.#counters = [0, 1].map(() => free.splice(random.below(free.length), 1)[0]!);
    this.#reserved = new Set([LINK, SP, this.#base, ...this.#counters, ...SPARES[this.#spare]!]);
    for (const register of [SP, this.#base]) {
      this.#origins.set(
        register,
        ARENA_BYTES / 2 + BASE_STEP * (random.below(2 * 8) - 8),
      );
    }
  }

  program(): Program {
    const random = this.#random;
    const length = 20 + random.below(140);
    const subroutines = random.below(3);
    const calls: { id: number; group: number }[] = [];
    const callAt = Array.from({ length: subroutines }, () => random.below(length)).sort((a, b) =>
      a - b
    );
    while (this.#items.length < length || callAt.length > 0) {
      if (callAt.length > 0 && this.#items.length >= callAt[0]!) {
        callAt.shift();
        calls.push(this.#call());
      } else this.#step(length);
    }
    const end = this.#add("jal", { d: 0 });
    for (const { id, group } of calls) this.#subroutine(id, group);
    this.#retarget(end, this.#nextId);
    return {
      name: this.#name,
      items: this.#items,
      registers: this.#image(),
      memory: Uint8Array.from({ length: ARENA_BYTES }, () => random.below(256)),
      spare: this.#spare,
    };
  }

  #image(): Uint32Array {
    const registers = new Uint32Array(128);
    for (let x = 1; x < 32; x++) setRegister(registers, x, bystander(this.#random, false));
    for (let f = 32; f < 64; f++) setRegister(registers, f, bystander(this.#random, true));
    for (const [register, origin] of this.#origins) {
      setRegister(registers, register, BigInt(ARENA + origin));
    }
    registers[0] = this.#random.below(5) << 5;
    return registers;
  }

  #add(name: string, operands: Operands, more: Partial<Item> = {}): number {
    const id = this.#nextId++;
    this.#items.push({ id, name, operands, ...more });
    return id;
  }

  #retarget(id: number, target: number): void {
    const index = this.#items.findIndex((item) => item.id === id);
    this.#items[index] = { ...this.#items[index]!, target };
  }

  /** A register that a program may write, also x0. */
  #writable(short = false): number {
    for (;;) {
      const register = short ? 8 + this.#random.below(8) : this.#random.below(32);
      if (!this.#reserved.has(register)) return register;
    }
  }

  /** One that keeps what is written. */
  #temporary(short = false): number {
    for (;;) {
      const register = this.#writable(short);
      if (register !== 0) return register;
    }
  }

  /** One construct: an instruction, or some that belong together. */
  #step(length: number): void {
    const random = this.#random;
    if (this.#openLoops < this.#counters.length && random.oneIn(16)) return this.#loop(length);
    const row = random.pick(choices);
    const { control, memory } = ops[row.op];
    if (row.op === "ecall") return this.#ecall();
    if (control === "branch" || control === "relative") return this.#jump(row);
    if (control === "jump") return this.#indirect(row);
    if (control !== undefined) return;
    if (row.op === "csr_float") return this.#csr(row);
    if (memory === "atomic") return this.#atomic(row);
    if (memory !== undefined) return this.#access(row);
    if (row.format.d?.fixed === SP) return this.#moveStack();
    this.#compute(row);
  }

  #loop(length: number): void {
    const random = this.#random;
    const counter = this.#counters[this.#openLoops++]!;
    const group = this.#groups++;
    this.#add("addi", { d: counter, imm: 1 + random.below(12) }, { group });
    const head = this.#nextId;
    const size = 2 + random.below(12);
    for (let i = 0; i < size; i++) this.#step(length);
    const compressed = random.oneIn(2);
    this.#add(
      compressed ? "c.addi" : "addi",
      compressed ? { d: counter, imm: -1 } : { d: counter, s1: counter, imm: -1 },
      { group },
    );
    const short = counter >= 8 && counter < 16 && random.oneIn(2);
    this.#add(short ? "c.bnez" : "bne", { s1: counter, s2: 0 }, { group, target: head });
    this.#openLoops--;
  }

  #call(): { id: number; group: number } {
    const group = this.#groups++;
    return { id: this.#add("jal", { d: LINK }, { group }), group };
  }

  #subroutine(call: number, group: number): void {
    this.#inSubroutine = true;
    this.#retarget(call, this.#nextId);
    const size = 1 + this.#random.below(10);
    for (let i = 0; i < size; i++) this.#step(0);
    if (this.#random.oneIn(2)) this.#add("c.jr", { s1: LINK }, { group });
    else this.#add("jalr", { d: 0, s1: LINK, imm: 0 }, { group });
    this.#inSubroutine = false;
  }

  /** Forward over some items without control flow, so that a jump leaves no loop or subroutine. */
  #jump(row: Instruction): void {
    const random = this.#random;
    const operands = row.name === "jal" ? { d: this.#writable() } : this.#sources(row);
    const id = this.#add(row.name, operands);
    const over = random.below(6);
    for (let i = 0; i < over; i++) this.#straight();
    this.#retarget(id, this.#nextId);
  }

  /** `auipc`, an addition or an offset, and the jump. */
  #indirect(row: Instruction): void {
    const group = this.#groups++;
    const register = this.#temporary();
    const auipc = this.#add("auipc", { d: register, imm: 0 }, { group });
    let jump: number;
    if (row.name === "jalr") {
      jump = this.#add("jalr", { d: this.#writable(), s1: register }, { group, from: auipc });
    } else {
      jump = this.#add("addi", { d: register, s1: register }, { group, from: auipc });
      // c.jalr writes the link register, which a subroutine needs.
      const name = this.#inSubroutine ? "c.jr" : row.name;
      this.#add(name, { s1: register }, { group });
    }
    const over = this.#random.below(4);
    for (let i = 0; i < over; i++) this.#straight();
    this.#retarget(jump, this.#nextId);
  }

  /** Something without control flow. */
  #straight(): void {
    for (;;) {
      const row = this.#random.pick(choices);
      const { control, memory } = ops[row.op];
      if (control !== undefined || row.format.d?.fixed === SP) continue;
      if (row.op === "csr_float") return this.#csr(row);
      if (memory === "atomic") return this.#atomic(row);
      if (memory !== undefined) return this.#access(row);
      return this.#compute(row);
    }
  }

  #ecall(): void {
    const group = this.#groups++;
    this.#add("addi", { d: A7, s1: 0, imm: 1900 + this.#random.below(100) }, { group });
    this.#add("ecall", {}, { group });
  }

  #csr(row: Instruction): void {
    const random = this.#random;
    const d = this.#writable();
    // frm only from immediates, mostly valid: an invalid one ends the program at the next rounding.
    if (random.oneIn(3)) {
      const mode = random.oneIn(40) ? 5 + random.below(3) : random.below(5);
      this.#add("csrrwi", { d, s1: mode, imm: 2 });
    } else this.#add(row.name, { d, s1: random.below(32), imm: 1 });
  }

  #fields(row: Instruction): Operands {
    const random = this.#random;
    const any = (field: RegisterField | undefined): number =>
      field === undefined ? 0 : field.short ? 8 + random.below(8) : random.below(32);
    const { format, syntax } = row;
    const s1 = any(format.s1);
    const writesInteger = format.d !== undefined && syntax.includes("xd");
    const d = writesInteger ? this.#writable(format.d!.short) : any(format.d);
    return { d, s1, s2: any(format.s2), s3: any(format.s3), rm: random.pick([0, 1, 2, 3, 4, 7]) };
  }

  #sources(row: Instruction): Operands {
    const { s1, s2 } = this.#fields(row);
    return row.format.s2?.fixed === 0 ? { s1: s1!, s2: 0 } : { s1: s1!, s2: s2! };
  }

  /** Operands with an immediate for which the instruction is itself. */
  #operands(row: Instruction, fits: (imm: number) => boolean = () => true): Operands {
    for (;;) {
      const fields = this.#fields(row);
      const spec = row.format.imm;
      // Where destination and source are one field, the destination's choice counts.
      const merged = row.format.d !== undefined && row.format.s1?.bit === row.format.d.bit &&
          row.format.s1.fixed < 0 && row.length === 2
        ? { ...fields, s1: fields.d! }
        : fields;
      if (spec === undefined) {
        if (isItself(row.name, merged)) return merged;
        continue;
      }
      const wanted = extractImmediate(spec, this.#random.bits() ^ (this.#random.bits() << 9));
      const imm = extractImmediate(spec, encode(row.name, { ...merged, imm: wanted }));
      if (fits(imm) && isItself(row.name, { ...merged, imm })) return { ...merged, imm };
    }
  }

  #compute(row: Instruction): void {
    this.#add(row.name, this.#operands(row));
  }

  /** `c.addi16sp` there and back. */
  #moveStack(): void {
    const group = this.#groups++;
    const imm = 16 * (1 + this.#random.below(31)) * (this.#random.oneIn(2) ? 1 : -1);
    this.#add("c.addi16sp", { imm }, { group });
    this.#add("c.addi4spn", { d: this.#temporary(true), imm: 4 * (1 + this.#random.below(255)) });
    this.#add("c.addi16sp", { imm: -imm }, { group });
  }

  #access(row: Instruction): void {
    const random = this.#random;
    const size = accessSize(row);
    const implied = row.format.s1!.fixed;
    if (implied < 0 && row.length === 4 && random.oneIn(3)) return this.#pointer(row, size);
    const base = implied >= 0 ? implied : row.format.s1!.short || random.oneIn(2) ? this.#base : SP;
    // Rarely an access near address zero, which ends the program.
    const wild = row.length === 4 && random.oneIn(400);
    const origin = this.#origins.get(base)!;
    const operands = this.#operands(
      row,
      (imm) => wild || (origin + imm >= 0 && origin + imm + size <= ARENA_BYTES),
    );
    this.#add(row.name, { ...operands, s1: wild ? 0 : base });
  }

  /** An access through a pointer made from a register's value. */
  #pointer(row: Instruction, size: number): void {
    const group = this.#groups++;
    const register = this.#temporary();
    const source = this.#random.below(32);
    this.#add("andi", { d: register, s1: source, imm: 0xf8 | this.#random.below(8) }, { group });
    this.#add("add", { d: register, s1: register, s2: SP }, { group });
    const origin = this.#origins.get(SP)!;
    const operands = this.#operands(
      row,
      (imm) => origin + imm >= 0 && origin + 255 + imm + size <= ARENA_BYTES,
    );
    this.#add(row.name, { ...operands, s1: register }, { group });
  }

  #atomic(row: Instruction): void {
    const random = this.#random;
    const size = accessSize(row);
    const group = this.#groups++;
    const register = this.#temporary();
    const offset = size * (random.below(2 * FARTHEST) - FARTHEST);
    const misaligned = random.oneIn(600) ? 1 + random.below(size - 1) : 0;
    this.#add("addi", { d: register, s1: SP, imm: offset + misaligned }, { group });
    const operands = { ...this.#fields(row), s1: register };
    const extra = random.below(4) << 25;
    if (row.name.startsWith("amo")) {
      this.#add(row.name, operands, { group, extra });
      return;
    }
    // A pair, or one half of it with an address that is as good.
    const suffix = size === 4 ? "w" : "d";
    const pairs = !random.oneIn(6);
    const loaded = this.#temporary();
    const collides = loaded === register;
    if (pairs && !collides) {
      this.#add(`lr.${suffix}`, { d: loaded, s1: register }, { group, extra });
      if (random.oneIn(2)) this.#add("c.add", { d: loaded, s2: 1 + random.below(31) }, { group });
    }
    const addressed = misaligned !== 0 && !(pairs && !collides)
      ? instructionNamed(`lr.${suffix}`)
      : instructionNamed(`sc.${suffix}`);
    this.#add(addressed.name, { ...operands, s2: addressed.format.s2 ? operands.s2! : 0 }, {
      group,
      extra,
    });
  }
}
