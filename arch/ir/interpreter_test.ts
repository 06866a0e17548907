import assert from "node:assert/strict";
import { HART, MACHINE_CELL, REGISTER } from "../machine/memory/layout.ts";
import { testOnEachEngine } from "../machine/test_engines.ts";
import { TestMachine, USER } from "../machine/test_machine.ts";
import { encode } from "../riscv64/encode.ts";
import { CAUSE } from "../riscv64/sv39.ts";
import { EXIT } from "./interpreter.ts";

const CODE = 0x10000;
const DATA = 0x20000;
const ECALL = encode("ecall");

/** A machine with three pages of code and one of data, ready to run at CODE. */
function machineWith(code: readonly number[], config = {}): TestMachine {
  const m = new TestMachine(config);
  const root = m.newSpace();
  for (let page = 0; page < 3; page++) m.map(root, CODE + page * 4096, USER.rwx);
  m.map(root, DATA, USER.rw);
  m.writeCode(root, CODE, code);
  m.useSpace(root);
  m.setRegister(REGISTER.pc, CODE);
  return m;
}

const addi = (d: number, s1: number, imm: number): number => encode("addi", { d, s1, imm });

/** A small loop with a call, memory, a compressed branch and floating point. */
const PROGRAM = [
  addi(5, 0, 7), // 0
  addi(6, 0, 0), // 4
  encode("lui", { d: 7, imm: DATA }), // 8
  encode("add", { d: 6, s1: 6, s2: 5 }), // 12: loop
  encode("sd", { s1: 7, s2: 6, imm: 8 }),
  encode("ld", { d: 8, s1: 7, imm: 8 }),
  encode("fcvt.d.l", { d: 10, s1: 8 }),
  encode("fmul.d", { d: 11, s1: 10, s2: 10 }),
  encode("amoadd.d", { d: 9, s1: 7, s2: 5 }),
  encode("c.addi", { d: 5, imm: -1 }),
  encode("bne", { s1: 5, s2: 0, imm: -26 }),
  ECALL,
];

const REGISTERS = [...Array(32).keys(), ...[...Array(32).keys()].map((i) => 32 + i), 65, 66];

function snapshot(m: TestMachine): string {
  return REGISTERS.map((r) => m.register(r).toString(16)).join();
}

testOnEachEngine("a run of any budget stops at the same instruction as single steps", () => {
  const stepped = machineWith(PROGRAM);
  const states = [snapshot(stepped)];
  while (states.length < 1000 && stepped.cpu.run(0, 1) === EXIT.budget) {
    assert.equal(stepped.hartField(0, HART.executed), 1);
    states.push(snapshot(stepped));
  }
  const total = states.length - 1;
  assert.equal(total, 3 + 7 * 8);
  assert.equal(stepped.hartField(0, HART.executed), 0);
  for (let budget = 0; budget <= total; budget++) {
    const m = machineWith(PROGRAM);
    assert.equal(m.cpu.run(0, budget), EXIT.budget);
    assert.equal(m.hartField(0, HART.executed), budget);
    assert.equal(m.hartField64(0, HART.retired), BigInt(budget));
    assert.equal(snapshot(m), states[budget], `after ${budget} instructions`);
  }
  const m = machineWith(PROGRAM);
  assert.equal(m.cpu.run(0, total + 1), EXIT.trap);
  assert.equal(m.hartField(0, HART.executed), total);
  assert.equal(m.hartField(0, HART.cause), CAUSE.userCall);
});

testOnEachEngine("the end of the budget wins over a fault of the next fetch", () => {
  const m = machineWith([encode("jalr", { s1: 0, imm: 0 })]);
  assert.equal(m.cpu.run(0, 1), EXIT.budget);
  assert.equal(m.register(REGISTER.pc), 0n);
  assert.equal(m.cpu.run(0, 1), EXIT.trap);
  assert.equal(m.describeTrap(), "trap 12 at 0x0, value 0x0");
  assert.equal(m.hartField(0, HART.executed), 0);
});

