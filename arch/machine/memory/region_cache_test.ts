import assert from "node:assert/strict";
import { COMPILED, EXIT } from "../../ir/interpreter.ts";
import { encode } from "../../riscv64/encode.ts";
import { TestMachine, USER } from "../test_machine.ts";
import { instantiateCpu } from "./cpu.ts";
import type { Engine } from "./cpu.ts";
import { DECODE_SLOT_BYTES, HART, OP_BYTES, PAGE_SIZE, REGISTER } from "./layout.ts";

const CODE = 0x10_0000;
const ECALL = encode("ecall");
const addi = (d: number, imm: number): number => encode("addi", { d, s1: d, imm });

function machine(engine: Engine, mostRegions?: number, decodeSlots = 64): TestMachine {
  return new TestMachine(
    { decodeSlots },
    (memory, layout) =>
      instantiateCpu(memory, layout, engine, mostRegions === undefined ? {} : { mostRegions }),
  );
}

/** The compiled regions among a machine's decoded ops. */
function liveRegions(m: TestMachine): number {
  const { decodeBase, decodeSlots } = m.layout;
  let count = 0;
  for (let at = 0; at < decodeSlots * DECODE_SLOT_BYTES; at += OP_BYTES) {
    if ((m.memory.u16[(decodeBase + at) / 2]! & COMPILED) !== 0) count++;
  }
  return count;
}

/** Routines of four bytes from CODE on: x10 += 1 + n % 16, and back by x1. */
function routines(m: TestMachine, pages: number): void {
  const root = m.newSpace();
  for (let page = 0; page < pages; page++) {
    m.map(root, CODE + page * PAGE_SIZE, USER.rx);
    m.writeCode(
      root,
      CODE + page * PAGE_SIZE,
      Array.from({ length: PAGE_SIZE / 4 }, (_, n) => [
        encode("c.addi", { d: 10, imm: 1 + n % 16 }),
        encode("c.jr", { s1: 1 }),
      ]).flat(),
    );
  }
  m.useSpace(root);
}

Deno.test("region cache: 10,000 regions live, and each is the one of its address", () => {
  const pages = 10, count = pages * PAGE_SIZE / 4;
  const m = machine("eager");
  routines(m, pages);
  for (let round = 0; round < 2; round++) {
    for (let n = 0; n < count; n++) {
      m.setRegister(10, 0);
      m.setRegister(1, CODE);
      m.setRegister(REGISTER.pc, CODE + 4 * n);
      m.cpu.run(0, 2);
      assert.equal(m.register(10), BigInt(1 + n % 16), `routine ${n}`);
      assert.equal(m.register(REGISTER.pc), BigInt(CODE), `routine ${n}`);
    }
  }
  assert.ok(liveRegions(m) >= 10_000, `${liveRegions(m)} regions`);
});

Deno.test("region cache: beyond its capacity the oldest make room, while others jump to them", () => {
  for (const most of [1, 2, 3, 7]) {
    const m = machine("eager", most);
    const root = m.newSpace();
    // A ring of eight pages, each left by a jump by register: x9 += one page, round and round.
    for (let page = 0; page < 8; page++) {
      m.map(root, CODE + page * PAGE_SIZE, USER.rx);
      m.writeCode(root, CODE + page * PAGE_SIZE, [
        addi(10, page + 1),
        addi(5, -1),
        encode("beq", { s1: 5, s2: 0, imm: 12 }),
        ...(page === 7 ? [encode("lui", { d: 9, imm: CODE }), encode("jalr", { s1: 9 })] : [
          encode("lui", { d: 9, imm: CODE + (page + 1) * PAGE_SIZE }),
          encode("jalr", { s1: 9 }),
        ]),
        ECALL,
      ]);
    }
    m.useSpace(root);
    m.setRegister(5, 8 * 300);
    m.setRegister(REGISTER.pc, CODE);
    let exit: number = EXIT.budget;
    while (exit === EXIT.budget) {
      exit = m.cpu.run(0, 333);
      assert.ok(liveRegions(m) <= most, `${liveRegions(m)} regions, ${most} at most`);
    }
    // The branch goes to behind the jump: the ecall.
    assert.equal(m.hartField(0, HART.cause), 8);
    assert.equal(m.register(10), 300n * 36n);
    assert.ok(liveRegions(m) > 0);
  }
});

Deno.test("region cache: where there is no room for what regions keep, all go and begin anew", () => {
  const pages = 2, count = pages * PAGE_SIZE / 4;
  const room = 12 * 1024;
  const m = new TestMachine(
    { decodeSlots: 64 },
    (memory, layout) =>
      instantiateCpu(
        memory,
        { ...layout, regionDataEnd: layout.regionDataBase + room },
        "eager",
      ),
  );
  routines(m, pages);
  let most = 0, fewer = 0, before = 0;
  for (let n = 0; n < count; n++) {
    m.setRegister(10, 0);
    m.setRegister(1, CODE + 4 * ((n * 7) % count));
    m.setRegister(REGISTER.pc, CODE + 4 * n);
    m.cpu.run(0, 2);
    assert.equal(m.register(10), BigInt(1 + n % 16), `routine ${n}`);
    // By way of the jump cache to where the routine returns.
    m.cpu.run(0, 2);
    assert.equal(m.register(10), BigInt(1 + n % 16 + 1 + (n * 7) % count % 16), `then ${n}`);
    if (n % 16 !== 0) continue;
    const live = liveRegions(m);
    if (live < before) fewer++;
    before = live;
    most = Math.max(most, live);
  }
  // Sixteen bytes and an exit or two for each.
  assert.ok(most > room / 64 && most <= room / 16, `${most} regions`);
  assert.ok(fewer > 1, `${fewer} times fewer than before`);
});

Deno.test("region cache: regions go with each page of their code, and no others do", () => {
  const m = machine("eager");
  const root = m.newSpace();
  const pages = [0, 1, 2].map((page) => m.map(root, CODE + page * PAGE_SIZE, USER.rwx));
  m.writeCode(root, CODE, [addi(10, 1), encode("jal", { imm: PAGE_SIZE - 4 })]);
  m.writeCode(root, CODE + PAGE_SIZE, [addi(10, 2), ECALL]);
  m.writeCode(root, CODE + 2 * PAGE_SIZE, [addi(10, 4), ECALL]);
  m.useSpace(root);
  const compileAll = (): void => {
    // Twice: a region takes in a page only once the page has been decoded.
    for (const page of [1, 2, 0, 0]) {
      m.setRegister(REGISTER.pc, CODE + page * PAGE_SIZE);
      assert.equal(m.cpu.run(0, 10), EXIT.trap);
    }
  };
  for (const [page, left] of [[0, 2], [1, 1], [2, 2]] as const) {
    compileAll();
    assert.equal(liveRegions(m), 3);
    m.cpu.frameWritten(m.linearOf(pages[page]!) / PAGE_SIZE);
    assert.equal(liveRegions(m), left, `page ${page} written`);
  }
});

Deno.test("region cache: what slices end in is compiled, and only on the engine that compiles", () => {
  for (const [engine, wanted] of [["ir", 0], ["wasm", 1]] as const) {
    const m = machine(engine);
    const root = m.newSpace();
    m.map(root, CODE, USER.rx);
    m.writeCode(root, CODE, [addi(10, 1), addi(11, 1), encode("jal", { imm: -8 })]);
    m.useSpace(root);
    m.setRegister(REGISTER.pc, CODE);
    for (let slice = 0; slice < 50; slice++) m.cpu.run(0, 1000);
    assert.equal(liveRegions(m), wanted, engine);
    assert.equal(m.register(10), 16667n);
  }
});
