import assert from "node:assert/strict";
import { Random } from "../../../tests/kernel/random.ts";
import { encode } from "../../riscv64/encode.ts";
import { formRegion } from "../../riscv64/form_region.ts";
import { ops } from "../ops.ts";
import { accessGroups } from "./access_groups.ts";
import type { Block } from "./region.ts";

/** The one block of some 32-bit instructions. */
function blockOf(...code: readonly number[]): Block {
  const words = [...code, encode("ecall")];
  const region = formRegion(0x1000, {
    half: (at) => (words[(at - 0x1000) >> 2]! >>> ((at % 4) * 8)) & 0xffff,
    hasRun: () => true,
    targets: () => [],
  });
  return region!.blocks[0]!;
}

const ld = (d: number, s1: number, imm: number): number => encode("ld", { d, s1, imm });
const sw = (s2: number, s1: number, imm: number): number => encode("sw", { s1, s2, imm });
const addi = (d: number, s1: number, imm: number): number => encode("addi", { d, s1, imm });

const plain = (block: Block): unknown =>
  accessGroups(block).map(({ register, low, span, writes, offsets }) => ({
    register,
    low,
    span,
    writes,
    offsets: [...offsets],
  }));

Deno.test("access groups: the span reaches from the lowest byte to behind the highest", () => {
  assert.deepEqual(plain(blockOf(ld(10, 8, 16), ld(11, 8, -8), sw(10, 8, 32))), [
    { register: 8, low: -8, span: 44, writes: true, offsets: [[0, 24], [1, 0], [2, 40]] },
  ]);
  assert.deepEqual(
    plain(blockOf(encode("lbu", { d: 1, s1: 8, imm: 3 }), encode("flw", { d: 1, s1: 8, imm: 5 }))),
    [{ register: 8, low: 3, span: 6, writes: false, offsets: [[0, 0], [1, 2]] }],
  );
});

Deno.test("access groups: a register that moves a little is still known, one loaded is not", () => {
  assert.deepEqual(plain(blockOf(ld(10, 8, 0), addi(8, 8, 24), ld(11, 8, -8))), [
    { register: 8, low: 0, span: 24, writes: false, offsets: [[0, 0], [2, 16]] },
  ]);
  assert.deepEqual(plain(blockOf(addi(9, 8, 8), ld(10, 9, 0), ld(11, 8, 0))), [
    { register: 8, low: 0, span: 16, writes: false, offsets: [[1, 8], [2, 0]] },
  ]);
  assert.deepEqual(plain(blockOf(ld(10, 8, 0), ld(8, 8, 8), ld(11, 8, 16), ld(12, 8, 24))), [
    { register: 8, low: 0, span: 16, writes: false, offsets: [[0, 0], [1, 8]] },
  ]);
  assert.deepEqual(
    plain(blockOf(ld(10, 8, 0), encode("add", { d: 8, s1: 8, s2: 9 }), ld(1, 8, 0))),
    [],
  );
  const narrow = encode("addiw", { d: 8, s1: 8, imm: 8 });
  assert.deepEqual(plain(blockOf(ld(10, 8, 0), narrow, ld(11, 8, 0))), []);
});

Deno.test("access groups: none of one access, none too wide, none by x0", () => {
  assert.deepEqual(plain(blockOf(ld(10, 8, 0), ld(11, 9, 0))), []);
  assert.deepEqual(plain(blockOf(ld(10, 8, 0), ld(11, 8, 1024 - 8))), [
    { register: 8, low: 0, span: 1024, writes: false, offsets: [[0, 0], [1, 1016]] },
  ]);
  assert.deepEqual(plain(blockOf(ld(10, 8, 0), ld(11, 8, 1024 - 7))), []);
  assert.deepEqual(plain(blockOf(ld(10, 0, 0), ld(11, 0, 8))), []);
});

Deno.test("access groups: each offset is where a run finds the access", () => {
  for (let seed = 0; seed < 400; seed++) {
    const random = new Random(seed);
    const register = (): number => random.pick([8, 9, 10]);
    /** c.nop, then c.mv: together as long as the others. */
    const move = (): number => encode("c.mv", { d: register(), s2: register() }) << 16 | 1;
    const imm = (): number => random.below(300) - 150;
    const block = blockOf(...Array.from({ length: 3 + random.below(10) }, () =>
      random.pick([
        () => ld(register(), register(), imm()),
        () => sw(register(), register(), imm()),
        () => addi(register(), register(), imm()),
        move,
        () => encode("mul", { d: register(), s1: register(), s2: register() }),
      ])() >>> 0));
    const groups = accessGroups(block);
    const start = new Map([[8, 1_000_000], [9, 2_000_000], [10, 3_000_000]]);
    const value = new Map(start);
    block.ops.forEach((op, index) => {
      const base = value.get(op.b) ?? 0;
      const group = groups.find((g) => g.offsets.has(index));
      if (group !== undefined) {
        const at = start.get(group.register)! + group.low + group.offsets.get(index)!;
        assert.equal(at, base + op.immediate, `seed ${seed}, access ${index}`);
        const bytes = ops[op.name].memory === "store" ? 4 : 8;
        assert.ok(group.offsets.get(index)! + bytes <= group.span, `seed ${seed}`);
        assert.ok(group.writes || ops[op.name].memory === "load", `seed ${seed}`);
      }
      if (!ops[op.name].shape.includes("a")) return;
      if (op.name === "addi") value.set(op.a, base + op.immediate);
      else if (op.name === "mv") value.set(op.a, value.get(op.b) ?? value.get(op.c)!);
      else value.set(op.a, 7_000_000_000 + index * 1_000_000);
    });
  }
});
