import { ops } from "../../arch/ir/ops.ts";
import { extractImmediate, extractRegister } from "../../arch/riscv64/formats.ts";
import type { Instruction } from "../../arch/riscv64/instructions.ts";
import type { Compared } from "./compare.ts";
import { accessSize, sourceKinds } from "./instruction_cases.ts";
import { BOUNDARY, PAGE, SLOT } from "./memory_map.ts";
import { registerOf, SIGNAL } from "./outcome.ts";

const FIELDS = ["d", "s1", "s2", "s3"] as const;
/** Bytes of a cache line of usual processors. */
const LINE = 64;
const NV = 16, DZ = 8, OF = 4, UF = 2, NX = 1;

/** The flags an instruction can raise or set (ISA manual, chapters "F" and "D"). */
function possibleFlags({ op, name }: Instruction): number {
  if (op === "csr_float") return /^csrr[ws]/.test(name) ? NV | DZ | OF | UF | NX : 0;
  if (/^f(n?m(add|sub))_/.test(op)) return NV | OF | UF | NX;
  if (/^f(add|sub)_/.test(op)) return NV | OF | NX;
  if (/^fmul_|^fcvt_s_d/.test(op)) return NV | OF | UF | NX;
  if (/^fdiv_/.test(op)) return NV | DZ | OF | UF | NX;
  if (/^fsqrt_|^fcvt_(w|wu|l|lu)_/.test(op)) return NV | NX;
  if (/^f(min|max|eq|lt|le)_|^fcvt_d_s/.test(op)) return NV;
  // Every 32-bit integer is a double.
  if (/^fcvt_d_wu?$/.test(op)) return 0;
  return /^fcvt_[sd]_/.test(op) ? NX : 0;
}

/** The kinds of floating-point numbers that must have been each operand. */
const CLASSES = [
  "+infinity",
  "-infinity",
  "+normal",
  "-normal",
  "+subnormal",
  "-subnormal",
  "+zero",
  "-zero",
  "quiet",
  "quiet with payload",
  "signalling",
];
const BROKEN_BOX = "broken box";

const SHAPE = {
  S: { fraction: 23n, exponent: 8n },
  D: { fraction: 52n, exponent: 11n },
} as const;

function classOf(kind: "S" | "D", register: bigint): string {
  if (kind === "S" && register >> 32n !== 0xffff_ffffn) return BROKEN_BOX;
  const { fraction, exponent } = SHAPE[kind];
  const sign = (register >> (fraction + exponent)) & 1n ? "-" : "+";
  const biased = (register >> fraction) & ((1n << exponent) - 1n);
  const low = register & ((1n << fraction) - 1n);
  if (biased === 0n) return sign + (low === 0n ? "zero" : "subnormal");
  if (biased !== (1n << exponent) - 1n) return `${sign}normal`;
  if (low === 0n) return `${sign}infinity`;
  if ((low >> (fraction - 1n)) === 0n) return "signalling";
  return low === 1n << (fraction - 1n) ? "quiet" : "quiet with payload";
}

/** What the cases of one instruction have met, by the expected outcomes. */
export class Coverage {
  readonly #row: Instruction;
  readonly #distinct = new Set<string>();
  /** What was met, as short texts. */
  readonly #met = new Set<string>();
  #flags = 0;

  constructor(row: Instruction) {
    this.#row = row;
  }

  /** Cases that differ in code or operands. */
  get distinct(): number {
    return this.#distinct.size;
  }

  /** Takes one case into account. */
  add({ placed, theirs }: Compared): void {
    const row = this.#row;
    // Where a case has several instructions, the last is the one it is about.
    const bits = placed.test.code.at(-1)!;
    const { registers } = placed;
    const sources = this.#sources(bits);
    const values = sources.map((index) => registerOf(registers, index));
    const rest = sources.length === 0 ? registers.join() : "";
    this.#distinct.add(`${placed.test.code.join()} ${values.join()} ${registers[0]} ${rest}`);

    for (const name of FIELDS) {
      const field = row.format[name];
      if (field !== undefined) this.#met.add(`${name}=${extractRegister(field, bits)}`);
    }
    sourceKinds(row).forEach((kind, position) => {
      if (kind === "S" || kind === "D") {
        this.#met.add(`s${position + 1}: ${classOf(kind, values[position]!)}`);
      }
    });
    if (theirs.signal === SIGNAL.none) {
      if ((registers[0]! & 31) === 0) this.#flags |= theirs.registers[0]! & 31;
      if (row.hasRoundingMode) this.#met.add(`rounding ${roundingOf(bits, registers[0]! >> 5)}`);
    } else this.#met.add(`signal ${theirs.signal}`);
    this.#addMemory(values[0] ?? 0n, bits);
    this.#addControl(theirs.pc, values[0] ?? 0n, bits);
    if (row.name.startsWith("sc.") && theirs.signal === SIGNAL.none) {
      const result = extractRegister(row.format.d!, bits);
      if (result !== 0) this.#met.add(`result ${registerOf(theirs.registers, result)}`);
    }
  }

