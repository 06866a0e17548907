import { PAGE_SIZE } from "../../arch/machine/memory/layout.ts";
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
