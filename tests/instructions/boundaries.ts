import { encode } from "../../arch/riscv64/encode.ts";
import { instructions } from "../../arch/riscv64/instructions.ts";
import { Random } from "../kernel/random.ts";
import { accessSize } from "./instruction_cases.ts";
import { BOUNDARY, STRADDLE } from "./memory_map.ts";
import { bystander } from "./operand_values.ts";
import { setRegister, spareWithout } from "./test_case.ts";
import type { TestCase, Window } from "./test_case.ts";

const HALF = 64;

/** The part of 128 bytes around a boundary that can be written and so be a case's window. */
const WINDOWS: Readonly<Record<keyof typeof BOUNDARY, readonly [from: number, to: number]>> = {
  writable: [-HALF, HALF],
  writableNone: [-HALF, 0],
  writableReadable: [-HALF, 0],
  noneWritable: [0, HALF],
  readableWritable: [0, HALF],
  noneNone: [0, 0],
};

function windowAt(boundary: keyof typeof BOUNDARY, random: Random): Window | undefined {
  const [from, to] = WINDOWS[boundary];
  if (from === to) return undefined;
  const bytes = Uint8Array.from({ length: to - from }, () => random.below(256));
  return { address: BOUNDARY[boundary] + from, bytes };
}

/** Registers of the case: an address, a value, a result. */
const BASE = 8, VALUE = 9, RESULT = 10;

/**
 * Every load, store and atomic at every distance from a boundary between two pages, for each pair
 * of pages. Store-conditionals follow a load-reserved.
 */
export function dataBoundaryCases(seed: number): TestCase[] {
  const random = new Random(seed);
  const cases: TestCase[] = [];
  for (const row of instructions) {
    const size = accessSize(row);
    if (size === 0) continue;
    for (const boundary of Object.keys(BOUNDARY) as (keyof typeof BOUNDARY)[]) {
      for (let distance = -size; distance <= 0; distance++) {
        const imm = row.format.imm === undefined ? 0 : size * random.below(4);
        const base = row.format.s1!.fixed > 0 ? row.format.s1!.fixed : BASE;
        const operands = { d: RESULT, s1: base, s2: VALUE, imm };
        const registers = new Uint32Array(128);
        for (let x = 1; x < 32; x++) setRegister(registers, x, bystander(random, false));
        for (let f = 32; f < 64; f++) setRegister(registers, f, bystander(random, true));
        registers[0] = random.below(32);
        setRegister(registers, base, BigInt(BOUNDARY[boundary] + distance - imm));
        const bits = encode(row.name, operands);
        const isConditional = row.name.startsWith("sc.");
        const reserve = encode(`lr.${size === 4 ? "w" : "d"}`, { d: 11, s1: BASE });
        const window = windowAt(boundary, random);
        cases.push({
          name: `${row.name} at ${boundary} ${distance}`,
          code: isConditional ? [reserve, bits] : [bits],
          place: { kind: "flow" },
          registers,
          spare: spareWithout(new Set([2, BASE, VALUE, RESULT, 11])),
          ...(window === undefined ? {} : { window }),
        });
      }
    }
  }
  return cases;
}

/** 32-bit instructions whose second half lies in another page: computing, memory, jumps, traps. */
const STRADDLING: readonly number[] = [
  encode("addi", { d: 10, s1: 11, imm: -1366 }),
  encode("add", { d: 10, s1: 11, s2: 12 }),
  encode("lui", { d: 10, imm: 0x12345000 }),
  encode("auipc", { d: 10, imm: -4096 }),
  encode("ld", { d: 10, s1: 8, imm: -8 }),
  encode("sd", { s1: 8, s2: 12, imm: 8 }),
  encode("sw", { s1: 8, s2: 12, imm: -2 }),
  encode("amoadd.d", { d: 10, s1: 8, s2: 12 }),
  encode("beq", { s1: 11, s2: 11, imm: 6 }),
  encode("bne", { s1: 11, s2: 11, imm: 6 }),
  encode("jal", { d: 1, imm: 10 }),
  encode("jalr", { d: 1, s1: 9, imm: 0 }),
  encode("fmadd.d", { d: 10, s1: 11, s2: 12, s3: 13 }),
  encode("fcvt.w.d", { d: 10, s1: 11, rm: 1 }),
  encode("csrrw", { d: 10, s1: 11, imm: 3 }),
  encode("mulh", { d: 10, s1: 11, s2: 12 }),
  encode("divw", { d: 10, s1: 11, s2: 12 }),
  encode("ebreak"),
  0x10500073, // wfi
  0xffff_ffff,
].map((bits) => bits >>> 0);

/** Instructions that lie in two pages; the second is executable, absent, or only data. */
export function straddlingCases(seed: number): TestCase[] {
  const random = new Random(seed);
  const cases: TestCase[] = [];
  for (const [kind, { first, step, count }] of Object.entries(STRADDLE)) {
    for (let i = 0; i < count; i++) {
      const bits = STRADDLING[i % STRADDLING.length]!;
      const address = first + i * step - 2;
      const registers = new Uint32Array(128);
      for (let x = 1; x < 32; x++) setRegister(registers, x, bystander(random, false));
      for (let f = 32; f < 64; f++) setRegister(registers, f, bystander(random, true));
      registers[0] = random.below(5) << 5;
      setRegister(registers, 8, BigInt(BOUNDARY.writable));
      setRegister(registers, 9, BigInt(address + 10));
      const window = windowAt("writable", random)!;
      cases.push({
        name: `0x${bits.toString(16)} before ${kind} page ${i}`,
        code: [bits],
        place: { kind: "fixed", address },
        registers,
        spare: 0,
        window,
      });
    }
  }
  return cases;
}