  #sources(bits: number): number[] {
    const { format, syntax } = this.#row;
    return FIELDS.slice(1).flatMap((name) => {
      const field = format[name];
      if (field === undefined || !(syntax.includes(name) || field.fixed > 0)) return [];
      return [extractRegister(field, bits) + (syntax.includes(`f${name}`) ? 32 : 0)];
    });
  }

  #addMemory(base: bigint, bits: number): void {
    const size = accessSize(this.#row);
    if (size === 0) return;
    const imm = this.#row.format.imm;
    const address = Number(base) + (imm === undefined ? 0 : extractImmediate(imm, bits));
    const before = BOUNDARY.writable - address;
    if (before > 0 && before < size) this.#met.add(`crossing after ${before}`);
    if (before < PAGE && before > -PAGE) this.#met.add(`offset ${address % 8}`);
    const inLine = LINE - (address % LINE);
    if (inLine < size) this.#met.add(`line at ${address + inLine - BOUNDARY.writable}`);
  }

  #addControl(pc: bigint, base: bigint, bits: number): void {
    const { control } = ops[this.#row.op];
    if (control === "branch") {
      const taken = pc !== BigInt(SLOT + this.#row.length);
      this.#met.add(taken ? "taken" : "not taken");
    }
    if (pc % 4n === 2n) this.#met.add("odd halfword");
    const imm = this.#row.format.imm;
    const target = base + BigInt(imm === undefined ? 0 : extractImmediate(imm, bits));
    if (control === "jump" && target % 2n === 1n) this.#met.add("odd target");
  }

  /** What should have been met and was not, one text each. */
  missing(): string[] {
    const wanted = [
      ...this.#wantedRegisters(),
      ...this.#wantedFloat(),
      ...this.#wantedMemory(),
      ...this.#wantedControl(),
    ];
    const missing = wanted.filter((text) => !this.#met.has(text));
    const flags = possibleFlags(this.#row);
    if (this.#flags !== flags) {
      missing.push(`flags ${this.#flags.toString(2)} instead of ${flags.toString(2)}`);
    }
    return missing.map((text) => `${this.#row.name}: ${text}`);
  }

  #wantedRegisters(): string[] {
    const row = this.#row;
    return FIELDS.flatMap((name) => {
      const field = row.format[name];
      // Fields that the encoding fixes, or that must not be zero, or that only look like operands.
      if (field === undefined || field.fixed >= 0 || !row.syntax.includes(name)) return [];
      const all = field.short ? [...Array(8).keys()].map((i) => i + 8) : [...Array(32).keys()];
      return all.filter((register) => allowed(row, name, register))
        .map((register) => `${name}=${register}`);
    });
  }

  #wantedFloat(): string[] {
    const row = this.#row;
    const wanted = sourceKinds(row).flatMap((kind, position) => {
      if (kind !== "S" && kind !== "D") return [];
      // A store or move takes any bits.
      if (ops[row.op].memory !== undefined || row.name.startsWith("fmv.")) return [];
      return [...CLASSES, ...(kind === "S" ? [BROKEN_BOX] : [])]
        .map((name) => `s${position + 1}: ${name}`);
    });
    if (row.hasRoundingMode) {
      for (const mode of [0, 1, 2, 3, 4]) {
        wanted.push(`rounding static ${mode}`, `rounding dynamic ${mode}`);
      }
      wanted.push(`signal ${SIGNAL.ill}`);
    }
    return wanted;
  }

  #wantedMemory(): string[] {
    const row = this.#row, size = accessSize(row);
    if (size === 0) return [];
    if (ops[row.op].memory !== "atomic") {
      const splits = Array.from({ length: size - 1 }, (_, i) => `crossing after ${i + 1}`);
      const lines = size === 1 ? [] : [-LINE, 0, LINE].map((distance) => `line at ${distance}`);
      return [...splits, ...lines, ...[...Array(8).keys()].map((offset) => `offset ${offset}`)];
    }
    return row.name.startsWith("sc.") ? ["result 0", "result 1"] : [`signal ${SIGNAL.bus}`];
  }

  #wantedControl(): string[] {
    const row = this.#row;
    switch (ops[row.op].control) {
      case "branch":
        return ["taken", "not taken", "odd halfword"];
      case "relative":
        return ["odd halfword"];
      case "jump":
        return ["odd halfword", "odd target", `signal ${SIGNAL.segv}`, `signal ${SIGNAL.trap}`];
      default:
        return [];
    }
  }
}

const roundingOf = (bits: number, frm: number): string => {
  const mode = (bits >>> 12) & 7;
  return mode === 7 ? `dynamic ${frm}` : `static ${mode}`;
};

/** Whether an instruction can name a register in a field: 16-bit forms are others with some. */
function allowed(row: Instruction, field: string, register: number): boolean {
  if (row.name === "c.lui") return register !== 2;
  const notZero = ["c.addiw", "c.lwsp", "c.ldsp", "c.jr", "c.jalr", "c.nop"];
  if (notZero.includes(row.name)) return register !== 0;
  if (field === "s2" && (row.name === "c.mv" || row.name === "c.add")) return register !== 0;
  // Its own result would be the address of the second try.
  if (field === "s1" && row.name.startsWith("sc.")) return register !== 0;
  return true;
}
