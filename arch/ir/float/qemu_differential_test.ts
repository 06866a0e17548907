import assert from "node:assert/strict";
import { describeCase, FLOAT_NAMES, makeCases, makeFloatUnit } from "./float_test_support.ts";
import { FLOAT_SIGNATURES } from "./signatures.ts";
import type { FloatCase } from "./float_test_support.ts";
import type { FloatFunctionName, OperandKind } from "./signatures.ts";

// Every instruction runs over a table of operands in one static RV64 ELF file made here, under
// qemu-riscv64; its results and flags must be ours. Needs --allow-run, --allow-read, --allow-write.

const CODE_ADDRESS = 0x10000;
const CODE_SIZE = 0x10000;
const TABLE_ADDRESS = CODE_ADDRESS + CODE_SIZE;
/** Three operands as 64-bit register images, then fcsr. */
const ROW_BYTES = 32;
/** The result register and fflags. */
const RESULT_BYTES = 16;

const DYNAMIC = 7;
const FORMAT_CODE: Readonly<Record<string, number>> = { s: 0, d: 1 };
const INTEGER_CODE: Readonly<Record<string, number>> = { w: 0, wu: 1, l: 2, lu: 3 };
/** funct5 and rm field; `undefined` means dynamic rounding. */
const BINARY: Readonly<Record<string, readonly [number, number | undefined]>> = {
  fadd: [0x00, undefined],
  fsub: [0x01, undefined],
  fmul: [0x02, undefined],
  fdiv: [0x03, undefined],
  fsgnj: [0x04, 0],
  fsgnjn: [0x04, 1],
  fsgnjx: [0x04, 2],
  fmin: [0x05, 0],
  fmax: [0x05, 1],
  fle: [0x14, 0],
  flt: [0x14, 1],
  feq: [0x14, 2],
};
const FUSED: Readonly<Record<string, number>> = {
  fmadd: 0x43,
  fmsub: 0x47,
  fnmsub: 0x4b,
  fnmadd: 0x4f,
};

/** OP-FP with rd = register 10, rs1 = 10. */
function opFp(funct5: number, format: number, rs2: number, rm: number): number {
  return ((funct5 << 27) | (format << 25) | (rs2 << 20) | (10 << 15) | (rm << 12) | (10 << 7) |
    0x53) >>> 0;
}

/** The instruction on f10 (or x10 for an integer operand), f11, f12, into f10 or x10. */
function encodeInstruction(name: FloatFunctionName): number {
  const [op, second, third] = name.split("_") as [string, string, string | undefined];
  const fused = FUSED[op];
  if (fused !== undefined) {
    return ((12 << 27) | (FORMAT_CODE[second]! << 25) | (11 << 20) | (10 << 15) | (DYNAMIC << 12) |
      (10 << 7) | fused) >>> 0;
  }
  const binary = BINARY[op];
  if (binary !== undefined) {
    return opFp(binary[0], FORMAT_CODE[second]!, 11, binary[1] ?? DYNAMIC);
  }
  if (op === "fsqrt") return opFp(0x0b, FORMAT_CODE[second]!, 0, DYNAMIC);
  if (op === "fclass") return opFp(0x1c, FORMAT_CODE[second]!, 0, 1);
  if (op !== "fcvt" || third === undefined) throw new Error(`no encoding for ${name}`);
  if (second in INTEGER_CODE) {
    return opFp(0x18, FORMAT_CODE[third]!, INTEGER_CODE[second]!, DYNAMIC);
  }
  if (third in INTEGER_CODE) {
    return opFp(0x1a, FORMAT_CODE[second]!, INTEGER_CODE[third]!, DYNAMIC);
  }
  return opFp(0x08, FORMAT_CODE[second]!, FORMAT_CODE[third]!, DYNAMIC);
}

/** Just enough of an assembler: words, with the register numbers spelled out below. */
class Assembler {
  readonly words: number[] = [];

  word(bits: number): void {
    this.words.push(bits >>> 0);
  }

