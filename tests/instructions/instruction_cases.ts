import { FLOAT_SIGNATURES } from "../../arch/ir/float/signatures.ts";
import type { OperandKind } from "../../arch/ir/float/signatures.ts";
import { ops } from "../../arch/ir/ops.ts";
import { decode } from "../../arch/riscv64/decoder.ts";
import { encode } from "../../arch/riscv64/encode.ts";
import { extractImmediate } from "../../arch/riscv64/formats.ts";
import type { RegisterField } from "../../arch/riscv64/formats.ts";
import { instructions } from "../../arch/riscv64/instructions.ts";
import type { Instruction } from "../../arch/riscv64/instructions.ts";
import { Random } from "../kernel/random.ts";
import { BOUNDARY, SLOT } from "./memory_map.ts";
import { bystander, edgeCount, operandValue } from "./operand_values.ts";
import { setRegister, spareWithout } from "./test_case.ts";
import type { Place, TestCase, Window } from "./test_case.ts";

/** Cases of each instruction; two source operands and more get more of them. */
export const CASES = 224;
const MANY_CASES = 448;

/** Around a page boundary; whole cache lines lie on both sides of it. */
export const WINDOW_BYTES = 192;
const WINDOW = BOUNDARY.writable - WINDOW_BYTES / 2;

/** Bytes that a load, store or atomic touches; 0 for other instructions. */
export function accessSize(row: Instruction): number {
  if (ops[row.op].memory === undefined) return 0;
  if (ops[row.op].memory === "atomic") return row.op.endsWith("_w") ? 4 : 8;
  const name = row.op === "flw" ? "w" : row.op.replace("u", "").slice(-1);
  return { b: 1, h: 2, w: 4, d: 8 }[name]!;
}

/** How many cases an instruction has. */
export function caseCount(row: Instruction): number {
  const sources = (row.syntax.match(/[xf]s[123]/g) ?? []).length;
  return row.syntax.includes("fs") && sources > 1 ? MANY_CASES : CASES;
}

const PLACES = 4;
const NOTHING = encode("addi", { d: 0, s1: 0, imm: 0 });

/** Everything about a case that is drawn on the way. */
interface Draft {
  readonly row: Instruction;
  readonly index: number;
  readonly random: Random;
  readonly operands: { d: number; s1: number; s2: number; s3: number; imm: number; rm: number };
  readonly registers: Uint32Array;
}

const mix = (seed: number, row: number, index: number): number =>
  (Math.imul(seed, 0x85ebca6b) ^ Math.imul(row + 1, 0xc2b2ae35) ^
    Math.imul(index + 1, 0x27d4eb2f)) >>> 0;

/** One case of an instruction: a function of the seed, the instruction and the number alone. */
export function instructionCase(row: Instruction, seed: number, index: number): TestCase {
  const number = instructions.indexOf(row);
  const random = new Random(mix(seed, number, index));
  const draft: Draft = {
    row,
    index,
    random,
    operands: { ...drawRegisters(row, seed, index, random), imm: 0, rm: 7 },
    registers: drawImage(random),
  };
  drawFcsr(draft);
  drawSources(draft);
  const size = accessSize(row);
  const drawn = size > 0 ? touching(draft, size) : computing(draft);
  const used = new Set(
    drawn.uses ?? [draft.operands.d, draft.operands.s1, draft.operands.s2],
  );
  const place = drawn.place ?? { kind: "flow" };
  // An interpreter may have several places of dispatch: what comes before leads to another.
  const before = place.kind === "flow" ? Array<number>(index % PLACES).fill(NOTHING) : [];
  return {
    name: row.name,
    code: [...before, ...drawn.code],
    place,
    registers: draft.registers,
    spare: spareWithout(used),
    ...(drawn.window === undefined ? {} : { window: drawn.window }),
  };
}

/** All cases of an instruction. */
export function instructionCases(row: Instruction, seed: number): TestCase[] {
  return Array.from({ length: caseCount(row) }, (_, index) => instructionCase(row, seed, index));
}

