import { EXIT } from "../../arch/ir/interpreter.ts";
import { HART, REGISTER, registerSlot } from "../../arch/machine/memory/layout.ts";
import type { TestEngine } from "../../arch/machine/test_engines.ts";
import { decode, instructionLength } from "../../arch/riscv64/decoder.ts";
import { extractRegister } from "../../arch/riscv64/formats.ts";
import { ACCESS } from "../../arch/riscv64/walk.ts";

/**
 * An engine with a fault: after each instruction of a name whose result is odd, the result's
 * sign is wrong. For tests of what must find such a thing.
 */
export function faultyEngine(engine: TestEngine, name: string): TestEngine {
  return {
    name: engine.name,
    makeCpu(memory, layout) {
      const cpu = engine.makeCpu(memory, layout);
      const slot = registerSlot(layout, 0) / 4;
      const rowAt = (hart: number, low: number, high: number) => {
        const linear = cpu.translate(hart, low, high, ACCESS.execute);
        if (linear < 0) return undefined;
        const half = memory.u16[linear / 2]!;
        // Programs lie in frames that follow one another, so the rest is behind it.
        const bits = instructionLength(half) === 2
          ? half
          : half | memory.u16[linear / 2 + 1]! << 16;
        const row = decode(bits);
        return row?.name === name && row.format.d !== undefined
          ? extractRegister(row.format.d, bits)
          : undefined;
      };
      return {
        ...cpu,
        run(hart, budget) {
          let executed = 0;
          let reason: number = EXIT.budget;
          while (executed < budget) {
            const at = slot + REGISTER.pc * 2;
            const register = rowAt(hart, memory.u32[at]! | 0, memory.u32[at + 1]!);
            reason = cpu.run(hart, 1);
            if (reason === EXIT.trap) break;
            executed++;
            if (
              register !== undefined && register !== 0 && (memory.u32[slot + 2 * register]! & 1)
            ) {
              memory.u32[slot + 2 * register + 1]! ^= 0x8000_0000;
            }
          }
          memory.u32[(layout.hartBase + HART.executed) / 4] = executed;
          return reason;
        },
      };
    },
  };
}
