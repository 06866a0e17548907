import assert from "node:assert/strict";
import { EXIT } from "../../ir/interpreter.ts";
import { encode } from "../../riscv64/encode.ts";
import { CAUSE, PTE } from "../../riscv64/sv39.ts";
import { ACCESS } from "../../riscv64/walk.ts";
import { HART, RAM_BASE, REGISTER } from "./layout.ts";
import { testOnEachEngine } from "../test_engines.ts";
import { TestMachine, USER } from "../test_machine.ts";

const CODE = 0x10000;
const DATA = 0x4000_0000;
const ECALL = encode("ecall");
const LOAD = encode("ld", { d: 10, s1: 5 });
const STORE = encode("sd", { s1: 5, s2: 6 });

interface Prepared {
  readonly m: TestMachine;
  readonly root: number;
}

function prepare(code: readonly number[]): Prepared {
  const m = new TestMachine();
  const root = m.newSpace();
  m.map(root, CODE, USER.rx);
  m.writeCode(root, CODE, code);
  m.useSpace(root);
  m.setRegister(5, DATA);
  m.setRegister(6, 0x1234);
  m.setRegister(REGISTER.pc, CODE);
  return { m, root };
}

/** Runs one instruction at CODE; the cause, or -1 when it retired. */
function attempt(m: TestMachine, pc = CODE): number {
  m.setRegister(REGISTER.pc, pc);
  return m.cpu.run(0, 1) === EXIT.budget ? -1 : m.hartField(0, HART.cause);
}

const PRESET = PTE.valid | PTE.user | PTE.accessed | PTE.dirty;

testOnEachEngine("each page permission allows exactly its access", () => {
  const flags: [number, boolean, boolean, boolean][] = [
    [PRESET | PTE.read, true, false, false],
    [PRESET | PTE.read | PTE.write, true, true, false],
    [PRESET | PTE.execute, false, false, true],
    [PRESET | PTE.read | PTE.execute, true, false, true],
    [PRESET | PTE.read | PTE.write | PTE.execute, true, true, true],
    [PRESET | PTE.write, false, false, false],
    [PRESET | PTE.write | PTE.execute, false, false, false],
    [(PRESET | PTE.read | PTE.write) & ~PTE.valid, false, false, false],
    [(PRESET | PTE.read | PTE.write | PTE.execute) & ~PTE.user, false, false, false],
    [(PRESET | PTE.read | PTE.write | PTE.execute) & ~PTE.accessed, false, false, false],
    [(PRESET | PTE.read | PTE.write | PTE.execute) & ~PTE.dirty, true, false, true],
    [PRESET | PTE.read | PTE.global, true, false, false],
  ];
  const { m, root } = prepare([LOAD, STORE, encode("jalr", { s1: 5 })]);
  const frame = m.newFrame();
  for (const [bits, read, write, execute] of flags) {
    m.map(root, DATA, bits, frame);
    m.cpu.invalidatePage(1, DATA, 0);
    const text = `flags ${bits.toString(2)}`;
    assert.equal(attempt(m), read ? -1 : CAUSE.loadPage, text);
    if (!read) assert.equal(m.hartField64(0, HART.tval), BigInt(DATA));
    assert.equal(attempt(m, CODE + 4), write ? -1 : CAUSE.storePage, text);
    m.write(root, DATA, Uint8Array.of(0x01, 0x00));
    assert.equal(attempt(m, DATA), execute ? -1 : CAUSE.fetchPage, text);
    const allowed = [read, write, execute];
    for (const access of [ACCESS.read, ACCESS.write, ACCESS.execute]) {
      assert.equal(m.cpu.translate(0, DATA + 5, 0, access) >= 0, allowed[access], text);
    }
  }
});

testOnEachEngine("reserved entry encodings fault at every level", () => {
  const { m, root } = prepare([LOAD]);
  m.map(root, DATA, USER.rw);
  const leaf = m.entryIndex(root, DATA);
  const middle = m.entryIndex(root, DATA, 1);
  const check = (index: number, low: number, high: number, cause: number): void => {
    const old = [m.memory.u32[index]!, m.memory.u32[index + 1]!] as const;
    m.memory.u32[index] = old[0] | low;
    m.memory.u32[index + 1] = old[1] | high;
    m.cpu.invalidateAll();
    assert.equal(attempt(m), cause);
    m.memory.u32.set(old, index);
    m.cpu.invalidateAll();
    assert.equal(attempt(m), -1);
  };
  for (let bit = 54; bit < 64; bit++) {
    check(leaf, 0, 1 << (bit - 32), CAUSE.loadPage);
    check(middle, 0, 1 << (bit - 32), CAUSE.loadPage);
  }
  for (const bit of [PTE.user, PTE.accessed, PTE.dirty, PTE.write]) {
    check(middle, bit, 0, CAUSE.loadPage);
  }
  // A pointer at the last level.
  const flags = m.memory.u32[leaf]!;
  m.memory.u32[leaf] = (flags & ~0xff) | PTE.valid;
  m.cpu.invalidateAll();
  assert.equal(attempt(m), CAUSE.loadPage);
});

