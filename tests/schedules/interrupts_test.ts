import assert from "node:assert/strict";
import { EventKind } from "../../core/event.ts";
import { runKernel } from "../kernel/harness.ts";
import { lostWakeup } from "./wakeups.ts";

const PROGRAM = "userland/checks/bin/interrupts";
/** With these a turn is 1,000 instructions, and a microsecond one. */
const TICK_NS = 1000;

/** Addresses of the instructions from `begin` to `end` of the program. */
function instructions(begin: number, end: number): number[] {
  const file = Deno.readFileSync(new URL(`../../${PROGRAM}`, import.meta.url).pathname);
  const view = new DataView(file.buffer);
  const headers = view.getUint32(32, true);
  for (let i = 0; i < view.getUint16(56, true); i++) {
    const at = headers + i * view.getUint16(54, true);
    const address = view.getUint32(at + 16, true);
    if (begin < address || end > address + view.getUint32(at + 32, true)) continue;
    const offset = view.getUint32(at + 8, true) - address;
    const found = [];
    // The lowest two bits tell how long an instruction is.
    for (let pc = begin; pc < end; pc += (file[offset + pc] & 3) === 3 ? 4 : 2) found.push(pc);
    return found;
  }
  throw new Error("the sequence is in no segment");
}

/** A way to interrupt, how often it is tried, and on how many harts. */
interface Way {
  readonly mode: string;
  readonly count: number;
  readonly kind: number;
  readonly hart: number;
  readonly harts: number;
}

const WAYS: readonly Way[] = [
  { mode: "switch", count: 1000, kind: EventKind.Timer, hart: 0, harts: 1 },
  { mode: "alarm", count: 450, kind: EventKind.Timer, hart: 0, harts: 1 },
  { mode: "signal", count: 450, kind: EventKind.Ipi, hart: 0, harts: 2 },
  { mode: "shootdown", count: 450, kind: EventKind.Ipi, hart: 1, harts: 2 },
];

for (const { mode, count, kind, hart, harts } of WAYS) {
  Deno.test(`an interrupt before every instruction of a sequence is not seen: ${mode}`, () => {
    const interrupted = new Set<number>();
    const run = runKernel({
      program: PROGRAM,
      args: [mode, String(count)],
      harts,
      tickNs: TICK_NS,
      roundTicks: harts === 1 ? 10_000 : 64,
      watch: (kernel) => ({
        before: (e) => {
          if (e.kind === kind && e.hart === hart) interrupted.add(e.pc());
        },
        after: (e) => {
          if (e.kind !== kind) return;
          assert.equal(lostWakeup(kernel.state, () => []), "", `event ${e.order}`);
        },
      }),
    });
    assert.equal(run.status, 0, run.stdout + run.stderr);
    const ranges = [...run.stdout.matchAll(/^range (\w+) (\w+) (\w+)$/gm)];
    assert.ok(ranges.length >= 8);
    for (const [, name, begin, end] of ranges) {
      const expected = instructions(parseInt(begin, 16), parseInt(end, 16));
      const missed = expected.filter((pc) => !interrupted.has(pc)).map((pc) => pc.toString(16));
      assert.ok(expected.length >= 7, name);
      assert.deepEqual(missed, [], `${name}: no interrupt before these`);
    }
  });
}
