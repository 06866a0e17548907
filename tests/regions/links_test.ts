import assert from "node:assert/strict";
import { EXIT } from "../../arch/ir/interpreter.ts";
import { HART, JUMP_CACHE, PAGE_SIZE, REGISTER } from "../../arch/machine/memory/layout.ts";
import { type TestMachine, USER } from "../../arch/machine/test_machine.ts";
import { encode } from "../../arch/riscv64/encode.ts";
import { Random } from "../kernel/random.ts";
import { type MakeTwins, regionsOf, testRegions, type Twins } from "./twins.ts";

/** A loop that calls two functions, each in a page of its own: regions that lead to one another. */
const CODE = 0x1_0000;
const FUNCTIONS = [1, 2].map((page) => CODE + page * PAGE_SIZE);
const DATA = 0x4_0000;
const PAGES = 3;
/** Instructions after which everything is compiled and linked. */
const WARM = 60_000;

const addi = (d: number, imm: number): number => encode("addi", { d, s1: d, imm });
const root = (m: TestMachine, hart = 0): number => m.hartField(hart, HART.rootPpn);

/** The first function is called by its address, the second through a register. */
function loop(): number[] {
  return [
    addi(10, 1), // 0
    encode("jal", { d: 1, imm: PAGE_SIZE - 4 }), // 4
    addi(12, 1), // 8
    encode("jalr", { d: 1, s1: 9 }), // 12
    addi(5, -1), // 16
    encode("bne", { s1: 5, s2: 0, imm: -20 }), // 20
    encode("ecall"),
  ];
}

/** Links once more inside, so that it does not become part of its caller's region. */
function routine(amount: number): number[] {
  return [
    addi(11, amount), // 0
    encode("jal", { d: 3, imm: 4 }), // 4
    encode("sd", { s1: 8, s2: 11, imm: amount * 8 % 1024 }), // 8
    encode("ld", { d: 13, s1: 8, imm: amount * 8 % 1024 }), // 12
    encode("jalr", { s1: 1 }), // 16
  ];
}

function writePages(m: TestMachine, ppn: readonly number[], amounts: readonly number[]): void {
  const at = (page: number): number => m.linearOf(ppn[page]!) / 4;
  m.memory.u32.set(loop(), at(0));
  m.memory.u32.set(routine(amounts[0]!), at(1));
  m.memory.u32.set(routine(amounts[1]!), at(2));
}

/** One space; returns the frames of its code. */
function oneSpace(m: TestMachine, harts = 1): number[] {
  const space = m.newSpace();
  const ppn = Array.from(
    { length: PAGES },
    (_, page) => m.map(space, CODE + page * PAGE_SIZE, USER.rx),
  );
  m.map(space, DATA, USER.rw);
  writePages(m, ppn, [2, 3]);
  for (let hart = 0; hart < harts; hart++) m.useSpace(space, 1, hart);
  return ppn;
}

function begin(t: Twins, hart = 0): void {
  t.both((m) => {
    for (let r = 1; r < 32; r++) m.setRegister(r, 0, hart);
    m.setRegister(5, 1_000_000, hart);
    m.setRegister(8, DATA, hart);
    m.setRegister(9, FUNCTIONS[1]!, hart);
  });
  t.goTo(CODE, hart);
}

function warmUp(t: Twins, engine: string): void {
  begin(t);
  const slice = engine === "eager" ? 300 : 1000;
  t.runSlices(() => slice, engine === "eager" ? 3000 : WARM, "warm-up");
  assert.ok(regionsOf(t.compiled) >= 3, `${regionsOf(t.compiled)} regions`);
  const jumps = t.compiled.memory.u32.subarray(
    JUMP_CACHE.base / 4,
    (JUMP_CACHE.base + JUMP_CACHE.bytes) / 4,
  );
  assert.ok(jumps.some((id) => id !== 0), "no jump by register is linked");
}