  /** addi rd, rs1, imm (12 bits) and the other I-type forms. */
  immediate(opcode: number, funct3: number, rd: number, rs1: number, imm: number): void {
    this.word(((imm & 0xfff) << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode);
  }

  store(opcode: number, funct3: number, rs2: number, rs1: number, imm: number): void {
    this.word(
      ((imm >> 5) << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | ((imm & 31) << 7) | opcode,
    );
  }

  /** rd = value, a positive number below 2^31. */
  load(rd: number, value: number): void {
    const high = (value + 0x800) >>> 12;
    this.word((high << 12) | (rd << 7) | 0x37);
    this.immediate(0x13, 0, rd, rd, value - (high << 12));
  }

  /** Branch to a word position; funct3 1 is bne, 6 bltu. */
  branch(funct3: number, rs1: number, rs2: number, target: number): void {
    const d = (target - this.words.length) * 4;
    this.word(
      (((d >> 12) & 1) << 31) | (((d >> 5) & 63) << 25) | (rs2 << 20) | (rs1 << 15) |
        (funct3 << 12) | (((d >> 1) & 15) << 8) | (((d >> 11) & 1) << 7) | 0x63,
    );
  }
}

const [X_CASE, X_OUT, X_END, X_TEMP] = [8, 9, 18, 5];
const [LOAD, LOAD_FP, STORE, STORE_FP, OP_IMM, SYSTEM] = [0x03, 0x07, 0x23, 0x27, 0x13, 0x73];

/** A loop that runs one instruction over its rows. */
function emitLoop(a: Assembler, name: FloatFunctionName, end: number): void {
  const { operands, result } = FLOAT_SIGNATURES[name];
  a.load(X_END, end);
  const top = a.words.length;
  if (operands[0] === "X") a.immediate(LOAD, 3, 10, X_CASE, 0);
  else for (const i of [0, 1, 2]) a.immediate(LOAD_FP, 3, 10 + i, X_CASE, 8 * i);
  a.immediate(LOAD, 3, X_TEMP, X_CASE, 24);
  a.immediate(SYSTEM, 1, 0, X_TEMP, 0x003);
  a.word(encodeInstruction(name));
  a.immediate(SYSTEM, 2, X_TEMP, 0, 0x001);
  if (result === "X") a.store(STORE, 3, 10, X_OUT, 0);
  else a.store(STORE_FP, 3, 10, X_OUT, 0);
  a.store(STORE, 3, X_TEMP, X_OUT, 8);
  a.immediate(OP_IMM, 0, X_CASE, X_CASE, ROW_BYTES);
  a.immediate(OP_IMM, 0, X_OUT, X_OUT, RESULT_BYTES);
  a.branch(6, X_CASE, X_END, top);
}

/** write(1, …) until all is out, then exit(0). X_END and X_OUT are free here. */
function emitOutput(a: Assembler, address: number, size: number): void {
  a.load(X_OUT, address);
  a.load(X_END, address + size);
  const top = a.words.length;
  a.immediate(OP_IMM, 0, 10, 0, 1);
  a.immediate(OP_IMM, 0, 11, X_OUT, 0);
  a.word((0x20 << 25) | (X_OUT << 20) | (X_END << 15) | (12 << 7) | 0x33);
  a.immediate(OP_IMM, 0, 17, 0, 64);
  a.word(SYSTEM);
  a.word((10 << 20) | (X_OUT << 15) | (X_OUT << 7) | 0x33);
  a.branch(6, X_OUT, X_END, top);
  a.immediate(OP_IMM, 0, 10, 0, 0);
  a.immediate(OP_IMM, 0, 17, 0, 93);
  a.word(SYSTEM);
}

/** The register image of an operand: an S value is NaN-boxed. */
function registerImage(kind: OperandKind, bits: bigint): bigint {
  return kind === "S" ? bits | (0xffff_ffffn << 32n) : bits;
}

interface Group {
  readonly name: FloatFunctionName;
  readonly cases: readonly FloatCase[];
}

function buildElf(groups: readonly Group[]): Uint8Array<ArrayBuffer> {
  const rows = groups.reduce((sum, g) => sum + g.cases.length, 0);
  const outAddress = TABLE_ADDRESS + rows * ROW_BYTES;
  const a = new Assembler();
  a.load(X_CASE, TABLE_ADDRESS);
  a.load(X_OUT, outAddress);
  let end = TABLE_ADDRESS;
  for (const { name, cases } of groups) emitLoop(a, name, end += cases.length * ROW_BYTES);
  emitOutput(a, outAddress, rows * RESULT_BYTES);

  const headerBytes = 0x1000;
  assert.ok(a.words.length * 4 <= CODE_SIZE);
  const file = new Uint8Array(headerBytes + CODE_SIZE + rows * ROW_BYTES);
  const view = new DataView(file.buffer);
  writeHeader(view, file.length - headerBytes, rows * RESULT_BYTES);
  a.words.forEach((word, i) => view.setUint32(headerBytes + 4 * i, word, true));
  let at = headerBytes + CODE_SIZE;
  for (const { name, cases } of groups) {
    const kinds = FLOAT_SIGNATURES[name].operands;
    for (const { operands, mode } of cases) {
      operands.forEach((x, i) => view.setBigUint64(at + 8 * i, registerImage(kinds[i]!, x), true));
      view.setUint32(at + 24, mode << 5, true);
      at += ROW_BYTES;
    }
  }
  return file;
}

/** ELF header and one segment (read, write, execute) from file offset 0x1000, zeros after it. */
function writeHeader(view: DataView, fileBytes: number, extraBytes: number): void {
  [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1].forEach((byte, i) => view.setUint8(i, byte));
  view.setUint16(16, 2, true);
  view.setUint16(18, 243, true);
  view.setUint32(20, 1, true);
  view.setUint32(24, CODE_ADDRESS, true);
  view.setUint32(32, 64, true);
  // Flags: RVC allowed, double-float ABI.
  view.setUint32(48, 5, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true);
  view.setUint32(68, 7, true);
  view.setUint32(72, 0x1000, true);
  view.setUint32(80, CODE_ADDRESS, true);
  view.setUint32(88, CODE_ADDRESS, true);
  view.setUint32(96, fileBytes, true);
  view.setUint32(104, fileBytes + extraBytes, true);
  view.setUint32(112, 0x1000, true);
}

async function runUnderQemu(elf: Uint8Array<ArrayBuffer>): Promise<DataView | undefined> {
  const path = await Deno.makeTempFile({ prefix: "float-", suffix: ".elf" });
  try {
    await Deno.writeFile(path, elf, { mode: 0o755 });
    const command = new Deno.Command("qemu-riscv64", { args: [path], stdout: "piped" });
    const { code, stdout } = await command.output();
    assert.equal(code, 0, "the program under qemu-riscv64 failed");
    return new DataView(stdout.buffer, stdout.byteOffset, stdout.byteLength);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  } finally {
    await Deno.remove(path);
  }
}

const hasInstruction = (name: FloatFunctionName): boolean => !name.endsWith("box_s");

function strideFor(name: FloatFunctionName): number {
  return FLOAT_SIGNATURES[name].operands.filter((kind) => kind !== "R").length === 3 ? 37 : 1;
}

/** S operands whose box is broken, as the register image: they must read as the canonical NaN. */
const BROKEN_BOXES = [0x3f80_0000n, 0xffff_fffe_3f80_0000n, 0x7fff_ffff_7f80_0001n];

Deno.test("results and flags equal those of qemu-riscv64", async (t) => {
  const unit = makeFloatUnit();
  const groups = FLOAT_NAMES.filter(hasInstruction).map((name) => ({
    name,
    cases: makeCases(name, strideFor(name), 400, false),
  }));
  const output = await runUnderQemu(buildElf(groups));
  if (output === undefined) {
    console.log("skipped: qemu-riscv64 is not installed");
    return;
  }
  let at = 0;
  for (const { name, cases } of groups) {
    assert.ok(cases.length >= 200, `${name}: only ${cases.length} cases`);
    const start = at;
    at += cases.length * RESULT_BYTES;
    await t.step(name, () => compareGroup(unit, name, cases, output, start));
  }
  assert.equal(at, output.byteLength);
});

function compareGroup(
  unit: ReturnType<typeof makeFloatUnit>,
  name: FloatFunctionName,
  cases: readonly FloatCase[],
  output: DataView,
  start: number,
): void {
  cases.forEach((test, i) => {
    const theirs = output.getBigUint64(start + i * RESULT_BYTES, true);
    const theirFlags = output.getUint32(start + i * RESULT_BYTES + 8, true);
    const { result, flags } = unit(test, 0);
    const ours = registerImage(FLOAT_SIGNATURES[name].result, result);
    if (ours === theirs && flags === theirFlags) return;
    assert.fail(
      `${describeCase(test)}: ours 0x${ours.toString(16)} flags ${flags}, ` +
        `qemu 0x${theirs.toString(16)} flags ${theirFlags}`,
    );
  });
}

Deno.test("an S operand without its box reads as the canonical NaN, as under qemu-riscv64", async () => {
  const unit = makeFloatUnit();
  // Register images are given as D operands of an S instruction's loop: FSGNJ.S shows what is read.
  const name = "fsgnj_s";
  const images = BROKEN_BOXES.map((x) => ({ name, operands: [x, x], mode: 0 } as const));
  const elf = buildElf([{ name, cases: images }]);
  const view = new DataView(elf.buffer);
  // The table was boxed when it was built: put the broken images in.
  images.forEach(({ operands }, row) =>
    operands.forEach((x, i) =>
      view.setBigUint64(0x1000 + CODE_SIZE + row * ROW_BYTES + 8 * i, x, true)
    )
  );
  const output = await runUnderQemu(elf);
  if (output === undefined) {
    console.log("skipped: qemu-riscv64 is not installed");
    return;
  }
  images.forEach(({ operands: [x] }, row) => {
    const read = unit({ name: "unbox_s", operands: [x], mode: 0 }, 0).result;
    const boxed = unit({ name: "box_s", operands: [read], mode: 0 }, 0).result;
    assert.equal(boxed, output.getBigUint64(row * RESULT_BYTES, true));
  });
});
