import assert from "node:assert/strict";
import { decode } from "./decoder.ts";
import { disassemble } from "./disassemble.ts";
import { encode } from "./encode.ts";
import { extractImmediate, extractRegister, insertImmediate, insertRegister } from "./formats.ts";
import { instructions } from "./instructions.ts";

function randomSource(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state ^ (state >>> 13)) >>> 0;
  };
}

// Bits and text as llvm-objdump-14 -M no-aliases gives them (separators made plain).
const KNOWN: readonly [number, string][] = [
  [0x800005b7, "lui a1, 524288"],
  [0x00001517, "auipc a0, 1"],
  [0xff9ff0ef, "jal ra, -8"],
  [0x00058067, "jalr zero, 0(a1)"],
  [0xfec58ae3, "beq a1, a2, -12"],
  [0xff813503, "ld a0, -8(sp)"],
  [0x00b12623, "sw a1, 12(sp)"],
  [0x80058513, "addi a0, a1, -2048"],
  [0x43f5d513, "srai a0, a1, 63"],
  [0x41f5d51b, "sraiw a0, a1, 31"],
  [0x02c5b533, "mulhu a0, a1, a2"],
  [0x0330000f, "fence rw, rw"],
  [0x0000100f, "fence.i"],
  [0x00000073, "ecall"],
  [0x00100073, "ebreak"],
  [0x00202573, "csrrs a0, frm, zero"],
  [0xc0102573, "csrrs a0, time, zero"],
  [0x0030d073, "csrrwi zero, fcsr, 1"],
  [0x1005a52f, "lr.w a0, (a1)"],
  [0x1ec5b52f, "sc.d.aqrl a0, a2, (a1)"],
  [0x04c5b52f, "amoadd.d.aq a0, a2, (a1)"],
  [0x6ac5f543, "fmadd.d fa0, fa1, fa2, fa3, dyn"],
  [0x02c58553, "fadd.d fa0, fa1, fa2, rne"],
  [0xc2059553, "fcvt.w.d a0, fa1, rtz"],
  [0xe2059553, "fclass.d a0, fa1"],
  [0xe0058553, "fmv.x.w a0, fa1"],
  [0x0028, "c.addi4spn a0, sp, 8"],
  [0x4188, "c.lw a0, 0(a1)"],
  [0x6105, "c.addi16sp sp, 32"],
  [0x7179, "c.addi16sp sp, -48"],
  [0x0001, "c.nop"],
  [0x157d, "c.addi a0, -1"],
  [0x2505, "c.addiw a0, 1"],
  [0x557d, "c.li a0, -1"],
  [0x757d, "c.lui a0, 1048575"],
  [0x8d0d, "c.sub a0, a1"],
  [0x9d0d, "c.subw a0, a1"],
  [0xbfc5, "c.j -16"],
  [0xd97d, "c.beqz a0, -10"],
  [0x8082, "c.jr ra"],
  [0x9582, "c.jalr a1"],
  [0x852e, "c.mv a0, a1"],
  [0x952e, "c.add a0, a1"],
  [0x9002, "c.ebreak"],
  [0x60e2, "c.ldsp ra, 24(sp)"],
  [0xec06, "c.sdsp ra, 24(sp)"],
  [0x2422, "c.fldsp fs0, 8(sp)"],
];

Deno.test("known encodings disassemble", () => {
  for (const [bits, text] of KNOWN) assert.equal(disassemble(bits), text);
  assert.equal(disassemble(0xff9ff0ef, 0x10010), "jal ra, 0x10008");
});

Deno.test("reserved and privileged encodings are no instructions", () => {
  const reserved = [
    0x0000, // all zero
    0x0004, // c.addi4spn of 0
    0x2001, // c.addiw to x0
    0x6081, // c.lui of 0
    0x6101, // c.addi16sp of 0
    0x9c41, // quadrant 1, no such operation
    0x8000, // quadrant 0, funct3 4
    0x4002, // c.lwsp to x0
    0x6002, // c.ldsp to x0
    0x8002, // c.jr x0
    0x00200073, // uret
    0x10200073, // sret
    0x30200073, // mret
    0x10500073, // wfi
    0x12000073, // sfence.vma
    0x00004073, // system, funct3 4
    0x02c5d553, // fadd.d with rounding mode 5
    0x02c5e553, // and 6
    0xd2065553, // fcvt.d.w with rounding mode 5
    0x0405951b, // slliw by 64
    0x1015a52f, // lr.w with a second source
    0x00007003, // load, funct3 7
    0x00004023, // store, funct3 4
    0x00002063, // branch, funct3 2
    0x0000001f, // announces 48 bits
    0xffffffff,
  ];
  for (const bits of reserved) {
    assert.equal(decode(bits), undefined, disassemble(bits));
    assert.match(disassemble(bits), /^unknown 0x/);
  }
});

Deno.test("hints decode as what they spell", () => {
  const hints: [number, string][] = [
    [0x0005, "c.addi zero, 1"],
    [0x0081, "c.addi ra, 0"],
    [0x4005, "c.li zero, 1"],
    [0x6005, "c.lui zero, 1"],
    [0x8006, "c.mv zero, ra"],
    [0x9006, "c.add zero, ra"],
    [0x0006, "c.slli zero, 1"],
    [0x00100013, "addi zero, zero, 1"],
  ];
  for (const [bits, text] of hints) assert.equal(disassemble(bits), text);
});

Deno.test("every row's fields survive encoding and decoding", () => {
  const random = randomSource(7);
  for (const row of instructions) {
    for (let round = 0; round < 50; round++) {
      const { format } = row;
      let bits = row.match;
      const registers: [NonNullable<typeof format.d>, number][] = [];
      for (const field of [format.d, format.s1, format.s2, format.s3]) {
        if (field === undefined || field.fixed >= 0) continue;
        const register = field.short ? 8 + random() % 8 : random() % 32;
        bits = insertRegister(field, bits, register);
        registers.push([field, register]);
      }
      let imm = 0;
      if (format.imm !== undefined) {
        imm = extractImmediate(format.imm, random());
        bits = insertImmediate(format.imm, bits, imm);
        assert.equal(extractImmediate(format.imm, bits), imm, `${row.name} immediate`);
      }
      // Later insertions may share bits with a field only where the format names it twice.
      for (const [field] of registers) {
        const again = insertRegister(field, bits, extractRegister(field, bits));
        assert.equal(again, bits, `${row.name} register`);
      }
      const found = decode(row.length === 2 ? bits & 0xffff : bits);
      const owns = (bits & row.mask) === row.match;
      if (owns && found !== undefined && found !== row) {
        assert.ok((found.mask & row.mask) === row.mask, `${found.name} hides ${row.name}`);
      }
    }
  }
});

Deno.test("encoding a named instruction decodes to that row", () => {
  for (const row of instructions) {
    const imm = row.format.imm === undefined ? 0 : extractImmediate(row.format.imm, 0x0a54_aaa8);
    const bits = encode(row.name, { d: 10, s1: 11, s2: 12, s3: 13, imm, rm: 1 });
    assert.equal(decode(bits)?.name, row.name, disassemble(bits));
  }
});
