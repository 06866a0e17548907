import assert from "node:assert/strict";
import { EXIT } from "../../arch/ir/interpreter.ts";
import { HART, REGISTER } from "../../arch/machine/memory/layout.ts";
import { USER } from "../../arch/machine/test_machine.ts";
import { codeBytes } from "../../arch/machine/test_elf.ts";
import { encode } from "../../arch/riscv64/encode.ts";
import { Assembler } from "../instructions/assembler.ts";
import { type MakeTwins, regionsOf, testRegions, type Twins } from "./twins.ts";

const CODE = 0x1_0000;
const DATA = 0x2_0000;
const ECALL = encode("ecall");

/** Loops in loops, calls of a leaf, a group of accesses, floating point, an atomic, 16-bit forms. */
function program(): Uint8Array {
  const a = new Assembler(CODE);
  a.load(5, 5).load(8, DATA + 64).op("addi", { d: 10 });
  a.label("outer").op("addi", { d: 6, s1: 0, imm: 3 });
  a.label("inner").op("sd", { s1: 8, s2: 10, imm: 8 }).op("ld", { d: 11, s1: 8, imm: 8 });
  a.op("sw", { s1: 8, s2: 5, imm: 16 }).op("addi", { d: 8, s1: 8, imm: 8 });
  a.op("lw", { d: 12, s1: 8, imm: 8 }).op("addi", { d: 8, s1: 8, imm: -8 });
  a.to("leaf", "jal", { d: 1 });
  a.op("amoadd.d", { d: 13, s1: 8, s2: 10 });
  a.op("addi", { d: 6, s1: 6, imm: -1 }).to("inner", "bne", { s1: 6, s2: 0 });
  a.op("fcvt.d.l", { d: 1, s1: 10 }).op("fdiv.d", { d: 2, s1: 1, s2: 3, rm: 0 });
  a.op("addi", { d: 5, s1: 5, imm: -1 }).to("outer", "bne", { s1: 5, s2: 0 });
  a.op("ecall");
  a.label("leaf").op("add", { d: 10, s1: 10, s2: 6 }).to("even", "beq", { s1: 6, s2: 0 });
  a.op("xori", { d: 10, s1: 10, imm: 0x55 });
  a.label("even").op("jalr", { d: 0, s1: 1 });
  return a.bytes();
}

function twinsWith(make: MakeTwins, bytes: Uint8Array): Twins {
  const t = make();
  t.both((m) => {
    const root = m.newSpace();
    for (let page = 0; page < 3; page++) m.map(root, CODE + page * 4096, USER.rx);
    m.map(root, DATA, USER.rw);
    m.map(root, DATA + 4096, USER.rw);
    m.write(root, CODE, bytes);
    m.useSpace(root);
  });
  return t;
}

function rewrite(t: Twins, code: readonly number[]): void {
  t.both((m) => m.writeCode(m.hartField(0, HART.rootPpn), CODE, code));
}

function start(t: Twins): void {
  t.both((m) => {
    for (let r = 1; r <= 63; r++) m.setRegister(r, 0);
    m.setRegister(REGISTER.f0 + 3, 0x4008_0000_0000_0000n);
    m.setRegister(REGISTER.fcsr, 0);
    m.setRegister(REGISTER.pc, CODE);
  });
}

testRegions("a budget ends at every instruction, across loops and calls", (make, engine) => {
  const t = twinsWith(make, program());
  start(t);
  let total = 0;
  while (t.run(1) === EXIT.budget) total++;
  assert.ok(total > 150, `${total} instructions`);
  // The second round finds compiled what the first has made hot.
  for (let round = 0; round < 3; round++) {
    for (let budget = 1; budget <= total + 1; budget++) {
      start(t);
      const exit = t.run(budget, `budget ${budget}`);
      assert.equal(exit, budget > total ? EXIT.trap : EXIT.budget);
      if (exit === EXIT.budget) t.run(total, `rest behind ${budget}`);
    }
  }
  assert.ok(regionsOf(t.compiled) > 0, `${engine} compiled nothing`);
});

testRegions("two slices that end everywhere, one after the other", (make) => {
  const t = twinsWith(make, program());
  for (let slice = 1; slice < 40; slice++) {
    start(t);
    assert.equal(t.runSlices(() => slice, 10_000, `slices of ${slice}`), EXIT.trap);
  }
});