testOnEachEngine("whatever a kernel puts into pc and fcsr, a run starts from valid ones", () => {
  const m = machineWith([addi(10, 0, 3), encode("csrrs", { d: 11, imm: 3 }), ECALL]);
  m.setRegister(REGISTER.pc, CODE + 1);
  m.setRegister(REGISTER.fcsr, -1n);
  assert.equal(m.cpu.run(0, 10), EXIT.trap);
  assert.equal(m.describeTrap(), "trap 8 at 0x10008, value 0x0");
  assert.equal(m.register(10), 3n);
  assert.equal(m.register(11), 0xffn);
  assert.equal(m.register(REGISTER.fcsr), 0xffn);
});

testOnEachEngine("traps leave pc at the instruction and retire nothing", () => {
  const cases: [number, string][] = [
    [ECALL, "trap 8 at 0x10004, value 0x0"],
    [encode("ebreak"), "trap 3 at 0x10004, value 0x10004"],
    [encode("c.ebreak"), "trap 3 at 0x10004, value 0x10004"],
    [0x10500073, "trap 2 at 0x10004, value 0x10500073"],
    [0x0000, "trap 2 at 0x10004, value 0x0"],
    [0x9c41, "trap 2 at 0x10004, value 0x9c41"],
    [encode("csrrw", { imm: 0x300 }), "trap 2 at 0x10004, value 0x30001073"],
    [encode("csrrw", { imm: 0xc00 }), "trap 2 at 0x10004, value 0xc0001073"],
    [encode("csrrs", { imm: 0xc02, s1: 1 }), "trap 2 at 0x10004, value 0xc020a073"],
    [encode("ld", { d: 1, s1: 0, imm: 64 }), "trap 13 at 0x10004, value 0x40"],
    [encode("sd", { s1: 0, s2: 0, imm: 64 }), "trap 15 at 0x10004, value 0x40"],
    [encode("amoadd.w", { d: 1, s1: 5 }), "trap 6 at 0x10004, value 0x1"],
    [encode("sc.d", { d: 1, s1: 5 }), "trap 6 at 0x10004, value 0x1"],
    [encode("lr.d", { d: 1, s1: 5 }), "trap 4 at 0x10004, value 0x1"],
  ];
  for (const [bits, description] of cases) {
    const m = machineWith([addi(5, 0, 1), bits]);
    assert.equal(m.cpu.run(0, 10), EXIT.trap);
    assert.equal(m.describeTrap(), description);
    assert.equal(m.hartField(0, HART.executed), 1);
    assert.equal(m.register(1), 0n);
  }
});

testOnEachEngine("a dynamic rounding mode that is none is illegal", () => {
  const add = encode("fadd.d", { d: 1, s1: 2, s2: 3, rm: 7 });
  for (let frm = 0; frm < 8; frm++) {
    const m = machineWith([encode("csrrwi", { imm: 2, s1: frm }), add, ECALL]);
    m.cpu.run(0, 10);
    assert.equal(m.hartField(0, HART.cause), frm > 4 ? 2 : 8, `frm ${frm}`);
    if (frm > 4) assert.equal(m.hartField(0, HART.tval), add >>> 0);
    assert.equal(m.register(REGISTER.fcsr), BigInt(frm << 5));
  }
});

testOnEachEngine("x0 stays zero", () => {
  const m = machineWith([
    addi(0, 0, 5),
    encode("jal", { d: 0, imm: 4 }),
    encode("ld", { d: 0, s1: 5 }),
    encode("csrrs", { d: 0, imm: 0xc02 }),
    encode("add", { d: 6, s1: 0, s2: 0 }),
    ECALL,
  ]);
  m.setRegister(5, DATA);
  m.setRegister(6, 9);
  assert.equal(m.cpu.run(0, 10), EXIT.trap);
  assert.equal(m.register(0), 0n);
  assert.equal(m.register(6), 0n);
  assert.equal(m.hartField(0, HART.executed), 5);
});

