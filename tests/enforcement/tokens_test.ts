import assert from "node:assert/strict";
import { KNOWN_SLOTS, KnownSlot } from "../../core/proc/tables.ts";
import type { Given } from "../../core/proc/testing.ts";
import { NativeError } from "../../core/personality/native/errors.ts";
import { syscallRows } from "../../core/syscall/rows.ts";
import type { SyscallRow } from "../../core/syscall/row.ts";
import { type Base, BASES, MAKERS } from "./token_bases.ts";
import { numberOf, TokenBench } from "./token_bench.ts";
import { type Case, casesOf } from "./token_cases.ts";

const consuming: readonly SyscallRow[] = syscallRows.filter((row) => "argument" in row.consumes);
const isNative = (number: number): boolean => number >= 600 && number < 660;

/** The arguments of a call with a number in the place of its capability. */
function argumentsOf(b: TokenBench, row: SyscallRow, base: Base, token: number): Given[] {
  const args: Given[] = base.rest.map((given) => typeof given === "function" ? given(b) : given);
  if ("argument" in row.consumes) args.splice(row.consumes.argument, 0, token);
  return args;
}

Deno.test("tokens: every call that consumes a capability has a case", () => {
  assert.deepEqual(consuming.map(({ name }) => name).sort(), Object.keys(BASES).sort());
});

Deno.test("tokens: with a good capability no call is refused for it", () => {
  for (const row of consuming) {
    const b = new TokenBench();
    const base = BASES[row.name];
    const args = argumentsOf(b, row, base, MAKERS[base.from](b, 0));
    const answer = b.call(0, row.number, ...args) ?? 0;
    const refusals = new Set(casesOf(row).map((one) => one.answer));
    assert.ok(!refusals.has(answer), `${row.name} answers ${answer}`);
    b.check();
  }
});

function refuses(row: SyscallRow, one: Case): void {
  const b = new TokenBench();
  // A thread gets its message row with the first call that could move one, refused or not.
  if (row.number >= 660) b.call(0, numberOf("msg_send"), 0, 0);
  const token = one.make(b);
  const args = argumentsOf(b, row, BASES[row.name], token);
  const what = `${row.name} with ${one.what}`;
  assert.equal(b.refused(0, row.number, args, what), one.answer, what);
  b.check();
}

for (
  const [name, of] of [
    ["native", ({ number }: SyscallRow) => isNative(number)],
    ["message", ({ number }: SyscallRow) => number >= 660],
    ["descriptor", ({ number }: SyscallRow) => number < 600],
  ] as const
) {
  Deno.test(`tokens: every ${name} call refuses every bad capability, and changes nothing`, () => {
    const rows = consuming.filter(of);
    assert.ok(rows.length > 10);
    for (const row of rows) for (const one of casesOf(row)) refuses(row, one);
  });
}

const AT = 0x2000 * 4096;

/** A bench whose hart 1 runs a program that was started without some well-known capabilities. */
function startedWithout(slots: number): TokenBench {
  const b = new TokenBench();
  b.enter(1, 94, 0);
  b.pump();
  b.make(0, "process_spawn", b.make(0, "space_create"), AT, AT, 0, slots);
  const started = b.processOf(b.on(1));
  assert.notEqual(started, b.world.init);
  assert.equal(b.s.process.renounced[started], slots);
  return b;
}

/** The toy's calls have one word for every error. */
const ONE_WORD: ReadonlySet<string> = new Set(["say"]);
/** The answer of a call whose well-known capability is not there. */
const NO_SLOT = (number: number): number => isNative(number) ? NativeError.NoSlot : -1;

for (const [slot, bit] of Object.entries(KnownSlot)) {
  Deno.test(`slots: a program started without ${slot} is refused each call that consumes it`, () => {
    const rows = syscallRows.filter((row) => "slot" in row.consumes && row.consumes.slot === slot);
    assert.ok(rows.length > 0, "some call consumes it");
    const without = startedWithout(bit);
    for (const row of rows) {
      const answer = without.refused(1, row.number, [], row.name);
      assert.equal(answer, NO_SLOT(row.number), row.name);
    }
    without.check();
    for (const row of rows.filter(({ name }) => !ONE_WORD.has(name))) {
      const b = startedWithout(KNOWN_SLOTS & ~bit & ~KnownSlot.self);
      const answer = b.call(1, row.number) ?? 0;
      assert.notEqual(answer, NO_SLOT(row.number), `${row.name}: with it, it is not refused`);
    }
  });
}
