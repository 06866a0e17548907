import assert from "node:assert/strict";
import { ops } from "../ir/ops.ts";
import { codeBytes, loadAddress, testElf, writeAndExit } from "../machine/test_elf.ts";
import { TestMachine } from "../machine/test_machine.ts";
import { encode } from "./encode.ts";
import { instructions } from "./instructions.ts";
import type { Instruction } from "./instructions.ts";

// Every instruction of the table that computes or touches memory runs over a table of operands, in
// one program, under qemu-riscv64 and on the interpreter; both write all results.

const DATA_BASE = 0x200000;
const ROWS = 96;
const INPUTS = 5;
const OUTPUTS = 5;
const RESULT_BASE = DATA_BASE + 0x100000;
const CELL = DATA_BASE + 0x80000;

// Registers of the generated program.
const X = { input: 8, output: 9, left: 10, right: 11, result: 12, count: 13, cell: 14, flags: 15 };
const F = { result: 8, left: 9, right: 10, third: 11 };

function randomSource(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state ^ (state >>> 13)) >>> 0;
  };
}

const INTEGER_EDGES = [
  0n,
  1n,
  2n,
  -1n,
  -2n,
  31n,
  32n,
  63n,
  64n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  -0x80000000n,
  -0x80000001n,
  0x7fffffffffffffffn,
  -0x8000000000000000n,
  0x0123456789abcdefn,
  0xfedcba9876543210n,
  0x00ff00ff80808080n,
];
const DOUBLE_EDGES = [
  0n,
  0x8000000000000000n,
  0x3ff0000000000000n,
  0xbff8000000000000n,
  0x7ff0000000000000n,
  0xfff0000000000000n,
  0x7ff8000000000000n,
  0x7ff0000000000001n,
  1n,
  0x000fffffffffffffn,
  0x0010000000000000n,
  0x7fefffffffffffffn,
  0x41dfffffffc00000n,
  0x43e0000000000000n,
  0xc3e0000000000000n,
  0x3fe0000000000000n,
  0x4340000000000001n,
  0x3cb0000000000000n,
];
const SINGLE_EDGES = [
  0,
  0x80000000,
  0x3f800000,
  0xbfc00000,
  0x7f800000,
  0xff800000,
  0x7fc00000,
  0x7f800001,
  1,
  0x007fffff,
  0x00800000,
  0x7f7fffff,
  0x4f000000,
  0x5f000000,
  0xdf000000,
  0x3f000000,
  0x4b800001,
  0x33800000,
];

function operandTable(): BigUint64Array<ArrayBuffer> {
  const random = randomSource(2026);
  const pick = <T>(list: readonly T[]): T => list[random() % list.length]!;
  const random64 = (): bigint => BigInt(random()) << 32n | BigInt(random());
  const table = new BigUint64Array(ROWS * INPUTS);
  for (let row = 0; row < ROWS; row++) {
    const integer = (): bigint => random() % 4 === 0 ? random64() : pick(INTEGER_EDGES);
    const float = (): bigint => {
      if (row % 2 === 0) return random() % 3 === 0 ? random64() : pick(DOUBLE_EDGES);
      const single = BigInt(random() % 3 === 0 ? random() : pick(SINGLE_EDGES));
      return random() % 16 === 0 ? single : 0xffffffff00000000n | single;
    };
    const values = [integer(), integer(), float(), float(), float()];
    values.forEach((v, i) => table[row * INPUTS + i] = BigInt.asUintN(64, v));
  }
  return table;
}

/** A variant of an instruction: the code that runs once per operand row. */
interface Case {
  readonly name: string;
  readonly code: readonly number[];
}

function immediates(row: Instruction): readonly number[] {
  switch (row.formatName) {
    case "I":
      return [0, 1, -1, 2047, -2048, 0x555];
    case "SHIFT64":
    case "cShift":
    case "cShiftLeft":
      return [1, 31, 32, 63];
    case "SHIFT32":
      return [0, 1, 31];
    case "U":
      return [0, 0x1000, -0x80000000, 0x12345000];
    case "cUpper":
      return [0x1000, -0x20000];
    case "cImmediate":
    case "cLoadImmediate":
    case "cAndImmediate":
      return [0, 1, -1, 31, -32];
    case "cAddi16sp":
      return [16, -512];
    default:
      return [];
  }
}