testOnEachEngine("counters show the instructions before them and never run backwards", () => {
  const code = [
    addi(5, 0, 1),
    encode("csrrs", { d: 10, imm: 0xc00 }),
    encode("csrrs", { d: 11, imm: 0xc01 }),
    encode("csrrs", { d: 12, imm: 0xc02 }),
    ECALL,
  ];
  const m = machineWith(code);
  m.setHart(0, HART.clockAtEntry, 1000);
  m.cpu.run(0, 100);
  assert.deepEqual([10, 11, 12].map((r) => m.register(r)), [1001n, 1002n, 3n]);
  assert.equal(m.memory.u32[MACHINE_CELL.highestTimeRead / 4], 1002);
  m.setRegister(REGISTER.pc, CODE);
  m.setHart(0, HART.clockAtEntry, 500);
  m.cpu.run(0, 100);
  assert.deepEqual([10, 11, 12].map((r) => m.register(r)), [1002n, 1002n, 7n]);
});

testOnEachEngine("stores into code take effect at the next fetch, in place and ahead", () => {
  const ahead = machineWith([
    encode("sw", { s1: 5, s2: 6, imm: 12 }),
    addi(10, 0, 1),
    addi(10, 10, 1),
    addi(10, 10, 100), // replaced
    encode("sw", { s1: 5, s2: 7, imm: 16 }), // replaces itself: no effect any more
    ECALL,
  ]);
  ahead.setRegister(5, CODE);
  ahead.setRegister(6, addi(10, 10, 7) >>> 0);
  ahead.setRegister(7, addi(0, 0, 0) >>> 0);
  assert.equal(ahead.cpu.run(0, 100), EXIT.trap);
  assert.equal(ahead.describeTrap(), "trap 8 at 0x10014, value 0x0");
  assert.equal(ahead.register(10), 9n);

  // A loop whose body is rewritten once per round: x10 += 1, then += 2, ...
  const loop = machineWith([
    addi(10, 10, 1),
    encode("lwu", { d: 6, s1: 5 }),
    encode("add", { d: 6, s1: 6, s2: 7 }),
    encode("sw", { s1: 5, s2: 6 }),
    addi(8, 8, -1),
    encode("bne", { s1: 8, s2: 0, imm: -20 }),
    ECALL,
  ]);
  loop.setRegister(5, CODE);
  loop.setRegister(7, 1 << 20);
  loop.setRegister(8, 100);
  assert.equal(loop.cpu.run(0, 10_000), EXIT.trap);
  assert.equal(loop.register(10), 5050n);
});

testOnEachEngine("a store of the last half of an instruction is seen", () => {
  const m = machineWith([
    encode("jal", { d: 1, imm: 12 }),
    encode("sh", { s1: 5, s2: 6, imm: 14 }),
    encode("jal", { d: 0, imm: 4 }),
    addi(10, 10, 1), // immediate in the upper half, at 14
    encode("c.addi", { d: 7, imm: -1 }),
    encode("beq", { s1: 7, s2: 0, imm: 8 }),
    encode("jalr", { s1: 1 }),
    ECALL,
  ]);
  m.setRegister(5, CODE);
  m.setRegister(6, addi(10, 10, 50) >>> 16);
  m.setRegister(7, 2);
  m.cpu.run(0, 100);
  assert.equal(m.hartField(0, HART.cause), CAUSE.userCall);
  assert.equal(m.register(10), 51n);
});

testOnEachEngine("what the kernel writes into decoded code is executed", () => {
  const m = machineWith([addi(10, 0, 1), ECALL]);
  m.cpu.run(0, 10);
  assert.equal(m.register(10), 1n);
  m.writeCode(m.hartField(0, HART.rootPpn), CODE, [addi(10, 0, 2)]);
  m.setRegister(REGISTER.pc, CODE);
  m.cpu.run(0, 10);
  assert.equal(m.register(10), 2n);
});

/** Code that begins `distance` bytes before the end of the first page. */
function machineAtPageEnd(distance: number, code: readonly number[]): TestMachine {
  const m = machineWith([]);
  m.writeCode(m.hartField(0, HART.rootPpn), CODE + 4096 - distance, code);
  m.setRegister(REGISTER.pc, CODE + 4096 - distance);
  return m;
}

