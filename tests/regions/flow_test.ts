import assert from "node:assert/strict";
import { EXIT } from "../../arch/ir/interpreter.ts";
import { HART } from "../../arch/machine/memory/layout.ts";
import { codeBytes } from "../../arch/machine/test_elf.ts";
import { USER } from "../../arch/machine/test_machine.ts";
import { encode } from "../../arch/riscv64/encode.ts";
import { Assembler } from "../instructions/assembler.ts";
import { Random } from "../kernel/random.ts";
import { type MakeTwins, regionsOf, testRegions, type Twins } from "./twins.ts";

const CODE = 0x1_0000;
const PAGES = 4;
const ECALL = encode("ecall");

/**
 * Registers: x5 counts blocks down, x6 is what the path led to, x7 draws the path, x9 is scratch,
 * x1 links, x20 counts calls so deep that they return.
 */
function randomFlow(random: Random, blocks: number): Uint8Array {
  const a = new Assembler(CODE);
  const anywhere = (): string => `b${random.below(blocks)}`;
  for (let n = 0; n < blocks; n++) {
    a.label(`b${n}`).op("addi", { d: 5, s1: 5, imm: -1 }).to("end", "blt", { s1: 5, s2: 0 });
    a.op("slli", { d: 9, s1: 6, imm: 5 }).op("sub", { d: 6, s1: 9, s2: 6 });
    a.op("addi", { d: 6, s1: 6, imm: n });
    a.op("mul", { d: 7, s1: 7, s2: 21 }).op("addi", { d: 7, s1: 7, imm: 77 });
    a.op("srli", { d: 9, s1: 7, imm: 20 }).op("andi", { d: 9, s1: 9, imm: 1 + random.below(3) });
    for (let i = random.below(3); i > 0; i--) a.op("xori", { d: 6, s1: 6, imm: random.below(99) });
    const branch = random.pick(["beq", "bne"]);
    switch (random.below(8)) {
      case 0:
        a.to(anywhere(), "jal");
        break;
      case 1:
        // A call of any block, which may return here.
        a.to(anywhere(), branch, { s1: 9, s2: 0 }).to(anywhere(), "jal", { d: 1 });
        break;
      case 2:
        // A return to wherever the last call came from; x1 begins as the first block's address.
        a.to(anywhere(), branch, { s1: 9, s2: 0 }).op("jalr", { s1: 1 });
        break;
      case 3:
        // One of two blocks by register.
        a.op("slli", { d: 9, s1: 9, imm: 2 }).op("andi", { d: 9, s1: 9, imm: 4 });
        a.op("add", { d: 9, s1: 9, s2: 22 }).op("jalr", { s1: 9 });
        break;
      default:
        a.to(anywhere(), branch, { s1: 9, s2: 0 });
        if (n === blocks - 1) a.to("end", "jal");
    }
  }
  a.label("end").op("ecall");
  return a.bytes();
}

function twinsWith(make: MakeTwins, bytes: Uint8Array, pages = PAGES): Twins {
  const t = make();
  t.both((m) => {
    const root = m.newSpace();
    for (let page = 0; page < pages; page++) m.map(root, CODE + page * 4096, USER.rx);
    m.write(root, CODE, bytes);
    m.useSpace(root);
  });
  return t;
}

testRegions(
  "random control flow, irreducible too, takes the interpreter's path",
  (make, engine) => {
    const t = make();
    let root = 0;
    t.both((m) => {
      root = m.newSpace();
      for (let page = 0; page < PAGES; page++) m.map(root, CODE + page * 4096, USER.rx);
      m.useSpace(root);
    });
    let compiled = 0;
    const seed = 1, graphs = engine === "eager" ? 25 : 60;
    for (let number = 0; number < graphs; number++) {
      const random = new Random(seed * 7919 + number);
      const bytes = randomFlow(random, 3 + random.below(12));
      t.both((m) => m.write(root, CODE, bytes));
      for (let round = 0; round < 6; round++) {
        t.both((m) => {
          for (let r = 1; r < 32; r++) m.setRegister(r, 0);
          m.setRegister(1, CODE);
          m.setRegister(5, 200);
          m.setRegister(7, number * 31 + round);
          m.setRegister(21, 0x5851_f42d_4c95_7f2dn);
          m.setRegister(22, CODE);
        });
        t.goTo(CODE);
        const longest = random.pick([3, 40, 100_000]);
        const what = `seed ${seed}, graph ${number}, round ${round}`;
        t.runSlices(() => 1 + random.below(longest), 3000, what);
      }
      compiled += regionsOf(t.compiled);
    }
    assert.ok(compiled > graphs / 2, `${compiled} regions`);
  },
);

