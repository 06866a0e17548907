/** Hostile arguments of every call: the errno Linux gives, and nothing changed. */
import assert from "node:assert/strict";
import type { SyscallRow } from "../../core/syscall/row.ts";
import { type LinuxCall, linuxRows } from "../../core/syscall/table.ts";
import { SMALL } from "../kernel/harness.ts";
import { purityBreach } from "../kernel/purity.ts";
import { BASES } from "./hostile_bases.ts";
import { COUNTS } from "./hostile_cases.ts";
import { expectedOf, NOT_COMPARED, unusedExceptions } from "./hostile_expected.ts";
import { type Ran, runCases, runUnderQemu } from "./hostile_run.ts";

const rows: readonly SyscallRow<LinuxCall>[] = linuxRows;

/** Arguments of kind `value` that say no amount. */
const NO_AMOUNTS = new Set(
  ("a b c d arg address advice clock cmd code cpu dev dirfd end fd flags gid group how in mask mode " +
    "newdirfd newfd next nice offset old olddirfd oldfd operation option options out pid policy prot " +
    "request resource signal stack start status third tid tls uid value whence which who").split(
      " ",
    ),
);

let first: ReturnType<typeof runCases> | undefined;
const cases = (): ReturnType<typeof runCases> => first ??= runCases();
const casesOf = (name: LinuxCall): Ran[] => cases().ran.filter(({ of }) => of.call === name);

/** Result of the good call that a case was made from. */
function goodOf(list: readonly Ran[], key: string): number {
  const base = key.slice(0, key.indexOf("("));
  return list.find(({ of }) => of.key === `${base}(good)`)?.result ?? NaN;
}

for (const row of rows) {
  if (typeof BASES[row.name] === "string") continue;
  Deno.test(`hostile: ${row.name}`, () => {
    const list = casesOf(row.name);
    assert.ok(list.length > 1, `${row.name}: no cases`);
    for (const { of, result, breach } of list) {
      const expected = expectedOf(of);
      if (expected === "some") assert.ok(result >= 0, `${of.key} = ${result}`);
      else if (expected === "good") {
        const good = goodOf(list, of.key);
        // Descriptors and addresses go up from call to call.
        assert.ok(
          result === good || (good >= 0 && result >= 0),
          `${of.key} = ${result}, not ${good}`,
        );
      } else assert.equal(result, -expected, of.key);
      assert.equal(breach, "", `${of.key} = ${result}: it changed something`);
    }
  });
}

Deno.test("hostile: the good calls succeed, but those that nobody answers", () => {
  const failing = ["fallocate", "execve"];
  for (const { of, result } of cases().ran) {
    if (of.hazard !== "" || of.argument !== "good") continue;
    assert.equal(result >= 0, !failing.includes(of.call), `${of.key} = ${result}`);
  }
});

Deno.test("hostile: every value argument is an amount or known to be none", () => {
  const unknown = rows.flatMap((row) =>
    row.args.filter(({ name, how }) =>
      how.kind === "value" && !COUNTS.has(name) && !NO_AMOUNTS.has(name)
    ).map(({ name }) => `${row.name}.${name}`)
  );
  assert.deepEqual(unknown, []);
});

Deno.test("hostile: no exception is left over", () => {
  assert.deepEqual(unusedExceptions(cases().ran.map(({ of }) => of.key)), []);
});

Deno.test("hostile: over 1,300 cases, and at the end books and replay are right", async () => {
  const { run, ran } = cases();
  assert.equal(run.status, 0);
  assert.ok(run.outcome.closed);
  assert.ok(ran.length > 1300, `${ran.length} cases`);
  assert.equal(await purityBreach(run, { capacities: SMALL, interval: 1000 }), "");
});

Deno.test("hostile: qemu-riscv64 answers the same", async () => {
  let compared = 0;
  for (const row of rows) {
    const list = casesOf(row.name).filter(({ of }) =>
      !NOT_COMPARED.some(([pattern]) => pattern.test(of.key))
    );
    if (list.length === 0) continue;
    let theirs: Map<string, number>;
    try {
      theirs = await runUnderQemu(row);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return console.log("skipped: qemu-riscv64 is not installed");
    }
    for (const { of, result } of list) assert.equal(result, theirs.get(of.key), of.key);
    compared += list.length;
  }
  assert.ok(compared > 1000, `${compared} cases compared`);
});