testOnEachEngine("execution goes on across pages", () => {
  for (const distance of [2, 4, 6, 8]) {
    const m = machineAtPageEnd(distance, [
      encode("c.addi", { d: 10, imm: 1 }),
      addi(10, 10, 16),
      encode("jal", { d: 1, imm: 6 }),
      encode("c.addi", { d: 10, imm: 4 }),
      encode("auipc", { d: 11, imm: 0 }),
      ECALL,
    ]);
    const start = CODE + 4096 - distance;
    for (const wanted of [2, 6, 12, 16]) {
      assert.equal(m.cpu.run(0, 1), EXIT.budget);
      assert.equal(m.register(REGISTER.pc), BigInt(start + wanted));
    }
    assert.equal(m.cpu.run(0, 1), EXIT.trap);
    assert.equal(m.register(10), 17n);
    assert.equal(m.register(1), BigInt(start + 10));
    assert.equal(m.register(11), BigInt(start + 12));
  }
});

testOnEachEngine("an instruction in two pages follows its second page", () => {
  const m = machineAtPageEnd(2, [addi(10, 10, 1), encode("c.jr", { s1: 5 })]);
  const root = m.hartField(0, HART.rootPpn);
  m.setRegister(5, CODE + 4094);
  assert.equal(m.cpu.run(0, 9), EXIT.budget);
  assert.equal(m.register(10), 5n);

  // Its content changes.
  m.write(root, CODE + 4096, Uint8Array.of(addi(10, 10, 16) >>> 16 & 255, addi(10, 10, 16) >>> 24));
  m.setRegister(10, 0);
  m.cpu.run(0, 9);
  assert.equal(m.register(10), 4n * 16n);

  // Another frame takes its place.
  const other = m.map(root, CODE + 4096, USER.rwx);
  m.cpu.invalidatePage(1, CODE + 4096, 0);
  m.write(root, CODE + 4096, Uint8Array.of(0x05, 0x80, 0x82, 0x82));
  m.setRegister(10, 0);
  m.setRegister(REGISTER.pc, CODE + 4094);
  assert.ok(other > 0);
  m.cpu.run(0, 9);
  assert.equal(m.register(10), BigInt.asUintN(64, -2048n * 5n));

  // It goes away: the fault names the second page, pc the instruction.
  m.setEntry(m.entryIndex(root, CODE + 4096), 0, 0);
  m.cpu.invalidatePage(1, CODE + 4096, 0);
  m.setRegister(REGISTER.pc, CODE + 4094);
  assert.equal(m.cpu.run(0, 9), EXIT.trap);
  assert.equal(m.describeTrap(), "trap 12 at 0x10ffe, value 0x11000");
  assert.equal(m.hartField(0, HART.executed), 0);
});

testOnEachEngine("an illegal instruction in two pages reports its bits", () => {
  const m = machineAtPageEnd(2, [0x10500073]);
  assert.equal(m.cpu.run(0, 1), EXIT.trap);
  assert.equal(m.describeTrap(), "trap 2 at 0x10ffe, value 0x10500073");
});

