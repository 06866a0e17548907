import { ops } from "../../arch/ir/ops.ts";
import { decode } from "../../arch/riscv64/decoder.ts";
import { extractImmediate } from "../../arch/riscv64/formats.ts";
import { instructions } from "../../arch/riscv64/instructions.ts";
import { Random } from "../kernel/random.ts";
import { BOUNDARY } from "./memory_map.ts";
import { bystander } from "./operand_values.ts";
import { setRegister, spareWithout } from "./test_case.ts";
import type { TestCase } from "./test_case.ts";

/** Whether some bits may run in the slot: what jumps onto itself would not end. */
function ends(bits: number): boolean {
  const row = decode(bits);
  if (row === undefined) return true;
  const { control } = ops[row.op];
  if (control !== "branch" && control !== "relative") return true;
  const imm = extractImmediate(row.format.imm!, bits);
  return imm !== 0 && (imm !== 2 || row.length === 2);
}

/**
 * One encoding in the slot. All integer registers point into writable memory, a multiple of 16
 * bytes apart, so that whatever the bits mean they find what they need.
 */
function probe(bits: number, image: Uint32Array): TestCase {
  const wide = (bits & 3) === 3;
  const fields = wide ? [7, 15, 20] : [7, 2];
  return {
    name: `0x${bits.toString(16).padStart(wide ? 8 : 4, "0")}`,
    code: [bits],
    place: { kind: "slot" },
    registers: image,
    spare: spareWithout(new Set(fields.map((at) => (bits >>> at) & 31))),
  };
}

function image(random: Random): Uint32Array {
  const registers = new Uint32Array(128);
  for (let x = 1; x < 32; x++) setRegister(registers, x, BigInt(BOUNDARY.writable + (x - 16) * 16));
  for (let f = 32; f < 64; f++) setRegister(registers, f, bystander(random, true));
  registers[0] = random.below(5) << 5;
  return registers;
}

/** Every 16-bit word that announces a 16-bit instruction, apart from jumps onto themselves. */
export function compressedEncodings(seed: number): TestCase[] {
  const registers = image(new Random(seed));
  const cases: TestCase[] = [];
  for (let bits = 0; bits < 0x1_0000; bits++) {
    if ((bits & 3) !== 3 && ends(bits)) cases.push(probe(bits, registers));
  }
  return cases;
}

const OP_V = 0x57, LOAD_FP = 0x07, STORE_FP = 0x27;
const VECTOR_WIDTHS = [0, 5, 6, 7];

/**
 * Whether a word belongs to the V extension. qemu 7.2 takes some of them, moves, loads and stores of
 * whole registers, although the extension is off; one that stores changes what later cases see.
 */
export function isVector(bits: number): boolean {
  const opcode = bits & 0x7f;
  if (opcode === OP_V) return true;
  return (opcode === LOAD_FP || opcode === STORE_FP) &&
    VECTOR_WIDTHS.includes((bits >>> 12) & 7);
}

/**
 * 32-bit words: a third any bits, a third instructions with any operands, a third instructions with
 * one bit of their opcode wrong. None is of the V extension.
 */
export function wideEncodings(seed: number, count: number): TestCase[] {
  const random = new Random(seed);
  const registers = image(random);
  const rows = instructions.filter((row) => row.length === 4);
  const cases: TestCase[] = [];
  while (cases.length < count) {
    const row = random.pick(rows);
    let bits = random.bits() | 3;
    if (cases.length % 3 > 0) bits = (bits & ~row.mask) | row.match;
    if (cases.length % 3 === 2) bits ^= 1 << (2 + random.below(30));
    if (ends(bits) && !isVector(bits)) cases.push(probe(bits >>> 0, registers));
  }
  return cases;
}

const CSRS = 4096;

/** Some words. */
export function encodingCases(words: readonly number[]): TestCase[] {
  const registers = image(new Random(1));
  return words.map((bits) => probe(bits, registers));
}

/** Reads and writes of every CSR number. */
export function csrEncodings(): TestCase[] {
  const registers = image(new Random(1));
  return Array.from({ length: CSRS }, (_, csr) => [
    probe(((csr << 20) | 0x2573) >>> 0, registers), // csrrs a0, csr, zero
    probe(((csr << 20) | 0x59573) >>> 0, registers), // csrrw a0, csr, a1
    probe(((csr << 20) | 0x07573) >>> 0, registers), // csrrci a0, csr, 0
  ]).flat();
}

/** Whether some bits read a counter, whose value is not compared. */
export function readsCounter(bits: number): boolean {
  const isCsr = (bits & 0x7f) === 0x73 && ((bits >>> 12) & 3) !== 0;
  return isCsr && bits >>> 20 >= 0xc00 && bits >>> 20 < 0xc20;
}