/**
 * Register fields turn through all registers, each field in an order of its own; now and then two
 * fields name the same one.
 */
function drawRegisters(
  row: Instruction,
  seed: number,
  index: number,
  random: Random,
): { d: number; s1: number; s2: number; s3: number } {
  const draw = (field: RegisterField | undefined, salt: number): number => {
    if (field === undefined) return 0;
    if (field.fixed >= 0) return field.fixed;
    const count = field.short ? 8 : 32;
    const turn = new Random(mix(seed + salt, instructions.indexOf(row), Math.floor(index / count)));
    return (field.short ? 8 : 0) + (index * 5 + turn.below(count)) % count;
  };
  const { format } = row;
  const drawn = {
    d: draw(format.d, 1),
    s1: draw(format.s1, 2),
    s2: draw(format.s2, 3),
    s3: draw(format.s3, 4),
  };
  const same = (to: "s1" | "s2" | "s3", from: "d" | "s1" | "s2"): void => {
    const field = format[to], source = format[from];
    if (field === undefined || source === undefined) return;
    if (field.fixed < 0 && source.fixed < 0 && field.short === source.short) {
      drawn[to] = drawn[from];
    }
  };
  const alias = random.below(20);
  if (alias === 0 || alias === 3) same("s1", "d");
  if (alias === 1 || alias === 3) same("s2", "s1");
  if (alias === 2) same("s2", "d");
  if (alias === 3 || alias === 4) same("s3", "s2");
  // A field that is source and destination at once, as in most 16-bit forms.
  if (format.d !== undefined && format.d === format.s1) drawn.s1 = drawn.d;
  if (row.length === 2 && format.d !== undefined && format.s1?.bit === format.d.bit) {
    if (format.s1.fixed < 0) drawn.s1 = drawn.d;
  }
  return drawn;
}

function drawImage(random: Random): Uint32Array {
  const registers = new Uint32Array(128);
  for (let x = 1; x < 32; x++) setRegister(registers, x, bystander(random, false));
  for (let f = 32; f < 64; f++) setRegister(registers, f, bystander(random, true));
  return registers;
}

/** Flags mostly clear, all modes and now and then one that is none. */
function drawFcsr({ index, random, registers }: Draft): void {
  const flags = random.oneIn(4) ? random.below(32) : 0;
  const invalid = index % 36 === 35 || random.oneIn(40);
  const frm = invalid ? 5 + random.below(3) : Math.floor(index / 6) % 5;
  registers[0] = flags | (frm << 5);
}

const ROUNDING = [0, 1, 2, 3, 4, 7];

/** The kinds of an instruction's register sources, in the order s1, s2, s3. */
export function sourceKinds(row: Instruction): OperandKind[] {
  const signature = FLOAT_SIGNATURES[row.op as keyof typeof FLOAT_SIGNATURES];
  if (signature !== undefined) return signature.operands.filter((kind) => kind !== "R");
  return (row.syntax.match(/[xf]s[123]/g) ?? []).map((text) => text.startsWith("x") ? "X" : "D");
}

function drawSources({ row, index, random, operands, registers }: Draft): void {
  const kinds = sourceKinds(row);
  operands.rm = ROUNDING[index % ROUNDING.length]!;
  const fields = ["s1", "s2", "s3"] as const;
  kinds.forEach((kind, position) => {
    // The first source steps through its edges first, the others through theirs against it.
    const stepping = index < 2 * edgeCount(kind) || random.oneIn(3);
    const step = stepping ? index * (1 + 6 * position) + position : -1;
    const value = operandValue(kind, random, step);
    const isFloat = row.syntax.includes(`f${fields[position]}`);
    const register = operands[fields[position]!];
    if (isFloat || register !== 0) {
      setRegister(registers, isFloat ? 32 + register : register, value);
    }
  });
}

/** What an instruction's kind adds to a draft. */
interface Drawn {
  readonly code: readonly number[];
  readonly place?: Place;
  readonly window?: Window;
  /** Integer registers in use, if others than the operands. */
  readonly uses?: readonly number[];
}