testOnEachEngine("what lies outside memory is an access fault", () => {
  const { m, root } = prepare([LOAD, STORE]);
  const unbacked = RAM_BASE / 4096 + 5000;
  for (const ppn of [unbacked, 0, RAM_BASE / 4096 - 1, RAM_BASE / 4096 + 65_536, 2 ** 44 - 1]) {
    m.map(root, DATA, USER.rwx, ppn);
    m.cpu.invalidateAll();
    assert.equal(attempt(m), CAUSE.loadAccess, `ppn ${ppn}`);
    assert.equal(attempt(m, CODE + 4), CAUSE.storeAccess);
    assert.equal(attempt(m, DATA), CAUSE.fetchAccess);
    assert.equal(m.hartField64(0, HART.tval), BigInt(DATA));
  }
  m.setEntry(m.entryIndex(root, DATA, 1), unbacked, PTE.valid);
  m.cpu.invalidateAll();
  assert.equal(attempt(m), CAUSE.loadAccess, "a table without backing");
  m.setHart(0, HART.rootPpn, 1);
  m.cpu.invalidateAll();
  assert.equal(attempt(m), CAUSE.fetchAccess, "a root outside memory");
});

testOnEachEngine("addresses that are not canonical fault", () => {
  const { m } = prepare([LOAD]);
  for (const address of [1n << 38n, 1n << 39n, 1n << 63n, (1n << 39n) | BigInt(CODE)]) {
    m.setRegister(5, address);
    assert.equal(attempt(m), CAUSE.loadPage);
    assert.equal(m.hartField64(0, HART.tval), address);
  }
  m.setRegister(REGISTER.pc, (1n << 39n) | BigInt(CODE));
  assert.equal(m.cpu.run(0, 1), EXIT.trap);
  assert.equal(m.hartField(0, HART.cause), CAUSE.fetchPage);
});

testOnEachEngine("superpages translate, and misaligned ones fault", () => {
  const { m, root } = prepare([LOAD, STORE]);
  // Frames are handed out in order, so 512 in a row can be aligned to 2 MiB.
  let first = m.newFrame();
  while (first % 512 !== 0) first = m.newFrame();
  for (let i = 1; i < 512; i++) m.newFrame();
  const entry = m.entryIndex(root, DATA, 1);
  m.setEntry(entry, first, USER.rw);
  for (const page of [0, 1, 511]) {
    m.setRegister(5, DATA + page * 4096 + 8);
    m.setRegister(6, 1000 + page);
    assert.equal(attempt(m, CODE + 4), -1);
    assert.equal(m.memory.u32[(m.linearOf(first + page) + 8) / 4], 1000 + page);
  }
  m.setEntry(entry, first + 1, USER.rw);
  m.cpu.invalidateAsid(1);
  assert.equal(attempt(m), CAUSE.loadPage);
  m.setEntry(m.entryIndex(root, DATA, 2), first, USER.rw);
  m.cpu.invalidateAsid(1);
  assert.equal(attempt(m), CAUSE.loadPage, "a 1 GiB page that is not aligned");
  m.setEntry(m.entryIndex(root, DATA, 2), RAM_BASE / 4096, USER.rw);
  m.setRegister(5, DATA + (first - RAM_BASE / 4096 + 511) * 4096 + 8);
  m.cpu.invalidateAsid(1);
  assert.equal(attempt(m), -1);
  assert.equal(m.register(10), 1511n);
});

testOnEachEngine("spaces with their own asid keep their translations", () => {
  const { m, root } = prepare([LOAD]);
  const other = m.newSpace();
  m.map(other, CODE, USER.rx);
  m.writeCode(other, CODE, [LOAD]);
  m.map(root, DATA, USER.rw);
  m.map(other, DATA, USER.rw);
  m.write(root, DATA, Uint8Array.of(1));
  m.write(other, DATA, Uint8Array.of(2));
  for (let round = 0; round < 3; round++) {
    m.useSpace(root, 1);
    assert.equal(attempt(m), -1);
    assert.equal(m.register(10), 1n);
    m.useSpace(other, 2047);
    assert.equal(attempt(m), -1);
    assert.equal(m.register(10), 2n);
  }
  // Without an invalidation an entry stays; the invalidation of the other space leaves it alone.
  m.setEntry(m.entryIndex(root, DATA), 0, 0);
  m.setEntry(m.entryIndex(other, DATA), 0, 0);
  m.cpu.invalidatePage(1, DATA, 0);
  assert.equal(attempt(m), -1);
  m.useSpace(root, 1);
  assert.equal(attempt(m), CAUSE.loadPage);
  m.useSpace(other, 2047);
  m.cpu.invalidateAsid(1);
  assert.equal(attempt(m), -1);
  m.cpu.invalidateAsid(2047);
  assert.equal(attempt(m), CAUSE.loadPage);
});

