/** How long a user waits for the first byte of output of a small command. */
import { repository } from "../daybook.ts";
import type { Setting } from "./setting.ts";
import { median } from "./statistics.ts";

/** Medians of starts of `busybox echo`, host seconds from start to first output. */
export interface StartResult {
  /** With `deno task run`, as a user types it. */
  readonly taskSeconds: number;
  /** An empty `deno task` of the same file: what Deno takes for itself. */
  readonly denoSeconds: number;
  /** The same program under QEMU. */
  readonly qemuSeconds: number | undefined;
}

const TURNS = 15;

/** The first run, which may have to fill caches, does not count. */
export async function measureStart(setting: Setting, busybox: string): Promise<StartResult> {
  const journal = `${setting.folder}/start.daybook`;
  const ours = ["task", "--quiet", "run", "--journal", journal, busybox, "echo", "here"];
  const floor = ["eval", "--no-check", "console.log('here')"];
  const samples = { task: [] as number[], deno: [] as number[], qemu: [] as number[] };
  await firstOutput(Deno.execPath(), ours);
  await firstOutput(Deno.execPath(), floor);
  const turns = setting.quick ? 1 : TURNS;
  for (let turn = 0; turn < turns; turn++) {
    setting.tell(`start, ${turn + 1} of ${turns}`);
    samples.task.push(await firstOutput(Deno.execPath(), ours));
    samples.deno.push(await firstOutput(Deno.execPath(), floor));
    if (setting.qemu !== undefined) {
      samples.qemu.push(await firstOutput("qemu-riscv64", [busybox, "echo", "here"]));
    }
  }
  return {
    taskSeconds: median(samples.task),
    denoSeconds: median(samples.deno),
    qemuSeconds: samples.qemu.length === 0 ? undefined : median(samples.qemu),
  };
}

/** @throws when the first output is not what was asked for, or the program fails */
async function firstOutput(program: string, args: readonly string[]): Promise<number> {
  const start = performance.now();
  const child = new Deno.Command(program, {
    args: [...args],
    cwd: repository,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const seconds = (performance.now() - start) / 1000;
  await reader.cancel();
  const { code } = await child.status;
  const said = new TextDecoder().decode(value);
  if (code !== 0 || !said.startsWith("here")) {
    throw new Error(`${program} ${args.join(" ")}: status ${code}, output ${JSON.stringify(said)}`);
  }
  return seconds;
}
