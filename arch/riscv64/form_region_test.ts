import assert from "node:assert/strict";
import { encode } from "./encode.ts";
import { type CodeSource, entries, formRegion, REGION_LIMIT } from "./form_region.ts";
import type { Region } from "../ir/region/region.ts";

const BASE = 0x1_0000;
const ECALL = encode("ecall");

/** Code at BASE, all of it run unless `hasRun` says otherwise. */
function source(code: readonly number[], more: Partial<CodeSource> = {}, base = BASE): CodeSource {
  const halves: number[] = [];
  for (const bits of code) {
    halves.push(bits & 0xffff);
    if ((bits & 3) === 3) halves.push(bits >>> 16);
  }
  return {
    half: (at) => halves[(at - base) / 2] ?? -1,
    hasRun: (at) => halves[(at - base) / 2] !== undefined,
    targets: () => [],
    ...more,
  };
}

/** A region's blocks as texts: start+instructions, how it ends, where that leads. */
function plain(region: Region | undefined, base = BASE): string[] {
  return (region?.blocks ?? []).map(({ start, ops, ending, taken, next, targets }) => {
    const place = (at: number): string => at === -1 ? "" : `${at - base}`;
    const where = [place(taken), place(next), ...targets.map(place)].filter((text) => text !== "");
    return `${start - base}+${ops.length} ${ending} ${where.join()}`;
  });
}

const addi = (d: number, imm = 1): number => encode("addi", { d, s1: d, imm });
const jal = (imm: number, d = 0): number => encode("jal", { d, imm });
const RETURN = encode("jalr", { s1: 1 });

Deno.test("regions: loops are blocks that lead to one another", () => {
  const code = [addi(5), addi(6), encode("bne", { s1: 5, s2: 6, imm: -4 }), addi(7), ECALL];
  assert.deepEqual(plain(formRegion(BASE, source(code))), [
    "0+1 fall 4",
    "4+2 branch 4,12",
    "12+1 leave 16",
  ]);
  // Entered in the middle, the loop is the same but for its order.
  assert.deepEqual(plain(formRegion(BASE + 8, source(code))), [
    "8+1 branch 4,12",
    "4+1 fall 8",
    "12+1 leave 16",
  ]);
});

Deno.test("regions: what only the interpreter executes ends them, or there is none", () => {
  for (const bits of [ECALL, encode("ebreak"), 0, encode("csrrs", { d: 5, imm: 1 }), 0xc0002573]) {
    assert.equal(formRegion(BASE, source([bits])), undefined);
    assert.deepEqual(plain(formRegion(BASE, source([addi(5), bits]))), ["0+1 leave 4"]);
  }
  assert.equal(formRegion(BASE + 64, source([addi(5)])), undefined);
});

Deno.test("regions: code that has not run is left for", () => {
  const code = [encode("beq", { s1: 5, s2: 6, imm: 12 }), addi(5), ECALL, addi(6), ECALL];
  const cold = source(code, { hasRun: (at) => at !== BASE + 12 });
  assert.deepEqual(plain(formRegion(BASE, cold)), ["0+1 branch 12,4", "4+1 leave 8"]);
});

Deno.test("regions: short leaves join their callers, and return where they were called from", () => {
  const code = [jal(16, 1), addi(5), jal(8, 1), ECALL, addi(6), RETURN];
  assert.deepEqual(
    plain(formRegion(BASE, source(code))),
    [
      "0+1 goto 16",
      "4+2 goto 16",
      "16+2 indirect 4,12",
    ].filter((text) => !text.startsWith("12")),
  );
  // One that calls on is left for.
  const deep = [jal(8, 1), ECALL, addi(6), jal(8, 1), RETURN, RETURN];
  assert.deepEqual(plain(formRegion(BASE, source(deep))), ["0+1 goto 8"]);
});

Deno.test("regions: a far call leads where its two halves name, but only the two together", () => {
  const code = [
    encode("auipc", { d: 5 }),
    encode("jalr", { s1: 5, imm: 17 }),
    encode("beq", { s1: 6, s2: 7, imm: -4 }),
    ECALL,
    addi(6),
    jal(-12),
  ];
  assert.deepEqual(
    plain(formRegion(BASE, source(code))),
    [
      "0+1 fall 4",
      "4+1 indirect 16",
      "8+1 branch 4,12",
      "16+2 goto 8",
    ],
  );
});

Deno.test("regions: jumps by register lead where they are known to have gone", () => {
  const code = [encode("jalr", { s1: 10 }), addi(5), ECALL, addi(6), ECALL];
  const targets = (at: number): number[] => at === BASE ? [BASE + 4, BASE + 12] : [];
  assert.deepEqual(plain(formRegion(BASE, source(code))), ["0+1 indirect "]);
  assert.deepEqual(plain(formRegion(BASE, source(code, { targets }))), [
    "0+1 indirect 4,12",
    "4+1 leave 8",
    "12+1 leave 16",
  ]);
});

Deno.test("regions: two decodings of the same bytes are two blocks", () => {
  const inner = encode("c.addi", { d: 11, imm: 1 });
  const code = [((inner << 16) | 0x537) >>> 0, jal(-2)];
  assert.deepEqual(plain(formRegion(BASE, source(code))), [
    "0+1 fall 4",
    "2+1 fall 4",
    "4+1 goto 2",
  ]);
});

Deno.test("regions: no more instructions and pages than the limits", () => {
  const long = Array.from({ length: 400 }, () => addi(5));
  const region = formRegion(BASE, source(long))!;
  assert.equal(region.instructions, REGION_LIMIT.instructions);
  // In blocks that a budget's end does not leave too much of to the interpreter.
  const blocks = [0, 192, 384, 576, 768].map((at) => `${at}+48 fall ${at + 192}`);
  assert.deepEqual(plain(region), [...blocks, `960+16 leave 1024`]);
  // Each page jumps into the next; the fifth is another region's.
  const half = (at: number): number => {
    const bits = jal(4096);
    return (at % 4096 < 4 && at >= BASE) ? (bits >>> (at % 4 * 8)) & 0xffff : -1;
  };
  const pages = formRegion(BASE, { half, hasRun: () => true, targets: () => [] })!;
  assert.deepEqual(pages.pages, [0, 1, 2, 3].map((page) => BASE + page * 4096));
  assert.equal(plain(pages).at(-1), "12288+1 goto 16384");
});

Deno.test("regions: an instruction in two pages makes both pages of the region", () => {
  const base = BASE + 4094;
  const region = formRegion(base, source([addi(5), ECALL], {}, base))!;
  assert.deepEqual(region.pages, [BASE, BASE + 4096]);
  const absent = source([addi(5)], { half: (at) => at === base ? addi(5) & 0xffff : -1 });
  assert.equal(formRegion(base, absent), undefined);
});

Deno.test("regions: entries are the innermost loop's head, what comes next, the address itself", () => {
  const code = [
    addi(5), // 0: outer
    addi(6), // 4: inner
    addi(7), // 8
    encode("bne", { s1: 6, s2: 7, imm: -8 }), // 12
    addi(8), // 16
    encode("bne", { s1: 5, s2: 8, imm: -20 }), // 20
    addi(9), // 24
    ECALL,
  ];
  const cases: [at: number, found: number[]][] = [
    [8, [4, 4, 16, 8]],
    [12, [4, 4, 16, 12]],
    [16, [0, 0, 24, 16]],
    [0, [0, 4, 0]],
    [24, [24]],
  ];
  for (const [at, found] of cases) {
    assert.deepEqual(entries(BASE + at, source(code)), found.map((n) => BASE + n), `${at}`);
  }
});
