/** Runs the hostile calls of hostile_cases.ts, here and under qemu-riscv64. */
import { type LinuxCall, linuxRows } from "../../core/syscall/table.ts";
import type { SyscallRow } from "../../core/syscall/row.ts";
import { runChild, text } from "../child.ts";
import { runKernel, type RunResult } from "../kernel/harness.ts";
import { type Case, encodeSteps, PREPARATION, type Step, stepsOf } from "./hostile_cases.ts";
import { type EndedCall, watchCalls } from "./state_watch.ts";

const CALLS = "userland/bad/bin/calls";
const repository = new URL("../../", import.meta.url).pathname;

/** A call number nobody answers: it shows where the program makes its calls. */
const MARK: Step = { do: "call", call: { number: 9999, args: [] } };

/** A case that was run. */
export interface Ran extends EndedCall {
  readonly of: Case;
}

/** All cases in one run, with what each left behind. */
export function runCases(): { readonly run: RunResult; readonly ran: readonly Ran[] } {
  const rows: readonly SyscallRow<LinuxCall>[] = linuxRows;
  const steps = [...PREPARATION, MARK, ...rows.flatMap(stepsOf)];
  const ended: EndedCall[] = [];
  const input = encodeSteps(steps);
  const run = runKernel({ program: CALLS, input, record: true, watch: watchCalls(ended) });
  const calls = steps.filter((step) => step.do === "call");
  if (calls.length !== ended.length) {
    throw new Error(`${ended.length} of ${calls.length} calls came to an end`);
  }
  const ran = calls.flatMap((step, i) =>
    step.of === undefined ? [] : [{ ...ended[i], of: step.of }]
  );
  return { run, ran };
}

/**
 * Results of a row's cases under qemu-riscv64, by key.
 *
 * @throws Deno.errors.NotFound where it is not installed; an Error when it dies
 */
export async function runUnderQemu(row: SyscallRow<LinuxCall>): Promise<Map<string, number>> {
  const cwd = await Deno.makeTempDir({ prefix: "daybook-hostile-" });
  try {
    const steps = stepsOf(row);
    const { stdout, stderr, status } = await runChild("qemu-riscv64", [repository + CALLS], {
      cwd,
      stdin: encodeSteps([...PREPARATION, ...steps]),
      limitMs: 20_000,
    });
    if (status !== 0) throw new Error(`${row.name}: qemu ended with ${status}: ${text(stderr)}`);
    const words = new BigInt64Array(stdout.slice().buffer);
    const results = new Map<string, number>();
    let at = 0;
    for (const step of steps) {
      if (step.do !== "call" && step.do !== "child") continue;
      const result = Number(words[at++]);
      if (step.do === "call" && step.of !== undefined) results.set(step.of.key, result);
    }
    return results;
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}