testOnEachEngine("an invalidation reaches all harts", () => {
  const m = new TestMachine({ harts: 3 });
  const root = m.newSpace();
  m.map(root, CODE, USER.rx);
  m.map(root, DATA, USER.rw);
  m.writeCode(root, CODE, [LOAD, ECALL]);
  const run = (hart: number): number => {
    m.useSpace(root, 1, hart);
    m.setRegister(5, DATA, hart);
    m.setRegister(REGISTER.pc, CODE, hart);
    m.cpu.run(hart, 10);
    return m.hartField(hart, HART.cause);
  };
  for (let hart = 0; hart < 3; hart++) assert.equal(run(hart), CAUSE.userCall);
  m.setEntry(m.entryIndex(root, DATA), 0, 0);
  m.cpu.invalidatePage(1, DATA, 0);
  for (let hart = 0; hart < 3; hart++) assert.equal(run(hart), CAUSE.loadPage);
});

testOnEachEngine("an absent translation is not cached", () => {
  const { m, root } = prepare([LOAD, STORE]);
  m.entryIndex(root, DATA);
  assert.equal(attempt(m), CAUSE.loadPage);
  const frame = m.map(root, DATA, USER.r);
  assert.equal(attempt(m), -1);
  assert.equal(attempt(m, CODE + 4), CAUSE.storePage);
  m.map(root, DATA, USER.rw, frame);
  assert.equal(attempt(m, CODE + 4), -1);
});

testOnEachEngine(
  "the first store to a page marks it dirty, also after the marks were cleared",
  () => {
    const { m, root } = prepare([LOAD, STORE]);
    const frame = m.map(root, DATA, USER.rw);
    const dirty = m.layout.dirtyBase + m.linearOf(frame) / 4096;
    attempt(m);
    assert.equal(m.memory.u8[dirty], 0);
    m.cpu.translate(0, DATA, 0, ACCESS.write);
    assert.equal(m.memory.u8[dirty], 0);
    attempt(m, CODE + 4);
    assert.equal(m.memory.u8[dirty], 1);
    m.memory.u8[dirty] = 0;
    attempt(m, CODE + 4);
    assert.equal(m.memory.u8[dirty], 0);
    m.cpu.flushWriteTlbs();
    attempt(m, CODE + 4);
    assert.equal(m.memory.u8[dirty], 1);
    m.memory.u8[dirty] = 0;
    m.cpu.frameWritten(m.linearOf(frame) / 4096);
    assert.equal(m.memory.u8[dirty], 1);
  },
);

testOnEachEngine("a page that was written first and executed later stays coherent", () => {
  const addi = (imm: number): number => encode("addi", { d: 10, imm });
  // sw x6 to x5; call x5; sw x7 to x5; call x5.
  const call = encode("jalr", { d: 1, s1: 5 });
  const { m, root } = prepare([
    encode("sw", { s1: 5, s2: 6 }),
    call,
    encode("addi", { d: 11, s1: 10 }),
    encode("sw", { s1: 5, s2: 7 }),
    call,
    ECALL,
  ]);
  m.map(root, DATA, USER.rwx);
  // The same frame through another address: translations go by frame, not by address.
  m.write(root, DATA + 4, Uint8Array.of(0x82, 0x80));
  m.setRegister(6, addi(1) >>> 0);
  m.setRegister(7, addi(2) >>> 0);
  assert.equal(m.cpu.run(0, 100), EXIT.trap);
  assert.equal(m.describeTrap(), "trap 8 at 0x10014, value 0x0");
  assert.equal(m.register(11), 1n);
  assert.equal(m.register(10), 2n);
});

testOnEachEngine("stores through another mapping of a code frame are seen", () => {
  const alias = DATA + 0x10_0000;
  const call = encode("jalr", { d: 1, s1: 5 });
  const store = encode("sw", { s1: 8, s2: 6 });
  const { m, root } = prepare([store, call, store, call, ECALL]);
  const frame = m.map(root, DATA, USER.rx);
  m.map(root, alias, USER.rw, frame);
  m.write(root, DATA, Uint8Array.of(0x82, 0x80, 0, 0, 0x82, 0x80));
  m.setRegister(8, alias);
  m.setRegister(6, 0x8082);
  assert.equal(m.cpu.run(0, 4), EXIT.budget);
  m.setRegister(6, encode("addi", { d: 10, s1: 10, imm: 3 }) >>> 0);
  m.setRegister(REGISTER.pc, CODE);
  assert.equal(m.cpu.run(0, 100), EXIT.trap);
  assert.equal(m.register(10), 6n);
});