testOnEachEngine("misaligned accesses work, and across pages fault before they write", () => {
  const m = machineWith([
    encode("sd", { s1: 5, s2: 6 }),
    encode("ld", { d: 10, s1: 5 }),
    encode("lhu", { d: 11, s1: 5, imm: 3 }),
    ECALL,
  ]);
  const root = m.hartField(0, HART.rootPpn);
  const value = 0x1122334455667788n;
  m.setRegister(6, value);
  m.setRegister(5, DATA + 4096 - 4);
  assert.equal(m.cpu.run(0, 10), EXIT.trap);
  assert.equal(m.describeTrap(), "trap 15 at 0x10000, value 0x21000");
  assert.deepEqual(m.read(DATA + 4092, 4), new Uint8Array(4));

  m.map(root, DATA + 4096, USER.r);
  assert.equal(m.cpu.run(0, 10), EXIT.trap);
  assert.equal(m.describeTrap(), "trap 15 at 0x10000, value 0x21000");

  m.map(root, DATA + 4096, USER.rw);
  for (let offset = 1; offset < 16; offset++) {
    m.setRegister(REGISTER.pc, CODE);
    m.setRegister(5, DATA + 4096 - offset);
    m.cpu.run(0, 10);
    assert.equal(m.hartField(0, HART.cause), CAUSE.userCall);
    assert.equal(m.register(10), value, `offset ${offset}`);
    assert.equal(m.register(11), 0x4455n, `offset ${offset}`);
    const bytes = new DataView(m.read(DATA + 4096 - offset, 8).buffer);
    assert.equal(bytes.getBigUint64(0, true), value);
  }

  // Both pages missing: the lower one faults first.
  m.setRegister(REGISTER.pc, CODE);
  m.setRegister(5, 0x40000 - 1);
  m.cpu.run(0, 10);
  assert.equal(m.describeTrap(), "trap 15 at 0x10000, value 0x3ffff");
});

testOnEachEngine("SC succeeds exactly when the reservation stands", () => {
  const lr = encode("lr.d", { d: 10, s1: 5 });
  const sc = encode("sc.d", { d: 11, s1: 5, s2: 6 });
  const cases: [readonly number[], bigint][] = [
    [[lr, sc], 0n],
    [[sc], 1n],
    [[lr, sc, sc], 1n],
    [[lr, encode("sc.d", { d: 11, s1: 7, s2: 6 })], 1n],
    [[lr, encode("sc.w", { d: 11, s1: 5, s2: 6 })], 1n],
    [[lr, encode("sc.d", { d: 12, s1: 7, s2: 6 }), sc], 1n],
    [[lr, encode("sd", { s1: 7, s2: 6 }), sc], 0n],
  ];
  for (const [code, wanted] of cases) {
    const m = machineWith([...code, ECALL]);
    m.setRegister(5, DATA);
    m.setRegister(7, DATA + 8);
    m.setRegister(6, 77);
    m.cpu.run(0, 10);
    assert.equal(m.register(11), wanted, code.join());
    assert.equal(m.hartField(0, HART.reservationSize), 0);
  }
  const m = machineWith([lr, sc, ECALL]);
  m.setRegister(5, DATA);
  m.setRegister(6, 77);
  m.cpu.run(0, 1);
  assert.equal(m.hartField(0, HART.reservationSize), 8);
  m.setHart(0, HART.reservationSize, 0);
  m.cpu.run(0, 10);
  assert.equal(m.register(11), 1n);
  assert.equal(m.read(DATA, 1)[0], 0);
});

testOnEachEngine("a tiny decode pool changes nothing but speed", () => {
  const run = (decodeSlots: number): string => {
    const m = new TestMachine({ decodeSlots });
    const root = m.newSpace();
    const pages = 7;
    for (let page = 0; page < pages; page++) {
      m.map(root, CODE + page * 4096, USER.rwx);
      // Each page ends with an instruction that reaches into the next, which jumps on.
      const end = page === pages - 1;
      const at = CODE + page * 4096;
      const tail = end ? [ECALL] : [encode("jal", { d: 1, imm: 4094 - 12 })];
      if (!end) m.writeCode(root, at + 4094, [encode("add", { d: 11, s1: 11, s2: 10 })]);
      m.writeCode(root, at + 2, [encode("c.addi", { d: 12, imm: 1 }), addi(13, 13, 1)]);
      m.writeCode(root, at + 8, [addi(10, 10, 1), ...tail]);
    }
    m.useSpace(root);
    for (let round = 0; round < 3; round++) {
      m.setRegister(REGISTER.pc, CODE + 8);
      assert.equal(m.cpu.run(0, 1000), EXIT.trap);
      assert.equal(m.hartField(0, HART.cause), CAUSE.userCall);
      assert.equal(m.register(10), BigInt(pages * (round + 1)));
    }
    return snapshot(m) + m.describeTrap() + m.hartField64(0, HART.retired);
  };
  assert.equal(run(2), run(64));
});