testRegions("what a link leads to is written, by the kernel or a guest", (make, engine) => {
  const t = make({ harts: 2 });
  const ppn = t.both((m) => {
    const frames = oneSpace(m, 2);
    for (const page of [1, 2]) m.map(root(m), DATA + page * PAGE_SIZE, USER.rw, frames[page]!);
    m.map(root(m), DATA + 3 * PAGE_SIZE, USER.rx);
    m.writeCode(root(m), DATA + 3 * PAGE_SIZE, [
      encode("sw", { s1: 8, s2: 9 }),
      encode("ecall"),
    ]);
    return frames;
  });
  assert.equal(ppn.length, PAGES);
  warmUp(t, engine);
  const random = new Random(7);
  for (let round = 0; round < 60; round++) {
    const page = 1 + random.below(2);
    const bits = addi(11, 1 + random.below(50));
    if (random.oneIn(2)) {
      t.both((m) => m.writeCode(root(m), CODE + page * PAGE_SIZE, [bits]));
    } else {
      t.both((m) => {
        m.setRegister(8, DATA + page * PAGE_SIZE, 1);
        m.setRegister(9, bits, 1);
      });
      t.goTo(DATA + 3 * PAGE_SIZE, 1);
      assert.equal(t.run(10, `store in round ${round}`, 1), EXIT.trap);
    }
    t.runSlices(() => 400 + random.below(9), 3000, `round ${round}, page ${page}`);
  }
});

testRegions(
  "what a link leads to is unmapped, made data, or mapped to other code",
  (make, engine) => {
    const t = make();
    const [ppn, other] = t.both((m) => {
      const frames = oneSpace(m);
      const others = frames.map(() => m.newFrame());
      writePages(m, others, [20, 30]);
      return [frames, others];
    });
    warmUp(t, engine);
    const random = new Random(9);
    for (let round = 0; round < 80; round++) {
      const page = random.below(PAGES), change = random.below(4);
      const va = CODE + page * PAGE_SIZE;
      t.both((m) => {
        const entry = m.entryIndex(root(m), va);
        if (change === 0) m.setEntry(entry, 0, 0);
        else if (change === 1) m.setEntry(entry, ppn![page]!, USER.r);
        else m.setEntry(entry, (change === 2 ? ppn : other)![page]!, USER.rx);
        if (round % 2 === 0) m.cpu.invalidatePage(1, va, 0);
        else m.cpu.invalidateAsid(1);
      });
      t.runSlices(
        () => 200 + random.below(9),
        1000,
        `round ${round}, page ${page}, change ${change}`,
      );
      t.both((m) => {
        m.map(root(m), va, USER.rx, ppn![page]!);
        m.cpu.invalidatePage(1, va, 0);
      });
      t.runSlices(() => 200 + random.below(9), 1000, `round ${round} again`);
    }
  },
);

testRegions("two spaces whose links lead to other code at the same addresses", (make, engine) => {
  const t = make({ harts: 2 });
  const spaces = t.both((m) => {
    // The loop's frame is common, so that its exits are; the functions' and the data's are not.
    const common = m.newFrame();
    return [0, 1].map((n) => {
      const space = m.newSpace();
      const ppn = [common, m.newFrame(), m.newFrame()];
      writePages(m, ppn, [2 + 20 * n, 3 + 20 * n]);
      ppn.forEach((frame, page) => m.map(space, CODE + page * PAGE_SIZE, USER.rx, frame));
      m.map(space, DATA, USER.rw);
      return space;
    });
  });
  t.both((m) => m.useSpace(spaces[0]!, 1));
  warmUp(t, engine);
  t.both((m) => m.useSpace(spaces[1]!, 2, 1));
  begin(t, 1);
  const random = new Random(13);
  for (let round = 0; round < 150; round++) {
    // Both harts by turns, and now and then each in the other's space.
    const swapped = random.oneIn(3) ? 1 : 0;
    t.both((m) =>
      [0, 1].forEach((hart) => m.useSpace(spaces[hart ^ swapped]!, 1 + (hart ^ swapped), hart))
    );
    for (const hart of [0, 1]) {
      t.run(100 + random.below(400), `round ${round}, hart ${hart}, swapped ${swapped}`, hart);
    }
  }
});

