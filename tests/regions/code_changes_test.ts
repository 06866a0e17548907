import assert from "node:assert/strict";
import { EXIT } from "../../arch/ir/interpreter.ts";
import { HART, PAGE_SIZE } from "../../arch/machine/memory/layout.ts";
import { type TestMachine, USER } from "../../arch/machine/test_machine.ts";
import { encode } from "../../arch/riscv64/encode.ts";
import { Random } from "../kernel/random.ts";
import { regionsOf, testRegions, type Twins } from "./twins.ts";

const CODE = 0x1_0000;
/** Where the same frames can be written. */
const ALIAS = 0x8_0000;
const ECALL = encode("ecall");
const PAGES = 4;
const HOT = 3000;

const addi = (d: number, imm: number): number => encode("addi", { d, s1: d, imm });
const root = (m: TestMachine, hart = 0): number => m.hartField(hart, HART.rootPpn);

/** Code that may be executed at CODE and written at ALIAS. */
function mapCode(m: TestMachine, harts = 1): void {
  const space = m.newSpace();
  for (let page = 0; page < PAGES; page++) {
    const ppn = m.map(space, CODE + page * PAGE_SIZE, USER.rx);
    m.map(space, ALIAS + page * PAGE_SIZE, USER.rw, ppn);
  }
  for (let hart = 0; hart < harts; hart++) m.useSpace(space, 1, hart);
}

/** Sets registers from x1 on of the thread of a hart. */
function registers(t: Twins, values: Readonly<Record<number, number>>, hart = 0): void {
  t.both((m) => {
    for (let r = 1; r < 32; r++) m.setRegister(r, values[r] ?? 0, hart);
  });
}

testRegions("code that writes the code it runs, ahead, behind and in another page", (make) => {
  const t = make();
  t.both((m) => mapCode(m));
  // x8 → what is written, x9 the amount; the patched instruction lies at each place in turn.
  const places = [0, 4, 12, 16, 20, PAGE_SIZE, PAGE_SIZE - 2];
  for (const place of places) {
    t.both((m) => {
      const loop = [
        addi(10, 1), // 0: also what may be patched
        addi(10, 1), // 4
        encode("sh", { s1: 8, s2: 9 }), // 8: the upper half of an addi
        addi(10, 1), // 12
        addi(10, 1), // 16
        addi(10, 1), // 20
        encode("addi", { d: 9, s1: 9, imm: 16 }), // 24: an amount one higher
        encode("jal", { d: 1, imm: PAGE_SIZE - 2 - 28 }), // 28: to the instruction in two pages
        addi(5, -1), // 32
        encode("bne", { s1: 5, s2: 0, imm: -36 }), // 36
        ECALL,
      ];
      m.writeCode(root(m), CODE, loop);
      m.writeCode(root(m), CODE + PAGE_SIZE - 2, [
        addi(11, 1),
        addi(11, 1),
        encode("jalr", { s1: 1 }),
      ]);
    });
    const patched = place >= PAGE_SIZE - 2 ? place + (place === PAGE_SIZE ? 4 : 2) : place + 2;
    const register = place >= PAGE_SIZE - 2 ? 11 : 10;
    for (const slice of [HOT, 1, 2, 3, 5, 7, 100]) {
      registers(t, { 5: 16, 8: ALIAS + patched });
      // imm[11:0] and rs1: the upper half of addi d, d, 0 has rs1's upper bits in it.
      t.both((m) => m.setRegister(9, addi(register, 1) >>> 16));
      t.goTo(CODE);
      const what = `patch at ${place}, slices of ${slice}`;
      assert.equal(t.runSlices(() => slice, 20_000, what), EXIT.trap);
    }
  }
});

testRegions("code written by the kernel, and by another hart, between slices", (make) => {
  const t = make({ harts: 2 });
  t.both((m) => {
    mapCode(m, 2);
    m.writeCode(root(m), CODE, [
      addi(10, 1),
      encode("jal", { d: 1, imm: 2 * PAGE_SIZE - 4 }),
      addi(5, -1),
      encode("bne", { s1: 5, s2: 0, imm: -12 }),
      ECALL,
    ]);
    m.writeCode(root(m), CODE + 2 * PAGE_SIZE, [addi(11, 1), encode("jalr", { s1: 1 })]);
    // What the other hart executes: one store.
    m.writeCode(root(m), CODE + PAGE_SIZE, [encode("sw", { s1: 8, s2: 9 }), ECALL]);
  });
  registers(t, { 5: 100_000 });
  t.goTo(CODE);
  const random = new Random(5);
  for (let round = 0; round < 200; round++) {
    t.runSlices(() => 60 + random.below(9), 500, `round ${round}`);
    const [at, register] = random.pick([[0, 10], [2 * PAGE_SIZE, 11]]);
    const bits = addi(register, 1 + random.below(100));
    if (random.oneIn(2)) {
      t.both((m) => m.writeCode(root(m), CODE + at, [bits]));
    } else {
      registers(t, { 8: ALIAS + at, 9: bits }, 1);
      t.goTo(CODE + PAGE_SIZE, 1);
      assert.equal(t.run(10, `store in round ${round}`, 1), EXIT.trap);
    }
  }
});