testRegions("a fault at each access in a loop leaves pc, registers and counts exact", (make) => {
  // Two accesses by one base form a group; the base walks over the end of what is mapped.
  const t = twinsWith(make, new Uint8Array(0));
  for (const name of ["sd", "ld", "sw", "lbu", "fld", "fsd"]) {
    for (const from of [DATA + 8192 - 40, DATA + 8192 - 36, DATA + 8192 - 33]) {
      const other = name[0] === "s" || name === "fsd" ? "ld" : "sd";
      rewrite(t, [
        encode("addi", { d: 10, s1: 10, imm: 1 }),
        encode(other, { d: 12, s1: 8, s2: 10, imm: -8 }),
        // A word, which compiled code keeps at 32 bits until somebody wants more of it.
        encode("addiw", { d: 11, s1: 11, imm: 3 }),
        encode(name, { d: 13, s1: 8, s2: 11, imm: 8 }),
        encode("addi", { d: 8, s1: 8, imm: 1 }),
        encode("jal", { imm: -20 }),
      ]);
      for (let round = 0; round < 3; round++) {
        start(t);
        t.both((m) => m.setRegister(8, from));
        const budget = 1 + round * 7;
        const exit = t.runSlices(() => round === 0 ? 10_000 : budget, 10_000, `${name} ${from}`);
        assert.equal(exit, EXIT.trap);
      }
    }
  }
});

testRegions("misaligned accesses of every size, in a page and across two", (make) => {
  const names = ["lb", "lhu", "lw", "ld", "sb", "sh", "sw", "sd", "flw", "fld", "fsw", "fsd"];
  const atomics = ["lr.w", "lr.d", "sc.w", "sc.d", "amoswap.w", "amoadd.d"];
  const t = twinsWith(make, new Uint8Array(0));
  for (const name of [...names, ...atomics]) {
    rewrite(t, [encode(name, { d: 10, s1: 8, s2: 11, imm: 0 }), ECALL]);
    for (let round = 0; round < 2; round++) {
      for (let offset = -16; offset <= 16; offset++) {
        start(t);
        t.both((m) => {
          m.setRegister(8, DATA + 4096 + offset);
          m.setRegister(11, 0x1122_3344_5566_7788n + BigInt(offset));
          m.setRegister(REGISTER.f0 + 11, 0x99aa_bbcc_ddee_ff00n + BigInt(offset));
          m.setHart(0, HART.reservationSize, 0);
        });
        t.run(10, `${name} at ${offset}`);
      }
    }
  }
});

testRegions("frm and NX change between runs", (make) => {
  const t = twinsWith(
    make,
    codeBytes([
      encode("fdiv.d", { d: 1, s1: 3, s2: 4 }),
      encode("fmadd.d", { d: 2, s1: 1, s2: 3, s3: 4 }),
      encode("fcvt.w.d", { d: 10, s1: 1, rm: 1 }),
      encode("fcvt.d.w", { d: 5, s1: 10 }),
      encode("fadd.d", { d: 6, s1: 1, s2: 2, rm: 0 }),
      ECALL,
    ]),
  );
  for (let round = 0; round < 4; round++) {
    for (let fcsr = 0; fcsr < 256; fcsr++) {
      start(t);
      t.both((m) => {
        m.setRegister(REGISTER.f0 + 3, 0x4024_0000_0000_0000n);
        m.setRegister(REGISTER.f0 + 4, 0x4008_0000_0000_0000n + BigInt(round));
        m.setRegister(REGISTER.fcsr, fcsr);
      });
      t.run(round === 0 ? 100 : round + 1, `fcsr ${fcsr}`);
      t.run(100, `fcsr ${fcsr}, rest`);
    }
  }
});

testRegions("lr and sc in a loop, and the reservation dropped between slices", (make) => {
  const a = new Assembler(CODE);
  a.load(5, 200).load(8, DATA);
  a.label("again").op("lr.d", { d: 10, s1: 8 }).op("addi", { d: 10, s1: 10, imm: 1 });
  a.op("sc.d", { d: 11, s1: 8, s2: 10 }).to("again", "bne", { s1: 11, s2: 0 });
  a.op("addi", { d: 5, s1: 5, imm: -1 }).to("again", "bne", { s1: 5, s2: 0 }).op("ecall");
  const t = twinsWith(make, a.bytes());
  for (const slice of [1000, 7, 6, 5, 9, 64]) {
    start(t);
    const drop = (): number => {
      t.both((m) => m.setHart(0, HART.reservationSize, 0));
      return slice;
    };
    t.runSlices(drop, 20_000, `slices of ${slice}`);
  }
});
