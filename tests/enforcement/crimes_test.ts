/** Every protection, broken on purpose: the right signal, cause and address, and nothing else. */
import assert from "node:assert/strict";
import { EventKind } from "../../core/event.ts";
import { SMALL } from "../kernel/harness.ts";
import { purityBreach } from "../kernel/purity.ts";
import { runChild, text } from "../child.ts";
import { type Crime, CRIMES, type CrimesRun, parseReport, runCrimes } from "./crimes.ts";
import { NOT_COMPARED, REFUSALS, type Verdict, VERDICTS } from "./crimes_table.ts";

const repository = new URL("../../", import.meta.url).pathname;
const MISALIGNED_OR_WORSE = 12;

let first: CrimesRun | undefined;
/** One run serves all that only look at it. */
const crimes = (): CrimesRun => first ??= runCrimes(1, 0);

/** Where a crime's fault must be reported. */
function faultAddress(verdict: Verdict, crime: Crime): bigint {
  if (verdict.address === "pc") return crime.caught?.pc ?? -1n;
  return crime.target + BigInt(verdict.address);
}

function checkCrime({ report, faults }: CrimesRun, name: string, verdict: Verdict): void {
  const crime = report.crimes.get(name);
  assert.ok(crime !== undefined, `${name}: the program says nothing of it`);
  if (verdict.target !== undefined) assert.equal(crime.target, verdict.target, `${name}: target`);
  const address = faultAddress(verdict, crime);
  assert.ok(crime.caught !== undefined, `${name}: no handler ran`);
  const { pc, ...told } = crime.caught;
  const want = { signal: verdict.signal, code: verdict.code, address, same: true };
  assert.deepEqual(told, want, `${name}: siginfo`);
  assert.equal(crime.status, verdict.signal, `${name}: wait status`);
  const fault = faults.get(crime.pid);
  assert.ok(fault !== undefined, `${name}: no fault in the journal`);
  assert.equal(fault.cause, verdict.cause, `${name}: cause`);
  const kind = verdict.cause >= MISALIGNED_OR_WORSE ? EventKind.PageFault : EventKind.Exception;
  assert.equal(fault.kind, kind, `${name}: kind of event`);
  assert.equal(fault.pc, pc, `${name}: pc`);
  if (verdict.address !== "pc") assert.equal(fault.value, address, `${name}: trap value`);
}

for (const [name, verdict] of VERDICTS) {
  Deno.test(`crime: ${name}: signal ${verdict.signal}, cause ${verdict.cause}`, () => {
    checkCrime(crimes(), name, verdict);
  });
}

Deno.test("crimes: the table and the program name the same ones", () => {
  const { report } = crimes();
  assert.deepEqual([...report.crimes.keys()].sort(), [...VERDICTS.keys()].sort());
  assert.deepEqual([...report.refused.keys()].sort(), Object.keys(REFUSALS).sort());
});

Deno.test("crimes: the lowest page of the stack's 8 MiB can be used", () => {
  assert.deepEqual(crimes().report.other, [
    "stack at its limit is there",
    "stack at its limit is there",
  ]);
});

for (const [name, errno] of Object.entries(REFUSALS)) {
  Deno.test(`refused: ${name}: errno ${errno}`, () => {
    assert.equal(crimes().report.refused.get(name), -errno, name);
  });
}

Deno.test("crimes: two bystanders keep memory and pipe, and the books close", () => {
  const { run, report } = crimes();
  assert.equal(report.witness, "ok");
  assert.equal(run.status, 0);
  assert.ok(run.outcome.closed);
});

Deno.test("crimes: on four harts in other orders all end the same", () => {
  for (const seed of [1, 2]) {
    const run = runCrimes(4, seed);
    for (const [name, verdict] of VERDICTS) checkCrime(run, name, verdict);
    assert.equal(run.report.witness, "ok");
  }
});

Deno.test("crimes: again, they are the same events and states; folded too", async () => {
  const [a, b] = [crimes(), runCrimes(1, 0)];
  assert.equal(a.run.events, b.run.events);
  assert.deepEqual(a.run.hashes, b.run.hashes);
  const [x, y] = [a.run.log.bytes(), b.run.log.bytes()];
  assert.ok(x.length === y.length && x.every((byte, i) => byte === y[i]), "other events");
  assert.equal(await purityBreach(a.run, { capacities: SMALL, interval: 500 }), "");
});

/** The program's report under qemu-riscv64, or undefined where there is none. */
async function underQemu(): Promise<ReturnType<typeof parseReport> | undefined> {
  const cwd = await Deno.makeTempDir({ prefix: "daybook-crimes-" });
  try {
    const { stdout, status } = await runChild("qemu-riscv64", [repository + CRIMES], { cwd });
    assert.equal(status, 0, "qemu-riscv64 crimes");
    return parseReport(text(stdout));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log("skipped: qemu-riscv64 is not installed");
    return undefined;
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

Deno.test("crimes: signal, si_code and si_addr are those of qemu-riscv64", async () => {
  const theirs = await underQemu();
  if (theirs === undefined) return;
  const ours = crimes().report;
  for (const [name, verdict] of VERDICTS) {
    if (name in NOT_COMPARED) continue;
    const a: Crime | undefined = ours.crimes.get(name);
    const b: Crime | undefined = theirs.crimes.get(name);
    assert.ok(a?.caught !== undefined && b?.caught !== undefined, `${name}: no handler ran`);
    assert.equal(a.caught.signal, b.caught.signal, `${name}: si_signo`);
    assert.equal(a.caught.code, b.caught.code, `${name}: si_code`);
    // The programs lie at other addresses: each must be where its own target is.
    assert.equal(b.caught.address, faultAddress(verdict, b), `${name}: si_addr`);
    assert.equal(a.status, b.status, `${name}: wait status`);
  }
  for (const [name, result] of ours.refused) {
    if (!(name in NOT_COMPARED)) assert.equal(result, theirs.refused.get(name), name);
  }
});