testRegions("a loop entered in its middle, and two that share their bodies", (make) => {
  const a = new Assembler(CODE);
  a.to("second", "bne", { s1: 10, s2: 0 });
  a.label("first").op("addi", { d: 11, s1: 11, imm: 1 }).to("second", "beq", { s1: 12, s2: 0 });
  a.op("addi", { d: 12, s1: 12, imm: -1 });
  a.label("second").op("addi", { d: 13, s1: 13, imm: 1 });
  a.op("addi", { d: 5, s1: 5, imm: -1 }).to("third", "blt", { s1: 5, s2: 14 });
  a.to("first", "bne", { s1: 5, s2: 0 }).op("ecall");
  a.label("third").op("addi", { d: 15, s1: 15, imm: 1 }).to("second", "bne", { s1: 12, s2: 0 });
  a.to("first", "bne", { s1: 5, s2: 0 }).op("ecall");
  for (let round = 0; round < 4; round++) {
    const t = twinsWith(make, a.bytes());
    for (let budget = 1; budget < 60; budget++) {
      t.both((m) => {
        for (let r = 10; r < 16; r++) m.setRegister(r, 0);
        m.setRegister(10, round & 1);
        m.setRegister(12, 5);
        m.setRegister(14, round & 2 ? 8 : 0);
        m.setRegister(5, 12);
      });
      t.goTo(CODE);
      t.runSlices(() => budget, 400, `round ${round}, slices of ${budget}`);
    }
  }
});

testRegions("a jump to the second half of a far call goes where its register says", (make) => {
  // auipc x1 ; here: jalr x1, x1 — and another way to `here` with another x1.
  const t = twinsWith(
    make,
    codeBytes([
      encode("bne", { s1: 10, s2: 0, imm: 12 }), // 0: to `here`
      encode("addi", { d: 11, s1: 11, imm: 1 }), // 4
      encode("auipc", { d: 5, imm: 0 }), // 8
      encode("jalr", { s1: 5, imm: 16 }), // 12: here
      ECALL, // 16
      ECALL, // 20
      encode("addi", { d: 12, s1: 12, imm: 1 }), // 24: where it goes by the auipc
      encode("addi", { d: 13, s1: 13, imm: 1 }), // 28
      encode("bne", { s1: 13, s2: 14, imm: -32 }), // 32
      ECALL,
    ]),
  );
  for (const [first, register] of [[0, CODE], [1, CODE + 4], [1, CODE + 12], [0, CODE]] as const) {
    t.both((m) => {
      for (let r = 1; r < 32; r++) m.setRegister(r, 0);
      m.setRegister(10, first);
      m.setRegister(5, register);
      m.setRegister(14, 3);
    });
    t.goTo(CODE);
    t.run(50, `x10 ${first}, x5 ${register.toString(16)}`);
  }
});

testRegions("far calls below address 0 and to odd addresses end where they should", (make) => {
  const t = twinsWith(make, new Uint8Array(0));
  for (const imm of [0, 1, 2, 3, 2047, -1, -2, -3, -2047, -2048]) {
    for (const page of [0, -0x1_0000, -0x2_0000, 0x7fff_f000, -0x8000_0000]) {
      const code = [encode("auipc", { d: 5, imm: page }), encode("jalr", { d: 1, s1: 5, imm })];
      t.both((m) => m.writeCode(m.hartField(0, HART.rootPpn), CODE, code));
      for (let round = 0; round < 2; round++) {
        t.goTo(CODE);
        t.run(2, `jalr ${imm} behind auipc ${page}`);
        t.run(5, `jalr ${imm} behind auipc ${page}, then`);
      }
    }
  }
});