function computing(row: Instruction): Case[] {
  const fixed = row.formatName.startsWith("c");
  const registers = {
    d: row.syntax.includes("fd") ? F.result : X.result,
    s1: row.syntax.includes("fs1") ? F.left : fixed ? X.result : X.left,
    s2: row.syntax.includes("fs2") ? F.right : X.right,
    s3: F.third,
  };
  if (row.hasRoundingMode) {
    return [0, 1, 2, 3, 4, 7].map((rm) => ({
      name: `${row.name} rm=${rm}`,
      code: [encode(row.name, { ...registers, rm })],
    }));
  }
  const values = immediates(row);
  if (values.length === 0) return [{ name: row.name, code: [encode(row.name, registers)] }];
  return values.map((imm) => ({
    name: `${row.name} ${imm}`,
    code: [encode(row.name, { ...registers, imm })],
  }));
}

function touchingMemory(row: Instruction): Case[] {
  const store = encode("sd", { s1: X.cell, s2: X.left });
  const isFloat = row.syntax.includes("fd") || row.syntax.includes("fs2");
  const registers = {
    d: isFloat ? F.result : X.result,
    s1: X.cell,
    s2: isFloat ? F.right : X.right,
  };
  const offsets = ops[row.op].memory === "atomic" ? [0] : [0, 1, 3, 5, 8];
  const stackForm = row.formatName.endsWith("Sp");
  if (stackForm || row.length === 2) {
    const point = encode("addi", { d: 2, s1: X.cell });
    return [{
      name: row.name,
      code: [store, point, encode(row.name, { ...registers, imm: 8 })],
    }];
  }
  return offsets.map((imm) => ({
    name: `${row.name} ${imm}`,
    code: [store, encode(row.name, { ...registers, imm })],
  }));
}

function branching(row: Instruction): Case {
  const skip = encode(row.name, { s1: X.left, s2: X.right, imm: row.length + 4 });
  return { name: row.name, code: [skip, encode("addi", { d: X.result, s1: X.result, imm: 1 })] };
}

function allCases(): Case[] {
  const cases: Case[] = [];
  for (const row of instructions) {
    const { control, memory } = ops[row.op];
    if (row.op === "csr_float" || row.op === "nop" || row.formatName === "cAddi4spn") continue;
    // qemu also wants the value unchanged since the LR; pairs follow below.
    if (row.name.startsWith("sc.")) continue;
    if (memory !== undefined) cases.push(...touchingMemory(row));
    else if (control === undefined) cases.push(...computing(row));
    else if (control === "branch") cases.push(branching(row));
  }
  cases.push(...csrCases());
  for (const width of ["w", "d"]) {
    const reserve = encode(`lr.${width}`, { d: X.result, s1: X.cell });
    const condition = encode(`sc.${width}`, { d: X.result, s1: X.cell, s2: X.right });
    cases.push({ name: `lr/sc.${width}`, code: [reserve, condition] });
    cases.push({ name: `lr/sc.${width} twice`, code: [reserve, condition, condition] });
  }
  return cases;
}

function csrCases(): Case[] {
  const cases: Case[] = [];
  for (const csr of [1, 2, 3]) {
    for (const name of ["csrrw", "csrrs", "csrrc", "csrrwi", "csrrsi", "csrrci"]) {
      // frm keeps a valid mode, so that the next case starts from something defined.
      const seed = encode("csrrwi", { imm: 3, s1: 21 });
      const access = encode(name, { d: X.result, s1: name.endsWith("i") ? 13 : X.right, imm: csr });
      cases.push({ name: `${name} ${csr}`, code: [seed, access] });
    }
  }
  return cases;
}

const STEP = OUTPUTS * 8;