const EDGE_12 = [0, 1, -1, 2047, -2048, 8];

/** An immediate of the instruction's format that makes it the instruction. */
function drawImmediate({ row, random, operands }: Draft): number {
  const spec = row.format.imm;
  if (spec === undefined) return 0;
  for (;;) {
    const imm = random.oneIn(3)
      ? random.pick(EDGE_12)
      : extractImmediate(spec, random.bits() ^ (random.bits() << 7));
    const bits = encode(row.name, { ...operands, imm });
    // The format may not hold all of it.
    if (decode(bits) === row) return extractImmediate(spec, bits);
    // Registers can stand against it too: `c.lui sp` is another instruction, `c.lwsp zero` none.
    if (random.oneIn(8)) redrawRegisters({ row, random, operands });
  }
}

function redrawRegisters(
  { row, random, operands }: Pick<Draft, "row" | "random" | "operands">,
): void {
  const { d, s1, s2 } = row.format;
  if (d !== undefined && d.fixed < 0 && !d.short) operands.d = 1 + random.below(31);
  if (s2 !== undefined && s2.fixed < 0 && !s2.short) operands.s2 = 1 + random.below(31);
  if (s1 !== undefined && s1.fixed < 0 && !s1.short) {
    operands.s1 = d !== undefined && d.bit === s1.bit ? operands.d : 1 + random.below(31);
  }
}

function computing(draft: Draft): Drawn {
  const { row, operands, registers, random, index } = draft;
  if (row.op === "csr_float") return csr(draft);
  const { control } = ops[row.op];
  if (row.op === "ecall") {
    // Numbers that no kernel has.
    setRegister(registers, 17, BigInt(5000 + index));
    return { code: [encode("ecall")], uses: [10, 17] };
  }
  if (control !== undefined && row.op !== "ebreak") return jumping(draft);
  operands.imm = drawImmediate(draft);
  if (row.format.imm === undefined) {
    while (decode(encode(row.name, operands)) !== row) redrawRegisters(draft);
  }
  if (row.name === "fence" || row.name === "fence.i") {
    return { code: [(row.match | (random.bits() & ~row.mask)) >>> 0] };
  }
  return { code: [encode(row.name, operands)] };
}

const FLOAT_CSRS = [1, 2, 3];
const COUNTERS = [0xc00, 0xc01, 0xc02];

function csr({ row, operands, random, registers }: Draft): Drawn {
  operands.imm = random.pick(FLOAT_CSRS);
  if (random.oneIn(12)) {
    // Counters are legal to read; their values are nobody's business, so they go to x0.
    operands.imm = random.pick(COUNTERS);
    operands.d = 0;
    if (random.oneIn(2)) operands.s1 = 0;
    // qemu takes setting the bits of a register that holds zero for reading, the manual does not.
    if (operands.s1 !== 0) setRegister(registers, operands.s1, 1n);
  }
  return { code: [encode(row.name, operands)] };
}

const SLOT_REACH = 8000;
/** Where indirect jumps go: breakpoints, data, nothing, the kernel's half. */
const LANDINGS: readonly bigint[] = [
  ...[-4096, -6, -1, 4, 7, 100, 4095, 4096].map((distance) => BigInt(SLOT + distance)),
  BigInt(BOUNDARY.writable),
  BigInt(BOUNDARY.readableWritable - 8),
  0x700_0000n,
  0x3f_ffff_f000n,
];

