import assert from "node:assert/strict";
import { instantiateCpu } from "../../arch/machine/memory/cpu.ts";
import { HART, REGISTER } from "../../arch/machine/memory/layout.ts";
import type { TestEngine } from "../../arch/machine/test_engines.ts";
import { USER } from "../../arch/machine/test_machine.ts";
import { encode } from "../../arch/riscv64/encode.ts";
import { Random } from "../kernel/random.ts";
import { regionsOf, Twins } from "./twins.ts";

const CODE = 0x1_0000;
const NAMES = ["fmadd.d", "fmsub.d", "fnmadd.d", "fnmsub.d", "fmadd.s", "fnmsub.s"];
/** Doubles whose products and sums round, cancel, overflow and vanish. */
const EXPONENTS = [0n, 1n, 0x001n << 4n, 0x3c8n, 0x3fen, 0x3ffn, 0x400n, 0x434n, 0x7fen, 0x7ffn];

function engine(fused: boolean): TestEngine {
  return {
    name: fused ? "fused" : "exact",
    makeCpu: (memory, layout) => instantiateCpu(memory, layout, "eager", { fused }),
  };
}

function randomDouble(random: Random): bigint {
  const fraction = random.oneIn(4) ? 0n : BigInt(random.below(2 ** 26)) << BigInt(random.below(27));
  const single = random.oneIn(5) ? 0xffff_ffffn << 32n : undefined;
  const bits = BigInt(random.below(2)) << 63n | random.pick(EXPONENTS) << 52n | fraction;
  return single === undefined ? bits : single | bits >> 32n;
}

// The interpreter's twin has multiply-add as this host allows; the other is made to do without.
Deno.test("regions: multiply-add without the host's gives the same bits and flags", () => {
  const t = new Twins(engine(false));
  const random = new Random(29);
  t.both((m) => {
    const space = m.newSpace();
    m.map(space, CODE, USER.rx);
    m.useSpace(space);
  });
  for (const name of NAMES) {
    for (const rm of [0, 1, 7]) {
      t.both((m) =>
        m.writeCode(m.hartField(0, HART.rootPpn), CODE, [
          encode(name, { d: 4, s1: 1, s2: 2, s3: 3, rm }),
          encode(name, { d: 5, s1: 4, s2: 2, s3: 1, rm }),
          encode("ecall"),
        ])
      );
      for (let n = 0; n < 150; n++) {
        const values = [1, 2, 3].map(() => randomDouble(random));
        t.both((m) => {
          values.forEach((bits, i) => m.setRegister(REGISTER.f0 + 1 + i, bits));
          // NX accrued or not: what is inline wants it accrued.
          m.setRegister(REGISTER.fcsr, n % 3 === 0 ? 0 : 1);
          m.setRegister(REGISTER.pc, CODE);
        });
        t.run(3, `${name} ${values.map((bits) => bits.toString(16)).join()} rounded by ${rm}`);
      }
    }
  }
  assert.ok(regionsOf(t.compiled) > 0);
});