/** A loop in two pages, whose second part lies at CODE + PAGE_SIZE. */
function writeLoop(m: TestMachine, ppn: readonly number[], amounts: readonly number[]): void {
  const at = (page: number): number => m.linearOf(ppn[page]!) / 4;
  m.memory.u32.set([addi(10, amounts[0]!), encode("jal", { imm: PAGE_SIZE - 4 })], at(0));
  m.memory.u32.set([
    addi(11, amounts[1]!),
    addi(5, -1),
    encode("beq", { s1: 5, s2: 0, imm: 8 }),
    encode("jal", { imm: -PAGE_SIZE - 12 }),
    ECALL,
  ], at(1));
}

testRegions("two spaces with other code at the same address, and one frame at two", (make) => {
  const t = make();
  const spaces = t.both((m) => {
    const shared = m.newFrame();
    return [0, 1, 2].map((n) => {
      const space = m.newSpace();
      const second = n === 2 ? shared : m.newFrame();
      const ppn = [n === 0 ? m.newFrame() : shared, second];
      if (n !== 2) writeLoop(m, ppn, [1 + n, 10 + n]);
      m.map(space, CODE, USER.rx, ppn[0]!);
      m.map(space, CODE + PAGE_SIZE, USER.rx, ppn[1]!);
      return space;
    });
  });
  const random = new Random(11);
  for (let round = 0; round < 120; round++) {
    const n = random.below(3);
    t.both((m) => m.useSpace(spaces[n]!, 1 + n));
    registers(t, { 5: 40 });
    t.goTo(CODE + (n === 2 ? random.below(2) * PAGE_SIZE : 0));
    const slice = random.pick([HOT, 3, 60]);
    // In the third space both pages show the first half of the loop.
    t.runSlices(() => slice, 200, `round ${round} in space ${n}`);
  }
});

testRegions("a page of a region unmapped, made data, or mapped to other code", (make) => {
  const t = make();
  const frames = t.both((m) => {
    const space = m.newSpace();
    m.useSpace(space);
    const ppn = [0, 1].map((page) => m.map(space, CODE + page * PAGE_SIZE, USER.rx));
    writeLoop(m, ppn, [1, 2]);
    const other = [m.newFrame(), m.newFrame()];
    writeLoop(m, other, [50, 60]);
    return [ppn, other];
  });
  const random = new Random(3);
  registers(t, { 5: 1_000_000 });
  t.goTo(CODE);
  for (let round = 0; round < 300; round++) {
    const page = random.below(2);
    const change = random.below(4);
    t.both((m) => {
      const va = CODE + page * PAGE_SIZE;
      const entry = m.entryIndex(root(m), va);
      if (change === 0) m.setEntry(entry, 0, 0);
      else if (change === 1) m.setEntry(entry, frames[0]![page]!, USER.r);
      else m.setEntry(entry, frames[change - 2]![page]!, USER.rx);
      if (round % 2 === 0) m.cpu.invalidatePage(1, va, 0);
      else m.cpu.invalidateAsid(1);
    });
    const slice = random.pick([102, 53, 7]);
    if (random.oneIn(2)) t.goTo(CODE);
    t.runSlices(() => slice, 300, `round ${round}, page ${page}, change ${change}`);
    t.both((m) => {
      for (let n = 0; n < 2; n++) m.map(root(m), CODE + n * PAGE_SIZE, USER.rx, frames[0]![n]!);
      m.cpu.invalidateAll();
    });
    t.runSlices(() => slice, 300, `round ${round} again`);
  }
});

testRegions("a pool of few decode slots, while regions lead to one another", (make, engine) => {
  for (const decodeSlots of [2, 3, 4]) {
    const t = make({ decodeSlots });
    t.both((m) => {
      mapCode(m);
      for (let page = 0; page < PAGES; page++) {
        const next = page === PAGES - 1 ? -page * PAGE_SIZE : PAGE_SIZE;
        m.writeCode(root(m), CODE + page * PAGE_SIZE, [
          addi(10 + page, 1),
          addi(20, page),
          encode("addi", { d: 21, s1: 0, imm: 3 }),
          addi(21, -1),
          encode("bne", { s1: 21, s2: 0, imm: -4 }),
          encode("blt", { s1: 5, s2: 20, imm: 8 }),
          encode("jal", { imm: next - 24 }),
          ECALL,
        ]);
      }
    });
    for (const slice of [HOT, 64, 13]) {
      registers(t, { 5: 3000 });
      t.goTo(CODE);
      t.runSlices(() => slice, 30_000, `${decodeSlots} slots, slices of ${slice}`);
    }
    if (engine === "eager" && decodeSlots === 4) assert.ok(regionsOf(t.compiled) > 0);
  }
});

testRegions("stores into pages beside code that was once compiled", (make) => {
  const t = make();
  t.both((m) => {
    mapCode(m);
    m.writeCode(root(m), CODE, [
      encode("sd", { s1: 8, s2: 10, imm: 0 }),
      encode("sd", { s1: 8, s2: 10, imm: 8 }),
      addi(8, 16),
      addi(10, 1),
      encode("bne", { s1: 8, s2: 9, imm: -16 }),
      ECALL,
    ]);
  });
  for (let round = 0; round < 6; round++) {
    // From data into the page of the code itself, behind what runs.
    registers(t, { 8: ALIAS + 256, 9: ALIAS + PAGE_SIZE + 256, 10: round });
    t.goTo(CODE);
    t.runSlices(() => round < 3 ? HOT : 11, 5000, `round ${round}`);
  }
});
