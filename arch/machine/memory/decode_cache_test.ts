import assert from "node:assert/strict";
import { EXIT } from "../../ir/interpreter.ts";
import { encode } from "../../riscv64/encode.ts";
import { CAUSE } from "../../riscv64/sv39.ts";
import { HART, MACHINE_CELL, REGISTER } from "./layout.ts";
import { TestMachine, USER } from "../test_machine.ts";

const CODE = 0x10000;
const ECALL = encode("ecall");
const RETURN = encode("c.jr", { s1: 1 });

Deno.test("random stores over decoded code are all seen", () => {
  // x5 = target of the store, x6 = its value, x7 = the routine, a row of c.addi x10.
  const count = 16;
  const routine = CODE + 0x800;
  const sizes = [["sb", 1], ["sh", 2], ["sw", 4], ["sd", 8]] as const;
  const m = new TestMachine();
  const root = m.newSpace();
  m.map(root, CODE, USER.rwx);
  const amounts = Array.from({ length: count }, (_, i) => i % 3);
  const addition = (amount: number): number => encode("c.addi", { d: 10, imm: amount });
  m.writeCode(root, routine, [...amounts.map(addition), RETURN]);
  for (const [index, [name]] of sizes.entries()) {
    const call = encode("jalr", { d: 1, s1: 7 });
    m.writeCode(root, CODE + index * 16, [encode(name, { s1: 5, s2: 6 }), call, ECALL]);
  }
  m.useSpace(root);
  m.setRegister(7, routine);
  let state = 99;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % below;
  };
  for (let round = 0; round < 500; round++) {
    const kind = random(4);
    const size = sizes[kind]![1];
    // A byte store replaces the low byte of one instruction, which holds the amount.
    const halves = Math.max(1, size / 2);
    const first = random(count - halves + 1);
    let value = 0n;
    for (let half = 0; half < halves; half++) {
      amounts[first + half] = random(30);
      value |= BigInt(addition(amounts[first + half]!)) << BigInt(16 * half);
    }
    m.setRegister(5, routine + first * 2);
    m.setRegister(6, value);
    m.setRegister(10, 0);
    m.setRegister(REGISTER.pc, CODE + kind * 16);
    assert.equal(m.cpu.run(0, 100), EXIT.trap);
    assert.equal(m.hartField(0, HART.cause), CAUSE.userCall, m.describeTrap());
    const sum = amounts.reduce((a, b) => a + b, 0);
    assert.equal(m.register(10), BigInt(sum), `round ${round}: ${sizes[kind]![0]} at ${first}`);
  }
  assert.ok(m.memory.u32[MACHINE_CELL.codeEpoch / 4]! >= 500);
});

Deno.test("finding room for a second page does not lose the first", () => {
  const m = new TestMachine({ decodeSlots: 2 });
  const root = m.newSpace();
  for (let page = 0; page < 3; page++) m.map(root, CODE + page * 4096, USER.rx);
  // The call takes the other slot, so that the crossing instruction's own page is next in turn.
  m.writeCode(root, CODE, [encode("jal", { d: 1, imm: 0x2000 }), encode("jal", { imm: 4090 })]);
  m.writeCode(root, CODE + 0x2000, [RETURN]);
  m.writeCode(root, CODE + 4094, [encode("addi", { d: 10, s1: 10, imm: 5 }), ECALL]);
  m.useSpace(root);
  m.setRegister(REGISTER.pc, CODE);
  assert.equal(m.cpu.run(0, 100), EXIT.trap);
  assert.equal(m.describeTrap(), "trap 8 at 0x11002, value 0x0");
  assert.equal(m.register(10), 5n);
});
