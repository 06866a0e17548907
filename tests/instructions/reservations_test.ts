import assert from "node:assert/strict";
import { HART, REGISTER } from "../../arch/machine/memory/layout.ts";
import { machineOn, testOnEachEngine } from "../../arch/machine/test_engines.ts";
import type { TestEngine } from "../../arch/machine/test_engines.ts";
import { type TestMachine, USER } from "../../arch/machine/test_machine.ts";
import { encode } from "../../arch/riscv64/encode.ts";
import { CAUSE } from "../../arch/riscv64/sv39.ts";

// Store-conditionals where qemu-riscv64 is no model: it compares the cell's value with what the
// load-reserved saw, and does not look at the address when there is no reservation.

const CODE = 0x10000, DATA = 0x20000;
const CELL = 5, VALUE = 6, OTHER = 7, LOADED = 10, RESULT = 11;
const op = (name: string, d: number, s1: number, s2 = 0): number => encode(name, { d, s1, s2 });

function machineWith(engine: TestEngine, code: readonly number[]): TestMachine {
  const m = machineOn(engine);
  const root = m.newSpace();
  m.map(root, CODE, USER.rx);
  m.map(root, DATA, USER.rw);
  m.map(root, DATA + 4096, USER.r);
  m.writeCode(root, CODE, [...code, encode("ecall")]);
  m.useSpace(root);
  m.setRegister(REGISTER.pc, CODE);
  m.setRegister(CELL, DATA + 16);
  m.setRegister(OTHER, DATA + 24);
  m.setRegister(VALUE, -2);
  m.setRegister(RESULT, 99);
  return m;
}

testOnEachEngine("reservations: what lets a store-conditional succeed", (engine) => {
  for (const width of ["w", "d"] as const) {
    const [size, otherWidth] = width === "w" ? [4, "d"] as const : [8, "w"] as const;
    const lr = op(`lr.${width}`, LOADED, CELL), sc = op(`sc.${width}`, RESULT, CELL, VALUE);
    const cases: [string, readonly number[], bigint][] = [
      ["its own load-reserved", [lr, sc], 0n],
      ["none", [sc], 1n],
      ["one that another address took over", [lr, op(`lr.${width}`, LOADED, OTHER), sc], 1n],
      ["one of another width", [op(`lr.${otherWidth}`, LOADED, CELL), sc], 1n],
      ["one of another address", [op(`lr.${width}`, LOADED, OTHER), sc], 1n],
      ["one used up by success", [lr, op(`sc.${width}`, 12, CELL, VALUE), sc], 1n],
      ["one used up by failure", [lr, op(`sc.${width}`, 12, OTHER, VALUE), sc], 1n],
      ["one of another width used up", [lr, op(`sc.${otherWidth}`, 12, CELL, VALUE), sc], 1n],
      // Allowed either way; here the hart's own stores leave its reservation alone.
      ["its own store in between", [lr, encode("sd", { s1: CELL, s2: VALUE }), sc], 0n],
      ["its own atomic in between", [lr, op("amoadd.d", 12, CELL, VALUE), sc], 0n],
      ["code in between", [lr, ...Array(20).fill(op("add", 12, LOADED, VALUE)), sc], 0n],
    ];
    for (const [what, code, wanted] of cases) {
      const m = machineWith(engine, code);
      m.cpu.run(0, 100);
      assert.equal(m.hartField(0, HART.cause), CAUSE.userCall, what);
      assert.equal(m.register(RESULT), wanted, `sc.${width} after ${what}`);
      assert.equal(m.hartField(0, HART.reservationSize), 0, what);
      if (code.length > 2) continue;
      const cell = new DataView(m.read(DATA + 16, 8).buffer).getBigUint64(0, true);
      const stored = size === 4 ? 0xffff_fffen : 0xffff_ffff_ffff_fffen;
      assert.equal(cell, wanted === 0n ? stored : 0n, what);
    }
  }
});

testOnEachEngine("reservations: a slice's end and a trap are for the loop to notice", (engine) => {
  // The machine's loop drops reservations by this field; here it is what the engine left there.
  const m = machineWith(engine, [op("lr.w", LOADED, CELL), op("sc.w", RESULT, CELL, VALUE)]);
  m.cpu.run(0, 1);
  assert.equal(m.hartField(0, HART.reservationSize), 4);
  m.cpu.run(0, 1);
  assert.equal(m.register(RESULT), 0n);
  const dropped = machineWith(engine, [op("lr.w", LOADED, CELL), op("sc.w", RESULT, CELL, VALUE)]);
  dropped.cpu.run(0, 1);
  dropped.setHart(0, HART.reservationSize, 0);
  dropped.cpu.run(0, 1);
  assert.equal(dropped.register(RESULT), 1n);
  assert.deepEqual(dropped.read(DATA + 16, 8), new Uint8Array(8));
});

testOnEachEngine(
  "reservations: a store-conditional needs a good address even when it fails",
  (engine) => {
    const cases: [string, number, bigint, number][] = [
      ["sc.w", DATA + 18, BigInt(DATA + 18), CAUSE.storeMisaligned],
      ["sc.d", DATA + 20, BigInt(DATA + 20), CAUSE.storeMisaligned],
      ["sc.d", DATA + 4096, BigInt(DATA + 4096), CAUSE.storePage],
      ["sc.w", DATA + 8192, BigInt(DATA + 8192), CAUSE.storePage],
      ["sc.w", 0, 0n, CAUSE.storePage],
    ];
    for (const [name, address, value, cause] of cases) {
      const m = machineWith(engine, [op(name, RESULT, CELL, VALUE)]);
      m.setRegister(CELL, address);
      m.cpu.run(0, 10);
      assert.equal(m.hartField(0, HART.cause), cause, name);
      assert.equal(m.hartField64(0, HART.tval), value);
      assert.equal(m.register(RESULT), 99n);
      assert.equal(m.hartField(0, HART.executed), 0);
    }
  },
);