testRegions(
  "data behind a link is unmapped, made read-only or mapped elsewhere",
  (make, engine) => {
    const t = make();
    const frames = t.both((m) => {
      oneSpace(m);
      return [m.newFrame(), m.newFrame()];
    });
    warmUp(t, engine);
    const random = new Random(17);
    for (let round = 0; round < 80; round++) {
      const change = random.below(4);
      t.both((m) => {
        const entry = m.entryIndex(root(m), DATA);
        if (change === 0) m.setEntry(entry, 0, 0);
        else if (change === 1) m.setEntry(entry, frames[0]!, USER.r);
        else m.setEntry(entry, frames[change - 2]!, USER.rw);
        m.cpu.invalidatePage(1, DATA, 0);
      });
      t.runSlices(() => 200 + random.below(9), 1000, `round ${round}, change ${change}`);
      t.both((m) => {
        m.setEntry(m.entryIndex(root(m), DATA), frames[round & 1]!, USER.rw);
        if (round % 3 === 0) m.cpu.flushWriteTlbs();
        m.cpu.invalidateAsid(1);
      });
      t.runSlices(() => 200 + random.below(9), 1000, `round ${round} again`);
    }
  },
);

testRegions(
  "a budget ends at every instruction of a way through linked regions",
  (make, engine) => {
    const t = make();
    t.both((m) => void oneSpace(m));
    warmUp(t, engine);
    for (let budget = 1; budget < 60; budget++) {
      begin(t);
      t.run(budget, `budget ${budget}`);
      t.run(7, `rest behind ${budget}`);
    }
  },
);

/** Twins with code of some jumps by register between pages whose places in the jump cache agree. */
function jumpTwins(make: MakeTwins, targets: readonly number[]): Twins {
  const t = make();
  t.both((m) => {
    const space = m.newSpace();
    m.map(space, CODE, USER.rx);
    m.writeCode(space, CODE, [
      encode("ld", { d: 9, s1: 8 }), // where to jump
      addi(8, 8),
      addi(5, -1),
      encode("jalr", { d: 1, s1: 9 }),
    ]);
    m.map(space, DATA, USER.rw);
    targets.forEach((target, n) => {
      if (Math.floor(target / PAGE_SIZE) * PAGE_SIZE !== CODE) m.map(space, target, USER.rx);
      m.writeCode(space, target, [
        addi(10, n + 1),
        encode("jal", { d: 3, imm: 4 }),
        encode("bne", { s1: 5, s2: 0, imm: 8 }),
        encode("ecall"),
        encode("addi", { d: 14, s1: 0, imm: 1 }),
        encode("slli", { d: 14, s1: 14, imm: 16 }),
        encode("jalr", { s1: 14 }),
      ]);
    });
    m.useSpace(space);
  });
  return t;
}

testRegions("jumps by register whose targets share a place of the jump cache", (make) => {
  // Equal in the bits that the cache looks at: multiples of 16 KiB apart.
  const targets = [0, 1, 2, 3].map((n) => CODE + 0x8000 + n * 0x4000);
  const t = jumpTwins(make, targets);
  const random = new Random(23);
  for (let round = 0; round < 40; round++) {
    const list = Array.from({ length: 500 }, () => random.pick(targets));
    t.both((m) => {
      list.forEach((target, n) => {
        m.memory.u32[m.cpu.translate(0, DATA + 8 * n, 0, 1) / 4] = target;
      });
      for (let r = 1; r < 32; r++) m.setRegister(r, 0);
      m.setRegister(5, list.length - 1);
      m.setRegister(8, DATA);
      m.setRegister(REGISTER.pc, CODE);
    });
    const slice = random.pick([10_000, 700, 31]);
    assert.equal(t.runSlices(() => slice, 10_000, `round ${round}`), EXIT.trap);
  }
});