testRegions("jumps and branches below address 0", (make) => {
  for (const [name, at] of [["jal", CODE], ["jal", 0], ["beq", 0]] as const) {
    const t = make();
    t.both((m) => {
      const root = m.newSpace();
      m.map(root, 0, USER.rx);
      m.map(root, CODE, USER.rx);
      m.writeCode(root, at, [
        encode("addi", { d: 5, s1: 5, imm: 1 }),
        encode(name, { imm: -4096 }),
        ECALL,
      ]);
      m.writeCode(root, CODE + 8, [encode("jal", { d: 1, imm: -0x1_8000 })]);
      m.useSpace(root);
    });
    for (let round = 0; round < 2; round++) {
      t.goTo(at);
      t.run(2, `${name} at ${at}`);
      t.run(5, `${name} at ${at}, then`);
      t.goTo(CODE + 8);
      t.run(1, "jal far below");
      t.run(5, "jal far below, then");
    }
  }
});

testRegions("jumps by register to what is no address", (make) => {
  const targets = [
    2n ** 38n,
    2n ** 38n - 2n,
    2n ** 63n,
    -(2n ** 38n),
    -2n,
    -1n,
    2n ** 53n + 1n,
    BigInt(CODE) + 2n ** 32n,
    BigInt(CODE) + 2n ** 39n,
    BigInt(CODE) + 1n,
    0n,
  ];
  const t = twinsWith(make, codeBytes([encode("jalr", { d: 1, s1: 8, imm: 0 })]));
  for (let round = 0; round < 3; round++) {
    for (const target of targets) {
      t.both((m) => m.setRegister(8, target));
      t.goTo(CODE);
      t.run(1, `to ${target.toString(16)}`);
      t.run(3, `to ${target.toString(16)}, then`);
      t.goTo(target);
      t.run(3, `from ${target.toString(16)}`);
    }
  }
});

testRegions("code in the upper half of the address space", (make) => {
  const bases = [-0x4000_0000_00n, -0x1000n * 512n, -0x2000n];
  for (const base of bases) {
    const t = make();
    t.both((m) => {
      const root = m.newSpace();
      // The same page below, so that its frame can be written with an address that is exact.
      const ppn = m.map(root, CODE, USER.rwx);
      m.writeCode(root, CODE, [
        encode("addi", { d: 5, s1: 5, imm: 1 }),
        encode("c.addi", { d: 6, imm: 1 }),
        encode("auipc", { d: 7 }),
        encode("bne", { s1: 5, s2: 8, imm: -10 }),
        ECALL,
      ]);
      // Where the walk finds it: the entry of the address's lower 39 bits.
      m.map(root, Number(BigInt.asUintN(39, base)), USER.rx, ppn);
      m.useSpace(root);
      m.setRegister(8, 500);
    });
    t.goTo(base);
    assert.equal(t.runSlices(() => 37, 10_000, base.toString(16)), EXIT.trap);
  }
});

testRegions("an entry that crosses pages, and jumps in the middle of instructions", (make) => {
  // A 32-bit instruction whose upper half is one of 16 bits: addi x10, x10 with c.addi x11 in it.
  const upper = encode("c.addi", { d: 11, imm: 1 });
  const lui = ((upper << 16) | 0x537) >>> 0;
  for (const from of [4096 - 2, 4096 - 4, 4096 - 6, 2 * 4096 - 2]) {
    const t = twinsWith(make, new Uint8Array(0));
    const at = CODE + from;
    t.both((m) => {
      const root = m.hartField(0, HART.rootPpn);
      m.writeCode(root, at, [
        lui, // 0; in its middle begins the other
        encode("c.addi", { d: 12, imm: 1 }), // 4
        encode("addi", { d: 13, s1: 13, imm: 1 }), // 6
        encode("beq", { s1: 13, s2: 9, imm: 8 }), // 10
        encode("jal", { imm: -12 }), // 14: to the middle of the first
        encode("bne", { s1: 13, s2: 0, imm: 4 }), // 18
        ECALL,
      ]);
      m.setRegister(9, 40);
    });
    for (let round = 0; round < 3; round++) {
      for (let slice = 1; slice < 30; slice++) {
        t.both((m) => [10, 11, 12, 13].forEach((r) => m.setRegister(r, 0)));
        t.goTo(at);
        assert.equal(t.runSlices(() => slice, 1000, `at ${from}, slices of ${slice}`), EXIT.trap);
      }
    }
  }
});
