import { EXIT } from "../../arch/ir/interpreter.ts";
import { HART, PAGE_SIZE, REGISTER } from "../../arch/machine/memory/layout.ts";
import { USER } from "../../arch/machine/test_machine.ts";
import { encode } from "../../arch/riscv64/encode.ts";
import { Random } from "../kernel/random.ts";
import { testRegions } from "./twins.ts";

const CODE = 0x1_0000;
const DATA = 0x2_0000;

testRegions("data unmapped, made read-only or mapped to other frames between runs", (make) => {
  const t = make();
  const [root, frames] = t.both((m) => {
    const space = m.newSpace();
    m.map(space, CODE, USER.rx);
    m.writeCode(space, CODE, [
      encode("ld", { d: 10, s1: 8, imm: 0 }),
      encode("ld", { d: 11, s1: 8, imm: 8 }),
      encode("add", { d: 10, s1: 10, s2: 11 }),
      encode("lw", { d: 12, s1: 9, imm: 0 }),
      encode("addi", { d: 10, s1: 10, imm: 1 }),
      encode("sd", { s1: 8, s2: 10, imm: 0 }),
      encode("sw", { s1: 9, s2: 10, imm: 4 }),
      encode("jal", { imm: -28 }),
    ]);
    m.useSpace(space);
    return [space, [m.newFrame(), m.newFrame(), m.newFrame()]] as const;
  });
  const random = new Random(8);
  t.goTo(CODE);
  t.both((m) => {
    m.setRegister(8, DATA + 64);
    m.setRegister(9, DATA + PAGE_SIZE + 32);
  });
  for (let round = 0; round < 600; round++) {
    const page = random.below(2), flags = random.pick([USER.rw, USER.rw, USER.rw, USER.r, 0]);
    const frame = random.pick(frames);
    t.both((m) => {
      m.map(root, DATA + page * PAGE_SIZE, flags, frame);
      m.cpu.invalidatePage(1, DATA + page * PAGE_SIZE, 0);
      // As the loop does before it hashes: each page must be found dirty again.
      if (round % 3 === 0) {
        m.memory.u8[m.layout.dirtyBase + m.linearOf(frame) / PAGE_SIZE] = 0;
        m.cpu.flushWriteTlbs();
      }
    });
    t.run(random.pick([5, 40, 100]), `round ${round}, page ${page}, flags ${flags}`);
  }
});

testRegions(
  "accesses all over the place, alone and in groups, while pages come and go",
  (make, engine) => {
    const PAGES = 8;
    const t = make();
    const spaces = t.both((m) => {
      const space = m.newSpace();
      const code = m.map(space, CODE, USER.rx);
      m.writeCode(space, CODE, [
        encode("mul", { d: 7, s1: 7, s2: 6 }), // 0
        encode("addi", { d: 7, s1: 7, imm: 77 }), // 4
        encode("srli", { d: 8, s1: 7, imm: 24 }), // 8
        encode("and", { d: 8, s1: 8, s2: 9 }), // 12: a multiple of 8 in all of the data
        encode("add", { d: 8, s1: 8, s2: 10 }), // 16
        encode("jal", { imm: 4 }), // 20: x8 is set before the block
        encode("ld", { d: 11, s1: 8, imm: 0 }), // 24
        encode("ld", { d: 12, s1: 8, imm: 24 }), // 28
        encode("add", { d: 13, s1: 11, s2: 12 }), // 32
        encode("xor", { d: 14, s1: 8, s2: 9 }), // 36
        encode("andi", { d: 14, s1: 14, imm: -8 }), // 40
        encode("sd", { s1: 14, s2: 13, imm: 0 }), // 44
        encode("addi", { d: 5, s1: 5, imm: -1 }), // 48
        encode("bne", { s1: 5, s2: 0, imm: -52 }), // 52
        encode("ecall"),
      ]);
      m.useSpace(space);
      const mapData = (root: number): number[] =>
        Array.from({ length: PAGES }, (_, page) => m.map(root, DATA + page * PAGE_SIZE, USER.rw));
      const other = m.newSpace();
      m.map(other, CODE, USER.rx, code);
      return [space, other].map((root) => ({ root, data: mapData(root) }));
    });
    const start = (): void => {
      t.both((m) => {
        for (let r = 1; r < 32; r++) m.setRegister(r, 0);
        m.setRegister(5, 1_000_000);
        m.setRegister(6, 0x5851_f42d_4c95_7f2dn);
        m.setRegister(9, PAGES * 4096 - 8);
        m.setRegister(10, DATA);
        m.setRegister(REGISTER.pc, CODE);
      });
    };
    const random = new Random(3);
    start();
    // Then it is known that pages remembered are of no use here.
    for (let n = 0; n < 80; n++) {
      if (t.run(engine === "eager" ? 200 : 1000, `warm-up ${n}`) === EXIT.trap) start();
    }
    for (let round = 0; round < 100; round++) {
      const page = random.below(PAGES), change = random.below(3), asid = 1 + random.below(2);
      const frames = spaces[asid - 1]!.data;
      t.both((m) => {
        m.useSpace(spaces[asid - 1]!.root, asid);
        const root = m.hartField(0, HART.rootPpn), va = DATA + page * 4096;
        const entry = m.entryIndex(root, va);
        if (change === 0) m.setEntry(entry, 0, 0);
        else if (change === 1) m.setEntry(entry, frames[page]!, USER.r);
        else m.setEntry(entry, frames[(page + 1) % PAGES]!, USER.rw);
        m.cpu.invalidatePage(asid, va, 0);
      });
      if (t.run(500, `round ${round}, change ${change}`) === EXIT.trap) start();
      t.both((m) => {
        m.setEntry(
          m.entryIndex(m.hartField(0, HART.rootPpn), DATA + page * 4096),
          frames[page]!,
          USER.rw,
        );
        m.cpu.invalidateAsid(asid);
      });
      if (t.run(500, `round ${round} again`) === EXIT.trap) start();
    }
  },
);