/** The loop of one case: loads a row, runs the code, stores five results. */
function loopOf(test: Case): number[] {
  const load = (name: string, d: number, index: number): number =>
    encode(name, { d, s1: X.input, imm: index * 8 });
  const save = (name: string, s2: number, index: number): number =>
    encode(name, { s1: X.output, s2, imm: index * 8 });
  const body = [
    load("ld", X.left, 0),
    load("ld", X.right, 1),
    load("fld", F.left, 2),
    load("fld", F.right, 3),
    load("fld", F.third, 4),
    encode("addi", { d: X.result, s1: X.left }),
    encode("csrrwi", { imm: 3, s1: 0 }),
    encode("sd", { s1: X.cell, s2: X.right, imm: 8 }),
    ...test.code,
    encode("csrrs", { d: X.flags, imm: 3 }),
    save("sd", X.result, 0),
    save("fsd", F.result, 1),
    save("sd", X.flags, 2),
    encode("ld", { d: X.flags, s1: X.cell }),
    save("sd", X.flags, 3),
    encode("ld", { d: X.flags, s1: X.cell, imm: 8 }),
    save("sd", X.flags, 4),
    encode("addi", { d: X.input, s1: X.input, imm: INPUTS * 8 }),
    encode("addi", { d: X.output, s1: X.output, imm: STEP }),
    encode("addi", { d: X.count, s1: X.count, imm: -1 }),
  ];
  const back = -codeBytes(body).length;
  return [
    ...loadAddress(X.input, DATA_BASE),
    encode("addi", { d: X.count, imm: ROWS }),
    encode("fmv.d.x", { d: F.result, s1: 0 }),
    ...body,
    encode("bne", { s1: X.count, s2: 0, imm: back }),
  ];
}

function program(cases: readonly Case[]): Uint8Array<ArrayBuffer> {
  const code = [...loadAddress(X.output, RESULT_BASE), ...loadAddress(X.cell, CELL)];
  for (const test of cases) code.push(...loopOf(test));
  const size = cases.length * ROWS * STEP;
  code.push(...writeAndExit(RESULT_BASE, size));
  const table = new Uint8Array(operandTable().buffer);
  return testElf(codeBytes(code), DATA_BASE, table, RESULT_BASE - DATA_BASE + size);
}

function runUnderQemu(elf: Uint8Array): Uint8Array | undefined {
  const file = Deno.makeTempFileSync();
  try {
    Deno.writeFileSync(file, elf);
    Deno.chmodSync(file, 0o755);
    const { code, stdout } = new Deno.Command("qemu-riscv64", { args: [file] }).outputSync();
    assert.equal(code, 0, "the generated program failed under qemu");
    return stdout;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  } finally {
    Deno.removeSync(file);
  }
}

const name = "every computing and memory instruction gives what qemu-riscv64 gives";
Deno.test(name, (t) => {
  const cases = allCases();
  const elf = program(cases);
  const expected = runUnderQemu(elf);
  if (expected === undefined) {
    console.log(`${t.name}: skipped, qemu-riscv64 is not installed`);
    return;
  }
  const machine = new TestMachine();
  machine.loadElf(elf);
  const { output } = machine.runProgram();
  assert.equal(output.length, expected.length);
  const failures: string[] = [];
  cases.forEach((test, index) => {
    for (let row = 0; row < ROWS && failures.length < 40; row++) {
      const at = (index * ROWS + row) * STEP;
      const ours = Array.from(new BigUint64Array(output.slice(at, at + STEP).buffer));
      const theirs = Array.from(new BigUint64Array(expected.slice(at, at + STEP).buffer));
      if (ours.join() === theirs.join()) continue;
      const hex = (list: readonly bigint[]): string => list.map((v) => v.toString(16)).join(" ");
      const inputs = Array.from(operandTable().slice(row * INPUTS, row * INPUTS + INPUTS));
      failures.push(`${test.name} (${hex(inputs)}): ${hex(ours)}, qemu: ${hex(theirs)}`);
      break;
    }
  });
  assert.deepEqual(failures, []);
  assert.ok(cases.length > 500, `${cases.length} cases`);
});