/** Jumps and branches run among breakpoints, which show where they went. */
function jumping(draft: Draft): Drawn {
  const { row, random, operands, registers, index } = draft;
  const place: Place = { kind: "slot" };
  const indirect = ops[row.op].control === "jump";
  do {
    operands.imm = drawImmediate(draft);
    if (row.name === "jal" && random.oneIn(2)) {
      operands.imm = 2 * (random.below(SLOT_REACH) - SLOT_REACH / 2);
    }
    // Onto itself it would not end; into its own second half it might not.
  } while (!indirect && (operands.imm === 0 || operands.imm === 2 || operands.imm % 2 !== 0));
  while (decode(encode(row.name, operands)) !== row) redrawRegisters(draft);
  if (indirect && operands.s1 !== 0) {
    const target = LANDINGS[index % LANDINGS.length]! - BigInt(operands.imm);
    setRegister(registers, operands.s1, target);
  }
  const twoSources = row.format.s2 !== undefined && row.format.s2.fixed < 0;
  if (twoSources && operands.s1 !== 0 && operands.s2 !== 0 && random.oneIn(4)) {
    for (const half of [0, 1]) {
      registers[2 * operands.s2 + half] = registers[2 * operands.s1 + half]!;
    }
  }
  if (row.format.s2?.fixed === 0 && random.oneIn(2)) setRegister(registers, operands.s1, 0n);
  return { code: [encode(row.name, operands)], place };
}

const ORDER_SHIFT = 25;

/** Loads, stores and atomics fall on every byte around a page boundary. */
function touching(draft: Draft, size: number): Drawn {
  const { row, index, random, operands, registers } = draft;
  operands.imm = drawImmediate(draft);
  if (row.format.imm === undefined) {
    while (decode(encode(row.name, operands)) !== row) redrawRegisters(draft);
  }
  const atomic = ops[row.op].memory === "atomic";
  const isConditional = row.name.startsWith("sc.");
  // Without its reservation qemu does not look at the address of a store-conditional at all, so
  // these have good ones, also the second time.
  while (isConditional && (operands.s1 === 0 || operands.s1 === operands.d)) {
    redrawRegisters(draft);
  }
  let position = index % (WINDOW_BYTES - size + 1);
  if (atomic && (isConditional || !random.oneIn(8))) position -= position % size;
  const bytes = new Uint8Array(WINDOW_BYTES);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < WINDOW_BYTES; at += 8) {
    view.setBigUint64(at, bystander(random, random.oneIn(2)), true);
  }
  view.setBigUint64(Math.min(position, WINDOW_BYTES - 8), operandValue("X", random, index), true);
  if (operands.s1 !== 0) {
    setRegister(registers, operands.s1, BigInt(WINDOW + position - operands.imm));
  }
  const window = { address: WINDOW, bytes };
  const bits = encode(row.name, operands);
  if (!atomic) return { code: [bits], window };
  const ordered = (bits | (random.below(4) << ORDER_SHIFT)) >>> 0;
  if (!isConditional) return { code: [ordered], window };
  return { ...conditional(draft, ordered, size, position), window };
}

/** Store-conditionals: alone, after their load-reserved, and after one that was for another. */
function conditional(draft: Draft, bits: number, size: number, position: number): Drawn {
  const { index, operands, random, registers } = draft;
  const suffix = size === 4 ? "w" : "d";
  // Registers for the load and another address, apart from those of the instruction.
  const taken = new Set([operands.d, operands.s1, operands.s2]);
  const free = [8, 9, 18, 19, 20].filter((register) => !taken.has(register));
  const [other, loaded] = [free[0]!, free[1]!];
  const elsewhere = WINDOW + (position < WINDOW_BYTES / 2 ? 96 : 16);
  setRegister(registers, other, BigInt(elsewhere));
  const reserve = encode(`lr.${suffix}`, { d: loaded, s1: operands.s1 }) |
    (random.below(4) << ORDER_SHIFT);
  const reserveOther = encode(`lr.${suffix}`, { d: loaded, s1: other });
  const storeOther = encode("sd", { s1: other, s2: operands.s2, imm: 8 });
  const same = encode(size === 4 ? "sw" : "sd", { s1: operands.s1, s2: loaded });
  const code = [
    [reserve, bits],
    [bits],
    [reserve, bits, bits],
    [reserveOther, bits],
    [reserve, storeOther, bits],
    [reserve, reserveOther, bits],
    [reserveOther, reserve, bits],
    // qemu fails when the value has changed since; storing what was there leaves it.
    [reserve, same, bits],
  ][index % 8]!;
  return { code: code.map((word) => word >>> 0), uses: [...taken, other, loaded] };
}
